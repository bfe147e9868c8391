"""`flask doctor`: a line a check that says what to do, and 1 when a server is not safe to be online."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from portal.accounts import kits
from portal.accounts.models import KeyGrant, RecoveryKit, SealingKey, Unit
from portal.areas.models import Area
from portal.audit import anchors
from portal.audit.log import record
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.settings import ServerKeys
from portal.cli import doctor, doctor_city, doctor_server, setup
from portal.flags import deadlines
from portal.upkeep import backups
from tests.factories import a_flag
from tests.support import tampering
from tests.upkeep.at_upkeep import by_hand

ONLINE = {"secure_cookies": True, "trusted_hosts": ("catatan.kota.example",), "proxies": 1,
          "admin_networks": ("10.20.0.0/16",), "mail_server": "mail.example"}


@pytest.fixture
def safe(city, tmp_path, monkeypatch):
    """Settings of a server that is safe to be online, in whose city nothing is amiss."""
    today = now().date()
    monkeypatch.setattr(doctor_server, "_looked_through", lambda: today)
    city.keys.write(tmp_path / "own" / "keys.json")
    (tmp_path / "city.sqlite").chmod(0o600)
    with writing(city.db):
        for person in ("ratna", "other"):
            _hold_twice(city, getattr(city, person))
    for end in ("-wal", "-shm"):
        (tmp_path / f"city.sqlite{end}").chmod(0o600)
    anchors.append(tmp_path / "anchors", anchors.to_line(city.keys, anchors.present(city.db)))
    _a_kit_for_each_unit(city)
    _a_backup(tmp_path)
    return replace(city.settings, backup_key=b"x", backup_dir=tmp_path / "backups",
                   keys_file=tmp_path / "own" / "keys.json", photos_dir=tmp_path / "photos",
                   audit_anchors=tmp_path / "anchors", **ONLINE)


def _a_kit_for_each_unit(city):
    with writing(city.db):
        for unit in city.db.query(Unit):
            city.db.add(RecoveryKit(unit_id=unit.id, fingerprint=kits.fingerprint(city.db, unit.id),
                                    made_on=now().date()))


def _a_backup(tmp_path):
    folder = tmp_path / "backups" / backups.CONTENT
    folder.mkdir(parents=True)
    (folder / f"20261124T000000Z{backups.ENDING}").touch()


def _hold_twice(city, head):
    """A second holder for every key that this head holds alone."""
    second = city.keyless.account_id
    for grant in city.db.query(KeyGrant).filter(KeyGrant.account_id == head.account_id).all():
        city.db.add(KeyGrant(key_id=grant.key_id, account_id=second, wrapped_private=b"x", granted_at=now()))


@pytest.fixture
def lines(city):
    """Runs the command under these settings; gives its exit code and its lines by check."""
    def run(settings):
        city.app.config["SETTINGS"] = settings
        said = city.app.test_cli_runner().invoke(doctor.doctor)
        found = (line.split(": ", 1) for line in said.output.splitlines() if not line.startswith("Error"))
        return said.exit_code, {head.split(" ", 1)[1].strip(): (head.split()[0], rest) for head, rest in found}
    return run


def test_a_safe_server_is_ok_in_every_line(safe, lines):
    code, said = lines(safe)

    assert {state for name, (state, _) in said.items() if name != "disk"} == {"ok"}, said
    assert (code, len(said)) == (0, len(doctor.OF_THE_SERVER) + len(doctor.OF_THE_CITY))


@pytest.mark.parametrize(("changes", "check", "state", "todo"), [
    ({"secure_cookies": False}, "https", "bad", "Unset PORTAL_SECURE_COOKIES"),
    ({"demo": True}, "demo", "bad", "Unset PORTAL_DEMO"),
    ({"trusted_hosts": ()}, "names", "bad", "Set PORTAL_TRUSTED_HOSTS"),
    ({"proxies": 0}, "proxies", "warn", "Set PORTAL_PROXIES=1"),
    ({"admin_networks": ()}, "administrators", "warn", "Set PORTAL_ADMIN_NETWORKS"),
    ({"office_phone": ""}, "office", "bad", "Set PORTAL_OFFICE_PHONE"),
    ({"mail_server": ""}, "mail", "warn", "Set PORTAL_MAIL_SERVER"),
    ({"audit_anchors": None}, "anchors", "warn", "Set PORTAL_AUDIT_ANCHORS"),
    ({"backup_key": b""}, "backups", "bad", "docs/backup.md"),
    ({"backup_dir": Path("/nowhere")}, "backups", "bad", "Does the timer run?"),
])
def test_a_setting_that_is_not_safe_is_said_with_what_to_do(safe, lines, changes, check, state, todo):
    code, said = lines(replace(safe, **changes))

    assert said[check][0] == state
    assert todo in said[check][1]
    assert code == (1 if state == "bad" else 0)


@pytest.mark.asvs("V15.2.1")
@pytest.mark.parametrize(("days", "state"), [(0, "ok"), (31, "ok"), (32, "warn"), (93, "bad")])
def test_components_that_nobody_looked_through_for_long_are_said(safe, lines, days, state):
    with telling(now() + timedelta(days=days)):
        assert lines(safe)[1]["components"][0] == state


def test_files_that_others_can_read_are_bad(safe, lines, tmp_path):
    safe.photos_dir.mkdir(mode=0o755)
    for file in (safe.keys_file, tmp_path / "city.sqlite"):
        file.chmod(0o644)

    code, said = lines(safe)

    assert code == 1
    assert {said[check][0] for check in ("key file", "photos", "database files")} == {"bad"}
    assert f"chmod 600 {tmp_path}/city.sqlite" in said["database files"][1]


def test_a_folder_in_which_others_could_swap_the_key_file_is_bad(safe, lines):
    safe.keys_file.parent.chmod(0o777)

    assert "chmod go-w" in lines(safe)[1]["key file"][1]


def test_the_keys_of_another_database_are_bad(safe, lines):
    safe.keys_file.unlink()
    ServerKeys.fresh().write(safe.keys_file)

    code, said = lines(replace(safe, keys=ServerKeys.read(safe.keys_file)))

    assert code == 1
    assert said["server keys"][0] == "bad"
    assert "another database" in said["server keys"][1]


def test_a_lost_key_file_is_brought_back_and_never_made_anew(safe, lines, city):
    safe.keys_file.unlink()

    said = lines(safe)[1]["key file"][1]
    with city.app.app_context():
        city.app.config["SETTINGS"] = safe
        made = city.app.test_cli_runner().invoke(setup.init, [])

    assert "Make no other" in said
    assert "Make no other" in made.output
    assert made.exit_code == 1
    assert not safe.keys_file.exists()


def test_root_looks_whose_the_database_is(safe, lines, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_server.os, "geteuid", lambda: 0)
    os.chown(safe.keys_file, 1234, -1)

    assert f"chown {(tmp_path / 'city.sqlite').stat().st_uid} " in lines(safe)[1]["key file"][1]
    os.chown(tmp_path / "city.sqlite", 1234, -1)
    assert lines(safe)[1]["key file"][0] == "ok"


def test_no_key_file_and_no_database_are_said_and_none_is_made(safe, lines, tmp_path):
    gone = replace(safe, keys_file=tmp_path / "none.json", database_url=f"sqlite:///{tmp_path}/none.sqlite")

    code, said = lines(gone)

    assert code == 1
    assert "flask --app wsgi init" in said["key file"][1]
    assert "flask --app wsgi init" in said["database files"][1]
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize(("pragma", "name"), [
    ("synchronous = NORMAL", "synchronous"), ("foreign_keys = OFF", "foreign_keys"),
    ("secure_delete = OFF", "secure_delete")])
def test_a_database_that_is_set_otherwise_is_bad(city, pragma, name):
    city.db.rollback()
    city.db.connection().connection.execute("ROLLBACK")
    city.db.connection().connection.execute(f"PRAGMA {pragma}")

    found = doctor_server.database(city.settings, city.db)

    assert (found.state, name in found.said) == ("bad", True)


def test_rows_that_a_hand_in_the_database_left_without_what_they_refer_to_are_bad(city):
    with writing(city.db):
        a_flag(city.db, city.settings, city.siti)
    by_hand(city, "DELETE FROM flags")

    found = doctor_server.database(city.settings, city.db)

    assert (found.state, "1 of content_keys, 1 of flag_steps" in found.said) == ("bad", True)


def test_tables_of_another_version_are_bad(city, safe):
    with writing(city.db):
        city.db.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    assert "flask --app wsgi db upgrade" in doctor_city.tables(safe, city.db).said


def test_a_clock_behind_the_trail_is_bad(city, safe):
    with telling(now() + timedelta(hours=1)), writing(city.db):
        record(city.db, "test.act", "x", by=None)

    assert doctor_city.clock(safe, city.db).state == "bad"


def test_a_key_held_by_one_or_by_nobody_is_bad(city, safe):
    with writing(city.db):
        city.db.execute(delete(KeyGrant).where(KeyGrant.account_id == city.keyless.account_id))
    alone = doctor_city.key_holders(safe, city.db)
    with writing(city.db):
        city.db.execute(delete(KeyGrant).where(KeyGrant.key_id.in_(
            city.db.query(SealingKey.id).filter(SealingKey.kind == "conflict"))))

    assert (alone.state, "one person alone" in alone.said) == ("bad", True)
    assert "nobody can open" in doctor_city.key_holders(safe, city.db).said


def test_sheets_of_keys_that_were_replaced_are_a_warning(city, safe):
    assert doctor_city.sheets(safe, city.db).state == "ok"
    with writing(city.db):
        city.db.execute(update(RecoveryKit).values(fingerprint="0" * 16))

    found = doctor_city.sheets(safe, city.db)

    assert (found.state, "keys kit" in found.said) == ("warn", True)


def test_a_city_without_areas_is_bad(city, safe):
    with writing(city.db):
        city.db.execute(text("UPDATE areas SET level = 'rt' WHERE level = 'kelurahan'"))

    assert doctor_city.areas(safe, city.db).state == "bad"
    assert city.db.query(Area).count()


def test_a_year_whose_joint_leave_is_not_known_is_a_warning(city, safe, monkeypatch):
    monkeypatch.setattr(deadlines, "knows_joint_leave", lambda _country, year: year < now().year)

    unknown = doctor_city.calendar(safe, city.db)

    assert (unknown.state, str(now().year) in unknown.said) == ("warn", True)
    assert doctor_city.calendar(replace(safe, holidays_country=""), city.db).state == "ok"


def test_guards_that_were_taken_away_and_a_changed_trail_are_bad(any_city):
    tampering.tamper(any_city.url, tampering.alter)
    any_city.db.rollback()

    assert doctor_city.trail_guards(any_city.settings, any_city.db).state == "bad"
    assert "it was changed: Link" in doctor_city.trail(any_city.settings, any_city.db).said


def test_guards_stand_on_both_databases(any_city):
    assert doctor_city.trail_guards(any_city.settings, any_city.db).state == "ok"


def test_anchors_that_stopped_are_bad(city, safe):
    with telling(now() + timedelta(hours=4)):
        assert "Does the timer run?" in doctor_city.anchored(safe, city.db).said
    safe.audit_anchors.write_text("no anchor")
    assert "cannot be read" in doctor_city.anchored(safe, city.db).said


def test_a_broken_database_is_said_and_ends_nothing(city, safe, lines, tmp_path):
    city.app.extensions["engine"].dispose()
    (tmp_path / "city.sqlite").write_bytes(b"this is no database, only bytes" * 100)

    code, said = lines(safe)

    assert code == 1
    assert said["tables"] == ("bad", "cannot be looked at (file is not a database). Mend the database first.")
