"""Who sees how far, any period, tiles and the picture, and the pages of topics and evidence."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event

from portal.accounts.models import Account
from portal.areas import loading
from portal.areas.models import Level
from portal.base.clock import today
from portal.base.db import writing
from portal.base.errors import NotVisible
from portal.outreach import indicators
from portal.reports import coverage_map as maps
from portal.reports import periods
from portal.reports.coverage import Numbers, Place, Reached, coverage
from tests.conftest import signed_in
from tests.factories import area, viewer_of
from tests.reports.test_coverage_figures import PERIODS, TODAY, hold

# Who sees how far


PAGES = ("/cakupan", "/cakupan/topik", "/cakupan/daftar")


@pytest.mark.asvs("V8.2.2", "V8.3.3")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("who", "inside", "outside"), [
    ("siti", "98.01.01.1001.07", "98.01.01.1001.08"), ("siti", "", "98.01.01.1001"),
    ("guru", "npsn.90000001", "98.01.01.1001.07"), ("wati", "98.01.01.1001.08", "98.01.01.1002.01"),
    ("lina", "98.01.02.1001.03", "98.02.01.1001.01"), ("ratna", "98.01", "98.02"),
])
def test_what_lies_outside_answers_like_what_does_not_exist(city, sign_in, path, who, inside, outside):
    hold(city, "98.01.01.1001.08", TODAY, "noise")
    browser = sign_in(getattr(city, who))

    far, absent = (browser.get(path, query_string={"w": code}) for code in (outside, "98.01.77"))

    assert browser.get(path, query_string={"w": inside}).status == 203
    assert (far.status, absent.status) == (404, 404)
    assert _bare(far, outside) == _bare(absent, "98.01.77")


def _bare(page, code):
    """A page without what differs from one answer to the next: the form's token, and the address that was asked."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.html).replace(code, "")


@pytest.mark.parametrize("path", [*PAGES, "/cakupan/bukti"])
def test_administrators_and_for_evidence_cadres_find_nothing_here(city, sign_in, path):
    assert sign_in(city.agus).get(path).status == 404
    if path == "/cakupan/bukti":
        assert sign_in(city.siti).get(path).status == 404
        assert sign_in(city.guru).get(path).status == 404


def test_a_cadre_sees_the_numbers_of_her_rw_and_nothing_of_her_neighbours(city, sign_in):
    now = today(city.settings.timezone)
    hold(city, "98.01.01.1001.07", now, "a", ("internet", "mengenal"), girls=3, men=4)
    hold(city, "98.01.01.1001.08", now, "noise", ("hak_anak",), women=77)

    text = sign_in(city.siti).get("/s").link("Numbers of my area").text

    assert "1 session since" in text
    assert "7 people came" in text
    assert "Looking after each other: 1" in text
    assert "Not in this time: Children's rights" in text
    assert "77" not in text


def test_a_cadre_of_an_rt_sees_her_rt(any_city):
    with writing(any_city.db):
        loading.load(any_city.db, ["code,level,name,parent", "98.01.01.1001.07.02,rt,RT 02,"])
        account = any_city.db.get_one(Account, any_city.siti.account_id)
        account.area_id = area(any_city.db, "98.01.01.1001.07.02").id
    hold(any_city, "98.01.01.1001.07.02", TODAY, "a")

    seen = coverage(any_city.db, "", viewer=viewer_of(any_city.db, any_city.siti), period=PERIODS[0])

    assert (seen.name, seen.area.numbers.sessions) == ("RT 02", 1)
    with pytest.raises(NotVisible):
        coverage(any_city.db, "98.01.01.1001.07.02", viewer=viewer_of(any_city.db, any_city.lina), period=PERIODS[0])




# Periods


@pytest.mark.parametrize(("asked", "first", "last", "open_", "length"), [
    ({"dari": "2024-02", "sampai": "2025-01"}, date(2024, 2, 1), date(2025, 1, 1), False, 0),
    ({"dari": "2025-01", "sampai": "2024-02"}, date(2024, 2, 1), date(2025, 1, 1), False, 0),
    ({"dari": "2026-11", "sampai": "2026-11"}, date(2026, 11, 1), date(2026, 11, 1), True, 0),
    ({"dari": "2026-01"}, date(2026, 1, 1), date(2026, 11, 1), True, 0),
    ({"bulan": "60"}, date(2021, 12, 1), date(2026, 11, 1), True, 60),
    ({"dari": "2026-13", "sampai": "x"}, date(2026, 6, 1), date(2026, 11, 1), True, 6),
    ({"dari": "1999-01", "sampai": "9999-01"}, date(2026, 6, 1), date(2026, 11, 1), True, 6),
    ({}, date(2026, 6, 1), date(2026, 11, 1), True, 6),
])
def test_any_months_can_be_asked_for_and_nonsense_is_the_ordinary(asked, first, last, open_, length):
    period = periods.read(asked, TODAY)

    assert (period.first, period.last, period.open, period.length) == (first, last, open_, length)
    assert periods.read(period.query, TODAY) == period


def test_a_chosen_period_stays_on_the_way_down_and_is_said_in_words(city, sign_in):
    hold(city, "98.01.01.1001.07", date(2025, 3, 3), "a")

    page_ = sign_in(city.lina).get("/cakupan").form("/cakupan").fill(dari="2025-01", sampai="2025-06").submit()

    assert "2 of 3 kelurahan have had no session from January 2025 to June 2025" in page_.text
    lower = page_.link("Pondok Melati").link("Jatirahayu")
    assert "from January 2025 to June 2025" in lower.text
    assert "1 session from January 2025" in lower.link("RW 07").text




# Views


def test_tiles_table_map_and_print_say_the_same(city, sign_in):
    hold(city, "98.01.01.1001.07", today(city.settings.timezone), "a", women=235)
    browser = sign_in(city.lina)
    pages = {view: browser.get(f"/cakupan?lihat={view}") for view in ("petak", "peta", "tabel", "cetak")}

    heads = {view: page_.root.all("h1")[0].text for view, page_ in pages.items()}

    assert len(set(heads.values())) == 1
    for view in ("peta", "cetak"):
        titles = {a.all("title")[0].text: a.all("text")[0].text for a in pages[view].root.all("svg")[-1].all("a")}
        assert titles == {
            "Jatirahayu, Pondok Melati: 33 percent, 1 of 3 RW and schools reached": "33",
            "Jatiwarna, Pondok Melati: 0 percent, 0 of 1 RW and schools reached": "0",
            "Jatikramat, Jatiasih: 0 percent, 0 of 1 RW and schools reached": "0"}
    assert "1 of 3 (33%)" in pages["peta"].text
    assert pages["petak"].root.all("svg", role="group") == pages["tabel"].root.all("svg", role="group") == []


def test_the_picture_marks_none_with_more_than_colour(city, sign_in):
    hold(city, "98.01.01.1001.07", today(city.settings.timezone), "a")

    svg = sign_in(city.lina).get("/cakupan?lihat=peta").root.all("svg", role="group")[0]

    classes = {a.all("title")[0].text.split(",")[0]: a.attrs["class"] for a in svg.all("a")}
    assert classes == {"Jatirahayu": "pu2", "Jatiwarna": "pu0", "Jatikramat": "pu0"}
    style = (Path(maps.__file__).parent.parent / "web/static/coverage.css").read_text()
    assert ".pu0 rect{fill:url(#arsir)" in style
    assert svg.all("pattern", id="arsir")


def coverage_of(names):
    none = Reached(0, 0)
    return [Place(f"1.{n}", name, within, "kelurahan", none, none, none, Numbers(), None, now=False, parts=())
            for n, (name, within) in enumerate(names)]


def test_the_picture_takes_its_places_from_the_file_and_puts_the_rest_below():
    places = coverage_of([("A", "Barat"), ("B", "Barat"), ("C", "Timur"), ("D", "Timur")])

    drawn = maps.picture(places, {"1.0": (3, 2), "1.1": (4, 2), "1.2": (3, 3)})

    at = {tile.place.name: (tile.x // maps.WIDTH, tile.y // maps.HEIGHT) for tile in drawn.tiles}
    assert at == {"A": (0, 0), "B": (1, 0), "C": (0, 1), "D": (0, 2)}
    assert (drawn.width, drawn.height) == (2 * maps.WIDTH, 3 * maps.HEIGHT)
    assert f"M0 {maps.HEIGHT}L{maps.WIDTH} {maps.HEIGHT}" in drawn.borders
    assert f"M{maps.WIDTH} 0L{maps.WIDTH} {maps.HEIGHT}" not in drawn.borders


def test_a_city_without_a_file_gets_a_row_for_each_kecamatan():
    places = coverage_of([(f"B{n}", "Barat") for n in range(10)] + [("T", "Timur")])

    drawn = maps.picture(places, {})

    assert len({(tile.x, tile.y) for tile in drawn.tiles}) == 11
    assert max(tile.x for tile in drawn.tiles) == 7 * maps.WIDTH
    assert drawn.height == 3 * maps.HEIGHT


def test_every_file_of_tiles_fits_its_citys_kelurahan():
    data = Path(loading.__file__).parent / "data"
    for file in data.glob("tiles_*.csv"):
        positions = maps.read_positions(file)
        with (data / f"{file.stem.removeprefix('tiles_')}.csv").open(encoding="utf-8") as lines:
            kelurahan = {row["code"] for row in csv.DictReader(lines) if row["level"] == "kelurahan"}

        assert positions.keys() == kelurahan


@pytest.mark.parametrize("lines", ["a,0,1", "a,x,1", "a,1,", ",1,1", "a,61,1", "a,1,1\nb,1,1", "a,1,1\na,2,1",
                                   "a,²,1"])
def test_a_file_of_tiles_that_cannot_be_is_refused_with_its_line(tmp_path, lines):
    file = tmp_path / "tiles_x.csv"
    file.write_text(f"code,column,row\n{lines}\n")

    with pytest.raises(maps.BadTiles, match=r"tiles_x\.csv, line [23]"):
        maps.read_positions(file)


@pytest.mark.parametrize(("name", "lines"), [
    ("Perwira", ("Perwira",)), ("Bojong Rawalumbu", ("Bojong", "Rawalumbu")),
    ("Kaliabang Tengah Utara Lama", ("Kaliabang Teng…", "Utara Lama")), ("X" * 40, ("X" * 14 + "…",)),
])
def test_a_name_fits_its_tile(name, lines):
    assert maps.in_lines(name) == lines




# Evidence


def test_the_evidence_page_names_indicator_year_numbers_and_activities(city, sign_in):
    hold(city, "98.01.01.1001.07", date(2026, 3, 3), "a", ("nikah_anak",), girls=5, boys=2, women=999, men=999)
    hold(city, "98.01.01.1001.08", date(2025, 3, 3), "last year", ("nikah_anak",))
    hold(city, "98.01.01.1001.08", date(2026, 3, 3), "other", ("internet",))

    text = sign_in(city.lina).get("/cakupan/bukti?tahun=2026&indikator=7").text

    assert "Indicator 7. Prevention of child marriage" in text
    assert "1 session, 2,005 people: 1,004 female, 1,001 male, 7 of them children." in text
    assert "Sessions count here that spoke of: Preventing child marriage." in text
    assert "March 2026 1 2,005" in text
    assert "RW 07, Jatirahayu" in text
    assert "RW 08" not in text


@pytest.mark.parametrize("query", ["tahun=1900", "tahun=x", "indikator=4", "indikator=x", "indikator=²",
                                   "tahun=20260"])
def test_a_strange_year_or_indicator_is_the_ordinary_one(city, sign_in, query):
    page_ = sign_in(city.lina).get(f"/cakupan/bukti?{query}")

    assert page_.status == 203
    assert page_.root.all("h1")[0].text.startswith("Indicator 2.")


def test_the_indicators_are_those_that_sessions_feed_with_words_in_both_languages():
    found = indicators.indicators()

    assert list(found) == [2, 3, 5, 6, 7, 8, 19, 21]
    assert all({"id", "en"} <= one.labels.keys() for one in found.values())
    assert found[19].host is Level.SCHOOL


@pytest.mark.parametrize("line", ["x,internet,any,a,b", "2,,any,a,b", "2,unknown,any,a,b", "2,internet,moon,a,b",
                                  "2,internet,any,,", "2,internet,any,a,b\n2,hak_anak,any,a,b"])
def test_a_file_of_indicators_that_cannot_be_is_refused_with_its_line(tmp_path, line):
    file = tmp_path / "kla.csv"
    file.write_text(f"number,topics,hosts,label_id,label_en\n{line}\n")

    with pytest.raises(ValueError, match=r"kla\.csv, line [23]"):
        indicators.read(file)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("path", ["/cakupan?lihat=peta", "/cakupan?lihat=tabel", "/cakupan?lihat=cetak",
                                  "/cakupan/topik", "/cakupan/daftar", "/cakupan/bukti",
                                  "/cakupan?w=98.01.01.1001.07"])
def test_every_page_is_there_in_both_languages_also_where_nothing_was_held(city, path, language):
    assert signed_in(city, city.lina, language).get(path).status == 203


# No page of numbers counts sessions


@pytest.mark.parametrize("path", ["/cakupan", "/cakupan?bulan=60", "/cakupan?lihat=cetak", "/cakupan/topik",
                                  "/cakupan/daftar", "/cakupan?w=98.01.01.1001", "/cakupan?w=98.01.01.1001.07"])
def test_a_page_of_coverage_asks_few_questions_and_none_of_the_sessions_themselves(city, sign_in, path):
    hold(city, "98.01.01.1001.07", today(city.settings.timezone), "a")
    browser, asked = sign_in(city.lina), []
    event.listen(city.app.extensions["engine"], "before_cursor_execute", lambda *given: asked.append(given[2]))

    assert browser.get(path).status == 203

    assert 3 <= len(asked) <= 12
    assert any("outreach_" in statement for statement in asked)
    assert [statement for statement in asked if re.search(r"\b(outreach|outreach_topics)\b", statement)] == []
    assert [statement for statement in asked if "OFFSET" in statement and "OFFSET 0" not in statement] == []
