"""The chain of the trail: in the order of the commits, whole after every transaction, and never in anybody's way."""

import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from portal.audit import chain, verification
from portal.audit.log import record
from portal.audit.models import AuditEntry, AuditLink
from portal.base.db import engine_for, session_for, writing
from tests.factories import a_flag


def links(session):
    return session.execute(select(AuditLink.seq, AuditLink.entry_id, AuditLink.hash).order_by(AuditLink.seq)).all()


def test_every_entry_follows_on_the_one_before_it(any_city):
    with writing(any_city.db):
        a_flag(any_city.db, any_city.settings, any_city.siti)
        record(any_city.db, "test.act", "tiga", by=any_city.rina.account_id, reason="unit", amount=3)

    before, numbers = chain.BEGINNING, []
    for seq, entry_id, hash_ in links(any_city.db):
        before = chain.link_hash(before, any_city.db.get(AuditEntry, entry_id))
        numbers.append(seq)
        assert hash_ == before

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(any_city.db.scalars(select(AuditEntry.id)).all())


def test_what_was_rolled_back_leaves_no_link_and_no_gap(any_city):
    def fails():
        with writing(any_city.db):
            record(any_city.db, "test.lost", "x", by=None)
            any_city.db.flush()
            raise KeyError

    before = len(links(any_city.db))
    with pytest.raises(KeyError):
        fails()
    with writing(any_city.db), any_city.db.begin_nested() as inner:
        record(any_city.db, "test.lost", "y", by=None)
        any_city.db.flush()
        inner.rollback()
    with writing(any_city.db):
        with any_city.db.begin_nested():
            record(any_city.db, "test.kept", "z", by=None)
        record(any_city.db, "test.kept", "z", by=None)

    assert [seq for seq, *_ in links(any_city.db)] == list(range(1, before + 3))
    assert verification.verify(any_city.db).holds


def test_what_was_written_before_a_savepoint_is_linked_also_when_one_around_it_is_taken_back(any_city):
    with writing(any_city.db):
        record(any_city.db, "test.kept", "x", by=None)
        with any_city.db.begin_nested() as outer:
            with any_city.db.begin_nested():
                record(any_city.db, "test.lost", "y", by=None)
            outer.rollback()

    assert verification.verify(any_city.db).faults == []


def test_writers_at_the_same_time_make_one_chain(any_city):
    """Also where they change the same person, whom each other's entries name: nobody waits for ever."""
    engine = engine_for(any_city.url)

    def write(number):
        for turn in range(8):
            with session_for(engine) as session, writing(session):
                session.execute(text("UPDATE accounts SET sign_in_name = :new WHERE name = 'Rina A.'"),
                                {"new": f"rina{number}{turn}"})
                record(session, "test.act", f"{number}.{turn}", by=any_city.rina.account_id)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    engine.dispose()
    any_city.db.rollback()
    verdict = verification.verify(any_city.db)
    assert verdict.faults == []
    assert len(any_city.db.scalars(select(AuditEntry).where(AuditEntry.action == "test.act")).all()) == 48


@pytest.mark.asvs("V16.4.2")
@pytest.mark.parametrize("change", ["UPDATE audit_links SET seq = seq + 1000", "DELETE FROM audit_links"])
def test_the_database_refuses_to_change_the_chain(any_city, change):
    with pytest.raises(DatabaseError, match="the trail only grows"), writing(any_city.db):
        any_city.db.execute(text(change))


@pytest.mark.parametrize("replace", [
    "INSERT OR REPLACE INTO audit_entries SELECT id, at, actor_id, 'x', subject, reason, amount FROM audit_entries",
    "INSERT OR REPLACE INTO audit_links SELECT seq, entry_id, x'00' FROM audit_links",
    "INSERT OR REPLACE INTO audit_links SELECT seq + 100000, entry_id, x'00' FROM audit_links",
])
def test_sqlite_refuses_to_replace_what_is_there(city, replace):
    with pytest.raises(DatabaseError, match="the trail only grows"), writing(city.db):
        city.db.execute(text(replace))


def test_postgresql_refuses_to_empty_the_trail(postgres_city):
    with pytest.raises(DatabaseError, match="the trail only grows"), writing(postgres_city.db):
        postgres_city.db.execute(text("TRUNCATE audit_entries, audit_links"))
