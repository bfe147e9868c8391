"""What the unit does with a concern: each command a sealed note and one move by the table. None commits.

What takes two officers becomes a proposal when one of them does it; `confirm` then does it in her name who
agrees. Each form's one-use key makes a second tap harmless.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import queries as accounts
from portal.accounts.models import SealingKey, Unit
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.audit import once as done_once
from portal.base.clock import now, today
from portal.base.errors import NotVisible, Refused
from portal.base.settings import Settings
from portal.casework import break_glass, codes, duplicates, early, facts, proposals, records, sealed
from portal.casework.notes import write
from portal.casework.records import Codes, GivenService, Written
from portal.flags import commands as flags
from portal.flags import deadlines, life, queries
from portal.flags import sealed as flags_sealed
from portal.flags.answers import Contact
from portal.flags.life import Joint, Move, Risk, Status
from portal.flags.models import ContentKey, Flag


@dataclass(frozen=True)
class Assessment:
    """The risk and why; with `codes`, the whole assessment that is counted once a month."""

    risk: Risk
    why: str
    codes: Codes | None = None


@dataclass(frozen=True)
class Closing:
    """How the work ends: the unit's own reason and remark, sealed, and the text that the reporter reads."""

    reason: str
    remark: str
    text: str


@dataclass(frozen=True)
class Letter:
    """A referral. `carried` are the labels and values that travel, as they stand in the letter."""

    to: str
    office: str
    consent: str
    request: str
    carried: list[tuple[str, str]]
    next_on: date


def once_only(act: Callable[..., None]) -> Callable[..., None]:
    """An act on a flag that its form's one-use key lets happen once: called again with the same `once` and
    `body`, it finds itself done and does nothing. Raises `Refused` when the body is another."""

    @wraps(act)
    def done(session: Session, *given: Any, once: str, body: str, **how: Any) -> None:
        if done_once.outcome_of(session, once, body) is not None:
            return
        flag = next(one for one in given if isinstance(one, Flag))
        code = flag.code
        act(session, *given, **how)
        done_once.remember(session, once, body, code)

    return done


def assess(session: Session, settings: Settings, ring: KeyRing, flag: Flag, made: Assessment, *, by: Viewer,
           version: int) -> None:
    """Set the risk, and say why. Lowering a high one is proposed to a second officer, and so is the first assessment
    where the reporter has said meanwhile that it got worse."""
    before, worse = flags.facts_of(flag), flags.says_worse(session, ring, flag)
    before = replace(before, high=before.high or worse)
    then = replace(before, assessed=True, high=made.risk is Risk.HIGH)
    if life.needs_two(Move.ASSESS, before, then):
        content = {"risk": made.risk, "codes": made.codes.as_content() if made.codes else None}
        _propose(session, ring, flag, Joint.LOWER, Move.ASSESS, made.why, content, by=by, version=version)
        return
    _assess(session, settings, ring, flag, made, worse, by=by, version=version)


def close(session: Session, settings: Settings, ring: KeyRing, flag: Flag, closing: Closing, *, by: Viewer,
          version: int) -> None:
    """End the work. The reason stays with the unit; the reporter reads one of the harmless texts. What was
    ever high is proposed to a second officer.

    Raises `Refused` while the law still waits for the report to the police: closed, nobody would see it.
    """
    _check_the_law_is_done(session, ring, flag)
    facts_now = flags.facts_of(flag)
    if life.needs_two(Move.CLOSE, facts_now, facts_now):
        content = {"reason": closing.reason, "closing": closing.text}
        _propose(session, ring, flag, Joint.CLOSE, Move.CLOSE, closing.remark, content, by=by, version=version)
        return
    _close(session, settings, ring, flag, closing, by=by, version=version)


def pause(session: Session, settings: Settings, ring: KeyRing, flag: Flag, until: date, why: str, *, by: Viewer,
          version: int) -> None:
    """Put the deadline off to the close of service on a day, with a reason. A high risk is proposed to a
    second officer. Raises `Refused` for a day that is over or more than two weeks off."""
    here = today(settings.timezone)
    if not here <= until <= here + deadlines.LONGEST_PAUSE:
        raise Refused("not a day to pause until")
    facts_now = flags.facts_of(flag)
    if life.needs_two(Move.PAUSE, facts_now, facts_now):
        _propose(session, ring, flag, Joint.PAUSE, Move.PAUSE, why, {"until": until.isoformat()}, by=by,
                 version=version)
        return
    _pause(session, settings, ring, flag, until, why, by=by, version=version)


def set_aside_contact(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Propose to contact somebody although the reporter said "contact nobody" (ux, section 3, step 7).

    Raises `Refused` unless that was said, the risk is high, and it has not been set aside before.
    """
    answers = flags_sealed.open_answers(flags.content_key(session, ring, flag.id), flag.id, flag.sealed_answers)
    done = records.override(records.notes_of(session, ring, flag))
    if answers.contact is not Contact.NOBODY or not flags.facts_of(flag).high or done:
        raise Refused("nothing to set aside")
    _propose(session, ring, flag, Joint.OVERRIDE, Move.RECORD, why, {}, by=by, version=version)


def settle(session: Session, settings: Settings, ring: KeyRing, flag: Flag, decision: str, why: str, *,
           by: Viewer, version: int) -> None:
    """End the proposal that stands: `confirm`, `decline` or `take_back`. Raises `Refused` for anything else."""
    match decision:
        case "confirm":
            confirm(session, settings, ring, flag, by=by, version=version)
        case "decline":
            decline(session, ring, flag, why, by=by, version=version)
        case "take_back":
            take_back(session, ring, flag, by=by, version=version)
        case _:
            raise Refused("no such decision")


def confirm(session: Session, settings: Settings, ring: KeyRing, flag: Flag, *, by: Viewer, version: int) -> None:
    """Another officer agrees, and what was proposed is done. Raises `Refused` when it cannot be any more."""
    decided = proposals.decide(session, ring, flag, "confirmed", by=by)
    content = decided.content
    write(session, ring, flag, Move.CONFIRM, by=by, what=decided.what)
    flags.advance(session, flag, Move.CONFIRM, by=by, before=flags.facts_of(flag), version=version)
    how: dict[str, Any] = {"by": by, "version": flag.version, "agreed": True}
    why = content["text"]
    match decided.what:
        case Joint.LOWER:
            coded = Codes.of(content["codes"]) if content["codes"] else None
            made = Assessment(records.risk_of(content), why, coded)
            _assess(session, settings, ring, flag, made, flags.says_worse(session, ring, flag), **how)
        case Joint.CLOSE:
            _close(session, settings, ring, flag, Closing(content["reason"], why, content["closing"]), **how)
        case Joint.PAUSE:
            _pause(session, settings, ring, flag, date.fromisoformat(content["until"]), why, **how)
        case Joint.OVERRIDE:
            _record(session, ring, flag, "override", by=by, version=flag.version, text=why)
        case Joint.STOP_CLOCK:
            flag.due_at = _due_again(session, settings, flag)
            _record(session, ring, flag, "mistaken", by=by, version=flag.version, text=why)
        case Joint.DELETE:
            early.agree(session, settings, ring, flag, asked_by_id=decided.by_id, by=by)


def decline(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Another officer does not agree, and says why."""
    decided = proposals.decide(session, ring, flag, "declined", by=by)
    write(session, ring, flag, Move.DECLINE, by=by, what=decided.what, text=why)
    flags.advance(session, flag, Move.DECLINE, by=by, before=flags.facts_of(flag), version=version)


def take_back(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, version: int) -> None:
    """Whoever proposed thinks better of it."""
    decided = proposals.decide(session, ring, flag, "withdrawn", by=by)
    write(session, ring, flag, Move.TAKE_BACK, by=by, what=decided.what)
    flags.advance(session, flag, Move.TAKE_BACK, by=by, before=flags.facts_of(flag), version=version)


def hear_victim(session: Session, ring: KeyRing, flag: Flag, text: str, *, by: Viewer, version: int) -> None:
    """A victim told the unit of sexual violence herself or himself: the 3 × 24 hours to the report to the police
    begin (UU 12/2022, article 41). Raises `Refused` when they run already, or have run out."""
    if records.law_clock(records.notes_of(session, ring, flag)) is not None:
        raise Refused("the clock was started before")
    if flag.closed_at is not None:
        raise Refused("a closed concern is in no queue: it must be opened again first")
    flag.due_at = min(flag.due_at, now() + timedelta(hours=records.LAW_HOURS))
    _record(session, ring, flag, "heard", by=by, version=version, text=text, when=now().isoformat())


def tell_police(session: Session, settings: Settings, ring: KeyRing, flag: Flag, text: str, *, by: Viewer,
                version: int) -> None:
    """The police have the report: the clock stands. `text` is where and under which number."""
    if records.latest_due(records.notes_of(session, ring, flag)) is None:
        raise Refused("no clock runs")
    if flag.closed_at is None:
        flag.due_at = _due_again(session, settings, flag)
    _record(session, ring, flag, "police", by=by, version=version, text=text)


def stop_clock(session: Session, ring: KeyRing, flag: Flag, why: str, *, by: Viewer, version: int) -> None:
    """Propose to take the legal clock away, because it was started by mistake."""
    if records.latest_due(records.notes_of(session, ring, flag)) is None:
        raise Refused("no clock runs")
    _propose(session, ring, flag, Joint.STOP_CLOCK, Move.RECORD, why, {}, by=by, version=version)


def keep_ticket(session: Session, ring: KeyRing, flag: Flag, number: str, *, by: Viewer, version: int) -> None:
    """The number under which the national system has it."""
    _record(session, ring, flag, "ticket", by=by, version=version, text=number)


def serve(session: Session, settings: Settings, ring: KeyRing, flag: Flag, given: GivenService, *, by: Viewer,
          version: int) -> None:
    """Note a service, and until when the next step is due.

    Raises `Refused` for mediation unless an assessment says that no sexual violence is in it: that may not be
    settled outside court (UU 12/2022, article 23).
    """
    codes.check(codes.services(), given.service)
    codes.check(codes.outcomes(), given.outcome)
    if given.stage:
        codes.check(codes.stages(given.service), given.stage)
    written = records.notes_of(session, ring, flag)
    if given.service == codes.MEDIATION and not may_mediate(written):
        raise Refused("no mediation here")
    write(session, ring, flag, Move.SERVE, by=by, service=given.service, stage=given.stage, outcome=given.outcome,
          day=given.day.isoformat(), text=given.text, next=given.next_step, next_on=given.next_on.isoformat())
    flags.act(session, settings, flag, next_date=given.next_on, by=by, version=version, move=Move.SERVE,
              latest=records.latest_due(written))


def may_mediate(written: list[Written]) -> bool:
    """Only after an assessment, and never where there is sexual violence."""
    return records.assessed(written) is not None and not records.is_sexual(written)


def refer(session: Session, settings: Settings, ring: KeyRing, flag: Flag, letter: Letter, *, by: Viewer,
          version: int) -> None:
    """Refer the person to a service, by a letter that is kept as it was; ask back on a day."""
    codes.check(codes.destinations(), letter.to)
    latest = records.latest_due(records.notes_of(session, ring, flag))
    write(session, ring, flag, Move.REFER, by=by, to=letter.to, office=letter.office, consent=letter.consent,
          text=letter.request, carried=letter.carried, next="", next_on=letter.next_on.isoformat())
    flag.referrals_out += 1
    flags.act(session, settings, flag, next_date=letter.next_on, by=by, version=version, move=Move.REFER,
              latest=latest)


def hear_back(session: Session, ring: KeyRing, flag: Flag, referral_id: UUID, result: str, text: str, *,
              by: Viewer, version: int) -> None:
    """What the service said: accepted, declined, done; or the unit withdraws it. Raises `NotVisible` for a
    referral of another concern, `Refused` for one that has ended."""
    all_ = records.referrals(records.notes_of(session, ring, flag))
    referral = next((one for one in all_ if one.id == referral_id), None)
    if referral is None:
        raise NotVisible
    if not referral.out or result not in {"accepted", *records.ENDED} or result == referral.result:
        raise Refused("that referral has ended")
    before = flags.facts_of(flag)
    write(session, ring, flag, Move.HEAR_BACK, by=by, referral=str(referral_id), result=result, text=text)
    if result in records.ENDED:
        flag.referrals_out -= 1
    flags.advance(session, flag, Move.HEAR_BACK, by=by, before=before, version=version)


def hand_over(session: Session, settings: Settings, ring: KeyRing, flag: Flag, unit_id: UUID, why: str, *,
              by: Viewer, version: int) -> None:
    """Give the concern to another unit: sealed to its key, unread there, and from then on not to be seen here.
    Its reporter notices nothing.

    Raises `NotVisible` when there is no such other unit, `Refused` when others are merged into it, while nobody has
    looked at who acted alone on it, or for a conflict of interest unless the head does it.
    """
    own_key = session.get_one(SealingKey, flag.key_id)
    target = session.get(Unit, unit_id)
    if target is None or target.id == flag.unit_id:
        raise NotVisible
    if own_key.kind == "conflict" and by.role is not Role.HEAD:
        raise Refused("only the head hands over a conflict of interest")
    if duplicates.lying_under(session, ring, flag, by=by):
        raise Refused("others are merged into it")
    break_glass.check_reviewed(session, flag)
    before, latest = flags.facts_of(flag), records.latest_due(records.notes_of(session, ring, flag))
    proposals.void(session, flag)
    write(session, ring, flag, Move.HAND_OVER, by=by, text=why, unit=target.name)
    new_key = accounts.sealing_key(session, target.id, own_key.kind)
    for row in session.scalars(select(ContentKey).where(ContentKey.flag_id == flag.id)):
        sealed.hand_on(ring, row, new_key)
    duplicates.forget_marks(session, flag.id)
    flag.unit_id, flag.key_id, flag.assignee_id = target.id, new_key.id, None
    flag.due_at = flags.earlier(_due_by_risk(session, settings, flag), latest)
    flags.advance(session, flag, Move.HAND_OVER, by=by, before=before, version=version)


def _propose(session: Session, ring: KeyRing, flag: Flag, what: Joint, move: Move, why: str,
             content: dict[str, Any], *, by: Viewer, version: int) -> None:
    """Keep what is meant to be done, if the table would allow it to two."""
    before = flags.facts_of(flag)
    life.after(Status(flag.status), move, by.role, before, before, agreed=True)
    proposals.put(session, ring, flag, what, {"text": why, **content}, by=by)
    write(session, ring, flag, Move.PROPOSE, by=by, what=what, text=why)
    flags.advance(session, flag, Move.PROPOSE, by=by, before=before, version=version)


def _assess(session: Session, settings: Settings, ring: KeyRing, flag: Flag, made: Assessment, worse: bool, *,
            by: Viewer, version: int, agreed: bool = False) -> None:
    written = records.notes_of(session, ring, flag)
    content: dict[str, Any] = {"risk": made.risk, "text": made.why}
    if made.codes is not None:
        fact = facts.count_anew(session, settings, flag, made.codes, records.assessed(written))
        content |= {"codes": made.codes.as_content(), "fact": str(fact)}
    write(session, ring, flag, Move.ASSESS, by=by, **content)
    flags.assess(session, settings, flag, made.risk, by=by, version=version, agreed=agreed,
                 worse=worse, latest=records.latest_due(written))


def _close(session: Session, settings: Settings, ring: KeyRing, flag: Flag, closing: Closing, *, by: Viewer,
           version: int, agreed: bool = False) -> None:
    _check_the_law_is_done(session, ring, flag)
    proposals.void(session, flag)
    under = duplicates.lying_under(session, ring, flag, by=by)
    duplicates.check_may_know(session, under, by=by)
    write(session, ring, flag, Move.CLOSE, by=by, reason=closing.reason, text=closing.remark)
    flags.close(session, settings, flag, closing.text, by=by, version=version, agreed=agreed)
    for other in under:
        write(session, ring, other, Move.CLOSE_WITH, by=by)
        flags.close(session, settings, other, closing.text, by=by, version=None, move=Move.CLOSE_WITH)


def _check_the_law_is_done(session: Session, ring: KeyRing, flag: Flag) -> None:
    if records.latest_due(records.notes_of(session, ring, flag)) is not None:
        raise Refused("the legal clock runs")


def _pause(session: Session, settings: Settings, ring: KeyRing, flag: Flag, until: date, why: str, *, by: Viewer,
           version: int, agreed: bool = False) -> None:
    latest = records.latest_due(records.notes_of(session, ring, flag))
    before = flags.facts_of(flag)
    write(session, ring, flag, Move.PAUSE, by=by, text=why, until=until.isoformat())
    flag.due_at = flags.earlier(flags.closing_of(until, settings), latest)
    flags.advance(session, flag, Move.PAUSE, by=by, before=before, version=version, agreed=agreed)


def _record(session: Session, ring: KeyRing, flag: Flag, what: str, *, by: Viewer, version: int | None,
            **content: Any) -> None:
    """Something that from outside looks like any other record."""
    write(session, ring, flag, Move.RECORD, by=by, what=what, **content)
    flags.advance(session, flag, Move.RECORD, by=by, before=flags.facts_of(flag), version=version)


def _due_again(session: Session, settings: Settings, flag: Flag) -> datetime:
    """The deadline when the law's clock runs no more: that of the next step, if one was set."""
    return flags.not_too_far(flag, flag.next_news_at or _due_by_risk(session, settings, flag), settings)


def _due_by_risk(session: Session, settings: Settings, flag: Flag) -> datetime:
    """The deadline by the present risk, counted from now."""
    risk = Risk(flag.risk_assessed or flag.risk_estimate)
    return deadlines.due_at(risk, now(), queries.calendar(session, settings), settings)
