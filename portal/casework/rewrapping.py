"""Moving what lies under a unit's older key to the one that took over. None of these commits.

A concern moves whole, in one transaction: its content keys, its blind marks, its own row. Content is not
touched, because it is sealed under the content keys. Killed at any moment, every concern lies under one of two
keys that all holders have; the next run goes on where this one ended.
"""

from uuid import UUID

from sqlalchemy import func, select, union, update
from sqlalchemy.orm import Session

from portal.accounts import unit_keys
from portal.accounts.models import SealingKey
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.audit.log import record
from portal.base.errors import Refused
from portal.casework import duplicates
from portal.flags import sealed
from portal.flags.models import ContentKey, Flag

AT_ONCE = 25
"""Concerns in one transaction: a tenth of a second, for which others who write wait."""


def left(session: Session, old: SealingKey) -> int:
    """How many concerns still have something under an older key."""
    return session.scalar(select(func.count()).select_from(_under(old.id).subquery())) or 0


def move(session: Session, ring: KeyRing, old: SealingKey, *, by: Viewer, after: UUID | None = None,
         most: int = AT_ONCE) -> UUID | None:
    """Move the next concerns, by id, that still have something under `old`. Returns the last one's id, to go on
    from; None when there were none.

    What does not open stays where it is. Raises `Refused` unless `old` is being replaced and the ring holds both.
    """
    new = unit_keys.in_use(session, old.unit_id, old.kind)[-1]
    if new.id == old.id or old.id not in ring or new.id not in ring or old.unit_id != by.unit_id:
        raise Refused("these keys are not at hand")
    waiting = _under(old.id).subquery()
    query = select(waiting.c.id).order_by(waiting.c.id).limit(most)
    chosen = session.scalars(query.where(waiting.c.id > after) if after else query).all()
    for flag_id in chosen:
        _move_one(session, ring, flag_id, old, new)
    if chosen:
        record(session, "key.moved", old.id, by=by.account_id, reason=old.kind, amount=len(chosen))
    return chosen[-1] if chosen else None


def retire_if_empty(session: Session, old_id: UUID, *, by: Viewer) -> bool:
    """Retire an older key under which nothing lies any more. Returns whether it could be.

    The lock waits for whoever has chosen this key to seal to and has not committed yet.
    """
    old = session.get_one(SealingKey, old_id, with_for_update=True)
    if old.retired_at is not None or left(session, old):
        return False
    unit_keys.retire(session, old, by=by)
    return True


def _under(key_id: UUID):  # type: ignore[no-untyped-def]
    return union(select(Flag.id.label("id")).where(Flag.key_id == key_id),
                 select(ContentKey.flag_id.label("id")).where(ContentKey.key_id == key_id))


def _move_one(session: Session, ring: KeyRing, flag_id: UUID, old: SealingKey, new: SealingKey) -> None:
    flag = session.get_one(Flag, flag_id, with_for_update=True, populate_existing=True)
    rows = session.scalars(select(ContentKey).where(ContentKey.flag_id == flag_id, ContentKey.key_id == old.id)
                           .with_for_update().execution_options(populate_existing=True)).all()
    if not all(sealed.move_content_key(ring, row, new) for row in rows):
        return
    session.flush()
    duplicates.make_marks_anew(session, ring, flag, new.id)
    # past the ORM: the version must stand, or whoever has the sheet open would read that it was changed
    session.execute(update(Flag.__table__).where(Flag.id == flag_id, Flag.key_id == old.id).values(key_id=new.id))
