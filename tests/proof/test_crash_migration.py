"""Migrations that are killed on their way: the tables are as before or as after, and nothing that was in them is
gone. Up and down, with a city's data, on both databases."""

import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

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
def steps():
    """The newest revision and the one before."""
    newest = ScriptDirectory.from_config(alembic_config(None)).get_revision("head")
    return newest.revision, newest.down_revision


@pytest.fixture
def watch(any_city, tmp_path):
    """What changes once a migration has begun."""
    if any_city.url.startswith("sqlite"):
        yield files_in(tmp_path)
        return
    engine = engine_for(any_city.url)

    def locks():
        with engine.connect() as db:
            return db.scalar(text("SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock'"))

    yield locks
    engine.dispose()


@pytest.mark.parametrize("way", ["upgrade", "downgrade"])
def test_a_killed_migration_is_done_or_not_done(any_city, tmp_path, claim, steps, watch, way):
    city, (newest, older) = any_city, steps
    flask, to = Path(sys.executable).parent / "flask", newest if way == "upgrade" else older
    for _ in range(20):
        sent(city, answers=some_answers())
    city.db.rollback()
    held, found = numbers(city), []

    def check():
        at = revision(city)
        if at not in {newest, older}:
            found.append(f"left at {at}")
        found.extend(whole(city))
        migrate(city, "upgrade", newest)
        if numbers(city) != held:
            found.append("something is gone")

    killed = kill_during(
        [str(flask), "--app", "wsgi", "db", way, to], check, env=environment(city, tmp_path),
        watch=watch, times=size(short=2, long=250),
        prepare=lambda: migrate(city, "downgrade", older) if way == "upgrade" else None)

    store = city.db.get_bind().dialect.name
    claim(f"a killed {way} on {store} leaves the tables as before or as after, with all that was in them",
          f"{killed} kills in the middle, faults: {found}", "no fault", holds=killed > 0 and not found)


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
