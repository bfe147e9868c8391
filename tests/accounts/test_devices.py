"""A phone's key and her PIN: neither opens anything alone, and a copied cookie is soon worth nothing."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.accounts import challenges, devices, sealed, signin, tries
from portal.accounts.models import Account, Device, FailedTry, SignIn
from portal.base.clock import now, telling
from portal.base.db import writing
from tests.support.pages import Browser
from tests.support.phone import Phone, phone_of


@pytest.fixture
def phone(city):
    """Bu Siti's phone."""
    return phone_of(city, city.siti)


def test_key_and_pin_let_her_in(city, guest, phone):
    page = phone.sign_in(guest, city.siti.secret)

    assert page.path == "/"
    assert "Bu Siti" in page.text


@pytest.mark.asvs("V6.3.3")
def test_the_pin_without_the_key_opens_nothing(city, guest, phone):
    page = Phone().sign_in(guest, city.siti.secret, device=phone.id)

    assert page.status == 422
    assert page.errors == ["That does not match. Please try again."]


@pytest.mark.asvs("V6.3.3")
def test_the_key_without_the_pin_opens_nothing(city, guest, phone):
    assert phone.sign_in(guest, "44820193").status == 422


def test_a_neighbours_key_does_not_open_her_account(city, guest, phone):
    other = phone_of(city, city.budi)

    page = other.sign_in(guest, city.siti.secret, device=phone.id)

    assert page.status == 422


@pytest.mark.asvs("V6.7.2", "V4.1.5")
def test_an_answer_that_was_overheard_cannot_be_sent_again(city, guest, phone):
    page = guest.get("/masuk?lain")
    phone.sign_in(guest, city.siti.secret, page)
    guest.client.delete_cookie("s")
    again = guest.get("/masuk?lain")

    replay = phone.sign_in(guest, city.siti.secret, again, challenge=challenge_of(page),
                           proof=phone.sign("sign-in", challenge_of(page)))

    assert replay.status == 422


def test_an_answer_that_was_overheard_before_midnight_cannot_be_sent_again_after_it(city):
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    with telling(midnight - timedelta(minutes=1)), writing(city.db):
        overheard, other = (challenges.new_challenge(city.keys) for _ in range(2))
        assert challenges.use(city.db, city.keys, overheard)

    with telling(midnight + timedelta(minutes=1)), writing(city.db):
        assert challenges.use(city.db, city.keys, other)  # on this occasion old marks are cleared away
        assert not challenges.use(city.db, city.keys, overheard)


@pytest.mark.asvs("V9.2.2", "V4.1.5")
@pytest.mark.parametrize("purpose", ["enrol", "here", ""])
def test_an_answer_for_another_purpose_does_not_count(city, guest, phone, purpose):
    page = guest.get("/masuk")

    answer = phone.sign_in(guest, city.siti.secret, page, proof=phone.sign(purpose, challenge_of(page)))

    assert answer.status == 422


@pytest.mark.asvs("V9.1.1")
@pytest.mark.parametrize("proof", ["", "x", "A" * 86, "A" * 5000, "\x00", "🙂"])
def test_nonsense_is_no_proof(city, guest, phone, proof):
    assert phone.sign_in(guest, city.siti.secret, proof=proof).status == 422


def test_a_page_that_lay_open_for_hours_still_lets_her_in(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        page = guest.get("/masuk")
        clock.shift(timedelta(hours=11))

        assert phone.sign_in(guest, city.siti.secret, page).path == "/"


@pytest.mark.asvs("V6.3.1")
def test_a_thief_with_the_phone_has_twenty_guesses_and_then_the_key_is_dead(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(20):
            last = phone.sign_in(guest, "44820193")
            clock.shift(timedelta(hours=1, seconds=1))

        after = phone.sign_in(guest, city.siti.secret)

    assert last.errors == ["Too many tries. This phone can no longer sign in. Ask your coordinator."]
    assert after.errors == ["This phone was taken off your account. If you did not ask for that, "
                            "tell your coordinator."]


@pytest.mark.asvs("V6.3.1")
def test_guesses_without_her_key_never_make_her_wait(city, guest, phone):
    for number in range(60):
        stranger = Browser(city.app.test_client())
        stranger.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number % 20}"
        stranger.post("/masuk", [("csrf_token", token(stranger.get("/masuk"))), ("device", phone.id), ("pin", "1")])

    assert phone.sign_in(guest, city.siti.secret).path == "/"


def test_a_cookie_that_was_copied_opens_nothing_once_the_phone_is_silent(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        phone.sign_in(guest, city.siti.secret)
        thief = copied(city, guest)
        for _ in range(4):  # the thief keeps it warm, but cannot prove the key
            clock.shift(timedelta(minutes=2, seconds=31))
            answer = thief.get("/")

        page = thief.get("/")
        asked = page.form("/masuk", id="lagi").fill(secret=city.siti.secret).submit()  # even with her PIN

    assert answer.path.startswith("/masuk") or page.path.startswith("/masuk")
    assert asked.status == 422


def test_the_phone_itself_proves_its_key_and_stays_in(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        phone.sign_in(guest, city.siti.secret)
        for _ in range(10):
            clock.shift(timedelta(minutes=2))
            mark = token(guest.get("/bantuan"))
            said = guest.post("/di-sini", [("csrf_token", mark), ("proof", phone.sign("here", mark))])
            assert said.status == 204

        assert guest.get("/").status == 203


@pytest.mark.asvs("V4.1.5")
def test_a_sign_of_life_without_the_key_is_refused(city, guest, phone):
    phone.sign_in(guest, city.siti.secret)
    mark = token(guest.get("/bantuan"))

    said = guest.post("/di-sini", [("csrf_token", mark), ("proof", Phone().sign("here", mark))])

    assert said.status == 404


def test_an_old_proof_is_no_proof(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        phone.sign_in(guest, city.siti.secret)
        mark = token(guest.get("/bantuan"))
        proof = phone.sign("here", mark)
        for _ in range(31):
            clock.shift(timedelta(minutes=2))
            fresh = token(guest.get("/bantuan"))
            guest.post("/di-sini", [("csrf_token", fresh), ("proof", phone.sign("here", fresh))])

        said = guest.post("/di-sini", [("csrf_token", mark), ("proof", proof)])

    assert said.status == 404


def test_after_a_pause_key_and_pin_bring_back_the_same_page(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        phone.sign_in(guest, city.siti.secret)
        clock.shift(timedelta(minutes=4))
        locked = guest.get("/setelan")

        back = phone.resume(locked, city.siti.secret)

    assert locked.path.startswith("/masuk")
    assert back.path == "/setelan"


def test_twenty_wrong_pins_after_a_pause_end_the_sign_in(city, guest, phone):
    with time_machine.travel(now(), tick=False) as clock:
        phone.sign_in(guest, city.siti.secret)
        clock.shift(timedelta(minutes=4))
        locked = guest.get("/masuk")
        with writing(city.db):
            city.db.add(FailedTry(tag=tag_of(city, guest), count=19, last_at=now()))

        page = phone.resume(locked, "44820193")

    assert page.path == "/masuk"
    assert not page.root.all("form", id="lagi")
    city.db.rollback()
    assert city.db.scalars(select(SignIn)).all() == []


@pytest.mark.parametrize("pin", ["her own", "a wrong one"])
def test_a_tap_after_a_pause_before_the_script_is_here_tries_no_pin_and_loses_no_answer(city, guest, phone, pin):
    phone.sign_in(guest, city.siti.secret)
    form = guest.get("/k/baru").form("/k/baru").fill(danger="again", story="canary-7781")
    locked = guest.post("/istirahat", [*form.values, ("rest_for", "/k/baru")])
    tries = city.db.execute(select(FailedTry.tag, FailedTry.count)).all()
    city.db.rollback()

    asked = locked.form("/masuk", id="lagi").fill(secret=city.siti.secret if pin == "her own" else "1").submit()

    assert asked.status == 422
    assert asked.errors == ["Your phone could not show its key. Please try once more."]
    city.db.rollback()
    assert city.db.execute(select(FailedTry.tag, FailedTry.count)).all() == tries
    assert "canary-7781" in phone.resume(asked, city.siti.secret).form("/k/baru").submit().html


@pytest.mark.asvs("V7.3.1")
def test_a_phone_that_is_hers_alone_locks_later(city, guest):
    phone = phone_of(city, city.siti, mine=True)
    with time_machine.travel(now(), tick=False) as clock:
        phone.sign_in(guest, city.siti.secret)
        clock.shift(timedelta(minutes=9))
        still = guest.get("/").path
        clock.shift(timedelta(minutes=16))
        late = guest.get("/").path

    assert still == "/"
    assert late.startswith("/masuk")


def test_a_page_that_locks_itself_keeps_the_answers_for_her_alone(city, guest, phone):
    phone.sign_in(guest, city.siti.secret)
    form = guest.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", story="canary-7781")
    locked = guest.post("/istirahat", [*form.values, ("rest_for", "/k/baru")])

    back = phone.resume(locked, city.siti.secret)
    page = back.form("/k/baru").submit()

    assert "canary-7781" not in locked.html
    assert "canary-7781" in page.html
    assert page.path == "/k/baru"
    assert guest.get("/k").text.count("K7") == 0  # nothing was sent


@pytest.mark.asvs("V3.7.2")
def test_a_page_cannot_be_made_to_lead_outside_by_locking_it(city, guest, phone):
    phone.sign_in(guest, city.siti.secret)
    locked = guest.post("/istirahat", [("csrf_token", token(guest.get("/"))), ("rest_for", "https://evil.example/x")])

    assert phone.resume(locked, city.siti.secret).path == "/"


def test_locking_without_a_sign_in_leads_to_the_door(guest):
    page = guest.post("/istirahat", [("csrf_token", token(guest.get("/masuk"))), ("rest_for", "/k/baru")])

    assert page.path == "/masuk"


@pytest.mark.asvs("V6.5.6")
def test_a_phone_that_was_taken_off_is_out_at_once_and_told_so(city, guest, phone):
    phone.sign_in(guest, city.siti.secret)
    with writing(city.db):
        devices.end(city.db, city.db.get_one(Device, phone.id))

    assert guest.get("/").path.startswith("/masuk")
    assert "taken off" in phone.sign_in(guest, city.siti.secret).errors[0]


def test_two_people_on_one_phone_have_two_keys_and_never_meet(city, guest, phone):
    other = phone_of(city, city.budi)

    first = phone.sign_in(guest, city.siti.secret)
    guest.post("/keluar", [("csrf_token", token(first))])
    second = other.sign_in(guest, city.budi.secret)

    assert "Bu Siti" in first.text
    assert "Pak Budi" in second.text
    assert "Bu Siti" not in second.html


def test_a_switched_off_accounts_key_opens_nothing(city, guest, phone):
    with writing(city.db):
        city.db.get_one(Account, city.siti.account_id).active = False

    assert phone.sign_in(guest, city.siti.secret).status == 422


def test_how_long_a_copied_cookie_can_live_is_what_the_documents_say():
    assert timedelta(minutes=10) == signin.BOUND


def copied(city, browser):
    """A thief's browser with the same cookies."""
    thief = Browser(city.app.test_client())
    for name in ("s", "b"):
        cookie = browser.client.get_cookie(name)
        if cookie:
            thief.client.set_cookie(name, cookie.value)
    return thief


def tag_of(city, browser):
    """The counter of a browser's sign-in."""
    with browser.client.session_transaction() as cookie:
        which = sealed.token_hash(cookie["_user_id"]).hex()
    return tries.with_held(city.keys, "sign-in", which).held.tag


def challenge_of(page):
    return dict(page.form("/masuk", id="hp").values)["challenge"]


def token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]
