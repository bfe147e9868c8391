"""Where nobody has been yet: from running totals, for those who steer, and nothing of concerns."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.areas import loading
from portal.base.clock import today
from portal.base.db import writing
from portal.base.errors import NotVisible
from portal.outreach import commands
from portal.outreach.commands import Held
from portal.reports.coverage import Reached, coverage
from portal.reports.periods import looking_back
from tests.conftest import signed_in
from tests.factories import a_flag, area, viewer_of

TODAY = date(2026, 11, 24)


def hold(city, code, day, once):
    with writing(city.db):
        commands.log_session(city.db, Held(area(city.db, code).id, day, ("internet",), women=10),
                             by=viewer_of(city.db, city.siti), once=once, body="", today=day)


@pytest.mark.parametrize(("day", "months", "first"), [
    (date(2026, 11, 24), 3, date(2026, 9, 1)), (date(2026, 11, 24), 12, date(2025, 12, 1)),
    (date(2026, 1, 5), 3, date(2025, 11, 1)), (date(2026, 12, 31), 6, date(2026, 7, 1)),
])
def test_a_period_ends_with_this_month(day, months, first):
    assert looking_back(day, months).first == first


def test_the_picture_counts_places_reached_and_people_who_came(any_city):
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 2), "a")
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 9), "b")
    hold(any_city, "98.01.02.1001.03", date(2025, 1, 9), "long ago")
    leader = viewer_of(any_city.db, any_city.lina)

    seen = coverage(any_city.db, "", viewer=leader, period=looking_back(TODAY, 6))

    assert (seen.total.of, seen.total.reached) == (3, 1)
    rows = {row.name: row for row in seen.places}
    assert (rows["Pondok Melati"].numbers.sessions, rows["Pondok Melati"].numbers.attendance) == (2, 20)
    assert (rows["Pondok Melati"].hosts.of, rows["Pondok Melati"].hosts.reached) == (4, 1)
    assert (rows["Jatiasih"].numbers.sessions, rows["Jatiasih"].last) == (0, date(2025, 1, 9))


def test_a_kelurahan_names_every_rw_and_school_that_was_never_reached(any_city):
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 2), "a")

    seen = coverage(any_city.db, "98.01.01.1001", viewer=viewer_of(any_city.db, any_city.wati),
                    period=looking_back(TODAY, 3))

    assert {row.name: row.last for row in seen.places} == \
        {"RW 07": date(2026, 11, 2), "RW 08": None, "SMP Contoh 1": None}
    assert seen.up == ""


@pytest.mark.parametrize("code", ["98.01.02", "98.02", "98", "nowhere"])
def test_nobody_looks_beyond_her_own_area(any_city, code):
    with pytest.raises(NotVisible):
        coverage(any_city.db, code, viewer=viewer_of(any_city.db, any_city.wati), period=looking_back(TODAY, 3))


@pytest.mark.parametrize(("who", "status"), [("lina", 203), ("ratna", 203), ("rina", 203), ("wati", 203),
                                             ("siti", 203), ("guru", 203), ("agus", 404)])
def test_the_page_is_for_all_but_administrators(city, sign_in, who, status):
    assert sign_in(getattr(city, who)).get("/cakupan").status == status


def test_a_concern_changes_nothing_on_this_page(city, sign_in):
    browser = sign_in(city.lina)
    hold(city, "98.01.01.1001.07", today(city.settings.timezone), "a")
    before = browser.get("/cakupan").text

    with writing(city.db):
        a_flag(city.db, city.settings, city.siti)

    assert browser.get("/cakupan").text == before


@pytest.mark.parametrize("query", ["bulan=0", "bulan=99999", "bulan=x", "bulan=-3", "bulan=²"])
def test_a_strange_period_is_the_ordinary_one(city, sign_in, query):
    page = sign_in(city.lina).get(f"/cakupan?{query}")

    assert page.status == 203
    assert period_of(page) == "6 months"


@pytest.mark.parametrize("who", ["ratna", "rina", "other"])
def test_the_units_people_see_their_units_city_also_without_a_place_of_their_own(any_city, who):
    """The head whom `init` makes has no place."""
    viewer = viewer_of(any_city.db, getattr(any_city, who))

    seen = coverage(any_city.db, "", viewer=replace(viewer, area_id=None, area_path=""),
                    period=looking_back(TODAY, 3))

    assert seen.code == {"other": "98.02"}.get(who, "98.01")


@pytest.mark.parametrize("code", ["", "98.01", "98.02.01"])
def test_somebody_without_any_place_sees_none(any_city, code):
    viewer = replace(viewer_of(any_city.db, any_city.lina), area_id=None, area_path="")

    with pytest.raises(NotVisible):
        coverage(any_city.db, code, viewer=viewer, period=looking_back(TODAY, 3))


@pytest.mark.asvs("V8.4.1")
def test_the_units_people_do_not_see_another_units_city(any_city):
    viewer = replace(viewer_of(any_city.db, any_city.ratna), area_id=None, area_path="")

    with pytest.raises(NotVisible):
        coverage(any_city.db, "98.02", viewer=viewer, period=looking_back(TODAY, 3))


# The page


def period_of(page):
    """The length of the period that is chosen."""
    nav = page.root.all("nav", **{"aria-label": "Period"})[0]
    return nav.all("a", **{"aria-current": "true"})[0].text


def tiles(page):
    """What the tiles say, by the name beside it."""
    found = {}
    for tile in (a for ul in page.root.all("ul") if "ubin" in ul.attrs.get("class", "") for a in ul.all("a")):
        number, name = tile.all("b")[0], tile.all("span")[-1].text
        found[name] = (number.text.split()[0], number.attrs["class"])
    return found


def rows_of(page, caption):
    """The rows of the table with this caption, as lists of what stands in their cells."""
    table = next(t for t in page.root.all("table") if t.all("caption")[0].text == caption)
    return {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in table.all("tbody")[0].all("tr")}


def test_the_map_and_the_table_say_the_same_numbers(city, sign_in):
    now = today(city.settings.timezone)
    hold(city, "98.01.01.1001.07", now, "a")
    hold(city, "98.01.02.1001.03", now, "b")

    page = sign_in(city.lina).get("/cakupan")

    table = rows_of(page, "By kelurahan")
    assert tiles(page) == {"Jatirahayu": ("33", "u2"), "Jatiwarna": ("0", "u0"), "Jatikramat": ("100", "u3")}
    assert {name: cells[:3] for name, cells in table.items()} == {
        "Jatirahayu": ["Pondok Melati", "1 of 2 (50%)", "0 of 1 (0%)"],
        "Jatiwarna": ["Pondok Melati", "0 of 1 (0%)", "0 of 0"],
        "Jatikramat": ["Jatiasih", "1 of 1 (100%)", "0 of 0"]}
    assert rows_of(page, "By kecamatan")["Pondok Melati"][:5] == ["1 of 2", "1 of 3 (33%)", "0 of 1 (0%)", "1", "10"]
    assert page.root.all("h1")[0].text.startswith("1 of 3 kelurahan have had no session since")


def test_a_kelurahan_that_was_reached_otherwise_does_not_look_empty(city, sign_in):
    """A session in the kelurahan's own hall reaches no RW in particular."""
    hold(city, "98.01.01.1001", today(city.settings.timezone), "a")

    page = sign_in(city.lina).get("/cakupan")

    assert tiles(page)["Jatirahayu"] == ("0", "u1")
    assert page.root.all("h1")[0].text.startswith("2 of 3 kelurahan")


def test_one_of_very_many_is_not_rounded_down_to_none():
    assert Reached(300, 1).percent == 1
    assert Reached(300, 299).percent == 99
    assert Reached(300, 0).percent == Reached(0, 0).percent == 0


def test_a_kelurahan_tells_never_from_not_lately(city, sign_in):
    now = today(city.settings.timezone)
    hold(city, "98.01.01.1001.07", now, "a")
    hold(city, "98.01.01.1001.08", now - timedelta(days=400), "b")

    page = sign_in(city.wati).get("/cakupan")

    said = [p.text for s in page.root.all("section") for p in s.all("p")]
    assert said[0] == "Never yet: SMP Contoh 1"
    assert re.fullmatch(r"Not since \w+ \d{4}: RW 08 \(.+\)", said[1])
    assert set(rows_of(page, "By RW")) == {"RW 07", "RW 08"}
    assert set(rows_of(page, "By school")) == {"SMP Contoh 1"}


def test_from_the_city_down_to_the_rw_and_up_again_in_the_same_period(city, sign_in):
    hold(city, "98.01.01.1001.07", today(city.settings.timezone), "a")
    page = sign_in(city.lina).get("/cakupan?bulan=3")

    kelurahan = page.link("Pondok Melati").link("Jatirahayu")
    city_again = kelurahan.link("One level up").link("One level up")

    assert "RW 07" in rows_of(kelurahan, "By RW")
    assert city_again.root.all("h1")[0].text == page.root.all("h1")[0].text
    assert period_of(city_again) == "3 months"


def test_where_nothing_was_held_the_page_says_so(city, sign_in):
    page = sign_in(city.lina).get("/cakupan")

    assert "No session was noted in this period." in page.text
    assert page.root.all("h1")[0].text.startswith("3 of 3 kelurahan have had no session since")


def test_where_all_were_reached_the_page_says_so(city, sign_in):
    for code in ("98.01.01.1001.07", "98.01.01.1002.01", "98.01.02.1001.03"):
        hold(city, code, today(city.settings.timezone), code)

    assert sign_in(city.lina).get("/cakupan").root.all("h1")[0].text.startswith("All 3 kelurahan have had a session")


def test_a_city_whose_rw_are_not_known_yet_is_shown_all_the_same(city, sign_in):
    page = sign_in(city.other).get("/cakupan?w=98.02.01")
    with writing(city.db):
        loading.load(city.db, ["code,level,name,parent", "98.02.01.1002,kelurahan,Tetangga Dua,"])
    bare = sign_in(city.other).get("/cakupan?w=98.02.01.1002")

    assert tiles(page) == {"Tetangga Satu": ("0", "u0")}
    assert bare.root.all("h1")[0].text == "No places are known here yet"
    assert tiles(sign_in(city.other).get("/cakupan"))["Tetangga Dua"] == ("–", "u0")


@pytest.mark.parametrize("code", ["98.02", "98.02.01.1001.01", "98", "x", "\x00", "9" * 5000,
                                  "98.01%", "98.01\u202e", "<script>"])
def test_a_forged_place_is_not_here(any_city, code):
    assert signed_in(any_city, any_city.lina).get("/cakupan", query_string={"w": code}).status == 404


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_page_is_there_in_both_languages(city, sign_in, language):
    page = sign_in(city.lina, language).get("/cakupan")

    assert {"en": "kelurahan have had no session since", "id": "kelurahan belum ada sosialisasi sejak"}[language] in \
        page.root.all("h1")[0].text
