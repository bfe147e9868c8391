"""Whoever takes a guard out of the portal is told so by a test: each is taken away in turn, in memory, and the suite
must notice. What counts as a guard: `tests/support/guards.py`."""

import json
import subprocess
import sys
from itertools import chain

import pytest

from tests.proof.conftest import LONG, size
from tests.support.noticing import trials

SEED, PARTS = 20_241, 2 if LONG else 1
LEAST = 0.98


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came of each mutant, and of one that nobody can notice."""
    folder = tmp_path_factory.mktemp("guards")
    number = size(short=60, long=len(trials()))
    command = [sys.executable, "-m", "tests.support.noticing", "--number", str(number), "--seed", str(SEED)]
    thorough = ["--thorough", "--reached", str(folder / "reached.json")] if LONG else []
    parts = [subprocess.Popen([*command, *thorough, "--part", f"{part}/{PARTS}", "--out", folder / f"{part}.jsonl"],
                              stdout=subprocess.DEVNULL) for part in range(PARTS)]
    assert [part.wait() for part in parts] == [0] * PARTS
    lines = chain.from_iterable((folder / f"{part}.jsonl").read_text().splitlines() for part in range(PARTS))
    return [json.loads(line) for line in lines]


def test_the_suite_notices_that_a_guard_is_gone(found, claim):
    asked = [one for one in found if not one["planted"]]
    alive = [f"{one['key']} {one['why']}" for one in asked if not one["noticed_by"]]

    claim("guards and scopes removed or turned round in turn: a test notices",
          f"{len(asked) - len(alive)} of {len(asked)}, of {len(trials())} in all", f"{LEAST:.0%}",
          holds=len(alive) <= (1 - LEAST) * len(asked) or bool(print("\n".join(alive))))
