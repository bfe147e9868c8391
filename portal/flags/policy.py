"""Who may see which flags, and who may do what. No HTTP, no query is run here.

What a viewer may know of follows from the keys she holds: without a grant of a flag's key it does not
exist for her, in no list, count, search or address. Nor does one that she has stepped aside from.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, exists, false, or_, select

from portal.accounts import queries as accounts
from portal.accounts.models import Account, SealingKey
from portal.accounts.roles import UNIT
from portal.accounts.viewer import Viewer
from portal.base.settings import ServerKeys
from portal.flags import sealed
from portal.flags.models import Exclusion, Flag, Withheld


def may_send(viewer: Viewer) -> bool:
    """Cadres and school focal points pass on concerns."""
    return viewer.in_field


def may_work(viewer: Viewer) -> bool:
    """The unit works on them."""
    return viewer.in_unit


def visible_to(viewer: Viewer, keys: ServerKeys) -> ColumnElement[bool]:
    """The rows this viewer may know exist; every query on flags starts from it."""
    if viewer.in_field:
        own = Flag.reporter_tag.in_(sealed.reporter_tags(keys, viewer.account_id))
        return and_(own, Flag.received_at >= viewer.quiet_since) if viewer.quiet_since else own
    if viewer.in_unit:
        return and_(Flag.unit_id == viewer.unit_id, Flag.key_id.in_(accounts.keys_held_by(viewer)),
                    Flag.id.not_in(stepped_aside_from(viewer)))
    return false()


def without_officer(viewer: Viewer) -> ColumnElement[bool]:
    """The rows on which nobody works: no officer has them, or the one who had them is not of the unit any more."""
    here = select(Account.id).where(Account.unit_id == viewer.unit_id, Account.role.in_(UNIT), Account.active)
    return or_(Flag.assignee_id.is_(None), Flag.assignee_id.not_in(here))


def is_its_officer() -> ColumnElement[bool]:
    """Joins to a concern the account of who has it. Who has left the unit has nothing any more: what was hers reads
    as nobody's."""
    return and_(Account.id == Flag.assignee_id, Account.active, Account.unit_id == Flag.unit_id)


def stepped_aside_from(viewer: Viewer) -> Select[tuple[UUID]]:
    """The ids of the concerns that this officer must not know of, because she has to do with somebody in them."""
    return select(Exclusion.flag_id).where(Exclusion.account_id == viewer.account_id)


def ever_stepped_aside(viewer: Viewer) -> ColumnElement[bool]:
    """Whether there is or was a concern that this officer must not know of, because of somebody in it."""
    return or_(exists(stepped_aside_from(viewer)), exists().where(Withheld.kept_from == viewer.account_id))


def holds_conflicts(viewer: Viewer) -> ColumnElement[bool]:
    """Whether this member of the unit was granted every key under which conflicts of interest of her unit lie."""
    return ~exists().where(SealingKey.unit_id == viewer.unit_id, SealingKey.kind == "conflict",
                           SealingKey.retired_at.is_(None), SealingKey.id.not_in(accounts.keys_held_by(viewer)))


def known_to_the_whole_unit() -> ColumnElement[bool]:
    """The rows of which each member of the unit may know: no conflicts of interest, none from which one of them
    stepped aside. A number that reaches all of them counts these alone."""
    ordinary = select(SealingKey.id).where(SealingKey.kind == "unit")
    return and_(Flag.key_id.in_(ordinary), Flag.id.not_in(select(Exclusion.flag_id)))


def kept_from(viewer: Viewer) -> CompoundSelect[tuple[UUID]]:
    """The ids of the concerns that do not exist for this member of the unit, not even in what others did with them:
    those she stepped aside from, and conflicts of interest to whose key she has no grant; forgotten ones too."""
    conflicts = select(SealingKey.id).where(SealingKey.kind == "conflict",
                                            SealingKey.id.not_in(accounts.keys_held_by(viewer)))
    kept = select(Flag.id).where(or_(Flag.key_id.in_(conflicts), Flag.id.in_(stepped_aside_from(viewer))))
    return kept.union_all(select(Withheld.flag_id).where(
        or_(Withheld.kept_from == viewer.account_id, Withheld.kept_from.in_(conflicts))))
