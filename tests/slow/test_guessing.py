"""A hundred thousand guesses: nobody gets in, nobody who belongs here is kept out, and time tells nothing.

Slow, so it runs with `make test-slow`, not with `make test`.
"""

import math
import random
import time

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, update

from portal.accounts import passwords, sealed
from portal.accounts.models import Account, FailedTry
from portal.base import vault
from portal.base.reference import ALPHABET
from tests import factories
from tests.support.pages import Browser
from tests.support.phone import phone_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
SPRAYED, SHARES, TARGETED = 100_000, 4, 1_000


@pytest.fixture
def dear(monkeypatch):
    """What a PIN costs in a city; elsewhere in the tests it costs next to nothing."""
    hasher = PasswordHasher(**passwords.COST)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_NOBODY", hasher.hash("nobody"))
    monkeypatch.setattr(sealed, "CODE_COST", vault.PassphraseCost(19456, 2))


@pytest.mark.parametrize("share", range(SHARES))
def test_a_spray_over_all_accounts_from_many_networks_lets_nobody_in_and_locks_nobody_out(city, share):
    chance, client = random.Random(share), city.app.test_client()
    city.app.config["WTF_CSRF_ENABLED"] = False
    phones = [person.phone for person in factories.PEOPLE if person.phone]

    entered = 0
    for number in range(SPRAYED // SHARES):
        client.environ_base["REMOTE_ADDR"] = f"198.18.{share}.{number // 20 % 250}"
        answer = client.post("/masuk/kartu", data={
            "who": chance.choice(phones), "pin": f"{chance.randrange(10**8):08}",
            "code": "".join(chance.choices(ALPHABET, k=8))})
        entered += answer.status_code not in {422, 503}

    assert entered == 0
    city.app.config["WTF_CSRF_ENABLED"] = True
    home = Browser(city.app.test_client())
    page = home.get("/masuk").form("/masuk/kartu").fill(who=city.siti.phone, pin=city.siti.secret,
                                                        code=city.siti.card[0]).submit()
    assert page.path == "/"


def test_a_thousand_guesses_at_one_account_by_its_name_let_nobody_in_and_its_phone_still_works(city):
    chance, client = random.Random(7), city.app.test_client()
    phone = phone_of(city, city.siti)
    city.app.config["WTF_CSRF_ENABLED"] = False

    entered = 0
    for number in range(TARGETED):
        client.environ_base["REMOTE_ADDR"] = f"198.18.9.{number % 250}"
        answer = client.post("/masuk", data={"device": phone.id, "pin": f"{chance.randrange(10**8):08}",
                                             "challenge": "x", "proof": "x"})
        entered += answer.status_code != 422

    assert entered == 0
    city.app.config["WTF_CSRF_ENABLED"] = True
    assert phone.sign_in(Browser(city.app.test_client()), city.siti.secret).path == "/"


@pytest.mark.parametrize(("path", "field", "of", "unknown", "guess"), [
    ("/masuk/kartu", "who", lambda city: city.siti.phone, "081299999999", {"pin": "44820193", "code": "AAAA2222"}),
    ("/masuk/petugas", "name", lambda city: "rina", "rani", {"passphrase": "not her passphrase", "code": "123456"})],
    ids=["number", "name"])
def test_the_time_of_an_answer_does_not_tell_whether_somebody_is_known(city, dear, path, field, of, unknown, guess):
    city.app.config["WTF_CSRF_ENABLED"] = False
    city.db.execute(update(Account).values(secret_hash=passwords.hashed("dear as in a city")))

    for _ in range(3):  # one run in twenty strays by chance alone, three in a row hardly ever
        if _same_distribution(*_timed(city, path, [guess | {field: who} for who in (of(city), unknown)])):
            return

    pytest.fail("known and unknown people are told apart by time")


def _timed(city, path, guesses, tries=120):
    """Seconds that each try takes for each of two guesses, by turns, from a network of its own and with
    earlier failures forgotten, so that nobody waits."""
    client, times = city.app.test_client(), ([], [])
    for turn in range(2 * tries):
        city.db.execute(delete(FailedTry))
        city.db.commit()
        client.environ_base["REMOTE_ADDR"] = f"198.19.{random.randrange(250)}.{turn}"
        began = time.perf_counter()
        client.post(path, data=guesses[turn % 2])
        times[turn % 2].append(time.perf_counter() - began)
    return times


def _same_distribution(one, other):
    """Kolmogorov and Smirnov's test of two samples at 5 %."""
    points = sorted([*one, *other])
    below = lambda sample, point: sum(1 for value in sample if value <= point) / len(sample)  # noqa: E731
    distance = max(abs(below(one, point) - below(other, point)) for point in points)
    size = len(one) * len(other) / (len(one) + len(other))
    return distance <= math.sqrt(-math.log(0.05 / 2) / 2 / size)
