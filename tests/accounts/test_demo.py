"""The one tap into the demo city: on this machine's own demo, and nowhere else."""

import json
from dataclasses import replace

import pytest

from portal.accounts.demo import is_at_home
from portal.app import create_app
from tests.support.pages import Browser


@pytest.fixture
def demo(city, tmp_path):
    """The same city, run as a demo, with Bu Siti and Rina among its people."""
    file = tmp_path / "demo-people.json"
    file.write_text(json.dumps([
        {"account_id": str(p.account_id), "role": p.role, "name": p.name, "area": "", "secret": p.secret}
        for p in (city.siti, city.rina)]))
    app = create_app(replace(city.settings, demo=True, demo_people_file=file))
    yield app
    app.extensions["engine"].dispose()


def test_one_tap_lets_a_visitor_in_as_a_cadre(demo, city):
    page = Browser(demo.test_client()).get("/masuk").form("/contoh").submit(str(city.siti.account_id))

    assert page.path == "/"
    assert page.status == 203


def test_one_tap_unlocks_an_officers_keys_too(demo, city):
    browser = Browser(demo.test_client())

    page = browser.get("/masuk").form("/contoh").submit(str(city.rina.account_id))

    assert page.path == "/antrean"
    assert browser.client.get_cookie("k") is not None


def test_a_banner_says_that_it_is_a_demo(demo, guest):
    assert "Kota contoh" in Browser(demo.test_client()).get("/masuk").root.text
    assert "Demo city" not in guest.get("/masuk").root.text


@pytest.mark.parametrize("visit", [
    {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}},
    {"environ_base": {"REMOTE_ADDR": "not an address"}},
    {"headers": {"Host": "kota.example"}},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    {"headers": {"X-Real-IP": "127.0.0.1"}},
    {"headers": {"Forwarded": "for=127.0.0.1"}},
])
def test_from_anywhere_else_there_is_no_such_door(demo, city, visit):
    page = Browser(demo.test_client()).get("/masuk", **visit)
    assert not [f for f in page.root.all("form") if f.attrs["action"] == "/contoh"]
    demo.config["WTF_CSRF_ENABLED"] = False

    answer = demo.test_client().post("/contoh", data={"person": str(city.siti.account_id)}, **visit)

    assert answer.status_code == 404


@pytest.mark.asvs("V15.2.3")
def test_outside_the_demo_there_is_no_such_door(city):
    city.app.config["WTF_CSRF_ENABLED"] = False

    answer = city.app.test_client().post("/contoh", data={"person": str(city.siti.account_id)})

    assert answer.status_code == 404


def test_behind_a_proxy_there_is_no_such_door(demo, city):
    with demo.test_request_context("/", environ_base={"REMOTE_ADDR": "127.0.0.1"}) as visit:
        assert is_at_home(replace(city.settings, demo=True), visit.request)
        assert not is_at_home(replace(city.settings, demo=True, proxies=1), visit.request)


def test_a_person_who_is_not_of_the_demo_cannot_be_entered(demo, city):
    demo.config["WTF_CSRF_ENABLED"] = False

    answer = demo.test_client().post("/contoh", data={"person": str(city.ratna.account_id)})

    assert answer.status_code == 404
