"""Whoever takes a guard out of the portal is told so by a test: each is taken away in turn, in memory, and the suite
must notice. What counts as a guard: `tests/support/guards.py`; how it is done: `tests/support/noticing.py`."""

import json
import subprocess
import sys

import pytest

from tests.proof.conftest import LONG
from tests.support.guards import PORTAL
from tests.support.noticing import planted as planted_one
from tests.support.noticing import trials

PARTS = 2 if LONG else 1
LEAST = 0.98


def tried(folder):
    """What came of each of them, and of one that is planted where no test looks."""
    command = [sys.executable, "-m", "tests.support.noticing", "--planted"]
    thorough = ["--thorough", "--reached", folder / "reached.json"] if LONG else []
    parts = [subprocess.Popen([*command, *thorough, "--part", f"{part}/{PARTS}", "--out", folder / f"{part}.jsonl"],
                              cwd=PORTAL.parent, stdout=subprocess.DEVNULL) for part in range(PARTS)]
    assert [part.wait() for part in parts] == [0] * PARTS
    return [json.loads(line) for part in range(PARTS)
            for line in (folder / f"{part}.jsonl").read_text().splitlines()]


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
    claim("each guard and scope taken away or turned round in turn: a test notices",
          f"{len(asked) - len(alive)} of {len(trials())}", f"{LEAST:.0%}",
          holds=len(asked) == len(trials()) and len(alive) <= (1 - LEAST) * len(asked))
