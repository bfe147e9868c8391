"""The power fails at any moment: what had been acknowledged by then is there, and the file is whole. And nothing is
acknowledged before it lies on the disk."""

import random
import re
import sqlite3
from contextlib import closing, contextmanager

import pytest

from tests.proof.conftest import LONG, size
from tests.support.canary import database_files
from tests.support.clients import Person, over_the_line
from tests.support.every_form import PREPARE
from tests.support.history import OK, History
from tests.support.killing import Gunicorn, Nursery
from tests.support.powercut import cuts, put
from tests.support.traced import events, said_too_early, tracing

NO_SYNC = "import portal.base.db as d; d._PRAGMAS = tuple(p.replace('FULL', 'OFF') for p in d._PRAGMAS)"
AS_IN_TESTS = """
from dataclasses import replace
import portal.accounts.sealed as s
s.CODE_COST = replace(s.CODE_COST, memory_kib=8, rounds=1)
"""  # the city's cards were made so
CODE = re.compile(rb"Location: /k/([0-9A-Z]{3}-[0-9A-Z]{3})")
IN_CI = ("flags.new", "flags.add", "outreach.log", "outreach.add_photo", "followup.act", "followup.close",
         "accounts.sign_in_with_card")
PHOTO_NOT_SYNCED = """
import os, types
import portal.outreach.photos as p
p.os = types.SimpleNamespace(**vars(os))
p.os.fsync = lambda _handle: None
"""
PHOTO_NAME_NOT_SYNCED = """
import types
import portal.outreach.photos as p
p.disk = types.SimpleNamespace(sync=lambda _path: None)
"""


@pytest.fixture
def siti(city):
    """Somebody with a form before her, at a city that nobody else is at: only the server that is watched writes."""
    person = Person(city, "concern", 0, History(), 0)
    city.db.rollback()
    city.db.get_bind().dispose()
    city.app.extensions["engine"].dispose()
    return person


@contextmanager
def deployed(city, folder, weaker=""):
    """Gunicorn, watched; `weaker` is Python that takes a defence away."""
    with Gunicorn(city, folder, workers=1, first=AS_IN_TESTS + weaker) as server, \
            tracing(server.workers(), folder / "trace"):
        yield server.port


@contextmanager
def unsafe(city, folder):
    """A server that does not sync, watched."""
    with Nursery(city, folder, first=NO_SYNC) as server, tracing([server.process.pid], folder / "trace"):
        server.kill()  # the next fork is watched from its beginning
        yield server.port


def trace_of(folder):
    with (folder / "trace").open() as lines:
        return list(events(lines))


def send_concerns(person, port, number):
    """So many concerns, one after the other, each acknowledged."""
    person.line.port = port
    assert [person.send_one() for _ in range(number)] == [OK] * number


@pytest.mark.parametrize("routes", [(route,) for route in sorted(PREPARE)] if LONG else [IN_CI], ids=" ".join)
def test_nothing_is_acknowledged_before_it_is_synced(city, tmp_path, claim, routes):
    sends = [PREPARE[route](city) for route in routes]
    with deployed(city, tmp_path) as port:
        taken = [over_the_line(send, port)().status < 400 for send in sends]

    assert all(taken), routes
    answers, early = said_too_early(trace_of(tmp_path))

    claim((f"{routes[0]}: " if LONG else "") + "no acknowledgement leaves before what it acknowledges is synced",
          f"{early} of {answers} answers, {len(sends)} writing routes", "0",
          holds=early == 0 and answers >= len(sends))


def test_what_was_acknowledged_survives_a_power_cut_at_any_moment(city, siti, tmp_path, claim):
    start = files_of(city)
    with deployed(city, tmp_path) as port:
        send_concerns(siti, port, size(short=50, long=2_000))

    cut, lost, broken = after_cuts(trace_of(tmp_path), start, tmp_path)

    claim("what was acknowledged survives a power cut at any moment, also with writes torn and out of order",
          f"{cut} cuts, {lost} lost, {broken} broken files", "0", holds=cut > 100 and lost == broken == 0)


def test_the_detectors_find_a_server_that_does_not_sync(city, siti, tmp_path):
    start = files_of(city)
    with unsafe(city, tmp_path) as port:
        send_concerns(siti, port, 5)

    seen = trace_of(tmp_path)

    assert said_too_early(seen)[1] >= 5
    assert after_cuts(seen, start, tmp_path)[1] > 0


@pytest.mark.parametrize("weaker", [PHOTO_NOT_SYNCED, PHOTO_NAME_NOT_SYNCED], ids=["the picture", "its name"])
def test_the_detector_finds_a_photo_that_is_not_synced(city, tmp_path, weaker):
    send = PREPARE["outreach.add_photo"](city)
    with deployed(city, tmp_path, weaker) as port:
        assert over_the_line(send, port)().status < 400

    assert said_too_early(trace_of(tmp_path))[1] >= 1


def files_of(city):
    """What lies on the disk before the server starts."""
    return {str(file): file.read_bytes() for file in database_files(city.url) if not file.name.endswith("-shm")}


def after_cuts(seen, start, folder):
    """How many power cuts were tried, how many acknowledged concerns were lost in all, how many files broken."""
    cut = lost = broken = 0
    chance, place = random.Random(1), folder / "cut"
    place.mkdir(exist_ok=True)
    for disk in cuts(seen, start):
        said = {code.decode().replace("-", "") for answer in disk.said for code in CODE.findall(answer.head)}
        for dice in (None, chance):
            there, whole = held_in(put(disk.after_the_cut(dice), str(folder / "city.sqlite"), place))
            cut, lost, broken = cut + 1, lost + len(said - there), broken + (not whole)
    return cut, lost, broken


def held_in(file):
    """The codes of the concerns in a file, and whether it is whole."""
    try:
        with closing(sqlite3.connect(file)) as db:
            whole = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return {code for (code,) in db.execute("SELECT code FROM flags")}, whole
    except sqlite3.DatabaseError:
        return set(), False
