"""After rows were deleted: that no byte of them stays in the database's files.

SQLite overwrites what is deleted (`secure_delete`), but not what a row left behind when its page was split long ago,
nor what stands in the log: so the file is written anew (`VACUUM`), and the log is emptied.
PostgreSQL keeps a deleted row in its page until `VACUUM`, and its bytes until the page is written anew: so the small
table of wraps is written anew as a whole, after which the rest opens with nothing.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text

_PATIENCE = 10  # seconds in which the readers and writers of the moment come to an end


def erase_rests(engine: Engine) -> bool:
    """Whether nothing is left. False when somebody held the database all the time: then it is for the next time.

    A SQLite file of 100 MB takes about a second, in which others wait to write.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM FULL content_keys"))
            connection.execute(text("VACUUM"))
        return True
    raw = engine.raw_connection()
    try:
        return _in_time(lambda: _written_anew(raw.driver_connection)) and _in_time(
            lambda: _log_emptied(raw.driver_connection))
    finally:
        raw.close()


def _in_time(step: Callable[[], bool]) -> bool:
    until = time.monotonic() + _PATIENCE
    while not step():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


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
