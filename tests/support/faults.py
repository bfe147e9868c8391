"""A database that fails at a chosen call, and what a city holds, to be compared before and after."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, MetaData, select

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

    def __call__(self) -> None:
        self.made += 1
        if self.made == self.at:
            raise sqlite3.OperationalError(FAULTS[self.at % len(FAULTS)])


@contextmanager
def failing(engine: Engine, calls: Calls) -> Iterator[Calls]:
    """Every call of the engine is counted, and may fail, as the driver would fail."""
    dialect = engine.dialect
    kept = {name: getattr(dialect, name) for name in ("do_execute", "do_executemany", "do_commit")}

    def counted(real):
        def call(*args, **kwargs):
            calls()
            return real(*args, **kwargs)
        return call

    def commit(connection):
        calls()
        kept["do_commit"](connection)
        calls()  # it is kept, and the answer never came

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
    tables = MetaData()
    tables.reflect(engine)
    held = {}
    with engine.connect() as connection:
        for table in tables.sorted_tables:
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
