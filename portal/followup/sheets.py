"""One concern in full, as its sheet shows it to an officer whose key is unlocked."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import queries as accounts
from portal.accounts.models import Account
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.settings import ServerKeys
from portal.casework.cases import Case, case_of
from portal.flags import queries as flags
from portal.flags import sealed as flags_sealed
from portal.flags.answers import Age, Answers, CallTime, Sign, Who
from portal.flags.commands import Opened, able_to_work_on, content_key
from portal.flags.life import Move
from portal.flags.models import Flag, FlagStep, Message, Question
from portal.followup import policy, presence, queries, sealed
from portal.followup.models import Note
from portal.followup.presence import Here

_WORK = {move: place for place, move in enumerate(Move)}
_Code = TypeVar("_Code", bound=StrEnum)


@dataclass(frozen=True)
class Entry:
    """A line of the log: a move, who made it ("" for the reporter), and what was written with it."""

    at: datetime
    move: Move
    by: str
    hers: bool
    content: dict[str, Any]


@dataclass(frozen=True)
class _Written:
    """A note or a question, before it is known which move it belongs to."""

    at: datetime
    by_id: UUID | None
    content: dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What the reporter wrote later. `question` is the code of what it answers, if it does."""

    at: datetime
    question: str
    text: str
    worse: bool
    call_times: list[CallTime]
    who: list[Who]
    age: list[Age]
    signs: list[Sign]


@dataclass(frozen=True)
class Candidate:
    """A colleague with the number of open concerns that she has already."""

    id: UUID
    name: str
    has: int


@dataclass(frozen=True)
class Candidates:
    """Whom the head may give a concern to. The others are only counted: those who hold no key at all, and those
    who must not have this one because of a conflict of interest."""

    officers: list[Candidate]
    keyless: int
    in_conflict: int


@dataclass(frozen=True)
class Sheet:
    """All that the sheet shows, except who anybody is."""

    line: queries.Line
    opened: Opened
    messages: list[Said]
    log: list[Entry]
    moves: list[Move]
    waits: dict[Move, list[str]]
    question: str
    closing: str
    here: list[Here]
    candidates: Candidates | None
    case: Case

    @property
    def contact(self) -> Answers:
        """The answers as far as contact goes: safe hours that were told later stand in the place of the first."""
        newest = next((said.call_times for said in self.messages if said.call_times), None)
        return replace(self.opened.answers, call_times=tuple(newest)) if newest else self.opened.answers


def sheet(session: Session, ring: KeyRing, flag: Flag, opened: Opened, *, viewer: Viewer, keys: ServerKeys
          ) -> Sheet:
    """The sheet of a concern that the viewer has just opened (`flags.commands.open_flag`)."""
    asked = _asked(session, flag.id)
    waiting = next((q for q in asked if q.answered_at is None), None)
    codes = {question.id: flags_sealed.open_question(keys, question) for question in asked}
    closing = flags_sealed.open_closing(keys, flag.id, flag.sealed_closing) if flag.sealed_closing else ""
    moves = [move for move in policy.offered(flag, viewer)
             if move is not Move.ASK or not opened.answers.by_stranger]
    return Sheet(
        line=queries.line_of(session, flag, viewer=viewer, keys=keys), opened=opened,
        messages=[_said(message, content, codes) for message, content in opened.messages],
        log=_log(session, ring, flag, asked, codes, viewer=viewer), moves=moves,
        waits=_waits(flag, moves), question=codes[waiting.id] if waiting else "", closing=closing,
        here=presence.others(session, flag, viewer=viewer),
        candidates=candidates(session, flag, viewer=viewer, keys=keys) if Move.ASSIGN in moves else None,
        case=case_of(session, ring, flag, opened.answers, viewer=viewer, keys=keys),
    )


def candidates(session: Session, flag: Flag, *, viewer: Viewer, keys: ServerKeys) -> Candidates:
    """Colleagues for whom this concern exists, without the viewer and whoever has it now."""
    able = able_to_work_on(session, flag, by=viewer)
    others = [c for c in accounts.colleagues(session, viewer) if c.id not in {viewer.account_id, flag.assignee_id}]
    has = queries.open_per_officer(session, [c.id for c in others if c.id in able], viewer=viewer, keys=keys)
    keyless = sum(not c.holds for c in others)
    return Candidates([Candidate(c.id, c.name, has[c.id]) for c in others if c.id in able], keyless,
                      len(others) - len(has) - keyless)


def changes(session: Session, flag: Flag, *, viewer: Viewer) -> list[Entry]:
    """The history without what was written, newest first: enough to say who was faster."""
    steps = flags.steps_of(session, flag.id)
    names = _names(session, {step.by_id for step in steps if step.by_id})
    return [Entry(step.at, Move(step.move), names.get(step.by_id, "") if step.by_id else "",
                  step.by_id == viewer.account_id, {}) for step in steps]


def _waits(flag: Flag, moves: list[Move]) -> dict[Move, list[str]]:
    """For the acts that are not open yet: what is missing."""
    if flag.closed_at is not None:
        return {}
    wanted = {move: policy.missing(flag, move) for move in (Move.ACT, Move.CLOSE) if move not in moves}
    return {move: missing for move, missing in wanted.items() if missing}


def _asked(session: Session, flag_id: UUID) -> list[Question]:
    return list(session.scalars(
        select(Question).where(Question.flag_id == flag_id).order_by(Question.asked_at.desc())))


def _log(session: Session, ring: KeyRing, flag: Flag, asked: list[Question], codes: dict[UUID, str], *,
         viewer: Viewer) -> list[Entry]:
    """The history with what was written, newest first."""
    key = content_key(session, ring, flag.id)
    notes = session.scalars(select(Note).where(Note.flag_id == flag.id))
    written = [_Written(note.written_at, note.by_id, sealed.open_note(key, note)) for note in notes]
    written += [_Written(q.asked_at, None, {"kind": Move.ASK, "template": codes[q.id]}) for q in asked]
    entries = _joined(flags.steps_of(session, flag.id), sorted(written, key=lambda one: one.at))
    officers = {UUID(content["officer"]) for _at, _by, _move, content in entries if "officer" in content}
    names = _names(session, {by for _at, by, _move, _content in entries if by} | officers)
    return [Entry(at, move, names.get(by, "") if by else "", by == viewer.account_id, _readable(content, names))
            for at, by, move, content in entries]


def _joined(steps: list[FlagStep], written: list[_Written]
            ) -> list[tuple[datetime, UUID | None, Move, dict[str, Any]]]:
    """Each thing written stands with the first move of its kind that follows it, because one transaction
    made both. One without a move still stands in the log by itself: nothing written is ever lost."""
    free, of_step, alone = sorted(steps, key=lambda step: step.at), {}, []
    for one in written:
        step = next((s for s in free if s.move == one.content["kind"] and s.at >= one.at), None)
        if step is None:
            alone.append((one.at, one.by_id, Move(one.content["kind"]), one.content))
        else:
            of_step[step.id] = one.content
            free.remove(step)
    entries = [(step.at, step.by_id, Move(step.move), of_step.get(step.id, {})) for step in steps] + alone
    return sorted(entries, key=lambda entry: (entry[0], _WORK[entry[2]]), reverse=True)


def _names(session: Session, account_ids: set[UUID]) -> dict[UUID, str]:
    found = session.execute(select(Account.id, Account.name).where(Account.id.in_(account_ids)))
    return {id_: name for id_, name in found}


def _readable(content: dict[str, Any], names: dict[UUID, str]) -> dict[str, Any]:
    """The same with a name for an officer, and days and moments as such."""
    read = dict(content)
    if "officer" in read:
        read["officer"] = names.get(UUID(read["officer"]), "")
    if "at" in read:
        read["done_at"] = datetime.fromisoformat(read["at"])
    if "next_on" in read:
        read["next_day"] = date.fromisoformat(read["next_on"])
    return read


def _said(message: Message, content: dict[str, Any], codes: dict[UUID, str]) -> Said:
    signs = content.get("signs") or []
    return Said(
        at=message.sent_at, question=codes.get(message.question_id, "") if message.question_id else "",
        text=str(content.get("text") or ""), worse=content.get("worse") == "yes",
        call_times=_known(CallTime, content.get("call_times") or []), who=_known(Who, [content.get("who")]),
        age=_known(Age, [content.get("age")]), signs=_known(Sign, signs),
    )


def _known(kind: type[_Code], values: list[Any]) -> list[_Code]:
    """The codes among these values; what is not one of `kind` was left open."""
    return [code for code in kind if code.value in values]
