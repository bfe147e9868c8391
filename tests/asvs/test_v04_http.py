"""ASVS 5.0 V4 and V13.4: what is answered over HTTP, and what is not there to be asked for."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from flask import request

from portal.app import create_app
from portal.web.guard import public
from tests.asvs.conftest import addresses, browser_of, contents

ROOT = Path(__file__).parent.parent.parent
OPEN = {"static", "web.help_page", "web.safe_phone", "web.manifest", "web.pulse", "web.breach",
        "accounts.set_language",
        "accounts.sign_in", "accounts.sign_in_with_card", "accounts.sign_in_staff", "accounts.enrol",
        "accounts.rest", "accounts.sign_out", "accounts.quick_exit", "accounts.enter_as_demo_person"}
"""All that is open to everybody. Who adds to it makes a door: docs/rules.md names each way in."""


@pytest.mark.asvs("V6.3.4", "V13.4.5")
def test_nothing_is_open_to_everybody_but_what_is_named(app, guest):
    unlocked = {name for name, view in app.view_functions.items() if getattr(view, "policies", ()) is None}

    assert unlocked == OPEN
    assert guest.client.get("/healthz").data == b"ok"


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "TARIK"}
"""All that HTTP has, one of WebDAV's, and an invented one."""


def declared(city):
    """Each address, and the methods that its views name: looking, sending, or both."""
    named = {}
    for method in METHODS:
        for _endpoint, path in addresses(city, method):
            named.setdefault(path, set()).add(method)
    return named


def answered_otherwise(client, named):
    """The requests of a method that nobody named which are not answered like an address that is not there (the house
    says 404 where others say 405), and those of OPTIONS that say something else than the methods that are named."""
    for path, methods in named.items():
        for method in sorted(METHODS - methods):
            answer = client.open(path, method=method, headers={"X-HTTP-Method-Override": "GET"})
            if answer.status_code != 404 or "Allow" in answer.headers:
                yield method, path, answer.status_code
        asked = client.options(path)
        allowed = set(asked.headers.get("Allow", ", ".join(methods)).split(", "))
        if allowed != methods or asked.data and asked.status_code == 200:
            yield "OPTIONS", path, allowed


@pytest.mark.asvs("V4.1.4", "V13.4.4")
@pytest.mark.parametrize("who", ["guest", "ratna"])
def test_only_the_methods_that_a_page_names_are_answered(lived_in, who):
    client, named, before = browser_of(lived_in, who).client, declared(lived_in), contents(lived_in)

    assert len(named) > 100
    assert {frozenset(methods) for methods in named.values()} == {
        frozenset({"GET", "HEAD", "OPTIONS"}), frozenset({"POST", "OPTIONS"}),
        frozenset({"GET", "HEAD", "POST", "OPTIONS"})}
    assert list(answered_otherwise(client, named)) == []
    assert contents(lived_in) == before


def test_a_method_that_is_answered_without_being_named_is_found(city):
    city.app.add_url_rule("/diam", "quiet", public(lambda: "here"), methods=["TRACE"])

    found = answered_otherwise(city.app.test_client(), {"/diam": {"GET", "HEAD", "OPTIONS"}})

    assert ("TRACE", "/diam", 200) in list(found)


@pytest.mark.asvs("V4.1.3", "V15.3.4")
@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1 http localhost"), (1, "10.0.0.9 https kota.example")])
def test_what_a_browser_says_of_itself_counts_for_nothing_beyond_the_named_proxies(city, proxies, seen):
    app = create_app(replace(city.settings, proxies=proxies))
    app.add_url_rule("/who", "who", public(lambda: f"{request.remote_addr} {request.scheme} {request.host}"))

    answer = app.test_client().get("/who", headers={
        "X-Forwarded-For": "6.6.6.6, 10.0.0.9", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6",
        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example, kota.example"})

    assert answer.text == seen
    app.extensions["engine"].dispose()


@pytest.mark.asvs("V13.4.1", "V13.4.3", "V13.4.7", "V14.2.5", "V5.3.2")
@pytest.mark.parametrize("who", ["guest", "siti"])
def test_nothing_beside_the_pages_can_be_asked_for(lived_in, who):
    client = browser_of(lived_in, who).client
    paths = ["/.git/HEAD", "/.env", "/wsgi.py", "/instance/portal.sqlite", "/instance/keys.json", "/static/",
             "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static/.gitignore",
             "/portal/", "/metrics", "/server-status", "/console", "/debug", "/openapi.json", "/admin",
             f"/k/{lived_in.code}/x.css", f"/k/{lived_in.code}/kerja/x.js", f"/s/{lived_in.outreach}/x.jpg",
             "/setelan/x.css", "/bantuan/..%2f..%2fetc/passwd"]

    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)


@pytest.mark.asvs("V13.4.2", "V16.5.4")
def test_there_is_no_debugger_and_a_fault_in_a_template_ends_calmly(city, guest, monkeypatch):
    def fails(*_args, **_more):
        raise ZeroDivisionError("inner words")
    monkeypatch.setattr("portal.web.pages.render", fails)

    page = guest.get("/aman")

    assert (city.app.debug, page.status) == (False, 500)
    assert "inner words" not in page.html
    assert guest.client.get("/aman?__debugger__=yes&cmd=resource&f=debugger.js").status_code == 500


SMUGGLED = [
    b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: 0\r\nContent-Length: 44\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"Content-Length: +5\r\n\r\nhello",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
]


@pytest.fixture
def port(city, keys, tmp_path):
    """The portal as gunicorn serves it in a city, on a port of this machine."""
    keys.write(tmp_path / "keys.json")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    settings = {"DATABASE_URL": city.url, "KEYS_FILE": str(tmp_path / "keys.json"), "OFFICE_PHONE": "021-1",
                "TRUSTED_HOSTS": "x"}
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "wsgi:app"], cwd=ROOT,
        env=os.environ | {f"PORTAL_{name}": value for name, value in settings.items()} | {"PORT": str(number)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 150
        while b"200" not in spoken(number, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[:15]:
            assert time.monotonic() < until, "the server did not come up"
            time.sleep(0.2)
        yield number
    finally:
        server.terminate()
        server.wait(30)


def spoken(port, sent):
    """What the server says to these bytes, until it hangs up or has nothing more to say."""
    heard = b""
    with suppress(ConnectionError, TimeoutError), socket.create_connection(("127.0.0.1", port), timeout=3) as line:
        line.sendall(sent)
        while part := line.recv(65536):
            heard += part
    return heard


@pytest.mark.timeout(300)  # a server takes its time to come up on a busy machine
@pytest.mark.asvs("V4.2.1", "V4.2.2", "V13.4.6")
def test_the_real_server_cannot_be_made_to_see_two_requests_in_one(port):
    for body in SMUGGLED:
        heard = spoken(port, b"POST /masuk HTTP/1.1\r\nHost: x\r\n" + body)
        statuses = re.findall(rb"HTTP/1\.1 (\d{3})", heard)
        assert all(status.startswith((b"4", b"5")) for status in statuses), (body, heard)
        assert statuses[1:] in ([], [b"400"]), (body, heard)  # the rest is called no request, and the line is cut

    for path in ("/masuk", "/bantuan", "/static/app.css", "/tidak-ada", "/manifest.webmanifest"):
        heard = spoken(port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, content = heard.partition(b"\r\n\r\n")
        lengths = re.findall(rb"(?i)^content-length: (\d+)\r?$", head, re.MULTILINE)
        assert [int(length) for length in lengths] == [len(content)], path
        assert b"transfer-encoding" not in head.lower()
        assert b"x-powered-by" not in head.lower()
        assert not re.search(rb"(?im)^server:.*\d", head), head


@pytest.mark.asvs("V3.7.2")
@pytest.mark.parametrize("outside", ["//evil.example", "https://evil.example", "/\\evil.example", "//[", "\thttps://x"])
def test_no_door_of_the_house_leads_outside(guest, outside):
    page = guest.get("/masuk", query_string={"next": outside})

    assert page.status == 200
    assert outside not in {tag.attrs.get("value") for tag in page.root.all("input", name="next")}
