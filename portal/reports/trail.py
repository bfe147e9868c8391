"""Reading the trail, which is itself an act that leaves one. No content stands in it, only who did what.

What cadres did is left out: nothing may tell who passed on a concern, or when she was at her phone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Account, Unit
from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.areas.queries import below
from portal.audit.log import record
from portal.audit.models import AuditCheck, AuditEntry
from portal.audit.verification import last_result
from portal.base.db import as_uuid
from portal.base.settings import ServerKeys
from portal.flags.models import Flag
from portal.flags.policy import kept_from, visible_to

PAGE = 50
_FURTHEST = 2**62


@dataclass(frozen=True)
class Act:
    """A line of the trail. `who` is "" for the server's command line; `code` is a concern's, `person` a
    colleague's name, each only where the reader may know of it."""

    at: datetime
    who: str
    action: str
    code: str
    person: str
    reason: str
    amount: int


@dataclass(frozen=True)
class Page:
    """A page of the trail, newest first; the next one lies before the entry `before`, if there is one. `checked`
    says when all of it was last looked through, if ever."""

    acts: list[Act]
    before: int | None
    checked: AuditCheck | None


def read_trail(session: Session, *, viewer: Viewer, keys: ServerKeys, before: str = "") -> Page:
    """One page of what the unit's people, the administrators, coordinators and the leadership did. Leaves a
    trace of its own.

    A concern that is kept from the reader is not in it, not even as an act without a code: who works on somebody
    near to her is not hers to watch.

    `before` is the `before` of the page before this; anything else begins at the newest entry.
    """
    city = session.scalar(
        select(Area.path).join(Unit, Unit.area_id == Area.id).where(Unit.id == viewer.unit_id)) or ""
    hidden = [str(flag_id) for flag_id in session.scalars(kept_from(viewer))]
    query = (select(AuditEntry.id, AuditEntry.at, AuditEntry.actor_id, Account.name, AuditEntry.action,
                    AuditEntry.subject, AuditEntry.reason, AuditEntry.amount)
             .outerjoin(Account, Account.id == AuditEntry.actor_id)
             .where(_of_the_unit(session, viewer, city), AuditEntry.subject.not_in(hidden))
             .order_by(AuditEntry.id.desc()).limit(PAGE + 1))
    if before.isascii() and before.isdigit() and 0 < int(before[:20]) < _FURTHEST:
        query = query.where(AuditEntry.id < int(before[:20]))
    rows = session.execute(query).all()
    shown = rows[:PAGE]
    record(session, "trail.read", "trail", by=viewer.account_id, amount=len(shown))
    return Page(_acts(session, shown, viewer, keys, city), shown[-1].id if len(rows) > PAGE else None,
                last_result(session))


def _of_the_unit(session: Session, viewer: Viewer, city: str) -> ColumnElement[bool]:
    """Acts of the unit's own people, of those who look after people and numbers in its city, and its accounts
    made at the server; and what was forgotten because its time was over. Nobody in the field is an actor in the
    trail."""
    own = session.scalars(select(Account.id).where(Account.unit_id == viewer.unit_id)).all()
    others = select(Account.id).outerjoin(Area, Area.id == Account.area_id).where(
        Account.role.in_({Role.ADMIN, Role.COORDINATOR, Role.LEADERSHIP}),
        or_(Account.area_id.is_(None), below(city)))
    at_the_server = and_(AuditEntry.actor_id.is_(None), AuditEntry.action.startswith("account."),
                         AuditEntry.subject.in_([str(account_id) for account_id in own]))
    forgotten = and_(AuditEntry.actor_id.is_(None), AuditEntry.action.startswith("purge."))
    return or_(AuditEntry.actor_id.in_(own), AuditEntry.actor_id.in_(others), at_the_server, forgotten)


def _acts(session: Session, rows: list[Row[Any]], viewer: Viewer, keys: ServerKeys, city: str) -> list[Act]:
    subjects = {row.id: _thing(row.subject) for row in rows}
    wanted = {subject for subject in subjects.values() if subject}
    codes = {row.id: row.code for row in session.execute(
        select(Flag.id, Flag.code).where(Flag.id.in_(wanted), visible_to(viewer, keys)))}
    people = {row.id: row.name for row in session.execute(
        select(Account.id, Account.name).outerjoin(Area, Area.id == Account.area_id)
        .where(Account.id.in_(wanted), or_(Account.unit_id == viewer.unit_id, below(city))))}
    return [
        Act(row.at, row.name or "", row.action, codes.get(subjects[row.id], ""), people.get(subjects[row.id], ""),
            row.reason, row.amount)
        for row in rows
    ]


def _thing(subject: str) -> UUID | None:
    """What an entry is about: a concern, a person, or the person to whom a key was handed (`key>person`)."""
    return as_uuid(subject.rpartition(">")[2])
