"""`flask accounts …`: making accounts at the command line, such as the first administrator's."""

import click
import pyotp
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import cards, commands, invitations, queries
from portal.accounts.models import Account
from portal.accounts.roles import STAFF, UNIT, Role
from portal.areas.models import Area
from portal.cli.setup import show_second_factor
from portal.web import config, db

accounts_group = AppGroup("accounts", help="People who may sign in.")


@accounts_group.command("add")
@click.option("--role", type=click.Choice([role.value for role in Role]), prompt=True)
@click.option("--name", prompt=True, help="As she likes to be called.")
@click.option("--title", default="", help="Free text, like: guru wali.")
@click.option("--phone", default="", help="For cadres and counsellors; may be left out.")
@click.option("--sign-in-name", default="", help="For staff.")
@click.option("--area", "area_code", default="", help="Area code: RW, school, kelurahan or kecamatan.")
@click.option("--secret", default="", help="PIN of 8 digits, or passphrase of 15 characters and more. Left out, an "
              "invitation is made, and she chooses it herself.")
def add(role: str, name: str, title: str, phone: str, sign_in_name: str, area_code: str, secret: str) -> None:
    """Make one account. Without a secret its invitation code is printed; with one, what else it takes to sign
    in, once. Officers get the unit's keys from the head (page Keys)."""
    kind = Role(role)
    area = db.session().scalar(select(Area).where(Area.code == area_code)) if area_code else None
    if area_code and area is None:
        raise click.ClickException(f"There is no area with code {area_code}.")
    if kind in STAFF and not sign_in_name:
        raise click.ClickException("Staff need a sign-in name.")
    if kind not in UNIT | {Role.ADMIN} and area is None:
        raise click.ClickException("This role needs an area.")
    new = commands.NewAccount(
        kind, name, secret, title=title, phone=phone, sign_in_name=sign_in_name,
        area_id=area.id if area else None, unit_id=_unit_id(area) if kind in UNIT else None,
        totp_secret=pyotp.random_base32() if kind in STAFF and secret else "",
    )
    try:
        with db.transaction() as session:
            account = commands.add_account(session, config.settings(), new, by=None)
            codes = _way_in(session, account, kind, secret)
    except commands.BadAccount as bad:
        raise click.ClickException(str(bad)) from bad
    click.echo("\n".join(codes))
    if new.totp_secret:
        show_second_factor(new)


def _way_in(session: Session, account: Account, kind: Role, secret: str) -> list[str]:
    """What the person needs to get in, in words, to be printed this once."""
    keys = config.settings().require_keys()
    if not secret:
        code = invitations.spoken(invitations.invite(session, keys, account, by=None))
        return [f"{account.name} is invited. The page /mulai asks for this code, once and for a day: {code}"]
    if kind in STAFF:
        return [f"{account.name} can sign in."]
    codes = cards.new_card(session, keys, account.id, by=None)
    return [f"{account.name} can sign in with {account.sign_in_name} or her phone number, her PIN, and one of these, "
            "each once:", *(cards.spoken(code) for code in codes)]


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
