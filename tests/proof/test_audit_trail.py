"""The trail cannot be changed unseen, costs next to nothing, and every look at what is sealed stands in it."""

import statistics
import threading
import time
import tracemalloc

import pytest

from portal.audit import anchors, chain, sealed, verification
from portal.audit.log import record
from portal.base.db import engine_for, session_for, writing
from portal.casework import duplicates
from portal.flags import commands as flag_commands
from portal.flags import sealed as flags_sealed
from portal.followup import commands as followup_commands
from tests.conftest import signed_in
from tests.factories import a_flag, some_answers
from tests.proof.conftest import size
from tests.support import reading, tampering, walk

MIB = 1024 * 1024


def fill(city, number):
    with writing(city.db):
        for turn in range(number):
            record(city.db, "test.act", f"entry {turn}", by=city.rina.account_id if turn % 3 else None, amount=turn)


def seen(city, lines):
    """Whether the trail, as it is now, is found to be changed."""
    city.db.rollback()
    trusted = {sealed.public_key(city.keys)}
    return not verification.verify(city.db, lines, trusted).holds


@pytest.mark.parametrize("way", tampering.WAYS, ids=lambda way: way.__name__)
def test_tampering_is_seen(any_city, way, claim):
    fill(any_city, 40)
    lines = [anchors.to_line(any_city.keys, anchors.present(any_city.db))]
    fill(any_city, 10)
    lines.append(anchors.to_line(any_city.keys, anchors.present(any_city.db)))
    whole = seen(any_city, lines)

    tampering.tamper(any_city.url, way)

    found, alone = seen(any_city, lines), seen(any_city, None)
    claim(f"the trail changed by its database's owner is seen ({way.__name__}, {any_city.db.bind.dialect.name})",
          f"with anchors {'seen' if found else 'not seen'}, without {'seen' if alone else 'not seen'}", "seen",
          holds=found and not whole and alone is (way not in tampering.NOT_SEEN_WITHOUT_ANCHORS))


@pytest.mark.parametrize("way", [way for way in tampering.WAYS if way not in tampering.NOT_SEEN_WITHOUT_ANCHORS],
                         ids=lambda way: way.__name__)
def test_without_the_hash_in_each_link_it_would_not_be_seen(city, way, monkeypatch):
    fill(city, 40)
    tampering.tamper(city.url, way)
    assert seen(city, None)

    monkeypatch.setattr(chain, "link_hash", lambda _before, row: row.hash)

    assert not seen(city, None)


def test_a_long_trail_needs_no_more_memory_than_a_short_one(city, claim):
    number = size(short=20_000, long=1_000_000)
    for _turn in range(number // 10_000):
        fill(city, 10_000)
        city.db.expunge_all()
    verification.verify(city.db)  # what is loaded once
    city.db.rollback()

    start = time.perf_counter()
    verdict = verification.verify(city.db)
    took = time.perf_counter() - start
    city.db.rollback()
    tracemalloc.start()
    verification.verify(city.db)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    claim("looking through the whole trail needs little memory",
          f"{peak / MIB:.1f} MiB and {took:.1f} s for {verdict.links} links", "16 MiB",
          holds=verdict.holds and verdict.links >= number and peak < 16 * MIB)


def test_chaining_does_not_slow_the_sending_of_a_concern(any_city, claim, monkeypatch):
    engine, rounds = engine_for(any_city.url), size(short=3, long=40)
    took = {"with": [], "without": []}
    _send_at_once(any_city, engine)  # what is slow only once
    for _round in range(rounds):  # in turns, so that what else the machine does slows both
        took["with"] += _send_at_once(any_city, engine)
        with monkeypatch.context() as patch:
            patch.setattr(chain, "to_be_linked", lambda _session, _entry: None)
            took["without"] += _send_at_once(any_city, engine)
    engine.dispose()

    chained, plain = (statistics.median(took[kind]) for kind in ("with", "without"))
    claim(f"chaining the trail does not slow the sending of a concern ({any_city.db.bind.dialect.name}, 4 at once)",
          f"{chained:.1f} ms, without it {plain:.1f} ms", "a third and 5 ms more", holds=chained < plain * 4 / 3 + 5)


def _send_at_once(city, engine, each=8):
    """How long each sending took, commit and all, in milliseconds, on four phones at the same time."""
    took = []

    def send():
        for _turn in range(each):
            with session_for(engine) as session:
                start = time.perf_counter()
                with writing(session):
                    a_flag(session, city.settings, city.siti)
                took.append((time.perf_counter() - start) * 1000)

    phones = [threading.Thread(target=send) for _phone in range(4)]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join()
    assert len(took) == each * 4
    return took


ENDINGS = ("/mundur", "/pelimpahan", "/tutup", "/gabung")
"""Acts after which a concern is not there any more, or not to be worked on: last."""


def officers_walk(city, made):
    """Officers open every page that there is of every concern; Rina also sends every form, each from its own page."""
    values = {"code": walk.codes(city, made), "referral_id": [walk.referral_of(city, made["referred"])],
              "filename": ["app.css"], "kind": ["role"],
              **{name: [made["new"]] for name in ("account_id", "outreach_id", "plan_id", "import_id", "photo_id",
                                                  "passkey_id", "device")}}
    pages = [path for endpoint, path in walk.paths(city.app, values)
             if not endpoint.startswith(("accounts.", "outreach."))]
    pages.sort(key=lambda path: path.endswith(ENDINGS))
    for person in size(short=(city.ratna, city.rina), long=(city.ratna, city.dewi, city.rina)):
        browser = signed_in(city, person)
        for path in pages:
            page = browser.get(path)
            if person is city.rina and "/kerja/" in path:
                for _answer in walk.submit_forms(page, path, person.secret):
                    pass


def test_every_look_at_what_is_sealed_has_its_row_and_every_row_a_look(city, claim):
    made = walk.concerns(city, story="zq-story", nickname="zq-nickname")
    with reading.watched(city) as seen:
        officers_walk(city, made)

    opened = sum(len(one.opened) for one in seen)
    without_row = [one for one in seen if one.without_row]
    without_look = [one for one in seen if one.without_opening]
    named = [one for one in seen if b"zq-nickname" in one.body and not one.identity_read]
    acts = {one.what.rpartition("/")[2] for one in seen if one.what.startswith("POST") and one.status == 303}
    claim("every look at what is sealed has its row in the trail, and every row its look",
          f"{opened} looks in {len(seen)} requests: {len(without_row)} without a row, "
          f"{len(without_look)} rows without a look, {len(named)} names shown without their row", "0, 0 and 0",
          holds=not without_row and not without_look and not named and opened > 500 and len(acts) >= 12)


@pytest.mark.parametrize("forgotten", ["flag.opened", "flags.summaries_opened", "flag.compared"])
def test_a_look_without_its_row_would_be_noticed(city, monkeypatch, forgotten):
    made = walk.concerns(city)
    _forget(monkeypatch, forgotten)
    browser = signed_in(city, city.rina)

    with reading.watched(city) as seen:
        for code in walk.codes(city, made):
            browser.get(f"/k/{code}/kerja")
        browser.get("/antrean")

    assert any(one.without_row for one in seen)


def test_a_row_without_a_look_would_be_noticed(city, monkeypatch):
    made = walk.concerns(city)
    monkeypatch.setattr(flags_sealed, "open_answers", lambda _key, _id, _sealed: some_answers())
    monkeypatch.setattr(flags_sealed, "open_story", lambda _key, _id, _sealed: "")
    monkeypatch.setattr(duplicates, "keep_marks", lambda *_given: None)
    monkeypatch.setattr(duplicates, "twins", lambda *_given, **_more: [])

    with reading.watched(city) as seen:
        signed_in(city, city.ratna).get(f"/k/{walk.codes(city, made)[0]}/kerja")

    assert [one.without_opening for one in seen] == [1]


def _forget(monkeypatch, action):
    for place in (flag_commands, followup_commands, duplicates):
        monkeypatch.setattr(place, "record", lambda session, what, *given, **more: None if what == action
                            else record(session, what, *given, **more))
