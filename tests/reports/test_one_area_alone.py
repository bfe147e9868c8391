"""Coverage and evidence of an area name and count its own places, whoever looks from wherever."""

from datetime import date

import pytest

from portal.outreach.indicators import indicators
from portal.reports.coverage import coverage
from portal.reports.coverage_evidence import activities, evidence
from portal.reports.periods import looking_back
from tests.factories import viewer_of
from tests.reports.test_coverage import TODAY, hold

PERIOD = looking_back(TODAY, 6)


@pytest.fixture
def two_cities(any_city):
    """Sessions in three kelurahan of two cities."""
    for number, code in enumerate(["98.01.01.1001.07", "98.01.01.1002.01", "98.02.01.1001.01"]):
        hold(any_city, code, date(2026, 11, 2 + number), f"key {number}")
    return any_city


@pytest.mark.parametrize(("who", "top"), [("lina", "98.01"), ("ratna", "98.01"), ("other", "98.02"),
                                          ("wati", "98.01.01.1001"), ("siti", "98.01.01.1001.07")])
def test_everybody_begins_at_her_own_area_or_her_units(two_cities, who, top):
    viewer = viewer_of(two_cities.db, getattr(two_cities, who))

    assert coverage(two_cities.db, "", viewer=viewer, period=PERIOD).area.code == top


@pytest.mark.parametrize(("code", "sessions"), [("98.01", 2), ("98.01.01", 2), ("98.01.01.1001", 1)])
def test_what_was_held_elsewhere_is_neither_named_nor_counted(two_cities, code, sessions):
    lina = viewer_of(two_cities.db, two_cities.lina)
    seen = coverage(two_cities.db, code, viewer=lina, period=PERIOD)

    assert (seen.area.numbers.sessions, seen.at_hosts, seen.elsewhere) == (sessions, sessions, 0)
    assert all(place.code.startswith((code, "npsn.")) for place in (*seen.places, *seen.parts))
    for indicator in indicators().values():
        shown = evidence(two_cities.db, code, indicator, viewer=lina, period=PERIOD)
        assert all(part.code.startswith((code, "npsn.")) for part in shown.parts)
        assert all(one.place.code.startswith(code)
                   for one in activities(two_cities.db, code, indicator, viewer=lina, period=PERIOD))
