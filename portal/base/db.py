"""Tables, engine and the one way to write: what every feature's models stand on.

SQLite takes its write lock at the start of a writing transaction (`BEGIN IMMEDIATE`), because a
transaction that reads first and upgrades later is refused at once, busy timeout or not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Engine, MetaData, QueuePool, TypeDecorator, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.exc import StaleDataError

from portal.base.errors import Stale

WRITING = {"writing": True}
PATIENCE = 5
"""Seconds until a database that does not answer is taken for gone, and the person is told "not sent yet"."""
BREATH = 0.1
"""Seconds that whoever writes much, in many transactions, waits between two: on SQLite others ask for the lock at
most that far apart, and without a gap they might be refused after five seconds."""

NO_ORDER = {"sqlite_with_rowid": False}
"""Of a table in which the order of rows would say when somebody was at her phone, and so which concern is hers. On
SQLite it has no row numbers; on PostgreSQL it is written anew in the order of its keys (`portal/upkeep/order.py`)."""

_POSTGRES = {
    "connect_timeout": PATIENCE,
    "client_encoding": "utf8",
    # whatever the server or the role says: a commit returns after the sync, nobody waits for a lock for ever, and
    # moments are written as the driver reads them
    "options": f"-c synchronous_commit=on -c lock_timeout={PATIENCE}s -c datestyle=ISO",
}
_PRAGMAS = (
    f"PRAGMA busy_timeout = {PATIENCE * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
)


class UTCDateTime(TypeDecorator[datetime]):
    """An instant, kept in UTC. A value without a zone is refused: SQLite would keep it silently wrong."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table of the portal. Constraint names are fixed, so migrations can find them again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime}


def new_id() -> UUID:
    """A random key: says nothing of order, time or who came before."""
    return uuid4()


def engine_for(url: str) -> Engine:
    """An engine for `url` (SQLite or PostgreSQL), with the house's durability settings. What is put into a
    statement stands in no error and no log."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    sqlite = url.startswith("sqlite")
    # a connection for each of the server's threads: nobody waits for one while a concern has to be kept
    engine = create_engine(url, poolclass=QueuePool, pool_size=8, max_overflow=32, pool_timeout=PATIENCE,
                           pool_pre_ping=not sqlite, hide_parameters=True,
                           connect_args={} if sqlite else _POSTGRES)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        _hold_no_lost_file(engine)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _hold_no_lost_file(engine: Engine) -> None:
    """An open connection stays with its file, also when another file has taken the name: what it keeps there would
    be acknowledged, and gone. So one that was opened for another file is not used again."""
    path = engine.url.database or ""

    def opened(_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    def used_again(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError("the database is another file now")

    event.listen(engine, "connect", opened)
    event.listen(engine, "checkout", used_again)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def session_for(engine: Engine) -> Session:
    """A session in the house's manner: rows stay readable after a commit, and nothing is sent to the
    database half changed because a question was asked in between."""
    return Session(engine, expire_on_commit=False, autoflush=False)


@contextmanager
def writing(session: Session) -> Iterator[Session]:
    """One intention, all or nothing. What was read before is read again under the lock.

    Raises `Stale` when another person's change came first. Nothing is acknowledged before the
    commit returns, and the commit returns only after the data are synced.
    """
    session.rollback()
    session.connection(execution_options=WRITING)
    try:
        yield session
        session.commit()
    except StaleDataError as error:
        session.rollback()
        raise Stale("changed by somebody else") from error
    except BaseException:
        session.rollback()
        raise


def as_uuid(text: str) -> UUID | None:
    """The key that `text` spells, or None: a forged key is simply absent."""
    try:
        return UUID(text)
    except ValueError:
        return None


def insert_missing(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Add rows of `model` that are not there yet; those that are stay as they are, whoever was first."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(make(model).on_conflict_do_nothing(), rows)
