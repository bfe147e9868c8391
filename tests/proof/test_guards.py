"""Whoever takes a guard out of the portal is told so by a test: each is taken away in turn, in memory, and the suite
must notice. What counts as a guard: `tests/support/guards.py`; how it is done: `tests/support/noticing.py`."""

import json
import subprocess
import sys

import pytest

from tests.proof.conftest import LONG, rotating_seed
from tests.support.guards import PORTAL
from tests.support.noticing import planted as planted_one
from tests.support.noticing import trials
from tests.support.postgres import dies_with_us

PARTS = ("0/2", "1/2") if LONG else (f"{rotating_seed() % 4}/4",)
"""In the long run all, side by side; at a change every fourth, and by chance others at the next."""
LEAST = 0.98


def tried(folder):
    """What came of each of them, and of one that is planted where no test looks."""
    command = [sys.executable, "-m", "tests.support.noticing", "--planted"]
    thorough = ["--thorough", "--reached", folder / "reached.json"] if LONG else []
    files = [folder / f"{part[0]}.jsonl" for part in PARTS]
    parts = [subprocess.Popen([*dies_with_us(), *command, *thorough, "--part", part, "--out", file],
                              cwd=PORTAL.parent, stdout=subprocess.DEVNULL)
             for part, file in zip(PARTS, files, strict=True)]
    assert [part.wait() for part in parts] == [0] * len(PARTS)
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.mark.timeout(7200 if LONG else 2400)  # each of a thousand has a process of its own: a second or so
def test_the_suite_notices_that_a_guard_is_gone(tmp_path, claim):
    found = tried(tmp_path)
    asked, elsewhere = ([one for one in found if one["planted"] is planted] for planted in (False, True))
    alive = [one for one in asked if not one["noticed_by"]]

    claim("a guard whose tests look elsewhere is reported as unnoticed", "reported"
          if not any(one["noticed_by"] for one in elsewhere) else "not reported", "reported",
          holds={one["key"] for one in elsewhere} == {planted_one().key}
          and not any(one["noticed_by"] for one in elsewhere))
    print(*alive, sep="\n")
    every = trials()
    whole = sum(len(every[int(part)::int(of)]) for part, _, of in (one.partition("/") for one in PARTS))
    claim("each guard and scope taken away or turned round in turn: a test notices",
          f"{len(asked) - len(alive)} of {whole}" + ("" if LONG else f", of {len(every)} in all"), f"{LEAST:.0%}",
          holds=len(asked) == whole and len(alive) <= (1 - LEAST) * len(asked))
