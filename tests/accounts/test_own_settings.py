"""Her own settings: text size, this phone, PIN, card, phones, and leaving everywhere at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.accounts import cards, sealed
from portal.accounts.models import Account, CardCode, Device, FailedTry, Passkey, SignIn, StaffKey
from portal.audit import once
from portal.base.clock import now, telling
from tests.support.authenticator import Authenticator
from tests.support.pages import Browser
from tests.support.phone import phone_of


@pytest.mark.parametrize("who", ["siti", "guru", "wati", "rina", "ratna", "lina", "agus"])
def test_everybody_has_settings_that_name_no_role_of_others(city, sign_in, who):
    page = sign_in(getattr(city, who)).get("/setelan")

    assert page.status == 203
    assert page.title.startswith("Settings")


@pytest.mark.parametrize("size", ["115", "130"])
def test_larger_text_holds_on_every_page(city, sign_in, size):
    browser = sign_in(city.siti)

    browser.get("/setelan").form("/tampilan").fill(text_size=size).submit()

    assert browser.get("/").root.all("html")[0].attrs["class"] == f"t{size}"


@pytest.mark.parametrize("size", ["", "9", "1000", "\x00", "115; DROP"])
def test_a_size_that_is_none_changes_nothing(city, sign_in, size):
    browser = sign_in(city.siti)
    page = browser.get("/setelan")

    browser.post("/setelan/tampilan", [("csrf_token", token(page)), ("text_size", size)])

    city.db.rollback()
    assert city.db.get_one(Account, city.siti.account_id).text_size == 100


def test_shortcut_keys_can_be_switched_off(city, sign_in):
    browser = sign_in(city.rina)
    page = browser.get("/setelan")

    browser.post("/setelan/tampilan", [("csrf_token", token(page)), ("text_size", "100")])

    city.db.rollback()
    assert not city.db.get_one(Account, city.rina.account_id).shortcuts


def test_this_phone_is_shared_until_she_says_otherwise(city, guest):
    phone = phone_of(city, city.siti)
    phone.sign_in(guest, city.siti.secret)

    guest.get("/setelan").form("/hp").fill(mine="1").submit()

    city.db.rollback()
    assert city.db.get_one(Device, phone.id).mine


@pytest.mark.asvs("V6.2.2", "V7.4.3")
def test_a_new_pin_ends_every_other_sign_in_and_the_old_one_is_worth_nothing(city, sign_in, guest):
    elsewhere, browser = sign_in(city.siti), sign_in(city.siti)

    browser.get("/setelan/rahasia").form().fill(old=city.siti.secret, new="77203914", again="77203914").submit()

    assert browser.get("/").status == 203
    assert elsewhere.get("/").path.startswith("/masuk")
    for pin, status in ((city.siti.secret, 422), ("77203914", 203)):
        page = guest.get("/masuk").form("/masuk/kartu").fill(who=city.siti.phone, pin=pin,
                                                             code=city.siti.card[0]).submit()
        assert page.status == status


@pytest.mark.asvs("V6.2.3", "V7.5.1")
@pytest.mark.parametrize(("change", "words"), [
    ({"old": "44820193"}, "does not match"), ({"new": "12345678", "again": "12345678"}, "easy to guess"),
    ({"again": "77203915"}, "not the same"), ({"new": "1", "again": "1"}, "8 digits"),
])
def test_a_new_pin_needs_the_old_one_and_must_be_good(city, sign_in, change, words):
    answers = {"old": city.siti.secret, "new": "77203914", "again": "77203914", **change}

    page = sign_in(city.siti).get("/setelan/rahasia").form().fill(**answers).submit()

    assert page.status == 422
    assert words in page.errors[0]


@pytest.mark.asvs("V6.2.2")
def test_a_new_passphrase_still_opens_her_keys(city, sign_in):
    phrase = "kucing biru naik sepeda"

    sign_in(city.rina).get("/setelan/rahasia").form().fill(old=city.rina.secret, new=phrase, again=phrase).submit()

    city.db.rollback()
    own = city.db.get_one(StaffKey, city.rina.account_id)
    assert sealed.unlock_staff_key(city.keys, own, phrase)
    assert sealed.unlock_staff_key(city.keys, own, city.rina.secret) is None


def test_a_new_card_replaces_the_old_one(city, sign_in):
    def works(code):
        return cards.is_hers(city.db, cards.tags_of(city.db, city.keys, city.siti.account_id, code))

    page = sign_in(city.siti).get("/setelan").form("/kartu").submit()

    codes = [item.text for item in page.root.all("ol")[0].all("li")]
    assert len(codes) == cards.CODES
    assert works(codes[3])
    assert not works(city.siti.card[0])


def test_staff_have_no_card(city, sign_in):
    browser = sign_in(city.rina)

    page = browser.post("/setelan/kartu", [("csrf_token", token(browser.get("/setelan")))])

    assert page.status == 404


@pytest.mark.asvs("V6.5.6", "V7.5.2")
def test_she_takes_a_lost_phone_off_herself_and_no_other_persons(city, sign_in):
    lost, neighbours = phone_of(city, city.siti), phone_of(city, city.budi)
    browser = sign_in(city.siti)
    page = browser.get("/setelan")
    assert "Android, Chrome" in page.text

    page.form(f"/{lost.id}/lepas").submit()
    forged = browser.post(f"/setelan/hp/{neighbours.id}/lepas", [("csrf_token", token(page))])

    city.db.rollback()
    assert city.db.get_one(Device, lost.id).ended_on is not None
    assert forged.status == 404
    assert city.db.get_one(Device, neighbours.id).ended_on is None


@pytest.mark.asvs("V7.5.2")
def test_signing_out_everywhere_means_everywhere(city, sign_in):
    elsewhere, browser, neighbour = sign_in(city.siti), sign_in(city.siti), sign_in(city.budi)

    browser.get("/setelan").form("/keluar-semua").submit()

    for one in (elsewhere, browser):
        assert one.get("/").path.startswith("/masuk")
    assert neighbour.get("/").status == 203
    city.db.rollback()
    assert len(city.db.scalars(select(SignIn)).all()) == 1


def tries_of(city):
    city.db.rollback()
    return city.db.execute(select(FailedTry.tag, FailedTry.count).order_by(FailedTry.tag)).all()


def test_a_second_tap_on_changing_the_pin_is_told_what_the_first_was_and_costs_no_try(city, sign_in):
    form = sign_in(city.siti).get("/setelan/rahasia").form().fill(
        old=city.siti.secret, new="77203914", again="77203914")

    first, tries = form.submit(), tries_of(city)
    second, tries_then = form.submit(), tries_of(city)
    other = form.fill(new="91730264", again="91730264").submit()

    assert first.path == second.path == "/setelan"
    assert "The change is saved." in second.text
    assert other.status == 422  # the same form with another PIN is no second tap
    assert tries_then == tries
    assert tries_of(city) != tries


def test_a_pin_is_not_changed_where_it_cannot_be_kept_that_the_form_was_sent(city, sign_in, monkeypatch):
    """A second tap would be told that her old PIN is wrong."""
    def fails(*_args, **_kwargs):
        raise OperationalError("full", {}, Exception())

    form = sign_in(city.siti).get("/setelan/rahasia").form().fill(
        old=city.siti.secret, new="77203914", again="77203914")
    before = city.db.get_one(Account, city.siti.account_id).secret_hash
    monkeypatch.setattr(once, "remember", fails)

    assert form.submit().status == 503
    city.db.rollback()
    assert city.db.get_one(Account, city.siti.account_id, populate_existing=True).secret_hash == before


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"rawId": 5}', "x" * 9000,
                                    '{"id":"x","rawId":"x","type":"public-key"}'])
def test_what_is_no_passkey_is_refused(city, sign_in, answer):
    browser = sign_in(city.rina)

    page = browser.get("/setelan/kunci-layar").form().fill(answer=answer).submit()

    assert page.status == 422


def with_passkey(browser, authenticator, challenge=""):
    """What comes of setting this passkey up; in answer to another challenge than the page's, if one is given."""
    form = browser.get("/setelan/kunci-layar").form()
    asked = challenge or dict(form.values)["challenge"]
    return form.fill(challenge=asked, answer=authenticator.make(asked)).submit()


def passkeys_of(city, person):
    city.db.rollback()
    return city.db.scalars(select(Passkey).where(Passkey.account_id == person.account_id)).all()


def test_a_passkey_is_set_up_and_lets_her_in_in_place_of_the_code(city, sign_in):
    hers, guest = Authenticator(), Browser(city.app.test_client())

    done = with_passkey(sign_in(city.rina), hers)
    form = guest.get("/masuk/petugas").form("/petugas")
    page = form.fill(name="rina", passphrase=city.rina.secret,
                     passkey=hers.show(dict(form.values)["challenge"])).submit()

    assert (done.path, "The passkey is set up." in done.text) == ("/setelan", True)
    assert page.path == "/antrean"


def test_a_passkey_of_a_device_that_asked_nobody_is_neither_set_up_nor_lets_anybody_in(city, sign_in):
    hers, guest = Authenticator(), Browser(city.app.test_client())
    never = with_passkey(sign_in(city.dewi), Authenticator(checks=False))
    with_passkey(sign_in(city.rina), hers)
    hers.checks = False  # a stolen key that is only touched

    form = guest.get("/masuk/petugas").form("/petugas")
    page = form.fill(name="rina", passphrase=city.rina.secret,
                     passkey=hers.show(dict(form.values)["challenge"])).submit()

    assert (never.status, passkeys_of(city, city.dewi)) == (422, [])
    assert page.status == 422


@pytest.mark.asvs("V6.7.2")
def test_a_passkey_that_answers_an_older_question_is_not_taken(city, sign_in):
    """Neither one that the page asked before, nor one that somebody else thought of."""
    browser = sign_in(city.rina)
    used = dict(browser.get("/setelan/kunci-layar").form().values)["challenge"]
    with_passkey(browser, Authenticator(), used)

    answers = [with_passkey(browser, Authenticator(), one) for one in (used, "0" * len(used))]

    assert [page.status for page in answers] == [422, 422]
    assert len(passkeys_of(city, city.rina)) == 1


@pytest.mark.parametrize("path", ["kartu", "kunci-layar/{}/lepas"])
def test_a_card_or_a_passkey_asks_for_her_secret_again_after_five_minutes(city, sign_in, path):
    browser = sign_in(city.siti)
    with_passkey(browser, Authenticator())
    (passkey,) = passkeys_of(city, city.siti)
    codes = city.db.scalars(select(CardCode.tag).where(CardCode.account_id == city.siti.account_id)).all()
    began = now()
    for minutes in (2, 4):  # she goes on working, so the pause for a phone that was laid down has not come
        with telling(began + timedelta(minutes=minutes)):
            page = browser.get("/setelan")

    with telling(began + timedelta(minutes=6)):
        asked = browser.post(f"/setelan/{path.format(passkey.id)}", [("csrf_token", token(page))])

    assert asked.root.all("input", name="secret")
    assert len(passkeys_of(city, city.siti)) == 1
    assert city.db.scalars(select(CardCode.tag).where(CardCode.account_id == city.siti.account_id)).all() == codes


def test_a_forged_passkey_lets_nobody_in(city):
    browser = Browser(city.app.test_client())

    page = browser.get("/masuk/petugas").form("/petugas").fill(
        name="rina", passphrase=city.rina.secret, passkey='{"rawId": "AAAA", "response": {}}').submit()

    assert page.status == 422


def token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]


@pytest.mark.parametrize(("who", "said", "unsaid"), [
    ("siti", "Name and number are deleted", "The trail stays"),
    ("rina", "Sign-in and keys are deleted", "number and area"),
])
def test_everybody_reads_what_is_kept_about_her_and_for_how_long(city, sign_in, who, said, unsaid):
    page, phone = sign_in(getattr(city, who)).get("/setelan"), city.settings.office_phone

    assert f"{said} {city.settings.keep_accounts_years} years after" in page.text
    assert unsaid not in page.text
    assert [link.attrs["href"] for link in page.root.all("a") if link.text == phone] == [f"tel:{phone}"]
