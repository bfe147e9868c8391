"""A fault at every call of the database, on every route that takes a form: it is done, or it is not, and whoever
sent it is told the truth. A retry of the same form makes exactly one record."""

import copy
from dataclasses import replace

import pytest

from portal.audit import once
from portal.flags import commands
from tests.proof.conftest import LONG
from tests.support.every_form import NOT_DRIVEN, PREPARE
from tests.support.faults import Calls, contents, failing, keep, numbers
from tests.support.pages import Browser, Page
from tests.support.writings import browsers_of

WHOLLY = {"flags.new", "flags.add", "outreach.log", "followup.act"}
"""At each of their calls in CI too; the others there at every fifth and at the last ones, where commits are."""
IN_STEPS = {"accounts.sign_in", "accounts.sign_in_with_card", "accounts.sign_in_staff"}
"""Getting in is several acts: the try is counted, and an app's code used up, also where what comes then fails."""
BY_PARTS = {"casework.move_to_key"}
"""Goes on where it was left: each part is whole, and a retry does the rest."""
AWAY = {"accounts.quick_exit"}
"""Leads away whatever is broken."""


class World:
    """A city with one request made ready, that can be put back to how it was before."""

    def __init__(self, city, folder, route):
        city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], photos_dir=folder / "photos")
        self.send = PREPARE[route](city)
        self.engine, self._city = city.app.extensions["engine"], city
        self._close()
        self._kept = keep(city.url)
        self.before = contents(self.engine)
        jars = [browser.client._cookies for browser in browsers_of(self.send)]
        self._cookies = [(jar, copy.copy(jar)) for jar in jars]

    def back(self):
        self._close()
        self._kept.back()
        for jar, kept in self._cookies:
            jar.clear()
            jar.update(kept)

    def now(self):
        return contents(self.engine)

    def forget(self):
        self._close()
        self._kept.forget()

    def _close(self):
        self._city.db.rollback()
        self._city.db.get_bind().dispose()
        self.engine.dispose()


@pytest.fixture
def world(any_city, tmp_path, monkeypatch):
    made = []

    def make(route):
        made.append(World(any_city, tmp_path, route))
        monkeypatch.setattr(Browser, "_answer", first_answer)
        return made[-1]

    yield make
    for one in made:
        one.forget()


def first_answer(browser, response, path):
    """The answer to the form itself, wherever it leads."""
    return Page(browser, response, path)


def test_every_route_that_takes_a_form_is_driven_or_named(city, claim):
    taking = {rule.endpoint for rule in city.app.url_map.iter_rules() if "POST" in rule.methods}
    driven, named = PREPARE.keys(), NOT_DRIVEN.keys()

    claim("every route that takes a form is sent one, or it is said why not",
          f"{len(driven)} driven, {len(named)} named", "all, and none that is gone", holds=taking == driven | named)


@pytest.mark.parametrize("route", sorted(PREPARE))
def test_a_fault_at_any_call_leaves_it_done_or_not_done(world, claim, route):
    made = world(route)
    every = 1 if LONG or route in WHOLLY else 5
    found, calls = trouble_with(made, every=every, away=route in AWAY, in_steps=route in IN_STEPS,
                                by_parts=route in BY_PARTS)

    claim(f"{route} on {made.engine.name}: a fault at any call leaves it done or not done, says so, and a retry "
          "does it once", "; ".join(found) or f"{calls} calls failed, one by one", "no exception", holds=not found)


def test_the_detector_finds_a_form_that_may_count_twice(world, monkeypatch):
    monkeypatch.setattr(once, "remember", lambda *_args: None)

    found, _calls = trouble_with(world("flags.new"), every=5)

    assert any("twice" in one for one in found), found


def test_the_detector_finds_an_act_that_is_done_by_half(world, monkeypatch):
    real = commands.record
    monkeypatch.setattr(commands, "record", lambda session, *given, **more: (
        real(session, *given, **more), session.commit()))

    found, _calls = trouble_with(world("flags.new"), every=5)

    assert any("between" in one for one in found), found


def trouble_with(world, *, every, away=False, in_steps=False, by_parts=False):
    """What goes wrong when the calls of this request fail in turn, and how many did, of how many there are."""
    with failing(world.engine, Calls()) as clean:
        world.send()
    after = numbers(world.now())
    world.back()
    found = []
    failed = [number for number in range(1, clean.made + 1) if number % every == 0 or number > clean.made - 3]
    for number in failed:
        trouble = _trouble_at(world, number, after, away, in_steps, by_parts)
        found += [f"call {number} of {clean.made}: {one}" for one in trouble]
    world.send()
    if numbers(world.now()) != after:
        found.append(f"afterwards it came to something else: {_apart(numbers(world.now()), after)}")
    return found, f"{len(failed)} of {clean.made}"


def _trouble_at(world, number, after, away, in_steps, by_parts):  # noqa: PLR0913
    with failing(world.engine, Calls(number)):
        page = world.send()
    if page.status != 503 and not away:
        yield f"answered {page.status}"
    elif not away and not any(words in page.text for words in ("Not sent yet", "Belum terkirim")):
        yield "not told that it was not sent"
    if away or in_steps:
        world.back()
        return
    state = world.now()
    if state == world.before:
        world.back()  # the counted tries too: else she is soon told to wait, and nothing is done
        return
    if numbers(state) != after and not by_parts:
        yield f"between: {_apart(numbers(state), after)}"
    world.send()
    if twice := _apart(numbers(world.now()), after):
        yield f"twice: {twice}"
    world.back()


def _apart(state, after):
    """Where the numbers differ. An act that makes no record may be done again: then the trail says it twice."""
    apart = {table: (state[table], after[table]) for table in after if state[table] != after[table]}
    return {} if apart.keys() == {"audit_entries"} else apart
