"""The queue narrowed: the address is the state, and a filter never shows what the viewer may not see."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select

from portal.audit.models import AuditEntry
from portal.base.clock import telling
from portal.base.db import writing
from portal.base.reference import spoken
from portal.flags.answers import Danger, KeepFrom
from portal.flags.life import Move, Status
from portal.flags.models import Flag
from portal.followup import filters, queries
from portal.followup.filters import Filters
from portal.followup.queries import SavedView, Term
from tests.factories import area, some_answers, viewer_of
from tests.followup.at_desk import Officer, an_action, sent

MORNING = datetime(2026, 11, 24, 2, tzinfo=UTC)  # a Tuesday, 9 o'clock in the city
FRAGMENT = {"HX-Request": "true", "HX-Target": "daftar"}


@pytest.fixture(autouse=True)
def _morning():
    with telling(MORNING):
        yield


def code_of(city, flag_id):
    city.db.rollback()
    return spoken(city.db.get(Flag, flag_id).code)


def found(city, only, view=SavedView.OPEN, person=None):
    city.db.rollback()
    asked = {"viewer": viewer_of(city.db, person or city.rina), "keys": city.keys, "settings": city.settings}
    ids = {line.id for line in queries.queue(city.db, view, only=only, **asked).lines}
    assert queries.how_many(city.db, view, only, **asked) == len(ids)
    return ids


def test_each_filter_finds_its_own_and_all_of_them_together(any_city):
    here = sent(any_city, answers=some_answers(danger=Danger.NOW))
    there = sent(any_city, answers=some_answers(danger=Danger.NONE), area="98.01.02.1001.03")
    Officer(any_city, any_city.dewi).handles(there)
    jatiasih, jatikramat = area(any_city.db, "98.01.02").id, area(any_city.db, "98.01.02.1001").id
    dewi = any_city.dewi.account_id

    assert found(any_city, Filters(kecamatan=jatiasih)) == {there}
    assert found(any_city, Filters(kelurahan=jatikramat)) == {there}
    assert found(any_city, Filters(risk="high")) == {here}
    assert found(any_city, Filters(officer=dewi)) == {there}
    assert found(any_city, Filters(nobody=True)) == {here}
    assert found(any_city, Filters(stage=Status.NEW)) == {here}
    assert found(any_city, Filters(code=code_of(any_city, here)[:3])) >= {here}
    assert found(any_city, Filters(kecamatan=jatiasih, officer=dewi, stage=Status.IN_PROGRESS)) == {there}
    assert found(any_city, Filters(kecamatan=jatiasih, nobody=True)) == set()
    assert found(any_city, Filters(officer=dewi), view=SavedView.UNREAD) == set()


def test_no_filter_shows_what_a_conflict_hides(any_city):
    hidden = sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    code = code_of(any_city, hidden)
    kelurahan = area(any_city.db, "98.01.01.1001").id

    for only in (Filters(code=code), Filters(kelurahan=kelurahan), Filters(nobody=True), Filters(stage=Status.NEW)):
        assert found(any_city, only) == set()
        assert found(any_city, only, person=any_city.ratna) == {hidden}
        assert found(any_city, only, person=any_city.other) == set()


@pytest.mark.parametrize("given", [
    {"kec": "x"}, {"kec": "-1"}, {"kel": "9" * 50}, {"kel": "٣"}, {"risiko": "extreme"}, {"petugas": "rina"},
    {"petugas": "9" * 500}, {"tahap": "geheim"}, {"kec": "\x00"}, {"risiko": ""}, {"kode": "  "}])
def test_what_cannot_be_a_filter_is_as_if_it_were_not_there(given):
    assert filters.read(given) == Filters()


def test_an_address_can_be_read_back(city):
    only = Filters(code="K7M", kecamatan=3, kelurahan=4, risk="low", officer=uuid4(), stage=Status.REFERRED)

    assert filters.read(only.address()) == only
    assert filters.read(Filters(nobody=True).address()) == Filters(nobody=True)


def test_counting_a_part_costs_one_question_and_never_more_than_a_hundred(city):
    asked = []
    with writing(city.db):
        pass
    event.listen(city.db.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
    city.db.rollback()

    queries.how_many(city.db, SavedView.OPEN, Filters(nobody=True), viewer=viewer_of(city.db, city.rina),
                     keys=city.keys, settings=city.settings)

    counting = [text for text in asked if "count(" in text]
    assert len(counting) == 1
    assert "LIMIT" in counting[0]
    assert "OFFSET" not in " ".join(asked).replace("LIMIT ? OFFSET ?", "LIMIT ?")


def test_the_page_keeps_what_was_chosen_and_passes_it_on(city, sign_in):
    for _number in range(27):
        sent(city)
    page = sign_in(city.rina).get("/antrean").form("/antrean").fill(
        kec=str(area(city.db, "98.01.01").id), risiko="medium", petugas="tanpa", tahap="new").submit()

    second = page.link("Next page")

    assert "Showing 1–25 of 27" in page.text
    assert "Showing 26–27 of 27" in second.text
    for shown in (page, second):
        chosen = dict(shown.form("/antrean").values)
        assert (chosen["risiko"], chosen["petugas"], chosen["tahap"]) == ("medium", "tanpa", "new")
        assert "open" in shown.root.all("details", class_="lebih")[0].attrs


def test_a_filter_without_hits_says_so_and_how_to_clear_it(city, sign_in):
    flag_id = sent(city)
    page = sign_in(city.rina).get("/antrean?risiko=high&tahap=closed")

    assert "Nothing matches. Clear the filters." in page.text
    assert code_of(city, flag_id) in page.link("Clear the filters.").text


@pytest.mark.asvs("V8.4.1")
def test_every_kelurahan_of_the_city_is_offered_under_its_kecamatan_and_no_other(city, sign_in):
    page = sign_in(city.rina).get("/antrean")

    groups = page.root.all("select", name="kel")[0].all("optgroup")
    assert {group.attrs["label"]: [o.text for o in group.all("option")] for group in groups} == {
        "Jatiasih": ["Jatikramat"], "Pondok Melati": ["Jatirahayu", "Jatiwarna"]}
    assert "Tetangga" not in page.html


def test_a_kelurahan_of_another_kecamatan_finds_nothing_and_both_are_shown(city, sign_in):
    sent(city)
    kecamatan, kelurahan = area(city.db, "98.01.02").id, area(city.db, "98.01.01.1001").id

    page = sign_in(city.rina).get(f"/antrean?kec={kecamatan}&kel={kelurahan}")

    chosen = dict(page.form("/antrean").values)
    assert "Nothing matches." in page.text
    assert (chosen["kec"], chosen["kel"]) == (str(kecamatan), str(kelurahan))


def test_a_code_that_is_typed_with_script_narrows_the_list_and_opens_nothing(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    code = code_of(city, flag_id)

    part = desk.get("/antrean", query_string={"kode": code}, headers=FRAGMENT)

    assert "<html" not in part.html
    assert [a.text for a in part.root.all("a", class_="kd angka")] == [code]
    assert part.root.all("div", id="daftar")[0].attrs["data-jumlah"] == "1 concern in the list."
    city.db.rollback()
    assert city.db.get(Flag, flag_id, populate_existing=True).status == Status.NEW
    assert city.db.scalar(select(func.count()).where(AuditEntry.action == "flag.opened")) == 0


def test_who_goes_back_to_the_list_gets_the_whole_page_though_htmx_asks_for_it(city, sign_in):
    desk = sign_in(city.rina)

    part = desk.get("/antrean", headers=FRAGMENT)
    back = desk.get("/antrean", headers={**FRAGMENT, "HX-History-Restore-Request": "true"})

    assert ["<html" in page.html for page in (part, back)] == [False, True]


def test_my_tasks_stand_under_their_terms(any_city):
    rina, due = Officer(any_city, any_city.rina), {}
    for name, days in (("today", 0), ("week", 5), ("later", 6)):  # Tuesday; Sunday is the 29th
        due[name] = sent(any_city)
        rina.opens(due[name])
        rina.does(Move.TAKE, due[name])
        rina.does(Move.ACT, due[name], an_action(any_city, next_on=MORNING.date() + timedelta(days=days)))
    Officer(any_city, any_city.dewi).handles(sent(any_city))
    with telling(MORNING - timedelta(days=9)):
        rina.opens(late := sent(any_city))
        rina.does(Move.TAKE, late)
    any_city.db.rollback()

    tasks = queries.tasks(any_city.db, viewer=rina.viewer, keys=any_city.keys, settings=any_city.settings)

    assert {term: [line.id for line in lines] for term, lines in tasks.items()} == {
        Term.LATE: [late], Term.TODAY: [due["today"]], Term.WEEK: [due["week"]], Term.LATER: [due["later"]]}


def test_the_page_of_tasks_has_only_headings_with_something_under_them(city, sign_in):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    other = sent(city)

    page = sign_in(city.rina).get("/tugas")

    assert [h.text for h in page.root.all("h2")] == ["Today 1"]
    assert code_of(city, flag_id) in page.text
    assert code_of(city, other) not in page.text
    assert "A girl, 13–17 years." in page.text
    empty = sign_in(city.dewi, "id").get("/tugas")
    assert "Tidak ada tugas. Lihat Antrean." in empty.text
    assert empty.root.all("table") == []


def test_what_came_since_is_counted_and_nothing_is_opened(city, sign_in):
    desk, since = sign_in(city.rina, "id"), MORNING.isoformat()
    sent(city)
    with telling(MORNING + timedelta(minutes=1)):
        sent(city)
        sent(city, answers=some_answers(keep_from=(KeepFrom.SCHOOL,)))

        one = desk.get("/antrean/hitung", query_string={"sejak": since})
        for_the_head = sign_in(city.ratna).get("/antrean/hitung", query_string={"sejak": since})

    assert (one.status, one.html, one.response.mimetype) == (203, "1 kabar baru.", "text/plain")
    assert for_the_head.html == "2 new concerns."
    city.db.rollback()
    assert city.db.scalar(select(func.count()).where(AuditEntry.action.like("%opened"))) == 0


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-24", "0001-01-01T00:00:00+00:00", "\x00",
                                   "9999-12-31T23:59:59-23:00", "9" * 500])
def test_a_time_that_is_none_counts_nothing(city, sign_in, since):
    sent(city)

    answer = sign_in(city.rina).get("/antrean/hitung", query_string={"sejak": since})

    assert (answer.status, answer.html) == (203, "")


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("path", ["/tugas", "/antrean/hitung", "/antrean/K7M-4PX/lihat"])
@pytest.mark.parametrize("who", ["siti", "wati", "lina", "agus"])
def test_the_rest_of_the_desk_is_the_units_alone_too(city, sign_in, path, who):
    assert sign_in(getattr(city, who)).get(path).status == 404
