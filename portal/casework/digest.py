"""What waits longer than it should, without saying what: for a page that names it one by one, and for a number
in a neutral message."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import now
from portal.base.settings import ServerKeys
from portal.casework.models import BreakGlass, Proposal
from portal.casework.proposals import standing
from portal.flags.deadlines import TimeLeft, time_left
from portal.flags.life import OPEN, RISK_OF, Risk
from portal.flags.models import Flag
from portal.flags.policy import is_its_officer, known_to_the_whole_unit, visible_to

MOST = 50
"""A page names no more than these; nobody reads further on a bad day."""


@dataclass(frozen=True)
class LateRow:
    """A concern whose deadline has passed: nothing that was sealed."""

    code: str
    kelurahan: str
    owner: str
    due_at: datetime
    left: TimeLeft
    risk: Risk


def late(session: Session, *, viewer: Viewer, keys: ServerKeys) -> list[LateRow]:
    """The concerns past their deadline that the viewer may know of, the most urgent first."""
    rows = session.execute(
        select(Flag.code, Area.name.label("kelurahan"), Account.name.label("owner"), Flag.due_at, Flag.rank)
        .join(Area, Area.id == Flag.kelurahan_id).outerjoin(Account, is_its_officer())
        .where(visible_to(viewer, keys), *_late()).order_by(Flag.rank, Flag.due_at, Flag.id).limit(MOST))
    return [LateRow(row.code, row.kelurahan, row.owner or "", row.due_at, time_left(row.due_at, now()),
                    RISK_OF[row.rank])
            for row in rows]


def waiting_matters(session: Session, most: int = 1000) -> int:
    """How many matters wait in the whole installation: late concerns, proposals nobody has decided on,
    and what an officer did alone and nobody has looked at.

    The number reaches the whole unit. So only concerns count of which all of it may know: of the others, whoever may
    know is told on her pages (docs/rules.md).
    """
    late_ones = select(literal(1)).select_from(Flag).where(known_to_the_whole_unit(), *_late())
    proposed = (select(literal(1)).select_from(Proposal).join(Flag, Flag.id == Proposal.flag_id)
                .where(known_to_the_whole_unit(), standing()))
    alone = (select(literal(1)).select_from(BreakGlass).join(Flag, Flag.id == BreakGlass.flag_id)
             .where(known_to_the_whole_unit(), BreakGlass.reviewed_at.is_(None)))
    return sum(session.scalar(select(func.count()).select_from(some.limit(most).subquery())) or 0
               for some in (late_ones, proposed, alone))


def _late() -> list[ColumnElement[bool]]:
    return [Flag.closed_at.is_(None), Flag.status.in_(OPEN), Flag.due_at < now()]
