"""Who may log sessions, see them and correct them. No HTTP, no query is run here."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, false

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.areas.queries import below
from portal.outreach.models import Outreach

CORRECTABLE = timedelta(days=7)
"""How long after logging it a person may correct her own session."""


def may_log(viewer: Viewer) -> bool:
    """Cadres and school focal points log what they held."""
    return viewer.in_field


def may_see_sessions(viewer: Viewer) -> bool:
    """Who looks at the sessions of an area."""
    return viewer.in_field or viewer.role in {Role.COORDINATOR, Role.LEADERSHIP}


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The areas whose sessions this viewer may know of: her own and what lies under it."""
    return below(viewer.area_path) if may_see_sessions(viewer) else false()


def own(viewer: Viewer) -> ColumnElement[bool]:
    """The sessions she logged herself, wherever: also one at a school of her kelurahan, beside her RW."""
    return Outreach.logged_by_id == viewer.account_id if may_log(viewer) else false()


def may_correct(viewer: Viewer, outreach: Outreach, today: date) -> bool:
    """Whether she may correct this session, which is visible to her: her own for seven days after logging
    it, and a coordinator at any time (rulings 3)."""
    if viewer.role is Role.COORDINATOR:
        return True
    return is_own(viewer, outreach) and today - outreach.logged_on <= CORRECTABLE


def may_see_photos(viewer: Viewer, outreach: Outreach) -> bool:
    """Whether she may look at the photos of a session that is visible to her: her own, and those who answer for the
    area. A neighbour cadre sees the session, not who stood in the picture."""
    return viewer.role in {Role.COORDINATOR, Role.LEADERSHIP} or is_own(viewer, outreach)


def is_own(viewer: Viewer, outreach: Outreach) -> bool:
    """Whether she logged this session."""
    return outreach.logged_by_id == viewer.account_id
