"""Taking away the order in which rows came: it would say who was at her phone when a concern came.

SQLite: the tables that tell have no row numbers. But in a page a row still lies where there was room when it came,
and the log has the pages as they were written. The file written anew has every row in the order of its key.
PostgreSQL: a row's place (`ctid`) tells, and so does the number of the transaction that wrote it or held it (`xmin`,
`xmax`), the number across tables, too: a sign-in, a session and a concern lie next to each other. So all rows of a
table that tells get one number together, and it is written anew in the order of its keys, without the rows of before.
The concerns' own tables stay as they are: when a concern came is there in clear.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, Table, text, update
from sqlalchemy.exc import OperationalError

from portal.base.db import Base
from portal.upkeep import erasing

_TOUCHED = ("accounts", "areas", "outreach_latest")
"""Their order tells nothing, but on PostgreSQL a sign-in or a session leaves its transaction's number in them."""
_BRIEFLY = text("SET LOCAL lock_timeout = '1s'")
"""So long at most others wait behind us for a table that somebody holds; then it is for the next time."""
_BRIEF = 100 * 1024 * 1024
"""Bytes of a SQLite file that is written anew in about a second, in which others wait to write."""


def tables() -> list[Table]:
    """The tables of which nobody may learn in what order they were written."""
    return [table for table in Base.metadata.sorted_tables
            if table.name in _TOUCHED or not table.dialect_options["sqlite"]["with_rowid"]]


def turn(engine: Engine, at: datetime) -> str:
    """In which turn the moment `at` lies, by the city's clock; each takes the order away once. It is the hour, or the
    day for a large SQLite file, because others cannot write meanwhile."""
    large = engine.dialect.name == "sqlite" and Path(engine.url.database or "").stat().st_size > _BRIEF
    return f"{at:%Y-%m-%d}" if large else f"{at:%Y-%m-%d %H}"


def take_away(engine: Engine) -> bool:
    """Whether it is done. False when somebody held the database all the time: then it is for the next time. Nobody
    misses a row meanwhile: whoever reads or writes goes on, or waits for a moment."""
    if engine.dialect.name != "postgresql":
        return erasing.erase_rests(engine)
    try:
        for table in tables():
            _number_alike(engine, table)
            with engine.begin() as connection:
                connection.execute(_BRIEFLY)
                erasing.write_anew(connection, table.name)  # what an older reader still sees stays for her
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != erasing.HELD:
            raise
        return False
    return True


def _number_alike(engine: Engine, table: Table) -> None:
    """Each row written anew as it is, in one transaction. The table is locked first, so that we wait for nobody's row
    while she waits for one of ours; and one at a time, so that we hold none while we wait for another."""
    key = next(iter(table.primary_key))
    with engine.begin() as connection:
        connection.execute(_BRIEFLY)
        connection.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))
        connection.execute(update(table).values({key: key}))
