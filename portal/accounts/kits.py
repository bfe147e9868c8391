"""The recovery kit: three sheets of paper, any two of which bring a unit's keys back.

Made by somebody who holds both keys, and counted only after every sheet was typed in again. The database keeps
that it was made, on which day, and of which keys; no share is kept anywhere but on its sheet.
"""

import secrets
from itertools import combinations
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import sealed, unit_keys
from portal.accounts.models import Account, KeyGrant, RecoveryKit, SealingKey, StaffKey
from portal.accounts.roles import UNIT
from portal.accounts.sheet_text import Share
from portal.audit.log import record
from portal.base.clock import now
from portal.base.errors import Refused


class BadKit(Exception):
    """Sheets that are not what they should be; `code` says how: `same`, `mixed`, `incomplete`, `other`,
    `replaced`, `account`, `held`."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def make(session: Session, ring: sealed.KeyRing, unit_id: UUID) -> list[Share]:
    """Three shares of the unit's present keys, to be written on sheets and forgotten.

    Raises `Refused` for somebody who does not hold both keys, and while one of them is being replaced.
    """
    kit = secrets.token_bytes(4)
    return [Share(kit, number, share)
            for number, share in sealed.split_privates(ring, _present(session, ring, unit_id)).items()]


def keep(session: Session, ring: sealed.KeyRing, unit_id: UUID, typed: list[Share], *, by: UUID | None) -> None:
    """Count the kit as made, because all three sheets were typed in again and each two of them give the keys.
    A second time on the same day adds nothing to that.

    Raises `BadKit`, and `Refused` as `make` does.
    """
    wanted = {ring.privates[key_id] for key_id in _present(session, ring, unit_id)}
    _belong_together(typed)
    if {share.number for share in typed} != {1, 2, 3}:
        raise BadKit("incomplete")
    for one, other in combinations(typed, 2):
        if set(sealed.join_privates(one.point, other.point).values()) != wanted:
            raise BadKit("other")
    made = {"unit_id": unit_id, "fingerprint": fingerprint(session, unit_id), "made_on": now().date()}
    if session.scalar(select(RecoveryKit.id).filter_by(**made)) is None:
        session.add(RecoveryKit(**made))
    record(session, "kit.made", unit_id, by=by)


def fingerprint(session: Session, unit_id: UUID) -> str:
    """By which a kit of the unit's present keys is known, on paper and in the database."""
    return sealed.fingerprint(*(unit_keys.in_use(session, unit_id, kind)[-1].public for kind in unit_keys.KINDS))


def latest(session: Session, unit_id: UUID) -> RecoveryKit | None:
    """The kit that was made last, whether or not it is of the present keys."""
    return session.scalars(select(RecoveryKit).where(RecoveryKit.unit_id == unit_id)
                           .order_by(RecoveryKit.made_on.desc()).limit(1)).first()


def is_of_present_keys(session: Session, unit_id: UUID) -> bool:
    """Whether there is a kit that brings the present keys back."""
    present = fingerprint(session, unit_id)
    query = select(RecoveryKit.id).where(RecoveryKit.unit_id == unit_id, RecoveryKit.fingerprint == present)
    return session.scalar(query.limit(1)) is not None


def recover(session: Session, one: Share, other: Share, *, to: Account) -> list[SealingKey]:
    """Grant the keys that two sheets give to an officer of their unit. Returns those that she did not hold.

    Raises `BadKit` when the sheets give no key of this database, only keys that were replaced, or when she is
    not of the unit, is switched off, or has not chosen a passphrase of her own yet.
    """
    _belong_together([one, other])
    privates = sealed.join_privates(one.point, other.point)
    found = session.scalars(select(SealingKey).where(SealingKey.public.in_(privates))).all()
    if not found or len(found) != len(privates):
        raise BadKit("other")
    alive = [key for key in found if key.retired_at is None]
    if not alive:
        raise BadKit("replaced")
    own = session.get(StaffKey, to.id)
    if own is None or not to.active or to.role not in UNIT or any(key.unit_id != to.unit_id for key in alive):
        raise BadKit("account")
    missing = [key for key in alive if session.get(KeyGrant, (key.id, to.id)) is None]
    if not missing:
        raise BadKit("held")
    for key in missing:
        session.add(sealed.grant(privates[key.public], key.id, to=own, by=None))
        record(session, "key.recovered", f"{key.id}>{to.id}"[:80], by=None, reason=key.kind)
    return missing


def _present(session: Session, ring: sealed.KeyRing, unit_id: UUID) -> list[UUID]:
    standing = [unit_keys.in_use(session, unit_id, kind) for kind in unit_keys.KINDS]
    if any(len(keys) != 1 or keys[0].id not in ring for keys in standing):
        raise Refused("the present keys are not all at hand")
    return [keys[0].id for keys in standing]


def _belong_together(shares: list[Share]) -> None:
    if len({share.kit for share in shares}) > 1:
        raise BadKit("mixed")
    if len({share.number for share in shares}) < len(shares):
        raise BadKit("same")
