"""What the desk offers a person for a concern. No HTTP, no query is run here."""

from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.casework import policy as casework
from portal.flags import life
from portal.flags.commands import REOPEN_DAYS, facts_of
from portal.flags.life import Move, Status
from portal.flags.models import Flag


def may_assign(viewer: Viewer) -> bool:
    """Giving work to others is for those whom the table of moves names."""
    return viewer.role in life.MOVES[Move.ASSIGN].who


def offered(flag: Flag, viewer: Viewer) -> list[Move]:
    """The acts that the sheet draws: the table's, in the order of the work, without what a command would
    refuse for a reason outside the table (taking what is hers already, reopening too late)."""
    moves = life.open_moves(Status(flag.status), viewer.role, facts_of(flag))
    # opening the sheet is the reading; casework and stepping aside have pages of their own
    idle = {Move.READ, Move.STEP_ASIDE, *casework.OWN}
    if flag.assignee_id == viewer.account_id:
        idle.add(Move.TAKE)
    if flag.closed_at is not None and (now() - flag.closed_at).days >= REOPEN_DAYS:
        idle.add(Move.REOPEN)
    return [move for move in moves if move not in idle]


def missing(flag: Flag, move: Move) -> list[str]:
    """What still has to be done before `move` is open: `read`, `owned`, `assessed`, in this order."""
    rule, facts = life.MOVES[move], facts_of(flag)
    return [*(["read"] if flag.status == Status.NEW else []),
            *(["owned"] if rule.only_owned and not facts.owned else []),
            *(["assessed"] if rule.only_assessed and not facts.assessed else [])]
