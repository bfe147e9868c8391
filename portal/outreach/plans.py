"""Sessions that are meant to be held: planned by a coordinator, held by a cadre or school. None commits."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.roles import FIELD, Role
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.areas.queries import Place, below
from portal.audit import once as done_once
from portal.base.db import new_id
from portal.base.errors import NotVisible, Refused
from portal.outreach.models import OutreachPlan

MOST_SHOWN = 50


@dataclass(frozen=True)
class Planned:
    """What is meant to be: where, when, about what, at which spot, and who holds it (None: whoever is there)."""

    area_id: int
    planned_for: date
    topic: str
    spot: str = ""
    for_id: UUID | None = None


@dataclass(frozen=True)
class PlanRow:
    """A plan in a list. `late` counts the days since it should have been held."""

    id: UUID
    planned_for: date
    place: Place
    topic: str
    spot: str
    who: str
    late: int


@dataclass(frozen=True)
class Helper:
    """Somebody who may be asked to hold a session."""

    id: UUID
    name: str
    area: str


def may_plan(viewer: Viewer) -> bool:
    """Coordinators plan; what they plan, others hold."""
    return viewer.role is Role.COORDINATOR


def visible_plans(viewer: Viewer) -> ColumnElement[bool]:
    """The plans a viewer may know of: those of her area for who answers for it; for who holds sessions, hers and
    those of her place that are nobody's in particular."""
    area = OutreachPlan.area_id.in_(select(Area.id).where(below(viewer.area_path)))
    if viewer.role in {Role.COORDINATOR, Role.LEADERSHIP}:
        return area
    if viewer.in_field:
        return or_(OutreachPlan.for_id == viewer.account_id, and_(OutreachPlan.for_id.is_(None), area))
    return false()


def make_plan(session: Session, planned: Planned, *, by: Viewer, today: date, once: str, body: str) -> UUID:
    """Keep a plan; returns its key. The same form sent again gives the first one's.

    Raises `NotVisible` for a place or person outside the coordinator's area.
    """
    before = done_once.outcome_of(session, once, body)
    if before is not None:
        return UUID(before)
    place = areas.get_area(session, planned.area_id)
    asked = {helper.id for helper in helpers(session, viewer=by)}
    if not may_plan(by) or not place.path.startswith(by.area_path or "-") or planned.for_id not in {None, *asked}:
        raise NotVisible
    plan = OutreachPlan(id=new_id(), area_id=place.id, planned_for=planned.planned_for, topic=planned.topic,
                        spot=planned.spot, for_id=planned.for_id, planned_by_id=by.account_id, planned_on=today)
    session.add(plan)
    session.flush()
    done_once.remember(session, once, body, str(plan.id))
    return plan.id


def cancel(session: Session, plan_id: UUID, *, by: Viewer, once: str) -> None:
    """Give a plan up; the same form again does nothing. Raises `NotVisible` when it was given up before, `Refused`
    when it was held meanwhile."""
    if done_once.outcome_of(session, once, "") is not None:
        return
    plan = get_plan(session, plan_id, viewer=by)
    if not may_plan(by):
        raise NotVisible
    if plan.outreach_id is not None:
        raise Refused("this plan was held meanwhile")
    plan.cancelled = True
    done_once.remember(session, once, "", "given up")


def held_as(session: Session, plan_id: UUID, outreach_id: UUID, *, by: Viewer) -> None:
    """A session came of a plan. One that was held or given up meanwhile stays as it is: the session counts anyway.

    One statement, so that whoever changes the plan at the same instant cannot undo the logging.
    """
    session.execute(
        update(OutreachPlan)
        .where(OutreachPlan.id == plan_id, visible_plans(by), OutreachPlan.outreach_id.is_(None),
               OutreachPlan.cancelled.is_(False))
        .values(outreach_id=outreach_id, version=OutreachPlan.version + 1),
        execution_options={"synchronize_session": False})


def get_plan(session: Session, plan_id: UUID, *, viewer: Viewer) -> OutreachPlan:
    """A plan that was not given up. Raises `NotVisible` when it is absent or not for this viewer."""
    plan = session.scalar(select(OutreachPlan).where(OutreachPlan.id == plan_id, visible_plans(viewer),
                                                     OutreachPlan.cancelled.is_(False)))
    if plan is None:
        raise NotVisible
    return plan


def open_plans(session: Session, *, viewer: Viewer, today: date) -> list[PlanRow]:
    """The plans that still wait, the longest overdue first."""
    found = session.execute(
        select(OutreachPlan.id, OutreachPlan.planned_for, OutreachPlan.area_id, OutreachPlan.topic, OutreachPlan.spot,
               Account.name)
        .outerjoin(Account, Account.id == OutreachPlan.for_id)
        .where(visible_plans(viewer), OutreachPlan.outreach_id.is_(None), OutreachPlan.cancelled.is_(False))
        .order_by(OutreachPlan.planned_for, OutreachPlan.id).limit(MOST_SHOWN)).all()
    named = areas.full_names(session, {row.area_id for row in found})
    return [PlanRow(row.id, row.planned_for, named[row.area_id], row.topic, row.spot, row.name or "",
                    max((today - row.planned_for).days, 0)) for row in found]


def helpers(session: Session, *, viewer: Viewer) -> list[Helper]:
    """The cadres and school people of a coordinator's area, by name."""
    found = session.execute(
        select(Account.id, Account.name, Area.name).join(Area, Area.id == Account.area_id)
        .where(Account.role.in_(FIELD), Account.active, below(viewer.area_path)).order_by(Account.name, Account.id))
    return [Helper(*row) for row in found]


def kelurahan(session: Session, *, viewer: Viewer) -> list[areas.AreaRow]:
    """The kelurahan for which she may plan."""
    return areas.children_of(session, areas.get_area(session, viewer.area_id or 0), Level.KELURAHAN)


def places_in(session: Session, code: str, *, viewer: Viewer) -> list[Place]:
    """A kelurahan and its RW and schools. Raises `NotVisible` for one that is not hers."""
    root = next((row for row in kelurahan(session, viewer=viewer) if row.code == code), None)
    if root is None:
        raise NotVisible
    rows = [row for level in (Level.RW, Level.SCHOOL) for row in areas.children_of(session, root, level)]
    named = areas.full_names(session, [root.id, *(row.id for row in rows)])
    return [named[id_] for id_ in (root.id, *(row.id for row in rows))]
