"""Whoever takes the database away cannot tell from the order of its rows who sent a concern."""

import random
import shutil
from datetime import timedelta

import pytest

from portal.audit.models import DoneOnce
from portal.base.clock import now, telling
from portal.upkeep import order
from tests.conftest import _city
from tests.proof.conftest import rotating_seed, size
from tests.support import thief

AFTERNOONS = size(short=4, long=40)
DONE = DoneOnce.__table__
ONE_PAGE = ("done_once", "sign_ins", "devices", "used_challenges", "outreach", "outreach_topics")


def test_on_sqlite_rows_lie_as_their_keys_have_it_whoever_came_first(request, keys, tmp_path, claim):
    file, people = request.getfixturevalue("_sqlite_city")
    chance, sent, read, otherwise = random.Random(rotating_seed()), 0, 0, []
    for number in range(AFTERNOONS):
        copy = shutil.copy(file, tmp_path / f"{number}.sqlite")
        for city in _city(f"sqlite:///{copy}", keys, people):
            truth = thief.an_afternoon(city, chance)
            sent += len(truth)
            read += matching(thief.guesses_by_forms(city, thief.as_they_lie(city, DONE)), truth)
            assert order.take_away(city.app.extensions["engine"])
            otherwise += [table.name for table in order.tables() if table.name in ONE_PAGE
                          and thief.as_they_lie(city, table) != thief.by_key(city, table)]

    claim("a stolen SQLite file after flask tick: tables in which rows lie otherwise than by key (before it, the "
          "order of forms named who sent a concern)",
          f"{len(otherwise)} of {AFTERNOONS * len(ONE_PAGE)} (before: {read} of {sent} concerns named)", "0",
          holds=not otherwise and read == sent > 0)


@pytest.mark.postgres
def test_on_postgresql_no_transactions_number_and_no_place_says_who_sent_it(postgres_city, claim):
    city, chance, truth, read, named, otherwise = postgres_city, random.Random(rotating_seed()), {}, 0, 0, []
    for number in range(AFTERNOONS):
        with telling(now() + timedelta(minutes=number)):  # a code of the second factor opens once
            sent = thief.an_afternoon(city, chance, besides=truth)
        truth |= sent
        read += matching(thief.guesses_by_transactions(city), sent)
        assert order.take_away(city.app.extensions["engine"])
        named += len(thief.guesses_by_transactions(city))
        otherwise += [table.name for table in order.tables()
                      if thief.as_they_lie(city, table) != thief.by_key(city, table)
                      or len(thief.transactions(city, table)) > 1]

    claim("a stolen PostgreSQL database after flask tick: concerns whose sender is named by where rows lie and which "
          "transactions wrote them; tables in another order than that of their keys",
          f"{named} of {len(truth)} (before: {read}); {len(otherwise)}", "0; 0",
          holds=not named and not otherwise and read >= 0.9 * len(truth) > 0)  # a vacuum may hide one from her


def matching(guessed: dict[str, str], truth: dict[str, str]) -> int:
    return sum(guessed.get(code) == name for code, name in truth.items())
