"""`kill -9` in the middle of forgetting: what was not over its time is untouched, what was is whole or gone, and the
next run comes to the end, after which no byte of it is left."""

import os
import random
from dataclasses import replace

import pytest

from tests.proof.conftest import LONG, size
from tests.support import canary, overdue
from tests.support.commanding import Commands
from tests.support.faults import keep

BULK = size(short=40, long=900)
PART_BY_PART = "" if LONG else "import portal.upkeep.forgetting as f\nf.AT_ONCE = 15\n"
"""So that few concerns, too, go in several transactions."""
KILLS = size(short=3, long=60)
RUNS = {"purge": ("purge", "--really"), "tick": ("tick",)}
STAYS = {"sessions", "accounts"}
"""Of these a row stays, without what was in it."""
DIES_BEFORE_THE_TRAIL = """
import os
import portal.upkeep.forgetting as f
def dies(session, *_given, **_more):
    session.commit()
    os.kill(os.getpid(), 9)
f.record = dies
"""
DIES_BEFORE_ERASING = """
import os
import portal.cli.purge as p
p.erased = lambda: os.kill(os.getpid(), 9)
"""
LEAVES_RESTS = """
import portal.base.db as d
import portal.upkeep.forgetting as f
d._PRAGMAS = tuple(p.replace("secure_delete = ON", "secure_delete = OFF") for p in d._PRAGMAS)
f.rests_are_left = lambda _session: False
"""


class Place:
    """A city with what is over its time, and the way back to how it was."""

    def __init__(self, city, folder):
        self.city, self.folder, self.photos = city, folder, folder / "photos"
        self.anchors = folder / "anchors.txt"
        self.world = overdue.make(city, self.photos, bulk=BULK)
        self._files = {file: (file.read_bytes(), file.stat().st_mtime) for file in self.photos.iterdir()}
        self._kept = keep(city.url)
        self.after = None

    def back(self):
        """Everything as it was, nothing under way."""
        self._close()
        if self.city.url.startswith("sqlite"):
            for file in canary.database_files(self.city.url)[1:]:
                file.unlink()
        self._kept.back()
        for file, (data, moment) in self._files.items():
            file.write_bytes(data)
            os.utime(file, (moment, moment))
        self.anchors.unlink(missing_ok=True)

    def forget(self):
        self._close()
        self._kept.forget()

    def commands(self, first="", **settings):
        settings["PORTAL_AUDIT_ANCHORS"] = str(self.anchors)
        return Commands(self.city, self.folder, PART_BY_PART + first, **settings)

    def faults(self):
        """What is wrong just now, the trail included."""
        found = overdue.faults(self.city, self.world, self.after, self.photos)
        self.city.app.config["SETTINGS"] = replace(self.city.settings, audit_anchors=self.anchors)
        verified = self.city.app.test_cli_runner().invoke(args=["audit", "verify"])
        self.city.app.extensions["engine"].dispose()
        return found if verified.exit_code == 0 else [*found, verified.output]

    def has_begun(self):
        """Whether something is gone already."""
        there = self.world.held(self.city)
        return any(there.get(thing) != self.world.before[thing] for thing in self.world.due)

    def at_the_end(self, commands):
        """What is wrong when a run came to its end."""
        there = self.world.held(self.city)
        found = [f"{thing[0]}: one is still there" for thing in self.world.due if there.get(thing) !=
                 self.after.get(thing)]
        pieces = overdue.left(self.city, self.world, self.photos, commands.temporary)
        return [*found, f"{pieces} pieces of it are left"] if pieces else found

    def _close(self):
        self.city.db.rollback()
        self.city.db.get_bind().dispose()


@pytest.fixture
def place(any_city, tmp_path):
    made = Place(any_city, tmp_path)
    yield made
    made.forget()


@pytest.fixture
def weak_place(city, tmp_path):
    """One that knows how a purge should leave it."""
    made = Place(city, tmp_path)
    with made.commands() as commands:
        unharmed(made, commands, RUNS["purge"])
    yield made
    made.forget()


def unharmed(place, commands, words):
    """How a run leaves everything that nobody ends; it is put back."""
    to_the_end(commands, words)
    place.after = place.world.held(place.city)
    assert set(place.after) & place.world.due == {thing for thing in place.world.due if thing[0] in STAYS}
    place.back()


def to_the_end(commands, words):
    """Run it until it says that it came to its end: where somebody held a table, it is for the next time. How long
    the last one took, in seconds."""
    for _again in range(5):
        code, took = commands.run(*words)
        if code == 0:
            return took
    raise AssertionError("it comes to no end")


@pytest.mark.parametrize("run", RUNS)
def test_a_purge_that_is_killed_leaves_all_that_is_not_due_and_the_next_one_comes_to_the_end(place, claim, run):
    chance, killed, begun, ends, found = random.Random(11), 0, 0, 0, []
    with place.commands() as commands:
        assert overdue.left(place.city, place.world, place.photos) > len(place.world.due)
        unharmed(place, commands, RUNS[run])
        lasts = to_the_end(commands, RUNS[run])  # the second one: what is loaded is loaded
        assert place.at_the_end(commands) == []
        while killed < KILLS or ends == 0:
            place.back()
            for _ in range(chance.randint(1, 4)):
                cut = commands.run(*RUNS[run], kill_after=chance.uniform(lasts / 4, lasts))[0] == -9
                killed += cut
                begun += cut and place.has_begun()
                found += place.faults()
                if not cut:
                    break
            to_the_end(commands, RUNS[run])
            found += [*place.faults(), *place.at_the_end(commands)]
            ends += 1

    store = place.city.db.get_bind().dialect.name
    claim(f"a killed {run} on {store}: what is not due is untouched, what is due is whole or gone, the next run ends "
          "it to the last byte, and the trail says how much",
          f"{killed} kills, {begun} of them after the first had gone, {ends} ends, faults: {sorted(set(found))}",
          "no fault", holds=killed >= KILLS and not found)


def test_one_that_died_between_deleting_and_the_trail_would_be_seen(weak_place):
    with weak_place.commands(DIES_BEFORE_THE_TRAIL) as commands:
        assert commands.run(*RUNS["purge"])[0] == -9

        assert any(fault.startswith("the trail says 0") for fault in weak_place.faults())


def test_one_that_deletes_what_is_not_due_would_be_seen(weak_place):
    with weak_place.commands(PORTAL_KEEP_CONCERNS_YEARS="2") as commands:
        commands.run(*RUNS["purge"])

        assert "flags is gone or changed" in weak_place.faults()


def test_one_that_died_before_the_last_byte_and_is_not_finished_would_be_seen(weak_place):
    with weak_place.commands(LEAVES_RESTS + DIES_BEFORE_ERASING) as commands:
        assert commands.run(*RUNS["purge"])[0] == -9
    with weak_place.commands(LEAVES_RESTS) as commands:
        assert commands.run(*RUNS["purge"])[0] == 0

        assert "pieces of it are left" in " ".join(weak_place.at_the_end(commands))
