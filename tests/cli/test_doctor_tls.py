"""What the doctor sees of the public address, with real servers of every kind in its place."""

import socket
import ssl
import warnings
from contextlib import suppress
from dataclasses import replace
from threading import Thread

import pytest

from portal.base.settings import Settings
from portal.cli import doctor_tls
from tests.support.certificates import self_signed

SETTINGS = Settings(trusted_hosts=("localhost",))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and certificate for this machine in one file, signed by itself."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(b"".join(self_signed()))
    return file


def context_of(certificate, *, ciphers="ECDHE+AESGCM", oldest=ssl.TLSVersion.TLSv1_2, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = oldest, newest
    return context


@pytest.fixture
def serve():
    """Starts a server that greets by this context (none: in clear) and says one thing; gives its port."""
    open_ones = []

    def start(context, says=b""):
        listening = socket.create_server(("localhost", 0))
        open_ones.append(listening)

        def answer():
            while True:
                try:
                    line = listening.accept()[0]
                except OSError:
                    return
                with suppress(OSError), line:
                    line.settimeout(5)
                    if context is None:
                        line.recv(1000)
                        line.sendall(says)
                    else:
                        context.wrap_socket(line, server_side=True).close()

        Thread(target=answer, daemon=True).start()
        return listening.getsockname()[1]

    yield start
    for one in open_ones:
        one.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_a_good_address_is_ok(trusted, certificate, serve):
    found = doctor_tls.tls(SETTINGS, serve(context_of(certificate)))

    assert (found.state, "TLSv1.3" in found.said) == ("ok", True), found


def test_a_certificate_that_browsers_do_not_trust_is_bad(certificate, serve):
    found = doctor_tls.tls(SETTINGS, serve(context_of(certificate)))

    assert (found.state, "self-signed" in found.said) == ("bad", True), found


@pytest.mark.asvs("V12.1.1")
def test_one_that_still_speaks_tls_1_1_is_bad(trusted, certificate, serve):
    old = context_of(certificate, ciphers="ALL:@SECLEVEL=0", oldest=ssl.TLSVersion.TLSv1)

    found = doctor_tls.tls(SETTINGS, serve(old))

    assert (found.state, "TLS 1.0 or 1.1" in found.said) == ("bad", True), found


@pytest.mark.asvs("V12.1.2")
def test_one_without_forward_secrecy_is_bad(trusted, certificate, serve):
    found = doctor_tls.tls(SETTINGS, serve(context_of(certificate, ciphers="ECDHE+AESGCM:kRSA")))

    assert (found.state, "forward secrecy" in found.said) == ("bad", True), found


def test_an_address_that_does_not_answer_or_has_no_name_is_bad(serve):
    assert doctor_tls.tls(SETTINGS, serve(None, b"HTTP/1.1 200 OK\r\n")).state == "bad"
    assert "PORTAL_TRUSTED_HOSTS" in doctor_tls.tls(replace(SETTINGS, trusted_hosts=())).said


@pytest.mark.asvs("V12.2.1", "V4.1.2")
@pytest.mark.parametrize(("says", "state"), [
    (b"HTTP/1.1 403 Forbidden\r\n", "ok"), (b"", "warn"), (b"HTTP/1.1 200 OK\r\n", "bad"),
    (b"HTTP/1.1 301 Moved\r\n", "bad"), (b"HTTP/1.1 303 See Other\r\n", "bad")])
def test_what_is_taken_or_sent_on_in_clear_is_bad(serve, says, state):
    assert doctor_tls.in_clear(SETTINGS, serve(None, says)).state == state


def test_where_nobody_listens_in_clear_all_is_well():
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]

    assert doctor_tls.in_clear(SETTINGS, port).state == "ok"


def test_only_when_asked_for_does_the_doctor_go_out(city, monkeypatch):
    asked = []
    monkeypatch.setattr(doctor_tls, "tls", lambda settings: asked.append(1) or doctor_tls.ok("seen"))
    monkeypatch.setattr(doctor_tls, "in_clear", lambda settings: doctor_tls.ok("seen"))
    run = city.app.test_cli_runner().invoke

    assert "tls:" not in run(args=["doctor"]).output
    assert not asked
    assert "ok    tls: seen" in run(args=["doctor", "--tls"]).output
