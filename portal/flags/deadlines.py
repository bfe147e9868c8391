"""The clocks of a concern: until when the unit should act, and what its reporter may be promised.

Targets, not law (rulings, section 8): every number is a setting. Pure arithmetic of instants; the days
off come from the `holidays` package, corrected by the city's own table `calendar_days`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from portal.base.settings import ServiceHours, Settings
from portal.flags.life import Risk

LONGEST_PAUSE = timedelta(days=14)
"""How long a deadline may be put off; and how far ahead one officer alone may set the next step of what is or ever
was high: else she would put it off for a year without the second officer whom a pause needs (rulings, section 8)."""
_FURTHEST_STEP = timedelta(days=366)
_ONE_DAY = timedelta(days=1)
_LOOK_AHEAD = 366  # days; nobody at work for longer is a mistake in the calendar, not a holiday


@dataclass(frozen=True)
class Calendar:
    """When a unit is at work.

    `country` is an ISO code whose national days off and days of joint leave close the unit; an empty one
    means that it works through them. `overrides` says of single days whether they are closed (True) or
    worked (False), and wins over weekdays and holidays alike. Moments are aware; answers are in UTC.
    """

    hours: ServiceHours
    timezone: ZoneInfo
    country: str = ""
    overrides: Mapping[date, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, overrides: Mapping[date, bool]) -> "Calendar":
        """The calendar of a city by its settings and its own table of days."""
        return cls(settings.service_hours, settings.timezone, settings.holidays_country, overrides)

    def works_on(self, day: date) -> bool:
        """Whether the unit is at work at all on this day."""
        closed = self.overrides.get(day)
        if closed is not None:
            return not closed
        return day.weekday() in self.hours.days and day not in _days_off(self.country, day.year)

    def is_open(self, moment: datetime) -> bool:
        """Whether officers are at work now. At the very second of closing they are gone."""
        opens, closes = self._service(self._day(moment))
        return self.works_on(self._day(moment)) and opens <= moment < closes

    def next_opening(self, moment: datetime) -> datetime:
        """The first instant from `moment` on at which officers are at work: `moment` itself while open.

        Raises `ValueError` when a whole year goes by without a working day.
        """
        day = self._day(moment)
        opens, closes = self._service(day)
        if self.works_on(day) and moment < closes:
            return max(moment.astimezone(UTC), opens)
        return self._service(self._working_day_after(day))[0]

    def add_service_hours(self, moment: datetime, hours: float) -> datetime:
        """When `hours` of service have passed since `moment`. Outside service the clock stands still."""
        at, left = self.next_opening(moment), timedelta(hours=hours)
        while (closes := self._service(self._day(at))[1]) - at < left:
            left -= closes - at
            at = self.next_opening(closes)
        return at + left

    def add_working_days(self, moment: datetime, days: int) -> datetime:
        """The close of service on the `days`-th working day after the day of `moment` (1 or more)."""
        day = self._day(moment)
        for _ in range(days):
            day = self._working_day_after(day)
        return self._service(day)[1]

    def _day(self, moment: datetime) -> date:
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone tells no time")
        return moment.astimezone(self.timezone).date()

    def _service(self, day: date) -> tuple[datetime, datetime]:
        """When service would begin and end on this day, whether or not it is worked."""
        return self._instant(day, self.hours.opens), self._instant(day, self.hours.closes)

    def _instant(self, day: date, clock: time) -> datetime:
        if clock == time.max:  # how `ServiceHours` says 24:00
            day, clock = day + _ONE_DAY, time(0)
        return datetime.combine(day, clock, self.timezone).astimezone(UTC)

    def _working_day_after(self, day: date) -> date:
        for _ in range(_LOOK_AHEAD):
            day += _ONE_DAY
            if self.works_on(day):
                return day
        raise ValueError("nobody is at work for a whole year: check service hours and days off")


@dataclass(frozen=True)
class Promise:
    """What a reporter may be told on sending: by when (`at`), and whether officers are at work now.

    `next_opening` is the moment of receipt itself while they are.
    """

    at: datetime
    open_now: bool
    next_opening: datetime


@dataclass(frozen=True)
class TimeLeft:
    """Whole minutes until a deadline, or since it when it is late."""

    late: bool
    minutes: int


def furthest_step(here: date, *, ever_high: bool) -> date:
    """The last day on which the next step of a concern may be due. `here` is today in the city."""
    return here + (LONGEST_PAUSE if ever_high else _FURTHEST_STEP)


def due_at(risk: Risk, received: datetime, calendar: Calendar, settings: Settings) -> datetime:
    """Until when the unit should act on a concern of this risk.

    High risk counts by the wall clock, day and night. Medium counts hours of service. Low counts working
    days; what comes outside service is taken as received at the next opening.
    """
    if risk is Risk.HIGH:
        return received.astimezone(UTC) + timedelta(minutes=settings.high_risk_minutes)
    if risk is Risk.MEDIUM:
        return calendar.add_service_hours(received, settings.medium_risk_hours)
    return calendar.add_working_days(calendar.next_opening(received), settings.low_risk_days)


def promised_at(risk_estimate: Risk, received: datetime, calendar: Calendar, settings: Settings) -> Promise:
    """What the roster can keep: the unit's own deadline, counted from when somebody is there to read."""
    opening = calendar.next_opening(received)
    return Promise(due_at(risk_estimate, opening, calendar, settings), calendar.is_open(received), opening)


def is_late(due: datetime, now: datetime) -> bool:
    """Whether the deadline has passed. On the very second it has not."""
    return now > due


def time_left(due: datetime, now: datetime) -> TimeLeft:
    """How long until the deadline, or since; part of a minute is left out."""
    return TimeLeft(is_late(due, now), int(abs(due - now).total_seconds() // 60))


def knows_joint_leave(country: str, year: int) -> bool:
    """Whether the days of joint leave of a year are known. They are decreed anew each year, so that a package
    which is older than the decree does not have them. A country without such days has none to know."""
    if "government" not in country_holidays(country).supported_categories:
        return True
    return bool(country_holidays(country, years=year, categories=("government",)))


@lru_cache(maxsize=64)
def _days_off(country: str, year: int) -> frozenset[date]:
    """National days off and days of joint leave. Building a year is slow, asking it again is not."""
    if not country:
        return frozenset()
    offered = country_holidays(country).supported_categories
    kinds = tuple(kind for kind in ("public", "government") if kind in offered)
    return frozenset(country_holidays(country, years=year, categories=kinds))
