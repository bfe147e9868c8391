"""Making accounts for others: who may be made where, one by one or many from a table."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from portal.accounts import changes, commands, invitations, policy
from portal.accounts.models import Account, Unit
from portal.accounts.roles import UNIT, Role
from portal.accounts.viewer import Viewer
from portal.areas.models import Area, Level
from portal.areas.queries import AreaRow, below, children_of
from portal.base.errors import NotVisible, Refused
from portal.base.settings import Settings

_OFFICE = frozenset({Level.CITY})
FITS = {
    Role.CADRE: frozenset({Level.RW, Level.RT, Level.KELURAHAN}),
    Role.SCHOOL: frozenset({Level.SCHOOL}),
    Role.COORDINATOR: frozenset({Level.KELURAHAN, Level.KECAMATAN, Level.CITY}),
    Role.OFFICER: _OFFICE, Role.HEAD: _OFFICE, Role.LEADERSHIP: _OFFICE, Role.ADMIN: _OFFICE,
}
"""The levels at which each role works (rulings 3 and 4)."""


class BadPlace(Exception):
    """A role and a place that do not go together, or a place that is not below hers."""


@dataclass(frozen=True)
class Newcomer:
    """A person to be made, with what only the page shows: her invitation's code, empty while a second
    person must agree first."""

    account: Account
    code: str


def area_below(session: Session, code: str, viewer: Viewer) -> Area:
    """The area with this code, for somebody who looks after it. Raises `NotVisible`."""
    area = session.scalar(select(Area).where(Area.code == code, _hers(viewer)))
    if area is None:
        raise NotVisible
    return area


def starting_places(session: Session, viewer: Viewer) -> list[AreaRow]:
    """Where she may make accounts: kelurahan and what lies above them, in the tree's order."""
    levels = (Level.CITY, Level.KECAMATAN, Level.KELURAHAN)
    rows = session.execute(select(Area.id, Area.code, Area.level, Area.name, Area.path)
                           .where(_hers(viewer), Area.level.in_(levels)).order_by(Area.path))
    return [AreaRow(*row) for row in rows]


def places_at(session: Session, area: Area) -> list[AreaRow]:
    """A place and, in a kelurahan, its RW and schools as people look for them."""
    here = AreaRow(area.id, area.code, area.level, area.name, area.path)
    if area.level != Level.KELURAHAN:
        return [here]
    return [*children_of(session, area, Level.RW), *children_of(session, area, Level.SCHOOL), here]


def make_person(session: Session, settings: Settings, new: commands.NewAccount, area: Area, *, by: Viewer
                ) -> Newcomer:
    """An account and the invitation to it. With a role of power a second person must agree first.

    Raises `BadPlace`, `Refused` for a role that is not hers to give, and `commands.BadAccount`.
    """
    if new.role not in policy.roles_made_by(by):
        raise Refused("this role is not hers to give")
    if area.level not in FITS[new.role] or not _is_hers(by, area):
        raise BadPlace
    unit = _unit_of(session, area) if new.role in UNIT else None
    whole = commands.NewAccount(**{**vars(new), "secret": "", "area_id": area.id, "unit_id": unit})
    account = commands.add_account(session, settings, whole, by=by.account_id)
    if new.role in policy.POWERFUL:
        changes.ask_to_join(session, account, by=by)
        return Newcomer(account, "")
    return Newcomer(account, invitations.invite(session, settings.require_keys(), account, by=by.account_id))


def rw_and_schools(session: Session, viewer: Viewer) -> dict[tuple[str, str], list[AreaRow]]:
    """Every place below hers by (kelurahan, what people call it), both in small letters, and by code under
    an empty kelurahan; two with the same name stand together."""
    levels = (Level.KELURAHAN, Level.RW, Level.SCHOOL)
    rows = [AreaRow(*row) for row in session.execute(
        select(Area.id, Area.code, Area.level, Area.name, Area.path)
        .where(_hers(viewer), Area.level.in_(levels)).order_by(Area.path))]
    kelurahan = {row.code: row.name.casefold() for row in rows if row.level == Level.KELURAHAN}
    found: dict[tuple[str, str], list[AreaRow]] = {}
    for row in rows:
        above = next((kelurahan[code] for code in reversed(row.path.strip("/").split("/")) if code in kelurahan), "")
        for key in {(above, plain_name(row.name)), ("", plain_name(row.name)), ("", row.code.casefold()),
                    ("", row.code.casefold().removeprefix("npsn."))}:
            found.setdefault(key, []).append(row)
    return found


def plain_name(name: str) -> str:
    """One spelling of a place's name: `RW 07`, `rw7` and `7` are the same."""
    words = name.casefold().replace(".", " ").split()
    number = "".join(words).removeprefix("rw")
    return f"rw {int(number)}" if number.isascii() and number.isdecimal() else " ".join(words)


def _hers(viewer: Viewer) -> ColumnElement[bool]:
    """The administrator's is every place; a coordinator's what lies below hers."""
    return true() if viewer.role is Role.ADMIN else below(viewer.area_path)


def _is_hers(viewer: Viewer, area: Area) -> bool:
    return viewer.role is Role.ADMIN or bool(viewer.area_path) and area.path.startswith(viewer.area_path)


def _unit_of(session: Session, area: Area) -> UUID:
    unit = session.scalar(select(Unit.id).where(Unit.area_id == area.id))
    if unit is None:
        raise BadPlace
    return unit
