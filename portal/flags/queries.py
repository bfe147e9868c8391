"""Reading flags. Each asks for the viewer; what she may not know of is absent."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.errors import NotVisible
from portal.base.reference import read_reference
from portal.base.settings import ServerKeys, Settings
from portal.flags import deadlines, life, sealed
from portal.flags.models import CalendarDay, Exclusion, Flag, FlagStep, Question
from portal.flags.policy import visible_to


@dataclass(frozen=True)
class MineRow:
    """One of a reporter's own concerns, in a list."""

    code: str
    told: life.Told
    sent_at: datetime
    asked: bool


@dataclass(frozen=True)
class AskedNow:
    """A question that waits for the reporter."""

    id: UUID
    template: str
    asked_at: datetime


@dataclass(frozen=True)
class Progress:
    """All that a reporter is told of one concern. Nothing of what she sent, nothing of what was done."""

    id: UUID
    code: str
    told: life.Told
    sent_at: datetime
    read_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    promised_at: datetime
    next_news_at: datetime | None
    late: bool
    open: bool
    closing: str
    question: AskedNow | None


def get_flag(session: Session, code: str, *, viewer: Viewer, keys: ServerKeys) -> Flag:
    """The flag with this spoken code. Raises `NotVisible` when absent or not for this viewer."""
    reference = read_reference(code)
    flag = reference and session.scalar(
        select(Flag).where(Flag.code == reference, visible_to(viewer, keys)))
    if not flag:
        raise NotVisible
    return flag


def mine(session: Session, *, viewer: Viewer, keys: ServerKeys, before: datetime | None = None,
         size: int = 25) -> list[MineRow]:
    """A reporter's own concerns, newest first, sent before `before`; `size` + 1 rows tell of more."""
    asked = exists().where(Question.flag_id == Flag.id, Question.answered_at.is_(None))
    query: Select[tuple[str, str, datetime | None, datetime, bool]] = (
        select(Flag.code, Flag.status, Flag.handled_at, Flag.received_at, asked.label("asked"))
        .where(visible_to(viewer, keys)).order_by(Flag.received_at.desc()).limit(size + 1))
    if before is not None:
        query = query.where(Flag.received_at < before)
    return [_mine_row(row) for row in session.execute(query)]


def progress(session: Session, code: str, *, viewer: Viewer, keys: ServerKeys) -> Progress:
    """What became of one of the viewer's own concerns. Raises `NotVisible`."""
    flag = get_flag(session, code, viewer=viewer, keys=keys)
    status = life.Status(flag.status)
    told = life.told(status, handled=flag.handled_at is not None)
    return Progress(
        id=flag.id, code=flag.code, told=told, sent_at=flag.received_at, read_at=flag.read_at,
        handled_at=flag.handled_at, closed_at=flag.closed_at, promised_at=flag.promised_at,
        next_news_at=flag.next_news_at, late=_broke_promise(flag), open=status is not life.Status.CLOSED,
        closing=sealed.open_closing(keys, flag.id, flag.sealed_closing) if flag.sealed_closing else "",
        question=open_question(session, flag.id, keys),
    )


def open_question(session: Session, flag_id: UUID, keys: ServerKeys) -> AskedNow | None:
    """The question to the reporter that is still unanswered, if any."""
    question = session.scalars(
        select(Question).where(Question.flag_id == flag_id, Question.answered_at.is_(None))
        .order_by(Question.asked_at.desc()).limit(1)).first()
    if question is None:
        return None
    return AskedNow(question.id, sealed.open_question(keys, question), question.asked_at)


def steps_of(session: Session, flag_id: UUID) -> list[FlagStep]:
    """A flag's history, newest first."""
    return list(session.scalars(
        select(FlagStep).where(FlagStep.flag_id == flag_id).order_by(FlagStep.at.desc(), FlagStep.id)))


def excluded_from(session: Session, flag_id: UUID) -> set[UUID]:
    """The accounts of those who stepped aside from a flag."""
    return set(session.scalars(select(Exclusion.account_id).where(Exclusion.flag_id == flag_id)))


def calendar(session: Session, settings: Settings) -> deadlines.Calendar:
    """The city's working days: national holidays, overruled by its own table."""
    own: dict[date, bool] = {day: closed for day, closed in
                             session.execute(select(CalendarDay.day, CalendarDay.closed))}
    return deadlines.Calendar.of(settings, own)


def _broke_promise(flag: Flag) -> bool:
    """Whether the next thing that was promised is overdue: first that somebody acts, then the next news."""
    if flag.closed_at is not None:
        return False
    if flag.handled_at is None:
        return now() > flag.promised_at
    return flag.next_news_at is not None and now() > flag.next_news_at


def _mine_row(row: Row[tuple[str, str, datetime | None, datetime, bool]]) -> MineRow:
    told = life.told(life.Status(row.status), handled=row.handled_at is not None)
    return MineRow(row.code, told, row.received_at, row.asked)
