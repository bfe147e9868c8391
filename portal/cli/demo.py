"""`flask demo` and `flask demo-accounts`: an invented city, lively enough to judge the portal by.

Everything is done by the portal's own commands, at the times at which it would have happened.
"""

import json
import os
from pathlib import Path

import click
import pyotp
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.accounts import cards
from portal.accounts import commands as accounts
from portal.accounts.roles import FIELD, UNIT, Role
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.base.settings import Settings
from portal.cli import demo_flags, demo_sessions, setup
from portal.cli.demo_cast import Cast, ring_of, viewer_of
from portal.cli.demo_people import PASSPHRASE, PEOPLE, DemoPerson, neighbours
from portal.web import config, db

DATA = Path(__file__).parent.parent / "areas/data"


@click.command()
@click.option("--fresh", is_flag=True, help="Throw the demo city away first and make it anew.")
@with_appcontext
def demo(fresh: bool) -> None:
    """Make the demo city, unless it is there already. An unfinished one is made anew."""
    settings: Settings = config.settings()
    if not settings.demo:
        raise click.ClickException("The demo city is made only with PORTAL_DEMO=1.")
    if settings.demo_people_file.exists() and not fresh:
        click.echo("The demo city is there.")
        return
    _clear(settings)
    setup.make_server_keys()
    setup.upgrade_tables()
    for file in (sorted(DATA.glob("kota_*.csv"))[0], DATA / "demo_rw_schools.csv"):
        setup.load_file(file)
    cast = _people(settings)
    for line in demo_sessions.hold(cast, 300):
        click.echo(line)
    click.echo(demo_sessions.plan(cast))
    for line in demo_flags.pass_on(cast):
        click.echo(line)
    _write_people(settings, cast)
    click.echo("The demo city is ready.")


@click.command("demo-accounts")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
@with_appcontext
def demo_accounts(as_json: bool) -> None:
    """Print the demo people: role, name, area, and all that is needed to sign in."""
    settings: Settings = config.settings()
    if not settings.demo_people_file.exists():
        raise click.ClickException("There is no demo city here. Make it with: make run")
    people = json.loads(settings.demo_people_file.read_text())
    if as_json:
        click.echo(json.dumps(people, indent=1, ensure_ascii=False))
        return
    for person in people:
        way = person["phone"] or person["sign_in_name"]
        more = f"  {person['card'][0]} …" if person.get("card") else ""
        click.echo(f"{person['role']:12} {person['name']:14} {person['area']:28} {way}  {person['secret']}{more}")


def _clear(settings: Settings) -> None:
    """Remove what an earlier or unfinished run left. A database of another kind is left alone."""
    if not settings.database_url.startswith("sqlite:///"):
        raise click.ClickException("The demo city is made in a SQLite file only.")
    file = settings.database_url.removeprefix("sqlite:///")
    for left in (file, f"{file}-wal", f"{file}-shm", settings.demo_people_file):
        Path(left).unlink(missing_ok=True)


def _people(settings: Settings) -> Cast:
    """The unit, its keys, and everybody of the demo."""
    session = db.session()
    city = session.scalars(select(Area).where(Area.level == Level.CITY).order_by(Area.code)).first()
    if city is None:
        raise click.ClickException("The area file has no city.")
    kelurahan = areas.children_of(session, city, Level.KELURAHAN)
    cast = Cast(settings=settings, people={}, accounts={}, areas={}, totp={})
    everybody = (*PEOPLE, *neighbours(len(kelurahan)))
    with db.transaction() as writing:
        unit = accounts.make_unit(writing, name=settings.office_name, area_id=city.id)
        for person in everybody:
            area = _area_of(writing, person, kelurahan, city)
            totp = "" if person.role in FIELD else pyotp.random_base32()
            account = accounts.add_account(writing, settings, accounts.NewAccount(
                person.role, person.name, person.pin if person.role in FIELD else PASSPHRASE, title=person.title,
                phone=person.phone if person.role in FIELD else "", totp_secret=totp,
                sign_in_name="" if person.role in FIELD else person.key, area_id=area.id,
                unit_id=unit.id if person.role in UNIT else None), by=None)
            cast.add(person, account.id, areas.full_name(writing, area), totp)
        _keys(writing, cast, unit)
    click.echo(f"{len(everybody)} people can sign in.")
    return cast


def _keys(session, cast: Cast, unit) -> None:  # type: ignore[no-untyped-def]
    """The unit's keys: made with its head, handed on to those who work with them."""
    head = next(p for p in PEOPLE if p.role is Role.HEAD)
    accounts.make_unit_keys(session, unit, first_holder=cast.accounts[head.key])
    session.flush()
    ring, by = ring_of(session, cast, head.key), viewer_of(session, cast, head.key)
    for person in PEOPLE:
        for kind in person.keys if person is not head else ():
            accounts.grant_key(session, ring, kind=kind, to=cast.accounts[person.key], by=by)


def _area_of(session, person: DemoPerson, kelurahan: list[areas.AreaRow], city: Area):  # type: ignore[no-untyped-def]
    """The real place that a demo person stands for."""
    if person.kelurahan is None:
        return city
    home = kelurahan[person.kelurahan % len(kelurahan)]
    if person.role is Role.SCHOOL:
        return areas.children_of(session, home, Level.SCHOOL)[0]
    rw = areas.children_of(session, home, Level.RW)
    return rw[(person.rw - 1) % len(rw)] if person.rw else home


def _write_people(settings: Settings, cast: Cast) -> None:
    """Who they are and how they sign in, for the sign-in page and for scripts. Written last: a file that
    is there means a city that is finished."""
    with db.transaction() as writing:
        codes = {p.key: cards.new_card(writing, settings.require_keys(), cast.accounts[p.key], by=None)
                 for p in PEOPLE if p.role in FIELD}
    rows = [{
        "account_id": str(cast.accounts[p.key]), "role": p.role, "name": p.name, "area": cast.said(p.key),
        "phone": p.phone if p.role in FIELD else "", "sign_in_name": "" if p.role in FIELD else p.key,
        "secret": p.pin if p.role in FIELD else PASSPHRASE, "totp_secret": cast.totp[p.key],
        "card": [cards.spoken(code) for code in codes.get(p.key, [])],
    } for p in sorted(PEOPLE, key=lambda p: not p.featured)]
    part = settings.demo_people_file.with_suffix(".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False)
    part.replace(settings.demo_people_file)


