"""The rules of a concern's life, gone through in full: every status, move, role and fact."""

from itertools import product

import pytest

from portal.accounts.roles import FIELD, UNIT, Role
from portal.base.errors import Refused
from portal.flags.life import (
    MOVES,
    OPEN,
    RANK,
    Facts,
    Move,
    Need,
    Risk,
    Status,
    Told,
    after,
    highest,
    open_moves,
    told,
)

FACTS = [Facts(*values) for values in product((False, True), repeat=3)]
EVERY = list(product(Status, Move, Role, FACTS))
OFFERED = {(status, move, role, facts) for status, role, facts in product(Status, Role, FACTS)
           for move in open_moves(status, role, facts)}
WORKED_ON = OPEN - {Status.NEW}


def offered(*, move=None, status=None, role=None):
    return {case for case in OFFERED
            if move in {None, case[1]} and status in {None, case[0]} and role in {None, case[2]}}


def test_a_page_offers_exactly_what_the_rules_then_allow():
    allowed = set()
    for status, move, role, facts in EVERY:
        try:
            after(status, move, role, facts, facts)
        except Refused:
            continue
        allowed.add((status, move, role, facts))

    assert allowed == OFFERED


def test_every_move_ends_in_a_status_whose_facts_hold():
    for status, move, role, facts in OFFERED:
        end = after(status, move, role, facts, facts)

        if end in {Status.ASSIGNED, Status.IN_PROGRESS}:
            assert facts.owned, (status, move)
        if end is Status.ASSESSED:
            assert facts.assessed, (status, move)
        if end is Status.CLOSED:
            assert move is Move.CLOSE, (status, move)


def test_sending_is_no_move_on_a_flag_that_is_there():
    assert Move.SEND not in MOVES
    assert not offered(move=Move.SEND)


@pytest.mark.parametrize("role", sorted(set(Role) - FIELD - UNIT))
def test_nobody_outside_the_field_and_the_unit_may_move_anything(role):
    assert not offered(role=role)


@pytest.mark.parametrize("role", sorted(FIELD))
def test_a_reporter_may_add_while_it_is_open_and_answer_while_a_question_waits(role):
    assert {(status, move) for status, move, _, _ in offered(role=role)} == (
        {(status, Move.ADD) for status in OPEN} | {(Status.WAITING, Move.ANSWER)})


def test_only_the_head_assigns():
    assert {role for _, _, role, _ in offered(move=Move.ASSIGN)} == {Role.HEAD}


@pytest.mark.parametrize("move", [Move.ACT, Move.CLOSE])
def test_what_needs_an_owner_is_not_offered_without_one(move):
    assert offered(move=move)
    assert all(facts.owned for _, _, _, facts in offered(move=move))


def test_nothing_is_closed_that_nobody_has_assessed():
    assert all(facts.assessed for _, _, _, facts in offered(move=Move.CLOSE))


def test_nothing_is_closed_without_a_reason_and_a_text_for_the_reporter():
    assert MOVES[Move.CLOSE].needs == {Need.REASON, Need.CADRE_TEXT}


def test_an_unread_flag_must_be_read_before_the_unit_does_anything_else():
    assert {move for _, move, role, _ in offered(status=Status.NEW) if role in UNIT} == {Move.READ}


def test_reading_is_for_the_unread_alone():
    assert {status for status, _, _, _ in offered(move=Move.READ)} == {Status.NEW}


@pytest.mark.parametrize("status", [Status.MERGED, Status.HANDED_OVER])
def test_what_went_elsewhere_is_moved_no_more(status):
    assert not offered(status=status)


def test_a_closed_flag_can_only_be_opened_again_by_the_unit():
    assert {(move, role) for _, move, role, _ in offered(status=Status.CLOSED)} == {(Move.REOPEN, r) for r in UNIT}


@pytest.mark.parametrize("move", [Move.TAKE, Move.ASSESS, Move.ACT, Move.ADD])
def test_a_question_stays_out_whatever_else_is_done(move):
    cases = offered(move=move, status=Status.WAITING)

    assert cases
    assert {after(*case, case[3]) for case in cases} == {Status.WAITING}


@pytest.mark.parametrize(("move", "role"), [(Move.ANSWER, Role.CADRE), (Move.WITHDRAW_QUESTION, Role.OFFICER)])
@pytest.mark.parametrize(("facts", "rest"), [
    (Facts(), Status.READ), (Facts(assessed=True), Status.ASSESSED), (Facts(owned=True), Status.ASSIGNED),
    (Facts(assessed=True, owned=True), Status.ASSIGNED),
    (Facts(assessed=True, owned=True, handled=True), Status.IN_PROGRESS),
])
def test_after_a_question_it_rests_where_the_work_stands(move, role, facts, rest):
    assert after(Status.WAITING, move, role, facts, facts) is rest


def test_a_reporter_who_adds_something_does_not_make_it_read():
    assert after(Status.NEW, Move.ADD, Role.CADRE, Facts(), Facts()) is Status.NEW


def test_a_move_made_up_by_somebody_is_refused():
    with pytest.raises(Refused):
        after(Status.NEW, "vanish", Role.HEAD, Facts(), Facts())


@pytest.mark.parametrize(("status", "handled", "word"), [
    (Status.NEW, False, Told.RECEIVED), (Status.READ, False, Told.READ), (Status.ASSESSED, False, Told.READ),
    (Status.ASSIGNED, False, Told.READ), (Status.IN_PROGRESS, True, Told.HANDLED),
    (Status.WAITING, False, Told.READ), (Status.WAITING, True, Told.HANDLED),
    (Status.REFERRED, True, Told.HANDLED), (Status.MERGED, True, Told.HANDLED),
    (Status.REOPENED, True, Told.HANDLED), (Status.CLOSED, True, Told.CLOSED), (Status.CLOSED, False, Told.CLOSED),
])
def test_the_reporter_is_told_one_of_four_words(status, handled, word):
    assert told(status, handled=handled) is word


def test_a_referral_a_merger_and_a_question_cannot_be_told_from_ordinary_work():
    for handled in (False, True):
        words = {told(status, handled=handled) for status in WORKED_ON | {Status.MERGED, Status.HANDED_OVER}}

        assert len(words) == 1


def test_the_most_urgent_risk_comes_first():
    assert sorted(Risk, key=RANK.__getitem__) == [Risk.HIGH, Risk.MEDIUM, Risk.LOW]
    assert highest([Risk.LOW, Risk.HIGH, Risk.MEDIUM]) is Risk.HIGH
