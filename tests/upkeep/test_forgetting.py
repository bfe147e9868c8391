"""Forgetting: what is over its time goes with every byte, the rest stays, and the trail proves it without content."""

import os
import random
import sqlite3
from contextlib import closing
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from portal.accounts.models import SealingKey
from portal.audit.log import record
from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import now, telling, today
from portal.base.db import new_id, writing
from portal.casework import commands as casework
from portal.casework import holds
from portal.casework.models import BreakGlass, Hold, MonthlyFact, Note, Proposal
from portal.cli import purge, tick
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.life import Move, Risk
from portal.flags.models import ContentKey, Flag, FlagStep, Message, Withheld
from portal.upkeep import erasing, forgetting, retention
from portal.upkeep.retention import Moment
from tests.casework.at_work import WHY, a_letter, closes, does, taken
from tests.factories import some_answers, viewer_of
from tests.followup.at_desk import Officer, sent
from tests.upkeep.at_forgetting import an_old_concern, back_then, forgets, left_in, number_of, secrets_of


@pytest.mark.asvs("V14.2.7")
def test_an_old_concern_goes_with_all_that_hangs_on_it_and_a_young_one_stays(any_city):
    old = an_old_concern(any_city)
    rina, young = Officer(any_city, any_city.rina), sent(any_city)
    rina.closes(young)

    answer = forgets(any_city)

    assert answer.exit_code == 0, answer.output
    assert "concerns  after 5 years   1 deleted" in answer.output
    assert set(any_city.db.scalars(select(Flag.id))) == {young}
    for table in (ContentKey, FlagStep, Note, Message):
        assert number_of(any_city, table, table.flag_id == old) == 0
        assert table is Message or number_of(any_city, table, table.flag_id == young) > 0


def test_from_whom_it_was_kept_outlives_a_concern(any_city):
    """So that the trail says of them no more than before, whoever reads it."""
    conflict = an_old_concern(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)), by=any_city.ratna)
    near, plain, young = an_old_concern(any_city), an_old_concern(any_city), sent(any_city)
    young_conflict = sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    with writing(any_city.db):
        for flag_id in (near, young):
            dewi = viewer_of(any_city.db, any_city.dewi)
            flags.step_aside(any_city.db, any_city.db.get_one(Flag, flag_id), by=dewi)

    forgets(any_city)

    assert set(any_city.db.scalars(select(Flag.id))) == {young, young_conflict}
    key_id = any_city.db.scalar(select(SealingKey.id).where(
        SealingKey.kind == "conflict", SealingKey.unit_id == dewi.unit_id))
    kept = any_city.db.execute(select(Withheld.flag_id, Withheld.kept_from)).all()
    assert set(kept) == {(conflict, key_id), (near, dewi.account_id)}
    assert plain not in {conflict, near}


@pytest.mark.asvs("V14.2.7")
def test_no_byte_of_it_stays_in_any_file(city):
    old = [an_old_concern(city, story="x" * size) for size in (10, 3000, 12_000) for _ in range(3)]
    young = sent(city)
    secrets = secrets_of(city, *old)
    assert len(left_in(city.url, secrets)) > len(old) * 100

    forgets(city)

    assert left_in(city.url, secrets) == []
    assert left_in(city.url, secrets_of(city, young)) != []


def test_without_emptying_the_log_bytes_would_be_found(city, monkeypatch):
    secrets = secrets_of(city, an_old_concern(city))
    monkeypatch.setattr(erasing, "_log_emptied", lambda connection: True)

    forgets(city)

    assert left_in(city.url, secrets) != []


def test_without_writing_the_file_anew_wraps_would_be_found_where_a_page_was_split(city):
    wraps = {new_id().hex: os.urandom(114) for _ in range(8000)}
    order, chance = list(wraps), random.Random(7)
    gone = order[::2]
    raw = city.app.extensions["engine"].raw_connection()
    table = raw.driver_connection
    table.execute("PRAGMA foreign_keys = OFF")
    table.execute("BEGIN")
    for number, (row, wrap) in enumerate(wraps.items(), 1):
        table.execute("INSERT INTO content_keys (id, flag_id, key_id, wrapped) VALUES (?, ?, ?, ?)",
                      (row, row, row, wrap))
        read_first = order[chance.randrange(number)]
        table.execute("UPDATE content_keys SET rewrapped = ? WHERE id = ?", (os.urandom(61), read_first))
    table.executemany("DELETE FROM content_keys WHERE id = ?", [(row,) for row in gone])
    table.execute("COMMIT")
    erasing._log_emptied(table)
    raw.close()
    secrets = [wraps[row] for row in gone]
    before = left_in(city.url, secrets)

    assert erasing.erase_rests(city.app.extensions["engine"])

    assert before != []
    assert left_in(city.url, secrets) == []


def test_while_somebody_holds_the_database_nothing_is_said_to_be_erased_and_no_other_trouble_is_passed_over(city):
    file = city.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as ours, closing(
            sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not erasing._written_anew(ours)
        other.execute("ROLLBACK")
        assert erasing._written_anew(ours)

        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM flags").fetchone()
        ours.execute("UPDATE areas SET name = name")
        assert not erasing._log_emptied(ours)
        other.execute("ROLLBACK")
        assert erasing._log_emptied(ours)

        ours.execute("PRAGMA query_only = ON")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            erasing._written_anew(ours)


@pytest.mark.parametrize("step", ["_written_anew", "_log_emptied"])
def test_it_is_erased_only_when_each_step_is_done(city, monkeypatch, step):
    monkeypatch.setattr(erasing, "_PATIENCE", 0)
    assert erasing.erase_rests(city.app.extensions["engine"])

    monkeypatch.setattr(erasing, step, lambda connection: False)

    assert not erasing.erase_rests(city.app.extensions["engine"])


@pytest.mark.postgres
def test_on_postgresql_no_wrap_stays_in_the_tables_file(postgres_city):
    secrets = [wrap for wrap in secrets_of(postgres_city, an_old_concern(postgres_city)) if len(wrap) < 200]
    sent(postgres_city)

    forgets(postgres_city)

    postgres_city.db.rollback()
    postgres_city.db.execute(text("CHECKPOINT"))
    file = postgres_city.db.scalar(text(
        "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('content_keys')"))
    postgres_city.db.rollback()
    data = Path(file).read_bytes()
    assert len(data) > 0
    assert not any(wrap in data for wrap in secrets)


def test_a_dry_run_counts_and_deletes_nothing(city):
    an_old_concern(city)

    answer = forgets(city, really=False)

    assert "concerns  after 5 years   1 would be deleted" in answer.output
    assert "0 concerns stay under a hold, 0 because something on them is still open." in answer.output
    assert number_of(city, Flag) == 1
    assert number_of(city, AuditEntry, AuditEntry.action.startswith("purge.")) == 0


def test_what_is_kept_by_the_head_or_not_quite_ended_stays(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    held, referred, reopened, open_ = (an_old_concern(city) for _ in range(4))
    does(ratna, holds.place, held, "court", "")
    with back_then():
        one = taken(rina, Risk.LOW)
        does(rina, casework.refer, one, a_letter(rina))
        closes(rina, one)
        rina.does(Move.REOPEN, reopened)
        never_ended = sent(city)
    with writing(city.db):
        city.db.execute(update(Flag).where(Flag.id == referred).values(referrals_out=1))

    answer = forgets(city)

    city.db.rollback()
    assert set(city.db.scalars(select(Flag.id))) == {held, referred, reopened, one, never_ended}
    assert open_ not in city.db.scalars(select(Flag.id)).all()
    assert "1 concerns stay under a hold, 2 because something on them is still open." in answer.output


def test_an_act_alone_that_nobody_looked_at_keeps_it_and_one_that_was_reviewed_does_not(city):
    waiting, reviewed = an_old_concern(city), an_old_concern(city)
    with writing(city.db):
        for flag_id, by in ((waiting, None), (reviewed, city.ratna.account_id)):
            note = city.db.scalars(select(Note).where(Note.flag_id == flag_id)).first()
            city.db.add(BreakGlass(note_id=note.id, flag_id=flag_id, at=note.written_at, by_id=city.rina.account_id,
                                   until=note.written_at + timedelta(hours=4), reviewed_by_id=by,
                                   reviewed_at=note.written_at + timedelta(hours=9) if by else None))

    answer = forgets(city)

    city.db.rollback()
    assert set(city.db.scalars(select(Flag.id))) == {waiting}
    assert "1 because something on them is still open." in answer.output


def test_a_proposal_that_waits_for_a_second_officer_keeps_it_and_one_that_was_decided_does_not(city):
    waiting, decided, _none = (an_old_concern(city) for _ in range(3))
    at = now() - timedelta(days=1)
    ended = {"decided_at": at, "decided_by_id": city.ratna.account_id, "outcome": "declined"}
    with writing(city.db):
        for flag_id, end in ((waiting, {}), (decided, ended)):
            city.db.add(Proposal(flag_id=flag_id, proposed_at=at, proposed_by_id=city.rina.account_id, lapses_at=at,
                                 sealed_content=b"", **end))

    answer = forgets(city)

    city.db.rollback()
    assert set(city.db.scalars(select(Flag.id))) == {waiting}
    assert "0 concerns stay under a hold, 1 because something on them is still open." in answer.output


def test_of_what_stays_only_that_is_told_which_is_over_its_time_and_each_once(city):
    ratna, both, young = Officer(city, city.ratna), an_old_concern(city), an_old_concern(city, timedelta(days=1))
    for flag_id in (both, young):
        does(ratna, holds.place, flag_id, "court", "")
    with writing(city.db):
        city.db.execute(update(Flag).values(referrals_out=1))

    assert "1 concerns stay under a hold, 0 because something on them is still open." in forgets(city).output


def test_where_nothing_is_over_its_time_nothing_is_put_on_record(city):
    forgets(city)

    assert number_of(city, AuditEntry, AuditEntry.action.startswith("purge.")) == 0


def test_the_mark_of_the_form_it_came_with_goes_too(city):
    old, young = an_old_concern(city), sent(city)
    with writing(city.db):
        for number, flag_id in enumerate((old, young)):
            city.db.add(DoneOnce(mark=bytes([number]) * 32, digest=bytes(32), done_on=now().date(),
                                 outcome=city.db.get_one(Flag, flag_id).code))
        left = city.db.get_one(Flag, young).code

    forgets(city)

    city.db.rollback()
    assert city.db.scalars(select(DoneOnce.outcome).where(DoneOnce.digest == bytes(32))).all() == [left]


@pytest.mark.parametrize(("days", "hour", "over"), [(0, 3, False), (0, 0, False), (-1, 23, True)])
def test_the_time_is_over_by_the_citys_day(city, days, hour, over):
    flag_id, moment = an_old_concern(city), Moment(now(), today(city.settings.timezone))
    ended = datetime.combine(moment.years_ago(city.settings.keep_concerns_years) + timedelta(days=days), time(hour),
                             city.settings.timezone)
    with writing(city.db):
        city.db.execute(update(Flag).where(Flag.id == flag_id).values(closed_at=ended))

    found = city.db.scalars(retention.old_concerns(city.settings, moment)).all()

    assert found == ([flag_id] if over else [])


def test_what_is_let_go_is_forgotten_the_next_time(city):
    ratna, flag_id = Officer(city, city.ratna), an_old_concern(city)
    does(ratna, holds.place, flag_id, "court", "")
    forgets(city)
    does(ratna, holds.lift, flag_id, WHY)

    forgets(city)

    assert (number_of(city, Flag), number_of(city, Hold)) == (0, 0)


def test_the_trail_proves_it_without_content(city, sign_in):
    flag_id = an_old_concern(city)

    forgets(city)

    entry = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "purge.concerns")).one()
    assert (entry.actor_id, entry.amount, entry.reason) == (None, 1, "after 5 years")
    assert entry.subject == forgetting._digest([str(flag_id)])
    page = sign_in(city.ratna).get("/jejak")
    assert "Deleted old concerns" in page.text
    assert "Kept for 5 years" in page.text


def test_what_was_counted_of_it_stays(city):
    an_old_concern(city)

    forgets(city)

    assert number_of(city, MonthlyFact) == 1


def test_many_are_forgotten_part_by_part(city, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    for _ in range(5):
        an_old_concern(city)

    answer = forgets(city)

    assert "5 deleted" in answer.output
    assert [entry.amount for entry in city.db.scalars(
        select(AuditEntry).where(AuditEntry.action == "purge.concerns").order_by(AuditEntry.id))] == [2, 2, 1]


def test_a_failure_in_the_middle_of_a_part_leaves_it_as_it_was(city, monkeypatch):
    flag_id = an_old_concern(city)

    def breaks(*_args, **_more):
        raise RuntimeError("power cut")

    monkeypatch.setattr(forgetting, "record", breaks)
    forgets(city)

    assert number_of(city, ContentKey, ContentKey.flag_id == flag_id) == 2


def test_a_log_that_is_being_read_is_told_of(city, monkeypatch):
    monkeypatch.setattr(erasing, "_PATIENCE", 0)
    monkeypatch.setattr(erasing, "_log_emptied", lambda connection: False)
    an_old_concern(city)

    answer = forgets(city)

    assert answer.exit_code == 1
    assert "could not be written anew" in answer.output
    assert forgetting.rests_are_left(city.db)


def test_what_could_not_be_erased_is_erased_the_next_time(city, monkeypatch):
    secrets = secrets_of(city, *(an_old_concern(city) for _ in range(3)))
    with monkeypatch.context() as patch:
        patch.setattr(purge, "erased", lambda: False)
        forgets(city)
    assert left_in(city.url, secrets) != []

    answer = forgets(city)

    assert answer.exit_code == 0
    assert left_in(city.url, secrets) == []
    city.db.rollback()
    assert not forgetting.rests_are_left(city.db)


@pytest.mark.parametrize("asks", [purge.purge, tick.tick])
def test_a_clock_that_ran_ahead_forgets_nothing_until_somebody_says_that_it_is_right(city, asks):
    sent_and_closed = an_old_concern(city, before=timedelta(days=1))
    assert forgets(city).exit_code == 0  # as each day
    with telling(now() + timedelta(days=6 * 365)):
        with writing(city.db):
            record(city.db, "test.act", "x", by=None)  # the portal serves on, and writes the wrong time down
        run = city.app.test_cli_runner()
        told = [run.invoke(asks, ["--really"] if asks is purge.purge else []) for _ in range(2)]
        assert number_of(city, Flag, Flag.id == sent_and_closed) == 1

        trusted, next_day = forgets(city, trust_clock=True), run.invoke(tick.tick)

    assert [answer.exit_code for answer in told] == [1, 1]
    assert all("Is the clock right?" in answer.output for answer in told)
    assert (trusted.exit_code, next_day.exit_code) == (0, 0), next_day.output
    assert number_of(city, Flag, Flag.id == sent_and_closed) == 0


@pytest.mark.parametrize(("days", "refused"), [(7, False), (8, True)])
def test_before_the_first_time_the_trail_says_how_long_the_server_was_away(city, days, refused):
    with telling(now() + timedelta(days=days)):
        answer = forgets(city)

    assert (answer.exit_code, "Is the clock right?" in answer.output) == (int(refused), refused)


def test_to_count_the_clock_need_not_be_trusted(city):
    with telling(now() + timedelta(days=6 * 365)):
        assert forgets(city, really=False).exit_code == 0
