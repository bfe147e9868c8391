"""Whoever takes a guard out of the portal is told so by a test: each is taken away in turn, in memory, and the suite
must notice. What counts as a guard: `tests/support/guards.py`; how it is done: `tests/support/noticing.py`."""

import json
import subprocess
import sys

from tests.proof.conftest import LONG, size
from tests.support.equivalents import NOTHING_COMES, STANDS_BEHIND
from tests.support.guards import PACKAGES, PORTAL, all_mutants
from tests.support.noticing import planted as planted_one
from tests.support.noticing import trials

SEED, PARTS = 20_261, 2 if LONG else 1
LEAST = 0.98


def tried(folder):
    """What came of each of them, and of one that is planted where no test looks."""
    command = [sys.executable, "-m", "tests.support.noticing", "--planted", "--seed", str(SEED), "--number",
               str(size(short=60, long=len(trials())))]
    thorough = ["--thorough", "--reached", folder / "reached.json"] if LONG else []
    parts = [subprocess.Popen([*command, *thorough, "--part", f"{part}/{PARTS}", "--out", folder / f"{part}.jsonl"],
                              cwd=PORTAL.parent, stdout=subprocess.DEVNULL) for part in range(PARTS)]
    assert [part.wait() for part in parts] == [0] * PARTS
    return [json.loads(line) for part in range(PARTS)
            for line in (folder / f"{part}.jsonl").read_text().splitlines()]


def test_the_suite_notices_that_a_guard_is_gone(tmp_path, claim):
    found = tried(tmp_path)
    asked, elsewhere = ([one for one in found if one["planted"] is planted] for planted in (False, True))
    alive = [one for one in asked if not one["noticed_by"]]

    claim("a guard whose tests look elsewhere is reported as unnoticed", "reported"
          if not any(one["noticed_by"] for one in elsewhere) else "not reported", "reported",
          holds={one["key"] for one in elsewhere} == {planted_one().key}
          and not any(one["noticed_by"] for one in elsewhere))
    claim("each guard and scope taken away or turned round in turn: a test notices",
          f"{len(asked) - len(alive)} of {len(asked)} (there are {len(trials())})", f"{LEAST:.0%}",
          holds=len(alive) <= (1 - LEAST) * len(asked) or bool(print(*alive, sep="\n")))


def test_guards_are_found_in_every_feature_and_hardly_any_is_excused():
    excused = NOTHING_COMES.keys() | STANDS_BEHIND.keys()

    assert {mutant.package for mutant in all_mutants()} == set(PACKAGES)
    assert excused <= {mutant.key for mutant in all_mutants()}
    assert len(NOTHING_COMES) < 0.1 * len(all_mutants())
