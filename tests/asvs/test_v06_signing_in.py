"""ASVS 5.0 V6 and V7: secrets that people choose, and sign-ins that last."""

import re
from datetime import timedelta

import pyotp
import pytest
import time_machine
from alembic import command
from sqlalchemy import func, select

from portal.accounts import invitations, totp
from portal.accounts.invitations import BadSecret, check_secret
from portal.accounts.models import Account, SignIn
from portal.accounts.roles import Role
from portal.accounts.sealed import new_token
from portal.base.clock import now, telling
from portal.base.db import Base, engine_for, session_for
from portal.cli.database import alembic_config
from portal.web.assets import SCRIPTS
from tests.accounts.test_sign_in import card
from tests.support.pages import Browser
from tests.support.source import scripts, templates


@pytest.mark.asvs("V6.2.1", "V6.2.9")
@pytest.mark.parametrize(("role", "secret", "why"), [
    (Role.OFFICER, "sawah hujan 14", "short"), (Role.OFFICER, "sawah hujan 15b", ""),
    (Role.CADRE, "2583194", "short"), (Role.CADRE, "25831947", ""),
    (Role.CADRE, "sawah hujan", "short"), (Role.CADRE, "sawah hujan1", ""),
    (Role.ADMIN, "sawah hujan lampu meja " * 5 + "kursi", ""), (Role.ADMIN, "x y" * 43, "long"),
])
def test_a_secret_is_as_long_as_it_must_be_and_may_be_very_long(role, secret, why):
    if not why:
        check_secret(role, secret)
        return
    with pytest.raises(BadSecret) as bad:
        check_secret(role, secret)
    assert bad.value.code == why


@pytest.mark.asvs("V6.2.5")
@pytest.mark.parametrize("secret", ["semua huruf kecil saja", "SEMUA HURUF BESAR SAJA", "🌾🌧💡🪑 empat gambar",
                                    "93175024861793520", "一二三四五六七八九十百千万億兆"])
def test_no_mixture_of_signs_is_asked_for(secret):
    check_secret(Role.OFFICER, secret)


@pytest.mark.asvs("V6.2.11")
@pytest.mark.parametrize("secret", [
    "Catatan Kader 2026", "catatankader123", "UPTD PPA Contoh 1", "Ibu Ani Lestari 99", "perlindungan anak",
    "Perempuan dan Anak", "Pemberdayaan Perempuan 2026"])
def test_what_the_work_itself_is_called_is_no_secret(city, secret):
    names = ("Ibu Ani Lestari", "", city.settings.name, "UPTD PPA Contoh")

    with pytest.raises(BadSecret) as bad:
        check_secret(Role.CADRE, secret, names=names)

    assert bad.value.code == "weak"


@pytest.mark.asvs("V6.2.11")
def test_the_portals_own_name_is_refused_where_a_phrase_is_chosen(city):
    account = city.db.get_one(Account, city.siti.account_id)

    with pytest.raises(BadSecret):
        invitations.choose(city.settings, account, f"{city.settings.office_name} {city.settings.office_name}")


@pytest.mark.asvs("V6.2.8")
@pytest.mark.parametrize("tried", ["Sawah hujan lampu meja", "sawah hujan lampu meja ", " sawah hujan lampu meja",
                                   "sawah hujan lampu mej", "sawah hujan lampu"])
def test_every_letter_of_a_passphrase_counts_and_its_case(city, guest, tried):
    page = guest.get("/masuk/petugas").form("/petugas").fill(
        name="rina", passphrase=tried, code=pyotp.TOTP(city.rina.totp).now()).submit()

    assert page.status == 422


@pytest.mark.asvs("V6.2.6", "V6.2.7")
def test_a_secret_is_typed_hidden_can_be_shown_and_may_be_pasted(guest):
    page = guest.get("/masuk/petugas")

    field, = page.root.all("input", name="passphrase")
    assert (field.attrs["type"], field.attrs["autocomplete"]) == ("password", "current-password")
    assert any("office.js" in script.attrs["src"] for script in page.root.all("script"))
    assert "door" in SCRIPTS["office.js"]
    assert re.search(r'type = shown \? "password" : "text"', scripts()["door.js"])
    assert [name for name, script in scripts().items() if re.search(r"[\"']paste|onpaste", script)] == []


@pytest.mark.asvs("V6.2.10", "V6.4.5")
def test_no_secret_grows_old(city, guest):
    with time_machine.travel(now() + timedelta(days=3 * 366)):
        assert card(guest.get("/masuk"), city.siti).path == "/"


@pytest.mark.asvs("V6.3.2", "V13.2.3")
def test_a_fresh_database_knows_nobody(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path}/fresh.sqlite")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")

    with session_for(engine) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0
    engine.dispose()


@pytest.mark.asvs("V6.4.2")
def test_no_hint_and_no_secret_question_is_kept_or_asked():
    words = re.compile(r"hint|secret_question|security_question|mother|ibu_kandung")
    columns = [f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns]
    asked = [name for file, text in templates().items() if file.startswith("accounts/")
             for name in re.findall(r'name="([^"{]+)"', text)]

    assert len(columns) > 100
    assert [name for name in columns + asked if words.search(name)] == []


@pytest.mark.asvs("V6.4.6")
@pytest.mark.parametrize("path", ["/akun/baru?peran=officer", "/akun/{siti}/ubah", "/akun/{siti}/pulihkan",
                                  "/akun/{siti}/peran", "/akun/{siti}"])
def test_who_looks_after_people_is_asked_for_nobodys_secret(city, sign_in, path):
    before = city.db.get_one(Account, city.siti.account_id).secret_hash
    page = sign_in(city.agus).get(path.format(siti=city.siti.account_id))

    fields = page.root.all("input", type="password")
    for form in [form for form in page.root.all("main")[0].all("form") if form.attrs.get("method") == "post"]:
        token = form.all("input", name="csrf_token")[0].attrs["value"]
        page.browser.post(form.attrs.get("action") or path.format(siti=city.siti.account_id), [
            ("csrf_token", token), ("secret", "40718263"), ("secret_hash", "x"), ("pin", "40718263")])

    city.db.rollback()
    assert fields == []
    assert city.db.get_one(Account, city.siti.account_id, populate_existing=True).secret_hash == before


@pytest.mark.asvs("V6.5.5", "V6.5.8")
@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_of_the_app_lives_for_its_moment_by_the_servers_clock(seconds, good):
    secret, moment = pyotp.random_base32(), now().replace(year=2031, second=15)
    code = pyotp.TOTP(secret).at(moment + timedelta(seconds=seconds))

    with telling(moment):
        assert bool(totp.step_of(secret, code)) == good


@pytest.mark.asvs("V7.2.2", "V7.2.3")
def test_every_sign_in_has_a_token_of_its_own_with_256_bits(city, sign_in):
    tokens = {token_of(sign_in(city.siti)) for _ in range(3)}

    assert len(tokens) == 3
    assert min(map(len, tokens | {new_token()})) >= 43


@pytest.mark.asvs("V7.2.4", "V7.2.1")
def test_getting_in_and_getting_in_again_change_the_token_and_end_the_old_one(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        browser = sign_in(city.agus)
        old, first = browser.client.get_cookie("s").value, token_of(browser)
        clock.shift(timedelta(minutes=16))

        asked = browser.get("/akun")
        again = asked.form("/masuk").fill(secret=city.agus.secret).submit()
        second = token_of(browser)

    copy = Browser(city.app.test_client())
    copy.client.set_cookie("s", old)
    assert again.path == "/akun"
    assert second != first
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(SignIn).where(
        SignIn.account_id == city.agus.account_id)) == 1
    assert copy.client.get("/akun").status_code == 302


def token_of(browser):
    """The sign-in that a browser's cookie names."""
    with browser.client.session_transaction() as session:
        return session["_user_id"]
