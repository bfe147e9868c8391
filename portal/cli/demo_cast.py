"""The demo's people as they act: who they are, where, and the keys that they have unlocked."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from portal.accounts import queries, sealed
from portal.accounts.models import Account, StaffKey
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.areas.queries import Place
from portal.base.settings import Settings
from portal.cli.demo_people import PASSPHRASE, DemoPerson


@dataclass
class Cast:
    """Everybody, by key."""

    settings: Settings
    people: dict[str, DemoPerson]
    accounts: dict[str, UUID]
    areas: dict[str, Place]
    totp: dict[str, str]

    def add(self, person: DemoPerson, account_id: UUID, place: Place, totp: str) -> None:
        """One more."""
        self.people[person.key] = person
        self.accounts[person.key] = account_id
        self.areas[person.key] = place
        self.totp[person.key] = totp

    def keys_of(self, *roles: Role) -> list[str]:
        """Everybody with one of these roles, in a fixed order."""
        return [key for key, person in self.people.items() if person.role in roles]

    def said(self, key: str) -> str:
        """Where she is, in words."""
        place = self.areas[key]
        return f"{place.name}, {place.kelurahan_name}" if place.level in {"rw", "school"} else place.name


def viewer_of(session: Session, cast: Cast, key: str) -> Viewer:
    """The person as commands see her."""
    account = session.get_one(Account, cast.accounts[key])
    area = session.get_one(Area, account.area_id)
    return Viewer(token="", account_id=account.id, role=Role(account.role), name=account.name, title=account.title,
                  language="", area_id=area.id, area_path=area.path, unit_id=account.unit_id, locked_private=None)


def ring_of(session: Session, cast: Cast, key: str) -> KeyRing:
    """An officer's unlocked keys."""
    own = session.get_one(StaffKey, cast.accounts[key])
    private = sealed.unlock_staff_key(cast.settings.require_keys(), own, PASSPHRASE)
    if private is None:
        raise LookupError("a demo officer's passphrase does not fit")
    return sealed.open_ring(private, queries.grants_of(session, own.account_id))
