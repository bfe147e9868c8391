"""Reading what officers wrote on a concern: one list of sealed notes, and what follows from it.

Notes are only added, so everything here is "the last word on it": the last assessment, a referral with what was
heard of it since, a clock that was started and not stopped.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.base.clock import now
from portal.casework import codes, sealed
from portal.casework.models import Note
from portal.flags.commands import content_key
from portal.flags.deadlines import TimeLeft, time_left
from portal.flags.life import Move, Risk
from portal.flags.models import Flag

LAW_HOURS = 72
"""UU 12/2022 (TPKS), article 41: within 3 × 24 hours of the victim's report the unit reports to the police."""

ENDED = frozenset({"declined", "done", "withdrawn"})
"""What ends a referral. Accepted, it goes on."""


@dataclass(frozen=True)
class Written:
    """A note as it was written: when, by whom, and its content, of which `kind` names a move."""

    id: UUID
    at: datetime
    by_id: UUID
    content: dict[str, Any]

    @property
    def kind(self) -> Move:
        return Move(self.content["kind"])

    def records(self, what: str) -> bool:
        """Whether it is a record of this, among those that look alike from outside."""
        return self.kind is Move.RECORD and self.content.get("what") == what


@dataclass(frozen=True)
class LawClock:
    """The 3 × 24 hours to the report to the police. `told_at` is when that was recorded."""

    started_at: datetime
    due_at: datetime
    told_at: datetime | None

    @property
    def running(self) -> bool:
        return self.told_at is None

    @property
    def left(self) -> TimeLeft:
        return time_left(self.due_at, self.told_at or now())


@dataclass(frozen=True)
class Codes:
    """An assessment in codes; each is from a list in `codes`."""

    forms: tuple[str, ...]
    age: str
    sex: str
    disability: str
    place: str
    relation: str

    def as_content(self) -> dict[str, Any]:
        """As it is sealed into a note."""
        return asdict(self) | {"forms": list(self.forms)}

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Codes":
        """As it was sealed into a note."""
        return cls(**(content | {"forms": tuple(content["forms"])}))


@dataclass(frozen=True)
class Assessed:
    """The last assessment in codes, and the id of what was counted for it."""

    at: datetime
    codes: Codes
    fact: UUID


@dataclass(frozen=True)
class GivenService:
    """A service: which, at what stage ("" where it has none), on which day of the city, and what comes next."""

    service: str
    stage: str
    outcome: str
    day: date
    text: str
    next_step: str
    next_on: date


@dataclass(frozen=True)
class Service(GivenService):
    """A service that was given, with the note that says so. `next_on` is when the next step is due."""

    written: Written


@dataclass(frozen=True)
class Referral:
    """A referral, its letter, and the last that was heard of it ("" for nothing yet)."""

    written: Written
    id: UUID
    to: str
    office: str
    consent: str
    request: str
    carried: list[tuple[str, str]]
    result: str
    heard_at: datetime | None
    heard: str

    @property
    def out(self) -> bool:
        return self.result not in ENDED


@dataclass(frozen=True)
class Override:
    """That "contact nobody" was set aside by two, and why."""

    at: datetime
    by_id: UUID
    text: str


def notes_of(session: Session, ring: KeyRing, flag: Flag) -> list[Written]:
    """Everything officers wrote on a concern, oldest first."""
    key = content_key(session, ring, flag.id)
    rows = session.scalars(select(Note).where(Note.flag_id == flag.id).order_by(Note.written_at, Note.id))
    return [Written(note.id, note.written_at, note.by_id, sealed.open_note(key, note)) for note in rows]


def law_clock(written: Iterable[Written]) -> LawClock | None:
    """The clock to the police, if an officer recorded that a victim told the unit of sexual violence."""
    started, told = None, None
    for note in written:
        if note.records("heard"):  # the first time, also where that was learnt later: it came with another concern
            heard = datetime.fromisoformat(note.content["when"])
            started = heard if started is None else min(started, heard)
        if note.records("police"):
            told = note.at
        if note.records("mistaken"):  # two officers agreed that no victim had told the unit
            started, told = None, None
    return LawClock(started, started + timedelta(hours=LAW_HOURS), told) if started else None


def latest_due(written: Iterable[Written]) -> datetime | None:
    """The moment that no deadline of a concern may exceed, because the law says so; None where it says nothing."""
    clock = law_clock(written)
    return clock.due_at if clock and clock.running else None


def assessed(written: Iterable[Written]) -> Assessed | None:
    """The last assessment that was made in codes."""
    coded = [note for note in written if note.kind is Move.ASSESS and note.content.get("codes")]
    if not coded:
        return None
    last = coded[-1]
    return Assessed(last.at, Codes.of(last.content["codes"]), UUID(last.content["fact"]))


def is_sexual(written: list[Written]) -> bool:
    """Whether sexual violence was assessed, or told by the victim."""
    found = assessed(written)
    return law_clock(written) is not None or (found is not None and codes.SEXUAL in found.codes.forms)


def services(written: Iterable[Written]) -> list[Service]:
    """The services that were given, newest first."""
    return [_service(note) for note in written if note.kind is Move.SERVE][::-1]


def referrals(written: Iterable[Written]) -> list[Referral]:
    """The referrals with what was heard of them, newest first."""
    notes = list(written)
    heard = {note.content["referral"]: note for note in notes if note.kind is Move.HEAR_BACK}
    return [_referral(note, heard.get(str(note.id))) for note in notes if note.kind is Move.REFER][::-1]


def override(written: Iterable[Written]) -> Override | None:
    """Whether "contact nobody" was set aside."""
    found = [note for note in written if note.records("override")]
    return Override(found[-1].at, found[-1].by_id, found[-1].content["text"]) if found else None


def ticket(written: Iterable[Written]) -> str:
    """The number that the national system gave it, or an empty text."""
    found = [note for note in written if note.records("ticket")]
    return str(found[-1].content["text"]) if found else ""


def paused_until(written: Iterable[Written], flag: Flag) -> Written | None:
    """The pause that the deadline stands on now: nothing has set another since."""
    setters = {Move.PAUSE, Move.ACT, Move.SERVE, Move.REFER, Move.ASSESS, Move.REOPEN}
    last = [note for note in written if note.kind in setters]
    found = last[-1] if last and last[-1].kind is Move.PAUSE else None
    return found if found and flag.due_at > now() else None


def merged_into(written: Iterable[Written]) -> UUID | None:
    """The concern under which this one was last put, whether or not it still lies there."""
    found = [note for note in written if note.kind is Move.MERGE]
    return UUID(found[-1].content["into"]) if found else None


def put_under(written: Iterable[Written]) -> list[UUID]:
    """The concerns that were put under this one and not taken out again, as far as it knows itself."""
    joined: dict[UUID, None] = {}
    for note in written:
        if note.records("joined"):
            joined[UUID(note.content["concern"])] = None
        if note.records("parted"):
            joined.pop(UUID(note.content["concern"]), None)
    return list(joined)


def risk_of(content: dict[str, Any]) -> Risk:
    """The risk that a note or a proposal names."""
    return Risk(content["risk"])


def _service(note: Written) -> Service:
    content = note.content
    return Service(content["service"], content["stage"], content["outcome"], date.fromisoformat(content["day"]),
                   content["text"], content["next"], date.fromisoformat(content["next_on"]), note)


def _referral(note: Written, heard: Written | None) -> Referral:
    content = note.content
    return Referral(
        note, note.id, content["to"], content["office"], content["consent"], content["text"],
        [(name, value) for name, value in content["carried"]],
        heard.content["result"] if heard else "", heard.at if heard else None, heard.content["text"] if heard else "",
    )
