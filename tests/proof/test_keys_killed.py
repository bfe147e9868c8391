"""`kill -9` in the middle of replacing a unit's key: everything stays readable, and the next run goes on."""

import multiprocessing
import random
import time
from types import SimpleNamespace

from portal.accounts import unit_keys
from portal.accounts.models import Account, SealingKey
from portal.base.db import engine_for, session_for, writing
from portal.casework import rewrapping
from tests.factories import a_flag, ring_of, viewer_of
from tests.proof.conftest import size
from tests.proof.keys_traffic import unreadable

KILLS = size(short=5, long=1000)
CONCERNS = 60
_START = 60  # seconds


def moves(url, keys, head, done, *, ends_first=False):
    """In a process of its own: replace the key, one concern in each transaction, counting in `done`. `ends_first`:
    without the defence, the old key ends before anything was moved."""
    with session_for(engine_for(url)) as session:
        unit_id, viewer = session.get_one(Account, head.account_id).unit_id, viewer_of(session, head)
        here = SimpleNamespace(db=session, keys=keys)
        if len(unit_keys.in_use(session, unit_id, "unit")) == 1:
            with writing(session):
                unit_keys.begin(session, ring_of(here, head), "unit", by=viewer)
        old, ring = unit_keys.in_use(session, unit_id, "unit")[0], ring_of(here, head)
        if ends_first:
            with writing(session):
                unit_keys.retire(session, session.get_one(SealingKey, old.id), by=viewer)
        done.value, at = 1, None
        while True:
            with writing(session):
                at = rewrapping.move(session, ring, session.get_one(SealingKey, old.id), by=viewer, after=at, most=1)
            if at is None:
                break
            done.value += 1
        with writing(session):
            rewrapping.retire_if_empty(session, old.id, by=viewer)


def killed(city, after, jitter=0.0, **how):
    """Let it move some concerns and kill it a moment later; how many are left, None when it came to its end."""
    context = multiprocessing.get_context("spawn")
    done = context.Value("i", 0)
    process = context.Process(target=moves, args=(city.url, city.keys, city.ratna, done), kwargs=how)
    process.start()
    until = time.monotonic() + _START
    while done.value <= after and process.is_alive() and time.monotonic() < until:
        time.sleep(0.0005)
    time.sleep(jitter)
    process.kill()
    process.join()
    city.db.rollback()
    city.db.expire_all()
    unit_id = city.db.get_one(Account, city.ratna.account_id).unit_id
    oldest, *newer = unit_keys.in_use(city.db, unit_id, "unit")
    return rewrapping.left(city.db, oldest) if newer else None


def sent_before(city):
    with writing(city.db):
        return {a_flag(city.db, city.settings, city.siti, story=f"intan {number}").code: f"intan {number}"
                for number in range(CONCERNS)}


def test_a_kill_in_the_middle_leaves_everything_readable_and_the_next_run_goes_on(city, claim):
    stories, chance, bad, cut = sent_before(city), random.Random(9), 0, 0
    for _ in range(KILLS):
        left = killed(city, chance.randrange(8), chance.uniform(0, 0.01))
        cut += left is not None and 0 < left < CONCERNS
        bad += len(unreadable(city, stories, city.rina, city.ratna))
    moves(city.url, city.keys, city.ratna, multiprocessing.get_context("spawn").Value("i", 0))

    city.db.rollback()
    unit_id = city.db.get_one(Account, city.ratna.account_id).unit_id
    bad += len(unreadable(city, stories, city.rina, city.ratna))
    assert len(unit_keys.in_use(city.db, unit_id, "unit")) == 1
    assert cut
    claim("kill -9 while a unit's key is replaced leaves everything readable",
          f"{bad} unreadable after {KILLS} kills, {cut} of them half-way", "0", holds=bad == 0)


def test_an_old_key_that_ends_before_everything_was_moved_would_be_seen(city):
    stories = sent_before(city)

    killed(city, 0, ends_first=True)

    assert unreadable(city, stories, city.rina, city.ratna)
