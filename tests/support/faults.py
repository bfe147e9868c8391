"""A database that fails at a chosen call, what a city holds, to be compared before and after, and how it is put back
to how it was."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, make_url, select

from portal.base.db import Base

FAULTS = ("database or disk is full", "database is locked", "disk I/O error")
READING = {"flag.opened", "flags.summaries_opened", "flag.identity_opened", "flag.letter_opened"}
"""To look is an act of its own, with a trace of its own, whatever becomes of what is done then."""
BESIDE = {"presences", "failed_tries", "used_challenges", "audit_links"}
"""Tables that are written before an act is even tried: who has a sheet open, guesses, challenges; and the chain of
the trail, which has a link for each trace of looking too."""


class Calls:
    """Counts an engine's calls, and fails at the one with number `at`: a statement, or a commit before or after
    it was made. 0 fails at none."""

    def __init__(self, at: int = 0):
        self.at, self.made = at, 0

    def __call__(self, connection: Any) -> None:
        self.made += 1
        if self.made == self.at:
            fail = _fail_sqlite if isinstance(connection, sqlite3.Connection) else _fail_postgres
            fail(connection, self.at)


def _fail_sqlite(_connection: sqlite3.Connection, number: int) -> None:
    raise sqlite3.OperationalError(FAULTS[number % len(FAULTS)])


def _fail_postgres(connection: psycopg.Connection, number: int) -> None:
    """A disk that is full, a wait that went in a circle; or the connection is cut, and the driver says so itself."""
    if number % 3 == 0:
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")
    if number % 3 == 1:
        raise psycopg.errors.DeadlockDetected("deadlock detected")
    with psycopg.connect(connection.info.dsn) as another:
        another.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    connection.execute("SELECT 1")


@contextmanager
def failing(engine: Engine, calls: Calls) -> Iterator[Calls]:
    """Every call of the engine is counted, and may fail, as the driver would fail."""
    dialect = engine.dialect
    kept = {name: getattr(dialect, name) for name in ("do_execute", "do_executemany", "do_commit")}

    def counted(real):
        def call(cursor, *args, **kwargs):
            calls(cursor.connection)
            return real(cursor, *args, **kwargs)
        return call

    def commit(connection):
        driver = getattr(connection, "driver_connection", connection)
        calls(driver)
        kept["do_commit"](connection)
        calls(driver)  # it is kept, and the answer never came

    try:
        for name in ("do_execute", "do_executemany"):
            setattr(dialect, name, counted(kept[name]))
        dialect.do_commit = commit
        yield calls
    finally:
        for name in kept:
            delattr(dialect, name)


def contents(engine: Engine) -> dict[str, Counter]:
    """Every row of every table, but for the traces of looking and what is written before an act."""
    held = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = select(table)
            if table.name == "audit_entries":
                rows = rows.with_only_columns(*(c for c in table.c if c.name != "id")).where(
                    table.c.action.not_in(READING))
            if table.name not in BESIDE:
                held[table.name] = Counter(map(str, connection.execute(rows)))
    return held


def numbers(held: dict[str, Counter]) -> dict[str, int]:
    """How many rows each table holds."""
    return {table: rows.total() for table, rows in held.items()}


class KeptFile:
    """How a SQLite database was. Nothing may be connected while it is kept or put back."""

    def __init__(self, url: str):
        self._file = Path(make_url(url).database or "")
        self._kept = self._file.with_suffix(".kept")
        shutil.copy(self._file, self._kept)

    def back(self) -> None:
        """Put it back."""
        shutil.copy(self._kept, self._file)

    def forget(self) -> None:
        """Keep it no longer."""
        self._kept.unlink()


class KeptDatabase:
    """The same for a PostgreSQL database: every row of it, which is put back ten times as fast as a copy of the
    database is made. What numbers come next is not put back; a crash leaves gaps there too."""

    def __init__(self, url: str):
        self._address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(self._address) as connection:
            tables = connection.execute("SELECT relname FROM pg_stat_user_tables ORDER BY relname").fetchall()
            self._kept = {table: self._rows(connection, table) for table, in tables}

    def back(self) -> None:
        """Put it back."""
        with psycopg.connect(self._address) as connection:
            connection.execute("SET session_replication_role = replica")  # neither keys nor triggers in between
            for table, rows in self._kept.items():
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)

    def forget(self) -> None:
        """Keep it no longer."""
        self._kept.clear()

    @staticmethod
    def _rows(connection: psycopg.Connection, table: str) -> bytes:
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
            return b"".join(copy)


def keep(url: str) -> KeptFile | KeptDatabase:
    """Keep how this database is now."""
    return KeptFile(url) if url.startswith("sqlite") else KeptDatabase(url)
