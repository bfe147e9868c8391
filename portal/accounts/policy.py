"""Who may do what with accounts and keys. No HTTP, no query is run here."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, or_, select, true

from portal.accounts.models import Account, PendingChange, Unit
from portal.accounts.roles import FIELD, STAFF, UNIT, Role
from portal.accounts.viewer import Viewer
from portal.areas.queries import below

POWERFUL = frozenset({Role.HEAD, Role.ADMIN})
"""Roles that nobody gives or takes alone."""

_MAKES = {Role.COORDINATOR: FIELD, Role.ADMIN: frozenset(Role)}
_AGREES = frozenset({Role.COORDINATOR, Role.HEAD, Role.ADMIN})


def anyone(_viewer: Viewer) -> bool:
    """Every signed-in person."""
    return True


def signs_in_by_card(role: Role) -> bool:
    """A printed card is for the field; staff have a second factor of their own."""
    return role in FIELD


def signs_in_in_field(viewer: Viewer) -> bool:
    """Cadres and counsellors: a PIN, with a phone's key or a card."""
    return viewer.in_field


def may_look_after_people(viewer: Viewer) -> bool:
    """The administrator, and coordinators for the cadres and counsellors below them (rulings 3)."""
    return viewer.role in _MAKES


def may_change_roles(viewer: Viewer) -> bool:
    """Roles are the administrator's, who for that never sees a concern."""
    return viewer.role is Role.ADMIN


def may_agree_to_changes(viewer: Viewer) -> bool:
    """Who can be the second person for a recovery or a role."""
    return viewer.role in _AGREES


def may_grant_keys(viewer: Viewer) -> bool:
    """Only the head hands on the unit's keys, and only those she holds (`sealed.grant`)."""
    return viewer.role is Role.HEAD


def roles_made_by(viewer: Viewer) -> frozenset[Role]:
    """The roles for which this person may make accounts."""
    return _MAKES.get(viewer.role, frozenset())


def looked_after_by(viewer: Viewer) -> ColumnElement[bool]:
    """The accounts this person may know of, in a query that joins `Area`: for a coordinator those in the
    field below her place; never the staff, never a neighbour's."""
    if viewer.role is Role.ADMIN:
        return true()
    if viewer.role is Role.COORDINATOR:
        return and_(Account.role.in_(FIELD), below(viewer.area_path))
    return false()


def agreed_by(viewer: Viewer) -> ColumnElement[bool]:
    """The changes to which this person may be the second, in a query of `PendingChange` that joins `Account` and
    its `Area`. Both count, what the account is and what it would become: where power comes or goes, a coordinator
    has no say, and of the heads only one of the unit concerned."""
    if viewer.role is Role.HEAD:
        at_office = or_(Account.role.in_(STAFF), PendingChange.role.in_(STAFF))
        of_no_unit = and_(Account.role.not_in(UNIT), PendingChange.role.not_in(UNIT))
        return and_(at_office, or_(of_no_unit, _unit_concerned() == viewer.unit_id))
    if viewer.role is Role.COORDINATOR:
        return and_(looked_after_by(viewer), PendingChange.role.not_in(POWERFUL))
    return looked_after_by(viewer)


def _unit_concerned() -> ColumnElement[UUID | None]:
    """Whose head has a say: the unit that would get a head; else the one that somebody leaves or is of; else the one
    that she would come to."""
    coming = select(Unit.id).where(Unit.area_id == PendingChange.area_id).scalar_subquery()
    return case((PendingChange.role == Role.HEAD, coming), (Account.role.in_(UNIT), Account.unit_id), else_=coming)


def may_agree(viewer: Viewer, *, asked_by: UUID, about: UUID) -> bool:
    """A second person is neither who asked nor whom it is about."""
    return viewer.account_id not in {asked_by, about}
