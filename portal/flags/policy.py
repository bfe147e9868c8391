"""Who may see which flags, and who may do what. No HTTP, no query is run here.

What a viewer may know of follows from the keys she holds: without a grant of a flag's key it does not
exist for her, in no list, count, search or address.
"""

from sqlalchemy import ColumnElement, and_, false

from portal.accounts import queries as accounts
from portal.accounts.viewer import Viewer
from portal.base.settings import ServerKeys
from portal.flags import sealed
from portal.flags.models import Flag


def may_send(viewer: Viewer) -> bool:
    """Cadres and school focal points pass on concerns."""
    return viewer.in_field


def may_work(viewer: Viewer) -> bool:
    """The unit works on them."""
    return viewer.in_unit


def visible_to(viewer: Viewer, keys: ServerKeys) -> ColumnElement[bool]:
    """The rows this viewer may know exist; every query on flags starts from it."""
    if viewer.in_field:
        own = Flag.reporter_tag == sealed.reporter_tag(keys, viewer.account_id)
        return and_(own, Flag.received_at >= viewer.quiet_since) if viewer.quiet_since else own
    if viewer.in_unit:
        return and_(Flag.unit_id == viewer.unit_id, Flag.key_id.in_(accounts.keys_held_by(viewer)))
    return false()
