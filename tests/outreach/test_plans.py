"""Plans: made for one's own area, turned into a session with one tap, and neutral in a calendar."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.accounts.models import Account
from portal.base.clock import today
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from portal.outreach import calendar, plans
from portal.outreach.models import Outreach, OutreachPlan
from portal.outreach.plans import Planned
from tests.factories import area, viewer_of
from tests.outreach.test_log_page import Thumb

TODAY = date(2026, 11, 24)


def planned(city, code="98.01.01.1001.07", day=TODAY, person=None, spot="Balai RW", topic="mengenal", once=""):
    with writing(city.db):
        return plans.make_plan(
            city.db, Planned(area(city.db, code).id, day, topic, spot, person.account_id if person else None),
            by=viewer_of(city.db, city.wati), today=TODAY, once=once or uuid4().hex, body="")


def all_plans(city):
    city.db.rollback()
    return city.db.scalars(select(OutreachPlan).execution_options(populate_existing=True)).all()


def form_of(browser, city, **answers):
    plain = {"planned_for": (today(city.settings.timezone) + timedelta(days=3)).isoformat(),
             "place": str(area(city.db, "98.01.01.1001.07").id), "topic": "internet", "spot": "Balai RW"}
    return browser.get("/s/rencana/baru").form("/rencana/baru").fill(**{**plain, **answers})


def test_a_coordinator_plans_and_the_cadre_finds_it_on_her_list(city, sign_in):
    page = form_of(sign_in(city.wati), city, who=str(city.siti.account_id)).submit()

    assert page.path == "/s/rencana"
    assert "Bu Siti" in page.text
    hers, others = sign_in(city.siti).get("/s").text, sign_in(city.budi).get("/s").text
    assert "Balai RW" in hers
    assert "Balai RW" not in others


def test_one_tap_turns_a_plan_into_a_log_with_everything_but_the_numbers(city, sign_in):
    planned(city, day=today(city.settings.timezone), person=city.siti, topic="bantuan")
    thumb = Thumb(sign_in(city.siti), "/s")

    thumb.follow("Log it")
    values = dict(thumb.page.form("/s/baru").values)
    thumb.on("/s/baru")
    thumb.type("women", "12")
    thumb.press("Save")

    assert (values["topics"], int(values["place"]), values["when"]) == \
        ("bantuan", area(city.db, "98.01.01.1001.07").id, "today")
    assert thumb.taps == 3
    plan, = all_plans(city)
    assert plan.outreach_id == city.db.scalars(select(Outreach.id)).one()
    assert "Log it" not in sign_in(city.siti).get("/s").text


def test_an_overdue_plan_says_so_and_is_logged_for_its_day(city, sign_in):
    day = today(city.settings.timezone) - timedelta(days=3)
    planned(city, day=day)
    browser = sign_in(city.siti)

    page = browser.get("/s")
    values = dict(page.link("Log it").form("/s/baru").values)

    assert "3 days late" in page.text
    assert "1 overdue" in page.text
    assert "1 overdue" in sign_in(city.wati).get("/s").text
    assert (values["when"], values["held_on"]) == ("other", day.isoformat())


def test_the_plan_survives_faults_and_the_question_back(city, sign_in):
    planned(city, day=today(city.settings.timezone))
    page = sign_in(city.siti).get("/s").link("Log it")

    faulty = page.form("/s/baru").fill(women="x").submit()
    asked = faulty.form("/s/baru").fill(women="340").submit()
    asked.form("/s/baru").submit("many")

    assert (faulty.status, all_plans(city)[0].outreach_id is None) == (422, False)


def test_a_plan_elsewhere_brings_its_place_along(city, sign_in):
    planned(city, "98.01.01.1001", day=today(city.settings.timezone), person=city.siti)

    page = sign_in(city.siti).get("/s").link("Log it").form("/s/baru").fill(women="9").submit()

    assert "Jatirahayu" in page.text
    assert all_plans(city)[0].outreach_id is not None


def test_a_plan_held_by_two_at_once_keeps_both_sessions_and_the_first_as_its_own(city, sign_in):
    planned(city, day=today(city.settings.timezone))
    forms = [sign_in(city.siti).get("/s").link("Log it").form("/s/baru").fill(women=str(n)) for n in (8, 9)]

    first = forms[0].submit()
    forms[1].submit().form("/s/baru").submit("alike")

    assert str(all_plans(city)[0].outreach_id) in first.path
    assert len(city.db.scalars(select(Outreach)).all()) == 2


@pytest.mark.parametrize("forged", ["00000000-0000-4000-8000-000000000000", "x", "\x00", "9" * 300])
def test_a_forged_plan_is_an_ordinary_log(city, sign_in, forged):
    browser = sign_in(city.siti)

    page = browser.get("/s/baru", query_string={"rencana": forged})
    saved = page.form("/s/baru").fill(topics=["internet"], women="9", plan=forged).submit()

    assert (page.status, saved.status) == (203, 203)


def test_anothers_plan_is_not_hers_to_hold(city, sign_in):
    key = planned(city, "98.01.01.1001.08", person=city.budi)
    browser = sign_in(city.siti)

    browser.get("/s/baru").form("/s/baru").fill(topics=["internet"], women="9", plan=str(key)).submit()

    assert all_plans(city)[0].outreach_id is None
    assert browser.get(f"/s/rencana/{key}.ics").status == 404
    assert browser.get(f"/s/baru?rencana={key}").form("/s/baru").values[-1] is not None
    assert "RW 08" not in browser.get(f"/s/baru?rencana={key}").text


@pytest.mark.parametrize(("who", "sees"), [("siti", True), ("budi", False), ("guru", False), ("far", False),
                                           ("wati", True), ("lina", True)])
def test_a_plan_for_whoever_is_there_is_seen_there_and_above(any_city, who, sees):
    planned(any_city)

    rows = plans.open_plans(any_city.db, viewer=viewer_of(any_city.db, getattr(any_city, who)), today=TODAY)

    assert [row.place.name for row in rows] == (["RW 07"] if sees else [])


@pytest.mark.parametrize(("answers", "error"), [
    ({"planned_for": ""}, "Choose the day."), ({"planned_for": "x"}, "Choose the day."),
    ({"planned_for": "2020-01-01"}, "That day has passed. Log what was held instead."),
    ({"planned_for": "2999-01-01"}, "At most one year ahead."), ({"spot": "x" * 81}, None), ({"place": "1"}, None),
    ({"topic": "unknown"}, None), ({"who": "00000000-0000-4000-8000-000000000000"}, None), ({"who": "x"}, None),
])
def test_a_plan_that_cannot_be_is_refused(city, sign_in, answers, error):
    page = form_of(sign_in(city.wati), city, **answers).submit()

    assert page.status == 422
    assert page.errors
    assert error is None or page.errors == [error]
    assert all_plans(city) == []


@pytest.mark.parametrize("code", ["98.01.01.1002.01", "98.02.01.1001.01", "98.01.01"])
def test_nobody_plans_outside_her_area(any_city, code):
    with pytest.raises(NotVisible):
        planned(any_city, code)
    with pytest.raises(NotVisible):
        planned(any_city, person=any_city.far)


@pytest.mark.parametrize("who", ["siti", "guru", "lina", "rina", "agus"])
def test_only_coordinators_plan(city, sign_in, who):
    assert sign_in(getattr(city, who)).get("/s/rencana/baru").status == 404


def test_a_plan_is_given_up_once_and_not_after_it_was_held(city, sign_in):
    key, browser = planned(city), sign_in(city.wati)
    page = browser.get("/s/rencana").link("Give it up")

    after = page.form("/batal").submit()
    again = page.form("/batal").submit()  # a second tap, or the first answer was lost on the way

    assert "Nothing is planned." in after.text
    assert again.path == after.path == "/s/rencana"
    assert browser.get(f"/s/rencana/{key}/batal").status == 404
    held = planned(city, day=today(city.settings.timezone))
    sign_in(city.siti).get("/s").link("Log it").form("/s/baru").fill(women="9").submit()
    city.db.rollback()
    with pytest.raises(Refused), writing(city.db):
        plans.cancel(city.db, held, by=viewer_of(city.db, city.wati), once="cancel")


def test_the_same_plan_sent_twice_is_one(city, sign_in):
    form = form_of(sign_in(city.wati), city)

    form.submit()
    form.submit()

    assert len(all_plans(city)) == 1


def test_who_answers_for_several_kelurahan_chooses_one_first(city, sign_in):
    with writing(city.db):
        city.db.get_one(Account, city.wati.account_id).area_id = area(city.db, "98.01.01").id
    browser = sign_in(city.wati)

    page = browser.get("/s/rencana/baru").link("Jatiwarna")

    places = page.root.all("select", name="place")[0]
    assert [option.text for option in places.all("option")] == ["Jatiwarna", "RW 01"]
    assert browser.get("/s/rencana/baru?w=98.02.01.1001").status == 404


def test_the_calendar_gets_day_and_place_and_no_word_of_the_matter(city, sign_in):
    key = planned(city, spot="Balai; RW, 07", topic="mengenal")

    answer = sign_in(city.siti, "id").client.get(f"/s/rencana/{key}.ics")

    text = answer.data.decode()
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Kegiatan warga\r\n" in text
    assert "DTSTART;VALUE=DATE:20261124\r\nDTEND;VALUE=DATE:20261125\r\n" in text
    assert "LOCATION:Balai\\; RW\\, 07\\, RW 07\\, Jatirahayu\r\n" in text
    assert not {"kekerasan", "violence", "menjaga"} & set(text.lower().split())


def test_a_calendar_line_is_folded_between_letters():
    made = calendar.entry(uuid4(), TODAY, title="x", place="é" * 200 + "\r\nEVIL:1", planned_on=TODAY)

    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    assert "é" * 200 + " EVIL:1" in made.decode().replace("\r\n ", "")
    assert b"\r\nEVIL" not in made
