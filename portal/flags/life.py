"""A flag's life: the one table that says which move may follow which, whose it is, and what it needs.

Pages draw their buttons from `open_moves`; commands go through `after`, which refuses all else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from portal.accounts.roles import FIELD, UNIT, Role
from portal.base.errors import Refused


class Status(StrEnum):
    """Where a flag stands, for the unit. Cadres are told a smaller vocabulary: see `Told`."""

    NEW = "new"
    READ = "read"
    ASSESSED = "assessed"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting_for_cadre"
    REFERRED = "referred"
    HANDED_OVER = "handed_over"
    MERGED = "merged"
    REOPENED = "reopened"
    CLOSED = "closed"


class Told(StrEnum):
    """The four words a reporter is told. Never: outcome, referral, reason, risk, names."""

    RECEIVED = "received"
    READ = "read"
    HANDLED = "handled"
    CLOSED = "closed"


class Risk(StrEnum):
    """The three official levels. Before an officer has assessed, they are an estimate."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


RANK = {Risk.HIGH: 0, Risk.MEDIUM: 1, Risk.LOW: 2}
RISK_OF = {rank: risk for risk, rank in RANK.items()}
"""The place of a risk in the queue, most urgent first."""


class Move(StrEnum):
    """What can happen to a flag."""

    SEND = "send"
    WRITE_DOWN = "write_down"
    READ = "read"
    TAKE = "take"
    ASSIGN = "assign"
    ASSESS = "assess"
    ACT = "act"
    ASK = "ask"
    WITHDRAW_QUESTION = "withdraw_question"
    ANSWER = "answer"
    ADD = "add"
    CLOSE = "close"
    REOPEN = "reopen"
    STEP_ASIDE = "step_aside"
    PROPOSE = "propose"
    CONFIRM = "confirm"
    DECLINE = "decline"
    TAKE_BACK = "take_back"
    PAUSE = "pause"
    SERVE = "serve"
    REFER = "refer"
    HEAR_BACK = "hear_back"
    RECORD = "record"
    BREAK_GLASS = "break_glass"
    REVIEW_BREAK_GLASS = "review_break_glass"
    HOLD = "hold"
    RELEASE = "release"
    ASK_TO_DELETE = "ask_to_delete"
    SPARE = "spare"
    HAND_OVER = "hand_over"
    MERGE = "merge"
    UNMERGE = "unmerge"
    CLOSE_WITH = "close_with"


class Joint(StrEnum):
    """What one officer may only propose, and another must agree to (rulings, sections 3 and 8)."""

    LOWER = "lower"
    CLOSE = "close"
    PAUSE = "pause"
    OVERRIDE = "override"
    STOP_CLOCK = "stop_clock"
    DELETE = "delete"


class Need(StrEnum):
    """What a move cannot do without; its form asks for exactly these."""

    OFFICER = "officer"
    RISK = "risk"
    REASON = "reason"
    NOTE = "note"
    NEXT_DATE = "next_date"
    QUESTION = "question"
    CADRE_TEXT = "cadre_text"
    CONSENT = "consent"
    UNIT = "unit"
    CONCERN = "concern"
    ANOTHER = "another"  # a second officer, never the one who proposed


@dataclass(frozen=True)
class Facts:
    """What is true of a flag beside its status, as far as the rules of its life ask."""

    assessed: bool = False
    owned: bool = False
    handled: bool = False
    high: bool = False  # assessed as high, or worse by now as its reporter says
    ever_high: bool = False  # high at any time, if only by the estimate
    referred: bool = False  # some service was asked and has not come to an end with it


@dataclass(frozen=True)
class Rule:
    """One line of the table. `end` None means: wherever the facts put it (`resting_place`)."""

    start: frozenset[Status]
    end: Status | None
    who: frozenset[Role]
    needs: frozenset[Need] = frozenset()
    only_owned: bool = False
    only_assessed: bool = False
    only_high: bool = False
    only_referred: bool = False
    stays: bool = False


UNREAD = frozenset({Status.NEW, Status.HANDED_OVER})
"""Not read by this unit yet: fresh from its reporter, or from another unit."""
_WORKED = frozenset({Status.READ, Status.ASSESSED, Status.ASSIGNED, Status.IN_PROGRESS,
                     Status.REFERRED, Status.REOPENED})
_WAITING = frozenset({Status.WAITING})
_OWNED = frozenset({Status.ASSIGNED, Status.IN_PROGRESS, Status.REFERRED})
OPEN = UNREAD | _WORKED | _WAITING
"""The statuses in which something is still to be done by this unit."""

_KEPT = frozenset({Status.CLOSED})
_HEAD = frozenset({Role.HEAD})

MOVES: dict[Move, Rule] = {
    Move.READ: Rule(UNREAD, Status.READ, UNIT),
    Move.TAKE: Rule(_WORKED | _WAITING, None, UNIT),
    Move.ASSIGN: Rule(_WORKED | _WAITING, None, _HEAD, frozenset({Need.OFFICER})),
    Move.ASSESS: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.RISK, Need.REASON})),
    Move.ACT: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.NOTE, Need.NEXT_DATE}), only_owned=True),
    Move.ASK: Rule(_WORKED, Status.WAITING, UNIT, frozenset({Need.QUESTION})),
    Move.WITHDRAW_QUESTION: Rule(_WAITING, None, UNIT),
    Move.ANSWER: Rule(_WAITING, None, FIELD),
    Move.ADD: Rule(OPEN | {Status.MERGED}, None, FIELD),
    Move.CLOSE: Rule(_WORKED | _WAITING, Status.CLOSED, UNIT, frozenset({Need.REASON, Need.CADRE_TEXT}),
                     only_owned=True, only_assessed=True),
    Move.REOPEN: Rule(_KEPT, Status.REOPENED, UNIT, frozenset({Need.REASON})),
    Move.PROPOSE: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.REASON}), stays=True),
    Move.CONFIRM: Rule(_WORKED | _WAITING | _KEPT, None, UNIT, frozenset({Need.ANOTHER}), stays=True),
    Move.DECLINE: Rule(_WORKED | _WAITING | _KEPT, None, UNIT, frozenset({Need.ANOTHER, Need.REASON}), stays=True),
    Move.TAKE_BACK: Rule(_WORKED | _WAITING | _KEPT, None, UNIT, stays=True),
    Move.PAUSE: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.REASON, Need.NEXT_DATE}),
                     only_owned=True, only_assessed=True, stays=True),
    Move.SERVE: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.NOTE, Need.NEXT_DATE}),
                     only_owned=True, only_assessed=True),
    Move.REFER: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.REASON, Need.CONSENT}),
                     only_owned=True, only_assessed=True),
    Move.HEAR_BACK: Rule(_WORKED | _WAITING | _KEPT, None, UNIT, only_referred=True),
    Move.RECORD: Rule(_WORKED | _WAITING | _KEPT, None, UNIT, frozenset({Need.NOTE}), stays=True),
    Move.BREAK_GLASS: Rule(_WORKED | _WAITING, None, UNIT, frozenset({Need.REASON}), only_high=True, stays=True),
    Move.REVIEW_BREAK_GLASS: Rule(_WORKED | _WAITING | _KEPT | {Status.MERGED}, None, UNIT,
                                  frozenset({Need.ANOTHER}), stays=True),
    Move.HOLD: Rule(_WORKED | _WAITING | _KEPT | {Status.MERGED}, None, _HEAD, frozenset({Need.REASON}), stays=True),
    Move.RELEASE: Rule(_WORKED | _WAITING | _KEPT | {Status.MERGED}, None, _HEAD, frozenset({Need.REASON}),
                       stays=True),
    Move.ASK_TO_DELETE: Rule(_KEPT, None, UNIT, frozenset({Need.REASON}), stays=True),
    Move.SPARE: Rule(_KEPT, None, UNIT, frozenset({Need.REASON}), stays=True),
    Move.HAND_OVER: Rule(_WORKED, Status.HANDED_OVER, UNIT, frozenset({Need.REASON, Need.UNIT}),
                         only_assessed=True),
    Move.MERGE: Rule(_WORKED, Status.MERGED, UNIT, frozenset({Need.CONCERN})),
    Move.UNMERGE: Rule(frozenset({Status.MERGED}), None, UNIT),
    Move.CLOSE_WITH: Rule(frozenset({Status.MERGED}), Status.CLOSED, UNIT, frozenset({Need.CADRE_TEXT})),
    Move.STEP_ASIDE: Rule(_OWNED, None, UNIT),
}
"""`RECORD` is the move of whatever must not be told apart without the key: that a victim told the unit, that the
police were told, that "contact nobody" was set aside. What it was lies sealed beside it. `BREAK_GLASS` is that
one officer set it aside alone, a life being in danger (`casework.break_glass`): in clear, so that all are told."""

_END_WAITING = frozenset({Move.ANSWER, Move.WITHDRAW_QUESTION})


def open_moves(status: Status, role: Role, facts: Facts) -> list[Move]:
    """The moves this role may make now, in the order of the work. The page draws exactly these."""
    return [move for move, rule in MOVES.items() if _allows(rule, status, role, facts)]


def after(status: Status, move: Move, role: Role, before: Facts, then: Facts, *, agreed: bool = False) -> Status:
    """Where a move leads. `before` decides whether it may be made, `then` where the flag comes to rest;
    `agreed` says that a second officer has agreed.

    Raises `Refused` for every move that `open_moves` does not offer, and for one officer alone where two
    are needed (`needs_two`).
    """
    rule = MOVES.get(move)
    if rule is None or not _allows(rule, status, role, before):
        raise Refused(f"{role} cannot {move} a flag that is {status}")
    if needs_two(move, before, then) and not agreed:
        raise Refused(f"one officer alone cannot {move} this flag")
    if rule.end is not None:
        return rule.end
    if rule.stays or status in UNREAD | _KEPT:
        return status  # a reporter who adds something does not make it read; a late word reopens nothing
    if status is Status.WAITING and move not in _END_WAITING:
        return Status.WAITING  # a question is still out, whatever else is done meanwhile
    return resting_place(then)


def needs_two(move: Move, before: Facts, then: Facts) -> Joint | None:
    """What a second officer must agree to before this move is made, if anything.

    One officer may set the first risk, which was only an estimate. What an officer called high, or a reporter
    says has got worse, is not lowered, put off or ended by one alone; nor is what the form itself took for
    high ended by one.
    """
    if move is Move.ASSESS and before.high and not then.high:
        return Joint.LOWER
    if move is Move.CLOSE and before.ever_high:
        return Joint.CLOSE
    return Joint.PAUSE if move is Move.PAUSE and before.high else None


def resting_place(facts: Facts) -> Status:
    """Where a flag stands by what is true of it, when no question is out."""
    if facts.owned and facts.referred:
        return Status.REFERRED
    if facts.owned:
        return Status.IN_PROGRESS if facts.handled else Status.ASSIGNED
    return Status.ASSESSED if facts.assessed else Status.READ


def told(status: Status, *, handled: bool) -> Told:
    """The word the reporter is told. A referral, a merge or a question changes nothing in it."""
    if status is Status.CLOSED:
        return Told.CLOSED
    if handled:
        return Told.HANDLED
    return Told.RECEIVED if status is Status.NEW else Told.READ  # one handed over has been read before


def highest(risks: Iterable[Risk]) -> Risk:
    """The most urgent of some risks."""
    return min(risks, key=RANK.__getitem__)


def _allows(rule: Rule, status: Status, role: Role, facts: Facts) -> bool:
    return (
        status in rule.start
        and role in rule.who
        and (facts.owned or not rule.only_owned)
        and (facts.assessed or not rule.only_assessed)
        and (facts.high or not rule.only_high)
        and (facts.referred or not rule.only_referred)
    )
