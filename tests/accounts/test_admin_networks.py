"""Administrators come from the office's network alone, where the city names one; everybody else from anywhere."""

from dataclasses import replace

import pyotp
import pytest

from portal.base.settings import BadSettings, Settings
from tests.support.pages import Browser

OFFICE, ELSEWHERE = "10.20.3.4", "203.0.113.9"


@pytest.fixture
def from_(city):
    """A browser at an address, in a city whose administrators come from one network alone."""
    networks = ("10.20.0.0/16", "2001:db8::/32")
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], admin_networks=networks)

    def at(address):
        client = city.app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        client.set_cookie("b", "en")
        return Browser(client)
    return at


def enters(browser, person):
    return browser.get("/masuk/petugas").form("/masuk/petugas").fill(
        name=person.sign_in_name, passphrase=person.secret, code=pyotp.TOTP(person.totp).now()).submit()


@pytest.mark.asvs("V8.4.2")
@pytest.mark.parametrize(("address", "status"), [(OFFICE, 203), ("2001:db8::7", 203), (ELSEWHERE, 422), ("", 422)])
def test_an_administrator_comes_in_from_the_named_networks_alone(city, from_, address, status):
    page = enters(from_(address), city.agus)

    assert page.status == status
    assert ("That does not match" in page.text) == (status == 422)


@pytest.mark.asvs("V8.4.2")
def test_a_sign_in_that_was_carried_elsewhere_opens_nothing(city, from_):
    browser = from_(OFFICE)
    enters(browser, city.agus)
    assert browser.get("/akun").status == 203

    browser.client.environ_base["REMOTE_ADDR"] = ELSEWHERE

    assert browser.client.get("/akun").headers["Location"].startswith("/masuk")
    browser.client.environ_base["REMOTE_ADDR"] = OFFICE
    assert browser.get("/akun").status == 203


def test_others_come_from_anywhere_and_without_networks_everybody(city, from_):
    assert enters(from_(ELSEWHERE), city.rina).status == 203
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], admin_networks=())
    assert enters(from_(ELSEWHERE), city.agus).status == 203


@pytest.mark.parametrize("text", ["10.20.0.0/99", "office", "10.20.3.4/16"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(BadSettings, match="ADMIN_NETWORKS"):
        Settings.from_environment({"PORTAL_KEYS_FILE": "/nowhere", "PORTAL_ADMIN_NETWORKS": text})
