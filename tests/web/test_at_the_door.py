"""What is taken from a request before any page is made: its host, its proxies, its cookies, its size; and where an
answer may lead."""

from dataclasses import replace

import pytest
from flask import request

from portal.app import create_app
from portal.base.settings import BadSettings
from tests.conftest import signed_in
from tests.support.phone import phone_of

OUTSIDE = ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
           "/\t/evil.example", "http:evil.example", "///evil.example", " //evil.example", "%2F%2Fevil.example"]


@pytest.fixture
def online(city):
    """The city's app as it is online."""
    app = create_app(replace(city.settings, secure_cookies=True, trusted_hosts=("kota.example",)))
    yield app
    app.extensions["engine"].dispose()


@pytest.mark.asvs("V3.3.1", "V3.3.3")
def test_online_every_cookie_is_bound_to_this_very_host(online):
    guest = online.test_client()
    cookies = guest.get("/masuk", base_url="https://kota.example").headers.getlist("Set-Cookie")
    left = guest.post("/keluar-cepat", base_url="https://kota.example").headers.getlist("Set-Cookie")

    assert cookies
    assert left
    for cookie in [*cookies, *left]:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie


def test_online_the_cookie_of_the_language_is_for_https_and_no_script(online):
    online.config["WTF_CSRF_ENABLED"] = False

    answer = online.test_client().post("/bahasa", data={"language": "en"}, base_url="https://kota.example")

    assert {"__Host-b=en", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= \
        {part.strip() for part in answer.headers["Set-Cookie"].split(";")}


@pytest.mark.asvs("V3.4.1")
@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/masuk", 200), ("GET", "/", 302), ("GET", "/tidak-ada", 404), ("DELETE", "/masuk", 404),
    ("GET", "/static/app.css", 200), ("GET", "/healthz", 200), ("POST", "/masuk", 403)])
def test_online_every_answer_keeps_the_browser_to_https_for_a_year(online, method, path, status):
    answer = online.test_client().open(path, method=method, base_url="https://kota.example")

    assert answer.status_code == status
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_cookie_under_its_plain_name_opens_nothing_online(city, online):
    plain = signed_in(city, city.rina).client
    stolen = online.test_client()
    for name in ("s", "k"):
        stolen.set_cookie(name, plain.get_cookie(name).value, domain="kota.example")

    answer = stolen.get("/antrean", base_url="https://kota.example")

    assert (answer.status_code, answer.headers["Location"].startswith("/masuk")) == (302, True)


@pytest.mark.parametrize("host", ["evil.example", "kota.example.evil.example", "kota.example:80@evil.example",
                                  "127.0.0.1"])
def test_a_name_that_is_not_ours_gets_no_page(online, host):
    answer = online.test_client().get("/masuk", base_url="https://kota.example", headers={"Host": host})

    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert host not in answer.text


@pytest.mark.parametrize("host", ["[::1", "a b", "", "kota.example:x"])
def test_a_name_that_no_server_can_have_gets_no_page_even_where_every_name_is_taken(city, sign_in, host):
    answer = sign_in(city.siti).client.get("/setelan/kunci-layar", headers={"Host": host})

    assert answer.status_code == 400


@pytest.mark.parametrize(("hops", "seen"), [(0, "127.0.0.1"), (1, "10.0.0.2"), (2, "10.0.0.1")])
def test_who_asks_is_believed_only_from_as_many_proxies_as_are_set(city, hops, seen):
    app = create_app(replace(city.settings, proxies=hops))
    asked = []
    app.before_request(lambda: asked.append(request.remote_addr))

    app.test_client().get("/bantuan", headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.1, 10.0.0.2",
                                               "X-Forwarded-Host": "evil.example"})

    app.extensions["engine"].dispose()
    assert asked == [seen]


def test_debug_mode_does_not_start(city, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")

    with pytest.raises(BadSettings, match="Unset FLASK_DEBUG"):
        create_app(city.settings)


@pytest.mark.parametrize("target", OUTSIDE)
def test_no_answer_leads_outside(city, target):
    guest, cadre = city.app.test_client(), signed_in(city, city.siti)
    token = dict(cadre.get("/").form("/bahasa").values)["csrf_token"]

    answers = [guest.get("/masuk", query_string={"next": target}),
               cadre.client.get("/masuk", query_string={"next": target}),
               cadre.client.post("/bahasa", data={"csrf_token": token, "language": "id", "next": target})]

    assert all(answer.headers.get("Location", "/").replace("\\", "/").startswith("/") for answer in answers)
    assert all("evil" not in answer.headers.get("Location", "/").partition("?")[0] or
               answer.headers["Location"].startswith("/%") for answer in answers)


@pytest.mark.parametrize("body", [b"x" * 300_000, b"a=1&" * 90_000, b"csrf_token=" + b"%00" * 100_000])
def test_a_body_that_is_too_large_is_refused_on_every_form(city, body):
    cadre = signed_in(city, city.siti).client
    phone_of(city, city.siti)

    for path in ("/k/baru", "/s/baru", "/masuk", "/bahasa", "/keluar", "/setelan/rahasia"):
        answer = cadre.post(path, data=body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 413, path


def test_too_many_parts_are_refused(city):
    parts = {f"name{number}": "x" for number in range(500)}

    answer = signed_in(city, city.siti).client.post("/k/baru", data=parts, content_type="multipart/form-data")

    assert answer.status_code == 413
