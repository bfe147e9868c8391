"""What was spoken of where: topics by area, from totals that are kept apart by what a session was about."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.outreach import codes
from portal.outreach.models import OutreachSubjectTally
from portal.reports.coverage import COLUMNS, Numbers, scope, up_from
from portal.reports.periods import Period

_BELOW = {Level.CITY: (Level.KECAMATAN,), Level.KECAMATAN: (Level.KELURAHAN,),
          Level.KELURAHAN: (Level.RW, Level.SCHOOL)}

Subjects = dict[int, dict[frozenset[str], Numbers]]
"""By the key of an area, then by all that a session was about."""


@dataclass(frozen=True)
class Line:
    """An area in the matrix: sessions by topic, and all of them. One about two topics stands under both."""

    code: str
    name: str
    level: str
    by_topic: dict[str, int]
    sessions: int


@dataclass(frozen=True)
class Matrix:
    """Topics by area. `total` is the area itself; `topics` the columns, also of topics the list lost."""

    total: Line
    lines: tuple[Line, ...]
    topics: tuple[str, ...]
    period: Period
    up: str

    @property
    def never(self) -> tuple[str, ...]:
        """The topics of the list that nobody spoke of in the whole area."""
        return tuple(topic for topic in codes.topics() if topic != codes.OTHER and not self.total.by_topic.get(topic))


def matrix(session: Session, code: str, *, viewer: Viewer, period: Period) -> Matrix:
    """Topics × the areas within one area. Raises `NotVisible` beyond what the viewer may see."""
    root, top = scope(session, code, viewer=viewer)
    found = subjects_in(session, root.path, period, {Level(root.level), *_BELOW.get(Level(root.level), ())})
    rows = [row for level in _BELOW.get(Level(root.level), ()) for row in areas.children_of(session, root, level)]
    total = _line(root, found)
    topics = [*codes.topics(), *sorted(total.by_topic.keys() - codes.topics().keys())]
    return Matrix(total, tuple(_line(row, found) for row in rows), tuple(topics), period, up_from(root, top))


def subjects_in(session: Session, path: str, period: Period, levels: Iterable[Level]) -> Subjects:
    """The totals by subject of an area and the places below it that are of these levels."""
    sums = [func.sum(getattr(OutreachSubjectTally, name)) for name in COLUMNS]
    rows = session.execute(
        select(OutreachSubjectTally.area_id, OutreachSubjectTally.topics, *sums)
        .join(Area, Area.id == OutreachSubjectTally.area_id)
        .where(areas.below(path), Area.level.in_(levels),
               OutreachSubjectTally.month.between(period.first, period.last))
        .group_by(OutreachSubjectTally.area_id, OutreachSubjectTally.topics))
    found: Subjects = defaultdict(dict)
    for area_id, topics, *counts in rows:
        if counts[0]:
            found[area_id][frozenset(topics.split())] = Numbers(*map(int, counts))
    return found


def _line(area: areas.AnyArea, found: Subjects) -> Line:
    by_topic: dict[str, int] = defaultdict(int)
    for topics, numbers in found.get(area.id, {}).items():
        for topic in topics:
            by_topic[topic] += numbers.sessions
    sessions = sum(numbers.sessions for numbers in found.get(area.id, {}).values())
    return Line(area.code, area.name, area.level, dict(by_topic), sessions)
