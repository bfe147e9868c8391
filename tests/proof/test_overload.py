"""Ten times more than can be served: lists are refused, and a concern gets through as if nothing were."""

import hashlib
import json
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing, contextmanager

from portal.web.shedding import Turn
from tests.conftest import signed_in
from tests.proof.conftest import size
from tests.support.clients import Line, Person
from tests.support.history import OK, History
from tests.support.killing import ROOT, Gunicorn

MANY = 10 * Turn.LIST.value
"""Ten times as many at the same instant as there are places for."""
PATHS = ("/s", "/cakupan", "/akun", "/s/rencana")
YARD = 0.06
"""Seconds of `yardstick` on a machine with nothing else to do; on a slower one the limits grow with it, however slow
the portal itself is."""
ALONE, HARDEST_ALONE = 0.5, 2.0
UNDER, HARDEST_UNDER = 2.0, 4.0
"""Seconds for 95 of 100 concerns, alone and under load; and what no slowness of a machine excuses."""
SLOW = """
import time
import portal.flags.commands as c
def receive(*given, _real=c._receive, **more):
    time.sleep(2.5)
    return _real(*given, **more)
c._receive = receive
"""
NO_SHEDDING = "import portal.web.shedding as s; s.Places.take = lambda *_: True"


def test_concerns_get_through_ten_times_the_load(city, tmp_path, claim):
    slowness = [yardstick(tmp_path)]
    with Gunicorn(city, tmp_path, workers=1) as server:
        alone, under, seen, ended = measured(city, server.port, concerns=size(short=60, long=1_000))
    slowness.append(yardstick(tmp_path))

    at_most_alone, at_most = limits(max(slowness))
    served, asked = seen.get("203", 0), sum(seen.values())
    claim(f"concerns arrive while {MANY} look at lists without a pause, ten times as many as there are places for",
          f"{ended.count(OK)} of {len(ended)}, p95 {quantile(under):.2f} s where alone it is {quantile(alone):.2f} s;"
          f" {asked} lists asked for, {served} served, {seen.get('503', 0)} refused",
          f"99.9 %, p95 {at_most:.2f} s, alone {at_most_alone:.2f} s, lists are refused and nothing breaks",
          holds=ended.count(OK) >= 0.999 * len(ended) and quick_enough(alone, under, max(slowness))
          and "503" in seen and set(seen) <= {"203", "503"})


def test_the_detector_finds_a_portal_that_takes_its_time(city, tmp_path):
    slowness = yardstick(tmp_path)
    with Gunicorn(city, tmp_path, workers=1, first=SLOW) as slow:
        alone, under, _seen, ended = measured(city, slow.port, concerns=2, alone=2)

    assert ended == [OK] * 2
    assert not quick_enough(alone, under, slowness)
    assert not quick_enough(alone, under, 1000 * YARD)


def test_the_detector_finds_a_portal_that_refuses_nothing(city, tmp_path):
    with Gunicorn(city, tmp_path, workers=1) as server:
        _alone, under, _seen, _ended = measured(city, server.port, concerns=12)
    with Gunicorn(city, tmp_path, workers=1, first=NO_SHEDDING) as weak:
        _alone, without, seen, _ended = measured(city, weak.port, concerns=12)

    assert "503" not in seen
    assert statistics.median(without) > 1.5 * statistics.median(under)


def quick_enough(alone, under, slowness):
    """Whether concerns took no longer than they may, on a machine that is so slow."""
    at_most_alone, at_most = limits(slowness)
    return quantile(alone) < at_most_alone and quantile(under) < at_most


def limits(slowness):
    """What 95 of 100 concerns may take alone and under load, in seconds, where the yardstick takes so long."""
    factor = max(1.0, slowness / YARD)
    return min(HARDEST_ALONE, ALONE * factor), min(HARDEST_UNDER, UNDER * factor)


def yardstick(folder):
    """How many seconds a fixed piece of work takes on this machine that the portal has no part in: hashes, lists, and
    rows that reach the disk one by one. The 95th of 100 of it, as of concerns."""
    return quantile([one_yard(folder) for _ in range(20)])


def one_yard(folder):
    began = time.monotonic()
    with closing(sqlite3.connect(folder / "yardstick.sqlite", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE IF NOT EXISTS yards (mark BLOB)")
        for _ in range(10):
            mark = hashlib.sha256(bytes(1 << 20)).digest()
            sorted(map(str, range(10_000)))
            db.execute("INSERT INTO yards VALUES (?)", (mark,))
    return time.monotonic() - began


def quantile(seconds):
    """What 95 of 100 take at most."""
    return sorted(seconds)[int(len(seconds) * 0.95)]


def measured(city, port, *, concerns, alone=15):
    """Seconds of concerns alone and under load, how the crowd was answered, and how the concerns ended."""
    person = Person(city, "concern", port, History(), 1)
    timed(person, alone // 3)  # templates and translations are loaded by the first
    by_itself = timed(person, alone)[0]
    with crowd(city, port) as counts:
        time.sleep(3)
        under, ended = timed(person, concerns)
    return by_itself, under, counts, ended


def timed(person, number):
    """How long so many concerns took, and how each ended."""
    seconds, ended = [], []
    for _ in range(number):
        began = time.monotonic()
        ended.append(person.send_one())
        seconds.append(time.monotonic() - began)
    return seconds, ended


@contextmanager
def crowd(city, port):
    """Many who look at lists; what they were answered is known at the end."""
    line = Line(port, signed_in(city, city.wati).client)
    cookie = "; ".join(f"{name}={value}" for name, value in line.cookies.items())
    process = subprocess.Popen([sys.executable, "-m", "tests.support.crowd", str(port), str(MANY), cookie, *PATHS],
                               cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    counts = {}
    try:
        yield counts
    finally:
        counts.update(json.loads(process.communicate(timeout=120)[0]))
