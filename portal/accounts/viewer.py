"""The person who looks, as every policy and query sees her. Spells out what Flask-Login asks for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.roles import FIELD, STAFF, UNIT, Role
from portal.base.clock import now

QUIET = timedelta(hours=24)
"""How long after a recovery what was sent before stays hidden (security 4.3): whoever talked her way into
an account would see nothing of it at once, while a new concern can be sent at once."""


@dataclass(frozen=True)
class Viewer:
    """A signed-in person for the length of one request. `token` is the sign-in's, never the account's."""

    token: str
    account_id: UUID
    role: Role
    name: str
    title: str
    language: str
    area_id: int | None
    area_path: str
    unit_id: UUID | None
    locked_private: bytes | None
    device_id: str | None = None
    mine: bool = False
    text_size: int = 100
    shortcuts: bool = True
    quiet_until: datetime | None = None

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def quiet_since(self) -> datetime | None:
        """While a recovery is fresh: since when. What she sent before is not shown until it has settled."""
        return self.quiet_until - QUIET if self.quiet_until and self.quiet_until > now() else None

    def get_id(self) -> str:
        """What Flask-Login puts into the signed cookie: a random sign-in token."""
        return self.token

    @property
    def in_field(self) -> bool:
        """Whether she meets people in a neighbourhood or school."""
        return self.role in FIELD

    @property
    def in_unit(self) -> bool:
        """Whether she works at the protection unit."""
        return self.role in UNIT

    @property
    def is_staff(self) -> bool:
        """Whether she signs in with a passphrase and a second factor."""
        return self.role in STAFF
