"""Tables, engine and the one way to write: what every feature's models stand on.

SQLite takes its write lock at the start of a writing transaction (`BEGIN IMMEDIATE`), because a
transaction that reads first and upgrades later is refused at once, busy timeout or not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.exc import StaleDataError

from portal.base.errors import Stale

WRITING = {"writing": True}
BREATH = 0.1
"""Seconds that whoever writes much, in many transactions, waits between two: on SQLite others ask for the lock at
most that far apart, and without a gap they might be refused after five seconds."""

_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
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
    """An engine for `url` (SQLite or PostgreSQL), with the house's durability settings."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(pragma)


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
