"""How a unit's keys stand: which seals now, who left that once held one, whether a newer one takes over.

Replacing a key has three steps. `begin` makes the new one and grants it to all of the unit who hold the old one;
concerns are sealed to it at once. Then everything under the old one is moved (`casework/rewrapping.py`), and only
when nothing is left under it, it is retired. None of these commits.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.accounts import sealed
from portal.accounts.models import Account, KeyDeparture, KeyGrant, SealingKey, StaffKey, Unit
from portal.accounts.viewer import Viewer
from portal.audit.log import record
from portal.base.clock import now
from portal.base.errors import Refused

KINDS = ("unit", "conflict")


@dataclass(frozen=True)
class Departure:
    """Somebody who held the key and holds it no more; the name is empty when her account is gone."""

    name: str
    left_on: date


@dataclass(frozen=True)
class KeyStanding:
    """A unit's key of one kind: the one that seals now, the ones it takes over from, and who left it."""

    kind: str
    key: SealingKey
    older: list[SealingKey]
    departures: list[Departure]

    @property
    def fingerprint(self) -> str:
        return sealed.fingerprint(self.key.public)


def standing(session: Session, unit_id: UUID, kind: str) -> KeyStanding:
    """How the unit's key of this kind stands."""
    *older, key = in_use(session, unit_id, kind)
    return KeyStanding(kind, key, older, _departures(session, key.id))


def in_use(session: Session, unit_id: UUID, kind: str) -> list[SealingKey]:
    """The unit's keys of this kind under which anything may lie, oldest first: the last one seals."""
    return list(session.scalars(
        select(SealingKey).where(SealingKey.unit_id == unit_id, SealingKey.kind == kind,
                                 SealingKey.retired_at.is_(None)).order_by(SealingKey.made_at)))


def like(session: Session, key_id: UUID) -> set[UUID]:
    """This key and those of the same unit for the same kind of concern: two, while one takes over from the other."""
    own = session.get_one(SealingKey, key_id)
    return {key.id for key in in_use(session, own.unit_id, own.kind)} | {own.id}


def begin(session: Session, ring: sealed.KeyRing, kind: str, *, by: Viewer) -> SealingKey:
    """Make a new key of this kind, which seals from now on, for everybody of the unit who holds the present one.

    Raises `Refused` for somebody who does not hold it, and while an older one is still being replaced.
    """
    session.get_one(Unit, by.unit_id, with_for_update=True)  # of two at once, the second sees what the first did
    keys = in_use(session, by.unit_id, kind) if by.unit_id else []
    if len(keys) != 1 or keys[0].id not in ring:
        raise Refused("this key cannot be replaced now")
    old = keys[0]
    new, private = sealed.make_sealing_key(old.unit_id, kind)
    new.made_at = max(new.made_at, old.made_at + timedelta(microseconds=1))  # whatever the clock says
    session.add(new)
    session.flush()
    for own in _holders(session, old):
        session.add(sealed.grant(private, new.id, to=own, by=by.account_id))
    record(session, "key.made", new.id, by=by.account_id, reason=kind)
    return new


def retire(session: Session, old: SealingKey, *, by: Viewer) -> None:
    """Nothing lies under it any more, as the caller has made sure: nobody needs to hold it."""
    old.retired_at = now()
    session.execute(delete(KeyGrant).where(KeyGrant.key_id == old.id))
    session.execute(delete(KeyDeparture).where(KeyDeparture.key_id == old.id))
    record(session, "key.retired", old.id, by=by.account_id, reason=old.kind)


def give_up(session: Session, account_id: UUID) -> None:
    """Take every key from somebody, and remember that she held them."""
    held = session.scalars(select(KeyGrant.key_id).where(KeyGrant.account_id == account_id)).all()
    session.add_all(KeyDeparture(key_id=key_id, account_id=account_id, left_on=now().date()) for key_id in held)
    session.execute(delete(KeyGrant).where(KeyGrant.account_id == account_id))


def _holders(session: Session, key: SealingKey) -> list[StaffKey]:
    """The own keys of those who hold this one and are of its unit: a grant that was left behind gives nothing new."""
    return list(session.scalars(
        select(StaffKey).join(KeyGrant, KeyGrant.account_id == StaffKey.account_id)
        .join(Account, Account.id == StaffKey.account_id)
        .where(KeyGrant.key_id == key.id, Account.active, Account.unit_id == key.unit_id)))


def _departures(session: Session, key_id: UUID) -> list[Departure]:
    holds_again = select(KeyGrant.account_id).where(KeyGrant.key_id == key_id)
    rows = session.execute(
        select(Account.name, KeyDeparture.left_on).select_from(KeyDeparture)
        .outerjoin(Account, Account.id == KeyDeparture.account_id)
        .where(KeyDeparture.key_id == key_id,
               KeyDeparture.account_id.is_(None) | KeyDeparture.account_id.not_in(holds_again))
        .order_by(KeyDeparture.left_on, Account.name))
    return [Departure(name or "", left_on) for name, left_on in rows]
