"""What a year of sessions in an area shows for one indicator of the child-friendly city (KLA).

All numbers come from the running totals. Only the list of activities, which is the evidence itself, reads sessions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.areas.queries import Place
from portal.outreach.indicators import Indicator
from portal.outreach.models import HEADS, Outreach, OutreachSubjectTally, OutreachTopic
from portal.reports.coverage import COLUMNS, HOSTS, Numbers, Reached, scope, shown_below, up_from
from portal.reports.periods import Period

_AT_ONCE = 500
_PARTS = {Level.CITY: (Level.KECAMATAN,), Level.KECAMATAN: (Level.KELURAHAN,), Level.KELURAHAN: HOSTS}


@dataclass(frozen=True)
class Part:
    """What was held in one area of those within, and how many of its RW and schools it reached."""

    code: str
    name: str
    level: str
    numbers: Numbers
    rw: Reached
    schools: Reached


@dataclass(frozen=True)
class Evidence:
    """One indicator, one area, one period. `whole` is the area itself; `topics` its sessions by topic."""

    indicator: Indicator
    period: Period
    whole: Part
    parts: tuple[Part, ...]
    months: tuple[tuple[date, Numbers], ...]
    topics: dict[str, int]
    up: str


@dataclass(frozen=True)
class Activity:
    """A session as evidence. No attendee is named anywhere; the speaker is who was announced in public."""

    held_on: date
    place: Place
    topics: tuple[str, ...]
    numbers: Numbers
    audiences: tuple[str, ...]
    materials: tuple[str, ...]
    speaker: str
    institution: str
    funding: str


def evidence(session: Session, code: str, indicator: Indicator, *, viewer: Viewer, period: Period) -> Evidence:
    """The numbers for one indicator. Raises `NotVisible` beyond what the viewer may see."""
    root, top = scope(session, code, viewer=viewer)
    rows = session.execute(
        select(Area.id, Area.code, Area.name, Area.level, Area.path)
        .where(shown_below(root))).all()
    counted = _Counted(rows, _fed(session, root, indicator, period), indicator)
    levels = _PARTS.get(Level(root.level), ())
    parts = sorted((row for row in rows if row.level in levels and row.id != root.id),
                   key=lambda row: (row.level == Level.SCHOOL, areas.by_name(row.name), row.code))
    whole = next(row for row in rows if row.id == root.id)
    return Evidence(indicator, period, counted.part(whole), tuple(map(counted.part, parts)),
                    tuple(sorted(counted.months[whole.code].items())), dict(counted.topics[whole.code]),
                    up_from(root, top))


def activities(session: Session, code: str, indicator: Indicator, *, viewer: Viewer, period: Period,
               most: int | None = None) -> list[Activity]:
    """The sessions themselves, by day; at most so many. Raises `NotVisible` beyond what the viewer may see."""
    root, _top = scope(session, code, viewer=viewer)
    told = select(OutreachTopic.outreach_id).where(
        OutreachTopic.outreach_id == Outreach.id, OutreachTopic.topic.in_(indicator.topics)).exists()
    places = select(Area.id).where(areas.below(root.path), *_at(indicator))
    found = session.execute(
        select(Outreach.id, Outreach.area_id, Outreach.held_on, Outreach.audiences, Outreach.materials,
               Outreach.speaker, Outreach.institution, Outreach.funding, *(getattr(Outreach, name) for name in HEADS))
        .where(Outreach.held_on >= period.first, Outreach.held_on < _after(period.last), told,
               Outreach.area_id.in_(places))
        .order_by(Outreach.held_on, Outreach.id).limit(most)).all()
    named = areas.full_names(session, {row.area_id for row in found})
    topics: dict[Any, list[str]] = defaultdict(list)
    for first in range(0, len(found), _AT_ONCE):
        for outreach_id, topic in session.execute(
                select(OutreachTopic.outreach_id, OutreachTopic.topic)
                .where(OutreachTopic.outreach_id.in_([row.id for row in found[first:first + _AT_ONCE]]))
                .order_by(OutreachTopic.topic)):
            topics[outreach_id].append(topic)
    return [Activity(row.held_on, named[row.area_id], tuple(topics[row.id]),
                     Numbers(1, sum(row[8:]), *row[8:]), tuple(row.audiences), tuple(row.materials), row.speaker,
                     row.institution, row.funding) for row in found]


def _after(month: date) -> date:
    """The first day of the month that follows."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _at(indicator: Indicator) -> list[Any]:
    """The condition for the kind of place that counts. What is held in an RT is held in its RW."""
    if indicator.host is None:
        return []
    return [Area.level.in_([indicator.host, Level.RT] if indicator.host is Level.RW else [indicator.host])]


def _fed(session: Session, root: Area, indicator: Indicator, period: Period) -> Iterator[Row[Any]]:
    """The totals of subjects that feed the indicator, of every area from `root` down."""
    rows = session.execute(
        select(Area.id, Area.path, Area.level, OutreachSubjectTally.month, OutreachSubjectTally.topics,
               *(getattr(OutreachSubjectTally, name) for name in COLUMNS))
        .join(Area, Area.id == OutreachSubjectTally.area_id)
        .where(shown_below(root), OutreachSubjectTally.sessions > 0,
               OutreachSubjectTally.month.between(period.first, period.last)))
    return (row for row in rows if indicator.is_fed_by(row.topics.split()))


class _Counted:
    """The totals that feed an indicator, by area: its own, or those of the RW or schools in it that count."""

    def __init__(self, rows: Any, fed: Iterator[Row[Any]], indicator: Indicator) -> None:
        self.months: dict[str, dict[date, Numbers]] = defaultdict(lambda: defaultdict(Numbers))
        self.topics: dict[str, Counter[str]] = defaultdict(Counter)
        self._levels = (indicator.host,) if indicator.host else HOSTS
        self._all: Counter[tuple[str, str]] = Counter()
        held: Counter[int] = Counter()
        for row in fed:
            numbers = Numbers(*row[5:])
            if row.level in self._levels:
                held[row.id] += numbers.sessions
            for code in self._counts_for(row, indicator):
                self.months[code][row.month] += numbers
                for topic in indicator.topics.intersection(row.topics.split()):
                    self.topics[code][topic] += numbers.sessions
        self._had: Counter[tuple[str, str]] = Counter()
        self._again: Counter[tuple[str, str]] = Counter()
        for row in rows:
            for code in row.path.strip("/").split("/") if row.level in self._levels else ():
                self._all[code, row.level] += 1
                self._had[code, row.level] += held[row.id] > 0
                self._again[code, row.level] += held[row.id] > 1

    def _counts_for(self, row: Row[Any], indicator: Indicator) -> list[str]:
        """The areas whose sum a total belongs to."""
        codes: list[str] = row.path.strip("/").split("/")
        if indicator.host is None:
            return codes[-1:]
        return codes if row.level == indicator.host else []

    def part(self, row: Row[Any]) -> Part:
        """What was counted for one area."""
        numbers = sum(self.months[row.code].values(), Numbers()) if row.code in self.months else Numbers()
        rw, schools = (Reached(*(count[row.code, level] for count in (self._all, self._had, self._again)))
                       for level in HOSTS)
        return Part(row.code, row.name, row.level, numbers, rw, schools)
