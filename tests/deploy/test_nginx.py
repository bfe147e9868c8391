"""The sample of a web server in front: nothing in clear, nothing old, and a slow sender holds up nobody."""

import os
import re
import ssl
from pathlib import Path

import pytest

from portal.web import breaches
from tests.support import nginx

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "deploy/nginx.conf"
MACHINES = {breaches.PATH, "/di-sini", "/healthz", "/manifest.webmanifest", "/static/app.css"}
"""What no person types: asked by pages and monitors."""


@pytest.fixture(scope="module")
def sample():
    return nginx.read(SAMPLE)


@pytest.fixture(scope="module")
def named(sample):
    """The server in clear, and the one by TLS, under the city's name."""
    clear, encrypted = sorted((one for one in sample.all("server") if one.all("server_name")),
                              key=lambda one: "ssl" in one.values("listen"))
    return clear, encrypted


@pytest.mark.asvs("V12.1.1")
def test_only_tls_1_2_and_1_3_are_spoken(sample):
    encrypted = [one for one in sample.all("server") if "ssl" in one.values("listen")]

    assert len(encrypted) == 2
    for server in encrypted:  # also the one for strangers: nginx takes the default server's word for all of them
        assert set(server.values("ssl_protocols")) == {"TLSv1.2", "TLSv1.3"}


@pytest.mark.asvs("V12.1.2")
def test_every_suite_is_forward_secret_and_authenticated(named):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(named[1].values("ssl_ciphers")[0])  # OpenSSL's own reading of it
    suites = [suite for suite in context.get_ciphers() if suite["protocol"] == "TLSv1.2"]

    assert len(suites) == len(named[1].values("ssl_ciphers")[0].split(":"))
    for suite in suites:
        assert suite["name"].startswith("ECDHE-"), suite
        assert suite["aead"], suite
        assert suite["strength_bits"] >= 128, suite
    assert named[1].values("ssl_session_tickets") == ["off"]


@pytest.mark.asvs("V4.1.2", "V12.2.1")
def test_in_clear_a_page_is_led_to_https_and_all_else_is_refused(named, app):
    paths = {re.sub(r"<[^>]+>", "x", rule.rule): rule.methods for rule in app.url_map.iter_rules()
             if rule.endpoint != "static"}
    pages = {path for path, methods in paths.items() if "GET" in methods} - MACHINES

    assert len(pages) > 30
    assert {nginx.status_in(named[0], "GET", path) for path in pages} == {301}
    assert {path: nginx.status_in(named[0], "GET", path) for path in MACHINES} == dict.fromkeys(MACHINES, 403)
    assert {nginx.status_in(named[0], "POST", path) for path in [*paths, "/"]} == {403}
    assert "proxy_pass" not in str(named[0])


@pytest.mark.asvs("V12.2.1")
def test_what_is_passed_on_came_by_tls_under_the_citys_name(sample, named):
    passing = [one for one in sample.all("server") if "proxy_pass" in str(one)]
    stranger = next(one for one in sample.all("server") if "default_server" in one.values("listen"))

    assert passing == [named[1]]
    assert set(named[1].values("listen")) == {"443", "[::]:443", "ssl", "http2"}
    assert (stranger.values("return"), stranger.all("location")) == (["444"], [])
    assert "$host" not in str(named[0])  # where it leads is not the asker's to say


@pytest.mark.asvs("V12.3.3")
def test_between_the_two_there_is_no_network(sample, named, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda _mask: 0)  # the file sets it for its own process
    served = {}
    exec((ROOT / "deploy/gunicorn.conf.py").read_text(), served)  # noqa: S102 - our own file

    assert sample.all("upstream")[0].values("server")[0] == "unix:/run/catatan-kader/web.sock"
    assert named[1].all("location")[0].values("proxy_pass") == ["http://catatan-kader"]
    assert sample.all("upstream")[0].args == ("catatan-kader",)
    assert re.match(r"127\.0\.0\.1:", served["bind"])


@pytest.mark.asvs("V15.4.4")
def test_a_slow_sender_is_held_here_and_a_form_lies_on_no_disk(named):
    place = named[1].all("location")[0]

    assert place.values("proxy_request_buffering") == place.values("proxy_buffering") == ["on"]
    for wait in ("client_header_timeout", "client_body_timeout", "send_timeout"):
        assert int(named[1].values(wait)[0].removesuffix("s")) <= 30
    assert named[1].values("client_body_buffer_size") == ["512k"]  # more than any form may have (portal/app.py)
    assert place.values("proxy_max_temp_file_size") == ["0"]


def test_nothing_about_who_asks_is_kept_or_believed(sample, named):
    heads = {one.args[0]: one.args[1] for one in named[1].all("location")[0].all("proxy_set_header")}

    assert {one.values("access_log")[0] for one in sample.all("server")} == {"off"}
    assert named[1].values("error_log") == ["/dev/null", "emerg"]
    assert (heads["X-Forwarded-For"], heads["X-Forwarded-Proto"], heads["Forwarded"]) == ("$remote_addr", "https", "")
    assert named[1].values("gzip") == ["off"]


def test_a_sample_with_a_brace_too_many_is_not_read(tmp_path):
    (tmp_path / "x.conf").write_text(SAMPLE.read_text() + "\n}\nserver { }\n")

    with pytest.raises(ValueError, match="brace"):
        nginx.read(tmp_path / "x.conf")
