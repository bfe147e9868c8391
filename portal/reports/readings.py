"""How much each officer opened lately, for the head: who reads many without a need stands out among the others.

It is made of the trail, which has a row for every reading, and says no more than how many.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.queries import of_unit_at
from portal.accounts.viewer import Viewer
from portal.audit.models import AuditEntry
from portal.base.clock import today
from portal.flags.policy import kept_from

DAYS = 7
"""Today and the six days before."""

_CONCERN, _NAMES = "flag.opened", ("flag.identity_opened", "flag.letter_opened")
_AT_ONCE = 500


@dataclass(frozen=True)
class Readings:
    """What one officer opened: how many different concerns, how many of them on the day on which they were the most,
    and of how many she opened names."""

    who: str
    concerns: int
    most: int
    on: date
    names: int


def readings(session: Session, *, viewer: Viewer, zone: ZoneInfo) -> list[Readings]:
    """Everybody who opened a concern for the viewer's unit in these `DAYS`, who opened the most first, wherever she
    works now. Days are those of `zone`.

    A concern that is kept from the viewer is not counted.
    """
    opened: dict[UUID, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    named: dict[UUID, set[str]] = defaultdict(set)
    for row in _since(session, viewer, datetime.combine(today(zone) - timedelta(days=DAYS - 1), time(), zone)):
        if row.action == _CONCERN:
            opened[row.actor_id][row.at.astimezone(zone).date()].add(row.subject)
        else:
            named[row.actor_id].add(row.subject)
    people = session.execute(select(Account.id, Account.name).where(Account.id.in_(opened)))
    return sorted((_summed(one.name, opened[one.id], len(named[one.id])) for one in people),
                  key=lambda one: (-one.concerns, one.who))


def _summed(who: str, days: dict[date, set[str]], names: int) -> Readings:
    on = max(days, key=lambda day: (len(days[day]), day))
    return Readings(who, len(set().union(*days.values())), len(days[on]), on, names)


def _since(session: Session, viewer: Viewer, moment: datetime) -> Iterator[Row[Any]]:
    """The readings since a moment, newest first. The trail has no index by time: it is read from its end, as far as
    needed."""
    hers = of_unit_at(viewer, AuditEntry.actor_id, AuditEntry.at)
    hidden = [str(flag_id) for flag_id in session.scalars(kept_from(viewer))]
    query = (
        select(AuditEntry.at, AuditEntry.actor_id, AuditEntry.action, AuditEntry.subject)
        .where(hers, AuditEntry.action.in_((_CONCERN, *_NAMES)),
               AuditEntry.subject.not_in(hidden))
        .order_by(AuditEntry.id.desc()).execution_options(yield_per=_AT_ONCE))
    with session.execute(query) as rows:
        yield from takewhile(lambda row: row.at >= moment, rows)
