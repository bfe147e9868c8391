"""`flask init`, `flask areas …`, `flask calendar …`: from an empty machine to a city that can begin."""

import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
import pyotp
import segno
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from portal.accounts import commands, queries, sealed
from portal.accounts.models import Account, StaffKey, Unit
from portal.accounts.roles import Role
from portal.areas import loading
from portal.areas.models import Area
from portal.base.settings import ServerKeys, Settings
from portal.cli.database import bring_up, has_accounts, no_keys, prepare_folder
from portal.cli.sheets import make_kit
from portal.flags.models import CalendarDay
from portal.outreach import totals
from portal.web import config, db

areas_group = AppGroup("areas", help="Kecamatan, kelurahan, RW, RT and schools.")
calendar_group = AppGroup("calendar", help="The city's own days off, over the national ones.")


@click.command()
@click.option("--areas", "files", type=click.Path(exists=True, path_type=Path), multiple=True,
              help="Area files to load first, as with `areas load`.")
@click.option("--city", help="The code of the city that the unit answers for, like 12.34.")
@click.option("--unit", "unit_name", help="The unit's name.")
@click.option("--head", "head_name", help="The name of the unit's head.")
@click.option("--sign-in-name", help="The name she signs in with.")
@with_appcontext
def init(files: tuple[Path, ...], city: str | None, unit_name: str | None, head_name: str | None,
         sign_in_name: str | None) -> None:
    """Make the server's keys, the tables, the unit with its key pairs, and the account of its head. Her passphrase is
    asked for: in the command it would stand in the list of processes, and in the shell's history.

    Every step is left as it is when it was done before.
    """
    make_server_keys()
    upgrade_tables()
    for file in files:
        load_file(file)
    with db.transaction() as session:
        if session.scalar(select(Unit.id)) is not None:
            click.echo("The unit and its keys were made before. Nothing changed.")
            return
    area = city_by_code(city or click.prompt("Code of the city"))
    new = commands.NewAccount(
        Role.HEAD, head_name or click.prompt("Name of the unit's head"),
        click.prompt("Her passphrase", hide_input=True, confirmation_prompt=True),
        sign_in_name=sign_in_name or click.prompt("Her sign-in name"), totp_secret=pyotp.random_base32(),
    )
    head_id = make_unit(unit_name or click.prompt("Name of the unit"), area, new)
    show_second_factor(new)
    offer_kit(head_id, new.secret)


@areas_group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Load areas from FILE (CSV: code, level, name, parent). Loading it again changes nothing."""
    load_file(file)


def make_server_keys() -> None:
    """The key file, if there is none yet; the app uses it from now on. Never beside a database that was begun with
    other keys: its phones, cards and backups would be worth nothing."""
    settings: Settings = config.settings()
    if not settings.keys_file.exists():
        if has_accounts(settings):
            raise click.ClickException(no_keys(settings))
        ServerKeys.fresh().write(settings.keys_file)
        click.echo(f"Keys made in {settings.keys_file}. Each backup holds a copy, sealed: set backups up "
                   "before anybody is invited (docs/backup.md).")
    keys = ServerKeys.read(settings.keys_file)
    config.take_keys(current_app._get_current_object(), keys)  # type: ignore[attr-defined]


def upgrade_tables() -> None:
    """All tables in their newest shape."""
    prepare_folder()
    bring_up()


def load_file(file: Path) -> None:
    """Load one area file, or name every bad row by its line and load nothing."""
    try:
        with db.transaction() as session, file.open(encoding="utf-8-sig", newline="") as lines:
            done = loading.load(session, lines)
            if done.changed:  # an area may hang elsewhere now: the totals above it are others
                totals.rebuild(session)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not UTF-8 text. Nothing was loaded.") from error
    except loading.BadRows as bad:
        for line, sentence in bad.rows:
            click.echo(f"{file}, line {line}: {sentence}", err=True)
        raise click.ClickException("Nothing was loaded.") from bad
    click.echo(f"{file}: {done.added} added, {done.changed} changed, {done.unchanged} as before.")


def city_by_code(code: str) -> Area:
    """The city with this code, or a sentence that says it is not loaded."""
    area = db.session().scalar(select(Area).where(Area.code == code, Area.level == "city"))
    if area is None:
        raise click.ClickException(f"There is no city with code {code}. Load its areas first.")
    return area


def make_unit(name: str, area: Area, head: commands.NewAccount) -> UUID:
    """The unit, its head, and its keys wrapped for her. Returns her account's id."""
    settings = config.settings()
    try:
        with db.transaction() as session:
            unit = commands.make_unit(session, name=name, area_id=area.id)
            head = commands.NewAccount(**{**vars(head), "unit_id": unit.id})
            account = commands.add_account(session, settings, head, by=None)
            commands.make_unit_keys(session, unit, first_holder=account.id)
    except commands.BadAccount as bad:
        raise click.ClickException(str(bad)) from bad
    click.echo(f"{name} is ready. Its keys open with the passphrase of {head.name} alone: "
               "hand them on to a second person soon (page Keys).")
    return account.id


def offer_kit(head_id: UUID, passphrase: str) -> None:
    """The recovery sheets at once, where somebody sits at the keyboard; else a reminder."""
    if sys.stdin.isatty() and click.confirm("\nMake the three recovery sheets now, with the head beside you?"):
        session = db.session()
        private = sealed.unlock_staff_key(config.keys(), session.get_one(StaffKey, head_id), passphrase)
        ring = sealed.open_ring(private or b"", queries.grants_of(session, head_id))
        make_kit(ring, session.get_one(Account, head_id).unit_id, by=head_id, folder=None)  # type: ignore[arg-type]
    else:
        click.echo("\nThere are no recovery sheets yet. Make them soon: flask --app wsgi keys kit")


def show_second_factor(new: commands.NewAccount) -> None:
    """The second factor as a picture for an authenticator app, and as text."""
    name = config.settings().name
    uri = pyotp.TOTP(new.totp_secret).provisioning_uri(name=new.sign_in_name, issuer_name=name)
    click.echo("\nScan this with the authenticator app. It is shown once.")
    segno.make(uri).terminal(compact=True)
    click.echo(f"Or type: {new.totp_secret}")


@calendar_group.command("set")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("state", type=click.Choice(["closed", "worked"]))
@click.option("--name", default="", help="Why, like: cuti bersama.")
def set_day(day: datetime, state: str, name: str) -> None:
    """Say of one DAY that the office is closed, or works, whatever weekday or holiday it is."""
    with db.transaction() as session:
        session.merge(CalendarDay(day=day.date(), closed=state == "closed", name=name))
    click.echo(f"{day.date()}: {state}.")
