"""A person learns at her next entry of wrong tries, and of changes to how she signs in."""

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from portal.accounts import devices, news
from portal.accounts.models import Account, AccountNews
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.upkeep import retention
from portal.upkeep.retention import Moment
from tests.conftest import signed_in
from tests.support.pages import Browser
from tests.support.phone import phone_of

ASKS = "If this was not you, tell whoever set up your account."


def browser(city):
    client = city.app.test_client()
    client.set_cookie("b", "en")
    return Browser(client)


def at_office(city, person, passphrase=None):
    return browser(city).get("/masuk/petugas").form("/masuk/petugas").fill(
        name=person.sign_in_name, passphrase=passphrase or person.secret,
        code=pyotp.TOTP(person.totp).now()).submit()


def kinds(city, person):
    city.db.rollback()
    return set(city.db.scalars(select(AccountNews.kind).where(AccountNews.account_id == person.account_id)))


@pytest.mark.asvs("V6.3.5")
def test_wrong_tries_at_a_phone_are_told_once_to_who_gets_in(city):
    phone, hers = phone_of(city, city.siti), browser(city)
    for _ in range(3):
        phone.sign_in(browser(city), "13572468")

    first = phone.sign_in(hers, city.siti.secret)
    again = hers.get("/")

    assert "Wrong tries at your account" in first.text
    assert ASKS in first.text
    assert "Wrong tries" not in again.text
    assert "Wrong tries at your account" in hers.get("/setelan").text


@pytest.mark.asvs("V6.3.5")
def test_tries_of_strangers_at_a_name_of_the_office_are_told_too(city):
    for _ in range(3):
        at_office(city, city.rina, "wrong and wrong and wrong")

    page = at_office(city, city.rina)

    assert "Wrong tries at your account" in page.text


@pytest.mark.parametrize("slips", [0, 1, 2])
def test_her_own_slips_are_no_news(city, slips):
    phone, hers = phone_of(city, city.siti), browser(city)
    for _ in range(slips):
        phone.sign_in(hers, "13572468")

    assert ASKS not in phone.sign_in(hers, city.siti.secret).text
    assert kinds(city, city.siti) == set()


def test_who_does_not_get_in_is_told_nothing_and_changes_nothing(city):
    phone = phone_of(city, city.siti)
    for _ in range(4):
        assert ASKS not in phone.sign_in(browser(city), "13572468").text

    assert kinds(city, city.siti) == set()


def test_the_same_tries_are_told_once(city):
    for _ in range(4):
        at_office(city, city.rina, "wrong and wrong and wrong")
    at_office(city, city.rina)

    with telling(now() + timedelta(hours=20)):
        assert ASKS not in at_office(city, city.rina).text


def test_each_is_told_her_own_news_whatever_others_were_told(city):
    with writing(city.db):
        news.note(city.db, city.dewi.account_id, news.Kind.TRIES)
        news.note(city.db, city.rina.account_id, news.Kind.CARD)
    for _ in range(3):
        at_office(city, city.rina, "wrong and wrong and wrong")

    rina, dewi, ratna = (at_office(city, person).text for person in (city.rina, city.dewi, city.ratna))

    assert "Wrong tries at your account" in rina
    assert "New card of codes" in rina
    assert "Wrong tries at your account" in dewi
    assert "New card of codes" not in dewi
    assert ASKS not in ratna


def test_what_she_was_told_is_told_no_more_and_hers_alone_is_marked_as_told(city):
    with writing(city.db):
        for person in (city.rina, city.dewi):
            news.note(city.db, person.account_id, news.Kind.CARD)

    with writing(city.db):
        told = [[kind for kind, _day in news.tell(city.db, person.account_id)]
                for person in (city.rina, city.rina, city.dewi)]

    assert told == [["card"], [], ["card"]]


def test_tries_at_a_phone_of_others_or_one_that_was_taken_off_are_no_news(city):
    phone, gone, others = phone_of(city, city.siti), phone_of(city, city.siti), phone_of(city, city.budi)
    for _ in range(4):
        gone.sign_in(browser(city), "13572468")
        others.sign_in(browser(city), "13572468")
    with writing(city.db):
        devices.end_one(city.db, city.siti.account_id, gone.id)

    page = phone.sign_in(browser(city), city.siti.secret)

    assert "Phone taken off" in page.text
    assert "Wrong tries" not in page.text


@pytest.mark.asvs("V6.3.7")
def test_a_new_pin_is_told_at_the_next_entry_and_not_at_the_same(city, sign_in):
    phone, inside = phone_of(city, city.siti), sign_in(city.siti)

    done = inside.get("/setelan/rahasia").form().fill(
        old=city.siti.secret, new="83620417", again="83620417").submit()
    page = phone.sign_in(browser(city), "83620417")

    assert ASKS in done.text  # among her settings
    assert re.search(r"New PIN or passphrase: \d+ \w+\.", page.text)


@pytest.mark.asvs("V6.3.7")
def test_a_card_a_phone_and_a_passkey_are_told(city, sign_in):
    phone, other, inside = phone_of(city, city.siti), phone_of(city, city.siti), sign_in(city.siti)

    inside.get("/setelan").form("/setelan/kartu").submit()
    inside.get("/setelan").form(f"/setelan/hp/{other.id}/lepas").submit()
    with writing(city.db):
        for kind in (news.Kind.PASSKEY, news.Kind.PASSKEY_OFF):  # as passkeys.py does: it needs an authenticator
            news.note(city.db, city.siti.account_id, kind)
    page = phone.sign_in(browser(city), city.siti.secret)

    for sentence in ("New card of codes", "Phone taken off", "Passkey set up", "Passkey removed"):
        assert f"{sentence}: " in page.text


def test_news_of_others_are_not_hers_and_old_ones_go(city, sign_in):
    with writing(city.db):
        news.note(city.db, city.budi.account_id, news.Kind.CARD)
    assert ASKS not in sign_in(city.siti).get("/setelan").text
    assert ASKS in sign_in(city.budi).get("/setelan").text

    later = now() + news.SHOWN + timedelta(days=1)
    condition = dict(retention.old_traces(Moment(later, later.date())))[AccountNews]
    assert city.db.scalars(select(AccountNews.kind).where(condition)).all() == ["card"]
    with telling(later):
        assert ASKS not in sign_in(city.budi).get("/setelan").text


def describes(city, by, person, phone):
    return signed_in(city, by).get(f"/akun/{person.account_id}/ubah").form().fill(phone=phone).submit()


def test_whose_number_was_changed_is_told_once_and_so_is_who_has_it_now(city):
    """By the number a caller is known: what she reports belongs to whoever has it."""
    phones = [phone_of(city, one) for one in (city.siti, city.budi)]
    describes(city, city.wati, city.siti, "")
    describes(city, city.wati, city.budi, city.siti.phone)

    pages = [phone.sign_in(browser(city), one.secret).text
             for phone, one in zip(phones, (city.siti, city.budi), strict=True)]

    for page in pages:
        assert "Your phone number here was changed" in page
        assert "tell the office too" in page
    assert "was changed" not in phones[0].sign_in(browser(city), city.siti.secret).text


@pytest.mark.parametrize("phone", ["0812-0000-0001", "+62 812 0000 0001"])
def test_the_same_number_in_other_words_is_no_news(city, phone):
    assert "0812-0000-0001" in describes(city, city.wati, city.siti, phone).text

    assert kinds(city, city.siti) == set()


@pytest.mark.parametrize(("state", "told"), [("never came in", set()), ("begins anew", {"number"})])
def test_who_was_here_before_is_told_and_who_never_came_in_is_not(city, state, told):
    with writing(city.db):
        siti = city.db.get_one(Account, city.siti.account_id)
        siti.secret_hash = ""
        siti.quiet_until = now() if state == "begins anew" else None

    describes(city, city.wati, city.siti, "0812 9999 0001")

    assert kinds(city, city.siti) == told
