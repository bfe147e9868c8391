"""Keeping a concern from deletion: the head alone, for a reason that lies sealed, and seen on the sheet."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused, Stale
from portal.base.reference import spoken
from portal.casework import commands, holds
from portal.casework.models import Hold, Note
from portal.flags.life import Risk
from portal.flags.models import Flag
from tests.casework.at_work import WHY, closes, does, flag_of, merges, taken, written
from tests.casework.test_joining import neighbour
from tests.casework.test_rewrapping import at_work_again, begins, moves
from tests.followup.at_desk import Officer, cadre_adds, sent

REMARK = "Perkara 12/Pid"


def held(city):
    city.db.rollback()
    return set(city.db.scalars(select(Hold.flag_id)))


def page_of(city, flag_id, act=""):
    return f"/k/{spoken(flag_of(city, flag_id).code)}/kerja{act}"


def test_the_head_keeps_a_closed_concern_and_everybody_reads_on_its_sheet_why(city, sign_in):
    rina, head = Officer(city, city.rina), sign_in(city.ratna)
    flag_id, noise = taken(rina, Risk.LOW), sent(city)
    closes(rina, flag_id)

    page = head.get(page_of(city, flag_id)).link("Keep from deletion")
    sheet = page.form("/jangan-hapus").fill(reason="court", text=REMARK).submit()

    assert "Closed concerns are deleted after 5 years." in page.text
    for reader in (sheet, sign_in(city.rina).get(page_of(city, flag_id))):
        assert ": A court case. Bu Ratna, " in reader.text
        assert REMARK in reader.text
    assert held(city) == {flag_id}
    assert noise not in held(city)


def test_she_lets_it_go_with_a_reason(city, sign_in):
    head, flag_id = sign_in(city.ratna), taken(Officer(city, city.rina), Risk.LOW)
    does(Officer(city, city.ratna), holds.place, flag_id, "police", "")

    page = head.get(page_of(city, flag_id)).link("No longer keep from deletion")
    sheet = page.form("/lepas").fill(why=WHY).submit()

    assert "Kept from deletion:" not in sheet.text
    assert held(city) == set()


def test_the_trail_says_that_and_not_why(city):
    flag_id = taken(Officer(city, city.rina), Risk.LOW)
    does(Officer(city, city.ratna), holds.place, flag_id, "court", REMARK)

    entry = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "flag.hold")).one()

    assert (entry.subject, entry.actor_id, entry.reason) == (str(flag_id), city.ratna.account_id, "")
    notes = b"".join(city.db.scalars(select(Note.sealed_text)))
    assert b"court" not in notes
    assert REMARK.encode() not in notes


def test_what_lies_under_it_is_kept_with_it_and_let_go_with_it(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under, closed_with, parted = (taken(rina, Risk.LOW) for _ in range(4))
    for one in (under, closed_with, parted):
        merges(rina, one, main)
    cadre_adds(city, parted)
    closes(rina, main)

    does(ratna, holds.place, main, "audit", "")
    kept = held(city)
    does(ratna, holds.lift, main, WHY)

    assert kept == {main, under, closed_with}
    assert held(city) == set()


def test_what_lies_under_it_is_kept_too_while_one_of_them_waits_for_the_new_key(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    main, under = (taken(rina, Risk.LOW) for _ in range(2))
    merges(rina, under, main)
    old_id = begins(ratna)
    moves(ratna, old_id, most=1)
    assert len({flag_of(city, flag_id).key_id for flag_id in (main, under)}) == 2

    does(at_work_again(ratna), holds.place, main, "court", "")

    assert held(city) == {main, under}


def test_what_once_lay_under_it_and_ended_at_another_unit_is_theirs_to_keep(city):
    rina, ratna, there = Officer(city, city.rina), Officer(city, city.ratna), Officer(city, city.other)
    main, once_under = (taken(rina, Risk.LOW) for _ in range(2))
    merges(rina, once_under, main)
    cadre_adds(city, once_under)
    rina.opens(once_under)
    does(rina, commands.hand_over, once_under, neighbour(city), WHY)
    there.opens(once_under)
    there.closes(once_under)

    does(ratna, holds.place, main, "court", "")

    assert held(city) == {main}


def test_officers_can_neither_keep_nor_let_go(city, sign_in):
    rina, flag_id = Officer(city, city.rina), taken(Officer(city, city.rina), Risk.LOW)
    desk = sign_in(city.rina)

    for act in ("/jangan-hapus", "/jangan-hapus/lepas"):
        assert desk.get(page_of(city, flag_id, act)).status == 404
    assert "Keep from deletion" not in desk.get(page_of(city, flag_id)).text
    with pytest.raises(Refused):
        does(rina, holds.place, flag_id, "court", "")
    assert held(city) == set()


def test_another_unit_finds_nothing_to_keep(city, sign_in):
    flag_id = taken(Officer(city, city.rina), Risk.LOW)

    assert sign_in(city.other).get(page_of(city, flag_id, "/jangan-hapus")).status == 404


@pytest.mark.parametrize("answers", [{"reason": ""}, {"reason": "enormous"}, {"reason": "court", "text": "x" * 301}])
def test_what_is_no_answer_is_refused_and_nothing_is_kept(city, sign_in, answers):
    flag_id = taken(Officer(city, city.rina), Risk.LOW)

    page = sign_in(city.ratna).get(page_of(city, flag_id, "/jangan-hapus")).form("/jangan-hapus").fill(
        **answers).submit()

    assert page.status == 422
    assert page.title.startswith("Check: ")
    assert held(city) == set()


def test_twice_is_said_and_an_older_page_is_noticed(city):
    ratna, flag_id = Officer(city, city.ratna), taken(Officer(city, city.rina), Risk.LOW)

    with pytest.raises(Refused):
        does(ratna, holds.lift, flag_id, WHY)
    with pytest.raises(Stale):
        does(ratna, holds.place, flag_id, "court", "", version=1)
    does(ratna, holds.place, flag_id, "court", "")
    with pytest.raises(Refused):
        does(ratna, holds.place, flag_id, "police", "")


def test_without_its_key_nobody_keeps_it(city):
    flag_id = sent(city)
    with pytest.raises(NotVisible):
        does(Officer(city, city.other), holds.place, flag_id, "court", "")


def test_the_database_itself_refuses_to_delete_what_is_kept(any_city):
    flag_id = taken(Officer(any_city, any_city.rina), Risk.LOW)
    does(Officer(any_city, any_city.ratna), holds.place, flag_id, "court", "")

    with pytest.raises(IntegrityError), writing(any_city.db):
        any_city.db.execute(delete(Flag).where(Flag.id == flag_id))

    assert flag_of(any_city, flag_id).id == flag_id


@pytest.mark.parametrize("first", ["main", "under"])
def test_what_is_put_together_after_one_was_kept_is_kept_too(unit_on_both, first):
    rina, _dewi, ratna = unit_on_both
    city = rina.city
    main, under, third = (taken(rina, Risk.LOW) for _ in range(3))
    merges(rina, third, main)
    does(ratna, holds.place, main if first == "main" else under, "court", REMARK)

    merges(rina, under, main)

    assert held(city) == {main, under, third}
    for flag_id in (main, under, third):
        kept = holds.hold_on(city.db, written(rina, flag_id), flag_of(city, flag_id))
        assert (kept.reason, kept.text, kept.by_id) == ("court", REMARK, city.ratna.account_id)
    does(ratna, holds.lift, main, WHY)
    assert held(city) == set()


def test_what_nobody_keeps_is_put_together_without_being_kept(city):
    rina = Officer(city, city.rina)
    main, under, aside = (taken(rina, Risk.LOW) for _ in range(3))
    does(Officer(city, city.ratna), holds.place, aside, "court", REMARK)

    merges(rina, under, main)

    assert held(city) == {aside}
