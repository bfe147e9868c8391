"""After rows were deleted: that no byte of them stays in the database's files.

SQLite overwrites what is deleted (`secure_delete`), but not what a row left behind when its page was split long ago,
nor what stands in the log: so the file is written anew (`VACUUM`), and the log is emptied.
PostgreSQL keeps a deleted row in its page until `VACUUM`, and its bytes until the page is written anew: so the small
tables of wraps, and those in which names stand in clear, are written anew as a whole; the rest opens with nothing.
Only a table's owner can do that: for the portal's own role a function of his does it (`deploy/postgres-roles.sql`).
"""

import re
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.upkeep import apart

TABLES = (*apart.TABLES, "accounts", "outreach", "outreach_corrections")
"""What PostgreSQL writes anew: every wrap, and the names that forgetting takes out of rows which stay. The same stand
in `deploy/postgres-roles.sql`."""
_PATIENCE = 10  # seconds in which the readers and writers of the moment come to an end
_WAITING = text("SET lock_timeout = '2s'")  # others wait behind us for a table that somebody holds: not for long
_BY_OWNER = text("SELECT has_function_privilege('public.write_anew(text)', 'EXECUTE') "
                 "WHERE to_regprocedure('public.write_anew(text)') IS NOT NULL")
HELD = "55P03"
"""PostgreSQL's code for a lock that did not come in time."""
NOT_ALLOWED = "42501"
"""Its code for what a role may not do."""
_DEADLOCK = "40P01"


def erase_rests(engine: Engine) -> bool:
    """Whether nothing is left. False when somebody held the database all the time, or when PostgreSQL does not let
    this role have its tables written anew: then it is for the next time.

    A SQLite file of 100 MB takes about a second, in which others wait to write.
    """
    if engine.dialect.name == "postgresql":
        return all(_left_behind(engine, table) for table in TABLES)
    raw = engine.raw_connection()
    try:
        return _in_time(lambda: _written_anew(raw.driver_connection)) and _in_time(
            lambda: _log_emptied(raw.driver_connection))
    finally:
        raw.close()


def owner_writes_anew(session: Session) -> bool:
    """Whether the tables' owner has lent the portal's role the function that writes them anew."""
    return bool(session.scalar(_BY_OWNER))


def write_anew(connection: Connection, table: str) -> None:
    """Have PostgreSQL lay a table into a new file, in the order of its keys and without deleted rows that nobody can
    see any more; it says in a detail how many it had to take along. Readers wait meanwhile. Raises `DBAPIError` where
    this role may not have it done, or the lock does not come in time.
    """
    if connection.scalar(_BY_OWNER):
        connection.execute(select(func.public.write_anew(table)))
    else:
        connection.execute(text(f"CLUSTER VERBOSE {table} USING pk_{table}"))  # one of our own names


def _in_time(step: Callable[[], bool]) -> bool:
    until = time.monotonic() + _PATIENCE
    while not step():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _left_behind(engine: Engine, table: str) -> bool:
    """Whether a PostgreSQL table now lies in another file, into which no deleted row came along. PostgreSQL only
    warns where it does nothing, and takes deleted rows along while somebody may still see them."""
    said: list[str] = []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # ends with us, and with it how it was set
        raw: Any = connection.connection.dbapi_connection
        raw.add_notice_handler(lambda notice: said.append(notice.message_detail or ""))
        connection.execute(_WAITING)
        before = _file_of(connection, table)
        try:
            write_anew(connection, table)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in {HELD, _DEADLOCK, NOT_ALLOWED}:
                return False
            raise
        return _file_of(connection, table) != before and _taken_along(said) == 0


def _file_of(connection: Any, table: str) -> int:
    number: int = connection.scalar(select(func.pg_relation_filenode(table)))
    return number


def _taken_along(details: list[str]) -> int | None:
    """How many deleted rows PostgreSQL says it could not leave behind: the first number of the last detail it gave,
    in whatever language. None when it said nothing."""
    numbers = [found.group() for one in details if (found := re.search(r"\d+", one))]
    return int(numbers[-1]) if numbers else None


def _written_anew(connection: Any) -> bool:
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def _log_emptied(connection: Any) -> bool:
    busy, _pages, _done = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
