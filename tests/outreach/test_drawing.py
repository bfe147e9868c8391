"""A picture that takes over the library that reads it gets a process that can do nothing, and the portal goes on."""

import os
import subprocess
import sys
import time

import pytest

from portal.base.errors import Overloaded
from portal.outreach import drawing, photos
from portal.outreach.photos import BadPhoto
from tests.outreach.test_photos import folder, kept, picture, send  # noqa: F401 - a fixture
from tests.outreach.test_sessions import logged
from tests.support.source import imported, modules

CONFINED = """
import importlib.util, os, socket, sys
spec = importlib.util.spec_from_file_location("drawing", {file!r})
drawing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawing)
drawing.confine()
{act}
"""


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """Another thing is done in the place of drawing, under the same limits."""
    def does(act):
        script = tmp_path / "taken_over.py"
        script.write_text(CONFINED.format(file=str(drawing.__file__), act=act))
        monkeypatch.setattr(photos, "_DRAWING", script)
        return script
    return does


@pytest.mark.asvs("V15.2.5")
@pytest.mark.parametrize(("act", "said"), [
    ("open('/etc/hostname')", "Too many open files"), ("socket.socket()", "Too many open files"),
    ("os.pipe()", "Too many open files"), ("bytearray(2 * 1024 ** 3)", "MemoryError"),
    ("sys.stdout.write('x' * 9_000_000); sys.stdout.flush()", "File too large"),
    ("drawing.resource.setrlimit(drawing.resource.RLIMIT_CPU, (99, 99))", "not allowed"),
])
def test_it_can_open_nothing_and_has_an_end(instead, tmp_path, act, said):
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run([sys.executable, "-I", instead(act)], stdout=out, stderr=subprocess.PIPE, text=True,
                              check=False)

    assert said in done.stderr
    assert done.returncode != 0


@pytest.mark.asvs("V15.2.5")
def test_it_knows_nothing_of_the_portals_environment(instead, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_KEYS_FILE", "/somewhere")
    knows = f"'PORTAL_KEYS_FILE' in os.environ or os.getcwd() != '/' or {os.getcwd()!r} in sys.path"
    instead(f"sys.exit(3 if {knows} else 4)")

    with pytest.raises(BadPhoto, match="large"):
        photos.redraw(b"x")


@pytest.mark.asvs("V15.2.5")
@pytest.mark.parametrize("act", ["while True: pass", "bytearray(2 * 1024 ** 3)", "os.abort()", "sys.exit(0)",
                                 "sys.stdout.buffer.write(bytes(4) + b'<html>')",
                                 "sys.stdout.buffer.write(bytes(4) + bytes([255, 216, 255]))"])
def test_whatever_it_does_the_person_is_told_and_the_portal_goes_on(city, sign_in, instead, monkeypatch, act):
    instead(act)
    monkeypatch.setattr(photos, "_PATIENCE", 1)
    key, browser = logged(city), sign_in(city.siti)

    began = time.monotonic()
    page = send(browser, key, picture())

    assert page.status == 422
    assert "This photo is damaged." in page.text
    assert time.monotonic() - began < 10
    assert kept(city) == []
    assert browser.get("/").status == 203


def test_it_ends_by_itself_too_when_it_works_too_long(instead, monkeypatch):
    script = instead("while True: pass")
    script.write_text(script.read_text().replace("drawing.confine()", "drawing.SECONDS = 1; drawing.confine()"))

    done = subprocess.run([sys.executable, "-I", script], timeout=30, check=False)

    assert done.returncode < 0  # by a signal


def test_when_too_many_are_drawn_the_next_is_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(photos, "_WAIT", 0.01)
    for _ in range(2):
        photos._AT_ONCE.acquire()
    try:
        with pytest.raises(Overloaded):
            photos.redraw(picture())
    finally:
        for _ in range(2):
            photos._AT_ONCE.release()
    assert photos.redraw(picture()).width == 80


@pytest.mark.asvs("V15.2.5")
def test_nothing_else_of_the_portal_reads_pictures():
    reading = {file for file, tree in modules().items() if any(
        name.partition(".")[0] == "PIL" for name in imported(tree))}

    assert reading == {"outreach/drawing.py"}
    assert not any(name.startswith("portal") for name in imported(modules()["outreach/drawing.py"]))

