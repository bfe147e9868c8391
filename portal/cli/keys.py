"""`flask keys …`: how the keys stand, recovery sheets, bringing keys back, replacing them.

What needs an unlocked key asks for its holder's passphrase and the code from her app; whoever runs the server
holds no key and needs none.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.accounts import kits, queries, sealed, totp, unit_keys
from portal.accounts.models import Account, SealingKey, StaffKey, Unit
from portal.accounts.roles import UNIT, Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.db import BREATH
from portal.base.errors import Refused
from portal.casework import rewrapping
from portal.cli.server_keys import rotate_server
from portal.cli.sheets import ask_for_sheet, check_kit, in_english, make_kit
from portal.web import config, db

keys_group = AppGroup("keys", help="The unit's keys and the server's: sheets to recover them, and new ones.")
keys_group.add_command(rotate_server)
_SETTLES = 5
"""Seconds between a new key and the first concern under it: pages that began before hold only the old one."""
_OLD = timedelta(days=366)
"""After which any key is replaced, whoever held it (docs/security.md, Keys that grow old)."""


@dataclass(frozen=True)
class Holder:
    """Somebody of the unit at this keyboard, with her own key open."""

    viewer: Viewer
    unit_id: UUID
    private: bytes = field(repr=False)

    @property
    def ring(self) -> KeyRing:
        """The unit's keys that she holds at this moment."""
        return sealed.open_ring(self.private, queries.grants_of(db.session(), self.viewer.account_id))


@keys_group.command()
def status() -> None:
    """Say whether the keys need something: sheets, or a new key. Ends with 1 if so."""
    session, wanting = db.session(), False
    for unit in session.scalars(select(Unit).order_by(Unit.name)):
        click.echo(f"{unit.name}:")
        needs = _needs(unit.id)
        wanting = wanting or bool(needs)
        for line in needs or ["nothing is needed"]:
            click.echo(f"  {line}")
    keys = config.keys()
    click.echo(f"The server's keys: set {keys.number}" + "".join(f", set {one.number} is still read"
                                                                 for one in keys.others))
    aged = now() - _servers_since() > _OLD
    if aged:
        click.echo("  they are older than a year: flask --app wsgi keys rotate-server")
    if wanting or aged:
        raise SystemExit(1)


@keys_group.command()
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Write the sheets into this folder to be printed, instead of showing them.")
@click.option("--check", is_flag=True, help="The sheets are printed already: only type them in again.")
def kit(folder: Path | None, check: bool) -> None:
    """Make three recovery sheets of a unit's keys. They count once all three were typed in again."""
    holder = ask_for_holder()
    if check:
        check_kit(holder.ring, holder.unit_id, by=holder.viewer.account_id)
    else:
        make_kit(holder.ring, holder.unit_id, by=holder.viewer.account_id, folder=folder)


@keys_group.command()
@click.option("--sign-in-name", prompt="Sign-in name of the officer who shall hold the keys")
def recover(sign_in_name: str) -> None:
    """Give an officer her unit's keys from two of the three sheets.

    She must have an account in the unit and have chosen a passphrase (`accounts add`, then her invitation).
    """
    account = queries.by_sign_in_name(db.session(), sign_in_name)
    if account is None:
        raise click.ClickException(f"Nobody can sign in as {sign_in_name}.")
    one, other = ask_for_sheet("First sheet"), ask_for_sheet("Second sheet")
    try:
        with db.transaction() as session:
            given = kits.recover(session, one, other, to=session.get_one(Account, account.id))
    except kits.BadKit as bad:
        raise click.ClickException(in_english(bad)) from bad
    click.echo(f"{account.name} holds {' and '.join(_NAMES[key.kind] for key in given)} now, from her next page on.")


@keys_group.command()
@click.argument("kind", type=click.Choice(unit_keys.KINDS))
def rotate(kind: str) -> None:
    """Replace a unit's key of this KIND. Stopped in the middle, give it again: it goes on."""
    holder = ask_for_holder()
    standing = unit_keys.standing(db.session(), holder.unit_id, kind)
    if not standing.older:
        _begin(holder, kind)
        time.sleep(_SETTLES)
    for old in unit_keys.standing(db.session(), holder.unit_id, kind).older:
        _move_all(holder, old.id)
    click.echo("The key is replaced. Make new recovery sheets now: flask --app wsgi keys kit")


def ask_for_holder() -> Holder:
    """Somebody's keys, by her passphrase and the code from her app, as at the door."""
    name = click.prompt("Sign-in name of a head who holds the keys")
    passphrase = click.prompt("Her passphrase", hide_input=True)
    code = click.prompt("Code from her app")
    account = queries.by_sign_in_name(db.session(), name)
    private = _private_of(account, passphrase)
    if account is None or private is None or account.role != Role.HEAD or account.unit_id is None:
        raise click.ClickException("That does not match.")
    with db.transaction() as session:
        good = totp.use(session, config.keys(), session.get_one(Account, account.id), code)
    if not good:
        raise click.ClickException("That does not match.")
    return holder_of(account, private)


def holder_of(account: Account, private: bytes) -> Holder:
    """Somebody of the unit as commands and queries see her."""
    viewer = Viewer(token="", account_id=account.id, role=Role(account.role), name=account.name, title="",
                    language="", area_id=None, area_path="", unit_id=account.unit_id, locked_private=None)
    return Holder(viewer, account.unit_id, private)  # type: ignore[arg-type]


_NAMES = {"unit": "the key for ordinary concerns", "conflict": "the key for conflicts of interest"}


def _needs(unit_id: UUID) -> list[str]:
    session, lines = db.session(), []
    if not kits.is_of_present_keys(session, unit_id):
        older = kits.latest(session, unit_id)
        lines.append(f"the recovery sheets of {older.made_on} are of older keys" if older else
                     "there are no recovery sheets")
    for kind in unit_keys.KINDS:
        standing = unit_keys.standing(session, unit_id, kind)
        lines += [f"{_NAMES[kind]} is being replaced: {rewrapping.left(session, old)} concerns are left"
                  for old in standing.older]
        lines += [f"{_NAMES[kind]} should be replaced: somebody held it until {gone.left_on}"
                  for gone in standing.departures if not standing.older]
        if now() - standing.key.made_at > _OLD:
            lines.append(f"{_NAMES[kind]} should be replaced: it is older than a year")
    return lines


def _servers_since() -> datetime:
    """When the server's keys took over; those that were never replaced are as old as their file."""
    keys, file = config.keys(), config.settings().keys_file
    return keys.since or (datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else now())


def _private_of(account: Account | None, passphrase: str) -> bytes | None:
    own = db.session().get(StaffKey, account.id) if account is not None and account.role in UNIT else None
    return sealed.unlock_staff_key(config.keys(), own, passphrase) if own is not None else None


def _begin(holder: Holder, kind: str) -> None:
    try:
        with db.transaction() as session:
            unit_keys.begin(session, holder.ring, kind, by=holder.viewer)
    except Refused as error:
        raise click.ClickException(f"She does not hold {_NAMES[kind]}. Nothing changed.") from error
    click.echo("The new key is made. New concerns are sealed to it already.")


def _move_all(holder: Holder, old_id: UUID) -> None:
    """Move what lies under an older key, a few concerns in each transaction, and end it."""
    ring, at = holder.ring, None
    left = rewrapping.left(db.session(), db.session().get_one(SealingKey, old_id))
    with click.progressbar(length=left, label="Moving concerns") as bar:
        while True:
            with db.transaction() as session:
                at = rewrapping.move(session, ring, session.get_one(SealingKey, old_id), by=holder.viewer, after=at)
            if at is None:
                break
            bar.update(rewrapping.AT_ONCE)
            time.sleep(BREATH)
    with db.transaction() as session:
        ended = rewrapping.retire_if_empty(session, old_id, by=holder.viewer)
        left = 0 if ended else rewrapping.left(session, session.get_one(SealingKey, old_id))
    if not ended:
        raise click.ClickException(f"{left} concerns are left: they came meanwhile, or do not open. Give the command "
                                   "again. Until it ends, everybody who holds the keys opens both.")
