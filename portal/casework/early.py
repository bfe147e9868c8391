"""Deleting a closed concern before its time, because whoever it tells of asks for it, or it should never have been
sent (UU 27/2022, articles 8 and 43).

One proposes and another agrees, one of them the head; then each of the unit has a week to stop it. That it ends, and
when, stands in clear, because what deletes by the clock has no key; why lies sealed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session, aliased

from portal.accounts.models import Account
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import today
from portal.base.errors import Refused
from portal.base.settings import ServerKeys, Settings
from portal.casework import break_glass, duplicates, proposals
from portal.casework.models import EarlyDeletion, Hold
from portal.casework.notes import write
from portal.casework.records import Written
from portal.flags import commands as flags
from portal.flags.life import Joint, Move
from portal.flags.models import Flag
from portal.flags.policy import visible_to

GROUNDS = ("asked", "mistake")
WAITS = timedelta(days=7)


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


def coming(session: Session, *, viewer: Viewer, keys: ServerKeys, limit: int = 25) -> list[Coming]:
    """The concerns that are to be deleted early, of those which the viewer may know of, the soonest first; without
    those that the head keeps."""
    asked, agreed = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Flag.code, Area.name.label("kelurahan"), EarlyDeletion.due_on, asked.name.label("asked_by"),
               agreed.name.label("agreed_by"))
        .join(Flag, Flag.id == EarlyDeletion.flag_id).join(Area, Area.id == Flag.kelurahan_id)
        .join(asked, asked.id == EarlyDeletion.asked_by_id).join(agreed, agreed.id == EarlyDeletion.agreed_by_id)
        .where(visible_to(viewer, keys), ~exists().where(Hold.flag_id == Flag.id))
        .order_by(EarlyDeletion.due_on, EarlyDeletion.flag_id).limit(limit))
    return [Coming(row.code, row.kelurahan, row.due_on, row.asked_by, row.agreed_by) for row in rows]


def ask(session: Session, ring: KeyRing, flag: Flag, ground: str, text: str, *, by: Viewer, version: int) -> None:
    """Propose to delete a closed concern, and those that ended under it.

    Raises `Refused` for another ground, while something needs it, and when it is to be deleted already.
    """
    if ground not in GROUNDS:
        raise Refused("no such ground")
    if session.get(EarlyDeletion, flag.id) is not None:
        raise Refused("it is to be deleted already")
    for one in duplicates.with_those_under(session, ring, flag, by=by):
        _check_nothing_needs(session, one)
    before = flags.facts_of(flag)
    proposals.put(session, ring, flag, Joint.DELETE, {"text": text, "ground": ground}, by=by)
    write(session, ring, flag, Move.ASK_TO_DELETE, by=by, ground=ground, text=text)
    flags.advance(session, flag, Move.ASK_TO_DELETE, by=by, before=before, version=version)


def agree(session: Session, settings: Settings, ring: KeyRing, flag: Flag, *, asked_by_id: UUID, by: Viewer) -> None:
    """The second one has agreed: in a week it goes, and with it what ended under it.

    Raises `Refused` when neither of the two is the head, and when something needs it by now.
    """
    if proposals.waits_for_the_head(Joint.DELETE, by.role, session.get_one(Account, asked_by_id).role):
        raise Refused("the head must be one of the two")
    for one in duplicates.with_those_under(session, ring, flag, by=by):
        _check_nothing_needs(session, one)
        if session.get(EarlyDeletion, one.id) is None:
            session.add(EarlyDeletion(flag_id=one.id, asked_by_id=asked_by_id, agreed_by_id=by.account_id,
                                      due_on=today(settings.timezone) + WAITS))
        if one is not flag:
            write(session, ring, one, Move.CONFIRM, by=by, what=Joint.DELETE)
            flags.advance(session, one, Move.CONFIRM, by=by, before=flags.facts_of(one), version=None)


def spare(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Stop it: the concern, and those under it, stay until their time. Raises `Refused` when it was not to be
    deleted early."""
    if session.get(EarlyDeletion, flag.id) is None:
        raise Refused("it is not to be deleted early")
    for one in duplicates.with_those_under(session, ring, flag, by=by):
        _spare(session, ring, one, by=by, version=version if one is flag else None, text=why)


def give_up(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer) -> None:
    """Its work has just begun again: neither it nor what ended under it is to be deleted any more, whoever proposed
    or agreed to that."""
    proposals.void(session, flag)
    for one in duplicates.put_under(session, ring, flag, by=by):
        _spare(session, ring, one, by=by, version=None)
    _drop(session, flag)


def ending_of(session: Session, written: list[Written], flag: Flag) -> Ending | None:
    """Whether a concern is to be deleted early, and why. `written` are its notes; what ended under another has none
    that says why."""
    ending = session.get(EarlyDeletion, flag.id)
    if ending is None:
        return None
    asked = [note.content for note in written if note.kind is Move.ASK_TO_DELETE]
    why = asked[-1] if asked else {"ground": "", "text": ""}
    asked_by, agreed_by = (session.get_one(Account, who).name for who in (ending.asked_by_id, ending.agreed_by_id))
    return Ending(ending.due_on, asked_by, agreed_by, why["ground"], why["text"])


def _check_nothing_needs(session: Session, flag: Flag) -> None:
    """Raises `Refused` for a concern that the head keeps, that a service still has to answer about, or on which
    nobody has looked at who acted alone. That it must be closed, its life says."""
    if session.get(Hold, flag.id) is not None:
        raise Refused("it is kept already")
    if flag.referrals_out > 0:
        raise Refused("a service has not answered")
    break_glass.check_reviewed(session, flag)


def _spare(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, version: int | None, **content: str) -> None:
    """The concern is changed before what says that it ends: what forgets it locks them in this order too."""
    if session.get(EarlyDeletion, flag.id) is not None:
        write(session, ring, flag, Move.SPARE, by=by, **content)
        flags.advance(session, flag, Move.SPARE, by=by, before=flags.facts_of(flag), version=version)
        _drop(session, flag)


def _drop(session: Session, flag: Flag) -> None:
    session.execute(delete(EarlyDeletion).where(EarlyDeletion.flag_id == flag.id))
