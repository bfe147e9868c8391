"""Letting stand until its time what two had agreed to delete earlier. Whatever happens meanwhile to one of those that
were to go together, all of them stay: who agreed did not know of it.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.errors import Stale
from portal.casework import proposals
from portal.casework.models import EarlyDeletion
from portal.casework.notes import write
from portal.flags import commands as flags
from portal.flags.life import Move
from portal.flags.models import Flag


def let_stand(session: Session, ring: KeyRing, some: Iterable[Flag], *, by: Viewer,
              but: UUID | None = None, versions: dict[UUID, int] | None = None, text: str = "") -> None:
    """None of these is deleted early, nor what was to go with one of them, and no proposal for that stands any more.
    Each says so on its sheet, but for `but`: what happens to that one says it.

    `versions`: those the viewer has seen. Raises `Stale` where the clock or another officer has just taken one.
    """
    roots = select(EarlyDeletion.root_id).where(EarlyDeletion.flag_id.in_([one.id for one in some]))
    together = select(EarlyDeletion.flag_id).where(EarlyDeletion.root_id.in_(roots))
    for one in hold_fast(session, session.scalars(together)):
        proposals.void(session, one)
        if one.id != but:
            write(session, ring, one, Move.SPARE, by=by, text=text)
            flags.advance(session, one, Move.SPARE, by=by, before=flags.facts_of(one),
                          version=(versions or {}).get(one.id))
        session.execute(delete(EarlyDeletion).where(EarlyDeletion.flag_id == one.id))


def hold_fast(session: Session, ids: Iterable[UUID]) -> list[Flag]:
    """These concerns, which the clock cannot take until this transaction ends. It locks them before what hangs on
    them, too. Raises `Stale` where it has just taken one."""
    wanted = sorted(set(ids))
    held = session.scalars(select(Flag).where(Flag.id.in_(wanted)).order_by(Flag.id).with_for_update()).all()
    if len(held) < len(wanted):
        raise Stale("one of them was deleted just now")
    return list(held)
