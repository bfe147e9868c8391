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
from tests.support.traced import Answer, events, said_too_early, tracing
from tests.support.writings import browsers_of

NO_SYNC = "import portal.base.db as d; d._PRAGMAS = tuple(p.replace('FULL', 'OFF') for p in d._PRAGMAS)"
AS_IN_TESTS = """
from dataclasses import replace
import portal.accounts.sealed as s
s.CODE_COST = replace(s.CODE_COST, memory_kib=8, rounds=1)
"""  # the city's cards were made so
CODE = re.compile(rb"Location: /k/([0-9A-Z]{3}-[0-9A-Z]{3})")
IN_CI = ("flags.new", "flags.add", "outreach.log", "outreach.add_photo", "followup.act", "followup.close",
         "accounts.sign_in_with_card")
OUTLIVES = ("outreach.log", "followup.act", "casework.assess", "accounts.enrol",
            "accounts.sign_in_with_card", "accounts.new_card")  # in this order: a new card ends the one before
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


@pytest.mark.parametrize("routes", [(route,) for route in sorted(PREPARE)] if LONG else [OUTLIVES], ids=" ".join)
def test_every_row_of_what_was_acknowledged_survives_a_power_cut(city, tmp_path, claim, routes):
    cut, lost, broken = rows_after_cuts(city, tmp_path, routes)

    what = routes[0] if LONG else "a session, an act, an assessment, a first time, a sign-in, a new list of codes"
    claim(f"{what}: once acknowledged, every row of it survives a power cut at any moment",
          f"{cut} cuts, {lost} rows lost, {broken} broken files", "0",
          holds=cut >= 2 * len(routes) and lost == broken == 0)


def test_a_row_that_is_lost_is_found(city, tmp_path):
    assert rows_after_cuts(city, tmp_path, OUTLIVES[:2], NO_SYNC)[1] > 0


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


def rows_after_cuts(city, folder, routes, weaker=""):
    """Send a form to each of these routes, and cut the power at every moment of it: how often, how many rows that had
    been there at an answer are gone or another in all, how many files broken."""
    sends = [PREPARE[route](city) for route in routes]
    city.db.rollback()
    for engine in (city.db.get_bind(), city.app.extensions["engine"]):
        engine.dispose()
    start, file, told, kept = files_of(city), folder / "city.sqlite", 0, {0: {}}
    with deployed(city, folder, weaker) as port:
        for send in sends:
            assert over_the_line(send, port)().status < 400
            told += sum(browser.client.answered for browser in browsers_of(send))
            kept[told] = rows_in(f"file:{file}?mode=ro")
    seen, last = trace_of(folder), kept[told]
    assert sum(isinstance(event, Answer) for event in seen) == told
    cut = lost = broken = 0
    chance, place = random.Random(2), folder / "cut"
    place.mkdir(exist_ok=True)
    for disk in cuts(seen, start):
        sure = kept[max(number for number in kept if number <= len(disk.said))]
        for dice in (None, chance):
            left = put(disk.after_the_cut(dice), str(file), place)
            whole, there = held_in(left)[1], rows_in(f"file:{left}")
            cut, broken = cut + 1, broken + (not whole)
            lost += sum(key not in there or (last[key] == row and there[key] != row)
                        for key, row in sure.items() if key in last)  # what a later one changed need only be there
    return cut, lost, broken


def rows_in(address):
    """Every row of a database, by its table and key; none where it is broken."""
    found = {}
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                columns = db.execute(f"PRAGMA table_info({table})").fetchall()
                key = [number for number, *_more, is_key in columns if is_key]
                rows = db.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
                found |= {(table, *(row[number] for number in key)): row for row in rows}
    except sqlite3.DatabaseError:
        return {}
    return found


def held_in(file):
    """The codes of the concerns in a file, and whether it is whole."""
    try:
        with closing(sqlite3.connect(file)) as db:
            whole = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return {code for (code,) in db.execute("SELECT code FROM flags")}, whole
    except sqlite3.DatabaseError:
        return set(), False
