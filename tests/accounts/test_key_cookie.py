"""The browser's half of an officer's key comes with her and goes with her, by whichever door, and never travels with
a stranger's link."""

import json
from dataclasses import replace
from http.cookies import Morsel, SimpleCookie

import pyotp
import pytest

from portal.accounts import entering
from portal.app import create_app
from portal.base.clock import now
from tests.conftest import signed_in
from tests.support.pages import Browser, Page

TAKEN_AWAY = ("", "0", "Strict", True)


@pytest.fixture
def heard(city):
    """What was said of the cookie, in order."""
    return listening(city.app)


def listening(app) -> list[Morsel]:
    """What an app says of the cookie from now on."""
    said: list[Morsel] = []

    @app.after_request
    def hear(answer):
        said.extend(cookie for line in answer.headers.getlist("Set-Cookie")
                    for name, cookie in SimpleCookie(line).items() if name == "k")
        return answer

    return said


def as_told(cookie: Morsel) -> tuple[str, str, str, bool]:
    return cookie.value, cookie["max-age"], cookie["samesite"], bool(cookie["httponly"])


def token(browser: Browser) -> tuple[str, str]:
    field = browser.get("/setelan").root.all("input", name="csrf_token")[0]
    return "csrf_token", field.attrs["value"]


def rests(browser: Browser) -> Page:
    return browser.post("/istirahat", [token(browser), ("rest_for", "/antrean")])


def has_no_tries_left(browser: Browser) -> Page:
    """Her pause ends in too many wrong tries, in a browser that would not let go of the cookie."""
    half = browser.client.get_cookie("k").value
    page = rests(browser)
    browser.client.set_cookie("k", half)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entering, "has_run_out", lambda _tried: True)
        return page.form("/masuk", id="lagi").fill(secret="bukan kalimat sandi saya").submit()


WAYS_OUT = {
    "signs out": lambda browser: browser.post("/keluar", [token(browser)]),
    "signs out everywhere": lambda browser: browser.get("/setelan").form("/keluar-semua").submit(),
    "leaves fast": lambda browser: browser.client.post("/keluar-cepat", data=dict([token(browser)])),
    "leaves fast by script": lambda browser: browser.client.post("/keluar-cepat", data={"script": "1"}),
    "is away for a while": rests,
    "has no tries left": has_no_tries_left,
}


@pytest.mark.asvs("V7.4.1", "V14.3.1")
@pytest.mark.parametrize("way", WAYS_OUT)
def test_whichever_way_an_officer_goes_her_half_of_the_key_goes_too(city, heard, way):
    browser = signed_in(city, city.rina)
    assert browser.client.get_cookie("k").value

    WAYS_OUT[way](browser)

    assert as_told(heard[-1]) == TAKEN_AWAY
    assert browser.client.get_cookie("k") is None
    assert browser.get("/antrean").path.startswith("/masuk")


def by_passphrase(city) -> Browser:
    browser = Browser(city.app.test_client())
    browser.get("/masuk/petugas").form("/masuk/petugas").fill(
        name="rina", passphrase=city.rina.secret, code=pyotp.TOTP(city.rina.totp).at(now())).submit()
    return browser


def after_a_pause(city) -> Browser:
    browser = signed_in(city, city.rina)
    rests(browser).form("/masuk", id="lagi").fill(secret=city.rina.secret).submit()
    return browser


WAYS_IN = {"by passphrase": by_passphrase, "after a pause": after_a_pause}


@pytest.mark.asvs("V3.3.2")
@pytest.mark.parametrize("way", WAYS_IN)
def test_whichever_way_an_officer_comes_in_her_half_of_the_key_stays_with_this_site(city, heard, way):
    browser = WAYS_IN[way](city)

    assert comes_only_with_this_site(heard[-1])
    assert browser.get("/antrean").status == 203


@pytest.mark.asvs("V3.3.2")
def test_in_the_demo_too(city, tmp_path):
    file = tmp_path / "demo-people.json"
    file.write_text(json.dumps([{"account_id": str(city.rina.account_id), "secret": city.rina.secret,
                                 "name": "Rina A.", "role": "officer", "area": ""}]))
    app = create_app(replace(city.settings, demo=True, demo_people_file=file))
    said = listening(app)

    Browser(app.test_client()).get("/masuk").form("/contoh").submit(str(city.rina.account_id))

    assert comes_only_with_this_site(said[-1])
    app.extensions["engine"].dispose()


def comes_only_with_this_site(cookie: Morsel) -> bool:
    value, lasts, site, hidden = as_told(cookie)
    return bool(value) and (lasts, site, hidden) == ("", "Strict", True)


def test_where_a_cadre_signs_in_after_an_officer_nothing_of_the_officers_is_left(city, heard):
    browser = signed_in(city, city.rina)

    browser.client.delete_cookie("s")
    browser.get("/masuk").form("/masuk/kartu").fill(
        who=city.siti.phone, pin=city.siti.secret, code=city.siti.card[0]).submit()

    assert as_told(heard[-1]) == TAKEN_AWAY
    assert browser.client.get_cookie("k") is None
