"""What casework offers a person for a concern. No HTTP, no query is run here."""

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.flags import life
from portal.flags.commands import facts_of
from portal.flags.life import Move, Status
from portal.flags.models import Flag

OWN = (Move.SERVE, Move.REFER, Move.HEAR_BACK, Move.PAUSE, Move.RECORD, Move.BREAK_GLASS, Move.REVIEW_BREAK_GLASS,
       Move.MERGE, Move.UNMERGE, Move.HAND_OVER, Move.PROPOSE, Move.CONFIRM, Move.DECLINE, Move.TAKE_BACK,
       Move.CLOSE_WITH, Move.HOLD, Move.RELEASE, Move.ASK_TO_DELETE, Move.SPARE)
"""The moves that have their pages here, in the order of the work; the others are the sheet's."""


def may_hold(viewer: Viewer) -> bool:
    """Only the head keeps a concern from being forgotten, and lets it go again."""
    return viewer.role is Role.HEAD


def offered(flag: Flag, viewer: Viewer) -> list[Move]:
    """The moves that the table allows this person now, of those that casework has a page for."""
    allowed = life.open_moves(Status(flag.status), viewer.role, facts_of(flag))
    return [move for move in (Move.ASSESS, *OWN) if move in allowed]
