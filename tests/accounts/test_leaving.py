"""She left while the network was away: at the next request the server learns it, whoever asks then."""

from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from portal.accounts import signin
from portal.accounts.models import SignIn
from portal.app import create_app
from portal.base.clock import now


def sign_ins(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(SignIn))


def leave(browser):
    """What the page's script does."""
    browser.client.set_cookie("x", "1")


@pytest.mark.asvs("V7.4.1")
@pytest.mark.parametrize("path", ["/", "/bantuan", "/masuk", "/tidak-ada"])
def test_the_next_page_ends_the_sign_in_and_takes_the_mark_away(city, sign_in, path):
    browser = sign_in(city.siti)
    leave(browser)

    page = browser.get(path)

    assert "Bu Siti" not in page.html
    assert sign_ins(city) == 0
    assert browser.client.get_cookie("x") is None
    assert browser.get("/").path.startswith("/masuk")


def test_what_a_form_brings_then_is_as_from_nobody(city, sign_in):
    browser = sign_in(city.siti)
    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", known="told")
    leave(browser)

    assert form.submit("send").status == 403
    assert sign_ins(city) == 0


def test_an_officers_half_of_her_key_goes_too(city, sign_in):
    browser = sign_in(city.rina)
    leave(browser)

    browser.get("/antrean")

    assert browser.client.get_cookie("k") is None


def test_a_sign_in_that_rests_is_ended_too(city, sign_in):
    browser = sign_in(city.siti)
    with browser.client.session_transaction() as cookie:
        cookie["seen"] = 0
    leave(browser)

    assert "Bu Siti" not in browser.get("/masuk").html
    assert sign_ins(city) == 0


def test_a_file_ends_nothing_and_leaves_the_mark(city, sign_in):
    browser = sign_in(city.siti)
    leave(browser)

    browser.client.get("/static/app.css")

    assert sign_ins(city) == 1
    assert browser.client.get_cookie("x") is not None


def test_the_quick_exit_that_arrived_takes_the_mark_away(city, sign_in):
    browser = sign_in(city.siti)
    leave(browser)

    answer = browser.client.post("/keluar-cepat", data={"script": "1"})

    assert (answer.status_code, sign_ins(city)) == (204, 0)
    assert browser.client.get_cookie("x") is None


def test_signing_out_is_done_at_once_when_another_tab_was_there_first(city, sign_in):
    browser = sign_in(city.siti)
    token = browser.get("/").root.all("input", name="csrf_token")[0].attrs["value"]
    leave(browser)

    page = browser.post("/keluar", [("csrf_token", token)])

    assert page.path == "/masuk"
    assert page.status == 200
    assert sign_ins(city) == 0


def test_the_next_sign_in_stays(city, guest):
    page = guest.get("/masuk")
    guest.client.set_cookie("x", "1")  # she left in another tab, and this page lay open

    home = page.form("/masuk/kartu").fill(who=city.siti.phone, pin=city.siti.secret, code=city.siti.card[0]).submit()

    assert home.path == "/"
    assert guest.client.get_cookie("x") is None
    assert guest.get("/").status == 203


def test_an_officers_next_sign_in_keeps_her_half_of_the_key(city, guest):
    form = guest.get("/masuk/petugas").form("/petugas").fill(
        name=city.rina.sign_in_name, passphrase=city.rina.secret, code=pyotp.TOTP(city.rina.totp).at(now()))
    guest.client.set_cookie("x", "1")

    form.submit()

    assert guest.client.get_cookie("k") is not None


def test_without_a_database_the_way_out_is_open_all_the_same(city, sign_in, monkeypatch):
    browser = sign_in(city.siti)
    leave(browser)

    def broken():
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(signin, "end", broken)

    assert browser.client.post("/keluar-cepat").headers["Location"] == city.settings.exit_url
    monkeypatch.undo()
    assert browser.get("/").path.startswith("/masuk")


@pytest.mark.asvs("V3.3.1", "V3.3.2", "V3.3.3")
def test_online_the_mark_is_bound_to_this_very_host_and_names_nothing(city):
    online = create_app(replace(city.settings, secure_cookies=True, trusted_hosts=("kota.example",)))
    with online.app_context():
        said = signin.mark_of_leaving()
    client = online.test_client()
    client.set_cookie("__Host-x", "1", domain="kota.example", secure=True)
    answer = client.get("/masuk", base_url="https://kota.example")
    online.extensions["engine"].dispose()

    assert said == "__Host-x=1;path=/;max-age=86400;samesite=lax;secure"
    gone = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-x="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=0"} <= {part.strip() for part in gone.split(";")}


def test_every_page_of_hers_carries_the_words_for_it(city, sign_in):
    for person, path in ((city.siti, "/"), (city.rina, "/antrean")):
        body = sign_in(person).get(path).root.all("body")[0]

        assert body.attrs["data-left"] == "x=1;path=/;max-age=86400;samesite=lax"
