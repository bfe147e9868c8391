"""Reading the trail, which is itself an act that leaves one. No content stands in it, only who did what.

What cadres did is left out: nothing may tell who passed on a concern, or when she was at her phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, not_, or_, select, true
from sqlalchemy.orm import Session

from portal.accounts.models import Account, Unit
from portal.accounts.queries import began_in_unit, beside_units_at, ever_of_unit, of_unit_at
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.areas.queries import below
from portal.audit.log import record
from portal.audit.models import AuditCheck, AuditEntry
from portal.audit.verification import last_result
from portal.base.db import as_uuid
from portal.base.settings import ServerKeys
from portal.flags.models import Flag
from portal.flags.policy import ever_stepped_aside, holds_conflicts, kept_from, visible_to

PAGE = 50
_OF_MANY = ("flags.summaries_opened", "key.moved")
"""Acts on several concerns at once. Those on conflicts of interest have rows of their own (reason `conflict`)."""

_OF_NOTHING_KEPT = ("flag.opened", "coverage.exported", "outreach.imported", "outreach.import_undone",
                    "purge.sessions", "purge.photos", "purge.accounts")
"""Acts whose amount counts nothing that could be kept from a reader who sees the act. Of every other, a number that
grows by one could tell her of a concern."""

_OF_ONE_UNIT = ("purge.early", "purge.erased")
"""Acts of the machine by which the head of another unit could learn that there was a concern: one was deleted early,
and that day the files were written anew. Her own unit's head reads who proposed it and who agreed."""


@dataclass(frozen=True)
class Act:
    """A line of the trail. `who` is "" for the server's command line; `code` is a concern's, `person` a
    colleague's name, each only where the reader may know of it; `amount` is 0 where it may count what she must not
    know of."""

    at: datetime
    who: str
    action: str
    code: str
    person: str
    reason: str
    amount: int


@dataclass(frozen=True)
class _Sight:
    """How much may be kept from a reader: whether she holds the keys for conflicts, and never stepped aside from
    anything, forgotten or not. It follows from what she knows of herself, never from whether anything is kept from
    her."""

    conflicts: bool
    everything_else: bool


@dataclass(frozen=True)
class Page:
    """A page of the trail, newest first; the next one lies before the entry `before`, if there is one. `checked`
    says when all of it was last looked through, if ever."""

    acts: list[Act]
    before: int | None
    """An entry's running number. It counts what is hidden too: the page shows it to nobody."""

    checked: AuditCheck | None


def read_trail(session: Session, *, viewer: Viewer, keys: ServerKeys, before: int | None = None) -> Page:
    """One page of what the unit's people, the administrators, coordinators and the leadership did. Leaves a
    trace of its own.

    A concern that is kept from the reader is not in it, not even as an act without a code, nor as one more in a
    number: who works on somebody near to her is not hers to watch.

    `before` is the `before` of the page before this; without it, it begins at the newest entry.
    """
    city = session.scalar(
        select(Area.path).join(Unit, Unit.area_id == Area.id).where(Unit.id == viewer.unit_id)) or ""
    hidden = [str(flag_id) for flag_id in session.scalars(kept_from(viewer))]
    sight = _sight(session, viewer)
    query = (select(AuditEntry.id, AuditEntry.at, AuditEntry.actor_id, Account.name, AuditEntry.action,
                    AuditEntry.subject, AuditEntry.reason, AuditEntry.amount)
             .outerjoin(Account, Account.id == AuditEntry.actor_id)
             .where(_of_the_unit(session, viewer, city), AuditEntry.subject.not_in(hidden), _told_to(sight))
             .order_by(AuditEntry.id.desc()).limit(PAGE + 1))
    rows = session.execute(query if before is None else query.where(AuditEntry.id < before)).all()
    shown = rows[:PAGE]
    record(session, "trail.read", "trail", by=viewer.account_id, amount=len(shown))
    return Page(_acts(session, shown, viewer, keys, city, sight), shown[-1].id if len(rows) > PAGE else None,
                last_result(session))


def _sight(session: Session, viewer: Viewer) -> _Sight:
    return _Sight(*session.execute(select(holds_conflicts(viewer), not_(ever_stepped_aside(viewer)))).one())


def _told_to(sight: _Sight) -> ColumnElement[bool]:
    """Also that concerns went whose time was over: they may all be of those that she must not know of."""
    on_conflicts = and_(AuditEntry.action.in_(_OF_MANY), AuditEntry.reason == "conflict")
    old = AuditEntry.action == "purge.concerns"
    return and_(true() if sight.conflicts else not_(on_conflicts),
                true() if sight.conflicts and sight.everything_else else not_(old))


def _of_the_unit(session: Session, viewer: Viewer, city: str) -> ColumnElement[bool]:
    """Acts of who was of the unit's own people when she did them, of those who then looked after people and numbers
    in its city, and its accounts made at the server; and what was done for all: forgetting, ending sign-ins.
    Nobody in the field is an actor in the trail."""
    actor, at = AuditEntry.actor_id, AuditEntry.at
    own = began_in_unit(session, viewer)
    at_the_server = and_(actor.is_(None), AuditEntry.action.startswith("account."),
                         AuditEntry.subject.in_([str(account_id) for account_id in own]))
    for_all = and_(actor.is_(None), AuditEntry.action.not_in(_OF_ONE_UNIT),
                   or_(AuditEntry.action.startswith("purge."), AuditEntry.action == "account.all_out"))
    return or_(of_unit_at(viewer, actor, at), beside_units_at(city, actor, at), at_the_server, for_all)


def _acts(session: Session, rows: Sequence[Row[Any]], viewer: Viewer, keys: ServerKeys, city: str, sight: _Sight
          ) -> list[Act]:
    subjects = {row.id: _thing(row.subject) for row in rows}
    wanted = {subject for subject in subjects.values() if subject}
    codes = {row.id: row.code for row in session.execute(
        select(Flag.id, Flag.code).where(Flag.id.in_(wanted), visible_to(viewer, keys)))}
    people = {row.id: row.name for row in session.execute(
        select(Account.id, Account.name).outerjoin(Area, Area.id == Account.area_id)
        .where(Account.id.in_(wanted), or_(Account.id.in_(ever_of_unit(viewer)), below(city))))}
    return [
        Act(row.at, row.name or "", row.action, codes.get(subjects[row.id], ""), people.get(subjects[row.id], ""),
            row.reason, row.amount if _may_know_how_many(row, viewer, sight) else 0)
        for row in rows
    ]


def _may_know_how_many(row: Row[Any], viewer: Viewer, sight: _Sight) -> bool:
    """Whether an act's amount counts nothing that could be kept from its reader. What she did herself, she knows."""
    if row.actor_id == viewer.account_id or row.action in _OF_NOTHING_KEPT:
        return True
    of_ordinary_ones = row.action in _OF_MANY and row.reason == "unit"
    return sight.everything_else and (sight.conflicts or of_ordinary_ones)


def _thing(subject: str) -> UUID | None:
    """What an entry is about: a concern, a person, or the person to whom a key was handed (`key>person`)."""
    return as_uuid(subject.rpartition(">")[2])
