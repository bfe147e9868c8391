"""Keeping a concern from deletion when its time is over, because a court, the police or an inspection needs it.

Only the head does, for a reason from a list, and only she lets it go. That it is kept stands in clear, because what
deletes by the clock has no key; why lies sealed, as everything else about police and courts does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.errors import Refused
from portal.casework import duplicates, sparing
from portal.casework.models import Hold
from portal.casework.notes import write
from portal.casework.records import Written
from portal.flags import commands as flags
from portal.flags.life import Move
from portal.flags.models import Flag

REASONS = ("court", "police", "complaint", "audit")


@dataclass(frozen=True)
class Held:
    """That a concern is kept: since when, by whom, why."""

    at: datetime
    by_id: UUID
    reason: str
    text: str


def place(session: Session, ring: KeyRing, flag: Flag, reason: str, text: str, *, by: Viewer, version: int) -> None:
    """Keep a concern, and those that were put under it, beyond their time; none is deleted before its time any more,
    also when it is let go again. Raises `Refused` when it is kept already."""
    if reason not in REASONS or session.get(Hold, flag.id) is not None:
        raise Refused("it is kept already")
    all_of_it = _each(
        session, ring, flag, Move.HOLD, by=by, version=version, reason=reason, text=text,
        do=lambda one: session.add(Hold(flag_id=one.id, placed_at=now(), by_id=by.account_id)), while_held=False)
    sparing.let_stand(session, ring, all_of_it, by=by)


def lift(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Let it, and those under it, be forgotten in their time. Raises `Refused` when it is not kept."""
    if session.get(Hold, flag.id) is None:
        raise Refused("it is not kept")
    _each(session, ring, flag, Move.RELEASE, by=by, version=version, text=why,
          do=lambda one: session.delete(session.get_one(Hold, one.id)), while_held=True)


def hold_on(session: Session, written: list[Written], flag: Flag) -> Held | None:
    """Whether a concern is kept, and why. `written` are its notes."""
    held = session.get(Hold, flag.id)
    if held is None:
        return None
    note = [one for one in written if one.kind is Move.HOLD][-1]  # an officer's, where it came with another concern
    return Held(held.placed_at, held.by_id, note.content["reason"], note.content["text"])


def _each(session: Session, ring: KeyRing, flag: Flag, move: Move, *, by: Viewer, version: int,
          do: Callable[[Flag], None], while_held: bool, **content: Any) -> list[Flag]:
    """The same for a concern and for those that lie or ended under it, each with its own traces. Gives all these."""
    all_of_it = duplicates.with_those_under(session, ring, flag, by=by)
    for one in all_of_it:
        if (session.get(Hold, one.id) is not None) is while_held:
            do(one)
            write(session, ring, one, move, by=by, **content)
            flags.advance(session, one, move, by=by, before=flags.facts_of(one),
                          version=version if one is flag else None)
    return all_of_it
