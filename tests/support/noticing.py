"""Which test notices that a guard is gone: `python -m tests.support.noticing --out found.jsonl`.

One process imports the portal and collects the tests once. For each mutant it forks, takes the guard away in the
child (`tests/support/mutants.py`) and runs there the tests that could notice, the one first that noticed it before
(`tests/proof/guards.csv`), until one fails. Which tests could: those of its feature; thoroughly, all that enter the
function in which the guard stands, found by running each once under a profile, which takes minutes. In the end what
noticed is run once more with every guard in its place: a test that fails then has noticed nothing.
"""

import argparse
import csv
import gc
import json
import os
import random
import re
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.support.equivalents import NOTHING_COMES, STANDS_BEHIND
from tests.support.guards import PORTAL, Mutant, all_mutants
from tests.support.mutants import functions, plant, those_that_remember

TESTS = PORTAL.parent / "tests"
KNOWN = TESTS / "proof" / "guards.csv"
FOLDERS = tuple(f"tests/{name}" for name in (
    "accounts", "areas", "asvs", "audit", "casework", "cli", "flags", "followup", "journeys", "outreach", "reports",
    "upkeep", "web"))
BY_ROUTE, NEAREST = "tests/proof/by_route.py", "tests/areas/test_queries.py"
ALSO_IN = {"upkeep": ("cli",)}
"""Features whose tests stand elsewhere too: a command of the server is asked as somebody types it."""
PATIENCE = 900
"""Seconds that the tests of one mutant may take. A mutant that takes longer was not noticed."""

ENTERED_INSTEAD = {
    "fresh": ("portal.accounts.signin:fresh.<locals>.guarded.<locals>.ask_first",),
    "once_only": ("portal.casework.commands:once_only.<locals>.done",),
    **dict.fromkeys(("who", "start", "only_owned", "only_assessed", "only_high", "only_referred"),
                    ("portal.flags.life:_allows",)),
}
"""Where a test goes in that meets a guard which stands in no function's body."""

Reached = dict[str, Any]
"""By function, the tests that enter it; under `breadth`, how many functions each test enters."""


@dataclass(frozen=True)
class Trial:
    """Guards that are taken away together: one, or one with those that stand behind it. `among` are the files whose
    tests are asked, when not all are."""

    mutants: tuple[Mutant, ...]
    among: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is called in lists."""
        asked = f", of {' and '.join(self.among)} alone" if self.among else ""
        return " and ".join(mutant.key for mutant in self.mutants) + asked


@dataclass(frozen=True)
class Found:
    """What came of one trial: the test that noticed, or why none did."""

    key: str
    noticed_by: str
    why: str = ""
    seconds: float = 0.0
    planted: bool = False


def trials() -> list[Trial]:
    """Everything that is to be noticed, in the order of the source."""
    by_key = {mutant.key: mutant for mutant in all_mutants()}
    made: dict[frozenset[str], Trial] = {}
    for key, mutant in by_key.items():
        if key not in NOTHING_COMES:
            together = frozenset({key, *STANDS_BEHIND.get(key, ())})
            made.setdefault(together, Trial((mutant, *(by_key[other] for other in sorted(together - {key})))))
    return list(made.values())


def planted() -> Trial:
    """One that none of the tests notices that are asked: they look elsewhere."""
    mutant = next(one for one in all_mutants() if one.key == "portal.flags.policy:may_send: answers yes: may_send")
    return Trial((mutant,), among=(NEAREST,))


def known() -> dict[str, str]:
    """By mutant, the test that noticed it before."""
    if not KNOWN.exists():
        return {}
    with KNOWN.open(encoding="utf-8", newline="") as file:
        return {row["guard"]: row["noticed by"] for row in csv.DictReader(file)}


def keep(found: dict[str, str]) -> None:
    """Write down which test notices which guard's absence, in the order of the source."""
    lines = [(trial.key, found[trial.key]) for trial in trials() if found.get(trial.key)]
    with KNOWN.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerows([("guard", "noticed by"), *lines])


class Noticing:
    """A plugin in whose test run each trial has its turn, instead of each test.

    `thorough`: also the tests of other features that enter the function are asked, before a guard is called alive.
    `only_known`: none but the test that noticed before.
    """

    def __init__(self, asked: list[Trial], *, thorough: bool = False, only_known: bool = False,
                 reached: Path | None = None):
        self.asked, self.thorough, self.only_known, self.reached_file = asked, thorough, only_known, reached
        self.known, self._reached, self.found = known(), None, []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of pytest's own loop."""
        self.items = {item.nodeid: item for item in session.items}
        self._warm()
        found = [self._found(trial) for trial in self.asked]
        self._sober()
        failing = self._failing_anyway({one.noticed_by for one in found if one.noticed_by})
        self.found = [replace(one, noticed_by="", why=f"{one.noticed_by} fails anyway")
                      if one.noticed_by in failing else one for one in found]
        return True

    def _warm(self) -> None:
        """Make what all tests share, once for all children."""
        first = f"{BY_ROUTE}::test_every_gate_admits_whom_it_should"
        other = next(name for name in self.items if name.startswith(NEAREST))
        assert [name for name, passes in self._run([first, other]) if not passes] == []
        functions()
        those_that_remember()
        gc.collect()
        gc.freeze()  # else each child would go through, and so copy, all that the parent holds
        self._sober()

    def _sober(self) -> None:
        """A child in which no guard is missing notices nothing: not even what the parent left lying about."""
        assert not in_child(lambda: self._first_failing(list(self.items)[:2]))

    # one mutant

    def _found(self, trial: Trial) -> Found:
        began = time.monotonic()
        before = [name for name in [self.known.get(trial.key, "")] if name in self.items and not trial.among]
        noticed_by, why = self._try(trial, before) if before else ("", "")
        if not noticed_by and (trial.among or not self.only_known):
            noticed_by, why = self._try(trial, [name for name in self._candidates(trial) if name not in before])
        found = Found(trial.key, noticed_by, why, round(time.monotonic() - began, 2), planted=bool(trial.among))
        say(f"{found.seconds:7.2f} {found.noticed_by or '-'} {why}: {found.key}")
        return found

    def _try(self, trial: Trial, names: list[str]) -> tuple[str, str]:
        """The first of some tests that notices, also when it is the only one to run: what the others leave behind in
        a process is no guard's."""
        while names:
            name, why = self._first(trial, names)
            if not name or len(names) == 1 or self._first(trial, [name])[0]:
                return name, why
            names = names[names.index(name) + 1:]
        return "", ""

    def _first(self, trial: Trial, names: list[str]) -> tuple[str, str]:
        def child() -> tuple[str, str]:
            plant(*trial.mutants)
            return self._first_failing(names), ""

        return in_child(child, PATIENCE) or ("", "it took too long, or ended the process")

    def _first_failing(self, names: list[str]) -> str:
        return next((name for name, passes in self._run(names) if not passes), "")

    def _run(self, names: list[str]) -> Iterator[tuple[str, bool]]:
        """Each of these tests, and whether it passes. What one leaves open that the next one does not need is closed
        before it; after the last one, all but what the whole run shares."""
        for name, after in zip_longest(names, names[1:]):
            other = self.items[after] if after else next(
                item for item in self.items.values() if item.path != self.items[name].path)
            reports = runtestprotocol(self.items[name], nextitem=other, log=False)
            yield name, not any(report.failed for report in reports)

    def _failing_anyway(self, names: set[str]) -> set[str]:
        if not names:
            return set()
        failing = in_child(lambda: [name for name, passes in self._run(sorted(names)) if not passes])
        assert failing is not None
        return set(failing)

    # which tests could notice

    def _candidates(self, trial: Trial) -> list[str]:
        """The gates, the view's own route, then what enters the function: first what speaks of the same, and what
        enters little besides."""
        if trial.among:
            return [name for name in self.items if name.split("::")[0] in trial.among]
        own = [f"{BY_ROUTE}::{test}[{one.package}.{one.place}]" for one in trial.mutants for test in (
            "test_nobody_gets_what_is_not_hers", "test_no_form_is_taken_from_elsewhere_twice_or_too_late")]
        if any(one.how in {"anyone", "public"} or one.place.startswith("may_") for one in trial.mutants):
            own.insert(0, f"{BY_ROUTE}::test_every_gate_admits_whom_it_should")
        entering = self._entering(trial) if self.thorough else [
            name for one in trial.mutants for folder in _near(one) for name in self.items if name.startswith(folder)]
        return [name for name in dict.fromkeys((*own, *entering)) if name in self.items]

    def _entering(self, trial: Trial) -> list[str]:
        if self._reached is None:
            self._reached = self._read_or_measure()
        places = {place for one in trial.mutants for place in (
            f"{one.module}:{one.place}", *ENTERED_INSTEAD.get(str(one.how), ()))}
        names = {name for place in places for name in self._reached.get(place, ())}
        near = tuple(folder for one in trial.mutants for folder in _near(one))
        new = self.items.keys() - self._reached["breadth"].keys()
        able = [name for name in self.items if name in names or (name in new and name.startswith(near))]
        said = set().union(*(_words(f"{one.module} {one.place} {one.text}") for one in trial.mutants))
        times: Counter[str] = Counter()
        order = {}
        for name in able:  # of a test with many cases, one comes with the first of the others
            test = name.split("[")[0]
            order[name] = times[test], -len(said & _words(test)), self._reached["breadth"].get(name, 0)
            times[test] += 1
        return sorted(able, key=order.__getitem__)

    def _read_or_measure(self) -> Reached:
        if self.reached_file and self.reached_file.exists():
            return json.loads(self.reached_file.read_text())
        reached = self._measure()
        if self.reached_file:
            self.reached_file.write_text(json.dumps(reached))
        return reached

    def _measure(self) -> Reached:
        """Run every test once; by function, those that entered it, the quickest first."""
        files: dict[str, list[str]] = {}
        for name in self.items:
            files.setdefault(name.split("::")[0], []).append(name)
        measured = [one for names in files.values()
                    for one in in_child(lambda names=names: self._profiled(names)) or ()]
        reached: Reached = {"breadth": {name: len(entered) for name, entered in measured}}
        for name, entered in measured:
            for place in entered:
                reached.setdefault(place, []).append(name)
        return reached

    def _profiled(self, names: list[str]) -> list[tuple[str, list[str]]]:
        codes: set[CodeType] = set()
        found = []

        def seen(frame: Any, event: str, _arg: Any) -> None:
            if event == "call":
                codes.add(frame.f_code)

        threading.setprofile(seen)
        sys.setprofile(seen)
        try:
            for name, passes in self._run(names):
                found.append((name, [f"{_module(code.co_filename)}:{code.co_qualname}" for code in codes
                                     if code.co_filename.startswith(str(PORTAL))]))
                codes.clear()
                if not passes:
                    say(f"fails with every guard in its place: {name}")
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
        return found


def _near(mutant: Mutant) -> list[str]:
    """Where the tests of its feature stand."""
    return [f"tests/{name}/" for name in (mutant.package, *ALSO_IN.get(mutant.package, ()))]


def _words(text: str) -> set[str]:
    """Of what somebody who names things well would speak in both places."""
    return {word.rstrip("s") for word in re.findall(r"[a-z]{4,}", text.lower())} - {"test", "portal", "session"}


def _module(file: str) -> str:
    return ".".join(Path(file).relative_to(PORTAL.parent).with_suffix("").parts).removesuffix(".__init__")


def say(line: str) -> None:
    """Beside the tests' own output."""
    print(line, file=sys.stderr, flush=True)


def in_child(do: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What a function returns in a process of its own, as JSON; None when it does not come to an end."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that might hold a lock: none runs between tests
        pid = os.fork()
    if pid == 0:
        _be_child(do, writing, patience)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said) if said else None


def _be_child(do: Callable[[], Any], writing: int, patience: float) -> None:
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(patience))
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(do(), pipe)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def run(asked: list[Trial], **how: Any) -> list[Found]:
    """What comes of these trials; `how` as `Noticing` takes it.

    First only the tests are collected that noticed before, which is quick; what none of them notices is asked of all.
    """
    files = {file for trial in asked for file in (*trial.among, known().get(trial.key, "").split("::")[0]) if file}
    found = {one.key: one for one in _run(asked, sorted(files), only_known=True)}
    left = [trial for trial in asked if not found[trial.key].noticed_by and not trial.among]
    return list((found | {one.key: one for one in _run(left, FOLDERS, **how)}).values())


def _run(asked: list[Trial], paths: Iterable[str], **how: Any) -> list[Found]:
    """In a process of its own, so that what pytest leaves behind is gone with it."""
    def child() -> list[dict[str, Any]]:
        plugin = Noticing(asked, **how)
        pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-s", "-m",
                     "not slow and not browser and not postgres", *dict.fromkeys((*paths, NEAREST, BY_ROUTE))],
                    plugins=[plugin])
        return [one.__dict__ for one in plugin.found]

    os.chdir(TESTS.parent)
    found = in_child(child, patience=24 * 3600) if asked else []
    assert found is not None
    assert len(found) == len(asked)
    return [Found(**one) for one in found]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="a line of JSON for each trial")
    parser.add_argument("--number", type=int, help="so many of them, by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="0/1", help="0/2 and 1/2: every other one")
    parser.add_argument("--only", default="", help="those whose name contains this")
    parser.add_argument("--planted", action="store_true", help="also one that nobody notices")
    parser.add_argument("--thorough", action="store_true", help="ask every test that enters the function")
    parser.add_argument("--keep", action="store_true", help="write down which test noticed what")
    parser.add_argument("--reached", type=Path, help="where it is kept which test enters what")
    given = parser.parse_args()
    part, of = map(int, given.part.split("/"))
    asked = [one for one in trials() if given.only in one.key]
    if given.number is not None:
        asked = random.Random(given.seed).sample(asked, given.number)
    found = run(asked[part::of] + [planted()] * given.planted, thorough=given.thorough, reached=given.reached)
    if given.keep:
        keep(known() | {one.key: one.noticed_by for one in found if one.noticed_by and not one.planted})
    given.out.write_text("".join(json.dumps(one.__dict__) + "\n" for one in found), encoding="utf-8")


if __name__ == "__main__":
    main()
