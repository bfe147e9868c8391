"""What officers do at the desk: a sealed note of their own, then one move by the table. None commits.

Each form's one-use key makes a second tap harmless: the act is done once, and the second finds it done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.audit import once as done_once
from portal.audit.log import record
from portal.base.clock import now
from portal.base.db import new_id
from portal.base.settings import Settings
from portal.flags import commands as flags
from portal.flags.answers import Answers
from portal.flags.life import Move, Risk
from portal.flags.models import ContentKey, Flag
from portal.followup import sealed
from portal.followup.models import Note


@dataclass(frozen=True)
class Action:
    """Something done for the person, and what comes next. `at` is aware; `next_on` is a day in the city."""

    at: datetime
    way: str
    result: str
    text: str
    next_step: str
    next_on: date


@dataclass(frozen=True)
class Closing:
    """How the work ends: the unit's own reason and remark, sealed, and the text that the reporter reads."""

    reason: str
    remark: str
    text: str


def _once(act: Callable[..., None]) -> Callable[..., None]:
    """An act on a flag that its form's one-use key lets happen once: called again with the same `once` and
    `body`, it finds itself done and does nothing. Raises `Refused` when the body is another."""

    @wraps(act)
    def once_only(session: Session, *given: Any, once: str, body: str, **how: Any) -> None:
        if done_once.outcome_of(session, once, body) is not None:
            return
        act(session, *given, **how)
        flag = next(one for one in given if isinstance(one, Flag))
        done_once.remember(session, once, body, flag.code)

    return once_only


def open_summaries(session: Session, ring: KeyRing, flag_ids: list[UUID], *, by: Viewer, where: str
                   ) -> dict[UUID, Answers]:
    """The coded answers of a page of the queue, by flag; one trace for the page, `where` being its view.

    A content key that nobody has used yet is rewrapped on the occasion. What does not open is absent.
    """
    rows = session.execute(
        select(ContentKey, Flag.sealed_answers).join(Flag, Flag.id == ContentKey.id)
        .where(ContentKey.id.in_(flag_ids))).all()
    opened = {row.id: sealed.open_answers(ring, row, answers) for row, answers in rows if row.key_id in ring}
    readable = {flag_id: answers for flag_id, answers in opened.items() if answers is not None}
    if readable:
        record(session, "flags.summaries_opened", where, by=by.account_id, amount=len(readable))
    return readable


@_once
def take(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """The officer makes it hers."""
    flags.take(session, flag, by=by, version=version)


@_once
def assign(session: Session, ring: KeyRing, flag: Flag, officer_id: UUID, why: str, *, by: Viewer,
           version: int) -> None:
    """The head gives it to a colleague who holds its key; to whom, and why, is kept sealed."""
    _write(session, ring, flag, Move.ASSIGN, by=by, officer=str(officer_id), text=why)
    flags.assign(session, flag, officer_id, by=by, version=version)


@_once
def assess(session: Session, settings: Settings, ring: KeyRing, flag: Flag, risk: Risk, why: str, *,
           by: Viewer, version: int) -> None:
    """Set the risk, and say why."""
    _write(session, ring, flag, Move.ASSESS, by=by, risk=risk, text=why)
    flags.assess(session, settings, flag, risk, by=by, version=version)


@_once
def act(session: Session, settings: Settings, ring: KeyRing, flag: Flag, action: Action, *, by: Viewer,
        version: int) -> None:
    """Note what was done, and until when the next step is due."""
    _write(session, ring, flag, Move.ACT, by=by, at=action.at.isoformat(), way=action.way,
           result=action.result, text=action.text, next=action.next_step, next_on=action.next_on.isoformat())
    flags.act(session, settings, flag, next_date=action.next_on, by=by, version=version)


@_once
def ask(session: Session, settings: Settings, flag: Flag, template: str, *, by: Viewer, version: int) -> None:
    """Ask the reporter one of the template questions."""
    flags.ask(session, settings, flag, template, by=by, version=version)


@_once
def withdraw_question(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """The question needs no answer any more."""
    flags.withdraw_question(session, flag, by=by, version=version)


@_once
def close(session: Session, settings: Settings, ring: KeyRing, flag: Flag, closing: Closing, *, by: Viewer,
          version: int) -> None:
    """End the work. The reason stays with the unit; the reporter reads one of the harmless texts."""
    _write(session, ring, flag, Move.CLOSE, by=by, reason=closing.reason, text=closing.remark)
    flags.close(session, settings, flag, closing.text, by=by, version=version)


@_once
def reopen(session: Session, settings: Settings, ring: KeyRing, flag: Flag, why: str, *, by: Viewer,
           version: int) -> None:
    """Begin again, and say why."""
    _write(session, ring, flag, Move.REOPEN, by=by, text=why)
    flags.reopen(session, settings, flag, by=by, version=version)


def _write(session: Session, ring: KeyRing, flag: Flag, kind: Move, *, by: Viewer, **content: Any) -> None:
    """Keep what an officer wrote beside the move of the same kind that follows at once."""
    note = Note(id=new_id(), flag_id=flag.id, written_at=now(), by_id=by.account_id)
    sealed.seal_note(note, flags.content_key(session, ring, flag.id), {"kind": kind, **content})
    session.add(note)
