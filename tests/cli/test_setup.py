"""From an empty machine to a city that can begin, by commands that can be given twice."""

import re
import stat
from datetime import date

import pytest
from sqlalchemy import func, select

from portal.accounts import invitations
from portal.accounts.models import Account, KeyGrant, Posting, SealingKey, Unit
from portal.app import create_app
from portal.areas.models import Area
from portal.audit.models import AuditEntry
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import BadSettings, ServerKeys, Settings
from portal.flags.models import CalendarDay
from portal.outreach.models import Outreach, OutreachTally

AREAS = """code,level,name,parent
98,province,Provinsi Contoh,
98.01,city,Kota Contoh,
98.01.01,kecamatan,Satu,
98.01.01.1001,kelurahan,Satu Satu,
98.01.01.1001.07,rw,RW 07,
"""
INIT = ["init", "--city", "98.01", "--unit", "UPTD", "--head", "Ratna", "--sign-in-name", "ratna"]
TYPED = "sawah hujan lampu meja\n" * 2


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """An app on an empty machine, as the command line makes it."""
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    (tmp_path / "areas.csv").write_text(AREAS)
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/data/portal.sqlite",
                              keys_file=tmp_path / "secret/keys.json", passphrase_memory_kib=8))
    yield app.test_cli_runner(), tmp_path
    app.extensions["engine"].dispose()


@pytest.fixture
def begun(machine):
    runner, folder = machine
    done = runner.invoke(args=[*INIT, "--areas", str(folder / "areas.csv")], input=TYPED)
    assert done.exit_code == 0, done.output
    engine = engine_for(f"sqlite:///{folder}/data/portal.sqlite")
    with session_for(engine) as session:
        yield runner, folder, session, done.output
    engine.dispose()


def test_init_makes_keys_tables_unit_and_head(begun):
    _, folder, session, output = begun

    assert stat.S_IMODE((folder / "secret/keys.json").stat().st_mode) == 0o600
    assert session.scalar(select(func.count()).select_from(KeyGrant)) == 2
    assert {key.kind for key in session.scalars(select(SealingKey))} == {"unit", "conflict"}
    assert session.scalars(select(Posting.unit_id)).all() == session.scalars(select(Unit.id)).all()
    assert "authenticator" in output


def test_init_a_second_time_changes_nothing(begun):
    runner, folder, session, _ = begun
    before = (folder / "secret/keys.json").read_bytes()

    again = runner.invoke(args=[*INIT, "--areas", str(folder / "areas.csv")])

    assert again.exit_code == 0
    assert (folder / "secret/keys.json").read_bytes() == before
    assert session.scalar(select(func.count()).select_from(Unit)) == 1
    assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_init_without_the_citys_areas_says_so(machine):
    runner, _ = machine

    done = runner.invoke(args=INIT, input=TYPED)

    assert done.exit_code == 1
    assert "Load its areas first" in done.output


def test_a_bad_row_is_named_by_its_line_and_nothing_is_loaded(begun):
    runner, folder, session, _ = begun
    (folder / "more.csv").write_text(
        "code,level,name,parent\n98.01.01.1001.08,rw,RW 08,\n98.09.01.1001,kelurahan,Nowhere,\n,rw,RW 09,\n")

    done = runner.invoke(args=["areas", "load", str(folder / "more.csv")])

    assert done.exit_code == 1
    assert "line 3:" in done.output
    assert "line 4:" in done.output
    assert session.scalar(select(Area.id).where(Area.code == "98.01.01.1001.08")) is None


def test_areas_can_be_loaded_twice(begun):
    runner, folder, _, _ = begun

    done = runner.invoke(args=["areas", "load", str(folder / "areas.csv")])

    assert "0 added, 0 changed, 5 as before" in done.output


def test_a_cadre_is_added_at_the_command_line(begun):
    runner, _, session, _ = begun

    done = runner.invoke(args=["accounts", "add", "--role", "cadre", "--name", "Siti", "--phone", "081234567890",
                               "--area", "98.01.01.1001.07"])

    assert done.exit_code == 0, done.output
    assert session.scalar(select(Account.name).where(Account.role == "cadre")) == "Siti"
    assert len(re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$", done.output, re.MULTILINE)) == 1


def test_without_a_secret_the_first_administrator_is_invited_and_chooses_it_herself(begun):
    runner, folder, session, _ = begun

    done = runner.invoke(args=["accounts", "add", "--role", "admin", "--name", "Agus", "--sign-in-name", "agus"])

    assert done.exit_code == 0, done.output
    code = re.search(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){2}", done.output)[0]
    account = session.scalars(select(Account).where(Account.role == "admin")).one()
    assert account.secret_hash == ""
    assert invitations.invited(session, ServerKeys.read(folder / "secret/keys.json"), code).id == account.id


def test_after_a_theft_one_command_ends_all_sign_ins_and_leaves_every_account_as_it_is(city, sign_in):
    people = [sign_in(one) for one in (city.siti, city.rina, city.agus)]
    accounts = select(Account.id, Account.active, Account.secret_hash).order_by(Account.id)
    before = city.db.execute(accounts).all()
    city.db.rollback()

    done = city.app.test_cli_runner().invoke(args=["accounts", "sign-out"])

    assert "3 sign-ins have ended" in done.output
    assert {browser.get("/setelan").path.partition("?")[0] for browser in people} == {"/masuk"}
    assert city.db.execute(accounts).all() == before
    assert city.db.scalars(select(AuditEntry.amount).where(AuditEntry.action == "account.all_out")).all() == [3]
    assert sign_in(city.siti).get("/setelan").path == "/setelan"


@pytest.mark.parametrize(("args", "sentence"), [
    (["--role", "cadre", "--name", "S", "--phone", "0812345678", "--area", "1"], "no area"),
    (["--role", "cadre", "--name", "S", "--phone", "0812345678"], "needs an area"),
    (["--role", "cadre", "--name", "S", "--phone", "12", "--area", "98.01.01.1001.07"], "not an Indonesian"),
    (["--role", "officer", "--name", "S"], "sign-in name"),
    (["--role", "leadership", "--name", "S", "--sign-in-name", "s"], "an area"),
])
def test_an_account_that_cannot_be_gets_one_sentence(begun, args, sentence):
    runner, _, _, _ = begun

    done = runner.invoke(args=["accounts", "add", *args])

    assert done.exit_code == 1
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_serving_without_keys_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)

    with pytest.raises(BadSettings, match="init"):
        create_app(Settings(keys_file=tmp_path / "none.json", office_phone="1"))


def test_a_day_can_be_closed_and_worked_after_all(begun):
    runner, _, session, _ = begun

    first = runner.invoke(args=["calendar", "set", "2026-12-24", "closed", "--name", "cuti bersama"])
    second = runner.invoke(args=["calendar", "set", "2026-12-24", "worked"])

    assert (first.exit_code, second.exit_code) == (0, 0)
    kept = [(day.day.isoformat(), day.closed) for day in session.scalars(select(CalendarDay))]
    assert kept == [("2026-12-24", False)]
    assert runner.invoke(args=["calendar", "set", "24.12.2026", "closed"]).exit_code == 2


def test_totals_follow_an_area_that_now_hangs_elsewhere(begun):
    runner, folder, session, _ = begun
    runner.invoke(args=["accounts", "add", "--role", "cadre", "--name", "Siti", "--phone", "081234567890",
                        "--area", "98.01.01.1001.07"])
    with writing(session):
        rw = session.scalars(select(Area).where(Area.code == "98.01.01.1001.07")).one()
        siti = session.scalars(select(Account).where(Account.role == "cadre")).one()
        session.add(Outreach(area_id=rw.id, held_on=date(2026, 11, 2), girls=0, boys=0, women=9, men=0, older_women=0,
                             older_men=0, logged_by_id=siti.id, logged_on=date(2026, 11, 2)))
    (folder / "moved.csv").write_text("code,level,name,parent\n98.01.02,kecamatan,Dua,\n"
                                      "98.01.01.1001,kelurahan,Satu Satu,98.01.02\n")

    done = runner.invoke(args=["areas", "load", str(folder / "moved.csv")])

    assert done.exit_code == 0, done.output
    session.rollback()
    counted = dict(session.execute(select(Area.code, OutreachTally.attendance)
                                   .join(OutreachTally, OutreachTally.area_id == Area.id)).all())
    assert counted["98.01.02"] == counted["98.01.01.1001"] == 9
    assert "98.01.01" not in counted
