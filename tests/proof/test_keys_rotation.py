"""Every key is replaced while cadres send and officers read: nothing becomes unreadable, nobody meets an error."""

import time
from types import SimpleNamespace

import pytest

from portal.accounts import unit_keys
from portal.accounts.models import Account, SealingKey
from portal.app import create_app
from portal.base.db import BREATH, engine_for, session_for, writing
from portal.base.settings import ServerKeys
from portal.casework import rewrapping
from portal.flags.answers import KeepFrom
from tests.conftest import _Compiled, settings_for
from tests.factories import a_flag, ring_of, some_answers, viewer_of
from tests.proof.conftest import size
from tests.proof.keys_traffic import traffic, unreadable

BEFORE = size(short=40, long=1000)
ROUNDS = size(short=1, long=5)
MORE = size(short=8, long=25)
SETTLES = 1.5  # seconds: longer than any request here lasts


def with_concerns(plain, folder):
    """The city with concerns of before under both keys, and an app whose own keys lie in a file."""
    path = folder / "secret" / "keys.json"
    plain.keys.write(path)
    app = create_app(settings_for(plain.url, plain.keys, keys_file=path))
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.jinja_env.bytecode_cache = _Compiled()
    city = SimpleNamespace(**{**vars(plain), "app": app, "path": path, "stories": {}, "kept": {}})
    with writing(city.db):
        for number in range(BEFORE):
            told, answers = f"intan {number}", {"keep_from": (KeepFrom.RT_RW,)} if number % 2 else {}
            flag = a_flag(city.db, city.settings, city.siti, story=told, answers=some_answers(**answers))
            (city.kept if number % 2 else city.stories)[flag.code] = told
    yield city
    app.extensions["engine"].dispose()


@pytest.fixture
def busy(any_city, tmp_path):
    """On either database."""
    yield from with_concerns(any_city, tmp_path)


@pytest.fixture
def quiet(city, tmp_path):
    """On one, where the detector is shown to work."""
    yield from with_concerns(city, tmp_path)


def replaces(city, kind):
    """What the head does, on a connection of her own."""
    engine = engine_for(city.url)
    with session_for(engine) as session:
        viewer, unit_id = viewer_of(session, city.ratna), session.get_one(Account, city.ratna.account_id).unit_id
        with writing(session):
            old_id = unit_keys.in_use(session, unit_id, kind)[0].id
            unit_keys.begin(session, ring_of(city, city.ratna, session), kind, by=viewer)
        time.sleep(SETTLES)
        for _ in range(100):
            at = None
            while True:
                with writing(session):
                    at = rewrapping.move(session, ring_of(city, city.ratna, session),
                                         session.get_one(SealingKey, old_id), by=viewer, after=at, most=5)
                if at is None:
                    break
                time.sleep(BREATH)
            with writing(session):
                if rewrapping.retire_if_empty(session, old_id, by=viewer):
                    break
    engine.dispose()


def replaces_both(city):
    for kind in unit_keys.KINDS:
        replaces(city, kind)


def replaces_server_keys(city):
    app = create_app(settings_for(city.url, ServerKeys.read(city.path), keys_file=city.path))
    done = app.test_cli_runner().invoke(args=["keys", "rotate-server", "--wait", "2"])
    app.extensions["engine"].dispose()
    assert done.exit_code == 0, done.output


def under_traffic(city, act):
    """What happened: unreadable concerns, errors, concerns sent, sheets read."""
    with traffic(city) as going:
        going.goes_on(MORE)
        for _ in range(ROUNDS):
            act(city)
            going.goes_on(MORE)
    assert going.stories
    assert going.kept
    assert going.read
    return (unreadable(city, {**city.stories, **going.stories}, city.rina, city.dewi, city.ratna)
            + unreadable(city, {**city.kept, **going.kept}, city.ratna)), going


def state(claim, sentence, bad, going):
    seen = "".join(f"; {error}" for error in sorted(set(going.errors))[:3])
    claim(f"{sentence} under traffic loses nothing", f"{len(bad)} unreadable of {BEFORE + going.sent} concerns, "
          f"{len(going.errors)} errors while {going.sent} were sent and {going.read} sheets read{seen}", "0 and 0",
          holds=not bad and not going.errors)


def test_both_of_a_units_keys_are_replaced_under_traffic(busy, claim):
    bad, going = under_traffic(busy, replaces_both)

    state(claim, f"replacing a unit's keys ({busy.db.get_bind().dialect.name})", bad, going)


def test_the_servers_keys_are_replaced_under_traffic(busy, claim):
    before = ServerKeys.read(busy.path)

    bad, going = under_traffic(busy, replaces_server_keys)

    assert ServerKeys.read(busy.path).cookies != before.cookies
    state(claim, f"replacing the server's keys ({busy.db.get_bind().dialect.name})", bad, going)


def test_a_key_that_ends_too_early_would_be_seen(quiet, monkeypatch):
    monkeypatch.setattr(rewrapping, "move", lambda *_given, **_more: None)
    monkeypatch.setattr(rewrapping, "left", lambda *_given: 0)

    bad, _going = under_traffic(quiet, lambda city: replaces(city, "unit"))

    assert bad


def test_a_new_key_that_is_not_granted_to_all_would_be_seen(quiet, monkeypatch):
    holders = unit_keys._holders
    monkeypatch.setattr(unit_keys, "_holders", lambda *given: [
        own for own in holders(*given) if own.account_id == quiet.ratna.account_id])

    bad, going = under_traffic(quiet, lambda city: replaces(city, "unit"))

    assert bad
    assert going.errors


def test_keys_of_the_server_without_the_ones_before_would_be_seen(quiet, monkeypatch):
    monkeypatch.setattr(ServerKeys, "readable", property(lambda self: (self,)))
    monkeypatch.setattr("portal.cli.server_keys._reseal", lambda _keys: None)

    bad, going = under_traffic(quiet, replaces_server_keys)

    assert bad
    assert going.errors
