"""The queue: concerns as rows of columns, from the index of open ones, a page at a time.

What a viewer may not know of is in no row, no count and no search (`flags.policy.visible_to`).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, Uuid, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from portal.accounts import queries as accounts
from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import now
from portal.base.db import UTCDateTime
from portal.base.reference import read_reference
from portal.base.settings import ServerKeys, Settings
from portal.flags.commands import REOPEN_DAYS
from portal.flags.deadlines import TimeLeft, time_left
from portal.flags.life import RANK, RISK_OF, UNREAD, Move, Risk, Status
from portal.flags.models import Flag, FlagStep
from portal.flags.policy import is_its_officer, visible_to, without_officer
from portal.followup.filters import Filters

PAGE = 25
ALL = Filters()
MOST = 100
"""Nobody counts further than this: a longer list is "99+"."""

_BY_CADRE = (Move.ANSWER, Move.ADD)
_LONGEST_CURSOR = 200
_FURTHEST = 10**6


class SavedView(StrEnum):
    """The lists that officers choose from; the values are what stands in the address."""

    OPEN = "terbuka"
    LATE = "lewat"
    TODAY = "hari-ini"
    UNREAD = "baru"
    UNOWNED = "tanpa-petugas"
    MINE = "saya"
    NEWS = "pesan"
    WAITING = "menunggu"
    CLOSED = "selesai"


class Term(StrEnum):
    """When one's own work is due."""

    LATE = "late"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"


@dataclass(frozen=True)
class Line:
    """What of a concern may stand in a list: nothing that was sealed.

    `estimated`: nobody has assessed it yet. `worse`: the reporter says that it is worse than assessed.
    `news`: the last thing that happened is that the reporter wrote.
    """

    id: UUID
    code: str
    kelurahan: str
    kecamatan: str
    risk: Risk
    estimated: bool
    worse: bool
    status: Status
    due_at: datetime
    left: TimeLeft
    received_at: datetime
    closed_at: datetime | None
    owner_id: UUID | None
    owner: str
    news: bool
    version: int


@dataclass(frozen=True)
class Page:
    """A page of a saved view. `first` is the number of its first row; `after` leads to the next page."""

    view: SavedView
    lines: list[Line]
    first: int
    after: str


@dataclass(frozen=True)
class _Place:
    """Where a page begins: behind the row with these keys, as number `first`."""

    first: int
    rank: int
    moment: datetime
    id: UUID


def saved_view(code: str) -> SavedView:
    """The view that an address names; the whole queue when it names none."""
    return next((view for view in SavedView if view == code), SavedView.OPEN)


def queue(session: Session, view: SavedView, *, viewer: Viewer, keys: ServerKeys, settings: Settings,
          after: str = "", only: Filters = ALL) -> Page:
    """One page of a saved view, or of a part of it: by risk, then deadline; closed ones by the day of closing,
    newest first.

    `after` is the `after` of the page before. One that was not made here begins at the first page; it
    cannot show anything that the viewer may not see.
    """
    place = _read_cursor(after)
    query = (_lines().where(visible_to(viewer, keys), *_conditions(view, viewer, settings), *only.conditions(viewer))
             .limit(PAGE + 1))
    if view is SavedView.CLOSED:
        query = query.order_by(Flag.closed_at.desc(), Flag.id.desc())
        if place is not None:
            query = query.where(tuple_(Flag.closed_at, Flag.id) < tuple_(*_values(place)[1:]))
    else:
        query = query.order_by(Flag.rank, Flag.due_at, Flag.id)
        if place is not None:
            query = query.where(tuple_(Flag.rank, Flag.due_at, Flag.id) > tuple_(*_values(place)))
    rows = [_line(row) for row in session.execute(query)]
    first = place.first if place else 1
    lines = rows[:PAGE]
    return Page(view, lines, first, _cursor(first + PAGE, lines[-1]) if len(rows) > PAGE else "")


def line_of(session: Session, flag: Flag, *, viewer: Viewer, keys: ServerKeys) -> Line:
    """The same columns for one concern, as the head of its sheet."""
    return _line(session.execute(_lines().where(visible_to(viewer, keys), Flag.id == flag.id)).one())


def counts(session: Session, *, viewer: Viewer, keys: ServerKeys, settings: Settings) -> dict[SavedView, int]:
    """How many concerns each view holds, never counted further than `MOST`. One question for all."""
    seen = visible_to(viewer, keys)
    numbers = [_counted(seen, *_conditions(view, viewer, settings)).label(view.name) for view in SavedView]
    return dict(zip(SavedView, session.execute(select(*numbers)).one(), strict=True))


def how_many(session: Session, view: SavedView, only: Filters, *, viewer: Viewer, keys: ServerKeys,
             settings: Settings) -> int:
    """How many a part of a view holds, never counted further than `MOST`."""
    return session.scalars(select(_counted(
        visible_to(viewer, keys), *_conditions(view, viewer, settings), *only.conditions(viewer)))).one()


def came_after(session: Session, moment: datetime, *, viewer: Viewer, keys: ServerKeys) -> int:
    """How many open ones came after a moment, never counted further than `MOST`."""
    return session.scalars(select(_counted(
        visible_to(viewer, keys), Flag.closed_at.is_(None), Flag.received_at > moment))).one()


def open_per_officer(session: Session, officers: Collection[UUID], *, viewer: Viewer, keys: ServerKeys
                     ) -> dict[UUID, int]:
    """How many open ones each officer has, as far as the viewer may know of them. One question for all."""
    seen = visible_to(viewer, keys)
    numbers = [_counted(seen, Flag.closed_at.is_(None), Flag.assignee_id == officer) for officer in officers]
    return dict(zip(officers, session.execute(select(*numbers)).one(), strict=True)) if numbers else {}


def tasks(session: Session, *, viewer: Viewer, keys: ServerKeys, settings: Settings) -> dict[Term, list[Line]]:
    """The viewer's own open ones by when they are due, each list by deadline: at most `MOST` in all."""
    query = (_lines().where(visible_to(viewer, keys), Flag.closed_at.is_(None),
                            Flag.assignee_id == viewer.account_id)
             .order_by(Flag.due_at, Flag.rank, Flag.id).limit(MOST))
    due: dict[Term, list[Line]] = {term: [] for term in Term}
    for row in session.execute(query):
        due[_term(row.due_at, settings)].append(_line(row))
    return due


def find(session: Session, typed: str, *, viewer: Viewer, keys: ServerKeys) -> str | None:
    """The code of the concern that was asked for, if the viewer may know of it."""
    reference = read_reference(typed)
    if reference is None:
        return None
    return session.scalar(select(Flag.code).where(Flag.code == reference, visible_to(viewer, keys)))


def holds_a_key(session: Session, viewer: Viewer) -> bool:
    """Whether the unit's key was handed to her at all, unlocked or not."""
    return bool(accounts.grants_of(session, viewer.account_id))


def key_givers(session: Session, viewer: Viewer) -> list[str]:
    """The names of those who can hand her the unit's key."""
    return [colleague.name for colleague in accounts.colleagues(session, viewer)
            if colleague.role is Role.HEAD and "unit" in colleague.holds]


def _lines() -> Select[Any]:
    kelurahan, kecamatan = aliased(Area), aliased(Area)
    return (
        select(Flag.id, Flag.code, kelurahan.name.label("kelurahan"), kecamatan.name.label("kecamatan"),
               Flag.rank, Flag.risk_assessed, Flag.status, Flag.due_at, Flag.received_at, Flag.closed_at,
               Flag.assignee_id, Account.name.label("owner"), _last_move().label("last_move"), Flag.version)
        .join(kelurahan, kelurahan.id == Flag.kelurahan_id)
        .outerjoin(kecamatan, kecamatan.id == kelurahan.parent_id)
        .outerjoin(Account, is_its_officer())
    )


def _last_move() -> ScalarSelect[str]:
    return (select(FlagStep.move).where(FlagStep.flag_id == Flag.id)
            .order_by(FlagStep.at.desc(), FlagStep.id).limit(1).correlate(Flag).scalar_subquery())


def _conditions(view: SavedView, viewer: Viewer, settings: Settings) -> list[ColumnElement[bool]]:
    """What a view holds. "Closed" is what may still be reopened; the others are parts of the open index."""
    if view is SavedView.CLOSED:
        return [Flag.closed_at > now() - timedelta(days=REOPEN_DAYS)]
    narrower: dict[SavedView, Callable[[], ColumnElement[bool]]] = {
        SavedView.LATE: lambda: Flag.due_at < now(), SavedView.TODAY: lambda: Flag.due_at < _end_of_day(settings),
        SavedView.UNREAD: lambda: Flag.status.in_(UNREAD), SavedView.UNOWNED: lambda: without_officer(viewer),
        SavedView.MINE: lambda: Flag.assignee_id == viewer.account_id,
        SavedView.NEWS: lambda: _last_move().in_(_BY_CADRE), SavedView.WAITING: lambda: Flag.status == Status.WAITING,
    }
    return [Flag.closed_at.is_(None), Flag.status != Status.MERGED,
            *([narrower[view]()] if view in narrower else [])]


def _counted(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    some = select(literal(1)).select_from(Flag).where(*conditions).limit(MOST).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _end_of_day(settings: Settings) -> datetime:
    here = now().astimezone(settings.timezone)
    return here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _term(due_at: datetime, settings: Settings) -> Term:
    """A week ends on Sunday."""
    tomorrow = _end_of_day(settings)
    monday = tomorrow + timedelta(days=(7 - tomorrow.weekday()) % 7)
    if due_at < now():
        return Term.LATE
    if due_at < tomorrow:
        return Term.TODAY
    return Term.WEEK if due_at < monday else Term.LATER


def _line(row: Row[Any]) -> Line:
    risk = RISK_OF[row.rank]
    return Line(
        id=row.id, code=row.code, kelurahan=row.kelurahan, kecamatan=row.kecamatan or "", risk=risk,
        estimated=row.risk_assessed is None, worse=row.risk_assessed is not None and risk != row.risk_assessed,
        status=Status(row.status), due_at=row.due_at, left=time_left(row.due_at, now()),
        received_at=row.received_at, closed_at=row.closed_at, owner_id=row.assignee_id if row.owner else None,
        owner=row.owner or "",
        news=row.last_move in _BY_CADRE, version=row.version,
    )


def _values(place: _Place) -> list[Any]:
    return [literal(place.rank), literal(place.moment, UTCDateTime()), literal(place.id, Uuid())]


def _cursor(first: int, last: Line) -> str:
    moment = (last.closed_at or last.due_at).isoformat()
    return urlsafe_b64encode(f"{first}|{RANK[last.risk]}|{moment}|{last.id}".encode()).decode()


def _read_cursor(text: str) -> _Place | None:
    try:
        first, rank, moment, flag_id = urlsafe_b64decode(text[:_LONGEST_CURSOR]).decode().split("|")
        place = _Place(int(first), int(rank), datetime.fromisoformat(moment), UUID(flag_id))
    except ValueError:
        return None
    sane = (1 <= place.first < _FURTHEST and place.rank in RISK_OF
            and place.moment.tzinfo is not None and 2000 <= place.moment.year < 3000)
    return place if sane else None
