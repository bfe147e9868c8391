"""How long the rest is kept: names in sessions, photos, accounts, traces; and that the clock sees to it."""

import os
import time
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import inspect, select

from portal.accounts import changes, throttle
from portal.accounts.models import (
    Account,
    AccountNews,
    Device,
    FailedTry,
    Invitation,
    KeyGrant,
    PendingChange,
    SignIn,
    StaffKey,
    UsedChallenge,
)
from portal.accounts.roles import Role
from portal.audit.log import record
from portal.audit.models import DoneOnce
from portal.base.clock import now, telling
from portal.base.db import new_id, writing
from portal.base.settings import BadSettings, Settings
from portal.cli import purge
from portal.cli.tick import tick
from portal.flags.models import Flag
from portal.followup.models import Presence
from portal.outreach.models import Outreach, OutreachCorrection, OutreachImport, OutreachPhoto
from portal.upkeep import forgetting, retention
from portal.upkeep.retention import Kind, Moment
from tests.factories import area, viewer_of
from tests.followup.at_desk import sent
from tests.outreach.test_sessions import held_at, logged
from tests.support.phone import phone_of
from tests.upkeep.at_forgetting import an_old_concern, back_then, forgets, number_of

SECOND = timedelta(seconds=1)


@pytest.mark.asvs("V14.2.7")
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


def test_a_session_is_due_by_anything_that_names_somebody_and_not_again_once_that_is_gone(city):
    moment, logs = Moment(now(), now().date()), {}
    with back_then(timedelta(days=1)):
        for name, named, day in (("speaker", {"speaker": "Dr. Melati"}, 2019), ("note", {"note": "Ibu Dahlia"}, 2019),
                                 ("corrected", {}, 2019), ("young", {}, 2026), ("nobody", {}, 2019)):
            logs[name] = logged(city, held=held_at(city, held_on=date(day, 5, 1), **named), once=name)
    with writing(city.db):
        city.db.add_all(OutreachCorrection(outreach_id=logs[name], version=1, corrected_on=moment.today,
                                           by_id=city.siti.account_id, before={"speaker": "Dr. Kenanga"})
                        for name in ("corrected", "young"))

    def due():
        return set(city.db.scalars(retention.old_sessions(city.settings, moment)))

    assert due() == {logs[name] for name in ("speaker", "note", "corrected")}
    forgets(city)
    assert due() == set()
    assert city.db.scalars(select(OutreachCorrection.outreach_id)).all() == [logs["young"]]


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
        forgets(city, trust_clock=True)

    budi, officer, guru = (city.db.get_one(Account, person.account_id, populate_existing=True)
                           for person in (city.budi, city.keyless, city.guru))
    assert (budi.name, budi.sealed_phone, budi.phone_tag, budi.secret_hash) == ("–", None, None, "")
    assert (officer.name, officer.sealed_totp, officer.secret_hash) == ("Nona Baru", None, "")
    assert guru.name == "Bu Guru"
    assert guru.sealed_phone is not None
    assert number_of(city, Device, Device.account_id == city.budi.account_id) == 0
    with telling(now() + timedelta(days=741)):
        assert "accounts  after 2 years   0 deleted" in forgets(city).output


def test_of_a_forgotten_account_nothing_is_left_by_which_somebody_could_be_found(city):
    person = city.keyless.account_id
    with writing(city.db):
        officer = city.db.get_one(Account, person)
        officer.title, officer.sealed_phone, officer.phone_tag = "Psikolog", b"sealed", bytes(32)
    with writing(city.db):
        changes.switch(city.db, officer, on=False, by=viewer_of(city.db, city.agus))

    with telling(now() + timedelta(days=740)):
        forgets(city, trust_clock=True)

    officer = city.db.get_one(Account, person, populate_existing=True)
    assert (officer.title, officer.sealed_phone, officer.phone_tag, officer.sealed_totp, officer.secret_hash,
            officer.sign_in_name) == ("", None, None, None, "", f"gone-{person.hex}")


def test_only_who_is_off_is_forgotten_and_by_what_was_done_to_the_account_last(city):
    agus = viewer_of(city.db, city.agus)

    def switches(person, on):
        with writing(city.db):
            changes.switch(city.db, city.db.get_one(Account, person.account_id), on=on, by=agus)

    for person in (city.budi, city.keyless, city.guru):
        switches(person, on=False)
    switches(city.guru, on=True)
    with telling(now() + timedelta(days=700)), writing(city.db):
        record(city.db, "account.name", city.keyless.account_id, by=agus.account_id)
        record(city.db, "test.act", city.budi.account_id, by=agus.account_id)  # not to his account
        city.db.get_one(Account, city.budi.account_id).sign_in_name = None  # as those in the field once had none
    in_two_years = now() + timedelta(days=740)

    assert retention.old_accounts(city.db, city.settings, Moment(in_two_years, in_two_years.date())) == [
        city.budi.account_id]


def test_who_once_worked_at_the_office_keeps_her_name_because_she_stands_in_the_trail(any_city):
    city = any_city
    admin = viewer_of(city.db, city.agus)
    with writing(city.db):
        dewi = city.db.get_one(Account, city.dewi.account_id)
        changes.ask_role(city.db, dewi, Role.CADRE, area(city.db, "98.01.01.1001"), by=admin)
        city.db.flush()
        asked = city.db.get_one(PendingChange, (dewi.id, "role"))
        changes.agree(city.db, asked, dewi, by=viewer_of(city.db, city.ratna))
        changes.switch(city.db, city.db.get_one(Account, city.dewi.account_id), on=False, by=admin)

    with telling(now() + timedelta(days=740)):
        forgets(city, trust_clock=True)

    dewi = city.db.get_one(Account, city.dewi.account_id, populate_existing=True)
    assert (dewi.name, dewi.secret_hash, dewi.role) == ("Dewi K.", "", "cadre")
    assert dewi.sign_in_name.startswith("gone-")


def test_an_officer_who_is_forgotten_leaves_no_wrap_of_a_key(city):
    with writing(city.db):
        changes.switch(city.db, city.db.get_one(Account, city.dewi.account_id), on=False,
                       by=viewer_of(city.db, city.agus))
    with writing(city.db):  # as somebody has it who was switched off before that took the keys away
        grant = city.db.scalars(select(KeyGrant)).first()
        city.db.add(KeyGrant(key_id=grant.key_id, account_id=city.dewi.account_id,
                             wrapped_private=grant.wrapped_private, granted_at=grant.granted_at))

    with telling(now() + timedelta(days=740)):
        forgets(city, trust_clock=True)

    assert number_of(city, KeyGrant, KeyGrant.account_id == city.dewi.account_id) == 0
    assert number_of(city, StaffKey, StaffKey.account_id == city.dewi.account_id) == 0
    assert number_of(city, KeyGrant) > 0


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


def traces(city, today, at):
    """By name, what is over its time, and beside it what is not by a day; `today` and `at` are of the moment."""
    cadre, other, day = city.siti.account_id, city.budi.account_id, timedelta(days=1)

    def device(name, ended_on):
        return Device(id=name, account_id=cadre, public=bytes(65), added_on=today, last_on=today, ended_on=ended_on)

    def imported(made_on, state="preview"):
        return OutreachImport(by_id=city.agus.account_id, made_on=made_on, state=state, file_name="", row_count=0,
                              rows=[])

    def tried(tag, last_at, count=3):
        return FailedTry(tag=tag * 32, count=count, last_at=last_at)

    flags = [sent(city), sent(city)]
    seen = [Presence(flag_id=flag_id, account_id=city.rina.account_id, since=seen_at, seen_at=seen_at)
            for flag_id, seen_at in zip(flags, (at - day - SECOND, at - day + SECOND), strict=True)]
    year = today.replace(year=today.year - 1)
    return {
        "presences": (seen[:1], seen[1:]),
        "used_challenges": ([UsedChallenge(tag=b"1" * 32, used_on=today - 2 * day)],
                            [UsedChallenge(tag=b"2" * 32, used_on=today - day)]),
        "failed_tries": ([tried(b"1", at - 2 * day - SECOND)],
                         [tried(b"2", at - 2 * day + SECOND), tried(b"3", at - 9 * day, throttle.STOP)]),
        "sign_ins": ([SignIn(token_hash=b"1" * 32, account_id=cadre, began_on=today, ends_on=today - 2 * day)],
                     [SignIn(token_hash=b"2" * 32, account_id=cadre, began_on=today, ends_on=today - day)]),
        "invitations": ([Invitation(account_id=cadre, code_tag=b"1" * 32, ends_at=at - 30 * day - SECOND)],
                        [Invitation(account_id=other, code_tag=b"2" * 32, ends_at=at - 30 * day + SECOND)]),
        "account_news": ([AccountNews(account_id=cadre, kind="card", happened_on=today - 91 * day)],
                         [AccountNews(account_id=cadre, kind="card", happened_on=today - 90 * day)]),
        "devices": ([device("1", year - day)], [device("2", year), device("3", None)]),
        "outreach_imports": ([imported(today - 31 * day)],
                             [imported(today - 30 * day), imported(today - 31 * day, "loaded"),
                              imported(today - 31 * day, "undone")]),
    }


def test_of_each_kind_of_trace_goes_what_is_over_its_time_and_nothing_that_is_not_by_a_day(city):
    at = now().replace(hour=5, microsecond=0)  # noon in Jakarta, the same day as in UTC
    moment = Moment(at, at.date())
    rows = traces(city, moment.today, at)
    with writing(city.db):
        for old, young in rows.values():
            city.db.add_all([*old, *young])
    was = {table: number_of(city, table) for table, _condition in retention.old_traces(moment)}
    due = retention.due(city.db, city.settings, moment)[Kind.TRACES]

    with writing(city.db):
        gone = forgetting.some(city.db, city.settings, Kind.TRACES, moment)

    assert {table.__tablename__ for table in was} == rows.keys()
    assert (due, gone) == (len(rows), len(rows))
    assert {table: number_of(city, table) for table in was} == {
        table: number - len(rows[table.__tablename__][0]) for table, number in was.items()}
    city.db.expunge_all()
    for old, young in rows.values():
        assert [city.db.get(type(row), inspect(row).identity) is None for row in (*old, *young)] == (
            [True] * len(old) + [False] * len(young))


def test_forms_are_remembered_for_as_long_as_they_could_come_again(city):
    moment, last = Moment(now(), now().date()), timedelta(days=city.settings.keep_forms_days)
    with writing(city.db):
        for number, day in enumerate((moment.today - last - timedelta(days=1), moment.today - last, moment.today)):
            city.db.add(DoneOnce(mark=bytes([number]) * 32, digest=bytes(32), outcome="x", done_on=day))
    before = number_of(city, DoneOnce)

    assert retention.due(city.db, city.settings, moment)[Kind.FORMS] == 1
    with writing(city.db):
        assert forgetting.some(city.db, city.settings, Kind.FORMS, moment) == 1

    assert number_of(city, DoneOnce) == before - 1
    assert number_of(city, DoneOnce, DoneOnce.mark == bytes(32)) == 0


@pytest.mark.asvs("V14.2.7")
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


def test_five_years_before_the_last_of_february_is_the_first_of_march():
    moment = purge.Moment(datetime.now(), date(2028, 2, 29))

    assert (moment.years_ago(4), moment.years_ago(5)) == (date(2024, 2, 29), date(2023, 3, 1))


@pytest.mark.parametrize(("name", "value"), [
    ("KEEP_CONCERNS_YEARS", "0"), ("KEEP_CONCERNS_YEARS", "101"), ("KEEP_PHOTOS_YEARS", "-1"),
    ("KEEP_FORMS_DAYS", "999999999999"), ("BACKUP_KEY_DAYS", "many"), ("KEEP_ACCOUNTS_YEARS", ""),
])
def test_a_time_that_no_calendar_has_is_refused(name, value):
    with pytest.raises(BadSettings):
        Settings.from_environment({f"PORTAL_{name}": value})
