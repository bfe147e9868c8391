"""Who can open what: keys are handed on, never copied in clear, and split while in use."""

import pytest
from sqlalchemy import select

from portal.accounts import commands, queries, sealed
from portal.accounts.models import KeyGrant, SignIn, StaffKey
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from tests.factories import a_flag, private_of, ring_of, viewer_of
from tests.support.pages import Form


def test_the_head_hands_the_key_to_a_second_officer_who_can_then_open_concerns(city, sign_in):
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti, story="mutiara")
    new = sign_in(city.keyless)
    assert "mutiara" not in new.get(f"/k/{flag.code}/kerja").html

    page = sign_in(city.ratna).get("/kunci")
    form = next(i for i in page.root.all("input", name="to", value=str(city.keyless.account_id))).inside("form")
    Form(page.browser, form, page.path).submit("unit")

    assert "mutiara" in new.get(f"/k/{flag.code}/kerja").html


def test_only_a_holder_can_hand_on_a_key(city):
    with writing(city.db), pytest.raises(Refused):
        commands.grant_key(city.db, ring_of(city, city.rina), kind="conflict", to=city.dewi.account_id,
                           by=viewer_of(city.db, city.rina))


@pytest.mark.parametrize("forged", [{"kind": "server"}, {"kind": ""}, {"to": ""}, {"to": "x"}, {"to": None}])
def test_what_is_no_kind_of_key_or_nobody_is_answered_like_what_is_not_there(city, sign_in, forged):
    head = sign_in(city.ratna)
    token = head.get("/kunci").root.all("input", name="csrf_token")[0].attrs["value"]
    asked = {"csrf_token": token, "to": str(city.keyless.account_id), "kind": "unit", **forged}

    answer = head.post("/kunci", [(name, value) for name, value in asked.items() if value is not None])

    assert answer.status == 404
    city.db.rollback()
    assert not city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == city.keyless.account_id)).all()


def test_who_has_locked_her_keys_hands_none_on(city, sign_in):
    head = sign_in(city.ratna)
    token = head.get("/kunci").root.all("input", name="csrf_token")[0].attrs["value"]
    head.client.delete_cookie("k")

    answer = head.post("/kunci", [("csrf_token", token), ("to", str(city.keyless.account_id)), ("kind", "unit")])

    assert answer.status == 404


@pytest.mark.asvs("V8.4.1")
def test_a_key_is_not_handed_to_another_unit(city):
    with writing(city.db), pytest.raises(NotVisible):
        commands.grant_key(city.db, ring_of(city, city.ratna), kind="unit", to=city.other.account_id,
                           by=viewer_of(city.db, city.ratna))


@pytest.mark.parametrize("who", ["siti", "wati", "rina", "lina", "agus"])
def test_nobody_but_the_head_sees_the_page_of_keys(city, sign_in, who):
    assert sign_in(getattr(city, who)).get("/kunci").status == 404


def test_neither_cookie_nor_database_alone_opens_anything(city):
    private = private_of(city, city.rina)
    token = sealed.new_token()

    half, locked = sealed.split_for_browser(private, token)

    assert private not in half.encode() + locked
    assert sealed.join_from_browser(half, locked, token) == private
    assert sealed.join_from_browser(half, locked, sealed.new_token()) is None
    assert sealed.join_from_browser("AAAA" * 11, locked, token) is None


def test_after_signing_out_the_key_cookie_is_worth_nothing(city, sign_in):
    browser = sign_in(city.rina)
    key = browser.client.get_cookie("k").value

    browser.client.post("/keluar-cepat")
    browser.client.set_cookie("k", key)

    city.db.rollback()
    assert city.db.scalar(select(SignIn)) is None
    assert browser.get("/antrean").path.startswith("/masuk")


def test_the_wrong_passphrase_unlocks_nothing(city):
    own = city.db.get(StaffKey, city.rina.account_id)

    assert sealed.unlock_staff_key(city.keys, own, "sawah hujan lampu kursi") is None


def test_a_grant_moved_to_another_holder_does_not_open(city):
    grant = queries.grants_of(city.db, city.rina.account_id)[0]
    private = private_of(city, city.keyless)
    moved = KeyGrant(key_id=grant.key_id, account_id=city.keyless.account_id,
                     wrapped_private=grant.wrapped_private)

    with pytest.raises(sealed.vault.DoesNotOpen):
        sealed.open_ring(private, [moved])


@pytest.mark.asvs("V8.2.1")
def test_the_administrator_has_accounts_but_no_concern(city, sign_in):
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti)
    browser = sign_in(city.agus)

    assert "Bu Siti" in browser.get("/akun").text
    assert [browser.get(p).status for p in ("/antrean", f"/k/{flag.code}/kerja", f"/k/{flag.code}", "/k/baru")] \
        == [404] * 4
