"""Who may do what with accounts and keys. No HTTP, no query is run here."""

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer


def anyone(_viewer: Viewer) -> bool:
    """Every signed-in person."""
    return True


def may_manage_accounts(viewer: Viewer) -> bool:
    """Accounts are the administrator's, who for that never sees a concern."""
    return viewer.role is Role.ADMIN


def may_grant_keys(viewer: Viewer) -> bool:
    """Only the head hands on the unit's keys, and only those she holds (`sealed.grant`)."""
    return viewer.role is Role.HEAD
