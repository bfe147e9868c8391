"""Deleting a closed concern before its time: by two, one of them the head, after a week in which each may stop it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts import commands as accounts
from portal.accounts.models import Account
from portal.base.clock import now, telling, today
from portal.base.db import new_id, writing
from portal.base.errors import NotVisible, Refused, Stale
from portal.base.reference import spoken
from portal.casework import break_glass, commands, early, holds, proposals, sparing
from portal.casework.models import EarlyDeletion, Proposal
from portal.flags import commands as flags
from portal.flags import queries
from portal.flags.answers import Contact, KeepFrom
from portal.flags.life import Move, Risk
from portal.flags.models import Flag
from tests.casework.at_work import (
    A_TUESDAY,
    WHY,
    a_family,
    a_letter,
    agree_to_delete,
    asks_to_delete,
    begins_again,
    closes,
    does,
    ended,
    flag_of,
    merges,
    taken,
    written,
)
from tests.factories import some_answers
from tests.followup.at_desk import Officer

HOW = "Ibu itu sendiri datang ke kantor hari ini."


def endings(city):
    """The concerns that are to be deleted early, and when."""
    city.db.rollback()
    return {row.flag_id: row.due_on for row in city.db.scalars(select(EarlyDeletion))}


def page_of(city, flag_id, act=""):
    return f"/k/{spoken(flag_of(city, flag_id).code)}/kerja{act}"


@pytest.mark.asvs("V2.3.5")
def test_an_officer_proposes_the_head_agrees_and_it_ends_in_a_week(any_city):
    with telling(A_TUESDAY):
        rina, ratna = Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna)
        flag_id, _noise = ended(rina), ended(rina)

        asks_to_delete(rina, flag_id)
        assert endings(any_city) == {}
        does(ratna, commands.confirm, flag_id)

    assert endings(any_city) == {flag_id: date(2026, 12, 2)}  # seven whole days after


def test_before_a_long_holiday_the_unit_still_works_on_three_of_the_days(city):
    with telling(datetime(2027, 3, 5, 8, 30, tzinfo=UTC)):  # the last Friday before Idul Fitri
        flag_id = ended(Officer(city, city.rina))
        agree_to_delete(Officer(city, city.rina), Officer(city, city.ratna), flag_id)
    calendar = queries.calendar(city.db, city.settings)

    between = [date(2027, 3, 5) + timedelta(days=number) for number in range(1, 40)]
    worked = [day for day in between if day < endings(city)[flag_id] and calendar.works_on(day)]
    assert len(worked) == 3


def test_the_head_proposes_and_an_officer_agrees(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    flag_id = ended(rina)

    agree_to_delete(ratna, rina, flag_id)

    assert set(endings(city)) == {flag_id}


@pytest.mark.asvs("V2.3.5")
def test_two_officers_without_the_head_cannot_and_she_is_still_waited_for(city):
    rina, dewi, ratna = (Officer(city, who) for who in (city.rina, city.dewi, city.ratna))
    flag_id = ended(rina)
    asks_to_delete(rina, flag_id)

    with pytest.raises(Refused, match="the head must be one of the two"):
        does(dewi, commands.confirm, flag_id)
    assert endings(city) == {}
    does(ratna, commands.confirm, flag_id)

    assert set(endings(city)) == {flag_id}


def test_nobody_agrees_to_her_own_and_the_database_refuses_it_too(any_city):
    ratna = Officer(any_city, any_city.ratna)
    flag_id = ended(Officer(any_city, any_city.rina))
    asks_to_delete(ratna, flag_id)

    with pytest.raises(Refused):
        does(ratna, commands.confirm, flag_id)
    with pytest.raises(IntegrityError), writing(any_city.db):
        any_city.db.add(EarlyDeletion(
            flag_id=flag_id, asked_by_id=any_city.ratna.account_id, agreed_by_id=any_city.ratna.account_id,
            due_on=today(any_city.settings.timezone)))
    assert endings(any_city) == {}


def test_what_is_declined_taken_back_or_lapsed_deletes_nothing(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    one, other, third = (ended(rina) for _ in range(3))
    for flag_id in (one, other, third):
        asks_to_delete(rina, flag_id)

    does(ratna, commands.decline, one, WHY)
    does(rina, commands.take_back, other)
    with telling(now() + proposals.STANDS), pytest.raises(Refused):
        does(ratna, commands.confirm, third)

    assert endings(city) == {}


def test_what_is_kept_from_somebody_ends_by_two_who_know_of_it(unit_on_both):
    rina, dewi, ratna = unit_on_both
    city, near = ratna.city, ended(rina)
    conflict = ended(ratna, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    with writing(city.db):
        flags.keep_from(city.db, city.db.get_one(Flag, near), {dewi.viewer.account_id})
        accounts.grant_key(city.db, ratna.ring, kind="conflict", to=rina.viewer.account_id, by=ratna.viewer)

    asks_to_delete(ratna, conflict)
    with pytest.raises(NotVisible):
        does(dewi, commands.confirm, conflict)
    does(Officer(city, city.rina), commands.confirm, conflict)
    agree_to_delete(rina, ratna, near)

    assert endings(city).keys() == {near, conflict}
    assert coming(dewi) == set()


def test_it_is_proposed_once_and_on_a_known_ground(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    flag_id = ended(rina)

    with pytest.raises(Refused, match="no such ground"):
        does(rina, early.ask, flag_id, "enormous", WHY)
    agree_to_delete(rina, ratna, flag_id)
    with pytest.raises(Refused, match="it is to be deleted already"):
        asks_to_delete(rina, flag_id)


def test_any_officer_stops_it_within_the_week_and_it_can_be_asked_again(city):
    rina, dewi, ratna = (Officer(city, who) for who in (city.rina, city.dewi, city.ratna))
    flag_id, other = ended(rina), ended(rina)
    for one in (flag_id, other):
        agree_to_delete(rina, ratna, one)

    does(dewi, early.spare, flag_id, WHY)

    assert set(endings(city)) == {other}
    assert written(rina, flag_id)[-1].kind is Move.SPARE
    with pytest.raises(Refused):
        does(dewi, early.spare, flag_id, WHY)
    agree_to_delete(rina, ratna, flag_id)
    assert set(endings(city)) == {flag_id, other}


def test_what_the_head_keeps_cannot_be_proposed_or_agreed_to(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    kept_first, kept_between = ended(rina), ended(rina)

    does(ratna, holds.place, kept_first, "court", "")
    with pytest.raises(Refused):
        asks_to_delete(rina, kept_first)
    asks_to_delete(rina, kept_between)
    does(ratna, holds.place, kept_between, "court", "")
    with pytest.raises(Refused):
        does(ratna, commands.confirm, kept_between)

    assert endings(city) == {}


def test_what_is_not_closed_cannot_be_proposed(city):
    rina = Officer(city, city.rina)
    flag_id = taken(rina, Risk.LOW)

    with pytest.raises(Refused):
        asks_to_delete(rina, flag_id)

    assert city.db.scalar(select(Proposal.id)) is None


def test_a_referral_that_is_still_out_stands_in_its_way(city):
    rina = Officer(city, city.rina)
    flag_id = taken(rina, Risk.LOW)
    does(rina, commands.refer, flag_id, a_letter(rina))
    closes(rina, flag_id)

    with pytest.raises(Refused, match="a service has not answered"):
        asks_to_delete(rina, flag_id)


def test_who_acted_alone_on_it_must_be_looked_at_first(city):
    rina, dewi, ratna = (Officer(city, who) for who in (city.rina, city.dewi, city.ratna))
    flag_id = taken(rina, Risk.HIGH, answers=some_answers(contact=Contact.NOBODY))
    does(rina, break_glass.act_alone, flag_id, HOW)
    closes(rina, flag_id)
    does(dewi, commands.confirm, flag_id)

    with pytest.raises(Refused):
        asks_to_delete(rina, flag_id)
    does(ratna, break_glass.review, flag_id)
    agree_to_delete(rina, ratna, flag_id)

    assert set(endings(city)) == {flag_id}


def test_what_ended_under_it_goes_with_it_and_is_stopped_with_it(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under, _noise = taken(rina, Risk.LOW), taken(rina, Risk.LOW), ended(rina)
    merges(rina, under, main)
    closes(rina, main)

    agree_to_delete(rina, ratna, main)
    assert set(endings(city)) == {main, under}
    assert written(rina, under)[-1].content == {"kind": "confirm", "what": "delete"}
    does(ratna, early.spare, main, WHY)

    assert endings(city) == {}
    assert written(rina, under)[-1].kind is Move.SPARE


def test_what_ended_under_it_and_was_to_be_deleted_before_goes_together_with_it(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    merges(rina, under, main)
    closes(rina, main)
    agree_to_delete(rina, ratna, under)
    before = endings(city)

    with telling(now() + timedelta(days=30)):
        agree_to_delete(rina, ratna, main)

    assert before[under] < endings(city)[under] == endings(city)[main]


def test_what_ended_under_it_and_is_kept_keeps_it_too(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under = taken(rina, Risk.LOW), taken(rina, Risk.LOW)
    merges(rina, under, main)
    closes(rina, main)
    does(ratna, holds.place, under, "court", "")

    with pytest.raises(Refused):
        asks_to_delete(rina, main)


def test_while_one_of_them_is_worked_on_the_others_are_not_deleted(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under = a_family(rina)
    asks_to_delete(rina, under)
    begins_again(rina, main)

    with pytest.raises(Refused, match="worked on"):
        does(ratna, commands.confirm, under)
    closes(rina, main)
    begins_again(rina, under)
    with pytest.raises(Refused, match="worked on"):
        asks_to_delete(rina, main)


def test_a_proposal_for_what_was_to_go_with_it_falls_when_it_is_stopped(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under = a_family(rina)
    asks_to_delete(rina, under)
    agree_to_delete(rina, ratna, main)
    does(rina, early.spare, main, WHY)

    with pytest.raises(Refused, match="no proposal stands"):
        does(ratna, commands.confirm, under)


def test_what_the_clock_has_just_taken_is_not_said_to_stay(city):
    with pytest.raises(Stale):
        sparing.hold_fast(city.db, [ended(Officer(city, city.rina)), new_id()])


def test_without_its_key_and_on_an_older_page_nothing_is_proposed(city):
    rina = Officer(city, city.rina)
    flag_id = ended(rina)

    with pytest.raises(NotVisible):
        asks_to_delete(Officer(city, city.other), flag_id)
    with pytest.raises(Stale):
        asks_to_delete(rina, flag_id, version=1)
    does(rina, early.ask, flag_id, "mistake", HOW)
    with pytest.raises(Refused):
        asks_to_delete(rina, flag_id)


def test_on_the_pages_it_is_proposed_agreed_to_seen_and_stopped(city, sign_in):
    desk, head = sign_in(city.rina), sign_in(city.ratna)
    flag_id = ended(Officer(city, city.rina))

    page = desk.get(page_of(city, flag_id)).link("Delete before its time")
    sheet = page.form("/hapus").fill(ground="asked", why=HOW).submit()
    assert "Whom does it endanger if this is gone?" in page.text
    assert "Waiting for a second officer" in sheet.text
    assert "Delete before its time…" not in sheet.text
    assert "1 matter waits for a second officer" in head.get("/antrean").text

    proposal = head.get(page_of(city, flag_id)).link("Decide…")
    assert "The person it is about asks for it" in proposal.text
    assert HOW in proposal.text
    assert "If you agree, it is deleted in a week" in proposal.text
    sheet = proposal.form("/persetujuan").submit("confirm")
    assert "To be deleted on " in sheet.text
    assert "Proposed by Rina A., agreed by Bu Ratna." in sheet.text
    assert HOW in sheet.text
    assert "1 concern is soon deleted before its time." in desk.get("/antrean").text
    due = desk.get("/tenggat")
    assert "Proposed by Rina A., agreed by Bu Ratna." in due.text

    sheet = due.link(spoken(flag_of(city, flag_id).code))
    sheet = sheet.link("Do not delete it after all").form("/batal").fill(why=WHY).submit()
    assert "To be deleted on " not in sheet.text
    assert "Is not deleted before its time" in sheet.text
    assert "soon deleted" not in desk.get("/antrean").text + desk.get("/tenggat").text


def test_who_may_know_of_it_sees_that_it_is_coming_and_nobody_else(unit_on_both):
    rina, dewi, ratna = unit_on_both
    city = rina.city
    first, kept, aside = (ended(rina) for _ in range(3))
    conflict = ended(ratna, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    with telling(A_TUESDAY):
        agree_to_delete(rina, ratna, first)
    for one in (kept, aside):
        agree_to_delete(rina, ratna, one)
    with writing(city.db):
        city.db.add(EarlyDeletion(
            flag_id=conflict, root_id=conflict, asked_by_id=rina.viewer.account_id,
            agreed_by_id=ratna.viewer.account_id, due_on=today(city.settings.timezone)))
        flags.keep_from(city.db, city.db.get_one(Flag, aside), {dewi.viewer.account_id})
    does(ratna, holds.place, kept, "court", "")

    assert coming(rina) == {first, aside}
    assert coming(dewi) == {first}
    assert coming(ratna) == {first, aside, conflict}
    assert coming(Officer(city, city.other)) == set()
    soonest = early.coming(city.db, viewer=rina.viewer, keys=city.keys)[0]
    assert (soonest.asked_by, soonest.agreed_by, soonest.on) == ("Rina A.", "Bu Ratna", date(2026, 12, 2))


def test_none_is_left_out_of_the_list_however_many_there_are(city):
    """Who hides one among many hides nothing."""
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    many = {ended(rina) for _ in range(26)}
    with writing(city.db):
        city.db.add_all(EarlyDeletion(
            flag_id=one, root_id=one, asked_by_id=rina.viewer.account_id, agreed_by_id=ratna.viewer.account_id,
            due_on=today(city.settings.timezone)) for one in many)

    assert coming(Officer(city, city.dewi)) == many


@pytest.mark.parametrize("why", ["went to another city", "was switched off"])
def test_a_head_who_is_not_of_the_unit_any_more_is_none_of_the_two(city, why):
    rina, dewi = Officer(city, city.rina), Officer(city, city.dewi)
    flag_id = ended(rina)
    with writing(city.db):
        city.db.get_one(Account, city.rina.account_id).role = "head"
    asks_to_delete(rina, flag_id)
    with writing(city.db):
        account = city.db.get_one(Account, city.rina.account_id)
        if why == "was switched off":
            account.active = False
        else:
            account.unit_id = city.db.get_one(Account, city.other.account_id).unit_id

    with pytest.raises(Refused, match="the head must be one of the two"):
        does(dewi, commands.confirm, flag_id)


def coming(officer):
    city = officer.city
    city.db.rollback()
    codes = [row.code for row in early.coming(city.db, viewer=officer.viewer, keys=city.keys)]
    return set(city.db.scalars(select(Flag.id).where(Flag.code.in_(codes))))


def test_who_cannot_agree_reads_that_only_the_head_can(city, sign_in):
    desk, flag_id = sign_in(city.dewi), ended(Officer(city, city.rina))
    asks_to_delete(Officer(city, city.rina), flag_id)

    page = desk.get(page_of(city, flag_id, "/persetujuan"))
    form = page.form("/persetujuan")
    assert "Only the head of the unit can agree to this." in page.text
    assert [button.attrs["value"] for button in form.element.all("button")] == ["decline"]
    page = desk.post(form.action, [*form.values, ("decision", "confirm")])

    assert page.status == 409
    assert "Only the head can agree to this proposal." in page.text
    assert endings(city) == {}


@pytest.mark.parametrize("answers", [
    {"ground": "", "why": HOW}, {"ground": "enormous", "why": HOW}, {"ground": "asked", "why": "x"},
    {"ground": "asked", "why": "x" * 2001}])
def test_what_is_no_answer_is_refused_and_nothing_is_proposed(city, sign_in, answers):
    flag_id = ended(Officer(city, city.rina))

    page = sign_in(city.rina).get(page_of(city, flag_id, "/hapus")).form("/hapus").fill(**answers).submit()

    assert page.status == 422
    assert page.title.startswith("Check: ")
    assert city.db.scalar(select(Proposal.id)) is None


def test_on_an_open_concern_the_page_says_that_it_is_only_for_closed_ones(city, sign_in):
    flag_id = taken(Officer(city, city.rina), Risk.LOW)

    for act in ("/hapus", "/hapus/batal"):
        assert "Only what is closed can be deleted." in sign_in(city.rina).get(page_of(city, flag_id, act)).text
    assert "Delete before its time" not in sign_in(city.rina).get(page_of(city, flag_id)).text


def test_a_page_that_is_too_late_says_why(city, sign_in):
    desk, rina, ratna = sign_in(city.rina), Officer(city, city.rina), Officer(city, city.ratna)
    to_go, kept = ended(rina), ended(rina)
    agree_to_delete(rina, ratna, to_go)
    does(ratna, holds.place, kept, "court", "")

    assert "It is to be deleted already." in desk.get(page_of(city, to_go, "/hapus")).text
    assert "It is kept from deletion already." in desk.get(page_of(city, kept, "/hapus")).text
    assert "It is not going to be deleted" in desk.get(page_of(city, kept, "/hapus/batal")).text


def test_another_unit_finds_nothing_to_delete(city, sign_in):
    flag_id = ended(Officer(city, city.rina))

    for act in ("/hapus", "/hapus/batal"):
        assert sign_in(city.other).get(page_of(city, flag_id, act)).status == 404
