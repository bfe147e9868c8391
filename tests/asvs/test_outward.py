"""ASVS 5.0 V1.3.6, V13.2.4, V13.2.5: the portal asks no other machine for anything.

Every test of the suite runs under the guard of `tests/support/egress.py`; here it is shown to stand, and the portal
is served where there is no network at all. Who may be asked all the same, from the command line alone, stands by name
in `tests/asvs/test_v01_encoding.py` and in docs/rules.md: the mail server of the settings, the portal's own address.
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest

from portal.web.guard import public
from tests.asvs.conftest import addresses, browser_of
from tests.conftest import _nothing_goes_out, give_up
from tests.support import egress
from tests.support.clients import Line
from tests.support.every_form import PREPARE
from tests.support.postgres import dies_with_us
from tests.support.writings import browsers_of

ROOT = Path(__file__).parent.parent.parent
ELSEWHERE = "192.0.2.1"  # kept free for examples: nobody has it
OUTWARD = {
    "a connection": lambda: socket.create_connection((ELSEWHERE, 80), 1),
    "one that only says whether it came about": lambda: _datagram().connect_ex((ELSEWHERE, 80)),
    "a datagram": lambda: _datagram().sendto(b"x", (ELSEWHERE, 53)),
    "a name": lambda: socket.getaddrinfo("kota.example", 443),
    "an old way to a name": lambda: socket.gethostbyname("kota.example"),
    "an address of version 6": lambda: socket.getaddrinfo("2001:db8::1", 443),
    "a page": lambda: urlopen(f"http://{ELSEWHERE}/", timeout=1)}


def _datagram():
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(1)
    return line


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning",
                            "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.asvs("V1.3.6", "V13.2.4", "V13.2.5")
@pytest.mark.parametrize("way", OUTWARD)
def test_whatever_asks_another_machine_is_stopped_and_told(way):
    with egress.expected() as told, pytest.raises(OSError, match="is not this machine"):
        OUTWARD[way]()

    assert len(told) == 1


def test_this_machine_may_be_asked(tmp_path):
    with socket.socket() as there, socket.socket(socket.AF_UNIX) as in_a_file:
        there.bind(("127.0.0.1", 0))
        there.listen()
        in_a_file.bind(str(tmp_path / "s"))
        in_a_file.listen()
        socket.create_connection(("localhost", there.getsockname()[1]), 5).close()
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(tmp_path / "s"))

    assert egress.tried == []


@pytest.mark.asvs("V1.3.6", "V13.2.4", "V13.2.5")
def test_a_test_fails_whose_page_asks_another_machine_also_where_the_fault_is_swallowed(city, guest):
    @public
    def asks():
        with suppress(OSError):
            urlopen(f"http://{ELSEWHERE}/", timeout=1)
        return "as if nothing were"
    city.app.add_url_rule("/asks", "asks", asks)
    guarded = _nothing_goes_out.__wrapped__()

    next(guarded)
    assert guest.client.get("/asks").text == "as if nothing were"

    with pytest.raises(AssertionError, match=ELSEWHERE):
        next(guarded)


@pytest.fixture
def apart():
    """What to put before a command so that it runs in a network of its own, in which there is nobody."""
    apart = [shutil.which("unshare") or "unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    try:
        subprocess.run([*apart, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        give_up("no network of one's own can be made here: it takes Linux, and the right to (unshare --net true)")
    return apart


@pytest.fixture
def cut_off(city, keys, tmp_path, apart):
    """The portal as gunicorn serves it, apart. It answers at a socket file."""
    keys.write(tmp_path / "keys.json")
    settings = {"DATABASE_URL": city.url, "KEYS_FILE": str(tmp_path / "keys.json"), "OFFICE_PHONE": "021-1",
                "SECURE_COOKIES": "0", "PAGES_A_MINUTE": "0", "FORMS_A_MINUTE": "0", "CONCERNS_AN_HOUR": "0"}
    file = tmp_path / "web.sock"
    server = subprocess.Popen(
        [*dies_with_us(), *apart, sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py",
         "--bind", f"unix:{file}", "wsgi:app"],
        cwd=ROOT, env=os.environ | {f"PORTAL_{name}": value for name, value in settings.items()})
    try:
        until = time.monotonic() + 90
        while not file.exists():
            assert server.poll() is None, "the portal did not start"
            assert time.monotonic() < until, "the portal did not answer in time"
            time.sleep(0.1)
        yield SimpleNamespace(file=file, pid=server.pid)
    finally:
        server.terminate()
        server.wait(timeout=90)


class Through(Line):
    """A person's line to a server behind a socket file."""

    def __init__(self, file, client):
        super().__init__(0, client)
        self.file = file

    def _connection(self):
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(str(self.file))
        return connection


def _first_in(lines, path):
    """How a page answers the first who gets in; else how it answers the last."""
    for line in lines:
        status = line.get(path).status_code
        if status != 404:
            break
    return status


@pytest.mark.asvs("V1.3.6", "V13.2.4", "V13.2.5")
def test_the_portal_needs_no_network(city, cut_off):
    """Every page of everybody, a concern that is sent and a sign-in at the office, with nobody to ask."""
    devices = Path(f"/proc/{cut_off.pid}/net/dev").read_text().splitlines()[2:]
    city.code, city.outreach = "K7M4PX", "00000000-0000-4000-8000-000000000000"
    lines = [Through(cut_off.file, browser_of(city, who).client) for who in ("siti", "wati", "ratna", "agus", "lina")]
    answers = {path: _first_in(lines, path) for _endpoint, path in addresses(city)}
    done = []
    for route in ("flags.new", "outreach.log", "accounts.sign_in_staff", "followup.take", "reports.coverage_file"):
        send = PREPARE[route](city)
        for browser in browsers_of(send):
            browser.client = Through(cut_off.file, browser.client)
        done.append((route, send().status))

    assert [line.partition(":")[0].strip() for line in devices] == ["lo"]
    assert set(answers.values()) <= {200, 203, 302, 303, 404}
    assert list(answers.values()).count(203) > 30
    assert [one for one in done if one[1] not in {200, 203}] == []


def test_who_asks_another_machine_from_there_gets_nowhere(apart):
    asks = f"import socket; socket.create_connection(('{ELSEWHERE}', 80), 5)"

    asked = subprocess.run([*apart, sys.executable, "-c", asks], capture_output=True, text=True, check=False)

    assert "Network is unreachable" in asked.stderr
