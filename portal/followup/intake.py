"""A concern that is told on the phone: an officer writes it down while the caller talks. None commits.

It goes the same way as one from a phone (`flags.commands.write_down`): same answers, same sealing, same clocks.
Whether the caller has an account stands only inside the seal; outside, the mark of one who has none cannot be
told from the others (rulings, section 6).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from portal.accounts import queries as accounts
from portal.accounts import sealed as accounts_sealed
from portal.accounts.models import Account, Unit
from portal.accounts.roles import FIELD, Role
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.base.phones import normal_phone
from portal.base.settings import ServerKeys


@dataclass(frozen=True)
class KnownCaller:
    """The cadre or school to whom a number belongs."""

    id: UUID
    name: str
    title: str
    area_id: int


def city_of(session: Session, viewer: Viewer) -> Area:
    """The city that the viewer's unit answers for."""
    return areas.get_area(session, session.get_one(Unit, viewer.unit_id).area_id)


def cadre_with(session: Session, phone: str, *, viewer: Viewer, keys: ServerKeys) -> KnownCaller | None:
    """The cadre or school of the unit's city with this number, however it was typed; None when there is none."""
    number = normal_phone(phone)
    found = accounts.by_phone_tags(session, accounts_sealed.phone_tags(keys, number)) if number else None
    return _of_city(session, found, viewer) if found else None


def rw_in(session: Session, kelurahan_id: int, number: str) -> Area | None:
    """The RW of a kelurahan with this number, however many zeros stand before it."""
    kelurahan = session.get(Area, kelurahan_id)
    if kelurahan is None or not (number.isascii() and number.isdigit()):
        return None
    wanted = areas.by_name(f"RW {number}")
    found = [row for row in areas.children_of(session, kelurahan, Level.RW) if areas.by_name(row.name) == wanted]
    return areas.get_area(session, found[0].id) if found else None


def _of_city(session: Session, account: Account, viewer: Viewer) -> KnownCaller | None:
    city = city_of(session, viewer)
    area = session.get(Area, account.area_id) if account.area_id else None
    if area is None or Role(account.role) not in FIELD or not area.path.startswith(city.path):
        return None
    return KnownCaller(account.id, account.name, account.title, area.id)
