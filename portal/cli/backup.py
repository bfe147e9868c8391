"""`flask backup-key`, `flask backup`, `flask restore`: so that nothing is lost with the machine."""

import pwd
from base64 import b64encode
from datetime import datetime
from pathlib import Path

import click
from alembic.script import ScriptDirectory
from flask.cli import with_appcontext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.base import disk
from portal.base.clock import now
from portal.base.settings import BadSettings, Settings
from portal.cli.database import alembic_config, first_line
from portal.upkeep import archives, backups, paper, restoring, sealed, sqlite
from portal.upkeep.archives import BadArchive
from portal.upkeep.restoring import KEYS_FILE, SQLITE_FILE, Restored
from portal.web import config, db

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OF_POSTGRES = (
    "Let the portal's own role use what was restored, as PostgreSQL's superuser: "
    "runuser -u postgres -- psql -d DATABASE -f - < deploy/postgres-roles.sql",
    "Set PORTAL_DATABASE_URL to the portal's own role again, if you restored as the owner.",
)


@click.command("backup-key")
def backup_key() -> None:
    """Make the pair of the backup key. The private half is printed this once and kept nowhere."""
    pair = sealed.new_backup_pair()
    click.echo(f"The public half. Put this line into the portal's settings:\n\n{_setting(pair.public)}\n")
    click.echo(f"The private half of the key {archives.fingerprint(pair.public)}. Write these eight lines on paper, "
               "twice, or keep them on a USB stick in a safe. Never on this machine. It is shown once.\n")
    for number, line in enumerate(paper.as_lines(pair.private), 1):
        click.echo(f"  line {number}:  {line}")
    click.echo("\nWithout these lines no backup opens. With them, a backup tells who has an account and who passed "
               "on which concern; what a concern says still needs an officer's passphrase.")


@click.command()
@click.option("--trust-clock", is_flag=True, help="The clock is right, though the last backup was long ago.")
@with_appcontext
def backup(trust_clock: bool) -> None:
    """Make one backup now, while the portal serves, and let go of old ones."""
    settings: Settings = config.settings()
    try:
        settings.require_keys()
        if settings.sqlite_file:
            sqlite.require(settings.database_url)  # asking SQLite for its shape would make an empty one
        made = backups.back_up(settings, _revision(), trust_clock=trust_clock)
    except (BadArchive, BadSettings) as bad:
        raise click.ClickException(str(bad)) from bad
    except DBAPIError as error:
        again = "" if settings.sqlite_file else " After an upgrade deploy/postgres-roles.sql is run once more."
        raise click.ClickException(f"No backup was made: the database cannot be read ({first_line(error)}).{again}"
                                   ) from error
    except OSError as error:
        raise click.ClickException(f"No backup was made: {disk.why(error)}. The old ones are as they were."
                                   ) from error
    click.echo(f"{made.content} ({_size(made.content)})\n{made.keys} ({_size(made.keys)})")
    click.echo(f"{_said(made.manifest.counts)}, {made.manifest.photos} photos. Read back and whole.")
    if made.doubt:
        raise click.ClickException(
            f"The backup is made, but no old one was let go of: the clock says {now():%Y-%m-%d}, and the last one "
            f"was made on {made.doubt:%Y-%m-%d}. Is the clock right? Then: flask --app wsgi backup --trust-clock")


@click.command()
@click.argument("content", type=_FILE)
@click.argument("keys", type=_FILE)
@click.option("--into", type=click.Path(path_type=Path), help="A folder that is new or empty. Left out, it is the "
              "one in which the database lies by the settings.")
@click.option("--key-file", type=_FILE, help="A file with the eight lines of the private half, as on a USB stick. "
              "Left out, they are asked for.")
@with_appcontext
def restore(content: Path, keys: Path, into: Path | None, key_file: Path | None) -> None:
    """Restore a backup into an empty place from its two archives, CONTENT and KEYS. Nothing is replaced."""
    settings: Settings = config.settings()
    folder = (into or _usual_folder(settings)).absolute()
    try:
        private = _lines_in(key_file) if key_file else _ask_for_lines()
        restored = restoring.restore(content, keys, private, folder, settings.database_url)
    except paper.BadLine as bad:
        raise click.ClickException("The key has eight lines, and nothing stands beside them." if not bad.number else
                                   f"Line {bad.number} of the key is mistyped.") from bad
    except BadArchive as bad:
        raise click.ClickException(str(bad)) from bad
    except DBAPIError as error:
        raise click.ClickException("Nothing was restored: the database cannot be reached. Is PORTAL_DATABASE_URL "
                                   "right?") from error
    _tell(restored, folder, sealed.public_half(private))


def _lines_in(file: Path) -> bytes:
    try:
        return paper.read_lines(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is no text with the eight lines of the key.") from error


def _ask_for_lines() -> bytes:
    parts = []
    for number in range(1, paper.LINES + 1):
        while True:
            try:
                parts.append(paper.read_line(number, click.prompt(f"Line {number} of the private half")))
                break
            except paper.BadLine:
                click.echo("That line is mistyped: it has three groups of four, from 0-9 and a-f.")
    return b"".join(parts)


def _usual_folder(settings: Settings) -> Path:
    """Where a city's database lies, or its keys where the database is on a PostgreSQL."""
    return (settings.sqlite_file or settings.keys_file).parent


def _tell(restored: Restored, folder: Path, public: bytes) -> None:
    made = datetime.fromisoformat(restored.content.made_at)
    click.echo(f"Restored into {folder}: {_said(restored.counts)}, {restored.photos} photos, as they were on "
               f"{made:%Y-%m-%d at %H:%M} UTC.")
    if restored.content.name != restored.keys.name:
        click.echo("The two archives are not of the same backup.")
    if restored.unreadable:
        click.echo(f"{restored.unreadable} concerns cannot be opened: their keys are not in the second archive.")
    if restored.astray:
        click.echo(f"{restored.astray} rows refer to what is not there, as in the database that was backed up: "
                   "somebody has written into it past the portal. Some pages may fail.")
    if restored.spared:
        click.echo(f"{restored.spared} concerns were to be deleted early. They stay, because somebody may have "
                   "stopped it since: whoever still wants it proposes it again.")
    newest = ScriptDirectory.from_config(alembic_config(None)).get_current_head()
    click.echo("\nWhat to do next:")
    for step in (*_places(folder), f"Set {_setting(public)}",
                 "Set every other setting as it was: no backup holds them. Where PORTAL_KEEP_… is missing, the next "
                 "tick deletes by what is usual.",
                 f"Better: move {KEYS_FILE} to where it lay before, apart from the database, and set that.",
                 _whose(folder),
                 *(_OF_POSTGRES if not (folder / SQLITE_FILE).exists() else ()),
                 *(["flask --app wsgi db upgrade    (the backup is of an older version)"]
                   if restored.revision != newest else []),
                 "What was deleted early since this backup is here again. Ask the heads which it was; it takes two "
                 "to delete it anew.",
                 "Start the portal. The officers' passphrases open the concerns, as before.",
                 "If no passphrase is known any more: flask --app wsgi keys recover, with two of the printed shares.",
                 "Make a backup at once: flask --app wsgi backup"):
        click.echo(f"- {step}")


def _places(folder: Path) -> list[str]:
    """The settings that lead to what was restored."""
    there = [f"PORTAL_KEYS_FILE={folder / KEYS_FILE}", f"PORTAL_PHOTOS_DIR={folder / backups.PHOTOS}"]
    if (folder / SQLITE_FILE).exists():
        there.insert(0, f"PORTAL_DATABASE_URL=sqlite:///{folder / SQLITE_FILE}")
    return [f"Set {setting}" for setting in there]


def _whose(folder: Path) -> str:
    return (f"All of it belongs to {_name_of(folder.stat().st_uid)}. The portal must run under that account; else: "
            f"chown -R ITS-ACCOUNT: {folder}")


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"the user {user}"


def _setting(public: bytes) -> str:
    return f"PORTAL_BACKUP_KEY={b64encode(public).decode()}"


def _revision() -> str:
    """The shape of the tables, as the last migration left it."""
    with db.engine().connect() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:.1f} MB"


def _said(counts: dict[str, int]) -> str:
    return f"{counts['flags']} concerns, {counts['outreach']} sessions, {counts['accounts']} accounts"
