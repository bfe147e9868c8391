"""The same person told of twice: blind marks, the hint on the sheet, and putting one concern under another.

A mark is made of a phone number, or of a name with kelurahan and age, under a key that follows from the unit's
private key. So only who may open two concerns can learn that they are alike, and a server's key is of no use.
"""

import re
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.accounts.unit_keys import like
from portal.accounts.viewer import Viewer
from portal.audit.log import record
from portal.base.db import insert_missing
from portal.base.errors import NotVisible, Refused
from portal.base.phones import normal_phone
from portal.base.settings import ServerKeys
from portal.casework import proposals, records, sealed, sparing
from portal.casework.models import Hold, Mark
from portal.casework.notes import write
from portal.flags import commands as flags
from portal.flags import queries as flag_queries
from portal.flags import sealed as flags_sealed
from portal.flags.answers import Age, Answers, Identity
from portal.flags.life import OPEN, UNREAD, Move, Status
from portal.flags.models import Flag
from portal.flags.policy import visible_to

MOST = 5
"""More hints than this would say nothing."""

_UNDER = frozenset({Status.MERGED, Status.CLOSED})
_SHORTEST_NAME = 2
_TITLES = frozenset({"ibu", "bu", "bapak", "pak", "mbak", "mba", "mas", "dek", "dik", "adik", "anak", "nak", "ny",
                     "nyonya", "sdr", "sdri", "teh", "kak"})


def keep_marks(session: Session, ring: KeyRing, flag: Flag) -> None:
    """Make the concern's marks under its own key, once, whoever of two first readers comes first."""
    if session.scalar(select(Mark.tag).where(Mark.flag_id == flag.id).limit(1)) is not None:
        return
    tags = _tags(session, ring, flag, flag.key_id)
    if tags:
        insert_missing(session, Mark, [{"tag": tag, "flag_id": flag.id} for tag in sorted(tags)])


def twins(session: Session, ring: KeyRing, flag: Flag, *, viewer: Viewer, keys: ServerKeys) -> list[str]:
    """The codes of other concerns that may be about the same person, as far as the viewer may see both.

    She compares under every key she holds, so the head also finds an ordinary concern that is like one with
    a conflict of interest; nobody else does.
    """
    tags = {tag for key_id in list(ring.privates) for tag in _tags(session, ring, flag, key_id)}
    if not tags:
        return []
    return list(session.scalars(
        select(Flag.code).where(Flag.id.in_(select(Mark.flag_id).where(Mark.tag.in_(tags))), Flag.id != flag.id,
                                visible_to(viewer, keys)).order_by(Flag.received_at.desc(), Flag.id).limit(MOST)))


def forget_marks(session: Session, flag_id: UUID) -> None:
    """The concern goes to another unit, whose key makes other marks."""
    session.execute(delete(Mark).where(Mark.flag_id == flag_id))


def make_marks_anew(session: Session, ring: KeyRing, flag: Flag, key_id: UUID) -> None:
    """The concern moves under a newer key of the unit, which makes other marks. One that nobody has read yet has
    none."""
    if session.scalar(select(Mark.tag).where(Mark.flag_id == flag.id).limit(1)) is None:
        return
    forget_marks(session, flag.id)
    session.add_all(Mark(tag=tag, flag_id=flag.id) for tag in sorted(_tags(session, ring, flag, key_id)))


def merge(session: Session, ring: KeyRing, flag: Flag, into: Flag, *, by: Viewer, version: int) -> None:
    """Put a concern under another one that is being worked on. Its reporter keeps her own words and dates, and
    is told the end when the other one ends. What she adds brings it back.

    Whoever stepped aside from one of them has to do with somebody in the other too: from now on neither exists for
    her, nor what lies under it. Somebody can always see both: whoever merges them.

    Raises `NotVisible` for a concern under another key: the one would give the other away. Raises `Refused`
    for itself, for one that is closed or unread, for one under which others lie, for putting the more urgent
    under the less urgent, which would lower it, and while one is in the hands of somebody who stepped aside from
    another: nobody would work on it, and she would not know.
    """
    if into.unit_id != flag.unit_id or into.key_id not in like(session, flag.key_id):
        raise NotVisible
    workable = OPEN - UNREAD
    if into.id == flag.id or into.status not in workable or into.rank > flag.rank:
        raise Refused("it cannot be put under that one")
    if lying_under(session, ring, flag, by=by):
        raise Refused("it cannot be put under that one")
    all_of_it = [one for main in (flag, into) for one in (main, *put_under(session, ring, main, by=by))]
    sparing.hold_fast(session, [one.id for one in all_of_it])
    _keep_from_all(session, all_of_it)
    before, clock = flags.facts_of(flag), records.law_clock(records.notes_of(session, ring, flag))
    proposals.void(session, flag)
    write(session, ring, flag, Move.MERGE, by=by, into=str(into.id), code=into.code)
    flags.advance(session, flag, Move.MERGE, by=by, before=before, version=version)
    if clock and clock.running and _is_sooner(clock, records.law_clock(records.notes_of(session, ring, into))):
        write(session, ring, into, Move.RECORD, by=by, what="heard", when=clock.started_at.isoformat(), text="")
        _advance_quietly(session, into, by=by)
    write(session, ring, into, Move.RECORD, by=by, what="joined", concern=str(flag.id), code=flag.code)
    into.ever_high = into.ever_high or flag.ever_high
    into.due_at = min(into.due_at, flag.due_at)
    _advance_quietly(session, into, by=by)
    _keep_together(session, ring, all_of_it, by=by)


def unmerge(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, version: int) -> None:
    """Take it out again: it stands where it stood by itself.

    Who stepped aside from either still knows of neither: what was written while they lay together may tell of both,
    and stepping aside is for good. Raises `Refused` for who stepped aside from the one it lies under.
    """
    before, into = flags.facts_of(flag), main_of(session, ring, flag)
    check_may_know(session, [into] if into else [], by=by)
    write(session, ring, flag, Move.UNMERGE, by=by)
    flags.advance(session, flag, Move.UNMERGE, by=by, before=before, version=version)
    if into is not None and into.status in OPEN:
        write(session, ring, into, Move.RECORD, by=by, what="parted", concern=str(flag.id), code=flag.code)
        _advance_quietly(session, into, by=by)


def main_of(session: Session, ring: KeyRing, flag: Flag) -> Flag | None:
    """The concern under which a merged one lies."""
    if flag.status != Status.MERGED:
        return None
    into = records.merged_into(records.notes_of(session, ring, flag))
    return session.get(Flag, into) if into else None


def lying_under(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer) -> list[Flag]:
    """The concerns that lie under this one now. One to which its reporter has added does so no more."""
    return put_under(session, ring, flag, by=by, standing=frozenset({Status.MERGED}))


def put_under(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, standing: frozenset[Status] = _UNDER
              ) -> list[Flag]:
    """The concerns that lie under this one now, or ended with it.

    What the other ones say of that lies sealed in them: each leaves a trace of having been opened for it.
    """
    named = records.put_under(records.notes_of(session, ring, flag))
    others = session.scalars(select(Flag).where(Flag.id.in_(named), Flag.status.in_(standing),
                                                Flag.key_id.in_(like(session, flag.key_id)))).all()
    for other in others:
        record(session, "flag.compared", other.id, by=by.account_id)
    return [other for other in others if records.merged_into(records.notes_of(session, ring, other)) == flag.id]


def with_those_under(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer) -> list[Flag]:
    """A concern and those that lie or ended under it, for an act on all of them. Raises `Refused` for whoever stepped
    aside from one of these."""
    under = put_under(session, ring, flag, by=by)
    check_may_know(session, under, by=by)
    return [flag, *under]


def together_with(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, standing: frozenset[Status] = _UNDER
                  ) -> list[Flag]:
    """The others with which this one lies or ended together: the one above it, and all that are under that."""
    above = records.merged_into(records.notes_of(session, ring, flag)) if flag.status in _UNDER else None
    main = session.scalar(select(Flag).where(Flag.id == above, Flag.key_id.in_(like(session, flag.key_id)))) or flag
    return [one for one in (main, *put_under(session, ring, main, by=by, standing=standing)) if one.id != flag.id]


def ever_together_with(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer) -> list[Flag]:
    """The same, with those of them on which work has begun again since."""
    return together_with(session, ring, flag, by=by, standing=_UNDER | OPEN)


def check_may_know(session: Session, some: list[Flag], *, by: Viewer) -> None:
    """Raises `Refused` for an act that reaches a concern from which she stepped aside."""
    if any(by.account_id in flag_queries.excluded_from(session, one.id) for one in some):
        raise Refused("another officer must do it")


def _keep_from_all(session: Session, some: list[Flag]) -> None:
    """Whoever stepped aside from one of these knows of none of them any more."""
    gone = {who for one in some for who in flag_queries.excluded_from(session, one.id)}
    if gone & {one.assignee_id for one in some if one.status != Status.CLOSED}:
        raise Refused("whoever has it stepped aside from the other")
    for one in some:
        flags.keep_from(session, one, gone)


def _is_sooner(clock: records.LawClock, other: records.LawClock | None) -> bool:
    """Whether the law's clock of a concern ends before that of the one under which it is put. One that stands, as
    the police were told of the same person, is not started again."""
    return other is None or (other.running and clock.started_at < other.started_at)


def _keep_together(session: Session, ring: KeyRing, some: list[Flag], *, by: Viewer) -> None:
    """If the head keeps one of these from deletion, all are kept, for her reason: they tell of the same person, and
    she cannot know what will be put together later."""
    held = next(filter(None, (session.get(Hold, one.id) for one in some)), None)
    if held is None:
        return
    kept = next(one for one in some if one.id == held.flag_id)
    why = [note for note in records.notes_of(session, ring, kept) if note.kind is Move.HOLD][-1].content
    for one in some:
        if session.get(Hold, one.id) is None:
            session.add(Hold(flag_id=one.id, placed_at=held.placed_at, by_id=held.by_id))
            write(session, ring, one, Move.HOLD, by=by, reason=why["reason"], text=why["text"])
            record(session, "flag.hold", one.id, by=by.account_id)


def _advance_quietly(session: Session, flag: Flag, *, by: Viewer) -> None:
    """The other concern's own step beside that of the one in hand."""
    flags.advance(session, flag, Move.RECORD, by=by, before=flags.facts_of(flag), version=None)


def _tags(session: Session, ring: KeyRing, flag: Flag, key_id: UUID) -> set[bytes]:
    key = flags.content_key(session, ring, flag.id)
    answers = flags_sealed.open_answers(key, flag.id, flag.sealed_answers)
    identity = flags.peek_identity(session, ring, flag)
    return {sealed.mark(ring, key_id, kind, value) for kind, value in _features(answers, identity, flag.kelurahan_id)}


def _features(answers: Answers, identity: Identity, kelurahan_id: int) -> list[tuple[str, str]]:
    """By what the same person might be met again. The reporter is none of it."""
    found = []
    phone = normal_phone(identity.person_phone)
    if phone:
        found.append(("phone", phone))
    name = _plain_name(identity.nickname)
    if len(name) >= _SHORTEST_NAME and answers.age is not Age.UNKNOWN:
        found.append(("name", f"{name}|{kelurahan_id}|{answers.age}"))
    return found


def _plain_name(text: str) -> str:
    """A name without titles, capital letters, blanks and signs."""
    words = re.findall(r"\w+", text.casefold())
    return "".join(word for word in words if word not in _TITLES)
