"""Ten times more than can be served: lists are refused, and a concern gets through as if nothing were."""

import json
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

from portal.web.shedding import Turn
from tests.conftest import signed_in
from tests.proof.conftest import size
from tests.support.clients import Line, Person
from tests.support.history import OK, History
from tests.support.killing import ROOT, Gunicorn

MANY = 10 * Turn.LIST.value
"""Ten times as many at the same instant as there are places for."""
PATHS = ("/s", "/cakupan", "/akun", "/s/rencana")
QUICK = 0.1
"""Seconds for one concern on a machine with nothing else to do; on a slower one the limit grows with it."""
LIMIT = 2.0
NO_SHEDDING = "import portal.web.shedding as s; s.Places.take = lambda *_: True"


def test_concerns_get_through_ten_times_the_load(city, tmp_path, claim):
    with Gunicorn(city, tmp_path, workers=1) as server:
        alone, under, seen, ended = measured(city, server.port, concerns=size(short=60, long=3_000))

    p95, allowed = quantile(under), LIMIT * max(1, quantile(alone) / QUICK)
    served, asked = seen.get("203", 0), sum(seen.values())
    claim(f"concerns arrive while {MANY} look at lists without a pause, ten times as many as there are places for",
          f"{ended.count(OK)} of {len(ended)}, p95 {p95:.2f} s where alone it is {quantile(alone):.2f} s; "
          f"{asked} lists asked for, {served} served, {seen.get('503', 0)} refused",
          f"99.9 %, p95 {allowed:.2f} s, lists are refused and nothing breaks",
          holds=ended.count(OK) >= 0.999 * len(ended) and p95 < allowed and "503" in seen
          and set(seen) <= {"203", "503"})


def test_the_detector_finds_a_portal_that_refuses_nothing(city, tmp_path):
    with Gunicorn(city, tmp_path, workers=1) as server:
        _alone, under, _seen, _ended = measured(city, server.port, concerns=12)
    with Gunicorn(city, tmp_path, workers=1, first=NO_SHEDDING) as weak:
        _alone, without, seen, _ended = measured(city, weak.port, concerns=12)

    assert "503" not in seen
    assert statistics.median(without) > 1.5 * statistics.median(under)


def quantile(seconds):
    """What 95 of 100 take at most."""
    return sorted(seconds)[int(len(seconds) * 0.95)]


def measured(city, port, *, concerns):
    """Seconds of concerns alone and under load, how the crowd was answered, and how the concerns ended."""
    person = Person(city, "concern", port, History(), 1)
    timed(person, 5)  # templates and translations are loaded by the first
    alone = timed(person, 15)[0]
    with crowd(city, port) as counts:
        time.sleep(3)
        under, ended = timed(person, concerns)
    return alone, under, counts, ended


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
