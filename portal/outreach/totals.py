"""The running totals: what coverage and evidence read instead of counting sessions. None commits.

Each session changes the totals of its place and of every area above, in the transaction that writes it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.areas.models import Area
from portal.base.db import insert_missing
from portal.outreach.models import (
    HEADS,
    Outreach,
    OutreachLatest,
    OutreachSubjectTally,
    OutreachTally,
    OutreachTopic,
)

_LOCK = 0x6F757472  # the number of PostgreSQL's lock for the totals; any that nothing else uses
_COLUMNS = ("sessions", "attendance", *HEADS)
_AT_ONCE = 1000

Counts = list[int]
"""Sessions, attendance, and the six heads, in the order of `_COLUMNS`."""


@dataclass(frozen=True)
class Counted:
    """What of a session the totals need. `weight` is 1 for one that comes, -1 for one that goes."""

    area_id: int
    held_on: date
    topics: tuple[str, ...]
    heads: tuple[int, ...]
    weight: int = 1


@dataclass
class Totals:
    """Everything that is kept: by (area, month), by (area, month, topics), and the last day by area."""

    tallies: dict[tuple[int, date], Counts] = field(default_factory=lambda: defaultdict(_nothing))
    subjects: dict[tuple[int, date, str], Counts] = field(default_factory=lambda: defaultdict(_nothing))
    latest: dict[int, date] = field(default_factory=dict)

    def add(self, session: Counted, upwards: Iterable[int]) -> None:
        """Count one session for its place and all above it."""
        month = session.held_on.replace(day=1)
        counts = [session.weight, *(session.weight * n for n in (sum(session.heads), *session.heads))]
        for area_id in upwards:
            for kept in (self.tallies[area_id, month], self.subjects[area_id, month, subject(session.topics)]):
                kept[:] = [old + new for old, new in zip(kept, counts, strict=True)]
            if session.weight > 0:
                self.latest[area_id] = max(session.held_on, self.latest.get(area_id, session.held_on))


def subject(topics: Iterable[str]) -> str:
    """The topics of a session as the totals name them: each once, in order."""
    return " ".join(sorted(set(topics)))


def change(session: Session, sessions: Iterable[Counted]) -> None:
    """Let sessions come (or go) in the totals. The database adds, so that two at once lose nothing.

    Call it after the sessions themselves were written: the last days are looked up among those.
    """
    one_at_a_time(session)
    counted = list(sessions)
    upwards = _upwards(session, {one.area_id for one in counted})
    changes = Totals()
    for one in counted:
        changes.add(one, upwards[one.area_id])
    _add(session, OutreachTally, changes.tallies)
    _add(session, OutreachSubjectTally, changes.subjects)
    _seen(session, changes.latest)
    _forget(session, {id_: path for one in counted if one.weight < 0 for id_, path in upwards[one.area_id].items()})


def count_all(session: Session) -> Totals:
    """All totals counted from the sessions themselves: what the running ones must equal."""
    upwards = _upwards(session, None)
    topics: dict[Any, list[str]] = defaultdict(list)
    for outreach_id, topic in session.execute(select(OutreachTopic.outreach_id, OutreachTopic.topic)):
        topics[outreach_id].append(topic)
    totals = Totals()
    heads = [getattr(Outreach, name) for name in HEADS]
    for id_, area_id, held_on, *came in session.execute(select(Outreach.id, Outreach.area_id, Outreach.held_on,
                                                               *heads)):
        totals.add(Counted(area_id, held_on, tuple(topics[id_]), tuple(came)), upwards[area_id])
    return totals


def as_kept(session: Session) -> Totals:
    """All totals as the tables hold them. Months that a correction emptied are left out."""
    kept = Totals()
    for model, into in ((OutreachTally, kept.tallies), (OutreachSubjectTally, kept.subjects)):
        keys: tuple[Any, ...] = tuple(model.__table__.primary_key.columns)
        for row in session.execute(select(*keys, *(getattr(model, name) for name in _COLUMNS))):
            if any(row[len(keys):]):
                into[tuple(row[:len(keys)])] = list(row[len(keys):])  # type: ignore[index]
    kept.latest = {row.area_id: row.held_on
                   for row in session.execute(select(OutreachLatest.area_id, OutreachLatest.held_on))}
    return kept


def differences(session: Session) -> list[str]:
    """Where the kept totals are not what a count of every session gives, a line each; none is an empty list."""
    kept, counted = as_kept(session), count_all(session)
    return [f"{name} of {key}: kept {one.get(key)}, counted {other.get(key)}"
            for name, one, other in (("tally", kept.tallies, counted.tallies),
                                     ("subject", kept.subjects, counted.subjects),
                                     ("last day", kept.latest, counted.latest))
            for key in sorted({*one, *other}, key=str) if one.get(key) != other.get(key)]  # type: ignore[attr-defined]


def rebuild(session: Session) -> None:
    """Throw all totals away and count them anew."""
    one_at_a_time(session)
    for model in (OutreachTally, OutreachSubjectTally, OutreachLatest):
        session.execute(delete(model))
    totals = count_all(session)
    _insert(session, OutreachTally, totals.tallies)
    _insert(session, OutreachSubjectTally, totals.subjects)
    rows = [{"area_id": area_id, "held_on": day} for area_id, day in totals.latest.items()]
    for first in range(0, len(rows), _AT_ONCE):
        session.execute(insert(OutreachLatest), rows[first:first + _AT_ONCE])


def one_at_a_time(session: Session) -> None:
    """From here to the commit only one transaction changes totals: each touches those of the whole city, in
    several rows and months, and two that lock these in another order would stop each other.

    SQLite's writing transactions wait for each other anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _nothing() -> Counts:
    return [0] * len(_COLUMNS)


def _upwards(session: Session, area_ids: set[int] | None) -> dict[int, dict[int, str]]:
    """For each area (all, or these) itself and all above it, as key to path, from below upwards."""
    paths = {row.id: row.path for row in session.execute(
        select(Area.id, Area.path).where(Area.id.in_(area_ids) if area_ids is not None else Area.id.is_not(None)))}
    codes = {code for path in paths.values() for code in path.strip("/").split("/")}
    above: dict[str, tuple[int, str]] = {}
    wanted = sorted(codes)
    for first in range(0, len(wanted), _AT_ONCE):
        above |= {row.code: (row.id, row.path) for row in session.execute(
            select(Area.code, Area.id, Area.path).where(Area.code.in_(wanted[first:first + _AT_ONCE])))}
    return {id_: dict(above[code] for code in reversed(path.strip("/").split("/"))) for id_, path in paths.items()}


def _keyed(model: Any, key: tuple[Any, ...]) -> dict[str, Any]:
    return {column.name: value for column, value in zip(model.__table__.primary_key.columns, key, strict=True)}


def _insert(session: Session, model: Any, rows: Mapping[Any, Counts]) -> None:
    filled = [{**_keyed(model, key), **dict(zip(_COLUMNS, counts, strict=True))} for key, counts in rows.items()]
    for first in range(0, len(filled), _AT_ONCE):
        session.execute(insert(model), filled[first:first + _AT_ONCE])


def _add(session: Session, model: Any, changes: Mapping[Any, Counts]) -> None:
    """Add to rows of totals, those that are missing made first."""
    changed = {key: counts for key, counts in changes.items() if any(counts)}
    if not changed:
        return
    insert_missing(session, model, [{**_keyed(model, key), **dict.fromkeys(_COLUMNS, 0)} for key in changed])
    table = model.__table__
    more = {name: table.c[name] + bindparam(f"more_{name}") for name in _COLUMNS}
    here = [column == bindparam(f"key_{column.name}") for column in table.primary_key.columns]
    session.connection().execute(update(table).where(*here).values(more), [
        {f"key_{name}": value for name, value in _keyed(model, key).items()}
        | {f"more_{name}": number for name, number in zip(_COLUMNS, counts, strict=True)}
        for key, counts in changed.items()])


def _seen(session: Session, latest: Mapping[int, date]) -> None:
    if not latest:
        return
    insert_missing(session, OutreachLatest, [{"area_id": id_, "held_on": day} for id_, day in latest.items()])
    for id_, day in latest.items():
        session.execute(
            update(OutreachLatest).where(OutreachLatest.area_id == id_, OutreachLatest.held_on < day)
            .values(held_on=day), execution_options={"synchronize_session": False})


def _forget(session: Session, left: Mapping[int, str]) -> None:
    """Sessions went from these areas: look for the last one of each anew, from below upwards.

    An area's last one is its own, or that of an area that hangs on it: a few looks into an index, however
    many sessions there are.
    """
    for id_ in sorted(left, key=lambda id_: -len(left[id_].split("/"))):
        own = select(func.max(Outreach.held_on)).where(Outreach.area_id == id_)
        under = (select(func.max(OutreachLatest.held_on)).join(Area, Area.id == OutreachLatest.area_id)
                 .where(Area.parent_id == id_))
        last = max((day for day in (session.scalar(own), session.scalar(under)) if day), default=None)
        if last is None:
            session.execute(delete(OutreachLatest).where(OutreachLatest.area_id == id_))
        else:
            session.execute(update(OutreachLatest).where(OutreachLatest.area_id == id_).values(held_on=last),
                            execution_options={"synchronize_session": False})
