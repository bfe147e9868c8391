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
    Joint,
    Move,
    Need,
    Risk,
    Status,
    Told,
    after,
    highest,
    needs_two,
    open_moves,
    told,
)

FACTS = [Facts(*values) for values in product((False, True), repeat=6)]
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
            after(status, move, role, facts, facts, agreed=True)
        except Refused:
            continue
        allowed.add((status, move, role, facts))

    assert allowed == OFFERED


def test_every_move_ends_in_a_status_whose_facts_hold():
    for status, move, role, facts in OFFERED:
        end = after(status, move, role, facts, facts, agreed=True)
        if MOVES[move].stays:
            continue

        if end in {Status.ASSIGNED, Status.IN_PROGRESS}:
            assert facts.owned, (status, move)
        if end is Status.ASSESSED:
            assert facts.assessed, (status, move)
        if end is Status.REFERRED:
            assert (facts.owned, facts.referred) == (True, True), (status, move)
        if end is Status.CLOSED and status is not Status.CLOSED:
            assert move in {Move.CLOSE, Move.CLOSE_WITH}, (status, move)


def test_sending_is_no_move_on_a_flag_that_is_there():
    assert Move.SEND not in MOVES
    assert not offered(move=Move.SEND)


@pytest.mark.parametrize("role", sorted(set(Role) - FIELD - UNIT))
def test_nobody_outside_the_field_and_the_unit_may_move_anything(role):
    assert not offered(role=role)


@pytest.mark.parametrize("role", sorted(FIELD))
def test_a_reporter_may_add_while_it_is_open_and_answer_while_a_question_waits(role):
    assert {(status, move) for status, move, _, _ in offered(role=role)} == (
        {(status, Move.ADD) for status in OPEN | {Status.MERGED}} | {(Status.WAITING, Move.ANSWER)})


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


@pytest.mark.asvs("V2.3.1")
def test_an_unread_flag_must_be_read_before_the_unit_does_anything_else():
    assert {move for _, move, role, _ in offered(status=Status.NEW) if role in UNIT} == {Move.READ}


def test_reading_is_for_what_this_unit_has_not_read_alone():
    assert {status for status, _, _, _ in offered(move=Move.READ)} == {Status.NEW, Status.HANDED_OVER}


def test_a_merged_flag_can_only_be_taken_out_again_end_with_the_other_or_be_brought_back_by_its_reporter():
    assert {(move, role) for _, move, role, _ in offered(status=Status.MERGED)} == (
        {(move, role) for move in (Move.UNMERGE, Move.CLOSE_WITH, Move.REVIEW_BREAK_GLASS) for role in UNIT}
        | {(move, Role.HEAD) for move in (Move.HOLD, Move.RELEASE)} | {(Move.ADD, role) for role in FIELD})
    assert after(Status.MERGED, Move.ADD, Role.CADRE, Facts(owned=True), Facts(owned=True)) is Status.ASSIGNED


def test_a_closed_flag_is_opened_again_by_the_unit_alone_and_what_comes_late_is_only_kept():
    assert {(move, role) for _, move, role, _ in offered(status=Status.CLOSED)} == (
        {(move, role) for role in UNIT
         for move in (Move.REOPEN, Move.RECORD, Move.HEAR_BACK, Move.REVIEW_BREAK_GLASS, Move.ASK_TO_DELETE,
                      Move.SPARE, Move.CONFIRM, Move.DECLINE, Move.TAKE_BACK)}
        | {(move, Role.HEAD) for move in (Move.HOLD, Move.RELEASE)})
    late = [case for case in offered(status=Status.CLOSED) if case[1] is not Move.REOPEN]
    assert {after(*case, case[3]) for case in late} == {Status.CLOSED}


@pytest.mark.parametrize(("move", "before", "then", "joint"), [
    (Move.ASSESS, Facts(assessed=True, high=True, ever_high=True), Facts(assessed=True, ever_high=True), Joint.LOWER),
    (Move.ASSESS, Facts(assessed=True, high=True, ever_high=True), Facts(assessed=True, high=True), None),
    (Move.ASSESS, Facts(ever_high=True), Facts(assessed=True, ever_high=True), None),
    (Move.CLOSE, Facts(owned=True, assessed=True, ever_high=True), Facts(), Joint.CLOSE),
    (Move.CLOSE, Facts(owned=True, assessed=True), Facts(), None),
    (Move.PAUSE, Facts(owned=True, assessed=True, high=True), Facts(), Joint.PAUSE),
    (Move.PAUSE, Facts(owned=True, assessed=True, ever_high=True), Facts(), None),
])
@pytest.mark.parametrize("role", sorted(UNIT))
def test_lowering_ending_and_putting_off_what_is_high_takes_two(move, before, then, joint, role):
    assert needs_two(move, before, then) is joint
    if joint:
        with pytest.raises(Refused):
            after(Status.IN_PROGRESS, move, role, before, then)
    assert after(Status.IN_PROGRESS, move, role, before, then, agreed=True)


def test_one_officer_sets_contact_nobody_aside_alone_only_where_the_risk_is_high():
    assert {role for _, _, role, _ in offered(move=Move.BREAK_GLASS)} == UNIT
    assert all(facts.high for _, _, _, facts in offered(move=Move.BREAK_GLASS))
    assert MOVES[Move.BREAK_GLASS].needs == {Need.REASON}
    assert MOVES[Move.REVIEW_BREAK_GLASS].needs == {Need.ANOTHER}


def test_what_stays_changes_no_status():
    stays = [case for case in OFFERED if MOVES[case[1]].stays]

    assert stays
    assert all(after(*case, case[3], agreed=True) is case[0] for case in stays)


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


@pytest.mark.asvs("V2.3.1")
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
