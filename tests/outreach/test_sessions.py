"""Awareness sessions: logged in a minute, corrected for a week, seen by those of the area, counted rightly."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.base.clock import now, today
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused, Stale
from portal.outreach import commands, queries
from portal.outreach.commands import Held
from portal.outreach.models import Outreach, OutreachCorrection
from tests.factories import area, viewer_of

TODAY = date(2026, 11, 24)


def held_at(city, code="98.01.01.1001.07", **changes):
    plain = {"area_id": area(city.db, code).id, "held_on": TODAY, "topics": ("internet",), "women": 12, "girls": 6}
    return Held(**{**plain, **changes})


def logged(city, person=None, held=None, once="key"):
    with writing(city.db):
        return commands.log_session(city.db, held or held_at(city), by=viewer_of(city.db, person or city.siti),
                                    once=once, body="", today=TODAY)


def fill(browser, **answers):
    plain = {"topics": ["internet"], "women": "12", "girls": "6"}
    return browser.get("/s/baru").form("/s/baru").fill(**{**plain, **answers})


def number_of(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(Outreach))


def test_a_session_takes_one_page_and_is_confirmed(city, sign_in):
    page = fill(sign_in(city.siti)).submit()

    assert re.match(r"/s/[0-9a-f-]{36}", page.path)
    assert "18 people, Safe on the internet, RW 07" in page.text
    assert "Did anybody tell something" in page.text


@pytest.mark.asvs("V1.4.2", "V2.2.1", "V2.2.2", "V2.2.3", "V15.3.5")
@pytest.mark.parametrize(("answers", "error"), [
    ({"topics": []}, "Choose at least one topic."),
    ({"women": "", "girls": ""}, "Enter how many people came. Roughly is fine."),
    ({"women": "-3"}, "Enter a whole number, like 12."),
    ({"women": "1.5"}, "Enter a whole number, like 12."),
    ({"women": "1e3"}, "Enter a whole number, like 12."),
    ({"women": "1000"}, "At most 999 in one box."),
    ({"women": "9" * 60}, "Enter a whole number, like 12."),
    ({"when": "other", "held_on": ""}, "Choose the day."),
    ({"when": "other", "held_on": "2099-01-01"}, "That day has not come yet."),
    ({"when": "other", "held_on": "2020-01-01"}, "More than 60 days ago? Ask your coordinator."),
    ({"when": "other", "held_on": "31-31-2026"}, "Not a valid date value."),
    ({"place": "999999"}, "Not a valid choice."),
    ({"topics": ["made-up"]}, "'made-up' is not a valid choice for this field."),
    ({"note": "x" * 301}, "Field cannot be longer than 300 characters."),
    ({"women": ["1", "2"]}, "Give one answer here."),
])
def test_each_impossible_answer_gets_its_sentence_and_nothing_is_kept(city, sign_in, answers, error):
    page = fill(sign_in(city.siti), **answers).submit()

    assert page.status == 422
    assert error in page.errors
    assert page.title.startswith("Check: ")
    assert number_of(city) == 0


def test_numbers_may_be_typed_with_blanks(city, sign_in):
    assert "18 people" in fill(sign_in(city.siti), women=" 12 ").submit().text


def test_a_very_high_number_is_asked_about_once(city, sign_in):
    asked = fill(sign_in(city.siti), women="340", girls="").submit()
    assert "Really 340 people?" in asked.text
    assert number_of(city) == 0

    assert "340 people" in asked.form("/s/baru").submit().text
    assert number_of(city) == 1


def test_one_that_is_there_already_is_pointed_out_and_may_still_be_saved(city, sign_in):
    browser = sign_in(city.siti)
    fill(browser).submit()

    asked = fill(browser, women="13").submit()
    assert "similar note (18 people)" in asked.text
    asked.form("/s/baru").submit()

    assert number_of(city) == 2


def test_a_second_tap_makes_no_second_session(city, sign_in):
    form = fill(sign_in(city.siti))

    first, second = form.submit(), form.submit()

    assert first.path == second.path
    assert number_of(city) == 1


def test_the_same_key_with_other_answers_is_refused(any_city):
    logged(any_city)

    with writing(any_city.db), pytest.raises(Refused):
        commands.log_session(any_city.db, held_at(any_city), by=viewer_of(any_city.db, any_city.siti), once="key",
                             body="other", today=TODAY)


@pytest.mark.asvs("V8.2.2")
def test_a_neighbours_session_looks_like_an_absent_one(city, sign_in):
    theirs = logged(city, city.budi, held_at(city, "98.01.01.1001.08"))
    browser = sign_in(city.siti)

    hidden = browser.get(f"/s/{theirs}")
    absent = browser.get("/s/00000000-0000-4000-8000-000000000000")

    assert hidden.status == absent.status == 404
    assert _without_tokens(hidden.html) == _without_tokens(absent.html)
    assert "RW 08" not in browser.get("/s").text


@pytest.mark.parametrize(("who", "sees"), [("siti", {"RW 07"}), ("budi", {"RW 08"}), ("guru", {"SMP Contoh 1"}),
                                           ("wati", {"RW 07", "RW 08", "SMP Contoh 1"}), ("far", set())])
def test_everybody_sees_the_sessions_of_her_own_area(any_city, who, sees):
    for person, code in ((any_city.siti, "98.01.01.1001.07"), (any_city.budi, "98.01.01.1001.08"),
                         (any_city.guru, "npsn.90000001")):
        logged(any_city, person, held_at(any_city, code), once=code)

    page = queries.sessions(any_city.db, viewer=viewer_of(any_city.db, getattr(any_city, who)))

    assert {row.place.name for _, rows in page.months for row in rows} == sees


def test_the_list_goes_on_page_by_page_without_losing_one(any_city):
    keys = {logged(any_city, held=held_at(any_city, held_on=TODAY - timedelta(days=n // 3)), once=str(n))
            for n in range(60)}
    viewer, seen, before = viewer_of(any_city.db, any_city.siti), [], ""
    while True:
        page = queries.sessions(any_city.db, viewer=viewer, before=before)
        seen += [row.id for _, rows in page.months for row in rows]
        before = page.before
        if not before:
            break

    assert len(seen) == 60
    assert set(seen) == keys


def test_a_correction_keeps_what_was_said_before(city, sign_in):
    browser = sign_in(city.siti)
    page = fill(browser).submit()

    page = page.link("Change").form("/ubah").fill(women="20").submit()

    city.db.rollback()
    assert "Your changes are saved." in page.text
    assert "People 26" in page.text
    assert city.db.scalars(select(OutreachCorrection)).one().before["women"] == 12


def test_after_a_week_it_is_locked_for_a_cadre_but_not_for_her_coordinator(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        key = re.search(r"/s/([0-9a-f-]+)", fill(sign_in(city.siti)).submit().path).group(1)
        clock.shift(timedelta(days=8))
        cadre, coordinator = sign_in(city.siti), sign_in(city.wati)

        locked, open_ = cadre.get(f"/s/{key}/ubah"), coordinator.get(f"/s/{key}/ubah")

    assert locked.status == 404
    assert "locked" in locked.text
    assert open_.status == 203


def test_an_older_version_is_not_written_over_a_newer_one(any_city):
    key = logged(any_city)
    outreach = any_city.db.get_one(Outreach, key)

    with pytest.raises(Stale):
        commands.correct_session(any_city.db, outreach, held_at(any_city, women=1), once="c", body="", today=TODAY,
                                 by=viewer_of(any_city.db, any_city.siti), version=outreach.version + 1)


def test_somebody_elses_session_cannot_be_corrected(any_city):
    key = logged(any_city)
    outreach = any_city.db.get_one(Outreach, key)

    with pytest.raises(NotVisible):
        commands.correct_session(any_city.db, outreach, held_at(any_city), once="c", body="", today=TODAY,
                                 by=viewer_of(any_city.db, any_city.budi), version=outreach.version)


def test_the_home_card_says_when_and_what_is_missing(any_city):
    viewer = viewer_of(any_city.db, any_city.siti)
    assert queries.here(any_city.db, viewer=viewer, today=TODAY).last_held_on is None
    logged(any_city, held=held_at(any_city, held_on=date(2026, 10, 12), topics=("mengenal",)))
    logged(any_city, any_city.budi, held_at(any_city, "98.01.01.1001.08", topics=("hak_anak",)), once="noise")

    here = queries.here(any_city.db, viewer=viewer, today=TODAY)

    assert (here.this_month, here.last_held_on, here.last_attendance) == (False, date(2026, 10, 12), 18)
    assert here.missing_topic == "hak_anak"


def test_the_time_of_day_of_logging_is_kept_nowhere(city, sign_in):
    fill(sign_in(city.siti)).submit()

    city.db.rollback()
    outreach = city.db.scalars(select(Outreach)).one()

    assert outreach.logged_on == today(city.settings.timezone)
    assert not any(str(c.type).startswith(("DATETIME", "TIMESTAMP")) for c in Outreach.__table__.columns)


def test_a_note_is_shown_as_text_never_as_markup(city, sign_in):
    page = fill(sign_in(city.siti), note="<script>alert(1)</script>").submit()

    assert "<script>alert(1)" not in page.html
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("who", ["rina", "agus"])
def test_who_has_nothing_to_do_with_sessions_does_not_find_them(city, sign_in, who):
    browser = sign_in(getattr(city, who))

    assert [browser.get(path).status for path in ("/s", "/s/baru")] == [404, 404]


def test_answers_survive_a_sign_in_that_ended_in_between(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        browser = sign_in(city.siti)
        form = fill(browser, women="17")
        clock.shift(timedelta(minutes=4))

        locked = form.submit()
        assert "Sign in to go on" in locked.text
        again = locked.form("/masuk").submit("ask").form("/masuk").fill(secret=city.siti.secret).submit()
        back = again.form("/s/baru").submit()
        assert number_of(city) == 0
        saved = back.form("/s/baru").submit()

    assert 'value="17"' in back.html
    assert "23 people" in saved.text


def _without_tokens(html):
    """The page without what differs on purpose: tokens, and the address that was asked for."""
    return re.sub(r'value="[^"]{30,}"', "", html)
