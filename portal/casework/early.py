"""Deleting a closed concern before its time, because whoever it tells of asks for it, or it should never have been
sent (UU 27/2022, articles 8 and 43).

One proposes and another agrees, one of them the head; then each of the unit has a week to stop it, and much else does
(`casework/sparing.py`). That it ends, and when, stands in clear, because what deletes by the clock has no key; why
lies sealed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portal.accounts.models import Account
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import now, today
from portal.base.errors import Refused
from portal.base.settings import ServerKeys, Settings
from portal.casework import break_glass, duplicates, proposals, sparing
from portal.casework.models import EarlyDeletion, Hold
from portal.casework.notes import write
from portal.casework.records import Written
from portal.flags import commands as flags
from portal.flags import queries
from portal.flags.life import OPEN, Joint, Move
from portal.flags.models import Flag
from portal.flags.policy import visible_to

GROUNDS = ("asked", "mistake")
WAITS = timedelta(days=7)
AT_WORK = 3  # days


@dataclass(frozen=True)
class Ending:
    """That a concern is to be deleted early: on which day of the city, who asked, who agreed, and why."""

    on: date
    asked_by: str
    agreed_by: str
    ground: str
    text: str


@dataclass(frozen=True)
class Coming:
    """A concern that is soon deleted, in a list, closed: until that day it can be stopped."""

    code: str
    kelurahan: str
    on: date
    asked_by: str
    agreed_by: str


def coming(session: Session, *, viewer: Viewer, keys: ServerKeys) -> list[Coming]:
    """All concerns that are to be deleted early, of those which the viewer may know of, the soonest first: none goes
    that nobody could see."""
    asked, agreed = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Flag.code, Area.name.label("kelurahan"), EarlyDeletion.due_on, asked.name.label("asked_by"),
               agreed.name.label("agreed_by"))
        .join(Flag, Flag.id == EarlyDeletion.flag_id).join(Area, Area.id == Flag.kelurahan_id)
        .join(asked, asked.id == EarlyDeletion.asked_by_id).join(agreed, agreed.id == EarlyDeletion.agreed_by_id)
        .where(visible_to(viewer, keys)).order_by(EarlyDeletion.due_on, EarlyDeletion.flag_id))
    return [Coming(row.code, row.kelurahan, row.due_on, row.asked_by, row.agreed_by) for row in rows]


def ask(session: Session, ring: KeyRing, flag: Flag, ground: str, text: str, *, by: Viewer, version: int) -> None:
    """Propose to delete a closed concern, and those that ended under it.

    Raises `Refused` for another ground, while something needs it, and when it is to be deleted already.
    """
    if ground not in GROUNDS:
        raise Refused("no such ground")
    if session.get(EarlyDeletion, flag.id) is not None:
        raise Refused("it is to be deleted already")
    _all_of_it(session, ring, flag, by=by)
    before = flags.facts_of(flag)
    proposals.put(session, ring, flag, Joint.DELETE, {"text": text, "ground": ground}, by=by)
    write(session, ring, flag, Move.ASK_TO_DELETE, by=by, ground=ground, text=text)
    flags.advance(session, flag, Move.ASK_TO_DELETE, by=by, before=before, version=version)


def agree(session: Session, settings: Settings, ring: KeyRing, flag: Flag, *, asked_by_id: UUID, by: Viewer) -> None:
    """The second one has agreed: in a week it goes, and with it what ended under it, also what was to go sooner.

    Raises `Refused` when neither of the two is the head, and when something needs it by now.
    """
    if proposals.waits_for_the_head(session, Joint.DELETE, asked_by_id, viewer=by):
        raise Refused("the head must be one of the two")
    all_of_it = _all_of_it(session, ring, flag, by=by)
    roots = select(EarlyDeletion.root_id).where(EarlyDeletion.flag_id.in_([one.id for one in all_of_it]))
    before = {one.flag_id: one for one in session.scalars(
        select(EarlyDeletion).where(EarlyDeletion.root_id.in_(roots)))}
    for one in all_of_it:
        if one.id not in before:
            before[one.id] = EarlyDeletion(flag_id=one.id, asked_by_id=asked_by_id, agreed_by_id=by.account_id)
        if one is not flag:
            write(session, ring, one, Move.CONFIRM, by=by, what=Joint.DELETE)
            flags.advance(session, one, Move.CONFIRM, by=by, before=flags.facts_of(one), version=None)
    for ending in before.values():
        ending.root_id, ending.due_on = flag.id, _day(session, settings)
        session.add(ending)


def spare(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Stop it: the concern, and what was to go with it, stay until their time. Raises `Refused` when it was not to be
    deleted early."""
    if session.get(EarlyDeletion, flag.id) is None:
        raise Refused("it is not to be deleted early")
    sparing.let_stand(session, ring, [flag], by=by, versions={flag.id: version}, text=why)


def ending_of(session: Session, written: list[Written], flag: Flag) -> Ending | None:
    """Whether a concern is to be deleted early, and why. `written` are its notes; what ended under another has none
    that says why."""
    ending = session.get(EarlyDeletion, flag.id)
    if ending is None:
        return None
    asked = [note.content for note in written if note.kind is Move.ASK_TO_DELETE and ending.root_id == flag.id]
    why = asked[-1] if asked else {"ground": "", "text": ""}
    asked_by, agreed_by = (session.get_one(Account, who).name for who in (ending.asked_by_id, ending.agreed_by_id))
    return Ending(ending.due_on, asked_by, agreed_by, why["ground"], why["text"])


def _all_of_it(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer) -> list[Flag]:
    """The concern and what ended under it. Raises `Refused` while one is worked on with which it lies together, for
    one that the head keeps, that a service still has to answer about, or on which nobody has looked at who acted
    alone. That it must be closed, its life says."""
    if any(one.status in OPEN for one in duplicates.ever_together_with(session, ring, flag, by=by)):
        raise Refused("what it lies together with is worked on")
    all_of_it = duplicates.with_those_under(session, ring, flag, by=by)
    for one in all_of_it:
        if session.get(Hold, one.id) is not None:
            raise Refused("it is kept already")
        if one.referrals_out > 0:
            raise Refused("a service has not answered")
        break_glass.check_reviewed(session, one)
    return all_of_it


def _day(session: Session, settings: Settings) -> date:
    """The day on which it goes: whole days enough lie before it, and some on which the unit is at work."""
    at_work = queries.calendar(session, settings).add_working_days(now(), AT_WORK)
    last = max(today(settings.timezone) + WAITS, at_work.astimezone(settings.timezone).date())
    return last + timedelta(days=1)
