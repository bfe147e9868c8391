"""Which test shows which requirement of OWASP ASVS 5.0.0 or clause of BSSN's, and the pages that say so.

A test carries the ids of what it shows: `@pytest.mark.asvs("V1.2.1")`. `make asvs` runs those tests and writes
`docs/asvs.md`, for which `PORTAL_ASVS_PAGE` names the file, and `bssn.md` beside it; any other run only checks that
the ids exist.
"""

import csv
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.asvs_page import clauses_page, page

TESTS = Path(__file__).parent.parent
DATA = TESTS / "asvs"
MARK = re.compile(r"mark\.asvs\(([^)]*)\)")


@dataclass(frozen=True)
class Requirement:
    """What ASVS asks, in our words. `kind` says how it can be shown: auto (by a test), doc (by what is written),
    deploy (only where the portal runs), declined (not met on purpose). `short` says what a test's pass leaves out."""

    id: str
    level: str
    kind: str
    asks: str
    short: str = ""


@dataclass(frozen=True)
class Answer:
    """What is said of a requirement that no test shows. `answer`: written (at `where`, a file and its heading),
    open (not shown yet), declined; `words` say how or why."""

    id: str
    answer: str
    where: str
    words: str


@dataclass(frozen=True)
class Clause:
    """What a paragraph (a number) and point (a letter) of Article 27 of BSSN Regulation 4 of 2021 asks, in our words.
    `by`: the requirements of ASVS that show it here, separated by blanks; `words`: what they leave out, or where it
    is shown where none does."""

    id: str
    asks: str
    by: str
    words: str


def clauses() -> dict[str, Clause]:
    """Every clause whose words are known, by its id."""
    return {row["id"]: Clause(**row) for row in _rows("bssn.csv")}


def requirements() -> dict[str, Requirement]:
    """Every requirement that applies, by its id."""
    return {row["id"]: Requirement(**row) for row in _rows("requirements.csv")}


def answers() -> dict[str, Answer]:
    """What is answered in words, by the requirement's id."""
    return {row["id"]: Answer(**row) for row in _rows("answers.csv")}


def carried() -> set[str]:
    """The ids that stand above tests in the tree."""
    return {found for file in TESTS.rglob("test_*.py") for mark in MARK.findall(file.read_text())
            for found in re.findall(r"V[\d.]+", mark)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note a test's ids where its report takes them along, also out of an xdist worker. An unknown one stops all."""
    known = set(requirements())
    for item in items:
        ids = [found for mark in item.iter_markers("asvs") for found in mark.args]
        if unknown := set(ids) - known:
            raise pytest.UsageError(f"{item.nodeid} carries {sorted(unknown)}, which {DATA}/requirements.csv has not")
        if ids:
            item.user_properties.append(("asvs", ids))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The page, when one is asked for."""
    if file := os.environ.get("PORTAL_ASVS_PAGE"):
        ran = [report for kind in ("passed", "failed", "error") for report in terminalreporter.stats.get(kind, ())]
        shown = results(ran)
        Path(file).write_text(page(requirements(), answers(), shown), encoding="utf-8")
        Path(file).with_name("bssn.md").write_text(clauses_page(clauses(), answers(), shown), encoding="utf-8")


def results(reports: Iterable[pytest.TestReport]) -> Mapping[str, dict[str, bool]]:
    """By requirement, each test that ran and whether it passed in every one of its cases."""
    shown: dict[str, dict[str, bool]] = {}
    for report in reports:
        for found in dict(report.user_properties).get("asvs", ()):
            name = report.nodeid.partition("[")[0]
            tests = shown.setdefault(found, {})
            tests[name] = tests.get(name, True) and report.passed
    return shown


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
