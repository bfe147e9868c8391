"""How long one must wait after failed tries: growing, and never so that a stranger locks a person out.

What is counted depends on what the person shows beside her PIN. A phone's key or a card's code is hers
alone: those who hold it are counted by it, and after `STOP` failures it is worth nothing (the thief's
way ends; she gets a new one in person). Without it only the pair of account and network and the network
are counted, so that a stranger's tries never make her wait. Staff have their known browsers for that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.accounts.models import FailedTry
from portal.base.db import insert_missing

_WAITS = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 300, 900, 3600))
_FORGOTTEN_AFTER = timedelta(hours=24)
FREE_HELD, FREE_PAIR, FREE_ACCOUNT, FREE_NETWORK = 5, 5, 25, 100
"""Tries without a wait. A mobile network shares one address among thousands: hence many for a network."""
STOP = 20
"""Failures in a row after which a phone's key or a card is worth nothing (security 4.3; SP 800-63B-4 allows
no more than 100)."""


@dataclass(frozen=True)
class Counter:
    """One thing whose failures are counted: its keyed tag and how many tries it has free."""

    tag: bytes
    free: int


def wait_after(failures: int, free: int) -> timedelta | None:
    """How long to wait after that many failures, or None while tries are still free."""
    beyond = failures - free
    return None if beyond < 0 else _WAITS[min(beyond, len(_WAITS) - 1)]


def begin_try(session: Session, counters: list[Counter], at: datetime) -> datetime | None:
    """Count a try before it is checked, so that a thousand at once are not all free.

    Returns the moment until which one must wait, and then counts nothing; None when it may go on.
    """
    insert_missing(session, FailedTry, [{"tag": c.tag, "count": 0, "last_at": at} for c in counters])
    free = {counter.tag: counter.free for counter in counters}
    rows = session.scalars(
        select(FailedTry).where(FailedTry.tag.in_(free)).order_by(FailedTry.tag).with_for_update()
    ).all()
    waits = [row.wait_until for row in rows if row.wait_until and row.wait_until > at]
    if waits:
        return max(waits)
    for row in rows:
        _count(row, free[row.tag], at)
    return None


def failures(session: Session, counter: Counter) -> int:
    """How many tries were counted for one thing since its last success."""
    return session.scalar(select(FailedTry.count).where(FailedTry.tag == counter.tag)) or 0


def forget(session: Session, counters: list[Counter]) -> None:
    """After a success: the failures of this account count no more."""
    session.execute(delete(FailedTry).where(FailedTry.tag.in_([c.tag for c in counters])))


def take_back(session: Session, counter: Counter) -> None:
    """After a success: this one try was no failure of its network, whose others stay."""
    row = session.get(FailedTry, counter.tag, with_for_update=True)
    if row is not None:
        row.count = max(row.count - 1, 0)
        row.wait_until = None


def _count(row: FailedTry, free: int, at: datetime) -> None:
    row.count = 1 if at - row.last_at > _FORGOTTEN_AFTER else row.count + 1
    row.last_at = at
    wait = wait_after(row.count, free)
    row.wait_until = at + wait if wait else None
