"""What officers read of coded answers: short, in the order of urgency, and naming nobody."""

from dataclasses import replace

import pytest

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
    KeepFrom,
    Known,
    Need,
    Sign,
    Way,
    Who,
)
from portal.flags.deadlines import TimeLeft
from portal.flags.life import Move, Risk, Status
from portal.followup import words
from portal.followup.queries import SavedView

PLAIN = Answers(Danger.AGAIN, who=Who.GIRL, age=Age.UNDER_13, signs=(Sign.INJURY, Sign.AFRAID))


@pytest.fixture(autouse=True)
def _english(app):
    with app.test_request_context(headers={"Cookie": "b=en"}):
        yield


@pytest.mark.parametrize(("changes", "said"), [
    ({}, "A girl, 6–12 years. Injured, very afraid."),
    ({"danger": Danger.NOW, "who": Who.UNKNOWN, "age": Age.UNKNOWN, "signs": ()},
     "In danger now. Somebody, unclear who."),
    ({"needs": (Need.WALKING,)}, "A girl, 6–12 years. Injured, very afraid. Needs special help."),
    ({"needs": (Need.PREGNANT, Need.UNKNOWN), "signs": (Sign.OTHER,)},
     "A girl, 6–12 years. Hard to explain. Pregnant."),
])
def test_a_summary_is_short_and_most_urgent_first(changes, said):
    assert words.summary(replace(PLAIN, **changes)) == said


@pytest.mark.parametrize(("left", "said"), [
    (TimeLeft(False, 0), "less than 1 minute left"), (TimeLeft(False, 1), "1 minute left"),
    (TimeLeft(True, 12), "12 minutes late"), (TimeLeft(False, 119), "1 hour left"),
    (TimeLeft(True, 60 * 23), "23 hours late"), (TimeLeft(False, 60 * 24 * 3 + 5), "3 days left"),
])
def test_time_is_said_in_the_largest_unit_that_fits(left, said):
    assert words.time_left(left) == said


def test_safe_contact_begins_with_whom_and_warns_of_a_shared_phone():
    lines = words.contact_lines(replace(PLAIN, call_times=(CallTime.MORNING, CallTime.EVENING)), "Rina A.")

    assert lines[:3] == ["Call the cadre first.", "Safe hours: morning, evening.",
                         "The cadre's phone is shared: send no message."]
    assert "Rina A." in lines[-1]


def test_safe_contact_says_who_must_not_know_and_when_help_is_not_wanted():
    lines = words.contact_lines(replace(PLAIN, contact=Contact.NOBODY, shared_phone=False, keep_from=tuple(KeepFrom),
                                        aware=Aware.NOT_YET_WILLING), "Rina A.")

    assert lines[0].startswith("Contact nobody yet.")
    assert lines[1:] == [
        "The cadre's phone is not shared.",
        "Must not know: RT/RW officials, Other cadres, The school, Kelurahan or kecamatan officials.",
        "The person does not want help yet. Talk with the cadre first."]


def test_every_code_has_its_words(city):
    said = [
        *map(words.view, SavedView), *map(words.status, Status), *map(words.risk, Risk), *map(words.move, Move),
        *words.levels(city.settings).values(), *(words.target(risk, city.settings) for risk in Risk),
        *map(words.identity_reason, words.IDENTITY_REASONS), *map(words.way, words.WAYS),
        *map(words.result, words.RESULTS), *map(casework.close_reason, casework.CLOSE_REASONS),
        *(words.danger(replace(PLAIN, danger=danger)) for danger in Danger),
        *(words.contact_lines(replace(PLAIN, contact=contact), "")[0] for contact in Contact),
        *(words.summary(replace(PLAIN, who=who, age=age)) for who in Who for age in Age),
        *map(words.caller, Caller),
        *(words.known(replace(PLAIN, known=known, caller=who)) for known in Known for who in (None, *Caller)),
        *(words.called(replace(PLAIN, called=called, caller=who)) for called in Called for who in (None, *Caller)),
        *map(words.aware, Aware), words.labels(Way),
        *map(words.missing, ("read", "owned", "assessed")),
    ]

    assert all(said)


def test_nobody_reads_that_something_was_settled():
    """Sexual violence may not be settled outside court: no reason for closing says so."""
    said = " ".join(map(casework.close_reason, casework.CLOSE_REASONS)).lower()

    assert not any(word in said for word in ("reconcil", "settle", "peace", "mediat"))
