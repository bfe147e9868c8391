"""Where were sessions held, and where not? From running totals and last dates, never from the sessions.

Concerns do not appear here at all.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Unit
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.base.errors import NotVisible
from portal.outreach.models import HEADS, OutreachLatest, OutreachTally
from portal.reports.periods import Period

HOSTS = (Level.RW, Level.SCHOOL)
"""The places that the campaign goes to, one by one."""

_LEVELS = {Level.CITY, Level.KECAMATAN, Level.KELURAHAN, *HOSTS}
"""An RT is only the very own place of a cadre; nobody comes to it from above."""


@dataclass(frozen=True)
class Reached:
    """How many of some places had a session in the period, and how many of these had more than one."""

    of: int
    reached: int
    again: int = 0

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 100 means every single one, and 0 not a single one."""
        return max(self.reached * 100 // self.of, 1) if self.reached else 0

    @property
    def missing(self) -> int:
        """How many had none."""
        return self.of - self.reached


@dataclass(frozen=True)
class Numbers:
    """Sessions and those who came to them. A person who came twice is counted twice: no names are kept."""

    sessions: int = 0
    attendance: int = 0
    girls: int = 0
    boys: int = 0
    women: int = 0
    men: int = 0
    older_women: int = 0
    older_men: int = 0

    @property
    def female(self) -> int:
        """Girls and women of any age."""
        return self.girls + self.women + self.older_women

    @property
    def male(self) -> int:
        """Boys and men of any age."""
        return self.boys + self.men + self.older_men

    @property
    def children(self) -> int:
        """Everybody below 18."""
        return self.girls + self.boys

    def __add__(self, other: "Numbers") -> "Numbers":
        return Numbers(*(getattr(self, name) + getattr(other, name) for name in COLUMNS))


COLUMNS = ("sessions", "attendance", *HEADS)


@dataclass(frozen=True)
class Place:
    """One area of the picture, what it hangs on, and those in it that are shown with it. `last` is the day of
    its last session ever, None when it had none; `now` whether it had one in the period, wherever in it."""

    code: str
    name: str
    within: str
    level: str
    kelurahan: Reached
    rw: Reached
    schools: Reached
    numbers: Numbers
    last: date | None
    now: bool
    parts: tuple["Place", ...]

    @property
    def hosts(self) -> Reached:
        """RW and schools together."""
        return Reached(self.rw.of + self.schools.of, self.rw.reached + self.schools.reached,
                       self.rw.again + self.schools.again)

    @property
    def shade(self) -> str:
        """The class of its tile: none at all, below a quarter, below three quarters, above."""
        percent = self.hosts.percent
        return "u0" if not self.now else "u1" if percent < 25 else "u2" if percent < 75 else "u3"  # noqa: PLR2004


@dataclass(frozen=True)
class Coverage:
    """An area with its own figures (`area`), what it holds, and the way up. `up` is the code of the area above,
    "" where the viewer's own begins; `at_hosts` the sessions at an RW or school; `total` is of kelurahan, within a
    kelurahan of RW and schools."""

    area: Place
    period: Period
    places: tuple[Place, ...]
    up: str
    at_hosts: int

    @property
    def name(self) -> str:
        """What the area is called."""
        return self.area.name

    @property
    def code(self) -> str:
        """Its code."""
        return self.area.code

    @property
    def level(self) -> str:
        """Its level."""
        return self.area.level

    @property
    def total(self) -> Reached:
        """What the headline counts."""
        return self.area.hosts if self.level == Level.KELURAHAN else self.area.kelurahan

    @property
    def parts(self) -> tuple[Place, ...]:
        """The places within its places: in a city, every kelurahan."""
        return tuple(part for place in self.places for part in place.parts)

    @property
    def every_kelurahan(self) -> tuple[Place, ...]:
        """The kelurahan of a city or kecamatan."""
        return tuple(place for place in (*self.places, *self.parts) if place.level == Level.KELURAHAN)

    @property
    def elsewhere(self) -> int:
        """Sessions at no RW or school in particular, such as in a kelurahan's hall."""
        return self.area.numbers.sessions - self.at_hosts

    @property
    def empty(self) -> bool:
        """Whether nothing was held anywhere in the period."""
        return not self.area.numbers.sessions


def coverage(session: Session, code: str, *, viewer: Viewer, period: Period) -> Coverage:
    """The picture of one area, by its code, or of all that the viewer may see. Raises `NotVisible` beyond it."""
    root, top = scope(session, code, viewer=viewer)
    rows = session.execute(
        select(Area.id, Area.parent_id, Area.code, Area.name, Area.level, Area.path, OutreachLatest.held_on)
        .outerjoin(OutreachLatest, OutreachLatest.area_id == Area.id)
        .where(shown_below(root))).all()
    numbers = numbers_in(session, root, period)
    picture = _Picture(rows, period, numbers)
    within = session.scalar(select(Area.name).where(Area.id == root.parent_id)) or ""
    own = next(row for row in rows if row.id == root.id)
    return Coverage(picture.place(own, within), period, picture.parts_of(own), up_from(root, top),
                    sum(numbers[row.id].sessions for row in rows if row.level in HOSTS and row.id in numbers))


def scope(session: Session, code: str, *, viewer: Viewer) -> tuple[Area, Area]:
    """The area with this code ("" for all that she may see), and where the viewer's own begins.

    Her own area, for the unit's people their unit's, whatever place their account names or not. Raises
    `NotVisible` for what lies beyond, is of no level that is shown, or is not there.
    """
    top = _top(session, viewer)
    if not code.isprintable():  # PostgreSQL could not even look for it
        raise NotVisible
    root = areas.by_code(session, code) if code else top
    if root is None or not root.path.startswith(top.path) or (root.level not in _LEVELS and root.id != top.id):
        raise NotVisible
    return root, top


def shown_below(root: Area) -> ColumnElement[bool]:
    """The condition for a place and what lies under it, down to RW and schools."""
    return and_(areas.below(root.path), or_(Area.level != Level.RT, Area.id == root.id))


def up_from(root: Area, top: Area) -> str:
    """The code of the area above, "" at the top of what the viewer sees."""
    return root.path.strip("/").split("/")[-2] if root.path != top.path else ""


def numbers_in(session: Session, root: Area, period: Period) -> dict[int, Numbers]:
    """Sessions and people of an area and of every place below it, by their keys; those without any are absent.

    Summed over the monthly totals of the period, of which there are few, never over sessions.
    """
    sums = [func.sum(getattr(OutreachTally, name)) for name in COLUMNS]
    found = session.execute(
        select(OutreachTally.area_id, *sums).join(Area, Area.id == OutreachTally.area_id)
        .where(shown_below(root), OutreachTally.month.between(period.first, period.last))
        .group_by(OutreachTally.area_id))
    return {area_id: Numbers(*map(int, counts)) for area_id, *counts in found if counts[0]}


def _top(session: Session, viewer: Viewer) -> Area:
    if viewer.in_unit:
        unit_area = session.scalar(select(Area).join(Unit, Unit.area_id == Area.id).where(Unit.id == viewer.unit_id))
        if unit_area is not None:
            return unit_area
    return areas.get_area(session, viewer.area_id or 0)


class _Picture:
    """The rows below an area, counted once for every area above each."""

    def __init__(self, rows: Iterable[Row[Any]], period: Period, numbers: dict[int, Numbers]) -> None:
        self._period, self._numbers = period, numbers
        self._all: Counter[tuple[str, str]] = Counter()
        self._had: Counter[tuple[str, str]] = Counter()
        self._again: Counter[tuple[str, str]] = Counter()
        self._children: dict[int, list[Row[Any]]] = {}
        for row in rows:
            self._children.setdefault(row.parent_id, []).append(row)
            held = numbers[row.id].sessions if row.id in numbers else 0
            for code in row.path.strip("/").split("/"):
                self._all[code, row.level] += 1
                self._had[code, row.level] += held > 0
                self._again[code, row.level] += held > 1

    def _reached(self, code: str, level: Level) -> Reached:
        return Reached(*(count[code, level] for count in (self._all, self._had, self._again)))

    def place(self, row: Row[Any], within: str) -> Place:
        """One area, and what is shown with it: RW and schools only with their kelurahan itself."""
        parts = self.parts_of(row) if row.level == Level.KECAMATAN else ()
        numbers = self._numbers.get(row.id, Numbers())
        return Place(row.code, row.name, within, row.level,
                     *(self._reached(row.code, level) for level in (Level.KELURAHAN, *HOSTS)),
                     numbers, row.held_on, numbers.sessions > 0, parts)

    def parts_of(self, area: Row[Any]) -> tuple[Place, ...]:
        """What hangs on an area, by name, each with what hangs on it; of a kelurahan RW first, then schools."""
        found = [self.place(row, area.name) for row in self._children.get(area.id, ())]
        return tuple(sorted(found, key=lambda place: (place.level == Level.SCHOOL, areas.by_name(place.name),
                                                      place.code)))
