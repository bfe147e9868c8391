"""What takes two: one officer proposes, another of the unit agrees or refuses, never the same one.

A proposal stands for 24 hours and then lapses; a concern has one at a time. It is lapsed from that moment on,
whether or not anybody has written it down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.queries import colleagues
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import now
from portal.base.db import new_id
from portal.base.errors import Refused, Stale
from portal.base.settings import ServerKeys
from portal.casework import sealed
from portal.casework.models import Proposal
from portal.flags.commands import content_key
from portal.flags.life import Joint
from portal.flags.models import Flag
from portal.flags.policy import visible_to

STANDS = timedelta(hours=24)


@dataclass(frozen=True)
class Pending:
    """A proposal that waits, opened. `hers`: the viewer made it, so that she cannot agree to it. `for_the_head`: of
    the others, the head alone can."""

    id: UUID
    what: Joint
    by_id: UUID
    by: str
    at: datetime
    lapses_at: datetime
    hers: bool
    for_the_head: bool
    content: dict[str, Any]


@dataclass(frozen=True)
class Decided:
    """A proposal that has just been decided on, opened: what was proposed, and who had."""

    what: Joint
    content: dict[str, Any]
    by_id: UUID


@dataclass(frozen=True)
class WaitingRow:
    """A proposal in a list, closed: that somebody is waited for, and until when."""

    code: str
    kelurahan: str
    by: str
    hers: bool
    lapses_at: datetime


def standing() -> ColumnElement[bool]:
    """The condition of a proposal on which somebody can still decide."""
    return and_(Proposal.decided_at.is_(None), Proposal.lapses_at > now())


def undecided(session: Session, flag: Flag) -> Proposal | None:
    """The concern's proposal that waits for a second officer."""
    return session.scalar(select(Proposal).where(Proposal.flag_id == flag.id, standing()))


def pending(session: Session, ring: KeyRing, flag: Flag, *, viewer: Viewer) -> Pending | None:
    """The same, opened for the sheet."""
    proposal = undecided(session, flag)
    if proposal is None:
        return None
    content = sealed.open_proposal(content_key(session, ring, flag.id), proposal)
    by, what = session.get_one(Account, proposal.proposed_by_id), Joint(content["what"])
    return Pending(proposal.id, what, by.id, by.name, proposal.proposed_at, proposal.lapses_at,
                   by.id == viewer.account_id, waits_for_the_head(session, what, by.id, viewer=viewer), content)


def waits_for_the_head(session: Session, what: Joint, by_id: UUID, *, viewer: Viewer) -> bool:
    """Whether the viewer cannot agree to it, because one of the two must be the unit's head, now."""
    if what is not Joint.DELETE:
        return False
    return not {by_id, viewer.account_id} & {one.id for one in colleagues(session, viewer) if one.role is Role.HEAD}


def waiting(session: Session, *, viewer: Viewer, keys: ServerKeys, limit: int = 25) -> list[WaitingRow]:
    """The proposals that wait on concerns which the viewer may know of, those that lapse first on top."""
    rows = session.execute(
        select(Flag.code, Area.name.label("kelurahan"), Account.name.label("by"), Proposal.proposed_by_id,
               Proposal.lapses_at)
        .join(Flag, Flag.id == Proposal.flag_id).join(Area, Area.id == Flag.kelurahan_id)
        .join(Account, Account.id == Proposal.proposed_by_id)
        .where(visible_to(viewer, keys), standing()).order_by(Proposal.lapses_at, Proposal.id).limit(limit))
    return [WaitingRow(row.code, row.kelurahan, row.by, row.proposed_by_id == viewer.account_id, row.lapses_at)
            for row in rows]


def put(session: Session, ring: KeyRing, flag: Flag, what: Joint, content: dict[str, Any], *, by: Viewer) -> None:
    """Keep a proposal. Raises `Refused` while another one stands, `Stale` when it came at the same instant."""
    let_lapse(session, flag.id)
    if undecided(session, flag) is not None:
        raise Refused("another proposal waits for a second officer")
    made = now()
    proposal = Proposal(id=new_id(), flag_id=flag.id, proposed_at=made, proposed_by_id=by.account_id,
                        lapses_at=made + STANDS)
    sealed.seal_proposal(proposal, content_key(session, ring, flag.id), {"what": what, **content})
    session.add(proposal)
    try:
        session.flush()
    except IntegrityError as error:  # the index of the undecided: a colleague's has just been committed
        raise Stale("a colleague proposed something at the same moment") from error


def decide(session: Session, ring: KeyRing, flag: Flag, outcome: str, *, by: Viewer) -> Decided:
    """End the proposal that stands: `confirmed` or `declined` by another officer, `withdrawn` by whoever made
    it. Raises `Refused` for anybody else, and when none stands."""
    proposal = undecided(session, flag)
    if proposal is None:
        raise Refused("no proposal stands")
    if (proposal.proposed_by_id == by.account_id) != (outcome == "withdrawn"):
        raise Refused("nobody decides on her own proposal, or takes back another's")
    proposal.decided_at, proposal.outcome, proposal.decided_by_id = now(), outcome, by.account_id
    session.flush()
    content = sealed.open_proposal(content_key(session, ring, flag.id), proposal)
    return Decided(Joint(content["what"]), content, proposal.proposed_by_id)


def void(session: Session, flag: Flag) -> None:
    """The concern has gone where the proposal makes no sense."""
    let_lapse(session, flag.id)
    session.execute(update(Proposal).where(Proposal.flag_id == flag.id, Proposal.decided_at.is_(None))
                    .values(decided_at=now(), outcome="void"))


def let_lapse(session: Session, flag_id: UUID | None = None) -> int:
    """Write down which proposals have lapsed, of one concern or of all; how many there were."""
    conditions = [Proposal.decided_at.is_(None), Proposal.lapses_at <= now()]
    if flag_id is not None:
        conditions.append(Proposal.flag_id == flag_id)
    done = session.execute(update(Proposal).where(*conditions)
                           .values(decided_at=Proposal.lapses_at, outcome="lapsed"))
    return done.rowcount  # type: ignore[attr-defined,no-any-return]
