"""The one way to write: synced, all or nothing, nobody's change lost."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ForeignKey, func, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from portal.base.db import UTCDateTime, as_uuid, engine_for, new_id, writing
from portal.base.errors import Refused, Stale

NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Asia/Jakarta"))


class Own(DeclarativeBase):
    """Tables of this test alone: the portal's metadata must not grow by them."""

    type_annotation_map = {datetime: UTCDateTime}


class Thing(Own):
    """A row as concerns and sessions are: with a version, and a moment."""

    __tablename__ = "things"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    count: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(default=NOON)
    of_id: Mapped[UUID | None] = mapped_column(ForeignKey("things.id"))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class Tally(Own):
    """A running total without a version: only the lock keeps it right."""

    __tablename__ = "tallies"

    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]


@pytest.fixture
def engine(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path}/portal.sqlite")
    Own.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def thing(engine) -> Thing:
    with Session(engine, expire_on_commit=False) as session, writing(session):
        thing = Thing(name="first")
        session.add(thing)
    return thing


def names(engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Thing.name).order_by(Thing.name)))


def fail_after_writing(session: Session, thing: Thing, fault: type[BaseException]) -> None:
    """Change one row, add another, bring both to the database, then break."""
    with writing(session):
        session.get(Thing, thing.id).name = "changed"
        session.add(Thing(name="added"))
        session.flush()
        raise fault


def correct(session: Session, thing: Thing, *, count: int) -> None:
    """A change to a row by somebody who holds it since before."""
    with writing(session):
        held = session.get(Thing, thing.id)
        session.execute(text("UPDATE things SET version = version + 1"))  # another machine, in between
        held.count = count


def test_a_moment_without_a_zone_is_refused(engine):
    with Session(engine) as session:
        session.add(Thing(name="naive", at=datetime(2026, 11, 24, 12)))

        with pytest.raises(StatementError, match="without a zone"):
            session.flush()


@pytest.mark.asvs("V16.2.2")
def test_a_moment_comes_back_as_the_same_instant_in_utc(engine, thing):
    with Session(engine) as session:
        kept = session.scalar(select(Thing.at))
        found = session.scalar(select(func.count()).where(Thing.at == NOON))

    assert kept == NOON
    assert kept.tzinfo is UTC
    assert found == 1


def test_writing_commits(engine, thing):
    with Session(engine) as session, writing(session):
        session.get(Thing, thing.id).name = "changed"

    assert names(engine) == ["changed"]


@pytest.mark.asvs("V2.3.3")
@pytest.mark.parametrize("fault", [ZeroDivisionError, Refused, KeyboardInterrupt])
def test_a_fault_takes_everything_back(engine, thing, fault):
    with Session(engine) as session:
        with pytest.raises(fault):
            fail_after_writing(session, thing, fault)
        session.commit()

    assert names(engine) == ["first"]


def test_after_a_fault_the_same_session_can_write_again(engine, thing):
    with Session(engine) as session:
        with pytest.raises(ZeroDivisionError):
            fail_after_writing(session, thing, ZeroDivisionError)
        with writing(session):
            session.get(Thing, thing.id).name = "changed"

    assert names(engine) == ["changed"]


def test_what_was_read_before_is_read_again_under_the_lock(engine, thing):
    with Session(engine, expire_on_commit=False) as slow, Session(engine) as quick:
        read_early = slow.get(Thing, thing.id)
        with writing(quick):
            quick.get(Thing, thing.id).name = "by the quick one"

        with writing(slow):
            seen_under_lock = read_early.name

    assert seen_under_lock == "by the quick one"


def test_what_was_changed_outside_the_block_is_not_written_by_it(engine, thing):
    with Session(engine) as session:
        session.get(Thing, thing.id).name = "forgotten"
        with writing(session):
            session.add(Thing(name="second"))

    assert names(engine) == ["first", "second"]


def test_a_row_changed_under_ones_hands_is_stale_and_stays_as_it_was(engine, thing):
    with Session(engine) as session:
        with pytest.raises(Stale):
            correct(session, thing, count=2)

        session.expire_all()
        assert session.get(Thing, thing.id).count == 0


def test_a_second_writer_with_an_old_copy_meets_the_first_ones_change(engine, thing):
    with Session(engine) as quick, writing(quick):
        quick.get(Thing, thing.id).count = 2

    with Session(engine) as slow, pytest.raises(Stale), writing(slow):
        slow.merge(Thing(id=thing.id, name="first", count=3, at=NOON, version=thing.version))

    with Session(engine) as session:
        kept = session.get(Thing, thing.id)
        assert (kept.count, kept.version) == (2, 2)


@pytest.mark.asvs("V15.4.1", "V15.4.3")
def test_eight_writers_at_once_lose_nothing(engine):
    with Session(engine) as session, writing(session):
        session.add(Tally(id=1, total=0))

    def add_many(_writer: int) -> None:
        with Session(engine) as session:
            for _ in range(25):
                session.scalar(select(Tally.total))  # a read before, as pages do
                with writing(session):
                    tally = session.get(Tally, 1)
                    tally.total = tally.total + 1

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(add_many, range(8)))

    with Session(engine) as session:
        assert session.scalar(select(Tally.total)) == 8 * 25


def test_readers_are_not_kept_waiting_by_a_writer(engine, thing):
    with Session(engine) as writer, writing(writer):
        writer.get(Thing, thing.id).name = "changed"
        writer.flush()

        assert names(engine) == ["first"]


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1),
     ("trusted_schema", 0), ("busy_timeout", 5000)],
)
def test_sqlite_is_set_up_to_last_and_to_forget(engine, pragma, value):
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_row_that_points_at_nothing_is_refused(engine):
    with Session(engine) as session:
        session.add(Thing(name="orphan", of_id=uuid4()))

        with pytest.raises(IntegrityError):
            session.flush()


@pytest.mark.parametrize("url", ["postgresql://portal@db/portal", "postgresql+psycopg://portal@db/portal"])
def test_postgresql_is_spoken_to_by_psycopg(url):
    engine = engine_for(url)

    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")


@pytest.mark.asvs("V15.3.5")
@pytest.mark.parametrize("forged", ["", "1", "x" * 36, "../../etc/passwd", "\x00", "0" * 33, "१" * 31])
def test_a_forged_key_is_absent(forged):
    assert as_uuid(forged) is None


def test_a_key_is_read_back():
    key = uuid4()

    assert as_uuid(str(key)) == key


def test_keys_say_nothing_of_order():
    keys = [new_id() for _ in range(100)]

    assert {key.version for key in keys} == {4}
    assert keys != sorted(keys)


def test_a_connection_to_a_file_that_was_replaced_is_not_used_again(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path}/a.sqlite")
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TABLE t (x)")
    engine.dispose()
    shutil.copy(tmp_path / "a.sqlite", tmp_path / "b.sqlite")
    with engine.connect() as db:
        db.exec_driver_sql("SELECT 1")

    (tmp_path / "b.sqlite").rename(tmp_path / "a.sqlite")
    with engine.begin() as db:
        db.exec_driver_sql("INSERT INTO t VALUES (1)")
    engine.dispose()

    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as seen:
        assert seen.execute("SELECT x FROM t").fetchall() == [(1,)]
