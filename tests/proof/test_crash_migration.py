"""Migrations that are killed on their way: the tables are as before or as after, and nothing that was in them is
gone. Up and down, with a city's data, on both databases."""

import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text

from portal.audit.models import AuditEntry
from portal.base.db import engine_for
from portal.cli.database import alembic_config
from portal.flags.models import Flag, FlagStep
from tests.factories import some_answers
from tests.followup.at_desk import sent
from tests.proof.conftest import size
from tests.support.killing import environment, files_in, kill_during, whole

SAME = (Flag, FlagStep, AuditEntry)


@pytest.fixture
def steps(any_city):
    """The newest revision that changes the tables of this store, and the one before; the city is at the first."""
    scripts = ScriptDirectory.from_config(alembic_config(None))
    at = scripts.get_revision("head")
    while len(set(map(repr, shapes_of(any_city, at.revision, at.down_revision).values()))) == 1:
        migrate(any_city, "downgrade", at.down_revision)
        at = scripts.get_revision(at.down_revision)
    return at.revision, at.down_revision


@pytest.fixture
def watch(any_city, tmp_path):
    """What changes once a migration has begun."""
    if any_city.url.startswith("sqlite"):
        yield files_in(tmp_path)
        return
    engine = engine_for(any_city.url)

    def locks():
        with engine.connect() as db:
            return db.scalar(text("SELECT count(*) > 0 FROM pg_locks WHERE relation = 'alembic_version'::regclass "
                                  "AND pid <> pg_backend_pid()"))

    yield locks
    engine.dispose()


@pytest.mark.parametrize("way", ["upgrade", "downgrade"])
def test_a_killed_migration_is_done_or_not_done(any_city, tmp_path, claim, steps, watch, way):
    city, (newest, older) = any_city, steps
    flask, to = Path(sys.executable).parent / "flask", newest if way == "upgrade" else older
    for _ in range(20):
        sent(city, answers=some_answers())
    city.db.rollback()
    held, shapes, found = numbers(city), shapes_of(city, newest, older), []

    def check():
        found.extend([*half_done(city, shapes), *whole(city)])
        migrate(city, "upgrade", newest)
        if numbers(city) != held:
            found.append("something is gone")

    killed = kill_during(
        [str(flask), "--app", "wsgi", "db", way, to, *(["--yes"] if way == "downgrade" else [])], check,
        env=environment(city, tmp_path),
        watch=watch, times=size(short=2, long=250),
        prepare=lambda: migrate(city, "downgrade", older) if way == "upgrade" else None)

    store = city.db.get_bind().dialect.name
    claim(f"a killed {way} on {store} leaves the tables as before or as after, with all that was in them",
          f"{killed} kills in the middle, faults: {found}", "no fault", holds=killed > 0 and not found)


def test_a_migration_that_stops_half_way_would_be_noticed(any_city, steps):
    newest, older = steps
    shapes = shapes_of(any_city, newest, older)
    migrate(any_city, "downgrade", older)
    engine = engine_for(any_city.url)
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
    engine.dispose()

    assert half_done(any_city, shapes) == [f"{newest}, and its tables are not"]


def shapes_of(city, newest, older):
    """The tables of both revisions; the database is at the newest afterwards."""
    shapes = {newest: shape(city)}
    migrate(city, "downgrade", older)
    shapes[older] = shape(city)
    migrate(city, "upgrade", newest)
    return shapes


def half_done(city, shapes):
    """What says that a migration was left in its middle."""
    at = revision(city)
    if at not in shapes:
        return [f"left at {at}"]
    return [] if shape(city) == shapes[at] else [f"{at}, and its tables are not"]


def shape(city):
    """The columns and checks of every table; on SQLite which of them have row numbers, on PostgreSQL the functions
    beside them, and of which columns no samples are taken."""
    engine = engine_for(city.url)
    seen = inspect(engine)
    tables = {name: sorted([*(column["name"] for column in seen.get_columns(name)),
                            *(check["sqltext"] for check in seen.get_check_constraints(name))])
              for name in seen.get_table_names()}
    with engine.connect() as db:
        more = sorted(db.scalars(text(
            "SELECT name FROM pragma_table_list WHERE wr" if city.url.startswith("sqlite") else
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL "
            "SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "WHERE relnamespace = 'public'::regnamespace AND attstattarget = 0 AND attnum > 0 AND relkind = 'r'")))
    engine.dispose()
    return tables, more


def migrate(city, way, to):
    engine = engine_for(city.url)
    with engine.begin() as connection:
        getattr(command, way)(alembic_config(connection), to)
    engine.dispose()


def revision(city):
    engine = engine_for(city.url)
    with engine.connect() as db:
        at = db.scalar(text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    return at


def numbers(city):
    engine = engine_for(city.url)
    with engine.connect() as db:
        held = [db.scalar(select(func.count()).select_from(model)) for model in SAME]
    engine.dispose()
    return held
