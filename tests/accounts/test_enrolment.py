"""The first time: from a code that was handed over in person to the home page, and every way it goes wrong."""

from datetime import timedelta
from threading import Barrier, Thread

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from portal.accounts import cards, challenges, invitations
from portal.accounts.devices import to_text
from portal.accounts.models import Account, Device, Invitation, SignIn, StaffKey
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.base.clock import now
from portal.base.db import session_for, writing
from tests.factories import invited_to
from tests.support.pages import Browser
from tests.support.phone import Phone

PIN = "25831947"


@pytest.fixture
def invited(city):
    """A new cadre's code; her account waits."""
    return invited_to(city)


@pytest.mark.asvs("V6.4.1")
def test_a_phone_with_a_key_is_in_after_one_pin_and_the_code_is_used_up(city, guest, invited):
    phone = Phone()

    page = phone.enrol(guest, invited, PIN)
    home = guest.get("/")
    guest.post("/keluar", [("csrf_token", token(home))])
    again = Phone().enrol_page(guest, invited)

    assert page.path == "/mulai/siap"
    assert home.status == 203
    assert again.status == 422
    assert again.errors[0].startswith("This code was used already.")


def test_she_is_greeted_by_the_name_she_likes_and_nobody_else_is_named(guest, invited):
    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()

    assert "Welcome, Bu Ani" in page.text


@pytest.mark.asvs("V7.6.2")
@pytest.mark.parametrize("agent", ["WhatsApp/2.23", "facebookexternalhit/1.1", "TelegramBot (like TwitterBot)"])
def test_whoever_previews_the_link_sees_a_neutral_page_and_uses_nothing_up(city, invited, agent):
    fetcher = city.app.test_client()
    for ask in (fetcher.get, fetcher.head):
        answer = ask("/mulai", headers={"User-Agent": agent})

        assert answer.status_code == 200
        assert "Ani" not in answer.get_data(as_text=True)
        assert invited not in answer.get_data(as_text=True)

    assert Phone().enrol(Browser(fetcher), invited, PIN).path == "/mulai/siap"


@pytest.mark.asvs("V7.6.2")
def test_looking_at_the_second_step_uses_nothing_up_either(guest, invited):
    for _ in range(3):
        guest.get("/mulai").form("/mulai").fill(code=invited).submit()

    assert Phone().enrol(guest, invited, PIN).path == "/mulai/siap"


@pytest.mark.asvs("V6.4.1", "V9.2.1")
def test_after_a_day_the_code_is_worth_nothing(guest, invited):
    with time_machine.travel(now() + timedelta(hours=24, seconds=1), tick=False):
        page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()

    assert page.status == 422


@pytest.mark.asvs("V6.6.2")
def test_a_new_code_makes_the_old_one_worthless(city, guest, invited):
    account_id = city.db.scalar(select(Account.id).where(Account.name == "Bu Ani"))
    with writing(city.db):
        newer = invitations.invite(city.db, city.keys, city.db.get_one(Account, account_id), by=None)

    assert guest.get("/mulai").form("/mulai").fill(code=invited).submit().status == 422
    assert Phone().enrol(guest, newer, PIN).path == "/mulai/siap"


@pytest.mark.asvs("V6.3.8")
@pytest.mark.parametrize("typed", ["", "K7M4", "????-????-????", "A" * 500, "' OR 1=1 --", "\u202e", "🙂" * 12])
def test_what_is_no_code_is_refused_calmly(guest, invited, typed):
    page = guest.get("/mulai").form("/mulai").fill(code=typed).submit()

    assert page.status == 422
    assert len(page.errors) == 1


def test_the_code_may_be_spaced_and_written_small(guest, invited):
    spaced = " ".join(invited[at:at + 4] for at in (0, 4, 8)).lower()

    assert "Welcome" in guest.get("/mulai").form("/mulai").fill(code=spaced).submit().text


@pytest.mark.asvs("V6.6.3")
def test_guessing_at_codes_is_slowed(guest, invited):
    for _ in range(5):
        guest.get("/mulai").form("/mulai").fill(code="222222222222").submit()

    page = guest.get("/mulai").form("/mulai").fill(code="222222222223").submit()

    assert "Wait" in page.errors[0]
    assert "Welcome" in guest.get("/mulai").form("/mulai").fill(code=invited).submit().text  # the right one goes on


@pytest.mark.parametrize(("pin", "words"), [
    ("1234567", "8 digits"), ("12345678", "easy"), ("17081945", "easy"), ("88888888", "easy"), ("14785236", "easy"),
    ("19901991", "easy"), ("bismillah1", "12 letters"), ("katasandi123", "easy"), ("x" * 129, "128"),
])
def test_a_pin_that_anybody_would_try_is_refused_with_the_reason_and_the_code_still_works(guest, invited, pin, words):
    page = Phone().enrol(guest, invited, pin)

    assert page.status == 422
    assert words in page.errors[0]
    assert Phone().enrol(guest, invited, PIN).path == "/mulai/siap"


def test_her_own_number_is_no_pin(city, guest):
    code = invited_to(city, phone="0812-2047-1836")

    assert Phone().enrol(guest, code, "20471836").status == 422


@pytest.mark.asvs("V6.2.5")
def test_a_long_phrase_serves_as_well_however_the_keyboard_composed_it(city, guest, invited):
    phone = Phone()
    phone.enrol(guest, invited, "nasi goréng pedas")
    guest.post("/keluar", [("csrf_token", token(guest.get("/")))])

    page = phone.sign_in(guest, "nasi gore\u0301ng pedas")

    assert page.path == "/"


def test_without_script_she_gets_a_card_of_codes_once_and_can_sign_in_with_it(city, guest, invited):
    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit().form("/mulai").fill(secret=PIN).submit()
    codes = [item.text for item in page.root.all("ol")[0].all("li")]
    account = city.db.scalars(select(Account).where(Account.name == "Bu Ani")).one()
    guest.post("/keluar", [("csrf_token", token(page))])

    back = guest.get("/masuk").form("/masuk/kartu").fill(
        who=account.sign_in_name, pin=PIN, code=codes[7]).submit()

    assert len(set(codes)) == cards.CODES
    assert back.path == "/"


def test_a_form_without_a_key_and_without_the_wish_for_a_card_uses_nothing_up(city, guest, invited):
    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()
    assert not page.root.all("button", name="card")

    again = page.form("/mulai").fill(secret=PIN, card="").submit()

    assert again.status == 422
    assert "try once more" in again.text
    assert again.root.all("button", name="card")  # she may choose the card herself
    assert Phone().enrol_on(again, PIN).path == "/mulai/siap"


def test_a_phone_whose_key_is_never_taken_can_begin_with_a_card(city, guest, invited):
    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()

    refused = page.form("/mulai").fill(secret=PIN, card="", key="AAAA", proof="x").submit()

    assert refused.root.all("button", name="card")
    assert len(refused.form("/mulai").fill(secret=PIN, card="1").submit().root.all("ol")[0].all("li")) == cards.CODES


def test_a_card_that_the_coordinator_printed_is_not_replaced(city, guest, invited):
    account = city.db.scalars(select(Account).where(Account.name == "Bu Ani")).one()
    with writing(city.db):
        codes = cards.new_card(city.db, city.keys, account.id, by=city.wati.account_id)

    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit().form("/mulai").fill(secret=PIN).submit()

    assert not page.root.all("ol")
    assert cards.is_hers(city.db, cards.tags_of(city.db, city.keys, account.id, codes[0]))


def test_a_key_that_was_not_proven_is_not_taken(city, guest, invited):
    stolen, thief = Phone(), Phone()
    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()
    form = page.form("/mulai")
    challenge = dict(form.values)["challenge"]

    answer = form.fill(secret=PIN, key=to_text(stolen.point), proof=thief.sign("enrol", challenge)).submit()

    assert answer.status == 422
    city.db.rollback()
    assert city.db.scalars(select(Device)).all() == []
    assert Phone().enrol(guest, invited, PIN).path == "/mulai/siap"  # nothing was made by half


@pytest.mark.asvs("V6.7.2")
def test_a_key_that_answers_a_question_of_somebody_elses_is_not_taken(city, guest, invited):
    page, phone = guest.get("/mulai").form("/mulai").fill(code=invited).submit(), Phone()
    foreign = "0" * len(dict(page.form("/mulai").values)["challenge"])

    answer = page.form("/mulai").fill(secret=PIN, challenge=foreign, key=to_text(phone.point),
                                      proof=phone.sign("enrol", foreign)).submit()

    assert answer.status == 422
    city.db.rollback()
    assert city.db.scalars(select(Device)).all() == []


@pytest.mark.parametrize("key", ["x", "AAAA", "B" * 87, "\x00"])
def test_what_is_no_key_is_refused(guest, invited, key):
    page = guest.get("/mulai").form("/mulai").fill(code=invited).submit()

    answer = page.form("/mulai").fill(secret=PIN, key=key, proof="x").submit()

    assert answer.status == 422


@pytest.mark.asvs("V6.7.2", "V9.2.1")
def test_a_challenge_is_ours_is_used_once_and_grows_old(any_city):
    with time_machine.travel(now(), tick=False) as clock:
        ours, other = challenges.new_challenge(any_city.keys), challenges.new_challenge(any_city.keys)
        with writing(any_city.db):
            assert challenges.use(any_city.db, any_city.keys, ours)
            assert not challenges.use(any_city.db, any_city.keys, ours)
            assert not challenges.use(any_city.db, any_city.keys, ours[:-1] + ("0" if ours[-1] != "0" else "1"))
            clock.shift(challenges.LIFE + timedelta(seconds=1))
            assert not challenges.use(any_city.db, any_city.keys, other)


def test_a_cadres_coming_in_leaves_no_moment_behind(city, guest, invited):
    Phone().enrol(guest, invited, PIN)

    city.db.rollback()
    assert "account.entered" not in city.db.scalars(select(AuditEntry.action)).all()
    for model in (Device, SignIn):
        assert {c.name for c in model.__table__.columns if str(c.type).startswith("DATETIME")} == set()


def test_the_database_keeps_no_code(city, invited):
    row = city.db.scalars(select(Invitation)).one()

    assert invited.encode() not in row.code_tag


def test_a_new_officer_chooses_her_passphrase_and_second_factor_herself(city, guest):
    unit = city.db.get_one(Account, city.rina.account_id)
    code = invited_to(city, "Nina", Role.OFFICER, sign_in_name="nina", area_id=unit.area_id, unit_id=unit.unit_id)
    page = guest.get("/mulai").form("/mulai").fill(code=code).submit()
    secret = page.text.split("Or type: ")[1][:39].replace(" ", "")
    phrase = "kucing biru naik sepeda"

    slip = page.form("/mulai").fill(secret=phrase, again=phrase + "x", app_code="123456").submit()
    wrong = slip.form("/mulai").fill(secret=phrase, again=phrase, app_code="000000").submit()
    shown = pyotp.TOTP(secret).at(now())
    inside = wrong.form("/mulai").fill(secret=phrase, again=phrase, app_code=shown).submit()

    assert slip.errors == ["The two passphrases are not the same."]
    assert secret in wrong.text.replace(" ", "")  # the same secret: she need not scan again
    assert inside.path == "/antrean"
    account = city.db.scalars(select(Account).where(Account.name == "Nina")).one()
    assert city.db.get(StaffKey, account.id) is not None
    replay = Browser(city.app.test_client()).get("/masuk/petugas").form("/petugas").fill(
        name="nina", passphrase=phrase, code=shown).submit()
    assert replay.status == 422  # the code that set it up is used


@pytest.mark.parametrize("phrase", ["short phrase", "aaaaaaaaaaaaaaaaaaa", "katasandi1234567890"])
def test_a_weak_passphrase_is_refused(city, guest, phrase):
    unit = city.db.get_one(Account, city.rina.account_id)
    code = invited_to(city, "Nina", Role.OFFICER, sign_in_name="nina", area_id=unit.area_id, unit_id=unit.unit_id)
    page = guest.get("/mulai").form("/mulai").fill(code=code).submit()
    secret = page.text.split("Or type: ")[1][:39].replace(" ", "")

    answer = page.form("/mulai").fill(secret=phrase, again=phrase, app_code=pyotp.TOTP(secret).at(now())).submit()

    assert answer.status == 422


def test_nobody_is_invited_into_an_account_in_use(city):
    from portal.base.errors import Refused

    with pytest.raises(Refused), writing(city.db):
        invitations.invite(city.db, city.keys, city.db.get_one(Account, city.siti.account_id), by=None)


def token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]


@pytest.mark.asvs("V2.3.4", "V6.5.1", "V15.4.2")
def test_two_phones_with_one_code_at_the_same_instant_are_not_both_let_in(any_city):
    code = invited_to(any_city)
    with session_for(any_city.db.get_bind()) as looking:
        account = invitations.invited(looking, any_city.keys, code)
        chosen = invitations.choose(any_city.settings, account, PIN)
    engine = any_city.db.get_bind()
    entered, start = [], Barrier(2)

    def enter():
        with session_for(engine) as session:
            start.wait()
            with writing(session):
                entered.append(invitations.accept(session, any_city.keys, code, chosen) is not None)

    both = [Thread(target=enter) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert sorted(entered) == [False, True]
