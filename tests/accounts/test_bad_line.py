"""On a bad line a form is sent twice, or its answer is lost: nobody who did all right is told that it was wrong, and
nobody learns more than before."""

from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import func, select

from portal.accounts import cards, invitations, throttle
from portal.accounts.devices import to_text
from portal.accounts.models import Account, AccountNews, CardCode, FailedTry, Invitation, SignIn
from portal.accounts.roles import Role
from portal.audit import once
from portal.audit.models import DoneOnce
from portal.base.clock import now
from portal.base.db import writing
from tests.accounts.test_sign_in import card
from tests.factories import invited_to
from tests.support.pages import Browser
from tests.support.phone import Phone, phone_of

PIN = "25831947"
USED = ("This code was used already. If you used it, tap Sign in and enter your PIN. If it was not you, tell your "
        "coordinator.")


@pytest.fixture
def invited(city):
    """A new cadre's code; her account waits."""
    return invited_to(city)


def another(city):
    """One more browser, in English."""
    browser = Browser(city.app.test_client())
    browser.client.set_cookie("b", "en")
    return browser


def way_in(page):
    """Where the button below the refusal leads."""
    return [link.attrs["href"] for link in page.root.all("a", class_="tbl penuh")]


def second_step(browser, code):
    return browser.get("/mulai").form("/mulai").fill(code=code).submit().form("/mulai")


def with_key(form, phone, pin=PIN):
    """The form as the script of this phone sends it."""
    return form.fill(secret=pin, card="", key=to_text(phone.point),
                     proof=phone.sign("enrol", dict(form.values)["challenge"]))


def sent_again(city, form, before):
    """The very same form, with the cookies that the browser had before the first answer."""
    browser = another(city)
    for name, value in before.items():
        browser.client.set_cookie(name, value)
    return browser.post("/mulai", form.values), browser


def cookies(browser):
    return {name: browser.client.get_cookie(name).value for name in ("s", "b") if browser.client.get_cookie(name)}


def anis(city):
    city.db.rollback()
    return city.db.scalars(select(Account).where(Account.name == "Bu Ani")).one()


def codes_on(page):
    return [item.text for box in page.root.all("ol") for item in box.all("li")]


def test_a_first_time_that_was_sent_twice_leads_in_by_the_same_phone(city, guest, invited):
    form, before = with_key(second_step(guest, invited), Phone()), cookies(guest)
    form.submit()

    page, browser = sent_again(city, form, before)

    assert page.path == "/mulai/siap"
    assert browser.get("/").status == 203
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(SignIn)) == 1  # none lies about whose cookie never came


def test_by_its_key_on_a_page_that_was_opened_anew_too(city, guest, invited):
    phone, waiting = Phone(), another(city)
    page = phone.enrol_page(waiting, invited)
    phone.enrol(guest, invited, PIN)

    assert phone.enrol_on(page, PIN).path == "/mulai/siap"


@pytest.mark.parametrize("wrong", ["pin", "proof", "phone", "challenge", "ended", "off", "passkey"])
def test_whoever_cannot_show_the_phone_or_the_pin_is_told_the_same(city, guest, invited, wrong, monkeypatch):
    phone = Phone()
    form, before = with_key(second_step(guest, invited), phone), cookies(guest)
    form.submit()
    if wrong == "pin":
        form.fill(secret="77203914")
    elif wrong == "proof":
        form.fill(proof=phone.sign("sign-in", dict(form.values)["challenge"]))
    elif wrong == "phone":
        other = phone_of(city, city.budi)
        form.fill(key=to_text(other.point), proof=other.sign("enrol", dict(form.values)["challenge"]))
    elif wrong == "challenge":
        form.fill(challenge="1.x.y", proof=phone.sign("enrol", "1.x.y"))
    elif wrong == "ended":
        from portal.accounts import devices
        with writing(city.db):
            devices.end_all(city.db, anis(city).id)
    elif wrong == "passkey":
        monkeypatch.setattr("portal.accounts.passkeys.of_device", lambda *_: [object()])
    else:
        with writing(city.db):
            anis(city).active = False

    page, browser = sent_again(city, form, before)

    said = "This code does not work, or no longer. Ask your coordinator for a new one." if wrong == "off" else USED
    assert (page.status, page.errors) == (422, [said])
    assert browser.get("/").path.startswith("/masuk")


def test_whoever_has_the_code_alone_is_told_that_sentence_and_no_name(city, guest, invited):
    Phone().enrol(another(city), invited, PIN)

    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()

    assert page.errors == [USED]
    assert "Ani" not in page.html
    assert way_in(page) == ["/masuk"]


def test_a_card_whose_page_never_came_is_made_anew_and_shown(city, guest, invited):
    form, before = second_step(guest, invited).fill(secret=PIN), cookies(guest)
    lost = codes_on(form.submit())

    page, browser = sent_again(city, form, before)
    seen = codes_on(page)

    assert len(set(lost) | set(seen)) == 2 * cards.CODES
    assert browser.get("/").status == 203
    entered = anis(city)
    assert city.db.scalars(select(AccountNews.kind).where(AccountNews.account_id == entered.id)).all() == ["card"]
    ani = {"who": entered.sign_in_name, "pin": PIN}
    assert card(another(city).get("/masuk"), city.siti, code=lost[0], **ani).status == 422
    assert card(another(city).get("/masuk"), city.siti, code=seen[0], **ani).path == "/"


def test_the_card_can_be_asked_for_from_the_code_too(city, guest, invited):
    lost = codes_on(second_step(another(city), invited).fill(secret=PIN).submit())

    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit().form("/mulai", class_="kartu tumpuk") \
        .fill(secret=PIN).submit()

    assert codes_on(page)
    assert set(codes_on(page)).isdisjoint(lost)


@pytest.mark.parametrize("since", ["a code", "a phone", "no wish", "a key"])
def test_once_she_was_in_another_way_the_code_shows_no_card(city, guest, invited, since):
    form, before = second_step(guest, invited).fill(secret=PIN), cookies(guest)
    codes = codes_on(form.submit())
    if since == "a code":
        card(another(city).get("/masuk"), city.siti, who=anis(city).sign_in_name, pin=PIN,
             code=codes[3])
    elif since == "a phone":
        phone_of(city, type("Ani", (), {"account_id": anis(city).id}))
    elif since == "no wish":
        form.fill(card="")
    else:
        form.fill(key=to_text(Phone().point))

    page, _browser = sent_again(city, form, before)

    assert page.errors == [USED]


def test_a_card_that_the_coordinator_printed_stays_as_it_is(city, guest, invited):
    with writing(city.db):
        printed = cards.new_card(city.db, city.keys, anis(city).id, by=city.wati.account_id)
    form, before = second_step(guest, invited).fill(secret=PIN), cookies(guest)
    form.submit()

    page, browser = sent_again(city, form, before)

    assert "You have a printed card already" in page.text
    assert browser.get("/").status == 203
    assert cards.is_hers(city.db, cards.tags_of(city.db, city.keys, anis(city).id, printed[0]))


def test_guessing_the_pin_behind_a_used_code_is_slowed_and_then_ends(city, guest, invited):
    form, before = second_step(guest, invited).fill(secret=PIN), cookies(guest)
    form.submit()
    with time_machine.travel(now(), tick=False) as clock:
        for number in range(throttle.FREE_HELD + 1):
            form.fill(secret=f"7720391{number % 10}")
            sent_again(city, form, before)
        form.fill(secret=PIN)
        slowed, _browser = sent_again(city, form, before)
        clock.shift(timedelta(minutes=2))
        waited, _browser = sent_again(city, form, before)
        with writing(city.db):
            for row in city.db.scalars(select(FailedTry)):
                row.count = throttle.STOP
            city.db.add(FailedTry(**held(city)))
        stopped, _browser = sent_again(city, form, before)

    assert (slowed.errors, stopped.errors) == ([USED], [USED])
    assert codes_on(waited)


def held(city):
    from portal.accounts import tries
    tag = tries.with_held(city.keys, "invitation", anis(city).id).held.tag
    return {"tag": tag, "count": throttle.STOP, "last_at": now()}


@pytest.mark.parametrize(("days", "known"), [(0, True), (1, True), (2, False)])
def test_the_use_of_a_code_is_known_for_a_day(city, guest, invited, days, known):
    form, before = second_step(guest, invited).fill(secret=PIN), cookies(guest)
    form.submit()

    with time_machine.travel(now() + timedelta(days=days), tick=False):
        page, _browser = sent_again(city, form, before)

    assert bool(codes_on(page)) == known


def test_of_a_used_code_the_database_keeps_the_account_and_the_day(city, guest, invited):
    Phone().enrol(guest, invited, PIN)

    city.db.rollback()
    row = city.db.scalars(select(DoneOnce)).one()
    assert row.outcome == str(anis(city).id)
    assert city.db.scalars(select(Invitation)).all() == []
    assert invited.encode() not in row.mark + row.digest


def test_two_taps_at_one_instant_end_as_if_the_second_had_come_later(city, guest, invited, monkeypatch):
    form, before = second_step(guest, invited).fill(secret=PIN), cookies(guest)
    form.submit()
    real = invitations.used
    seen = []

    def late(*given):
        seen.append(1)
        return real(*given) if len(seen) > 1 else None  # it looked before the first was through

    monkeypatch.setattr("portal.accounts.views.enrolment.invitations.used", late)
    monkeypatch.setattr("portal.accounts.views.enrolment._invited", lambda _form: anis(city))
    page, _browser = sent_again(city, form, before)

    assert codes_on(page)


def test_a_staff_code_that_was_sent_twice_says_what_to_do_and_opens_nothing(city, guest):
    unit = city.db.get_one(Account, city.rina.account_id)
    code = invited_to(city, "Nina", Role.OFFICER, sign_in_name="nina", area_id=unit.area_id, unit_id=unit.unit_id)
    page = guest.get("/mulai").form("/mulai").fill(code=code).submit()
    secret, phrase = page.text.split("Or type: ")[1][:39].replace(" ", ""), "kucing biru naik sepeda"
    form, before = page.form("/mulai").fill(secret=phrase, again=phrase, app_code=pyotp.TOTP(secret).at(now())), \
        cookies(guest)
    form.submit()

    again, browser = sent_again(city, form, before)

    assert again.errors == [USED.replace("PIN", "passphrase").replace("coordinator", "administrator")]
    assert way_in(again) == ["/masuk/petugas"]
    assert browser.get("/").path.startswith("/masuk")


def test_a_phones_form_that_was_sent_twice_asks_for_the_pin_once_more_and_counts_nothing(city, guest):
    phone = phone_of(city, city.siti)
    page = guest.get("/masuk?lain")
    before = cookies(guest)
    phone.sign_in(guest, city.siti.secret, page)
    form = page.form("/masuk", id="hp")
    form.fill(device=phone.id, pin="44820193", proof=phone.sign("sign-in", dict(form.values)["challenge"]))
    browser = another(city)
    for name, value in before.items():
        browser.client.set_cookie(name, value)

    for _ in range(throttle.FREE_HELD + 2):
        again = browser.post("/masuk", form.values)

    assert (again.status, again.errors) == (422, ["The connection broke off. Please enter your PIN once more."])
    assert phone.sign_in(browser, city.siti.secret, again).path == "/"
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(FailedTry)) == 0


def test_an_answer_with_somebody_elses_key_is_no_repetition(city, guest):
    phone, page = phone_of(city, city.siti), guest.get("/masuk?lain")
    form = page.form("/masuk", id="hp")
    form.fill(device=phone.id, pin=city.siti.secret, proof=Phone().sign("sign-in", dict(form.values)["challenge"]))
    form.submit()

    assert form.submit().errors == ["That does not match. Please try again."]


def test_after_a_pause_too(city, guest):
    phone = phone_of(city, city.siti)
    phone.sign_in(guest, city.siti.secret)
    with time_machine.travel(now() + timedelta(minutes=4), tick=False):
        page = guest.get("/")
        form = page.form("/masuk", id="lagi")
        challenge = dict(form.values)["challenge"]
        form.fill(secret="44820193", device=phone.id, proof=phone.sign("sign-in", challenge))
        wrong, again = form.submit(), form.fill(secret=city.siti.secret).submit()

    assert wrong.errors == ["That does not match. Please try again."]
    assert again.errors == ["The connection broke off. Please enter your PIN once more."]
    city.db.rollback()
    assert city.db.scalars(select(FailedTry.count)).one() == 1


def test_a_cards_code_that_was_used_says_so_to_who_knows_the_pin(city, guest):
    card(guest.get("/masuk"), city.siti)

    twice = card(another(city).get("/masuk"), city.siti)
    wrong = card(another(city).get("/masuk"), city.siti, pin="44820193")

    assert (twice.status, twice.errors) == (
        422, ["This code was used already. Take the next one on your card."])
    assert wrong.errors == ["That does not match. Please try again."]
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(SignIn)) == 1


def test_a_used_code_gives_no_more_guesses_at_the_pin_than_one_that_works(city):
    card(another(city).get("/masuk"), city.siti)
    with time_machine.travel(now(), tick=False) as clock:
        for number in range(throttle.STOP):
            page = card(another(city).get("/masuk"), city.siti, pin=f"448201{number:02}")
            clock.shift(timedelta(hours=1, seconds=1))

    assert page.errors == ["That does not match. Please try again."]
    city.db.rollback()
    assert city.db.scalars(select(CardCode).where(CardCode.account_id == city.siti.account_id)).all() == []


def test_who_chose_nobody_is_asked_to_and_no_try_is_counted(city, guest):
    page = guest.get("/masuk?lain").form("/masuk", id="hp").fill(pin=city.siti.secret).submit()

    assert (page.status, page.errors) == (422, ["First choose your name, then enter your PIN."])
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(FailedTry)) == 0


def test_what_was_done_before_a_day_is_not_looked_at(any_city):
    with writing(any_city.db):
        once.remember(any_city.db, "key", "", "outcome")

    today = now().date()
    assert once.outcome_since(any_city.db, "key", today) == "outcome"
    assert once.outcome_since(any_city.db, "key", today + timedelta(days=1)) is None
    assert once.outcome_since(any_city.db, "another", today) is None
