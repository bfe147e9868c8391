"""Where were sessions held, and where not? From running totals and last dates, never from the sessions.

Concerns do not appear here at all.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from portal.accounts.models import Unit
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.base.errors import NotVisible
from portal.outreach.models import OutreachLatest, OutreachTally

PERIODS = (3, 6, 12)
"""Months that can be looked back on, this one included."""

_BELOW = {Level.CITY: Level.KECAMATAN, Level.KECAMATAN: Level.KELURAHAN}
_HOSTS = {Level.RW, Level.SCHOOL}


@dataclass(frozen=True)
class Reached:
    """How many of some places had a session in the period."""

    of: int
    reached: int

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 100 means every single one, and 0 not a single one."""
        return max(self.reached * 100 // self.of, 1) if self.reached else 0

    @property
    def missing(self) -> int:
        """How many had none."""
        return self.of - self.reached


@dataclass(frozen=True)
class Place:
    """One area of the picture, what it hangs on, and those in it that are shown with it. `last` is the day of
    its last session ever, None when it had none; `now` whether it had one in the period, wherever in it."""

    code: str
    name: str
    within: str
    level: str
    kelurahan: Reached
    hosts: Reached
    sessions: int
    attendance: int
    last: date | None
    now: bool
    parts: tuple["Place", ...]

    @property
    def shade(self) -> str:
        """The class of its tile: none at all, below a quarter, below three quarters, above."""
        percent = self.hosts.percent
        return "u0" if not self.now else "u1" if percent < 25 else "u2" if percent < 75 else "u3"  # noqa: PLR2004


@dataclass(frozen=True)
class Coverage:
    """An area, what it holds, and the way up. `since` is the first day of the period; `total` is of kelurahan,
    within a kelurahan of RW and schools."""

    name: str
    level: str
    code: str
    since: date
    total: Reached
    places: tuple[Place, ...]
    up: str

    @property
    def parts(self) -> tuple[Place, ...]:
        """The places within its places: in a city, every kelurahan."""
        return tuple(part for place in self.places for part in place.parts)

    @property
    def empty(self) -> bool:
        """Whether nothing was held anywhere in the period."""
        return not any(place.now for place in self.places)


def first_day(today: date, months: int) -> date:
    """The first day of a period of `months` calendar months that ends with this one."""
    number = today.year * 12 + today.month - months
    return date(number // 12, number % 12 + 1, 1)


def coverage(session: Session, code: str, *, viewer: Viewer, today: date, months: int) -> Coverage:
    """The picture of one area, by its code, or of all that the viewer may see. Raises `NotVisible` beyond it."""
    top = _scope(session, viewer)
    if not code.isprintable():  # PostgreSQL could not even look for it
        raise NotVisible
    root = areas.by_code(session, code) if code else top
    if root is None or not root.path.startswith(top.path) or root.level not in {*_BELOW, Level.KELURAHAN}:
        raise NotVisible
    since = first_day(today, months)
    rows = session.execute(
        select(Area.id, Area.parent_id, Area.code, Area.name, Area.level, Area.path, OutreachLatest.held_on)
        .outerjoin(OutreachLatest, OutreachLatest.area_id == Area.id)
        .where(areas.below(root.path), Area.level != Level.RT)).all()
    shown = [row for row in rows if row.level not in _HOSTS or root.level == Level.KELURAHAN]
    picture = _Picture(rows, since, _totals(session, [row.id for row in shown], since))
    return Coverage(root.name, root.level, root.code, since,
                    picture.reached(root.code, _HOSTS if root.level == Level.KELURAHAN else {Level.KELURAHAN}),
                    picture.places_in(root, shown),
                    root.path.strip("/").split("/")[-2] if root.path != top.path else "")


def _scope(session: Session, viewer: Viewer) -> Area:
    """How far this viewer's picture reaches: her own area, for the unit's people their unit's, whatever place
    their account names or not. Raises `NotVisible` for somebody without either."""
    if viewer.in_unit:
        unit_area = session.scalar(select(Area).join(Unit, Unit.area_id == Area.id).where(Unit.id == viewer.unit_id))
        if unit_area is not None:
            return unit_area
    return areas.get_area(session, viewer.area_id or 0)


class _Picture:
    """The rows below an area, counted once for every area above each."""

    def __init__(self, rows: list[Row[Any]], since: date, totals: dict[int, tuple[int, int]]) -> None:
        self._since, self._totals = since, totals
        self._all: Counter[tuple[str, str]] = Counter()
        self._had: Counter[tuple[str, str]] = Counter()
        for row in rows:
            for code in row.path.strip("/").split("/"):
                self._all[code, row.level] += 1
                self._had[code, row.level] += self._now(row)

    def _now(self, row: Row[Any]) -> bool:
        return row.held_on is not None and row.held_on >= self._since

    def reached(self, code: str, levels: set[Level]) -> Reached:
        """Of the places of these levels in an area, all and those that had a session."""
        return Reached(*(sum(count[code, level] for level in levels) for count in (self._all, self._had)))

    def places_in(self, area: Area | Row[Any], shown: list[Row[Any]]) -> tuple[Place, ...]:
        """What hangs on an area, by name, each with what hangs on it."""
        found = [Place(row.code, row.name, area.name, row.level, self.reached(row.code, {Level.KELURAHAN}),
                       self.reached(row.code, _HOSTS), *self._totals.get(row.id, (0, 0)), row.held_on, self._now(row),
                       self.places_in(row, shown)) for row in shown if row.parent_id == area.id]
        return tuple(sorted(found, key=lambda place: (areas.by_name(place.name), place.code)))


def _totals(session: Session, area_ids: list[int], since: date) -> dict[int, tuple[int, int]]:
    totals: dict[int, tuple[int, int]] = {}
    for area_id, sessions, attendance in session.execute(
            select(OutreachTally.area_id, OutreachTally.sessions, OutreachTally.attendance)
            .where(OutreachTally.area_id.in_(area_ids), OutreachTally.month >= since)):
        before = totals.get(area_id, (0, 0))
        totals[area_id] = before[0] + sessions, before[1] + attendance
    return totals
