"""The unit's three people at work, on SQLite or on both databases."""

import pytest

from tests.followup.at_desk import Officer


@pytest.fixture
def unit(city):
    return tuple(Officer(city, person) for person in (city.rina, city.dewi, city.ratna))


@pytest.fixture
def unit_on_both(any_city):
    return tuple(Officer(any_city, person) for person in (any_city.rina, any_city.dewi, any_city.ratna))
