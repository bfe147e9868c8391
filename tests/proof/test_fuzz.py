"""Requests by chance, as everybody, at every address: none fails, gives away a marker, or gives markup back."""

import os

import pytest

from portal.base.clock import now, telling
from tests.proof.conftest import LONG, rotating_seed
from tests.support.fuzzing import BLOCK, MARKUP, Fuzzer, Request
from tests.support.matrix import Matrix

EACH, PARTS = (250_000, 4) if LONG else (20_000, 1)  # parts, so that several processes can share the long run


@pytest.fixture(scope="module")
def matrix(served, world):
    with telling(now()):
        yield Matrix(served, world)


def run(fuzzer, numbers):
    """The faults of these requests, each block in a world of its own."""
    faults = []
    for number in numbers:
        if number % BLOCK == 0:
            fuzzer.matrix.begin_anew()
        faults += fuzzer.faults(number)
    fuzzer.matrix.begin_anew()
    return faults


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_no_request_breaks_the_portal_or_tells_what_it_should_not(matrix, claim, part):
    """`PORTAL_FUZZ=seed:number` sends one again, after those of its block before it."""
    again = os.environ.get("PORTAL_FUZZ", "")
    seed, _, number = (again or f"{rotating_seed()}:").partition(":")
    numbers = range(int(number) // BLOCK * BLOCK, int(number) + 1) if number else \
        range((part - 1) * EACH, part * EACH)
    print(f"seed {seed}")

    faults = run(Fuzzer(matrix, int(seed)), numbers)

    print("\n".join(faults[:100]))
    claim("requests by chance: none ends in an error of the server, shows a marker or gives markup back"
          + (f" ({part} of {PARTS})" if LONG else ""),
          f"{len(faults)} faults in {len(numbers)} requests", "0", holds=not faults)


def planted(fuzzer, made):
    """The faults of one request of one's own."""
    fuzzer.request = lambda _number: made
    return [fault.split(": ", 1)[1] for fault in fuzzer.faults(1)]


@pytest.mark.parametrize(("view", "fault"), [
    (lambda: 1 / 0, "it failed with 500"),
    (lambda: f"<p>{MARKUP}</p>", "it gives markup back as it came")])
def test_what_it_looks_for_is_found(matrix, monkeypatch, view, fault):
    view.policies = None
    monkeypatch.setitem(matrix.city.app.view_functions, "web.help_page", view)

    assert planted(Fuzzer(matrix, 1), Request("/bantuan", "nobody", "GET")) == [fault]


def test_a_marker_where_it_may_not_be_is_found(matrix, monkeypatch):
    leaking = lambda: matrix.world.marks["story of new"].encode().hex()  # noqa: E731
    leaking.policies = None
    monkeypatch.setitem(matrix.city.app.view_functions, "web.help_page", leaking)

    assert planted(Fuzzer(matrix, 1), Request("/bantuan", "nobody", "GET")) == ["it shows the story of new"]


def test_a_request_is_the_same_whenever_it_is_made(matrix):
    one, other = (Fuzzer(matrix, 5).request(17) for _time in range(2))

    assert (one.path, one.who, one.method, one.query) == (other.path, other.who, other.method, other.query)
