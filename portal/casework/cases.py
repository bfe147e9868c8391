"""All that casework shows of one concern: on its sheet, on its own pages, and for the copy into SIMFONI."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Account, SealingKey, Unit
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.settings import ServerKeys
from portal.casework import break_glass, duplicates, early, holds, policy, proposals, records
from portal.casework.break_glass import Act
from portal.casework.early import Ending
from portal.casework.holds import Held
from portal.casework.proposals import Pending
from portal.casework.records import Assessed, LawClock, Override, Referral, Service
from portal.flags.answers import Answers, Contact
from portal.flags.commands import facts_of
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag
from portal.flags.policy import visible_to


@dataclass(frozen=True)
class Paused:
    """That the deadline was put off: until which day of the city, and why."""

    until: date
    text: str


@dataclass(frozen=True)
class Case:
    """What officers have done and found, newest first where there are several. `names` are theirs, by account.

    `takes_two`: closing must be agreed to by a second officer. `may_set_aside`: "contact nobody" was said, and
    two may set it aside now. `alone` is what one officer did without the other, newest first; `needs_high`: she
    could not now, because no officer has assessed the risk as high. `into` is the code under which this concern
    lies, `under` those that lie under it.
    """

    moves: list[Move]
    pending: Pending | None
    law: LawClock | None
    assessed: Assessed | None
    sexual: bool
    may_mediate: bool
    services: list[Service]
    referrals: list[Referral]
    override: Override | None
    may_set_aside: bool
    alone: list[Act]
    needs_high: bool
    paused: Paused | None
    hold: Held | None
    ending: Ending | None
    ticket: str
    twins: list[str]
    into: str
    under: list[str]
    takes_two: bool
    names: dict[UUID, str]

    @property
    def reachable(self) -> Act | None:
        """The act by which somebody may be contacted just now, on one officer's word."""
        return next((act for act in self.alone if act.holds), None) if self.override is None else None

    @property
    def may_act_alone(self) -> bool:
        """Whether one officer could set "contact nobody" aside now."""
        return (self.may_set_aside and not self.needs_high and self.reachable is None
                and Move.BREAK_GLASS in self.moves)

    @property
    def unreviewed(self) -> list[Act]:
        """What was done alone and nobody has looked at."""
        return [act for act in self.alone if act.reviewed_at is None]


def case_of(session: Session, ring: KeyRing, flag: Flag, answers: Answers, *, viewer: Viewer,
            keys: ServerKeys) -> Case:
    """The concern's case, for an officer who has opened it. Makes its blind marks on the occasion."""
    duplicates.keep_marks(session, ring, flag)
    written = records.notes_of(session, ring, flag)
    pause, main = records.paused_until(written, flag), duplicates.main_of(session, ring, flag)
    override, facts = records.override(written), facts_of(flag)
    return Case(
        moves=policy.offered(flag, viewer), pending=proposals.pending(session, ring, flag, viewer=viewer),
        law=records.law_clock(written), assessed=records.assessed(written), sexual=records.is_sexual(written),
        may_mediate=records.assessed(written) is not None and not records.is_sexual(written),
        services=records.services(written), referrals=records.referrals(written), override=override,
        may_set_aside=answers.contact is Contact.NOBODY and facts.high and override is None
        and flag.status not in {Status.CLOSED, Status.MERGED},
        alone=break_glass.acts_of(session, written, flag, viewer=viewer),
        needs_high=flag.risk_assessed != Risk.HIGH,
        paused=Paused(date.fromisoformat(pause.content["until"]), pause.content["text"]) if pause else None,
        hold=holds.hold_on(session, written, flag), ending=early.ending_of(session, written, flag),
        ticket=records.ticket(written),
        twins=duplicates.twins(session, ring, flag, viewer=viewer, keys=keys),
        into="".join(_codes(session, [main] if main else [], viewer, keys)),
        under=_codes(session, duplicates.lying_under(session, ring, flag, by=viewer), viewer, keys),
        takes_two=facts.ever_high, names=_names(session, {note.by_id for note in written}),
    )


def other_units(session: Session, flag: Flag, *, viewer: Viewer) -> list[tuple[UUID, str]]:
    """The units to which the viewer may hand the concern over: none for an officer where there is a conflict of
    interest."""
    key = session.get_one(SealingKey, flag.key_id)
    if key.kind == "conflict" and viewer.role is not Role.HEAD:
        return []
    rows = session.execute(select(Unit.id, Unit.name).where(Unit.id != flag.unit_id).order_by(Unit.name))
    return [(row.id, row.name) for row in rows]


def _codes(session: Session, some: list[Flag], viewer: Viewer, keys: ServerKeys) -> list[str]:
    """The codes of those that the viewer may know of."""
    return list(session.scalars(
        select(Flag.code).where(Flag.id.in_([one.id for one in some]), visible_to(viewer, keys)).order_by(Flag.code)))


def _names(session: Session, account_ids: set[UUID]) -> dict[UUID, str]:
    found = session.execute(select(Account.id, Account.name).where(Account.id.in_(account_ids)))
    return {id_: name for id_, name in found}
