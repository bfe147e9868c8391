"""Processes are killed while people send: what was acknowledged is there once, with its row in the trail."""

import pytest

from tests.proof.conftest import size
from tests.support.history import OK, UNKNOWN, check
from tests.support.killing import Gunicorn, Nursery, kept_in, sending, strike, whole

KINDS = ("concern", "concern", "session", "add", "act")


def test_serving_processes_that_are_killed_lose_nothing(city, tmp_path, claim):
    with Nursery(city, tmp_path) as server:
        state(claim, city, server, server.kill, "serving process", times=size(short=260, long=9_000))


def test_workers_of_gunicorn_that_are_killed_lose_nothing(city, tmp_path, claim):
    with Gunicorn(city, tmp_path) as server:
        state(claim, city, server, server.kill_a_worker, "worker of gunicorn", times=size(short=35, long=900))


def test_a_gunicorn_that_is_killed_as_a_whole_loses_nothing(city, tmp_path, claim):
    with Gunicorn(city, tmp_path) as server:
        state(claim, city, server, server.kill_and_start, "gunicorn, master and all", times=size(short=5, long=100))


@pytest.mark.postgres
@pytest.mark.parametrize(("how", "short", "long"), [("kill_backend", 4, 400), ("crash", 3, 300)])
def test_a_postgresql_that_crashes_loses_nothing(crashing_city, tmp_path, claim, how, short, long):
    with Nursery(crashing_city, tmp_path) as server:
        state(claim, crashing_city, server, getattr(crashing_city.server, how), f"PostgreSQL ({how})",
              times=size(short=short, long=long))


@pytest.mark.postgres
def test_the_serving_process_killed_on_postgresql_loses_nothing(crashing_city, tmp_path, claim):
    with Nursery(crashing_city, tmp_path) as server:
        state(claim, crashing_city, server, server.kill, "serving process on PostgreSQL",
              times=size(short=20, long=2_000))


@pytest.mark.postgres
def test_the_portal_asks_postgresql_to_sync_whatever_the_server_says(crashing_city):
    with crashing_city.app.extensions["engine"].connect() as db:
        assert db.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert db.exec_driver_sql("SELECT reset_val FROM pg_settings WHERE name = 'fsync'").scalar() == "off"


def state(claim, city, server, kill, what, *, times):
    verdict, broken, history = outcome_of(city, server, kill, times=times)
    told = f"{history.count(OK)} acknowledged, {history.count(UNKNOWN)} unknown, {verdict}"
    claim(f"{what} killed {times} times: nothing acknowledged is lost, doubled or without its row in the trail",
          told + (f", broken: {broken}" if broken else ", the database is whole"), "0 of each",
          holds=verdict.clean and not broken and history.count(OK) > times / 5)


def outcome_of(city, server, kill, *, times):
    """What is found after people have sent while `kill` struck."""
    with sending(city, server.port, KINDS, seed=7) as (history, before):
        strike(history, kill, times=times, seed=times)
    return check(history, kept_in(city, history, before)), whole(city), history


IN_A_WHILE = """
import portal.base.db as d
d._POSTGRES = {**d._POSTGRES, "options": "-c synchronous_commit=off"}
"""


@pytest.mark.postgres
def test_the_detector_finds_what_postgresql_was_not_asked_to_sync(crashing_city, tmp_path):
    with Nursery(crashing_city, tmp_path, first=IN_A_WHILE) as server:
        verdict, _broken, _history = outcome_of(crashing_city, server, crashing_city.server.crash, times=3)

    assert verdict.lost


KEEPS_NOTHING = """
from sqlalchemy.orm import Session
Session.commit = Session.rollback
"""
FORGETS = """
from portal.audit import once
once.outcome_of = lambda *_args: None
once.remember = lambda *_args: None
"""


def test_the_detector_finds_what_counts_twice(city, tmp_path):
    with Nursery(city, tmp_path, first=FORGETS) as server:
        verdict, _broken, _history = outcome_of(city, server, server.kill, times=20)

    assert verdict.doubled


def test_the_detector_finds_what_was_acknowledged_and_not_kept(city, tmp_path):
    with Nursery(city, tmp_path, first=KEEPS_NOTHING) as server:
        verdict, _broken, _history = outcome_of(city, server, server.kill, times=3)

    assert verdict.lost
