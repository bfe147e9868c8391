"""Where were sessions held, and where not? From running totals and last dates, never from the sessions.

Concerns do not appear here at all.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
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
        """Whole percent, rounded down: 100 means every single one."""
        return self.reached * 100 // self.of if self.of else 0


@dataclass(frozen=True)
class Row:
    """One area of the picture. `last` is the day of its last session ever, None when it had none."""

    code: str
    name: str
    level: str
    kelurahan: Reached
    hosts: Reached
    sessions: int
    attendance: int
    last: date | None


@dataclass(frozen=True)
class Coverage:
    """An area, what it holds, and the way up. `since` is the first day of the period."""

    name: str
    level: str
    code: str
    since: date
    total: Reached
    rows: list[Row]
    up: str


def first_day(today: date, months: int) -> date:
    """The first day of a period of `months` calendar months that ends with this one."""
    number = today.year * 12 + today.month - months
    return date(number // 12, number % 12 + 1, 1)


def coverage(session: Session, code: str, *, viewer: Viewer, today: date, months: int) -> Coverage:
    """The picture of one area, by its code, or of the viewer's own. Raises `NotVisible` beyond it."""
    top = _scope(session, viewer)
    root = areas.by_code(session, code) if code else top
    if root is None or not root.path.startswith(top.path) or root.level not in {*_BELOW, Level.KELURAHAN}:
        raise NotVisible
    since = first_day(today, months)
    places = session.execute(
        select(Area.id, Area.code, Area.name, Area.level, Area.path, OutreachLatest.held_on)
        .outerjoin(OutreachLatest, OutreachLatest.area_id == Area.id)
        .where(areas.below(root.path), Area.level != Level.RT)).all()
    wanted = _BELOW.get(Level(root.level))
    shown = [place for place in places if (place.level == wanted if wanted else place.level in _HOSTS)]
    totals = _totals(session, [place.id for place in shown], since)
    rows = [Row(place.code, place.name, place.level, *_reached(places, place.path, since),
                *totals.get(place.id, (0, 0)), place.held_on) for place in shown]
    hosts, kelurahan = _reached(places, root.path, since)[1], _reached(places, root.path, since)[0]
    up = root.path.strip("/").split("/")[-2] if root.path != top.path else ""
    return Coverage(root.name, root.level, root.code, since, kelurahan if wanted else hosts,
                    sorted(rows, key=lambda row: areas.by_name(row.name)), up)


def _scope(session: Session, viewer: Viewer) -> Area:
    """How far this viewer's picture reaches: her own area, for the unit's people their unit's, whatever place
    their account names or not. Raises `NotVisible` for somebody without either."""
    if viewer.in_unit:
        unit_area = session.scalar(select(Area).join(Unit, Unit.area_id == Area.id).where(Unit.id == viewer.unit_id))
        if unit_area is not None:
            return unit_area
    return areas.get_area(session, viewer.area_id or 0)


def _reached(places, path: str, since: date) -> tuple[Reached, Reached]:  # type: ignore[no-untyped-def]
    """(kelurahan, RW and schools) below a path: all, and those with a session in the period."""
    under = [place for place in places if place.path.startswith(path)]
    kelurahan = [place for place in under if place.level == Level.KELURAHAN]
    hosts = [place for place in under if place.level in _HOSTS]
    return tuple(Reached(len(some), sum(1 for p in some if p.held_on and p.held_on >= since))
                 for some in (kelurahan, hosts))  # type: ignore[return-value]


def _totals(session: Session, area_ids: list[int], since: date) -> dict[int, tuple[int, int]]:
    totals: dict[int, tuple[int, int]] = {}
    for area_id, sessions, attendance in session.execute(
            select(OutreachTally.area_id, OutreachTally.sessions, OutreachTally.attendance)
            .where(OutreachTally.area_id.in_(area_ids), OutreachTally.month >= since)):
        before = totals.get(area_id, (0, 0))
        totals[area_id] = before[0] + sessions, before[1] + attendance
    return totals
