"""Forgetting: what is over its time goes with every byte, the rest stays, and the trail proves it without content."""

import os
import random
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, func, select, text, update

from portal.accounts import changes
from portal.accounts.models import Account, Device, FailedTry, SignIn, UsedChallenge
from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import now, telling
from portal.base.db import Base, new_id, writing
from portal.base.settings import BadSettings, Settings
from portal.casework import commands as casework
from portal.casework import holds
from portal.casework.models import Hold, MonthlyFact, Note
from portal.cli import purge
from portal.cli.tick import tick
from portal.flags.life import Move, Risk
from portal.flags.models import ContentKey, Flag, FlagStep, Message
from portal.followup.models import Presence
from portal.outreach.models import Outreach, OutreachPhoto
from portal.upkeep import erasing, forgetting
from tests.casework.at_work import CODES, WHY, a_letter, assesses, closes, does, taken
from tests.factories import viewer_of
from tests.followup.at_desk import Officer, cadre_adds, sent
from tests.outreach.test_sessions import held_at, logged
from tests.support import canary
from tests.support.phone import phone_of

LONG_AGO = timedelta(days=5 * 366 + 2)


@contextmanager
def back_then(before=LONG_AGO):
    with telling(now() - before):
        yield


def an_old_concern(city, **given):
    """One that ended more than five years ago, with something in every table that hangs on it."""
    with back_then():
        rina = Officer(city, city.rina)
        flag_id = taken(rina, Risk.LOW, **given)
        assesses(rina, flag_id, Risk.LOW, CODES)
        cadre_adds(city, flag_id)
        rina.does(Move.ACT, flag_id)
        rina.does(Move.ASK, flag_id)
        closes(rina, flag_id)
        return flag_id


def forgets(city, *, really=True):
    city.db.rollback()
    city.app.config["SETTINGS"] = city.settings
    return city.app.test_cli_runner().invoke(purge.purge, ["--really"] if really else [])


def number_of(city, table, *conditions):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(table).where(*conditions))


def secrets_of(city, *flag_ids):
    """Every sealed byte, wrap and mark that hangs on these concerns; not the reporter's, who has others."""
    city.db.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        binary = [column for column in table.columns
                  if isinstance(column.type, LargeBinary) and column.name != "reporter_tag"]
        key = table.c.get("flag_id", table.c.id if table.name == "flags" else None)
        if binary and key is not None:
            rows = city.db.execute(select(*binary).where(key.in_(flag_ids)))
            found += [bytes(value) for row in rows for value in row if value is not None]
    return found


def left_in(url, secrets):
    """Which pieces of the secrets, of 16 bytes each, still stand in the database's files."""
    pieces = {secret[first:first + 16] for secret in secrets for first in range(0, len(secret) - 15, 8)}
    data = b"\0".join(file.read_bytes() for file in canary.database_files(url))
    return [data[at:at + 16] for at in range(len(data)) if data[at:at + 16] in pieces]


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


def test_names_go_from_old_sessions_and_the_counts_stay(city):
    with back_then(timedelta(days=1)):
        old = logged(city, held=held_at(city, held_on=date(2019, 5, 1), speaker="Dr. Melati", note="Ibu Dahlia ikut"))
    young = logged(city, held=held_at(city, speaker="Dr. Kenanga"), once="other")

    forgets(city)

    city.db.rollback()
    one, other = (city.db.get_one(Outreach, key, populate_existing=True) for key in (old, young))
    assert (one.speaker, one.note, one.attendance) == ("", "", 18)
    assert other.speaker == "Dr. Kenanga"
    assert city.app.test_cli_runner().invoke(args=["sessions", "recount", "--check"]).exit_code == 0


def test_old_photos_go_with_their_files(city, tmp_path):
    city.settings = replace(city.settings, photos_dir=tmp_path / "photos")
    city.settings.photos_dir.mkdir()
    old = logged(city, held=held_at(city, held_on=date(2023, 5, 1)))
    young = logged(city, once="other")
    files = {}
    with writing(city.db):
        for outreach in (old, young):
            photo = OutreachPhoto(id=new_id(), outreach_id=outreach, added_on=date(2024, 1, 1), width=1,
                                  height=1, bytes=1)
            city.db.add(photo)
            files[outreach] = city.settings.photos_dir / f"{photo.id}.jpg"
    just_coming = city.settings.photos_dir / "just-coming.jpg"
    for file in (*files.values(), just_coming):
        file.write_bytes(b"picture")
    for file in files.values():
        os.utime(file, (time.time() - 200_000,) * 2)

    forgets(city)

    assert sorted(city.settings.photos_dir.iterdir()) == sorted([files[young], just_coming])
    assert number_of(city, OutreachPhoto) == 1


def test_an_account_switched_off_long_ago_loses_all_that_was_hers(any_city):
    city = any_city
    phone_of(city, city.budi)
    for person, days in ((city.budi, 0), (city.keyless, 0), (city.guru, 700)):
        with telling(now() + timedelta(days=days)), writing(city.db):
            changes.switch(city.db, city.db.get_one(Account, person.account_id), on=False,
                           by=viewer_of(city.db, city.agus))

    with telling(now() + timedelta(days=740)):
        forgets(city)

    budi, officer, guru = (city.db.get_one(Account, person.account_id, populate_existing=True)
                           for person in (city.budi, city.keyless, city.guru))
    assert (budi.name, budi.sealed_phone, budi.phone_tag, budi.secret_hash) == ("–", None, None, "")
    assert (officer.name, officer.sealed_totp, officer.secret_hash) == ("Nona Baru", None, "")
    assert guru.name == "Bu Guru"
    assert guru.sealed_phone is not None
    assert number_of(city, Device, Device.account_id == city.budi.account_id) == 0
    with telling(now() + timedelta(days=741)):
        assert "accounts  after 2 years   0 deleted" in forgets(city).output


def test_traces_of_the_moment_go_but_what_was_stopped_stays_stopped(city):
    flag_id, today, at = sent(city), now().date(), now()
    old = timedelta(days=10)
    with writing(city.db):
        city.db.add_all([
            Presence(flag_id=flag_id, account_id=city.rina.account_id, since=at - old, seen_at=at - old),
            UsedChallenge(tag=b"1" * 32, used_on=today - old), UsedChallenge(tag=b"2" * 32, used_on=today),
            FailedTry(tag=b"1" * 32, count=3, last_at=at - old), FailedTry(tag=b"2" * 32, count=20, last_at=at - old),
            FailedTry(tag=b"3" * 32, count=3, last_at=at),
            SignIn(token_hash=b"1" * 32, account_id=city.siti.account_id, began_on=today - old, ends_on=today - old),
            SignIn(token_hash=b"2" * 32, account_id=city.siti.account_id, began_on=today, ends_on=today),
            DoneOnce(mark=b"1" * 32, digest=b"1" * 32, outcome="x", done_on=today - timedelta(days=91)),
        ])

    answer = forgets(city)

    assert "traces    after 1 days    4 deleted" in answer.output
    assert [row[0][:1] for row in city.db.execute(select(FailedTry.tag).order_by(FailedTry.tag))] == [b"2", b"3"]
    assert (number_of(city, UsedChallenge), number_of(city, SignIn), number_of(city, Presence)) == (1, 1, 0)
    assert number_of(city, DoneOnce, DoneOnce.outcome == "x") == 0


def test_the_clock_does_it_once_a_day(city):
    an_old_concern(city)
    city.db.rollback()

    first = city.app.test_cli_runner().invoke(tick)
    an_old_concern(city)
    city.db.rollback()
    second = city.app.test_cli_runner().invoke(tick)
    with telling(now() + timedelta(hours=24)):
        next_day = city.app.test_cli_runner().invoke(tick)

    assert ["are deleted" in one.output for one in (first, second, next_day)] == [True, False, True]
    assert number_of(city, Flag) == 0


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
        patch.setattr(purge, "_erased", lambda: False)
        forgets(city)
    assert left_in(city.url, secrets) != []

    answer = forgets(city)

    assert answer.exit_code == 0
    assert left_in(city.url, secrets) == []
    city.db.rollback()
    assert not forgetting.rests_are_left(city.db)


@pytest.mark.parametrize(("name", "value"), [
    ("KEEP_CONCERNS_YEARS", "0"), ("KEEP_CONCERNS_YEARS", "101"), ("KEEP_PHOTOS_YEARS", "-1"),
    ("KEEP_FORMS_DAYS", "999999999999"), ("BACKUP_KEY_DAYS", "many"), ("KEEP_ACCOUNTS_YEARS", ""),
])
def test_a_time_that_no_calendar_has_is_refused(name, value):
    with pytest.raises(BadSettings):
        Settings.from_environment({f"PORTAL_{name}": value})


def test_five_years_before_the_last_of_february_is_the_first_of_march():
    moment = purge.Moment(datetime.now(), date(2028, 2, 29))

    assert (moment.years_ago(4), moment.years_ago(5)) == (date(2024, 2, 29), date(2023, 3, 1))
