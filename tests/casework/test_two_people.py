"""What takes two officers: one proposes, another agrees, never the same one, and never for longer than a day."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.base.clock import now, telling, today
from portal.base.db import writing
from portal.base.errors import Refused, Stale
from portal.casework import commands, proposals
from portal.casework.models import Proposal
from portal.flags.answers import Contact, Danger
from portal.flags.life import Move, Risk, Status
from tests.casework.at_work import WHY, a_letter, a_service, assesses, closes, does, flag_of, taken, written
from tests.factories import some_answers
from tests.followup.at_desk import Officer, an_action, cadre_adds, sent


def in_work(officer, risk=Risk.HIGH, **answers):
    """A concern that this officer has taken and assessed so."""
    return taken(officer, risk, answers=some_answers(**answers))


def outcomes(city):
    city.db.rollback()
    return list(city.db.scalars(select(Proposal.outcome).order_by(Proposal.proposed_at)))


@pytest.mark.asvs("V2.3.5")
def test_one_officer_alone_does_not_lower_a_high_risk_and_another_one_does(unit_on_both):
    rina, dewi, _ = unit_on_both
    flag_id, noise = in_work(rina), in_work(rina)

    assesses(rina, flag_id, Risk.LOW, why="Ia pindah ke rumah ibunya.")
    before = flag_of(rina.city, flag_id)
    assert (before.rank, before.risk_assessed) == (0, "high")
    does(dewi, commands.confirm, flag_id)

    after = flag_of(rina.city, flag_id)
    assert (after.rank, after.risk_assessed, after.ever_high) == (2, "low", True)
    assert outcomes(rina.city) == ["confirmed"]
    assert [note.kind for note in written(rina, flag_id)][-3:] == [Move.PROPOSE, Move.CONFIRM, Move.ASSESS]
    assert written(rina, flag_id)[-1].content["text"] == "Ia pindah ke rumah ibunya."
    assert flag_of(rina.city, noise).rank == 0


def test_the_first_assessment_of_an_estimate_is_one_officers_but_its_end_takes_two(unit):
    rina, dewi, _ = unit
    flag_id = in_work(rina, Risk.LOW, danger=Danger.NOW)
    assert flag_of(rina.city, flag_id).risk_assessed == "low"

    closes(rina, flag_id, "Aman di rumah ibunya.")
    assert flag_of(rina.city, flag_id).status != Status.CLOSED
    does(dewi, commands.confirm, flag_id)

    assert flag_of(rina.city, flag_id).status == Status.CLOSED
    assert written(rina, flag_id)[-1].content == {"kind": "close", "reason": "done", "text": "Aman di rumah ibunya."}


def test_what_was_never_high_is_closed_by_one(unit):
    rina, _, _ = unit
    flag_id = in_work(rina, Risk.MEDIUM)

    closes(rina, flag_id)

    assert flag_of(rina.city, flag_id).status == Status.CLOSED
    assert outcomes(rina.city) == []


def test_a_concern_that_got_worse_is_not_lowered_or_closed_by_one(unit):
    rina, _, _ = unit
    flag_id = in_work(rina, Risk.MEDIUM)
    cadre_adds(rina.city, flag_id, worse=True)

    assesses(rina, flag_id, Risk.MEDIUM)

    assert flag_of(rina.city, flag_id).rank == 0
    assert outcomes(rina.city) == [None]


@pytest.mark.parametrize("danger", [Danger.AGAIN, Danger.NOW])
def test_what_got_worse_before_anybody_assessed_it_is_called_less_than_high_by_two(unit_on_both, danger):
    rina, dewi, _ = unit_on_both
    city = rina.city
    worse, unchanged = (sent(city, answers=some_answers(danger=danger)) for _time in range(2))
    for flag_id in (worse, unchanged):
        rina.opens(flag_id)
        rina.does(Move.TAKE, flag_id)
        cadre_adds(city, flag_id, worse=flag_id == worse)

    for flag_id in (worse, unchanged):
        assesses(rina, flag_id, Risk.LOW)

    assert flag_of(city, unchanged).risk_assessed == "low"
    assert (flag_of(city, worse).risk_assessed, flag_of(city, worse).rank) == (None, 0)
    does(dewi, commands.confirm, worse)
    assert (flag_of(city, worse).risk_assessed, flag_of(city, worse).rank) == ("low", 2)
    assesses(rina, worse, Risk.MEDIUM)  # what was said before the assessment has been answered by two
    assert flag_of(city, worse).risk_assessed == "medium"


def test_that_it_got_worse_is_no_hindrance_to_calling_it_high(unit):
    rina, *_ = unit
    flag_id = sent(rina.city)
    rina.opens(flag_id)
    cadre_adds(rina.city, flag_id, worse=True)

    assesses(rina, flag_id, Risk.HIGH)

    assert flag_of(rina.city, flag_id).risk_assessed == "high"


def far(city, days):
    """A day in the city that lies so far ahead."""
    return today(city.settings.timezone) + timedelta(days=days)


def next_steps(officer, flag_id, days):
    """Each act that sets the day of the next step, by its move."""
    on = far(officer.city, days)
    return {
        Move.ACT: lambda: officer.does(Move.ACT, flag_id, an_action(officer.city, next_on=on)),
        Move.SERVE: lambda: does(officer, commands.serve, flag_id, a_service(officer, next_on=on)),
        Move.REFER: lambda: does(officer, commands.refer, flag_id, a_letter(officer, next_on=on)),
    }


@pytest.mark.asvs("V2.3.5", "V2.3.2")
@pytest.mark.parametrize("move", [Move.ACT, Move.SERVE, Move.REFER])
def test_nobody_alone_puts_off_what_was_ever_high_by_a_next_step_that_lies_far_ahead(unit, move):
    rina, dewi, _ = unit
    flag_id = in_work(rina)
    assesses(rina, flag_id, Risk.LOW)
    does(dewi, commands.confirm, flag_id)  # it was high
    before = flag_of(rina.city, flag_id)

    with pytest.raises(Refused, match="too far ahead"):
        next_steps(rina, flag_id, 15)[move]()
    assert flag_of(rina.city, flag_id).due_at == before.due_at
    next_steps(rina, flag_id, 14)[move]()

    assert flag_of(rina.city, flag_id).due_at - now() < timedelta(days=15)


@pytest.mark.parametrize("move", [Move.ACT, Move.SERVE, Move.REFER])
def test_what_was_never_high_may_have_its_next_step_within_the_year(unit, move):
    rina, *_ = unit
    flag_id = in_work(rina, Risk.MEDIUM, danger=Danger.AGAIN)

    with pytest.raises(Refused, match="too far ahead"):
        next_steps(rina, flag_id, 367)[move]()
    next_steps(rina, flag_id, 300)[move]()

    assert flag_of(rina.city, flag_id).due_at - now() > timedelta(days=299)


@pytest.mark.parametrize("how", ["assessed", "told to the police", "no clock of the law after all"])
def test_a_step_that_was_set_far_ahead_before_does_not_put_it_off_either(unit, how):
    rina, dewi, _ = unit
    flag_id = in_work(rina, Risk.MEDIUM, danger=Danger.AGAIN)
    next_steps(rina, flag_id, 300)[Move.ACT]()

    if how == "assessed":
        assesses(rina, flag_id, Risk.HIGH)
    else:
        cadre_adds(rina.city, flag_id, worse=True)
        does(rina, commands.hear_victim, flag_id, WHY)
        if how == "told to the police":
            does(rina, commands.tell_police, flag_id, WHY)
        else:
            does(rina, commands.stop_clock, flag_id, WHY)
            does(dewi, commands.confirm, flag_id)

    assert flag_of(rina.city, flag_id).due_at - now() < timedelta(days=15)


def test_nobody_agrees_to_her_own_proposal_and_nobody_takes_back_anothers(unit):
    rina, dewi, ratna = unit
    flag_id = in_work(rina)
    closes(rina, flag_id)

    for officer, act, given in ((rina, commands.confirm, ()), (rina, commands.decline, (WHY,)),
                                (dewi, commands.take_back, ()), (ratna, commands.take_back, ())):
        with pytest.raises(Refused):
            does(officer, act, flag_id, *given)

    assert outcomes(rina.city) == [None]


@pytest.mark.asvs("V2.3.5")
def test_the_database_itself_refuses_that_one_person_is_both(unit_on_both):
    rina, _, _ = unit_on_both
    closes(rina, in_work(rina))

    with pytest.raises(IntegrityError), writing(rina.city.db):
        rina.city.db.execute(update(Proposal).values(
            outcome="confirmed", decided_at=now(), decided_by_id=rina.viewer.account_id))


def test_a_refusal_leaves_everything_as_it_was_and_says_why(unit):
    rina, dewi, _ = unit
    flag_id = in_work(rina)
    closes(rina, flag_id)

    does(dewi, commands.decline, flag_id, "Ia belum ditemui sendiri.")

    assert outcomes(rina.city) == ["declined"]
    assert flag_of(rina.city, flag_id).status == Status.ASSIGNED
    assert written(rina, flag_id)[-1].content["text"] == "Ia belum ditemui sendiri."


def test_a_concern_has_one_proposal_at_a_time_and_a_new_one_after_it_was_taken_back(unit_on_both):
    rina, dewi, _ = unit_on_both
    flag_id = in_work(rina)
    closes(rina, flag_id)
    with pytest.raises(Refused):
        closes(dewi, flag_id)

    does(rina, commands.take_back, flag_id)
    closes(dewi, flag_id)

    assert outcomes(rina.city) == ["withdrawn", None]


@pytest.mark.asvs("V15.4.2")
def test_of_two_proposals_at_the_same_instant_the_slower_is_told_so(unit_on_both, monkeypatch):
    rina, dewi, _ = unit_on_both
    flag_id = in_work(rina)
    closes(rina, flag_id)
    monkeypatch.setattr(proposals, "undecided", lambda *_: None)  # as one sees it before the other commits

    with pytest.raises(Stale):
        closes(dewi, flag_id)

    assert outcomes(rina.city) == [None]


def test_after_a_day_a_proposal_is_gone_whether_or_not_anybody_wrote_it_down(unit_on_both):
    rina, dewi, _ = unit_on_both
    flag_id = in_work(rina)
    closes(rina, flag_id)

    with telling(now() + timedelta(hours=24, seconds=1)):
        assert proposals.pending(rina.city.db, rina.ring, flag_of(rina.city, flag_id), viewer=dewi.viewer) is None
        with pytest.raises(Refused):
            does(dewi, commands.confirm, flag_id)
        closes(dewi, flag_id)
        assert outcomes(rina.city) == ["lapsed", None]
        does(rina, commands.confirm, flag_id)

    assert flag_of(rina.city, flag_id).status == Status.CLOSED


def test_one_second_before_the_day_is_over_it_still_stands(unit):
    rina, dewi, _ = unit
    flag_id = in_work(rina)
    at = now()
    with telling(at):
        closes(rina, flag_id)

    with telling(at + timedelta(hours=24, seconds=-1)):
        does(dewi, commands.confirm, flag_id)

    assert flag_of(rina.city, flag_id).status == Status.CLOSED


def test_contact_nobody_is_set_aside_by_two_and_only_for_a_high_risk(unit):
    rina, dewi, _ = unit
    medium = in_work(rina, Risk.MEDIUM, contact=Contact.NOBODY)
    other = in_work(rina, Risk.HIGH)
    flag_id = in_work(rina, Risk.HIGH, contact=Contact.NOBODY)
    for refused in (medium, other):
        with pytest.raises(Refused):
            does(rina, commands.set_aside_contact, refused, WHY)

    does(rina, commands.set_aside_contact, flag_id, "Ada ancaman membunuh.")
    does(dewi, commands.confirm, flag_id)

    assert written(rina, flag_id)[-1].content == {"kind": "record", "what": "override",
                                                  "text": "Ada ancaman membunuh."}
    with pytest.raises(Refused):
        does(rina, commands.set_aside_contact, flag_id, WHY)


def test_what_is_proposed_does_not_stand_readable_in_the_database(city):
    rina = Officer(city, city.rina)
    closes(rina, in_work(rina), "mutiara")

    raw = city.db.scalars(select(Proposal.sealed_content)).one()

    assert b"mutiara" not in raw
    assert b"close" not in raw


def test_only_who_may_know_of_a_concern_sees_that_somebody_is_waited_for(unit_on_both):
    rina, dewi, _ = unit_on_both
    city = rina.city
    closes(rina, in_work(rina))
    viewers = [Officer(city, city.other).viewer, dewi.viewer]

    seen = [len(proposals.waiting(city.db, viewer=viewer, keys=city.keys)) for viewer in viewers]

    assert seen == [0, 1]


def test_proposals_of_a_closed_or_merged_concern_are_void(unit):
    rina, dewi, ratna = unit
    flag_id = in_work(rina)
    closes(rina, flag_id)
    does(dewi, commands.confirm, flag_id)

    assert rina.city.db.scalar(select(func.count()).select_from(Proposal).where(Proposal.outcome.is_(None))) == 0
    with pytest.raises(Refused):
        does(ratna, commands.confirm, flag_id)
