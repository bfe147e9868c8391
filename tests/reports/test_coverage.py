"""Where nobody has been yet: from running totals, for those who steer, and nothing of concerns."""

from dataclasses import replace
from datetime import date

import pytest

from portal.base.clock import today
from portal.base.db import writing
from portal.base.errors import NotVisible
from portal.outreach import commands
from portal.outreach.commands import Held
from portal.reports.coverage import coverage, first_day
from tests.factories import a_flag, area, viewer_of


def hold(city, code, day, once):
    with writing(city.db):
        commands.log_session(city.db, Held(area(city.db, code).id, day, ("internet",), women=10),
                             by=viewer_of(city.db, city.siti), once=once, body="", today=day)


@pytest.mark.parametrize(("day", "months", "first"), [
    (date(2026, 11, 24), 3, date(2026, 9, 1)), (date(2026, 11, 24), 12, date(2025, 12, 1)),
    (date(2026, 1, 5), 3, date(2025, 11, 1)), (date(2026, 12, 31), 6, date(2026, 7, 1)),
])
def test_a_period_ends_with_this_month(day, months, first):
    assert first_day(day, months) == first


def test_the_picture_counts_places_reached_and_people_who_came(any_city):
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 2), "a")
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 9), "b")
    hold(any_city, "98.01.02.1001.03", date(2025, 1, 9), "long ago")
    leader = viewer_of(any_city.db, any_city.lina)

    seen = coverage(any_city.db, "", viewer=leader, today=date(2026, 11, 24), months=6)

    assert (seen.total.of, seen.total.reached) == (3, 1)
    rows = {row.name: row for row in seen.rows}
    assert (rows["Pondok Melati"].sessions, rows["Pondok Melati"].attendance) == (2, 20)
    assert (rows["Pondok Melati"].hosts.of, rows["Pondok Melati"].hosts.reached) == (4, 1)
    assert (rows["Jatiasih"].sessions, rows["Jatiasih"].last) == (0, date(2025, 1, 9))


def test_a_kelurahan_names_every_rw_and_school_that_was_never_reached(any_city):
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 2), "a")

    seen = coverage(any_city.db, "98.01.01.1001", viewer=viewer_of(any_city.db, any_city.wati),
                    today=date(2026, 11, 24), months=3)

    assert {row.name: row.last for row in seen.rows} == \
        {"RW 07": date(2026, 11, 2), "RW 08": None, "SMP Contoh 1": None}
    assert seen.up == ""


@pytest.mark.parametrize("code", ["98.01.02", "98.02", "98", "nowhere", "98.01.01.1001.07"])
def test_nobody_looks_beyond_her_own_area(any_city, code):
    with pytest.raises(NotVisible):
        coverage(any_city.db, code, viewer=viewer_of(any_city.db, any_city.wati), today=date(2026, 11, 24), months=3)


@pytest.mark.parametrize(("who", "status"), [("lina", 203), ("ratna", 203), ("rina", 203), ("wati", 203),
                                             ("siti", 404), ("guru", 404), ("agus", 404)])
def test_the_page_is_for_those_who_steer(city, sign_in, who, status):
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
    assert page.root.all("a", **{"aria-current": "true"})[0].text == "6 months"


@pytest.mark.parametrize("who", ["ratna", "rina", "other"])
def test_the_units_people_see_their_units_city_also_without_a_place_of_their_own(any_city, who):
    """The head whom `init` makes has no place."""
    viewer = viewer_of(any_city.db, getattr(any_city, who))

    seen = coverage(any_city.db, "", viewer=replace(viewer, area_id=None, area_path=""), today=date(2026, 11, 24),
                    months=3)

    assert seen.code == {"other": "98.02"}.get(who, "98.01")


@pytest.mark.parametrize("code", ["", "98.01", "98.02.01"])
def test_somebody_without_any_place_sees_none(any_city, code):
    viewer = replace(viewer_of(any_city.db, any_city.lina), area_id=None, area_path="")

    with pytest.raises(NotVisible):
        coverage(any_city.db, code, viewer=viewer, today=date(2026, 11, 24), months=3)


def test_the_units_people_do_not_see_another_units_city(any_city):
    viewer = replace(viewer_of(any_city.db, any_city.ratna), area_id=None, area_path="")

    with pytest.raises(NotVisible):
        coverage(any_city.db, "98.02", viewer=viewer, today=date(2026, 11, 24), months=3)
