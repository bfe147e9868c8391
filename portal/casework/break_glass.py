"""Acting alone: at night, with a life in danger, one officer sets "contact nobody" aside without a second one.

It holds for a few hours, for a written reason, and never in silence: everybody who may know of the concern is told
at once, until somebody else has looked at it and said so. The head does, if there is one who is not herself the
one who acted.

That it happened stands in clear, unlike an override by two: it must be seen by a head whose keys are locked. Why it
happened lies sealed in the note.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.orm import Session, aliased

from portal.accounts import queries as accounts
from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import now
from portal.base.errors import Refused
from portal.base.settings import ServerKeys
from portal.casework import records
from portal.casework.models import BreakGlass
from portal.casework.notes import write
from portal.casework.records import Written
from portal.flags import commands as flags
from portal.flags import sealed as flags_sealed
from portal.flags.answers import Contact
from portal.flags.life import Move, Risk
from portal.flags.models import Flag
from portal.flags.policy import visible_to

HOLDS = timedelta(hours=4)
"""How long one officer's word alone is enough: a night until somebody is at the desk again. After it the rule of
contact is as it was, unless a second officer has agreed in the ordinary way."""


@dataclass(frozen=True)
class Act:
    """One time that an officer acted alone, opened. `hers`: the viewer did; `may_review`: she is the one who
    looks at it now."""

    at: datetime
    by: str
    until: datetime
    holds: bool
    text: str
    reviewed_at: datetime | None
    reviewed_by: str
    hers: bool
    may_review: bool


@dataclass(frozen=True)
class Alarm:
    """An act that nobody has looked at yet, closed: nothing that was sealed."""

    code: str
    kelurahan: str
    by: str
    hers: bool
    until: datetime
    holds: bool


def act_alone(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Set "contact nobody" aside at once and alone, until `HOLDS` is over; everybody is told.

    Raises `Refused` unless that was said, an officer assessed the risk as high, and nothing has set it aside
    already. A reporter's "it got worse" is not enough: assessing it anew takes a moment, and says why.
    """
    answers = flags_sealed.open_answers(flags.content_key(session, ring, flag.id), flag.id, flag.sealed_answers)
    if flag.risk_assessed != Risk.HIGH:
        raise Refused("acting alone needs a high risk")
    if answers.contact is not Contact.NOBODY or records.override(records.notes_of(session, ring, flag)):
        raise Refused("nothing to set aside")
    if session.scalar(select(BreakGlass.note_id).where(BreakGlass.flag_id == flag.id, BreakGlass.until > now())):
        raise Refused("one officer has set it aside already")
    note = write(session, ring, flag, Move.BREAK_GLASS, by=by, text=why)
    session.flush()
    session.add(BreakGlass(note_id=note.id, flag_id=flag.id, at=note.written_at, by_id=by.account_id,
                           until=note.written_at + HOLDS))
    flags.advance(session, flag, Move.BREAK_GLASS, by=by, before=flags.facts_of(flag), version=version)


def review(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """Say that one has looked at what a colleague did alone: at all of it on this concern.

    Raises `Refused` when nothing waits, for whoever did it, and for an officer where a head can look.
    """
    waiting = _unreviewed(session, flag)
    mine = [act for act in waiting if by.account_id in _reviewers(session, flag, act, viewer=by)]
    if not mine:
        raise Refused("not hers to look at" if waiting else "nobody acted alone")
    for act in mine:
        act.reviewed_at, act.reviewed_by_id = now(), by.account_id
    flags.advance(session, flag, Move.REVIEW_BREAK_GLASS, by=by, before=flags.facts_of(flag), version=version)


def check_reviewed(session: Session, flag: Flag) -> None:
    """Raises `Refused` while nobody has looked: a concern does not leave the unit's sight before that."""
    if _unreviewed(session, flag):
        raise Refused("nobody has looked at who acted alone")


def acts_of(session: Session, written: list[Written], flag: Flag, *, viewer: Viewer) -> list[Act]:
    """Each time that somebody acted alone on a concern, newest first. `written` are its notes."""
    words = {note.id: note.content["text"] for note in written if note.kind is Move.BREAK_GLASS}
    actor, reviewer = aliased(Account), aliased(Account)
    rows = session.execute(
        select(BreakGlass, actor.name, reviewer.name).join(actor, actor.id == BreakGlass.by_id)
        .outerjoin(reviewer, reviewer.id == BreakGlass.reviewed_by_id)
        .where(BreakGlass.flag_id == flag.id).order_by(BreakGlass.at.desc(), BreakGlass.note_id)).all()
    return [Act(act.at, by, act.until, act.until > now(), words[act.note_id], act.reviewed_at, reviewed_by or "",
                act.by_id == viewer.account_id,
                act.reviewed_at is None and viewer.account_id in _reviewers(session, flag, act, viewer=viewer))
            for act, by, reviewed_by in rows]


def alarms(session: Session, *, viewer: Viewer, keys: ServerKeys, limit: int = 25) -> list[Alarm]:
    """What nobody has looked at yet, on concerns that the viewer may know of, oldest first."""
    rows = session.execute(
        select(Flag.code, Area.name.label("kelurahan"), Account.name.label("by"), BreakGlass.by_id, BreakGlass.until)
        .join(Flag, Flag.id == BreakGlass.flag_id).join(Area, Area.id == Flag.kelurahan_id)
        .join(Account, Account.id == BreakGlass.by_id)
        .where(visible_to(viewer, keys), BreakGlass.reviewed_at.is_(None))
        .order_by(BreakGlass.at, BreakGlass.note_id).limit(limit))
    return [Alarm(row.code, row.kelurahan, row.by, row.by_id == viewer.account_id, row.until, row.until > now())
            for row in rows]


def acted_after(session: Session, moment: datetime, *, viewer: Viewer, keys: ServerKeys) -> bool:
    """Whether a colleague acted alone after a moment, on a concern that the viewer may know of."""
    return session.scalar(
        select(literal(1)).select_from(BreakGlass).join(Flag, Flag.id == BreakGlass.flag_id)
        .where(visible_to(viewer, keys), BreakGlass.reviewed_at.is_(None), BreakGlass.at > moment,
               BreakGlass.by_id != viewer.account_id).limit(1)) is not None


def _unreviewed(session: Session, flag: Flag) -> list[BreakGlass]:
    return list(session.scalars(
        select(BreakGlass).where(BreakGlass.flag_id == flag.id, BreakGlass.reviewed_at.is_(None))))


def _reviewers(session: Session, flag: Flag, act: BreakGlass, *, viewer: Viewer) -> set[UUID]:
    """Who looks at it: a head, or any officer where no head but the one who acted may know of the concern."""
    others = flags.able_to_work_on(session, flag, by=viewer) - {act.by_id}
    heads = {one.id for one in accounts.colleagues(session, viewer) if one.role is Role.HEAD}
    return others & heads or others
