"""What happens to a flag. Each command keeps the flag, its history and the trail in one step; none commits.

Where a reporter acts, the trail and the history name nobody: nothing may tie an account to a concern.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portal.accounts import queries as accounts
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area
from portal.audit import once as done_once
from portal.audit.log import record
from portal.base.clock import now, today
from portal.base.db import insert_missing, new_id
from portal.base.errors import NotVisible, Refused, Stale
from portal.base.reference import new_reference
from portal.base.settings import Settings
from portal.flags import deadlines, life, queries, sealed
from portal.flags.answers import Answers, Identity, estimate
from portal.flags.life import RANK, Facts, Move, Risk, Status
from portal.flags.models import ContentKey, Exclusion, Flag, FlagStep, Message, Question


class SentBefore(Refused):
    """The same form came before, with other answers: the first ones stand (409)."""


@dataclass(frozen=True)
class Concern:
    """What a reporter passes on. `area` is where: a RW, a school, or a kelurahan."""

    answers: Answers
    story: str
    identity: Identity
    area: Area


@dataclass(frozen=True)
class Opened:
    """What an officer has opened: the coded answers and the reporter's words, not who anybody is."""

    answers: Answers
    story: str
    messages: list[tuple[Message, dict[str, Any]]]


def send(session: Session, settings: Settings, concern: Concern, *, by: Viewer, once: str, body: str) -> str:
    """Receive a concern: seal it, start its clocks, leave a trace that names nobody. Returns its code.

    The same form sent again gives the first one's code. Raises `SentBefore` when the one-use key comes
    back with other answers, `Refused` when no unit answers for the area.
    """
    if not by.in_field:
        raise Refused("this is for cadres and schools")
    tag = sealed.reporter_tag(settings.require_keys(), by.account_id)
    return _receive(session, settings, concern, tag=tag, by=None, once=once, body=body)


def write_down(session: Session, settings: Settings, concern: Concern, *, caller_id: UUID | None, by: Viewer,
               once: str, body: str) -> str:
    """An officer writes down what somebody tells her on the phone. Returns its code.

    `caller_id` is the account of a caller who has one: it is among hers then. Else the mark ties it to nobody.
    The trail names the officer, never the caller. Raises as `send` does.
    """
    keys = settings.require_keys()
    tag = sealed.reporter_tag(keys, caller_id) if caller_id else sealed.nobodys_tag()
    return _receive(session, settings, concern, tag=tag, by=by, once=once, body=body)


def _receive(session: Session, settings: Settings, concern: Concern, *, tag: bytes, by: Viewer | None, once: str,
             body: str) -> str:
    """The one way in, from a phone or written down by an officer: the same clocks, the same sealing."""
    before = _outcome(session, once, body)
    if before is not None:
        return before
    unit = accounts.unit_for_path(session, concern.area.path)
    kelurahan = areas.kelurahan_of(session, concern.area)
    if unit is None or kelurahan is None or (by and by.unit_id != unit.id):
        raise Refused("nobody answers for this area")
    kind = "conflict" if concern.answers.keep_from else "unit"
    unit_key = accounts.sealing_key(session, unit.id, kind)
    flag = _new_flag(session, settings, concern.answers, unit.id, kelurahan.id)
    flag.key_id = unit_key.id
    flag.reporter_tag = tag
    wrapped, key = sealed.new_content_key(flag.id, flag.id, unit_key)
    sealed.seal_flag(flag, key, concern.answers, concern.story, concern.identity)
    session.add(flag)
    session.flush()
    session.add(wrapped)
    _step(session, flag, Move.WRITE_DOWN if by else Move.SEND, by=by.account_id if by else None)
    done_once.remember(session, once, body, flag.code)
    return flag.code


def facts_of(flag: Flag) -> Facts:
    """What the rules of a flag's life ask about it."""
    return Facts(assessed=flag.risk_assessed is not None, owned=flag.assignee_id is not None,
                 handled=flag.handled_at is not None,
                 high=flag.risk_assessed is not None and flag.rank == RANK[Risk.HIGH],
                 ever_high=bool(flag.ever_high), referred=bool(flag.referrals_out))


def open_flag(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer) -> Opened:
    """Read a flag's answers and messages. The first reading is a move; every reading leaves a trace."""
    if flag.status in life.UNREAD:
        before = facts_of(flag)
        flag.read_at = flag.read_at or now()
        advance(session, flag, Move.READ, by=by, before=before, version=None)
    key = content_key(session, ring, flag.id)
    messages = session.scalars(
        select(Message).where(Message.flag_id == flag.id).order_by(Message.sent_at.desc())).all()
    record(session, "flag.opened", flag.id, by=by.account_id, amount=1 + len(messages))
    return Opened(
        sealed.open_answers(key, flag.id, flag.sealed_answers),
        sealed.open_story(key, flag.id, flag.sealed_story),
        [(message, sealed.open_message(content_key(session, ring, message.id), message))
         for message in messages],
    )


def open_identity(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, reason: str) -> Identity:
    """Names and the way to the door, for a reason from the list; the trail keeps the reason."""
    record(session, "flag.identity_opened", flag.id, by=by.account_id, reason=reason)
    return sealed.open_identity(content_key(session, ring, flag.id), flag.id, flag.sealed_identity)


def peek_identity(session: Session, ring: KeyRing, flag: Flag) -> Identity:
    """The same for the machine alone, to compose or compare. Whoever shows any of it must leave the trace."""
    return sealed.open_identity(content_key(session, ring, flag.id), flag.id, flag.sealed_identity)


def says_worse(session: Session, ring: KeyRing, flag: Flag) -> bool:
    """Whether its reporter said that it got worse before any officer assessed it: then the first assessment is no
    word on an estimate alone. After one, the rank itself says so. For the machine alone, as `peek_identity`."""
    if flag.risk_assessed is not None:
        return False
    messages = session.scalars(select(Message).where(Message.flag_id == flag.id))
    return any(sealed.open_message(content_key(session, ring, one.id), one).get("worse") == "yes" for one in messages)


def content_key(session: Session, ring: KeyRing, row_id: UUID) -> bytes:
    """The content key of a flag or message. Raises `NotVisible` when the ring does not hold its key, or
    the content was made unreadable for good."""
    row = session.get(ContentKey, row_id)
    if row is None or row.key_id not in ring:
        raise NotVisible
    return sealed.content_key(ring, row)


def take(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """The officer makes it hers. Raises `Refused` when it is already."""
    if flag.assignee_id == by.account_id:
        raise Refused("it is hers already")
    before = facts_of(flag)
    flag.assignee_id = by.account_id
    advance(session, flag, Move.TAKE, by=by, before=before, version=version)


def assign(session: Session, flag: Flag, officer_id: UUID, *, by: Viewer, version: int) -> None:
    """The head gives it to an officer of the unit who may know of it. Raises `NotVisible` for others."""
    if officer_id not in able_to_work_on(session, flag, by=by):
        raise NotVisible
    before = facts_of(flag)
    flag.assignee_id = officer_id
    advance(session, flag, Move.ASSIGN, by=by, before=before, version=version)


def able_to_work_on(session: Session, flag: Flag, *, by: Viewer) -> set[UUID]:
    """The people of the unit for whom a flag exists: they hold its key, and have not stepped aside from it."""
    colleagues = {colleague.id for colleague in accounts.colleagues(session, by)}
    return colleagues & accounts.holders_of(session, flag.key_id) - queries.excluded_from(session, flag.id)


def step_aside(session: Session, flag: Flag, *, by: Viewer) -> None:
    """The officer has to do with somebody in it: from now on it does not exist for her. If it was hers, it is
    nobody's. Raises `Refused` when nobody else could see it then: it would be lost."""
    if not able_to_work_on(session, flag, by=by) - {by.account_id}:
        raise Refused("nobody else could see it")
    before, hers = facts_of(flag), flag.assignee_id == by.account_id
    session.add(Exclusion(account_id=by.account_id, flag_id=flag.id, made_at=now()))
    if hers:
        flag.assignee_id = None
    if hers and Move.STEP_ASIDE in life.open_moves(Status(flag.status), by.role, before):
        advance(session, flag, Move.STEP_ASIDE, by=by, before=before, version=None)
    else:  # how far the work is does not hang on her
        _note(session, flag, Move.STEP_ASIDE, by=by)


def keep_from(session: Session, flag: Flag, account_ids: set[UUID]) -> None:
    """These people stepped aside from a concern that is about the same person: this one does not exist for them
    either. Whoever works on it must not be one of them."""
    if account_ids:
        insert_missing(session, Exclusion, [{"account_id": account_id, "flag_id": flag.id, "made_at": now()}
                                            for account_id in sorted(account_ids)])


def assess(session: Session, settings: Settings, flag: Flag, risk: Risk, *, by: Viewer, version: int,
           worse: bool = False, agreed: bool = False, latest: datetime | None = None) -> None:
    """Set the risk, and with it the deadline, counted from receipt. The reason is the caller's note.

    `worse`: its reporter says that it got worse (`says_worse`). `agreed`: a second officer agrees. `latest`: a clock
    that runs beside the risk's, which no deadline may exceed. Raises `Refused` where `life.needs_two` says so.
    """
    before = facts_of(flag)
    before = replace(before, high=before.high or worse)
    flag.risk_assessed, flag.rank = risk, RANK[risk]
    flag.ever_high = flag.ever_high or risk is Risk.HIGH
    if flag.handled_at is None:
        calendar = queries.calendar(session, settings)
        flag.due_at = earlier(deadlines.due_at(risk, flag.received_at, calendar, settings), latest)
    flag.due_at = not_too_far(flag, flag.due_at, settings)
    advance(session, flag, Move.ASSESS, by=by, before=before, version=version, agreed=agreed)


def act(session: Session, settings: Settings, flag: Flag, *, next_date: date, by: Viewer, version: int,
        move: Move = Move.ACT, latest: datetime | None = None) -> None:
    """Something was done for the person; the next step and the reporter's next news have a day.

    `next_date` is a calendar day in the city; the clock runs to the close of service on it, or to `latest`
    where another clock ends sooner. What was done is the caller's sealed note; `move` says of which kind.

    Raises `Refused` for a day that lies too far ahead (`deadlines.furthest_step`).
    """
    if next_date > deadlines.furthest_step(today(settings.timezone), ever_high=bool(flag.ever_high)):
        raise Refused("the next step lies too far ahead")
    before = facts_of(flag)
    flag.handled_at = flag.handled_at or now()
    flag.next_news_at = closing_of(next_date, settings)
    flag.due_at = earlier(flag.next_news_at, latest)
    advance(session, flag, move, by=by, before=before, version=version)


def not_too_far(flag: Flag, due: datetime, settings: Settings) -> datetime:
    """A moment for the unit's clock; for what is or ever was high within the longest pause, although its next step
    was set further ahead when it was not."""
    furthest = deadlines.furthest_step(today(settings.timezone), ever_high=bool(flag.ever_high))
    return min(due, closing_of(furthest, settings))


def closing_of(day: date, settings: Settings) -> datetime:
    """The close of service on a calendar day of the city."""
    return datetime.combine(day, settings.service_hours.closes, settings.timezone)


def earlier(due: datetime, latest: datetime | None) -> datetime:
    """The sooner of two moments, the second of which there may be none."""
    return due if latest is None else min(due, latest)


def ask(session: Session, settings: Settings, flag: Flag, template: str, *, by: Viewer, version: int) -> None:
    """Ask the reporter one of the template questions."""
    question = Question(id=new_id(), flag_id=flag.id, asked_at=now())
    question.sealed_template = sealed.seal_question(settings.require_keys(), question.id, template)
    session.add(question)
    advance(session, flag, Move.ASK, by=by, before=facts_of(flag), version=version)


def withdraw_question(session: Session, flag: Flag, *, by: Viewer, version: int) -> None:
    """The answer came another way, or is needed no more."""
    _end_questions(session, flag)
    advance(session, flag, Move.WITHDRAW_QUESTION, by=by, before=facts_of(flag), version=version)


def answer(session: Session, flag: Flag, content: dict[str, Any], *, by: Viewer, once: str, body: str,
           to: UUID | None = None) -> None:
    """The reporter answers the officer's question: `to` is the one that her page showed, or None for the one that is
    out. Sent twice, it is kept once. Raises `SentBefore` when it comes back with other words.

    An answer to a question that was withdrawn meanwhile is not lost: it is kept as something added, with the question
    that it is about, and answers no other one that was asked since.
    """
    if _outcome(session, once, body) is not None:
        return
    _lock(session, flag)
    asked = session.scalars(
        select(Question).where(Question.flag_id == flag.id).order_by(Question.asked_at.desc())).all()
    shown = next((one for one in asked if (one.id == to if to else one.answered_at is None)), None)
    answered = shown is not None and shown.answered_at is None
    _keep_message(session, flag, content, question_id=shown.id if shown else None)
    if answered:
        _end_questions(session, flag)
    advance(session, flag, Move.ANSWER if answered else Move.ADD, by=by, before=facts_of(flag), version=None)
    done_once.remember(session, once, body, flag.code)


def add(session: Session, settings: Settings, flag: Flag, content: dict[str, Any], *, worse: bool,
        by: Viewer, once: str, body: str) -> None:
    """The reporter adds something. If it got worse, the estimate rises and the unit's clock is set anew.

    Sent twice, it is kept once. Raises `SentBefore` when it comes back with other words.
    """
    if _outcome(session, once, body) is not None:
        return
    _lock(session, flag)
    _keep_message(session, flag, content, question_id=None)
    if worse:
        flag.risk_estimate, flag.rank, flag.ever_high = Risk.HIGH, RANK[Risk.HIGH], True
        urgent = deadlines.due_at(Risk.HIGH, now(), queries.calendar(session, settings), settings)
        flag.due_at = min(flag.due_at, urgent)
    advance(session, flag, Move.ADD, by=by, before=facts_of(flag), version=None)
    done_once.remember(session, once, body, flag.code)


def close(session: Session, settings: Settings, flag: Flag, closing: str, *, by: Viewer, version: int | None,
          move: Move = Move.CLOSE, agreed: bool = False) -> None:
    """End the work, with one of the harmless texts for the reporter. The reason is the caller's note.

    `agreed`: a second officer agrees. Raises `Refused` where `life.needs_two` says so.
    """
    before = facts_of(flag)
    flag.sealed_closing = sealed.seal_closing(settings.require_keys(), flag.id, closing)
    flag.closed_at = now()
    _end_questions(session, flag)
    advance(session, flag, move, by=by, before=before, version=version, agreed=agreed)


def reopen(session: Session, settings: Settings, flag: Flag, *, by: Viewer, version: int,
           latest: datetime | None = None) -> None:
    """Begin again, within 90 days of closing. The clock starts anew by the assessed risk."""
    if flag.closed_at is None or (now() - flag.closed_at).days >= REOPEN_DAYS:
        raise Refused("it was closed too long ago")
    before = facts_of(flag)
    flag.closed_at = flag.sealed_closing = flag.next_news_at = None
    risk = Risk(flag.risk_assessed or flag.risk_estimate)
    flag.due_at = earlier(deadlines.due_at(risk, now(), queries.calendar(session, settings), settings), latest)
    advance(session, flag, Move.REOPEN, by=by, before=before, version=version)


REOPEN_DAYS = 90


def _outcome(session: Session, once: str, body: str) -> str | None:
    try:
        return done_once.outcome_of(session, once, body)
    except Refused as error:
        raise SentBefore(*error.args) from error


def _new_flag(session: Session, settings: Settings, answers: Answers, unit_id: UUID,
              kelurahan_id: int) -> Flag:
    risk, received = estimate(answers), now()
    calendar = queries.calendar(session, settings)
    return Flag(
        id=new_id(), code=_free_code(session), unit_id=unit_id, kelurahan_id=kelurahan_id, status=Status.NEW,
        risk_estimate=risk, rank=RANK[risk], ever_high=risk is Risk.HIGH, referrals_out=0, received_at=received,
        due_at=deadlines.due_at(risk, received, calendar, settings),
        promised_at=deadlines.promised_at(risk, received, calendar, settings).at,
    )


def _free_code(session: Session) -> str:
    while True:
        code = new_reference()
        if session.scalar(select(Flag.id).where(Flag.code == code)) is None:
            return code


def advance(session: Session, flag: Flag, move: Move, *, by: Viewer, before: Facts,
            version: int | None, agreed: bool = False) -> None:
    """The one place where a status changes: by the table, against the version seen, with its traces.

    `before` is what was true of the flag before the caller changed it. Raises `Stale` when somebody else was
    faster (`version` None: nobody can have been), `Refused` for what the table does not allow.
    """
    if version is not None and version != flag.version:
        raise Stale("the page showed an older version")
    flag.status = life.after(Status(flag.status), move, by.role, before, facts_of(flag), agreed=agreed)
    _note(session, flag, move, by=by)


def _note(session: Session, flag: Flag, move: Move, *, by: Viewer) -> None:
    flag_modified(flag, "status")  # even where it stays: two officers at once must be noticed
    _step(session, flag, move, by=None if by.in_field else by.account_id)
    session.flush()


def _step(session: Session, flag: Flag, move: Move, *, by: UUID | None) -> None:
    session.add(FlagStep(flag_id=flag.id, move=move, status=flag.status, at=now(), by_id=by))
    record(session, f"flag.{move}", flag.id, by=by)


def _lock(session: Session, flag: Flag) -> None:
    """Read the concern as it is now, and let nobody change it before this transaction ends. Whoever sent it has seen
    no version: she is not told that an officer was quicker. And what she says is sealed to the key under which the
    concern lies: that cannot be ended meanwhile, for whoever moves the concern waits here."""
    session.refresh(flag, with_for_update=True)


def _keep_message(session: Session, flag: Flag, content: dict[str, Any], *, question_id: UUID | None) -> None:
    unit_key = session.get_one(accounts.SealingKey, flag.key_id)
    message = Message(id=new_id(), flag_id=flag.id, question_id=question_id, sent_at=now())
    wrapped, key = sealed.new_content_key(message.id, flag.id, unit_key)
    sealed.seal_message(message, key, content)
    session.add_all([message, wrapped])


def _end_questions(session: Session, flag: Flag) -> None:
    for question in session.scalars(
            select(Question).where(Question.flag_id == flag.id, Question.answered_at.is_(None))):
        question.answered_at = now()
