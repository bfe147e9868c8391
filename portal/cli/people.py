"""`flask accounts …`: making accounts at the command line, such as the first administrator's."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.accounts import commands, invitations, queries
from portal.accounts.roles import STAFF, UNIT, Role
from portal.areas.models import Area
from portal.web import config, db

accounts_group = AppGroup("accounts", help="People who may sign in.")


@accounts_group.command("add")
@click.option("--role", type=click.Choice([role.value for role in Role]), prompt=True)
@click.option("--name", prompt=True, help="As she likes to be called.")
@click.option("--title", default="", help="Free text, like: guru wali.")
@click.option("--phone", default="", help="For cadres and counsellors; may be left out.")
@click.option("--sign-in-name", default="", help="For staff.")
@click.option("--area", "area_code", default="", help="Area code: RW, school, kelurahan or kecamatan.")
def add(role: str, name: str, title: str, phone: str, sign_in_name: str, area_code: str) -> None:
    """Make one account and print its invitation code, once: she chooses her secret herself, and nobody else ever
    knows it, nor does the list of processes. Officers get the unit's keys from the head (page Keys)."""
    kind = Role(role)
    area = db.session().scalar(select(Area).where(Area.code == area_code)) if area_code else None
    if area_code and area is None:
        raise click.ClickException(f"There is no area with code {area_code}.")
    if kind in STAFF and not sign_in_name:
        raise click.ClickException("Staff need a sign-in name.")
    if kind not in UNIT | {Role.ADMIN} and area is None:
        raise click.ClickException("This role needs an area.")
    new = commands.NewAccount(
        kind, name, "", title=title, phone=phone, sign_in_name=sign_in_name,
        area_id=area.id if area else None, unit_id=_unit_id(area) if kind in UNIT else None,
    )
    try:
        with db.transaction() as session:
            account = commands.add_account(session, config.settings(), new, by=None)
            code = invitations.invite(session, config.settings().require_keys(), account, by=None)
    except commands.BadAccount as bad:
        raise click.ClickException(str(bad)) from bad
    click.echo(f"{name} is invited. The page /mulai asks for this code, once and for a day: "
               f"{invitations.spoken(code)}")


@accounts_group.command("sign-out")
def sign_out() -> None:
    """End all sign-ins of everybody at once, as after a theft (docs/incident.md). No account is switched off."""
    with db.transaction() as session:
        ended = commands.end_every_sign_in(session)
    click.echo(f"{ended} sign-ins have ended. Everybody signs in anew.")


def _unit_id(area: Area | None):  # type: ignore[no-untyped-def]
    """The unit of the area, or the only one there is."""
    session = db.session()
    if area is not None:
        unit = queries.unit_for_path(session, area.path)
    else:
        units = session.scalars(select(queries.Unit)).all()
        unit = units[0] if len(units) == 1 else None
    if unit is None:
        raise click.ClickException("Say with --area which city's unit she works for.")
    return unit.id
