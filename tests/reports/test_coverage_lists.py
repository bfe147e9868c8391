"""Lists to act on: the RW and schools where nobody has been, or not for long."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.areas import loading
from portal.areas.models import Area, Level
from portal.base.clock import today
from portal.base.db import writing
from portal.reports.coverage_lists import missing, page
from tests.factories import viewer_of
from tests.reports.test_coverage_figures import TODAY, five_years, hold, slow

# Lists to act on


def test_the_list_holds_exactly_the_rw_and_schools_without_a_session_since_a_day(any_city):
    five_years(any_city, seed=4, count=25)
    viewer = viewer_of(any_city.db, any_city.lina)
    for since in (date(2026, 11, 24), date(2025, 6, 10), date(2021, 1, 1)):
        found = missing(any_city.db, "", viewer=viewer, since=since)

        last = {}
        for row, steps, _ in slow(any_city, "/98/98.01/", date(2000, 1, 1), date(2100, 1, 1)):
            for step in steps:
                last[step] = max(row.held_on, last.get(step, row.held_on))
        hosts = set(any_city.db.scalars(select(Area.code).where(
            Area.level.in_(["rw", "school"]), Area.path.startswith("/98/98.01/"))))
        assert {row.code: row.last for row in found.rows} == \
            {code: last.get(code) for code in hosts if last.get(code, date.min) < since}
        assert found.of == len(hosts)
        assert found.never == sum(code not in last for code in hosts)


def test_the_list_can_be_of_rw_or_of_schools_alone_and_stands_in_the_order_of_places(any_city):
    viewer = viewer_of(any_city.db, any_city.lina)

    rw = missing(any_city.db, "", viewer=viewer, since=TODAY, kinds=[Level.RW])
    schools = missing(any_city.db, "98.01.01", viewer=viewer, since=TODAY, kinds=[Level.SCHOOL])

    assert [(row.kecamatan, row.kelurahan, row.name) for row in rw.rows] == [
        ("Jatiasih", "Jatikramat", "RW 03"), ("Pondok Melati", "Jatirahayu", "RW 07"),
        ("Pondok Melati", "Jatirahayu", "RW 08"), ("Pondok Melati", "Jatiwarna", "RW 01")]
    assert [row.name for row in schools.rows] == ["SMP Contoh 1"]


def test_the_list_can_be_of_those_that_never_had_one_also_as_a_file(city, sign_in):
    now = today(city.settings.timezone)
    hold(city, "98.01.01.1001.07", now - timedelta(days=900), "long ago")
    browser = sign_in(city.lina)

    page_ = browser.get("/cakupan/daftar").form("/daftar").fill(belum="1").submit()
    taken = browser.client.post("/cakupan/unduh", data=dict([*page_.form("/unduh").values, ("bentuk", "csv")]))

    assert "4 of 5 RW and schools have never had a session" in page_.text
    assert "RW 07" not in page_.text
    assert b"RW 07" not in taken.data
    assert taken.data.count(b"Never") == 4


def test_a_long_list_goes_on_page_by_page_without_gap(city, sign_in):
    with writing(city.db):
        loading.load(city.db, ["code,level,name,parent",
                               *(f"98.01.01.1002.{n:02},rw,RW {n:02}," for n in range(2, 99))])
    browser, seen = sign_in(city.lina), []
    answer = browser.get("/cakupan/daftar?jenis=rw")
    for _ in range(3):
        seen += [row.all("th")[0].text + row.all("td")[0].text for row in answer.root.all("tbody")[0].all("tr")]
        if "Next page" in answer.text:
            answer = answer.link("Next page")

    assert len(seen) == len(set(seen)) == 101
    assert "Showing 101–101 of 101" in answer.text


def test_a_forged_place_in_the_list_begins_at_its_start(any_city):
    found = missing(any_city.db, "", viewer=viewer_of(any_city.db, any_city.lina), since=TODAY)

    assert page(found, "\x00; DROP").rows == page(found).rows
    assert page(found).first == 1


@pytest.mark.parametrize("query", ["sejak=2099-01-01", "sejak=x", "sejak=0000-00-00", "jenis=rt", "jenis=<b>",
                                   "sesudah=" + "9" * 3000, "sejak=2026-11-24%00"])
def test_strange_questions_get_the_ordinary_list(city, sign_in, query):
    page_ = sign_in(city.lina).get(f"/cakupan/daftar?{query}")

    assert page_.status == 203
    assert "5 of 5 RW and schools have had no session since" in page_.text


def test_where_all_were_visited_the_list_says_so(city, sign_in):
    now = today(city.settings.timezone)
    for code in ("98.01.01.1001.07", "98.01.01.1001.08", "npsn.90000001"):
        hold(city, code, now, code)

    assert "Nobody is missing" in sign_in(city.wati).get("/cakupan/daftar").text
