"""What casework does to one concern it does to that one alone, and what it shows of it comes from nowhere else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.models import Unit
from portal.base.clock import now, telling
from portal.base.db import new_id, writing
from portal.base.errors import NotVisible, Refused
from portal.casework import break_glass, cases, commands, digest, duplicates, holds, proposals, records
from portal.casework.models import BreakGlass, Hold, Mark, Proposal
from portal.flags import commands as flags
from portal.flags.answers import Contact, KeepFrom
from portal.flags.life import Move, Risk
from portal.flags.models import ContentKey, Flag
from tests.casework.at_work import (
    CODES,
    WHY,
    a_letter,
    a_service,
    assesses,
    closes,
    does,
    flag_of,
    merges,
    taken,
    written,
)
from tests.casework.test_joining import PHONE, told
from tests.factories import some_answers, viewer_of
from tests.followup.at_desk import Officer, an_action, cadre_adds, sent


def silent(officer, risk=Risk.HIGH, **answers):
    """A concern with "contact nobody" in this officer's work."""
    return taken(officer, risk, answers=some_answers(contact=Contact.NOBODY, **answers))


def alone(officer, flag_id):
    does(officer, break_glass.act_alone, flag_id, WHY)


def unreviewed(city):
    city.db.rollback()
    return set(city.db.scalars(select(BreakGlass.flag_id).where(BreakGlass.reviewed_at.is_(None))))


def standing(city, flag_id):
    city.db.rollback()
    return proposals.undecided(city.db, flag_of(city, flag_id)) is not None


def test_acting_alone_on_one_concern_neither_hinders_nor_shows_on_another(unit_on_both):
    rina, _dewi, ratna = unit_on_both
    one, other, quiet = silent(rina), silent(rina), silent(rina)
    alone(rina, one)
    alone(rina, other)
    does(ratna, break_glass.review, one)

    city = rina.city
    assert unreviewed(city) == {other}
    acts = {flag_id: break_glass.acts_of(city.db, written(rina, flag_id), flag_of(city, flag_id), viewer=ratna.viewer)
            for flag_id in (one, other, quiet)}
    assert {flag_id: [act.may_review for act in found] for flag_id, found in acts.items()} == {
        one: [False], other: [True], quiet: []}
    break_glass.check_reviewed(city.db, flag_of(city, quiet))
    break_glass.check_reviewed(city.db, flag_of(city, one))
    with pytest.raises(Refused):
        break_glass.check_reviewed(city.db, flag_of(city, other))
    assert [row.hers for row in break_glass.alarms(city.db, viewer=rina.viewer, keys=city.keys)] == [True]


def test_what_she_did_herself_does_not_wake_her_and_what_was_looked_at_wakes_nobody(unit_on_both):
    rina, dewi, ratna = unit_on_both
    flag_id, before = silent(rina), now() - timedelta(minutes=1)
    alone(rina, flag_id)
    city = rina.city

    def woken(officer):
        city.db.rollback()
        return break_glass.acted_after(city.db, before, viewer=officer.viewer, keys=city.keys)

    assert [woken(officer) for officer in unit_on_both] == [False, True, True]
    other_head = Officer(city, city.other)
    assert not woken(other_head)
    does(ratna, break_glass.review, flag_id)
    assert [woken(officer) for officer in unit_on_both] == [False, False, False]


def test_an_officer_looks_at_it_only_where_no_head_can_and_never_at_her_own(unit):
    rina, dewi, ratna = unit
    by_rina, by_ratna = silent(rina), silent(ratna)
    alone(rina, by_rina)
    alone(ratna, by_ratna)

    for officer, flag_id in ((rina, by_rina), (dewi, by_rina), (ratna, by_ratna)):
        with pytest.raises(Refused):
            does(officer, break_glass.review, flag_id)
    does(dewi, break_glass.review, by_ratna)
    does(ratna, break_glass.review, by_rina)
    with pytest.raises(Refused, match="nobody acted alone"):
        does(ratna, break_glass.review, by_rina)


def counted_after(officer, act, **given):
    """By how much the number that reaches the whole unit grows when this was done on such a concern."""
    city = officer.city
    city.db.rollback()
    before = digest.waiting_matters(city.db)
    act(**given)
    city.db.rollback()
    return digest.waiting_matters(city.db) - before


@pytest.mark.parametrize(("given", "counted"), [({}, 1), ({"keep_from": (KeepFrom.RT_RW,)}, 0)])
@pytest.mark.parametrize("waits", ["late", "proposed", "alone"])
def test_the_number_that_reaches_the_whole_unit_counts_no_conflict_of_interest(unit_on_both, waits, given, counted):
    *_, ratna = unit_on_both

    def late(**answers):
        with telling(now() - timedelta(days=40)):
            sent(ratna.city, answers=some_answers(**answers))

    def proposed(**answers):
        closes(ratna, taken(ratna, Risk.HIGH, answers=some_answers(**answers)))

    def acted_alone(**answers):
        alone(ratna, silent(ratna, **answers))

    act = {"late": late, "proposed": proposed, "alone": acted_alone}[waits]

    assert counted_after(ratna, act, **given) == counted


def test_nor_does_it_count_one_from_which_somebody_stepped_aside(unit_on_both):
    rina, dewi, _ratna = unit_on_both
    city = rina.city
    with telling(now() - timedelta(days=40)):
        near, far = sent(city), sent(city)
    assert digest.waiting_matters(city.db) == 2
    dewi.opens(near)

    with writing(city.db):
        flags.step_aside(city.db, city.db.get_one(Flag, near), by=dewi.viewer)

    assert digest.waiting_matters(city.db) == 1
    assert {row.code for row in digest.late(city.db, viewer=rina.viewer, keys=city.keys)} == {
        flag_of(city, one).code for one in (near, far)}


def test_a_proposal_stands_on_its_own_concern_until_it_is_decided(unit_on_both):
    rina, dewi, _ratna = unit_on_both
    one, other, third = (taken(rina, Risk.HIGH) for _time in range(3))
    closes(rina, one)
    closes(rina, other)
    city = rina.city
    assert [standing(city, flag_id) for flag_id in (one, other, third)] == [True, True, False]
    assert digest.waiting_matters(city.db) == 2

    does(dewi, commands.decline, one, WHY)

    assert digest.waiting_matters(city.db) == 1

    assert [standing(city, flag_id) for flag_id in (one, other, third)] == [False, True, False]
    for officer in (rina, dewi):
        with pytest.raises(Refused, match="no proposal stands"):
            does(officer, commands.take_back, one)
    with writing(city.db):
        proposals.void(city.db, flag_of(city, third))
        proposals.void(city.db, flag_of(city, one))
    assert standing(city, other)
    outcomes = dict(city.db.execute(select(Proposal.flag_id, Proposal.outcome)).all())
    assert outcomes == {one: "declined", other: None}
    assert len(proposals.waiting(city.db, viewer=dewi.viewer, keys=city.keys)) == 1


def test_notes_of_one_concern_are_not_anothers(unit_on_both):
    rina, *_ = unit_on_both
    one, other = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    does(rina, commands.keep_ticket, one, "SIMFONI-1")

    assert records.ticket(written(rina, one)) == "SIMFONI-1"
    assert records.ticket(written(rina, other)) == ""


def test_marks_are_made_and_forgotten_for_one_concern_alone(unit_on_both):
    rina, *_ = unit_on_both
    db = rina.city.db
    one, other = told(rina, person_phone=PHONE), told(rina, person_phone=PHONE)
    marked = lambda: set(db.scalars(select(Mark.flag_id)))  # noqa: E731
    assert marked() == {one, other}

    with writing(db):
        duplicates.forget_marks(db, one)
        duplicates.make_marks_anew(db, rina.ring, db.get_one(Flag, one), db.get_one(Flag, one).key_id)

    assert marked() == {other}


def test_handing_one_concern_over_leaves_the_keys_of_the_others_here(unit_on_both):
    rina, *_ = unit_on_both
    one, other = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    city = rina.city
    there = city.db.scalars(select(Unit.id).where(Unit.name == "UPTD 98.02")).one()
    before = set(city.db.scalars(select(ContentKey.key_id)))

    does(rina, commands.hand_over, one, there, WHY)

    city.db.rollback()
    keys = dict(city.db.execute(select(ContentKey.flag_id, ContentKey.key_id)).all())
    assert {keys[other]} == before
    assert keys[one] not in before
    assert rina.opens(other)


@pytest.mark.parametrize("to", ["itself", "nowhere"])
def test_a_concern_is_handed_over_to_another_unit_that_is_there(unit_on_both, to):
    rina, *_ = unit_on_both
    flag_id = taken(rina, Risk.LOW)

    with pytest.raises(NotVisible):
        does(rina, commands.hand_over, flag_id,
             flag_of(rina.city, flag_id).unit_id if to == "itself" else new_id(), WHY)


def test_the_units_offered_are_the_others_and_for_a_conflict_only_to_the_head(unit_on_both):
    rina, _dewi, ratna = unit_on_both
    city = rina.city
    plain = sent(city)
    conflict = sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))

    def offered(officer, flag_id):
        return [name for _id, name in cases.other_units(city.db, flag_of(city, flag_id), viewer=officer.viewer)]

    assert [offered(officer, plain) for officer in (rina, ratna)] == [["UPTD 98.02"]] * 2
    assert [offered(officer, conflict) for officer in (rina, ratna)] == [[], ["UPTD 98.02"]]


def test_only_what_still_lies_under_a_concern_hinders_it(unit_on_both):
    rina, *_ = unit_on_both
    main, under, other = (taken(rina, Risk.LOW) for _time in range(3))
    merges(rina, under, main)
    city = rina.city

    def lying(flag_id):
        with writing(city.db):
            return [one.id for one in duplicates.lying_under(city.db, rina.ring, flag_of(city, flag_id),
                                                              by=rina.viewer)]

    assert (lying(main), lying(other)) == ([under], [])
    cadre_adds(city, under)  # which brings it back
    assert lying(main) == []
    merges(rina, under, other)
    assert (lying(main), lying(other)) == ([], [under])


def test_only_the_laws_own_clock_travels_with_what_is_put_under_another(unit_on_both):
    rina, *_ = unit_on_both
    main, plain, legal = (taken(rina, Risk.LOW) for _time in range(3))
    merges(rina, plain, main)
    assert records.law_clock(written(rina, main)) is None
    does(rina, commands.hear_victim, main, WHY)
    does(rina, commands.hear_victim, legal, WHY)
    began = records.law_clock(written(rina, main)).started_at

    merges(rina, legal, main)

    assert records.law_clock(written(rina, main)).started_at == began
    assert len([one for one in written(rina, main) if one.content.get("what") == "heard"]) == 1


def test_of_two_clocks_of_the_law_the_one_that_ends_first_goes_on(unit_on_both):
    rina, *_ = unit_on_both
    city, told = rina.city, now()
    with telling(told):
        main, legal = (taken(rina, Risk.MEDIUM) for _time in range(2))
        does(rina, commands.hear_victim, legal, WHY)
    with telling(told + timedelta(hours=48)):
        does(rina, commands.hear_victim, main, WHY)
        merges(rina, legal, main)
        rina.does(Move.ACT, main, an_action(city, next_on=(told + timedelta(days=10)).date()))

    assert records.law_clock(written(rina, main)).started_at == told
    assert flag_of(city, main).due_at == told + timedelta(hours=72)


def test_keeping_one_concern_keeps_what_lies_under_it_and_nothing_else(unit_on_both):
    rina, _dewi, ratna = unit_on_both
    main, under, back, other = (taken(rina, Risk.LOW) for _time in range(4))
    for one in (under, back):
        merges(rina, one, main)
    does(rina, duplicates.unmerge, back)

    does(ratna, holds.place, main, "court", WHY)

    city = rina.city
    city.db.rollback()
    assert set(city.db.scalars(select(Hold.flag_id))) == {main, under}
    with pytest.raises(Refused):
        does(ratna, holds.place, main, "court", WHY)
    with pytest.raises(Refused):
        does(ratna, holds.place, other, "because", WHY)
    with pytest.raises(Refused):
        does(ratna, holds.lift, other, WHY)


def test_a_referral_that_has_ended_or_said_so_before_hears_nothing_more(unit_on_both):
    rina, *_ = unit_on_both
    flag_id = taken(rina, Risk.LOW)
    does(rina, commands.refer, flag_id, a_letter(rina))
    referral = records.referrals(written(rina, flag_id))[0].id

    for result in ("no such word",):
        with pytest.raises(Refused):
            does(rina, commands.hear_back, flag_id, referral, result, "")
    does(rina, commands.hear_back, flag_id, referral, "accepted", "")
    with pytest.raises(Refused):
        does(rina, commands.hear_back, flag_id, referral, "accepted", "")
    does(rina, commands.hear_back, flag_id, referral, "done", "")
    for result in ("accepted", "declined"):
        with pytest.raises(Refused):
            does(rina, commands.hear_back, flag_id, referral, result, "")


def test_the_clock_of_the_law_is_started_once_stopped_once_and_not_on_what_is_closed(unit_on_both):
    rina, *_ = unit_on_both
    flag_id, closed = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    closes(rina, closed)

    with pytest.raises(Refused):
        does(rina, commands.hear_victim, closed, WHY)
    for act in (commands.tell_police, commands.stop_clock):
        with pytest.raises(Refused):
            does(rina, act, flag_id, WHY)
    does(rina, commands.hear_victim, flag_id, WHY)
    with pytest.raises(Refused):
        does(rina, commands.hear_victim, flag_id, WHY)
    with pytest.raises(Refused):
        closes(rina, flag_id)


def test_what_is_late_is_told_only_to_who_may_know_of_it(unit_on_both):
    rina, *_ = unit_on_both
    city = rina.city
    sent(city)
    sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))

    with telling(now() + timedelta(days=30)):
        rows = {who: len(digest.late(city.db, viewer=viewer_of(city.db, getattr(city, who)), keys=city.keys))
                for who in ("rina", "ratna", "other", "keyless")}

    assert rows == {"rina": 1, "ratna": 2, "other": 0, "keyless": 0}


def test_assessing_one_does_not_assess_another(unit_on_both):
    rina, *_ = unit_on_both
    one, other = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    assesses(rina, one, Risk.HIGH)

    assert (flag_of(rina.city, one).risk_assessed, flag_of(rina.city, other).risk_assessed) == (Risk.HIGH, Risk.LOW)


@pytest.mark.parametrize("into", ["itself", "unread", "closed", "less urgent", "another unit's", "a conflict"])
def test_what_cannot_carry_a_concern_carries_none(unit_on_both, into):
    rina, _dewi, ratna = unit_on_both
    city = rina.city
    flag_id = taken(ratna, Risk.HIGH if into == "less urgent" else Risk.LOW)
    if into == "another unit's":
        main = taken(Officer(city, city.other), Risk.LOW, person=city.far)
    elif into == "a conflict":
        main = taken(ratna, Risk.LOW, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    else:
        main = {"itself": lambda: flag_id, "unread": lambda: sent(city)}.get(into, lambda: taken(ratna, Risk.LOW))()
    if into == "closed":
        closes(ratna, main)

    with pytest.raises(NotVisible if into in {"another unit's", "a conflict"} else Refused):
        merges(ratna, flag_id, main)


def test_what_she_stepped_aside_from_is_named_nowhere_in_what_she_works_on(unit_on_both):
    rina, _dewi, ratna = unit_on_both
    city = rina.city
    main = told(rina, person_phone=PHONE)
    under, twin = told(rina, person_phone=PHONE), told(rina, person_phone=PHONE)
    merges(rina, under, main)

    def shown(officer):
        with writing(city.db):
            flag = city.db.get_one(Flag, main)
            opened = flags.open_flag(city.db, officer.ring, flag, by=officer.viewer)
            case = cases.case_of(city.db, officer.ring, flag, opened.answers, viewer=officer.viewer, keys=city.keys)
            return set(case.under), set(case.twins)

    code = {flag_id: flag_of(city, flag_id).code for flag_id in (under, twin)}
    assert shown(rina) == ({code[under]}, {code[under], code[twin]})
    with writing(city.db):
        for flag_id in (under, twin):
            flags.step_aside(city.db, city.db.get_one(Flag, flag_id), by=rina.viewer)

    assert shown(rina) == (set(), set())
    assert shown(ratna) == ({code[under]}, {code[under], code[twin]})


def test_mediation_comes_after_the_assessment(unit_on_both):
    rina, *_ = unit_on_both
    flag_id = taken(rina, Risk.LOW)

    with pytest.raises(Refused):
        does(rina, commands.serve, flag_id, a_service(rina, service="mediasi"))
    does(rina, commands.serve, flag_id, a_service(rina))
    assesses(rina, flag_id, Risk.LOW, CODES)
    does(rina, commands.serve, flag_id, a_service(rina, service="mediasi"))


def test_a_clock_that_was_stopped_does_not_start_again_where_a_concern_is_put(unit_on_both):
    rina, *_ = unit_on_both
    main, legal = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    does(rina, commands.hear_victim, legal, WHY)
    does(rina, commands.tell_police, legal, WHY)

    merges(rina, legal, main)

    assert records.law_clock(written(rina, main)) is None
