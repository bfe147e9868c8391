"""The page of the log: little to tap, much that may be said, one question afterwards, and what was changed."""

from datetime import date, timedelta

import pytest
from sqlalchemy import inspect, select, text

from portal.areas.models import Area
from portal.audit.models import DoneOnce
from portal.base.db import writing
from portal.base.errors import Refused
from portal.outreach import commands
from portal.outreach.models import Outreach, OutreachForthcoming
from tests.conftest import signed_in
from tests.factories import area, viewer_of
from tests.outreach.test_sessions import fill, held_at, logged


class Thumb:
    """Walks pages as a thumb does, and counts: a tap for each thing touched, a digit for each one typed."""

    def __init__(self, browser, path):
        self.page, self.taps, self.digits = browser.get(path), 0, 0
        self._form = None

    def follow(self, words):
        self.page, self.taps = self.page.link(words), self.taps + 1

    def on(self, action):
        self._form = self.page.form(action)

    def tick(self, name, words):
        """Tap one card that is on the screen at once, not behind a summary."""
        card = next(label for label in self._form.element.all("label") if label.text == words)
        assert card.inside("details") is None
        chosen = [value for field, value in self._form.values if field == name]
        self._form.fill(**{name: [*chosen, card.all("input")[0].attrs["value"]]})
        self.taps += 1

    def type(self, name, digits):
        assert self._form.element.all("input", name=name)[0].attrs["inputmode"] == "numeric"
        self._form.fill(**{name: digits})
        self.taps, self.digits = self.taps + 1, self.digits + len(digits)

    def press(self, words):
        button = next(button for button in self._form.element.all("button") if button.text == words)
        self.page, self.taps = self._form.submit(button.attrs.get("value", "")), self.taps + 1


def test_a_typical_entry_takes_seven_taps_and_six_digits_from_home_to_done(city, sign_in):
    thumb = Thumb(sign_in(city.siti), "/")

    thumb.follow("Log a session")
    thumb.on("/s/baru")
    thumb.tick("topics", "Safe on the internet")
    thumb.type("girls", "12")
    thumb.type("women", "18")
    thumb.type("men", "10")
    thumb.press("Save")
    thumb.on("/s/jawab")
    thumb.press("Nobody")

    assert thumb.page.path == "/s"
    assert "40 people" in thumb.page.text
    assert (thumb.taps, thumb.digits) == (7, 6)


def test_the_page_begins_with_today_here_and_the_topic_spoken_of_last(city, sign_in):
    browser = sign_in(city.siti)
    fill(browser, topics=["bantuan"]).submit()

    page = browser.get("/s/baru")

    values = dict(page.form("/s/baru").values)
    assert (values["when"], int(values["place"])) == ("today", area(city.db, city.siti.area).id)
    assert page.root.all("input", name="topics")[0].attrs["value"] == "bantuan"
    assert int(dict(sign_in(city.guru).get("/s/baru").form("/s/baru").values)["place"]) == \
        area(city.db, city.guru.area).id


def test_each_number_keeps_its_heading_where_a_narrow_screen_shows_a_line_for_each(city, sign_in):
    page = fill(sign_in(city.siti)).submit()

    labels = [cell.attrs.get("data-l") for cell in page.root.all("tbody")[0].all("td")]
    assert labels == ["Female", "Male"] * 3


def test_speaker_materials_and_source_of_funds_are_kept_and_shown(city, sign_in):
    page = fill(sign_in(city.siti), speaker="  dr. Ani\tS. ", institution="Puskesmas <b>", funding="dak",
                materials=["video", "leaflet", "video"], audiences=["pkk"]).submit()

    said = page.text
    assert "dr. Ani S., Puskesmas <b>" in said
    assert "Leaflet or poster" in said
    assert "National grant for prevention (DAK Nonfisik)" in said
    city.db.rollback()
    kept = city.db.scalars(select(Outreach)).one()
    assert (kept.speaker, kept.institution, kept.funding, kept.materials) == \
        ("dr. Ani S.", "Puskesmas <b>", "dak", ["video", "leaflet"])


@pytest.mark.asvs("V2.2.2")
@pytest.mark.parametrize("answers", [
    {"speaker": "x" * 61}, {"institution": "x" * 81}, {"funding": "private"}, {"funding": ["dak", "apbd"]},
    {"materials": ["gun"]}, {"note": "x" * 301},
])
def test_what_may_be_skipped_is_checked_all_the_same(city, sign_in, answers):
    page = fill(sign_in(city.siti), **answers).submit()

    assert page.status == 422
    assert page.errors
    assert page.title.startswith("Check: ")
    details = next(d for d in page.root.all("details") if d.all("input", name="speaker"))
    assert "open" in details.attrs


# Did anybody come forward?


def counts(city):
    city.db.rollback()
    return {(code, row.month): (row.yes, row.no) for row, code in city.db.execute(
        select(OutreachForthcoming, Area.code).join(Area, Area.id == OutreachForthcoming.area_id)
        .execution_options(populate_existing=True))}


def answered(browser, answer, **held):
    return fill(browser, **held).submit().form("/s/jawab").submit(answer)


def test_the_answer_is_counted_for_the_kelurahan_and_the_month_and_leads_on(any_city):
    for person, answer, path in ((any_city.siti, "yes", "/k/baru?dari=s"), (any_city.budi, "no", "/s"),
                                 (any_city.guru, "yes", "/k/baru?dari=s"), (any_city.far, "no", "/s")):
        assert answered(signed_in(any_city, person), answer).path == path

    month = any_city.db.scalars(select(Outreach.held_on)).first().replace(day=1)
    assert counts(any_city) == {("98.01.01.1001", month): (2, 1), ("98.02.01.1001", month): (0, 1)}


def test_the_month_is_that_of_the_session(city, sign_in):
    day = date.today().replace(day=1) - timedelta(days=1)

    answered(sign_in(city.siti), "yes", when="other", held_on=day.isoformat())

    assert [month for _, month in counts(city)] == [day.replace(day=1)]


def test_nothing_ties_the_answer_to_a_session_or_a_person(city, sign_in):
    answered(sign_in(city.siti), "yes")

    columns = {column["name"] for column in inspect(city.db.connection()).get_columns("outreach_forthcoming")}
    assert columns == {"area_id", "month", "yes", "no"}
    assert city.db.execute(text("SELECT count(*) FROM audit_entries WHERE action LIKE '%forth%'")).scalar() == 0
    assert {row.outcome for row in city.db.scalars(select(DoneOnce))} == \
        {str(city.db.scalars(select(Outreach.id)).one()), "counted"}
    yes, no = (set(_columns_of(city, OutreachForthcoming)), set(_columns_of(city, Outreach)))
    assert yes.isdisjoint({"outreach_id", "logged_by_id", "account_id"})
    assert no.isdisjoint({"yes", "forthcoming"})


def _columns_of(city, model):
    return [column["name"] for column in inspect(city.db.connection()).get_columns(model.__tablename__)]


def test_the_question_is_asked_once_and_only_by_the_phone_that_logged(city, sign_in):
    browser = sign_in(city.siti)
    confirmation = fill(browser).submit()
    other = sign_in(city.siti).get(confirmation.path)

    confirmation.form("/s/jawab").submit("yes")

    assert "Did anybody tell something" not in other.text
    assert "Did anybody tell something" not in browser.get(confirmation.path).text


def test_a_second_tap_and_a_replay_count_once(city, sign_in):
    browser = sign_in(city.siti)
    form = fill(browser).submit().form("/s/jawab")

    form.submit("yes")
    form.submit("yes")

    assert list(counts(city).values()) == [(1, 0)]


def test_the_same_form_with_another_answer_is_refused(city, sign_in):
    form = fill(sign_in(city.siti)).submit().form("/s/jawab")

    form.submit("yes")

    assert form.submit("no").status == 409
    assert list(counts(city).values()) == [(1, 0)]


@pytest.mark.parametrize("forged", [
    {"answer": "maybe"}, {"answer": ""}, {"month": "2020-01-01"}, {"month": "x"}, {"month": "2026-11-24"},
    {"month": "9999-12-01"}, {"once": "x"}, {"month": "\x00"}, {"answer": "yes'--"},
])
def test_a_forged_answer_counts_nothing(city, sign_in, forged):
    browser = sign_in(city.siti)
    form = fill(browser).submit().form("/s/jawab")

    page = browser.post("/s/jawab", list({**dict(form.values), "answer": "yes", **forged}.items()))

    assert page.path == "/s"
    assert counts(city) == {}


def test_nobody_else_may_answer(city, sign_in):
    assert sign_in(city.wati).client.post("/s/jawab", data={}).status_code in {400, 404}
    with pytest.raises(Refused), writing(city.db):
        commands.answer_forthcoming(city.db, by=viewer_of(city.db, city.wati), month=date(2026, 11, 1), came=True,
                                    once="x", body="")


# What was changed


def test_a_corrected_session_shows_who_changed_what_the_newest_first(city, sign_in):
    key = logged(city, held=held_at(city, note="Di balai."))
    sign_in(city.siti).get(f"/s/{key}/ubah").form("/ubah").fill(women="20").submit()
    sign_in(city.wati).get(f"/s/{key}/ubah").form("/ubah").fill(
        place=str(area(city.db, "98.01.01.1001.08").id), topics=["hak_anak", "internet"], note="").submit()

    page = sign_in(city.wati).get(f"/s/{key}")

    changes = [item.text for item in page.root.all("section", **{"aria-labelledby": "h-ubah"})[0].all("li")]
    assert len(changes) == 2
    assert "Bu Wati" in changes[0]
    assert "Where: RW 07 → RW 08" in changes[0]
    assert "Topics: Safe on the internet → Children's rights, Safe on the internet" in changes[0]
    assert "Note: Di balai. → –" in changes[0]
    assert "Bu Siti" in changes[1]
    assert "People: 18 → 26" in changes[1]
    assert "Where" not in changes[1]


def test_a_note_of_a_time_before_the_newer_questions_is_still_shown(city, sign_in):
    key = logged(city)
    sign_in(city.siti).get(f"/s/{key}/ubah").form("/ubah").fill(women="20", funding="csr").submit()
    with writing(city.db):
        city.db.execute(text(
            "UPDATE outreach_corrections SET before = json_remove(before, '$.funding', '$.speaker', '$.materials')"))

    assert "Paid by: – → Company (CSR)" in sign_in(city.siti).get(f"/s/{key}").text


def test_a_session_that_nobody_changed_has_no_history(city, sign_in):
    key = logged(city)

    assert "What was changed" not in sign_in(city.siti).get(f"/s/{key}").text
