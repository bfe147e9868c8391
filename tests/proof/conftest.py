"""How a claim is stated, and how all of them become one page."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.base.settings import ServerKeys
from tests.conftest import _build, _city, give_up
from tests.support import proof_page
from tests.support import world as worlds
from tests.support.postgres import Unavailable, crashing_postgres

HERE = Path(__file__).parent
LONG = os.environ.get("PORTAL_PROOF") == "long"


def pytest_collection_modifyitems(items):
    """Everything in this folder is a proof, and may take its time. What takes longest comes first: as the last it
    would have all others wait for it."""
    items.sort(key=lambda item: item.path not in (HERE / "test_guards.py", HERE / "test_fuzz.py"))
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.proof)
            item.add_marker(pytest.mark.timeout(7200 if LONG else 1200))


def size(*, short: int, long: int) -> int:
    """How many of something to try: `short` at every change, `long` in the long run."""
    return long if LONG else short


def rotating_seed() -> int:
    """Another choice with every commit, and the same one when a failure is looked at again."""
    commit = subprocess.run(["git", "rev-parse", "--short=8", "HEAD"], capture_output=True, text=True, check=True)
    return int(commit.stdout, 16)


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> worlds.World:
    """The world of `tests/support/world.py`, built once: a marker in every field that could hurt somebody."""
    return worlds.build(tmp_path_factory.mktemp("world"), ServerKeys.fresh())


@pytest.fixture(scope="module")
def served(world, tmp_path_factory):
    """A city served from a copy of the world, for the tests of a file; `begin_anew()` puts it back as it was."""
    with worlds.opened(world, tmp_path_factory.mktemp("served")) as city:
        yield city


@pytest.fixture
def claim(request) -> Callable[..., None]:
    """States a claim: `claim("no acknowledged concern is lost", "0 of 300 kills", "0", holds=lost == 0)`.

    The line stands in the summary also when the claim does not hold; then the test fails.
    """
    def state(sentence: str, figure: object, limit: object, *, holds: bool) -> None:
        request.node.user_properties.append(("claim", (sentence, str(figure), str(limit), bool(holds))))
        assert holds, f"{sentence}: {figure}, where the limit is {limit}"

    return state


@pytest.fixture
def crashing_city(keys, request):
    """A city on a PostgreSQL that may be crashed; a test may give more settings for it."""
    try:
        with crashing_postgres(**getattr(request, "param", {})) as server:
            people = _build(server.url, keys)
            for city in _city(server.url, keys, people):
                city.server = server
                yield city
                city.db.invalidate()
    except Unavailable as missing:
        give_up(str(missing))


def pytest_terminal_summary(terminalreporter):
    """One line a claim; and the page, when `PORTAL_PROOF_PAGE` names one."""
    stated = _stated(terminalreporter)
    if not stated:
        return
    terminalreporter.section("claims")
    for sentence, figure, limit, holds in stated:
        terminalreporter.write_line(f"{'holds' if holds else 'FAILS'}  {sentence}: {figure} (limit {limit})")
    if page := os.environ.get("PORTAL_PROOF_PAGE"):
        proof_page.write(Path(page), stated, long=LONG, part=bool(terminalreporter.config.option.keyword))


def _stated(terminalreporter):
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    return sorted(tuple(value) for report in reports if report.when == "call"
                  for name, value in report.user_properties if name == "claim")
