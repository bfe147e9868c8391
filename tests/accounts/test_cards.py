"""A card's codes lie behind a slow hash with a salt of their own; older cards work until they are used up."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.accounts import cards, commands, passwords, sealed
from portal.accounts.models import CardCode
from portal.base import vault
from portal.base.db import writing


def rows(city, person):
    city.db.rollback()
    return city.db.execute(select(CardCode.tag, CardCode.salt).where(CardCode.account_id == person.account_id)).all()


def enters(guest, person, code):
    return guest.get("/masuk?lain").form("/masuk/kartu").fill(who=person.phone, pin=person.secret, code=code).submit()


@pytest.mark.asvs("V6.5.2")
def test_what_is_kept_of_a_code_is_found_only_by_way_of_the_slow_hash(city):
    kept = rows(city, city.siti)
    salt = kept[0].salt
    fast = {vault.tag(city.keys.people, f"{city.siti.account_id}|{code}", purpose=purpose)
            for code in city.siti.card for purpose in ("card", "slow card")}
    slow = {sealed.card_tag(city.keys, city.siti.account_id, sealed.stretched(code, salt)) for code in city.siti.card}

    assert len(kept) == cards.CODES
    assert {row.tag for row in kept} == slow
    assert not {row.tag for row in kept} & fast


@pytest.mark.asvs("V6.5.2")
def test_every_card_has_a_salt_of_its_own(city):
    salts = [{row.salt for row in rows(city, person)} for person in (city.siti, city.budi)]

    assert [len(one) for one in salts] == [1, 1]
    assert salts[0] != salts[1]
    assert min(len(salt) for one in salts for salt in one) * 8 >= 32


@pytest.mark.asvs("V6.5.2")
def test_a_guess_at_a_code_costs_as_much_as_one_at_a_pin():
    asked = f"memory_kib={passwords.COST['memory_cost']}, rounds={passwords.COST['time_cost']}"

    assert f"CODE_COST = vault.PassphraseCost({asked})" in Path(sealed.__file__).read_text()


def test_a_code_lets_her_in_once(city, guest):
    assert enters(guest, city.siti, city.siti.card[0]).path == "/"
    guest.client.delete_cookie("s")
    assert enters(guest, city.siti, city.siti.card[0]).status == 422
    assert enters(guest, city.siti, city.siti.card[1]).path == "/"


def test_a_code_is_not_used_up_where_what_comes_after_it_fails(city, guest, monkeypatch):
    def broken(*_given, **_named):
        raise OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))

    with monkeypatch.context() as gone:
        gone.setattr(commands, "open_sign_in", broken)
        assert enters(guest, city.siti, city.siti.card[0]).status == 503

    assert enters(guest, city.siti, city.siti.card[0]).path == "/"


def test_a_card_of_before_works_until_it_is_used_up(city, guest):
    code = "ABCDEFGH"
    with writing(city.db):
        for row in city.db.scalars(select(CardCode).where(CardCode.account_id == city.siti.account_id)):
            city.db.delete(row)
        city.db.add(CardCode(account_id=city.siti.account_id,
                             tag=vault.tag(city.keys.people, f"{city.siti.account_id}|{code}", purpose="card")))

    assert enters(guest, city.siti, code).path == "/"
    guest.client.delete_cookie("s")
    assert enters(guest, city.siti, code).status == 422


def test_while_too_many_are_checked_the_next_is_asked_to_come_again(city, guest):
    for _ in range(4):
        passwords._ADMITTED.acquire()
    try:
        page = enters(guest, city.siti, city.siti.card[0])
    finally:
        for _ in range(4):
            passwords._ADMITTED.release()

    assert (page.status, "Many people are signing in" in page.text) == (503, True)
    assert enters(guest, city.siti, city.siti.card[0]).path == "/"  # it was not used up
