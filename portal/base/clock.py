"""The only place that asks what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LONGEST_AWAY = timedelta(days=7)
"""A server that is away for longer cannot tell whether its clock is right: what is deleted by age waits for somebody
who says so."""
_told: ContextVar[datetime | None] = ContextVar("told_time", default=None)


def now() -> datetime:
    """The present instant, in UTC."""
    return _told.get() or datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The calendar day it is now in `zone`."""
    return now().astimezone(zone).date()


@contextmanager
def telling(moment: datetime) -> Iterator[None]:
    """Make `now()` answer `moment` (aware) inside the block: for the demo city and for tests."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone tells no time")
    token = _told.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _told.reset(token)
