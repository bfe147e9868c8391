"""Logging and correcting sessions. The running totals change in the same transaction. None commits.

A cadre's logging is not written to the trail: its time beside a concern's would say who sent that one.
The row itself says who logged it, to the day.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area
from portal.audit import once as done_once
from portal.base.db import insert_missing, new_id
from portal.base.errors import NotVisible, Refused, Stale
from portal.outreach.models import HEADS, Outreach, OutreachCorrection, OutreachLatest, OutreachTally, OutreachTopic
from portal.outreach.policy import may_correct, may_log

_TOTALS = 0x6F757472  # the number of PostgreSQL's lock for the totals; any that nothing else uses


@dataclass(frozen=True)
class Held:
    """What a session was: where, when, about what, for whom, and how many came by sex and age band."""

    area_id: int
    held_on: date
    topics: tuple[str, ...]
    girls: int = 0
    boys: int = 0
    women: int = 0
    men: int = 0
    older_women: int = 0
    older_men: int = 0
    audiences: tuple[str, ...] = ()
    note: str = ""

    @property
    def attendance(self) -> int:
        """How many came, all together."""
        return sum(getattr(self, heads) for heads in HEADS)


def log_session(session: Session, held: Held, *, by: Viewer, once: str, body: str, today: date) -> UUID:
    """Keep a session; returns its key. The same form sent again gives the first one's.

    `today` is the day in the city. Raises `Refused` when the one-use key comes back with other answers, or
    this person logs no sessions.
    """
    before = done_once.outcome_of(session, once, body)
    if before is not None:
        return UUID(before)
    if not may_log(by):
        raise Refused("this role logs no sessions")
    outreach = Outreach(id=new_id(), logged_by_id=by.account_id, logged_on=today)
    _set(outreach, held)
    session.add(outreach)
    session.flush()
    _count(session, areas.get_area(session, held.area_id), held.held_on, sessions=1, attendance=held.attendance)
    done_once.remember(session, once, body, str(outreach.id))
    return outreach.id


def correct_session(session: Session, outreach: Outreach, held: Held, *, by: Viewer, version: int,
                    today: date, once: str, body: str) -> None:
    """Change a session, keeping what it said before. The same form sent again changes nothing more, and one
    that says what stands already changes nothing at all.

    Raises `NotVisible` when this person may not, or no longer; `Stale` when `version` is not the one that
    the page showed.
    """
    if done_once.outcome_of(session, once, body) is not None:
        return
    if not may_correct(by, outreach, today):
        raise NotVisible
    if version != outreach.version:
        raise Stale("the page showed an older version")
    was = _held(outreach)
    if was == held:
        return
    session.add(OutreachCorrection(outreach_id=outreach.id, corrected_on=today, by_id=by.account_id,
                                   before={**asdict(was), "held_on": was.held_on.isoformat()}))
    _set(outreach, held)
    session.flush()
    _count(session, areas.get_area(session, was.area_id), was.held_on, sessions=-1, attendance=-was.attendance)
    _count(session, areas.get_area(session, held.area_id), held.held_on, sessions=1, attendance=held.attendance)
    done_once.remember(session, once, body, str(outreach.id))


def rebuild_totals(session: Session) -> None:
    """Count all totals anew from the sessions themselves: what the running ones must equal."""
    _one_at_a_time(session)
    session.execute(delete(OutreachTally))
    session.execute(delete(OutreachLatest))
    keys, paths = {}, {}
    for id_, code, path in session.execute(select(Area.id, Area.code, Area.path)):
        keys[code], paths[id_] = id_, path
    heads: Any = sum((getattr(Outreach, name) for name in HEADS[1:]), getattr(Outreach, HEADS[0]))
    tallies: dict[tuple[int, date], list[int]] = defaultdict(lambda: [0, 0])
    latest: dict[int, date] = {}
    for area_id, held_on, sessions, attendance in session.execute(
            select(Outreach.area_id, Outreach.held_on, func.count(), func.sum(heads))
            .group_by(Outreach.area_id, Outreach.held_on)):
        for id_ in (keys[code] for code in paths[area_id].strip("/").split("/")):
            tally = tallies[id_, held_on.replace(day=1)]
            tally[0] += sessions
            tally[1] += attendance
            latest[id_] = max(held_on, latest.get(id_, held_on))
    if tallies:
        session.execute(insert(OutreachTally), [
            {"area_id": id_, "month": month, "sessions": tally[0], "attendance": tally[1]}
            for (id_, month), tally in tallies.items()])
        session.execute(insert(OutreachLatest), [{"area_id": id_, "held_on": day} for id_, day in latest.items()])


def _set(outreach: Outreach, held: Held) -> None:
    outreach.area_id, outreach.held_on, outreach.note = held.area_id, held.held_on, held.note
    outreach.audiences = list(held.audiences)
    for heads in HEADS:
        setattr(outreach, heads, getattr(held, heads))
    kept = {topic.topic: topic for topic in outreach.topics}
    outreach.topics = [kept.get(code) or OutreachTopic(topic=code) for code in dict.fromkeys(held.topics)]
    for topic in outreach.topics:
        topic.area_id = held.area_id


def _held(outreach: Outreach) -> Held:
    return Held(outreach.area_id, outreach.held_on, tuple(sorted(topic.topic for topic in outreach.topics)),
                **{heads: getattr(outreach, heads) for heads in HEADS}, audiences=tuple(outreach.audiences),
                note=outreach.note)


def _count(session: Session, area: Area, held_on: date, *, sessions: int, attendance: int) -> None:
    """Add to the totals of an area and all above it. The database adds, so that two at once lose nothing."""
    _one_at_a_time(session)
    month = held_on.replace(day=1)
    upwards = [area.id, *(above.id for above in reversed(areas.ancestors(session, area)))]
    insert_missing(session, OutreachTally, [
        {"area_id": id_, "month": month, "sessions": 0, "attendance": 0} for id_ in upwards])
    session.execute(
        update(OutreachTally).where(OutreachTally.area_id.in_(upwards), OutreachTally.month == month)
        .values(sessions=OutreachTally.sessions + sessions, attendance=OutreachTally.attendance + attendance),
        execution_options={"synchronize_session": False})
    if sessions > 0:
        _seen(session, upwards, held_on)
    else:
        _forget(session, upwards, held_on)


def _one_at_a_time(session: Session) -> None:
    """From here to the commit only one transaction changes totals: each touches those of the whole city, in
    several rows and months, and two that lock these in another order would stop each other.

    SQLite's writing transactions wait for each other anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_TOTALS)))


def _seen(session: Session, upwards: list[int], held_on: date) -> None:
    insert_missing(session, OutreachLatest, [{"area_id": id_, "held_on": held_on} for id_ in upwards])
    session.execute(
        update(OutreachLatest).where(OutreachLatest.area_id.in_(upwards), OutreachLatest.held_on < held_on)
        .values(held_on=held_on), execution_options={"synchronize_session": False})


def _forget(session: Session, upwards: list[int], held_on: date) -> None:
    """A session was moved away: where it was the last one, look for the one before, from below upwards.

    An area's last one is its own, or that of an area that hangs on it: a few looks into an index, however
    many sessions there are.
    """
    was_last = set(session.scalars(select(OutreachLatest.area_id).where(
        OutreachLatest.area_id.in_(upwards), OutreachLatest.held_on == held_on)))
    for id_ in (id_ for id_ in upwards if id_ in was_last):
        own = select(func.max(Outreach.held_on)).where(Outreach.area_id == id_)
        under = (select(func.max(OutreachLatest.held_on)).join(Area, Area.id == OutreachLatest.area_id)
                 .where(Area.parent_id == id_))
        last = max((day for day in (session.scalar(own), session.scalar(under)) if day), default=None)
        if last is None:
            session.execute(delete(OutreachLatest).where(OutreachLatest.area_id == id_))
        else:
            session.execute(update(OutreachLatest).where(OutreachLatest.area_id == id_).values(held_on=last),
                            execution_options={"synchronize_session": False})
