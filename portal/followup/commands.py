"""What officers do at the desk: a sealed note of their own, then one move by the table. None commits.

Each form's one-use key makes a second tap harmless: the act is done once, and the second finds it done.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import SealingKey
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.audit.log import record
from portal.base.settings import Settings
from portal.casework import commands as casework
from portal.casework import duplicates, proposals, records, sparing
from portal.casework.commands import Closing, once_only
from portal.casework.notes import write
from portal.flags import commands as flags
from portal.flags.answers import Answers
from portal.flags.life import Move, Risk
from portal.flags.models import ContentKey, Flag
from portal.followup import sealed

__all__ = ["Action", "Closing", "act", "ask", "assess", "assign", "close", "open_summaries", "reopen", "take",
           "withdraw_question"]


@dataclass(frozen=True)
class Action:
    """Something done for the person, and what comes next. `at` is aware; `next_on` is a day in the city."""

    at: datetime
    way: str
    result: str
    text: str
    next_step: str
    next_on: date


def open_summaries(session: Session, ring: KeyRing, flag_ids: list[UUID], *, by: Viewer, where: str
                   ) -> dict[UUID, Answers]:
    """The coded answers of a page of the queue, by flag; one trace for the page, `where` being its view, and another
    for the conflicts of interest on it: who must not know of these reads the first alone.

    A content key that nobody has used yet is rewrapped on the occasion. What does not open is absent, and leaves a
    trace of its own.
    """
    rows = session.execute(
        select(ContentKey, Flag.sealed_answers, SealingKey.kind).join(Flag, Flag.id == ContentKey.id)
        .join(SealingKey, SealingKey.id == Flag.key_id).where(ContentKey.id.in_(flag_ids))).all()
    opened = {row.id: sealed.open_answers(ring, row, answers) for row, answers, _kind in rows if row.key_id in ring}
    readable = {flag_id: answers for flag_id, answers in opened.items() if answers is not None}
    for kind, amount in sorted(Counter(kind for row, _, kind in rows if row.id in readable).items()):
        record(session, "flags.summaries_opened", where, by=by.account_id, reason=kind, amount=amount)
    for flag_id in sorted(opened.keys() - readable.keys()):
        record(session, "flag.not_opened", flag_id, by=by.account_id)
    return readable


@once_only
def take(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """The officer makes it hers."""
    flags.take(session, flag, by=by, version=version)


@once_only
def assign(session: Session, ring: KeyRing, flag: Flag, officer_id: UUID, why: str, *, by: Viewer,
           version: int) -> None:
    """The head gives it to a colleague who holds its key; to whom, and why, is kept sealed."""
    write(session, ring, flag, Move.ASSIGN, by=by, officer=str(officer_id), text=why)
    flags.assign(session, flag, officer_id, by=by, version=version)


@once_only
def assess(session: Session, settings: Settings, ring: KeyRing, flag: Flag, risk: Risk, why: str, *,
           by: Viewer, version: int) -> None:
    """Set the risk, and say why. Lowering a high one only proposes it to a second officer."""
    casework.assess(session, settings, ring, flag, casework.Assessment(risk, why), by=by, version=version)


@once_only
def act(session: Session, settings: Settings, ring: KeyRing, flag: Flag, action: Action, *, by: Viewer,
        version: int) -> None:
    """Note what was done, and until when the next step is due."""
    write(session, ring, flag, Move.ACT, by=by, at=action.at.isoformat(), way=action.way,
           result=action.result, text=action.text, next=action.next_step, next_on=action.next_on.isoformat())
    flags.act(session, settings, flag, next_date=action.next_on, by=by, version=version,
              latest=records.latest_due(records.notes_of(session, ring, flag)))


@once_only
def ask(session: Session, settings: Settings, flag: Flag, template: str, *, by: Viewer, version: int) -> None:
    """Ask the reporter one of the template questions."""
    flags.ask(session, settings, flag, template, by=by, version=version)


@once_only
def withdraw_question(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """The question needs no answer any more."""
    flags.withdraw_question(session, flag, by=by, version=version)


@once_only
def close(session: Session, settings: Settings, ring: KeyRing, flag: Flag, closing: Closing, *, by: Viewer,
          version: int) -> None:
    """End the work. The reason stays with the unit; the reporter reads one of the harmless texts. What was ever
    high is only proposed to a second officer."""
    casework.close(session, settings, ring, flag, closing, by=by, version=version)


@once_only
def reopen(session: Session, settings: Settings, ring: KeyRing, flag: Flag, why: str, *, by: Viewer,
           version: int) -> None:
    """Begin again, and say why. Neither it nor what lies or ended with it is to be deleted early any more."""
    together = duplicates.together_with(session, ring, flag, by=by)
    sparing.let_stand(session, ring, [flag, *together], by=by, but=flag.id)
    proposals.void(session, flag)
    write(session, ring, flag, Move.REOPEN, by=by, text=why)
    flags.reopen(session, settings, flag, by=by, version=version,
                 latest=records.latest_due(records.notes_of(session, ring, flag)))

