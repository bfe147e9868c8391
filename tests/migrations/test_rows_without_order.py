"""The way to 0015 and back, with an afternoon in the tables: each row stays, and what refers to it still does."""

import random

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from portal.base.db import engine_for
from portal.cli import database
from portal.cli.database import alembic_config
from tests.support import canary, thief


@pytest.fixture
def engine(any_city):
    thief.an_afternoon(any_city, random.Random(1))
    any_city.db.close()
    engine = engine_for(any_city.url)
    yield engine
    engine.dispose()


def test_every_row_outlives_the_change_and_the_way_back(engine):
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0015")
        there = rows(connection)
        command.downgrade(alembic_config(connection), "0014")
        before = rows(connection)
        command.upgrade(alembic_config(connection), "0015")
        after = rows(connection)

    assert before == there == after
    assert {table for table, found in there.items() if found} >= {"sign_ins", "devices", "outreach", "done_once",
                                                                 "outreach_topics", "outreach_forthcoming"}


def test_what_goes_with_what_and_what_is_refused_stays_so(engine):
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0014")
        command.upgrade(alembic_config(connection), "head")
        before = hanging(connection)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM outreach"))
        connection.execute(text("DELETE FROM devices"))
        after = hanging(connection)

    assert (before, after) == ((3, 3), (0, 0))
    for wrong in ("INSERT INTO outreach_forthcoming VALUES (1, '2026-01-01', -1, 0)",
                  "INSERT INTO used_challenges (tag) VALUES (NULL)"):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(text(wrong))


def test_on_sqlite_all_is_sound_and_upgrading_leaves_nothing_of_the_older_tables(city):
    thief.an_afternoon(city, random.Random(2))
    city.db.close()
    engine = engine_for(city.url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0014")
    engine.dispose()

    with city.app.app_context():
        database.bring_up()

    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert connection.scalar(text("PRAGMA freelist_count")) == 0
    engine.dispose()
    assert canary.database_files(city.url)[1].stat().st_size == 0
    lying = thief.as_they_lie(city, thief.DoneOnce.__table__)
    assert lying == thief.by_key(city, thief.DoneOnce.__table__)


def hanging(connection):
    """How many topics hang on sessions, and sign-ins on phones."""
    return (connection.scalar(text("SELECT count(*) FROM outreach_topics")),
            connection.scalar(text("SELECT count(*) FROM sign_ins WHERE device_id IS NOT NULL")))


def rows(connection):
    """Every row of every table, whatever the order."""
    return {table: sorted(map(str, connection.execute(text(f"SELECT * FROM {table}")).all()))  # noqa: S608
            for table in inspect(connection).get_table_names() if table != "alembic_version"}
