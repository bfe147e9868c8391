"""What a session log must never do: hide what was kept, break on a forged form, or forget what was typed."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.areas import loading
from portal.base.clock import now, today
from portal.base.db import writing
from portal.outreach import queries
from portal.outreach.models import Outreach
from tests.conftest import signed_in
from tests.factories import area, viewer_of
from tests.outreach.test_sessions import fill, held_at, logged, number_of


def the_only(city):
    city.db.rollback()
    return city.db.scalars(select(Outreach).execution_options(populate_existing=True)).one()


def test_a_cadre_may_log_at_a_school_of_her_kelurahan_and_finds_it_again(city, sign_in):
    browser = sign_in(city.siti)

    page = fill(browser, place=str(area(city.db, "npsn.90000001").id)).submit()

    assert page.status == 203
    assert "18 people, Safe on the internet, SMP Contoh 1" in page.text
    assert "SMP Contoh 1" in browser.get("/s").text
    assert page.link("Change").form("/ubah").fill(women="20").submit().status == 203
    assert the_only(city).women == 20


def test_her_own_at_the_school_is_not_the_schools_others(any_city):
    school = held_at(any_city, "npsn.90000001")
    hers = logged(any_city, any_city.siti, school, once="siti")
    logged(any_city, any_city.guru, school, once="guru")
    in_her_rw = logged(any_city, any_city.siti, once="rw")

    seen = {who: {row.id for _, rows in queries.sessions(
        any_city.db, viewer=viewer_of(any_city.db, getattr(any_city, who))).months for row in rows}
        for who in ("siti", "guru", "budi")}

    assert seen["siti"] == {hers, in_her_rw}
    assert len(seen["guru"]) == 2
    assert seen["budi"] == set()


def test_a_list_of_two_kinds_goes_on_without_gap_or_repetition(any_city):
    keys = {logged(any_city, held=held_at(any_city, ("98.01.01.1001.07", "npsn.90000001")[n % 2]), once=str(n))
            for n in range(60)}
    viewer, seen, before = viewer_of(any_city.db, any_city.siti), [], ""
    for _page in range(3):
        page = queries.sessions(any_city.db, viewer=viewer, before=before)
        seen += [row.id for _, rows in page.months for row in rows]
        before = page.before

    assert (len(seen), set(seen), before) == (60, keys, "")


@pytest.mark.parametrize("mark", ["x", "2026-11-24", "2026-11-24_x", "_", "9" * 5000, "\x00_\x00",
                                  "2026-13-40_" + "0" * 32])
def test_a_forged_place_in_the_list_begins_at_the_newest(city, sign_in, mark):
    logged(city)

    page = sign_in(city.siti).get("/s", query_string={"sebelum": mark})

    assert page.status == 203
    assert "18 people" in page.text


def test_a_topic_that_comes_twice_counts_once(city, sign_in):
    page = fill(sign_in(city.siti), topics=["internet", "internet", "hak_anak"], audiences=["pkk", "pkk"]).submit()

    assert page.status == 203
    assert [topic.topic for topic in the_only(city).topics] == ["hak_anak", "internet"]
    assert the_only(city).audiences == ["pkk"]


@pytest.mark.parametrize("version", ["", "0", "-1", "2", "999999", "abc", "9" * 5000, "1.5", "²", "\x00"])
def test_a_forged_version_changes_nothing(city, sign_in, version):
    form = fill(sign_in(city.siti)).submit().link("Change").form("/ubah").fill(women="99", version=version)

    assert form.submit().status == 409
    assert the_only(city).women == 12


def test_a_missing_version_changes_nothing(city, sign_in):
    form = fill(sign_in(city.siti)).submit().link("Change").form("/ubah").fill(women="99")
    form.values = [(name, value) for name, value in form.values if name != "version"]

    assert form.submit().status == 409
    assert the_only(city).women == 12


def test_a_doubt_can_be_answered_by_changing_the_answers(city, sign_in):
    asked = fill(sign_in(city.siti), women="340", note="Di balai RW.").submit()

    back = asked.form("/s/baru").submit("edit")

    assert number_of(city) == 0
    kept = dict(back.form("/s/baru").values)
    assert (kept["women"], kept["note"], kept["topics"]) == ("340", "Di balai RW.", "internet")
    assert back.form("/s/baru").fill(women="34").submit().status == 203
    assert the_only(city).women == 34


def test_the_confirmation_names_a_telling_topic_in_words_that_tell_nothing(city, sign_in):
    page = fill(sign_in(city.siti), topics=["mengenal"]).submit()

    said = next(div for div in page.root.all("div", role="status") if "kartu" in div.attrs["class"])
    assert "18 people, Looking after each other, RW 07." in said.text


def test_the_way_to_a_concern_does_not_carry_the_sessions_address_along(city, sign_in):
    browser = sign_in(city.siti)
    form = fill(browser).submit().form("/s/jawab")

    answer = browser.client.post("/s/jawab", data=dict([*form.values, ("answer", "yes")]))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/k/baru?dari=s")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    later = next(a for a in browser.get(form.browser.get("/s").link("18 people").path).root.all("a")
                 if a.attrs["href"] == "/k/baru?dari=s")
    assert later.attrs["rel"] == "noreferrer"


def test_the_topics_she_spoke_of_last_come_first_and_the_rest_last(city, sign_in):
    browser = sign_in(city.siti)
    fill(browser, topics=["lainnya", "bantuan"]).submit()

    offered = [box.attrs["value"] for box in browser.get("/s/baru").root.all("input", name="topics")]

    assert offered == ["bantuan", "mengenal", "hak_anak", "internet", "nikah_anak", "lainnya"]


def test_a_correction_keeps_a_topic_that_the_list_no_longer_has(city, sign_in):
    key = logged(city, held=held_at(city, topics=("retired",)))

    page = sign_in(city.siti).get(f"/s/{key}/ubah").form("/ubah").fill(women="20").submit()

    assert page.status == 203
    assert [topic.topic for topic in the_only(city).topics] == ["retired"]
    assert "retired" not in sign_in(city.siti).get("/s/baru").html


def places_of(page):
    return {option.text for select in page.root.all("select", name="place") for option in select.all("option")}


def test_each_is_offered_the_places_that_are_hers(city, sign_in):
    with writing(city.db):
        loading.load(city.db, ["code,level,name,parent", "98.01.01.1001.07.02,rt,RT 02,",
                               "98.01.01.1001.08.09,rt,RT 09,"])

    at = {who: places_of(sign_in(getattr(city, who)).get("/s/baru")) for who in ("siti", "guru")}

    assert {place.split(",")[0] for place in at["siti"]} == {"RW 07", "RT 02", "SMP Contoh 1"}
    assert at["guru"] == set()


def test_a_coordinator_may_move_a_session_within_its_kelurahan(city, sign_in):
    key = logged(city)
    browser = sign_in(city.wati)
    form = browser.get(f"/s/{key}/ubah").form("/ubah")
    offered = {place.split(",")[0] for place in places_of(browser.get(f"/s/{key}/ubah"))}

    page = form.fill(place=str(area(city.db, "98.01.01.1001.08").id)).submit()

    assert offered == {"Jatirahayu", "RW 07", "RW 08", "SMP Contoh 1"}
    assert "RW 08" in page.text


@pytest.mark.asvs("V2.2.3")
def test_a_place_that_was_not_offered_is_refused(city, sign_in):
    page = fill(sign_in(city.guru)).fill(place=str(area(city.db, "98.01.01.1001.08").id)).submit()

    assert page.status == 422
    assert number_of(city) == 0


def test_every_page_has_an_address_that_says_nothing(city, sign_in):
    page = fill(sign_in(city.siti)).submit()

    assert re.fullmatch(r"/s/[0-9a-f-]{36}\?ok=1", page.path)


# Two who change the same, and dates that contradict each other


def test_the_slower_correction_keeps_its_words_beside_what_stands_now(city, sign_in):
    slow = fill(sign_in(city.siti)).submit().link("Change").form("/ubah").fill(women="99", note="Di balai RW.")
    key = slow.action.split("/")[2]
    sign_in(city.wati).get(f"/s/{key}/ubah").form("/ubah").fill(women="50").submit()

    page = slow.submit()

    assert page.status == 409
    assert "This note was changed meanwhile." in page.text
    assert "56 people" in page.text
    typed = dict(page.form("/ubah").values)
    assert (typed["women"], typed["note"]) == ("99", "Di balai RW.")
    assert the_only(city).women == 50
    assert page.form("/ubah").submit().status == 203
    assert (the_only(city).women, the_only(city).note) == (99, "Di balai RW.")


def test_a_date_beside_today_is_asked_about_not_passed_over(city, sign_in):
    day = (today(city.settings.timezone) - timedelta(days=3)).isoformat()
    form = fill(sign_in(city.siti), held_on=day)

    page = form.submit()

    assert page.errors == ["You chose today and a date. Choose one of the two."]
    assert number_of(city) == 0
    assert page.form("/s/baru").fill(when="other").submit().status == 203
    assert the_only(city).held_on.isoformat() == day


@pytest.mark.parametrize("typed", ["kemarin", "\x00", "2026-02-30", "9" * 5000])
def test_a_date_beside_today_that_is_none_gets_the_same_one_sentence(city, sign_in, typed):
    page = fill(sign_in(city.siti), held_on=typed).submit()

    assert page.errors == ["You chose today and a date. Choose one of the two."]


def test_todays_own_date_beside_today_is_no_contradiction(city, sign_in):
    assert fill(sign_in(city.siti), held_on=today(city.settings.timezone).isoformat()).submit().status == 203


def test_a_correction_to_a_very_high_number_is_asked_about_once(city, sign_in):
    form = fill(sign_in(city.siti)).submit().link("Change").form("/ubah").fill(women="800")

    asked = form.submit()

    assert "Really 806 people?" in asked.text
    assert the_only(city).women == 12
    assert "Your changes are saved." in asked.form("/ubah").submit("many").text
    assert the_only(city).women == 800
    again = sign_in(city.siti).get(form.action).form("/ubah").fill(note="Di lapangan.").submit()
    assert "Your changes are saved." in again.text  # the number was right already


@pytest.mark.asvs("V2.3.2")
@pytest.mark.parametrize("days", [1, 7, 8])
def test_her_own_may_be_corrected_for_seven_days(city, sign_in, days):
    with time_machine.travel(now(), tick=False) as clock:
        form = fill(sign_in(city.siti)).submit().link("Change").form("/ubah").fill(women="20")
        path = form.action
        clock.shift(timedelta(days=days))
        form.browser = sign_in(city.siti)
        token = form.browser.get("/s/baru").form("/s/baru")
        form.values = [(n, dict(token.values)["csrf_token"] if n == "csrf_token" else v) for n, v in form.values]

        late, seen = form.submit(), form.browser.get(path.removesuffix("/ubah"))

    assert late.status == (203 if days <= 7 else 404)
    assert the_only(city).women == (20 if days <= 7 else 12)
    assert ("This note is locked." in seen.text) == (days > 7)


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true", "HX-Target": "utama"}], ids=["plain", "htmx"])
def test_htmx_finds_the_part_it_swaps_on_every_answer(city, sign_in, htmx):
    browser = sign_in(city.siti)

    faulty = fill(browser, topics=[]).submit(**htmx)
    asked = fill(browser, women="340").submit(**htmx)
    saved = fill(browser).submit(**htmx)

    assert (faulty.status, asked.status, saved.status) == (422, 203, 204 if htmx else 203)
    assert all(page.root.all("main", id="utama") for page in (faulty, asked))
    if htmx:
        assert saved.response.headers["HX-Redirect"].startswith("/s/")


@pytest.mark.asvs("V1.1.2", "V1.2.1")
@pytest.mark.parametrize("note", ["😀 warga senang", "\u202eterbalik", "<b>x</b>", "'; DROP TABLE x; --", "a\x00b",
                                  "baris\r\nbaru", "x" * 300])
def test_any_note_is_kept_and_shown_as_text(any_city, note):
    browser = signed_in(any_city, any_city.siti)

    page = fill(browser, note=note).submit()

    assert page.status == 203
    assert the_only(any_city).note == note.replace("\x00", "").replace("\r\n", "\n")
    assert page.link("Change").status == 203
