"""What a concern says, as a value: coded answers, a short story, and what would identify somebody.

Codes here are stable and language-free; `words.py` says them. Never asked: names of suspected people,
identity numbers, birth dates, pictures (rulings, section 5).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from portal.flags.life import Risk


class Caller(StrEnum):
    """Who told it on the phone, where an officer wrote it down: somebody with an account, the person whom it is
    about, or anybody else."""

    CADRE = "cadre"
    PERSON = "person"
    RESIDENT = "resident"


class Danger(StrEnum):
    """Step 1."""

    NOW = "now"
    AGAIN = "again"
    NONE = "none"
    UNKNOWN = "unknown"


class Called(StrEnum):
    """Step 1a, the emergency lane: who has called for help."""

    YES = "yes"
    NOT_YET = "not_yet"
    OTHERS = "others"


class Who(StrEnum):
    """Step 2: about whom."""

    GIRL = "girl"
    BOY = "boy"
    WOMAN = "woman"
    SEVERAL = "several"
    UNKNOWN = "unknown"


class Age(StrEnum):
    """Step 2: about how old."""

    UNDER_6 = "0_5"
    UNDER_13 = "6_12"
    UNDER_18 = "13_17"
    UNDER_25 = "18_24"
    UNDER_60 = "25_59"
    OLDER = "60_plus"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """Step 2: special help."""

    HEARING = "hearing"
    SEEING = "seeing"
    WALKING = "walking"
    SPEAKING = "speaking"
    PREGNANT = "pregnant"
    UNKNOWN = "unknown"


class Sign(StrEnum):
    """Step 3: what was seen or heard."""

    INJURY = "injury"
    SHOUTING = "shouting"
    AFRAID = "afraid"
    NEGLECT = "neglect"
    TOUCHED = "touched"
    PHONE = "phone"
    MOVED = "moved"
    OTHER = "other"


class Known(StrEnum):
    """Step 4: how the reporter knows."""

    WITNESSED = "witnessed"
    TOLD_BY_PERSON = "told_by_person"
    TOLD_BY_OTHERS = "told_by_others"
    SESSION = "session"
    GUESS = "guess"


class Relation(StrEnum):
    """Step 4: what the reporter is to the person."""

    NEIGHBOUR = "neighbour"
    FAMILY = "family"
    SCHOOL = "school"
    CADRE = "cadre"
    OTHER = "other"


class Aware(StrEnum):
    """Step 6: whether the person knows. For a child nobody's permission is asked."""

    WANTS_HELP = "wants_help"
    NOT_YET_WILLING = "not_yet_willing"
    NOT_AWARE = "not_aware"
    CANNOT_ASK = "cannot_ask"
    CHILD_KNOWS = "child_knows"
    CHILD_NOT_AWARE = "child_not_aware"
    UNKNOWN = "unknown"


class Contact(StrEnum):
    """Step 7: whom officers may contact."""

    REPORTER = "reporter"
    PERSON = "person"
    NOBODY = "nobody"


class CallTime(StrEnum):
    """When a call is safe."""

    ANY = "any"
    MORNING = "morning"
    MIDDAY = "midday"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Way(StrEnum):
    """How the person herself may be reached."""

    CALL = "call"
    WHATSAPP = "whatsapp"
    NO_MESSAGE = "no_message"


class KeepFrom(StrEnum):
    """Step 7: who must not know. Any of them seals the concern to the key for conflicts."""

    RT_RW = "rt_rw"
    CADRES = "cadres"
    SCHOOL = "school"
    KELURAHAN = "kelurahan"


@dataclass(frozen=True)
class Answers:
    """Everything coded. It names nobody; officers see it in the queue once their key is unlocked."""

    danger: Danger
    called: Called | None = None
    who: Who = Who.UNKNOWN
    age: Age = Age.UNKNOWN
    needs: tuple[Need, ...] = ()
    signs: tuple[Sign, ...] = ()
    known: Known = Known.GUESS
    relation: Relation | None = None
    aware: Aware = Aware.UNKNOWN
    contact: Contact = Contact.REPORTER
    call_times: tuple[CallTime, ...] = ()
    shared_phone: bool = True
    keep_from: tuple[KeepFrom, ...] = ()
    place: str = ""
    caller: Caller | None = None

    @property
    def by_stranger(self) -> bool:
        """Whether it was told on the phone by somebody without an account: no question can reach her."""
        return self.caller in {Caller.PERSON, Caller.RESIDENT}


@dataclass(frozen=True)
class Identity:
    """What would identify somebody: opened by an officer only with a reason."""

    reporter_name: str
    reporter_title: str
    reporter_phone: str
    reporter_area: str
    rt: str = ""
    landmark: str = ""
    nickname: str = ""
    school: str = ""
    person_phone: str = ""
    person_time: str = ""
    person_ways: tuple[Way, ...] = field(default=())


_CHILD_UNDER_13 = {Age.UNDER_6, Age.UNDER_13}
_NEEDS_OTHERS = {Need.HEARING, Need.SEEING, Need.WALKING, Need.SPEAKING}


def estimate(answers: Answers) -> Risk:
    """The risk as the answers suggest it, until an officer has assessed it (ux, section 3, step 1).

    Not knowing is never low. Somebody about to be taken away is always high; somebody who cannot get
    help alone is high unless there is no danger to be seen now.
    """
    helpless = answers.age in {Age.UNDER_6, Age.OLDER} or bool(_NEEDS_OTHERS & set(answers.needs))
    if answers.danger is Danger.NOW or Sign.MOVED in answers.signs:
        return Risk.HIGH
    if answers.danger is Danger.NONE:
        return Risk.LOW
    if helpless:
        return Risk.HIGH
    if answers.danger is Danger.AGAIN and (answers.age in _CHILD_UNDER_13 or Sign.INJURY in answers.signs):
        return Risk.HIGH
    return Risk.MEDIUM
