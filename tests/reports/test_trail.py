"""The trail: the head sees who did what, nothing that was written, nothing of others, and is seen reading."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.accounts import changes
from portal.accounts.models import Account
from portal.audit import verification
from portal.audit.log import record
from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.reference import spoken
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.models import Flag
from portal.reports import trail
from tests.factories import a_flag, some_answers, viewer_of
from tests.followup.at_desk import WHY, Officer, cadre_adds, sent


def read(city, person=None, before=""):
    with writing(city.db):
        return trail.read_trail(city.db, viewer=viewer_of(city.db, person or city.ratna), keys=city.keys,
                                before=before)


def code_of(city, flag_id):
    city.db.rollback()
    return city.db.get(Flag, flag_id).code


@pytest.mark.asvs("V16.2.1")
def test_it_says_who_did_what_to_which_concern_newest_first(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.closes(flag_id)

    acts = read(any_city).acts

    about = [(act.who, act.action) for act in acts if act.code == code_of(any_city, flag_id)]
    assert about == [("Rina A.", f"flag.{move}") for move in ("close", "act", "assess", "take", "opened", "read")]


def test_what_cadres_did_is_not_listed(any_city):
    flag_id = sent(any_city)
    cadre_adds(any_city, flag_id)

    acts = read(any_city).acts

    assert not {act.action for act in acts} & {"flag.send", "flag.add", "flag.answer"}
    assert "Bu Siti" not in {act.who for act in acts} | {act.person for act in acts}


@pytest.mark.asvs("V8.4.1")
def test_another_units_acts_are_not_listed(any_city):
    with writing(any_city.db):
        far = a_flag(any_city.db, any_city.settings, any_city.far)
    Officer(any_city, any_city.other).opens(far.id)
    ours = sent(any_city)
    Officer(any_city, any_city.rina).opens(ours)

    acts = read(any_city).acts
    theirs = read(any_city, any_city.other).acts

    assert {act.who for act in acts} == {"Bu Ratna", "Rina A.", ""}
    assert {act.code for act in acts} == {"", code_of(any_city, ours)}
    assert {act.who for act in theirs} == {"Kepala Lain", ""}
    assert {act.code for act in theirs} == {"", far.code}
    assert {act.person for act in theirs} == {"", "Kepala Lain"}


def test_a_conflict_of_interest_is_in_it_only_for_who_holds_its_key(any_city):
    with writing(any_city.db):  # a second head, who holds no key for conflicts
        any_city.db.get(Account, any_city.dewi.account_id).role = "head"
    before = [act for act in read(any_city, any_city.dewi).acts if act.action != "trail.read"]
    flag_id = sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    Officer(any_city, any_city.ratna).handles(flag_id)

    code = code_of(any_city, flag_id)

    assert code in {act.code for act in read(any_city).acts}
    assert [act for act in read(any_city, any_city.dewi).acts if act.action != "trail.read"] == before


def test_an_administrators_acts_in_the_city_are_listed(any_city):
    with writing(any_city.db):
        changes.switch(any_city.db, any_city.db.get_one(Account, any_city.dewi.account_id), on=False,
                       by=viewer_of(any_city.db, any_city.agus))

    act = read(any_city).acts[0]

    assert (act.who, act.action, act.person) == ("Pak Agus", "account.off", "Dewi K.")


def test_a_coordinators_acts_are_listed_with_the_cadre_they_were_about_and_a_neighbour_citys_are_not(any_city):
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, any_city.db.get_one(Account, any_city.siti.account_id),
                             by=viewer_of(any_city.db, any_city.wati))

    act = read(any_city).acts[0]

    assert (act.who, act.action, act.person) == ("Bu Wati", "recovery.asked", "Bu Siti")
    assert "recovery.asked" not in {one.action for one in read(any_city, any_city.other).acts}


def test_handing_on_a_key_says_to_whom_and_which(any_city):
    granted = [act for act in read(any_city).acts if act.action == "key.granted"]

    assert {(act.who, act.person, act.reason) for act in granted} == \
        {("Bu Ratna", "Rina A.", "unit"), ("Bu Ratna", "Dewi K.", "unit")}


def test_reading_it_is_written_down(any_city):
    first = read(any_city)

    second = read(any_city)

    assert (second.acts[0].action, second.acts[0].who, second.acts[0].amount) == \
        ("trail.read", "Bu Ratna", len(first.acts))


def test_pages_of_fifty_follow_each_other_without_gap_or_repetition(any_city):
    with writing(any_city.db):
        for number in range(120):
            record(any_city.db, "flag.opened", f"nothing {number}", by=any_city.rina.account_id, amount=number)
            record(any_city.db, "flag.opened", "of others", by=any_city.other.account_id, amount=1000 + number)

    pages, before = [], ""
    for _page in range(3):
        page = read(any_city, before=before)
        pages.append(page)
        before = str(page.before)

    amounts = [act.amount for page in pages for act in page.acts if act.action == "flag.opened"]
    assert [len(page.acts) for page in pages[:2]] == [50, 50]
    assert amounts == list(range(119, -1, -1))


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 400, "1.5", "\x00", "²", "' OR 1=1"])
def test_a_forged_place_begins_at_the_newest(city, sign_in, before):
    flag_id = sent(city)
    Officer(city, city.rina).opens(flag_id)

    page = sign_in(city.ratna).get("/jejak", query_string={"sebelum": before})

    assert page.status == 203
    assert page.root.all("tbody")[0].all("tr")[0].all("th")[0].text == "Rina A."


def test_the_page_says_acts_and_reasons_in_words_and_nothing_that_was_written(city, sign_in):
    flag_id = sent(city, story="mutiara")
    rina = sign_in(city.rina)
    rina.get(f"/k/{spoken(code_of(city, flag_id))}/kerja").form("/identitas").fill(why_open="emergency").submit()
    Officer(city, city.rina).handles(flag_id)
    rina.get("/antrean")

    page = sign_in(city.ratna).get("/jejak")

    rows = [row.text for row in page.root.all("tbody")[0].all("tr")]
    code = spoken(code_of(city, flag_id))
    assert any(f"Opened names and places {code} Emergency: a life is in danger" in row for row in rows)
    assert any("Opened the summaries of a list" in row for row in rows)
    assert not any(" ," in row for row in rows)
    for secret in ("mutiara", WHY, "Menelepon", "Bu Siti", "Medium"):
        assert secret not in page.html
    assert page.link(code).path == f"/k/{code}/kerja"


def test_an_act_without_words_shows_as_its_code(city, sign_in):
    with writing(city.db):
        record(city.db, "something.new", "x", by=city.rina.account_id, reason="so")

    assert "something.new so" in sign_in(city.ratna).get("/jejak").text


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("who", ["rina", "keyless", "siti", "guru", "wati", "lina", "agus"])
def test_the_trail_is_the_heads_alone(city, sign_in, who):
    page = sign_in(getattr(city, who)).get("/jejak")

    city.db.rollback()
    assert page.status == 404
    assert city.db.scalar(select(func.count()).where(AuditEntry.action == "trail.read")) == 0


def test_the_days_are_told_in_the_citys_own_time(city, sign_in):
    moment = now().replace(month=11, day=24, hour=18, minute=5, second=0)
    with telling(moment), writing(city.db):
        record(city.db, "flag.opened", "x", by=city.rina.account_id)
    with telling(moment + timedelta(minutes=1)):
        page = sign_in(city.ratna).get("/jejak")

    assert "25 Nov, 01:05" in page.text


def test_what_the_reader_stepped_aside_from_is_not_in_it(any_city):
    rina, ratna = Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna)
    near, noise = sent(any_city), sent(any_city)
    rina.opens(noise)
    before = [(act.action, act.code) for act in read(any_city).acts if act.action != "trail.read"]
    ratna.opens(near)
    with writing(any_city.db):
        flags.step_aside(any_city.db, any_city.db.get(Flag, near), by=ratna.viewer)
    rina.handles(near)

    acts = read(any_city).acts

    assert [(act.action, act.code) for act in acts if act.action != "trail.read"] == before


def test_a_concern_that_went_to_another_unit_is_not_named_any_more(any_city):
    flag_id = sent(any_city)
    Officer(any_city, any_city.rina).opens(flag_id)
    before = [act.code for act in read(any_city).acts if act.action == "flag.opened"]
    with writing(any_city.db):
        any_city.db.get_one(Flag, flag_id).unit_id = any_city.db.get_one(Account, any_city.other.account_id).unit_id

    after = [act.code for act in read(any_city).acts if act.action == "flag.opened"]

    assert set(before) == {code_of(any_city, flag_id)}
    assert not any(after)


@pytest.mark.parametrize(("holds", "said", "alerts"), [
    (True, "was checked today", 0), (False, "something was changed", 1)])
def test_the_page_says_what_came_of_the_last_check(city, sign_in, holds, said, alerts):
    before = sign_in(city.ratna).get("/jejak")
    with writing(city.db):
        verification.keep_result(city.db, verification.Verdict(number_of_faults=1))
        verification.keep_result(city.db, verification.Verdict(number_of_faults=0 if holds else 1))

    page = sign_in(city.ratna).get("/jejak")

    assert "was checked" not in before.text
    assert said in page.text
    assert len(page.root.all("p", role="alert")) == alerts
