"""The unit's words: stages, risk, deadlines, moves, reasons. What cadres read is in `flags/words.py`.

Names are looked up once a language, not once a row of the queue.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.base.settings import Settings
from portal.casework import words as casework
from portal.flags.answers import (
    Age,
    Answers,
    Aware,
    Called,
    Caller,
    CallTime,
    Contact,
    Danger,
    Known,
    Need,
    Sign,
    Who,
)
from portal.flags.deadlines import TimeLeft
from portal.flags.life import Move, Risk, Status
from portal.flags.words import label
from portal.followup.presence import Here
from portal.followup.queries import MOST, SavedView, Term
from portal.web.locale import say_time

IDENTITY_REASONS = ("call_cadre", "reach_person", "emergency", "prepare", "check")
WAYS = ("phone", "visit", "in_person", "coordination")
RESULTS = ("reached", "not_reached", "postponed")

_HOUR, _DAY = 60, 24 * 60


def _per_language(make: Callable[[], Mapping[str, str]]) -> Callable[[], Mapping[str, str]]:
    known: dict[str, Mapping[str, str]] = {}

    def names() -> Mapping[str, str]:
        language = str(get_locale())
        if language not in known:
            known[language] = make()
        return known[language]

    return names


@_per_language
def _views() -> Mapping[str, str]:
    return {
        SavedView.OPEN: _("All open"), SavedView.LATE: _("Past the deadline"), SavedView.TODAY: _("Due today"),
        SavedView.UNREAD: _("Unread"), SavedView.UNOWNED: _("No officer"), SavedView.MINE: _("Mine"),
        SavedView.NEWS: _("New messages"), SavedView.WAITING: _("Waiting for the cadre"),
        SavedView.CLOSED: _("Closed"),
    }


@_per_language
def _statuses() -> Mapping[str, str]:
    return {
        Status.NEW: _("New"), Status.READ: _("Read"), Status.ASSESSED: _("Assessed"),
        Status.ASSIGNED: _("Assigned"), Status.IN_PROGRESS: _("Being handled"),
        Status.WAITING: _("Waiting for the cadre"), Status.REFERRED: _("Referred"),
        Status.HANDED_OVER: _("Handed over"), Status.MERGED: _("Merged"), Status.REOPENED: _("Reopened"),
        Status.CLOSED: _("Closed"),
    }


@_per_language
def _risks() -> Mapping[str, str]:
    return casework.risks()


@_per_language
def _moves() -> Mapping[str, str]:
    return {
        Move.SEND: _("Received from the cadre"), Move.WRITE_DOWN: _("Written down by an officer, from the phone"),
        Move.READ: _("Read for the first time"),
        Move.TAKE: _("Taken over"), Move.ASSIGN: _("Given to an officer"), Move.ASSESS: _("Risk assessed"),
        Move.ACT: _("Action noted"), Move.ASK: _("Question sent to the cadre"),
        Move.WITHDRAW_QUESTION: _("Question withdrawn"), Move.ANSWER: _("The cadre answered"),
        Move.ADD: _("The cadre added something"), Move.CLOSE: _("Was closed"), Move.REOPEN: _("Reopened"),
        Move.STEP_ASIDE: _("Stepped aside: conflict of interest"),
        **casework.moves(),
    }


@_per_language
def _signs() -> Mapping[str, str]:
    return {
        Sign.INJURY: _("injured"), Sign.SHOUTING: _("threats or hitting heard"), Sign.AFRAID: _("very afraid"),
        Sign.NEGLECT: _("not cared for"), Sign.TOUCHED: _("improper touching"),
        Sign.PHONE: _("threatened by phone"), Sign.MOVED: _("to be married or taken away"),
        Sign.OTHER: _("hard to explain"),
    }


@_per_language
def _people() -> Mapping[str, str]:
    return {Who.GIRL: _("A girl"), Who.BOY: _("A boy"), Who.WOMAN: _("A woman"),
            Who.SEVERAL: _("More than one person"), Who.UNKNOWN: _("Somebody, unclear who")}


def view(code: SavedView) -> str:
    """The name of a saved view."""
    return _views()[code]


def status(code: Status) -> str:
    """The unit's name of a stage."""
    return _statuses()[code]


def risk(code: Risk) -> str:
    """One of the three official levels."""
    return _risks()[code]


def move(code: Move) -> str:
    """What happened, as a line of the log."""
    return _moves()[code]


def term(code: Term) -> str:
    """When one's own work is due, as a heading."""
    return {Term.LATE: _("Past"), Term.TODAY: _("Today"), Term.WEEK: _("This week"), Term.LATER: _("Later")}[code]


def officer_with(name: str, has: int) -> str:
    """An officer and how much she has already."""
    return _("%(name)s (%(count)s open)", name=name, count=count(has))


def open_at(others: Iterable[Here]) -> str:
    """Who else has a sheet open; empty when nobody has."""
    return " ".join(_("%(who)s has this open since %(time)s.", who=one.name, time=say_time(one.since))
                    for one in others)


def count(number: int) -> str:
    """A number that was not counted further than `queries.MOST`."""
    return str(number) if number < MOST else f"{MOST - 1}+"


def found(number: int) -> str:
    """How many a list holds, as a sentence to be heard."""
    return ngettext("%(all)s concern in the list.", "%(all)s concerns in the list.", number, all=count(number))


def time_left(left: TimeLeft) -> str:
    """`Sisa 15 menit`, `Lewat 3 jam`, `Sisa 2 hari`: the largest unit that fits, rounded down."""
    amount = _amount(left.minutes)
    return _("%(time)s late", time=amount) if left.late else _("%(time)s left", time=amount)


def _amount(minutes: int) -> str:
    if minutes < 1:
        return _("less than 1 minute")
    if minutes < _HOUR:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    if minutes < _DAY:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // _HOUR)
    return ngettext("%(num)s day", "%(num)s days", minutes // _DAY)


def target(code: Risk, settings: Settings) -> str:
    """The unit's own target for a risk. A setting, not law."""
    match code:
        case Risk.HIGH:
            return ngettext("Act at once. Alarm after %(num)s minute.", "Act at once. Alarm after %(num)s minutes.",
                            settings.high_risk_minutes)
        case Risk.MEDIUM:
            return ngettext("Act within %(num)s hour of service.", "Act within %(num)s hours of service.",
                            settings.medium_risk_hours)
        case Risk.LOW:
            return ngettext("Act within %(num)s working day.", "Act within %(num)s working days.",
                            settings.low_risk_days)


def levels(settings: Settings) -> dict[str, str]:
    """For each level: the unit's target, and what speaks for it."""
    return {code.value: f"{target(code, settings)} {casework.criteria(code)}" for code in Risk}


def labels(codes: Iterable[StrEnum]) -> str:
    """Some coded answers, one after the other."""
    return ", ".join(label(code) for code in codes)


def summary(answers: Answers) -> str:
    """What a row says of a concern once the key is unlocked: nobody can be known by it."""
    parts = [_("In danger now")] if answers.danger is Danger.NOW else []
    parts.append(who(answers))
    if answers.signs:
        parts.append(_capital(", ".join(_signs()[sign] for sign in answers.signs)))
    if set(answers.needs) & {Need.HEARING, Need.SEEING, Need.WALKING, Need.SPEAKING}:
        parts.append(_("Needs special help"))
    if Need.PREGNANT in answers.needs:
        parts.append(_("Pregnant"))
    return " ".join(f"{part}." for part in parts)


def contact_lines(answers: Answers, officer: str) -> list[str]:
    """How to reach anybody safely, most important first. `officer` speaks the opening sentence."""
    anybody = answers.by_stranger
    first = {
        Contact.REPORTER: _("Call the caller first.") if anybody else _("Call the cadre first."),
        Contact.PERSON: _("The person may be contacted directly. Number and hours are with the names below."),
        Contact.NOBODY: _("Contact nobody yet. Only if a life is in danger, and with a second officer's agreement."),
    }[answers.contact]
    lines = [first]
    if answers.contact is not Contact.NOBODY:
        lines.append(_call_times(answers.call_times))
    lines.append(_phone(anybody, answers.shared_phone))
    if answers.keep_from:
        lines.append(_("Must not know: %(who)s.", who=labels(answers.keep_from)))
    if answers.aware is Aware.NOT_YET_WILLING:
        lines.append(_("The person does not want help yet. Talk with the caller first.") if anybody
                     else _("The person does not want help yet. Talk with the cadre first."))
    if answers.shared_phone and answers.contact is not Contact.NOBODY:
        lines.append(_("Open with: “Good day, this is %(name)s from the kelurahan about the RW activities. "
                       "Can you talk?”", name=officer))
    return lines


def _phone(anybody: bool, shared: bool) -> str:
    if anybody:
        told = _("The caller's phone is shared: send no message."), _("The caller's phone is not shared.")
    else:
        told = _("The cadre's phone is shared: send no message."), _("The cadre's phone is not shared.")
    return told[0] if shared else told[1]


def _call_times(times: tuple[CallTime, ...]) -> str:
    if not times:
        return _("Safe hours were not given.")
    if CallTime.ANY in times:
        return _("At any time.")
    return _("Safe hours: %(times)s.", times=labels(times))


def danger(answers: Answers) -> str:
    """The answer of step 1, as an officer reads it."""
    return {
        Danger.NOW: _("Right now: hurt, threatened, locked in, or a weapon"),
        Danger.AGAIN: _("May happen again, lives with or meets the person they fear"),
        Danger.NONE: _("None to be seen now"), Danger.UNKNOWN: _("Not known"),
    }[answers.danger]


def called(answers: Answers) -> str:
    """Who has called for help, as an officer reads it; empty when it was not asked."""
    if answers.by_stranger:
        told = _("The caller has called"), _("Nobody yet: the caller could not call")
    else:
        told = _("The cadre has called"), _("Nobody yet: the cadre could not call")
    return {Called.YES: told[0], Called.NOT_YET: told[1], Called.OTHERS: _("Somebody else has called"),
            None: ""}[answers.called]


def caller(code: Caller) -> str:
    """Who told it on the phone."""
    return {Caller.CADRE: _("A cadre or school with an account"), Caller.PERSON: _("The person concerned"),
            Caller.RESIDENT: _("Somebody else")}[code]


def who(answers: Answers) -> str:
    """Whom it is about, with the age where it was told."""
    name = _people()[answers.who]
    if answers.age is Age.UNKNOWN:
        return name
    return _("%(who)s, %(age)s years", who=name, age=label(answers.age))


def known(answers: Answers) -> str:
    """How whoever told it knows, as an officer reads it."""
    if answers.by_stranger:
        return {
            Known.WITNESSED: _("The caller saw or heard it"), Known.TOLD_BY_PERSON: _("The person told the caller"),
            Known.TOLD_BY_OTHERS: _("Others told the caller"), Known.SESSION: _("From an awareness session"),
            Known.GUESS: _("The caller only suspects it"),
        }[answers.known]
    return {
        Known.WITNESSED: _("The cadre saw or heard it"), Known.TOLD_BY_PERSON: _("The person told the cadre"),
        Known.TOLD_BY_OTHERS: _("Others told the cadre"), Known.SESSION: _("From an awareness session"),
        Known.GUESS: _("The cadre only suspects it"),
    }[answers.known]


def aware(code: Aware) -> str:
    """Whether the person knows, as an officer reads it."""
    return {
        Aware.WANTS_HELP: _("Knows, and wants help"), Aware.NOT_YET_WILLING: _("Knows, but does not want it yet"),
        Aware.NOT_AWARE: _("Does not know"), Aware.CANNOT_ASK: _("Cannot be asked safely"),
        Aware.CHILD_KNOWS: _("The child knows"), Aware.CHILD_NOT_AWARE: _("The child does not know"),
        Aware.UNKNOWN: _("Not known"),
    }[code]


def missing(code: str) -> str:
    """What still has to be done before another act is open."""
    return {"read": _("Open it first."), "owned": _("An officer must take it first."),
            "assessed": _("The risk must be assessed first.")}[code]


def identity_reason(code: str) -> str:
    """Why names and places were opened."""
    return {
        "call_cadre": _("To call the cadre"), "reach_person": _("To reach the person safely"),
        "emergency": _("Emergency: a life is in danger"), "prepare": _("To prepare a visit or a referral"),
        "check": _("To check whether it is known already"),
    }[code]


def way(code: str) -> str:
    """How something was done."""
    return {"phone": _("Phone"), "visit": _("Visit"), "in_person": _("In person"),
            "coordination": _("Coordination")}[code]


def result(code: str) -> str:
    """What came of it."""
    return {"reached": _("Reached"), "not_reached": _("Not reached yet"), "postponed": _("Postponed")}[code]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
