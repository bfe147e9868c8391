"""What people read for each code of a concern. Looked up when read, in the reader's language."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from flask_babel import gettext as _

from portal.base.clock import now
from portal.flags.answers import (
    Age,
    Aware,
    Called,
    CallTime,
    Contact,
    Danger,
    KeepFrom,
    Known,
    Need,
    Relation,
    Sign,
    Way,
    Who,
)
from portal.flags.life import Told
from portal.web.locale import local, say_day, say_moment, say_time

_MORNING_ENDS = 11  # the hour up to which people here say "pagi"

QUESTIONS = ("when_call", "changed", "still_at_risk", "how_to_find")
"""Template questions to a reporter, in the order in which officers are offered them."""

CLOSINGS = ("done", "passed_on", "not_now")
"""The harmless texts with which a reporter is told that it is closed."""


def label(value: StrEnum) -> str:
    """The short label of a coded answer."""
    return _LABELS[type(value)]()[value]


def question(code: str) -> str:
    """A template question, as the reporter reads it."""
    return {
        "when_call": _("When can we call you?"),
        "changed": _("Has the situation changed?"),
        "still_at_risk": _("As far as you can see, is the person safe now?"),
        "how_to_find": _("How can an officer find the place?"),
    }[code]


def closing(code: str) -> str:
    """A closing text, as the reporter reads it. Never the outcome (ux, section 5.1)."""
    return {
        "done": _("Officers have taken the steps that were needed. What was done stays secret. Thank you."),
        "passed_on": _("It was passed on to the service in charge."),
        "not_now": _("It cannot go on for now. This is not your fault. If there is anything new, tell us again."),
    }[code]


def told(word: Told) -> str:
    """One of the four words."""
    return {Told.RECEIVED: _("Received"), Told.READ: _("Read"),
            Told.HANDLED: _("Being handled"), Told.CLOSED: _("Closed")}[word]


def told_sentence(word: Told, closed_with: str = "") -> str:
    """What stands under one of the four words. `closed_with` is the code of the closing text."""
    return {Told.RECEIVED: _("Your concern has arrived."),
            Told.READ: _("Officers are deciding on a safe step."),
            Told.HANDLED: _("Officers have begun to take steps."),
            Told.CLOSED: closing(closed_with) if closed_with else ""}[word]


def promise(promised_at: datetime) -> str:
    """By when somebody calls the reporter. Whether she wanted a call lies sealed, so the page cannot know."""
    return _("An officer calls you by %(when)s at the latest, unless you asked for no contact.",
             when=say_moment(promised_at))


def promise_to_read(opening: datetime) -> str:
    """From when officers are there to read what came outside service hours."""
    return _("Officers read this %(day)s from %(time)s. Before that, if it gets worse, call 112.",
             day=_coming_day(opening), time=say_time(opening))


def greeting(hour: int) -> str:
    """How one greets at this hour of the day (0 to 23)."""
    if 4 <= hour < _MORNING_ENDS:
        return _("Good morning")
    if _MORNING_ENDS <= hour < 15:
        return _("Good day")
    return _("Good afternoon") if 15 <= hour < 18 else _("Good evening")


def second_line(value: StrEnum) -> str:
    """What stands in small under an answer; empty where there is nothing."""
    return {
        Danger.NOW: _("Being hurt or threatened, injured, locked in, or there is a weapon"),
        Danger.AGAIN: _("Still lives with, or often meets, the person they fear"),
        Danger.NONE: _("It is over, or they are in a safe place"),
        Contact.NOBODY: _("Except when a life is in danger"),
    }.get(value, "")


def _coming_day(opening: datetime) -> str:
    here = local(opening)
    days = (here.date() - local(now()).date()).days
    if days == 1:
        return _("tomorrow morning") if here.hour < _MORNING_ENDS else _("tomorrow")
    return _("today") if days == 0 else say_day(opening)


def _danger() -> dict[str, str]:
    return {Danger.NOW: _("Yes, right now"), Danger.AGAIN: _("It may happen again"),
            Danger.NONE: _("No danger I can see now"), Danger.UNKNOWN: _("I do not know")}


def _called() -> dict[str, str]:
    return {Called.YES: _("I have called"), Called.NOT_YET: _("I cannot call yet"),
            Called.OTHERS: _("Somebody else has called")}


def _who() -> dict[str, str]:
    return {Who.GIRL: _("A girl"), Who.BOY: _("A boy"), Who.WOMAN: _("A woman"),
            Who.SEVERAL: _("More than one person"), Who.UNKNOWN: _("Someone else, or I do not know")}


def _age() -> dict[str, str]:
    return {Age.UNDER_6: "0–5", Age.UNDER_13: "6–12", Age.UNDER_18: "13–17", Age.UNDER_25: "18–24",
            Age.UNDER_60: "25–59", Age.OLDER: "60+", Age.UNKNOWN: _("Do not know")}


def _need() -> dict[str, str]:
    return {Need.HEARING: _("Hard to hear"), Need.SEEING: _("Hard to see"), Need.WALKING: _("Hard to walk"),
            Need.SPEAKING: _("Hard to speak or understand"), Need.PREGNANT: _("Is pregnant"),
            Need.UNKNOWN: _("Do not know")}


def _sign() -> dict[str, str]:
    return {
        Sign.INJURY: _("Unusual injuries or pain"),
        Sign.SHOUTING: _("Shouting, threats or hitting heard"),
        Sign.AFRAID: _("Seems very afraid of someone"),
        Sign.NEGLECT: _("Not cared for: hungry, ill without care, left alone"),
        Sign.TOUCHED: _("Touched or asked for something improper"),
        Sign.PHONE: _("Threatened or shamed by phone"),
        Sign.MOVED: _("To be married, put to work or taken away"),
        Sign.OTHER: _("Something else, or hard to explain"),
    }


def _known() -> dict[str, str]:
    return {
        Known.WITNESSED: _("I saw or heard it myself"), Known.TOLD_BY_PERSON: _("The person told me"),
        Known.TOLD_BY_OTHERS: _("Somebody else told me"), Known.SESSION: _("From an awareness session"),
        Known.GUESS: _("I only suspect it, or I do not know"),
    }


def _relation() -> dict[str, str]:
    return {Relation.NEIGHBOUR: _("Neighbour"), Relation.FAMILY: _("Family"),
            Relation.SCHOOL: _("Teacher or school staff"), Relation.CADRE: _("Cadre or official"),
            Relation.OTHER: _("Other")}


def _aware() -> dict[str, str]:
    return {
        Aware.WANTS_HELP: _("Yes, and they want help"),
        Aware.NOT_YET_WILLING: _("Yes, but they do not want it yet"),
        Aware.NOT_AWARE: _("They do not know yet"),
        Aware.CANNOT_ASK: _("It is not safe to ask"),
        Aware.CHILD_KNOWS: _("Yes"), Aware.CHILD_NOT_AWARE: _("Not yet"), Aware.UNKNOWN: _("Do not know"),
    }


def _contact() -> dict[str, str]:
    return {Contact.REPORTER: _("Call me first"), Contact.PERSON: _("They may be contacted directly"),
            Contact.NOBODY: _("Contact nobody yet, just note it")}


def _call_time() -> dict[str, str]:
    return {CallTime.ANY: _("any time"), CallTime.MORNING: _("morning"), CallTime.MIDDAY: _("midday"),
            CallTime.AFTERNOON: _("afternoon"), CallTime.EVENING: _("evening")}


def _way() -> dict[str, str]:
    return {Way.CALL: _("by phone"), Way.WHATSAPP: _("by WhatsApp"), Way.NO_MESSAGE: _("never leave a message")}


def _keep_from() -> dict[str, str]:
    return {KeepFrom.RT_RW: _("RT/RW officials"), KeepFrom.CADRES: _("Other cadres"),
            KeepFrom.SCHOOL: _("The school"), KeepFrom.KELURAHAN: _("Kelurahan or kecamatan officials")}


_LABELS: dict[type[StrEnum], Callable[[], dict[str, str]]] = {
    Danger: _danger, Called: _called, Who: _who, Age: _age, Need: _need, Sign: _sign, Known: _known,
    Relation: _relation, Aware: _aware, Contact: _contact, CallTime: _call_time, Way: _way, KeepFrom: _keep_from,
}
