"""What was forgotten on PostgreSQL: where no byte of it is left at once, and when its log (WAL) has lost it, too."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.cli import purge
from portal.upkeep import erasing
from tests.proof.conftest import size
from tests.support import canary, overdue

BULK = size(short=40, long=2000)
BY_ITSELF = {"full_page_writes": "on", "fsync": "on"}
AS_ADVISED = {**BY_ITSELF, "wal_recycle": "off"}
pytestmark = pytest.mark.postgres


def set_up(settings):
    """A server with these settings from its first day on."""
    return pytest.mark.parametrize("crashing_city", [settings], indirect=True, ids=[""])


@pytest.fixture
def world(crashing_city, tmp_path):
    """A city with what is over its time."""
    crashing_city.app.config["SETTINGS"] = replace(crashing_city.settings, photos_dir=tmp_path / "photos")
    return overdue.make(crashing_city, tmp_path / "photos", bulk=BULK)


def forget(city):
    answer = city.app.test_cli_runner().invoke(purge.purge, ["--really"])
    city.app.extensions["engine"].dispose()
    assert answer.exit_code == 0, answer.output


def apart(city, world):
    """The server's files that were written since the city began: its log, and all others."""
    log, others = [], []
    for file in overdue.files_of_server(city):
        (log if "pg_wal" in file.parts else others).append(file)
    return log, [file for file in others if file.stat().st_mtime >= world.began - 1]


def moves_on(city):
    """What an administrator can do: the log begins a new file, and those before it are not needed any more."""
    with city.db.get_bind().execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        for command in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
            db.execute(text(command))


def takes_samples(city):
    """What PostgreSQL does by itself a minute after much was written: samples of each column, kept in its catalog."""
    with city.db.get_bind().execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        db.execute(text("ANALYZE"))


def secrets(world):
    return world.names + world.wraps


def in_clear(files, world):
    return [where for file in files for where in canary.found_in(file, world.texts)]


@set_up(AS_ADVISED)
def test_no_wrap_and_no_name_is_left_in_any_file_but_the_log_and_there_until_it_moved_on(crashing_city, world, claim):
    takes_samples(crashing_city)
    log, others = apart(crashing_city, world)
    before, clear = overdue.pieces_in(others, secrets(world)), in_clear(log + others, world)
    assert before > len(world.wraps)

    forget(crashing_city)
    log, others = apart(crashing_city, world)
    clear += in_clear(log + others, world)
    tables, logged = overdue.pieces_in(others, secrets(world)), overdue.pieces_in(log, secrets(world))
    moves_on(crashing_city)
    log, others = apart(crashing_city, world)
    later = overdue.pieces_in(log, secrets(world))

    claim("PostgreSQL: no text of a concern stands in clear in any file of the server, its log included",
          f"{len(clear)} of {len(world.texts)} texts, before and after", 0, holds=not clear)
    claim("PostgreSQL: no wrap of what was forgotten and no name of it is left in any file but the log, right after",
          f"{tables} pieces (before: {before})", 0, holds=tables == 0)
    claim("PostgreSQL: nor in the log, once it has moved on and its files are not used again (wal_recycle = off)",
          f"{later} pieces (right after: {logged})", 0, holds=later == 0 < logged)


@set_up(BY_ITSELF)
def test_a_log_whose_files_are_used_again_keeps_them(crashing_city, world):
    forget(crashing_city)

    moves_on(crashing_city)

    assert overdue.pieces_in(apart(crashing_city, world)[0], secrets(world)) > 0


@set_up(AS_ADVISED)
def test_tables_that_are_not_written_anew_keep_them_and_a_text_in_clear_would_be_found(crashing_city, world,
                                                                                      monkeypatch):
    monkeypatch.setattr(erasing, "_left_behind", lambda _engine, _table: True)
    with crashing_city.db.get_bind().begin() as db:
        db.execute(text("CREATE TABLE careless (words text)"))
        db.execute(text("INSERT INTO careless VALUES (:words)"), {"words": next(iter(world.texts.values()))})

    forget(crashing_city)

    log, others = apart(crashing_city, world)
    assert overdue.pieces_in(others, secrets(world)) > 0
    assert in_clear(log, world)
    assert in_clear(others, world)
