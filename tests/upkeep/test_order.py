"""In what order rows were written: whoever steals the database must not learn from it who was at her phone when."""

import random
from threading import Event, Thread

import pytest
from alembic import command
from sqlalchemy import text

from portal.accounts.models import SignIn
from portal.audit import once
from portal.audit.models import DoneOnce
from portal.base.clock import now
from portal.base.db import Base, engine_for, session_for, writing
from portal.cli.database import alembic_config
from portal.outreach.models import Outreach, OutreachTopic
from portal.upkeep import order
from tests.support import canary, thief

KEEPS_ITS_ORDER = {
    **dict.fromkeys(("audit_entries", "audit_links", "audit_checks"),
                    "the trail has an order, and says when; of who sends concerns it knows nothing"),
    **dict.fromkeys(("areas", "units", "calendar_days", "outreach_latest"),
                    "places and days, in the order in which they were loaded, or in that of their number"),
    **dict.fromkeys(("accounts", "pending_changes", "outreach_imports"),
                    "made at the office, and the trail says when"),
    "postings": "of the office alone, and each says since when",
    **dict.fromkeys(("sealing_keys", "key_grants", "key_departures", "staff_keys", "recovery_kits"),
                    "of the unit's own people alone"),
    **dict.fromkeys(("flags", "content_keys", "flag_steps", "questions", "messages", "notes", "proposals",
                     "break_glass", "holds", "early_deletions", "exclusions", "presences"),
                    "of a concern or who works on it: when is there in clear, and no account of who sent it"),
    "withheld": "ids of what was forgotten, and of when the trail says",
    "marks": "says of which concern it is, and nothing else",
    "alembic_version": "one row",
}
"""Tables of which the order of rows may be known, and why. A new one that is not here has no row numbers
(`portal.base.db.NO_ORDER`)."""
DONE, SIGNED_IN, SESSIONS, TOPICS = (table.__table__ for table in (DoneOnce, SignIn, Outreach, OutreachTopic))


@pytest.fixture
def afternoon(any_city):
    """Who sent which concern, among people who came in some order."""
    return thief.an_afternoon(any_city, random.Random(5))


def take_away(city):
    city.db.rollback()
    return order.take_away(city.app.extensions["engine"])


def test_every_table_has_no_row_numbers_or_a_reason_why_its_order_tells_nothing(city):
    assert thief.row_numbers(city) == KEEPS_ITS_ORDER.keys()


def test_on_postgresql_they_are_written_anew_with_those_in_whose_rows_a_sign_in_or_a_session_leaves_its_number():
    numbered = {name for name, table in Base.metadata.tables.items() if table.dialect_options["sqlite"]["with_rowid"]}

    assert {table.name for table in order.tables()} == (
        Base.metadata.tables.keys() - numbered | {"accounts", "areas", "outreach_latest"})


def test_when_it_was_taken_away_rows_lie_in_the_order_of_their_keys(any_city, afternoon):
    before = {table: thief.as_they_lie(any_city, table) for table in (DONE, SIGNED_IN, SESSIONS, TOPICS)}

    assert take_away(any_city)

    assert before[DONE] != sorted(before[DONE])
    for table, lying in before.items():
        assert thief.as_they_lie(any_city, table) == thief.by_key(any_city, table)
        assert sorted(lying) == sorted(thief.by_key(any_city, table))


def test_before_that_a_thief_reads_in_the_order_of_forms_who_sent_each(any_city, afternoon):
    assert thief.guesses_by_forms(any_city, thief.as_they_lie(any_city, DONE)) == afternoon


@pytest.mark.postgres
def test_on_postgresql_one_transaction_wrote_all_rows_and_nobody_lies_nearer_to_a_concern_than_others(postgres_city):
    sent = thief.an_afternoon(postgres_city, random.Random(6))
    before = thief.guesses_by_transactions(postgres_city)

    assert take_away(postgres_city)

    assert before == sent
    assert thief.guesses_by_transactions(postgres_city) == {}
    for table in order.tables():
        numbers = thief.transactions(postgres_city, table)
        assert len(numbers) <= 1, table.name
        assert {locked for _wrote, locked in numbers} <= {"0"}, table.name


def test_with_row_numbers_the_order_would_stay_and_tell(city):
    engine = engine_for(city.url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0014")
    engine.dispose()
    sent = thief.an_afternoon(city, random.Random(7))

    assert take_away(city)

    assert thief.guesses_by_forms(city, thief.as_they_lie(city, DONE)) == sent


def test_on_sqlite_no_page_of_before_stays_in_the_log(city):
    thief.an_afternoon(city, random.Random(8))
    file, log, *_ = canary.database_files(city.url)
    assert log.stat().st_size > 0

    assert take_away(city)

    assert log.stat().st_size == 0


def test_a_large_file_has_its_turn_once_a_day_and_any_other_once_an_hour(any_city, monkeypatch):
    engine, at = any_city.app.extensions["engine"], now().replace(hour=10)
    later = at.replace(hour=11)
    assert order.turn(engine, at) != order.turn(engine, later)

    monkeypatch.setattr(order, "_BRIEF", 0)

    assert (order.turn(engine, at) == order.turn(engine, later)) == any_city.url.startswith("sqlite")


def test_who_reads_or_writes_just_then_misses_nothing_and_no_form_is_taken_twice(any_city):
    with writing(any_city.db):
        for number in range(50):
            once.remember(any_city.db, f"before {number}", "", "x")
    any_city.db.close()
    ended, seen = Event(), []

    def goes_on():
        engine = engine_for(any_city.url)
        with session_for(engine) as db:
            turn = 0
            while not ended.is_set() or turn < 3:
                turn += 1
                with writing(db):
                    seen.extend(once.outcome_of(db, f"before {number}", "") for number in range(50))
                    seen.append("x" if once.outcome_of(db, f"now {turn}", "") is None else "twice")
                    once.remember(db, f"now {turn}", "", "x")
                with writing(db):
                    seen.append(once.outcome_of(db, f"now {turn}", ""))
        engine.dispose()

    other = Thread(target=goes_on)
    other.start()
    done = [take_away(any_city) for _ in range(3)]
    ended.set()
    other.join()

    assert True in done
    assert set(seen) == {"x"}


@pytest.mark.postgres
def test_where_a_table_is_held_it_waits_a_moment_and_leaves_all_as_it_is(postgres_city):
    sent = thief.an_afternoon(postgres_city, random.Random(9))
    holder = engine_for(postgres_city.url)
    with holder.connect() as connection:
        connection.execute(text("LOCK TABLE accounts IN ACCESS SHARE MODE"))

        assert not take_away(postgres_city)

    holder.dispose()
    assert take_away(postgres_city)
    assert len(sent) == len(thief.CADRES)
