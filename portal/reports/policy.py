"""Who may read what. No HTTP, no query is run here."""

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer


def may_read_trail(viewer: Viewer) -> bool:
    """The trail is for the head of the unit; her reading of it stands in it."""
    return viewer.role is Role.HEAD


def may_see_coverage(viewer: Viewer) -> bool:
    """Who steers where sessions are held. It says nothing of concerns."""
    return viewer.role in {Role.LEADERSHIP, Role.HEAD, Role.OFFICER, Role.COORDINATOR}
