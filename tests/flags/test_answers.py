"""The estimate of a risk from a reporter's answers (ux, section 3, step 1)."""

from itertools import product

import pytest

from portal.flags.answers import Age, Answers, Danger, Known, Need, Sign, Who, estimate
from portal.flags.life import RANK, Risk


def risk_of(danger, **answers):
    return estimate(Answers(danger, **answers))


@pytest.mark.parametrize(("danger", "risk"), [
    (Danger.NOW, Risk.HIGH), (Danger.AGAIN, Risk.MEDIUM), (Danger.NONE, Risk.LOW), (Danger.UNKNOWN, Risk.MEDIUM),
])
def test_the_answer_on_danger_sets_the_estimate(danger, risk):
    assert risk_of(danger, age=Age.UNDER_60, signs=(Sign.AFRAID,)) is risk


@pytest.mark.parametrize(("age", "risk"), [
    (Age.UNDER_6, Risk.HIGH), (Age.UNDER_13, Risk.HIGH), (Age.UNDER_18, Risk.MEDIUM), (Age.UNDER_25, Risk.MEDIUM),
    (Age.UNDER_60, Risk.MEDIUM), (Age.OLDER, Risk.HIGH), (Age.UNKNOWN, Risk.MEDIUM),
])
def test_what_may_happen_again_is_high_for_the_young_and_the_old(age, risk):
    assert risk_of(Danger.AGAIN, age=age) is risk


@pytest.mark.parametrize(("sign", "risk"), [
    (Sign.INJURY, Risk.HIGH), (Sign.SHOUTING, Risk.MEDIUM), (Sign.AFRAID, Risk.MEDIUM), (Sign.NEGLECT, Risk.MEDIUM),
    (Sign.TOUCHED, Risk.MEDIUM), (Sign.PHONE, Risk.MEDIUM), (Sign.MOVED, Risk.HIGH), (Sign.OTHER, Risk.MEDIUM),
])
def test_what_may_happen_again_is_high_with_an_injury_or_when_somebody_is_to_be_taken_away(sign, risk):
    assert risk_of(Danger.AGAIN, signs=(sign,)) is risk


@pytest.mark.parametrize("need", [Need.HEARING, Need.SEEING, Need.WALKING, Need.SPEAKING])
@pytest.mark.parametrize("danger", [Danger.AGAIN, Danger.UNKNOWN])
def test_who_cannot_get_help_alone_is_at_high_risk(danger, need):
    assert risk_of(danger, needs=(need,)) is Risk.HIGH


@pytest.mark.parametrize("need", [Need.PREGNANT, Need.UNKNOWN])
def test_other_needs_change_nothing(need):
    assert risk_of(Danger.AGAIN, needs=(need,)) is Risk.MEDIUM


ALL = list(product(Danger, Age, [(), *((need,) for need in Need)], [(), *((sign,) for sign in Sign)], Who))


def test_not_knowing_is_never_low_and_danger_now_is_always_high():
    for danger, age, needs, signs, who in ALL:
        risk = risk_of(danger, age=age, needs=needs, signs=signs, who=who)

        if danger is Danger.UNKNOWN:
            assert risk is not Risk.LOW
        if danger is Danger.NOW or Sign.MOVED in signs:
            assert risk is Risk.HIGH


def test_saying_more_never_makes_it_less_urgent():
    for danger, age, needs, signs, who in ALL:
        bare = risk_of(danger, age=age, who=who)

        assert RANK[risk_of(danger, age=age, needs=needs, signs=signs, who=who)] <= RANK[bare]


def test_a_suspicion_weighs_as_much_as_having_seen_it():
    for danger, known in product(Danger, Known):
        assert risk_of(danger, known=known) is risk_of(danger)


def test_unanswered_questions_fall_back_on_what_is_safest():
    answers = Answers(Danger.NOW)

    assert answers.contact == "reporter"
    assert answers.shared_phone
