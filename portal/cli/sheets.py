"""Recovery sheets at the command line: shown or written to be printed, and typed in again group by group."""

import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from textwrap import wrap
from uuid import UUID

import click
import segno
from flask_babel import force_locale

from portal.accounts import kits, sheet_text, sheet_words
from portal.accounts.models import Unit
from portal.accounts.sealed import KeyRing
from portal.accounts.sheet_text import BadSheet, Share
from portal.base.errors import Refused
from portal.web import config, db

_ENDINGS = (signal.SIGHUP, signal.SIGTERM)
_A_LINE = 4
"""Groups in a line, on the sheet and when it is typed."""


def make_kit(ring: KeyRing, unit_id: UUID, *, by: UUID | None, folder: Path | None) -> None:
    """Show three sheets one after the other, or write them into `folder`, and have them typed in again. Files are
    deleted at the end, whatever happens: also when the line is lost or the command is told to end."""
    if folder is not None:
        _refuse_left_over(folder)
    try:
        shares = kits.make(db.session(), ring, unit_id)
    except Refused as error:
        raise click.ClickException("Sheets are made by somebody who holds both keys, while neither is being replaced."
                                   ) from error
    with _ending_in_order(), ExitStack() as afterwards:
        for share in shares:
            text = sheet(share, unit_id)
            if folder is None:
                _show(text)
            else:
                file = folder / f"sheet-{share.number}.txt"  # none lay there
                afterwards.callback(file.unlink, missing_ok=True)
                _write(file, text)
        if folder is not None:
            click.echo(f"Print the three files in {folder}. They are deleted when this command ends.")
        check_kit(ring, unit_id, by=by)


def check_kit(ring: KeyRing, unit_id: UUID, *, by: UUID | None) -> None:
    """Ask for all three sheets, from paper; then the kit counts as made."""
    click.echo("Now type each sheet in again, from paper.")
    typed = [ask_for_sheet(f"Sheet {number}") for number in (1, 2, 3)]
    try:
        with db.transaction() as session:
            kits.keep(session, ring, unit_id, typed, by=by)
    except kits.BadKit as bad:
        raise click.ClickException(f"{in_english(bad)} No kit was made.") from bad
    click.echo("The three sheets are right. Give each to its own person now.")


def ask_for_sheet(name: str) -> Share:
    """A sheet from somebody's keyboard, line by line; a line with a wrong group is asked for again."""
    while True:
        groups: list[str] = []
        while len(groups) < sheet_text.GROUPS:
            groups += _ask_for_line(name, len(groups) + 1)
        try:
            return sheet_text.read(" ".join(groups))
        except BadSheet:
            click.echo("Each group is possible, but together they are no sheet. Compare all, and type it once more.")


def sheet(share: Share, unit_id: UUID) -> str:
    """One sheet as plain text, with its groups numbered by lines and a picture of the same."""
    session, settings = db.session(), config.settings()
    said = sheet_words.in_each_language(settings.languages, share.number, session.get_one(Unit, unit_id).name,
                                        kits.fingerprint(session, unit_id), config.today())
    lines = [settings.name, ""]
    for words in said:
        lines += [words.title.upper(), *wrap(words.what, 76), *(f"{name}: {value}" for name, value in words.facts)]
        lines += [part for line in words.to_do for part in wrap(f"- {line}", 76, subsequent_indent="  ")] + [""]
    groups, picture = sheet_text.written(share), StringIO()
    for at in range(0, len(groups), _A_LINE):
        lines.append(f"{at + 1:>5}–{at + _A_LINE:<4} {'   '.join(groups[at:at + _A_LINE])}")
    segno.make(" ".join(groups), error="m").terminal(picture, compact=True)
    return "\n".join([*lines, "", picture.getvalue()])


def in_english(bad: kits.BadKit) -> str:
    """What is wrong with sheets, in the language of the command line."""
    with force_locale("en"):
        return sheet_words.bad_kit(bad.code)


def _ask_for_line(name: str, first: int) -> list[str]:
    while True:
        typed = click.prompt(f"{name}, groups {first} to {first + _A_LINE - 1}", prompt_suffix=": ")
        groups = sheet_text.split_groups(typed)
        wrong = sheet_text.wrong_groups(groups, first)
        if len(groups) == _A_LINE and not wrong:
            return groups
        with force_locale("en"):
            click.echo(sheet_words.bad_sheet(wrong) if len(groups) == _A_LINE else
                       f"A line has {_A_LINE} groups of {sheet_text.DATA + 1} signs.")


def _show(text: str) -> None:
    click.clear()
    click.echo(text)
    click.prompt("Press Enter when this sheet is printed or copied", default="", show_default=False)
    click.clear()


def _refuse_left_over(folder: Path) -> None:
    """What a power cut left: two of three sheets open everything."""
    left = sorted(folder.glob("sheet-*.txt"))
    if left:
        raise click.ClickException(f"In {folder} lie sheets of a time when this command could not end in order. Two "
                                   f"of them open everything. Delete them: shred -u {shlex.join(map(str, left))}")


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """A lost line or a request to end lets everything be tidied up first."""
    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(file: Path, text: str) -> Path:
    """A new file that only its owner can read; an existing one is never replaced."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written anew.") from error
    with os.fdopen(handle, "w", encoding="utf-8") as lines:
        lines.write(text)
    return file
