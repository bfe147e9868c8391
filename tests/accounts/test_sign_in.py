"""Getting in: the right people, slowly for guessers, without locking anybody out for a stranger's tries."""

from datetime import timedelta
from types import SimpleNamespace

import pyotp
import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from portal.accounts import cards, passwords, throttle, tries
from portal.accounts.models import Account, FailedTry, SignIn
from portal.base.clock import now
from portal.base.db import engine_for, session_for, writing
from portal.web.carry import local_path
from tests.support.pages import Browser
from tests.support.phone import phone_of

OUTSIDE = ["//evil.example", "https://evil.example", "/\\evil.example"]


def test_a_cadre_signs_in_with_her_card_however_she_writes_number_and_code(city, guest):
    for number, phone in enumerate(("081200000001", "+62 812-0000-0001", "62812 0000 0001")):
        code = city.siti.card[number].lower()

        page = card(guest.get("/masuk?lain"), city.siti, who=phone, code=f"{code[:4]} {code[4:]}")

        assert page.path == "/"
        assert page.status == 203
        guest.post("/keluar", [("csrf_token", _token(page))])


def test_without_a_phone_number_the_account_code_serves(city, guest):
    code = city.db.get_one(Account, city.siti.account_id).sign_in_name

    page = card(guest.get("/masuk"), city.siti, who=f"{code[:3]}-{code[3:]}".upper())

    assert page.path == "/"


@pytest.mark.asvs("V6.5.1")
def test_each_code_of_a_card_works_once(city, guest):
    card(guest.get("/masuk"), city.siti)

    again = card(Browser(city.app.test_client()).get("/masuk"), city.siti)

    assert again.status == 422


def test_a_wrong_pin_uses_up_no_code(city, guest):
    card(guest.get("/masuk"), city.siti, pin="44820193")

    assert card(guest.get("/masuk"), city.siti).path == "/"


@pytest.mark.asvs("V6.3.3")
def test_pin_and_number_alone_open_nothing(city, guest):
    page = card(guest.get("/masuk"), city.siti, code="AAAA2222")

    assert page.status == 422


def test_a_neighbours_card_opens_nothing(city, guest):
    page = card(guest.get("/masuk"), city.siti, code=city.budi.card[0])

    assert page.status == 422


@pytest.mark.asvs("V6.3.8")
def test_an_unknown_number_a_wrong_pin_and_a_wrong_code_are_answered_alike(city, guest):
    unknown = card(guest.get("/masuk"), city.siti, who="081299999999")
    wrong_pin = card(guest.get("/masuk"), city.siti, pin="44820193")
    wrong_code = card(guest.get("/masuk"), city.siti, code="AAAA2222")

    assert unknown.status == wrong_pin.status == wrong_code.status == 422
    assert unknown.errors == wrong_pin.errors == wrong_code.errors == ["That does not match. Please try again."]


@pytest.mark.asvs("V6.3.8")
@pytest.mark.parametrize("change", [{}, {"who": "081299999999"}, {"code": "AAAA2222"}, {"pin": "44820193"}])
def test_every_try_costs_one_hash_whoever_is_asked_for(city, guest, monkeypatch, change):
    checked, real = [], passwords._HASHER.verify
    monkeypatch.setattr(passwords, "_HASHER", SimpleNamespace(verify=lambda *a: checked.append(a) or real(*a)))

    card(guest.get("/masuk"), city.siti, **change)

    assert len(checked) == 1


@pytest.mark.asvs("V6.5.1")
def test_staff_sign_in_with_passphrase_and_a_code_that_works_once(city, guest):
    code = pyotp.TOTP(city.rina.totp).now()
    answers = {"name": "Rina", "passphrase": city.rina.secret, "code": code}

    first = guest.get("/masuk/petugas").form("/petugas").fill(**answers).submit()
    again = Browser(city.app.test_client()).get("/masuk/petugas").form("/petugas").fill(**answers).submit()

    assert first.path == "/antrean"
    assert again.status == 422


@pytest.mark.asvs("V6.3.3")
@pytest.mark.parametrize("change", [{"code": "000000"}, {"passphrase": "another long phrase"}, {"name": "nobody"}])
def test_each_part_of_a_staff_sign_in_is_needed(city, guest, change):
    code = pyotp.TOTP(city.rina.totp).now()
    answers = {"name": "rina", "passphrase": city.rina.secret, "code": code, **change}

    page = guest.get("/masuk/petugas").form("/petugas").fill(**answers).submit()

    assert page.status == 422
    assert page.errors == ["That does not match. Please try again."]


def test_which_part_of_a_staff_sign_in_was_wrong_is_not_said_by_where_the_fault_stands(city, guest):
    def led_to(**wrong):
        alert = staff(guest, city.rina, **wrong).root.all("div", role="alert")[0]
        return [link.attrs["href"] for link in alert.all("a")]

    assert led_to(code="000000") == led_to(passphrase="another long phrase") == led_to(name="nobody") != []


def test_staff_cannot_come_in_by_the_cadres_door(city, guest):
    page = card(guest.get("/masuk"), city.siti, who="rina", pin=city.rina.secret)

    assert page.status == 422


@pytest.mark.asvs("V6.3.1")
def test_after_five_wrong_pins_even_the_right_one_must_wait_and_then_works(city, guest):
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(5):
            card(guest.get("/masuk"), city.siti, pin="44820193")

        refused = card(guest.get("/masuk"), city.siti)
        clock.shift(timedelta(seconds=31))
        welcome = card(guest.get("/masuk"), city.siti)

    assert "Wait 1 minute" in refused.errors[0]
    assert welcome.path == "/"


@pytest.mark.asvs("V6.3.1")
@pytest.mark.asvs("V6.3.1")
@pytest.mark.parametrize("names", [
    ("rina", "Rina", "RINA", "rinA", " rina "), ("rina", "\x01 rina", "\x01  rina", "rina \x01", "\x01\u2003rina")],
    ids=["letters", "blanks behind what is no text"])
def test_a_name_is_one_name_to_the_throttle_however_it_was_typed(city, guest, names):
    for name in names:
        assert "Wait" not in staff(guest, city.rina, name=name, passphrase="another long phrase").errors[0]

    assert "Wait" in staff(guest, city.rina).errors[0]


def test_a_card_in_wrong_hands_is_worth_nothing_after_twenty_wrong_pins(city, guest):
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(20):
            card(guest.get("/masuk"), city.siti, pin="44820193")
            clock.shift(timedelta(hours=1, seconds=1))

        page = card(guest.get("/masuk"), city.siti)

    assert page.status == 422
    city.db.rollback()
    assert cards.left(city.db, city.siti.account_id) == 0


@pytest.mark.asvs("V6.3.1")
def test_a_strangers_tries_do_not_lock_a_cadre_out(city, guest):
    for number in range(60):
        stranger = Browser(city.app.test_client())
        stranger.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        card(stranger.get("/masuk"), city.siti, pin="44820193", code="AAAA2222")

    assert card(guest.get("/masuk"), city.siti).path == "/"


def test_a_strangers_tries_do_not_lock_staff_out_of_their_own_browser(city, guest):
    with time_machine.travel(now(), tick=False) as clock:
        assert staff(guest, city.rina).path == "/antrean"
        guest.post("/keluar", [("csrf_token", _token(guest.get("/antrean")))])
        clock.shift(timedelta(seconds=31))
        for number in range(40):
            stranger = Browser(city.app.test_client())
            stranger.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
            staff(stranger, city.rina, passphrase="some other long phrase")

        elsewhere = staff(Browser(city.app.test_client()), city.rina)
        at_home = staff(guest, city.rina)

    assert elsewhere.status == 422
    assert at_home.path == "/antrean"


@pytest.mark.asvs("V6.3.1")
def test_a_hundred_strangers_on_her_network_do_not_make_a_cadre_wait(city, guest):
    phone = phone_of(city, city.siti)
    for number in range(throttle.FREE_NETWORK + 1):
        stranger = card(Browser(city.app.test_client()).get("/masuk"), city.siti, who=f"0812999{number:05}",
                        code="AAAA2222")

    assert "Tunggu" in stranger.errors[0]
    assert card(guest.get("/masuk"), city.siti).path == "/"
    assert phone.sign_in(Browser(city.app.test_client()), city.siti.secret).path == "/"
    assert "Tunggu" in staff(Browser(city.app.test_client()), city.rina).errors[0]  # who shows nothing of hers


def test_who_signs_in_rightly_is_no_failure_of_her_network(city):
    phone = phone_of(city, city.siti)
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(throttle.FREE_NETWORK // 20):
            phone.sign_in(Browser(city.app.test_client()), city.siti.secret)
            staff(Browser(city.app.test_client()), city.rina)
            clock.shift(timedelta(minutes=1))

    city.db.rollback()
    assert [row.count for row in city.db.scalars(select(FailedTry))] == [0]


def test_one_success_takes_back_one_try_of_the_network_and_no_more(city):
    for number in range(3):
        staff(Browser(city.app.test_client()), city.rina, name=f"nobody{number}")
    staff(Browser(city.app.test_client()), city.rina)

    city.db.rollback()
    assert max(row.count for row in city.db.scalars(select(FailedTry))) == 3


@pytest.mark.parametrize(("address", "line"), [
    ("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"), ("", ""), ("unix:", "unix:"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("2001:db8:1:3::1", "2001:db8:1:3::/64")])
def test_all_addresses_of_one_line_are_one_network(address, line):
    assert tries.line(address) == line


def test_a_success_forgets_the_failures_of_that_person(city, guest):
    card(guest.get("/masuk"), city.siti, pin="44820193")

    card(guest.get("/masuk"), city.siti)

    city.db.rollback()
    assert city.db.scalars(select(FailedTry)).all() == []


@pytest.mark.asvs("V15.2.2")
def test_a_flood_of_sign_ins_is_turned_away_while_concerns_still_arrive(city, guest, sign_in):
    cadre = sign_in(city.siti)
    for _ in range(4):
        passwords._ADMITTED.acquire()
    try:
        page = card(guest.get("/masuk"), city.siti)
        form = cadre.get("/k/baru").form("/k/baru")
        sent = form.fill(danger="again", who="girl", signs=["afraid"], known="told", child_aware="no").submit("send")
    finally:
        for _ in range(4):
            passwords._ADMITTED.release()

    assert page.status == 503
    assert page.errors == ["Many people are signing in. Please try again in a moment."]
    assert sent.path.startswith("/k/")
    assert card(guest.get("/masuk"), city.siti).path == "/"


@pytest.mark.asvs("V7.2.1", "V7.4.1")
def test_signing_out_ends_a_copied_cookie_too(city, sign_in):
    browser, thief = sign_in(city.siti), Browser(city.app.test_client())
    with browser.client.session_transaction() as mine, thief.client.session_transaction() as stolen:
        stolen.update(mine)
    assert thief.get("/").status == 203

    browser.post("/keluar", [("csrf_token", _token(browser.get("/")))])

    assert thief.get("/").path.startswith("/masuk")


@pytest.mark.asvs("V7.4.2", "V8.3.2")
def test_switching_off_ends_every_sign_in_at_once(city, sign_in):
    cadre, admin = sign_in(city.siti), sign_in(city.agus)

    admin.get(f"/akun/{city.siti.account_id}").form("/saklar").submit()

    assert cadre.get("/").path.startswith("/masuk")


def test_an_account_that_is_off_cannot_sign_in(city, guest):
    with writing(city.db):
        city.db.get(Account, city.siti.account_id).active = False

    assert card(guest.get("/masuk"), city.siti).status == 422


@pytest.mark.asvs("V7.3.1")
@pytest.mark.parametrize(("who", "minutes"), [("siti", 3), ("rina", 15)])
def test_a_pause_locks_and_the_secret_alone_opens_again(city, sign_in, who, minutes):
    person = getattr(city, who)
    with time_machine.travel(now(), tick=False) as clock:
        browser = sign_in(person)
        clock.shift(timedelta(minutes=minutes, seconds=-5))
        assert browser.get("/bantuan").status == 203
        clock.shift(timedelta(minutes=minutes, seconds=5))

        locked = browser.get("/akun")
        again = locked.form("/masuk").fill(secret=person.secret).submit()

    assert locked.path.startswith("/masuk")
    assert "phone" not in locked.html.split("<main")[1]
    assert again.status == 404  # the page she wanted, which is not for her: she is in


@pytest.mark.asvs("V7.3.2", "V9.2.1")
def test_after_half_a_day_even_a_busy_cadre_signs_in_anew(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        browser = sign_in(city.siti)
        for _ in range(12 * 60 // 2 + 2):
            clock.shift(timedelta(minutes=2))
            last = browser.client.get("/bantuan").status_code

    assert last == 200


@pytest.mark.asvs("V7.2.3")
def test_the_database_keeps_sign_ins_to_the_day_and_never_the_token(city, sign_in):
    browser = sign_in(city.siti)
    with browser.client.session_transaction() as cookie:
        token = cookie["_user_id"]

    city.db.rollback()
    row = city.db.scalars(select(SignIn)).one()

    assert row.began_on == now().date()
    assert token.encode() not in row.token_hash
    assert {c.name for c in SignIn.__table__.columns if "at" in c.name.split("_")} == set()


def test_quick_exit_signs_out_and_leads_to_the_weather_without_a_token(city, sign_in):
    browser = sign_in(city.siti)

    answer = browser.client.post("/keluar-cepat")

    assert answer.headers["Location"] == city.settings.exit_url
    assert "Clear-Site-Data" not in answer.headers
    assert browser.get("/").path.startswith("/masuk")


def test_quick_exit_leads_the_scripts_beacon_nowhere(city, sign_in):
    browser = sign_in(city.siti)

    answer = browser.client.post("/keluar-cepat", data={"script": "1"})

    assert (answer.status_code, answer.headers.get("Location")) == (204, None)
    assert browser.get("/").path.startswith("/masuk")


@pytest.mark.asvs("V1.2.2", "V3.7.2")
@pytest.mark.parametrize("target", [*OUTSIDE, "javascript:x", "/ok\r\nSet-Cookie: a=b", ""])
def test_no_sign_in_leads_out_of_the_house(target):
    assert local_path(target) == "/"


@pytest.mark.parametrize("target", OUTSIDE)
def test_a_forged_form_leads_nobody_outside_once_she_is_in(city, guest, target):
    form = guest.get("/masuk").form("/masuk/kartu").fill(who=city.siti.phone, pin=city.siti.secret,
                                                         code=city.siti.card[0], next=target)

    answer = guest.client.post("/masuk/kartu", data=dict(form.values))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("target", OUTSIDE)
def test_somebody_who_is_in_already_is_led_nowhere_outside(city, sign_in, target):
    answer = sign_in(city.siti).client.get("/masuk", query_string={"next": target})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_the_language_is_changed_by_one_tap_and_remembered(city, sign_in):
    browser = sign_in(city.siti, language="id")
    before = browser.get("/bantuan")

    before.form("/bahasa").submit("en")

    browser.client.delete_cookie("b")  # another browser: the person's own choice counts
    assert browser.get("/bantuan").root.all("html")[0].attrs["lang"] == "en"
    assert before.root.all("html")[0].attrs["lang"] == "id"


def test_an_unknown_language_is_refused(city, sign_in):
    browser = sign_in(city.siti)

    page = browser.post("/bahasa", [("csrf_token", _token(browser.get("/bantuan"))), ("language", "xx")])

    assert page.status == 404


def card(page, person, **changes):
    """Sign in with number, PIN and the first code of the card, but for `changes`."""
    answers = {"who": person.phone, "pin": person.secret, "code": person.card[0], **changes}
    return page.form("/masuk/kartu").fill(**answers).submit()


def staff(browser, person, **changes):
    """Sign in at the office, but for `changes`."""
    answers = {"name": person.sign_in_name, "passphrase": person.secret,
               "code": pyotp.TOTP(person.totp).at(now()), **changes}
    return browser.get("/masuk/petugas").form("/petugas").fill(**answers).submit()


def _token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]


@pytest.mark.asvs("V6.3.1")
def test_a_known_passphrase_does_not_make_the_second_factor_guessable(city, guest):
    answers = {"name": "rina", "passphrase": city.rina.secret, "code": "000000"}
    for _ in range(5):
        guest.get("/masuk/petugas").form("/petugas").fill(**answers).submit()

    page = guest.get("/masuk/petugas").form("/petugas").fill(**answers).submit()

    assert "Wait" in page.errors[0]


def test_somebody_who_is_in_is_not_asked_again(city, sign_in):
    assert sign_in(city.siti).get("/masuk?next=/bantuan").path == "/bantuan"


@pytest.mark.postgres
@pytest.mark.asvs("V6.3.1")
def test_of_two_tries_at_the_same_instant_the_second_waits_to_be_counted(postgres_city):
    city, counter = postgres_city, throttle.Counter(b"mark", free=5)
    engine = engine_for(city.url)
    with writing(city.db):
        throttle.begin_try(city.db, [counter], now())
    with session_for(engine) as other, writing(city.db):
        throttle.begin_try(city.db, [counter], now())
        other.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            throttle.begin_try(other, [counter], now())
        other.rollback()
    with session_for(engine) as later:
        with writing(later):
            throttle.begin_try(later, [counter], now())
        assert throttle.failures(later, counter) == 3
    engine.dispose()
