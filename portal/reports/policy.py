"""Who may read what. No HTTP, no query is run here."""

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer


def may_read_trail(viewer: Viewer) -> bool:
    """The trail is for the head of the unit; her reading of it stands in it."""
    return viewer.role is Role.HEAD


def may_see_coverage(viewer: Viewer) -> bool:
    """Everybody but administrators, each her own area. It says nothing of concerns."""
    return viewer.role is not Role.ADMIN


def may_take_files(viewer: Viewer) -> bool:
    """Who steers where sessions are held takes files and evidence; each time is written down, with the hour. For a
    cadre there is no such line: her hours must stand nowhere (rulings 6)."""
    return may_see_coverage(viewer) and not viewer.in_field
