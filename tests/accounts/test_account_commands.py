"""What the commands of accounts do to one account alone, and what they refuse whoever may have opened the page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import session
from sqlalchemy import func, select, update

from portal.accounts import (
    cards,
    changes,
    commands,
    devices,
    invitations,
    kits,
    own,
    passkeys,
    people,
    policy,
    queries,
    sealed,
    signin,
    unit_keys,
)
from portal.accounts.models import (
    Account,
    Device,
    Invitation,
    KeyDeparture,
    KeyGrant,
    Passkey,
    PendingChange,
    RecoveryKit,
    SealingKey,
    SignIn,
    StaffKey,
    Unit,
)
from portal.accounts.roles import Role
from portal.areas import loading
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from portal.base.vault import DoesNotOpen
from tests.factories import area, invited_to, private_of, ring_of, sealing_key, viewer_of
from tests.support.phone import Phone, phone_of


def account(city, who):
    return city.db.get_one(Account, getattr(city, who).account_id, populate_existing=True)


def by(city, who):
    return viewer_of(city.db, getattr(city, who))


def number_of(city, table, who):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(table).where(
        table.account_id == getattr(city, who).account_id))


# one account alone


def test_her_language_and_look_are_hers_alone(any_city):
    with writing(any_city.db):
        commands.set_language(any_city.db, any_city.siti.account_id, "en")
        own.look(any_city.db, any_city.siti.account_id, text_size=130, shortcuts=False)

    hers, budis = account(any_city, "siti"), account(any_city, "budi")
    assert (hers.language, hers.text_size, hers.shortcuts) == ("en", 130, False)
    assert budis.language != "en"
    assert (budis.text_size, budis.shortcuts) == (100, True)


def test_a_secret_that_was_renewed_is_hers_alone_and_only_while_it_is_the_same(any_city):
    old, budis = account(any_city, "siti").secret_hash, account(any_city, "budi").secret_hash
    with writing(any_city.db):
        any_city.db.execute(update(Account).where(Account.id == any_city.budi.account_id).values(secret_hash=old))
        own.renew_hash(any_city.db, any_city.siti.account_id, old, "newer", server_key=2)
        own.renew_hash(any_city.db, any_city.siti.account_id, old, "newest", server_key=3)

    assert account(any_city, "siti").secret_hash == "newer"
    assert account(any_city, "budi").secret_hash == old != budis


def test_a_new_passphrase_locks_her_own_key_alone(any_city):
    dewis = any_city.db.get_one(StaffKey, any_city.dewi.account_id).twice_locked
    made = own.choose(any_city.db, any_city.settings, account(any_city, "rina"), old=any_city.rina.secret,
                      new="kopi pagi di teras rumah")
    with writing(any_city.db):
        own.change_secret(any_city.db, any_city.rina.account_id, made, but="")

    any_city.db.expire_all()
    assert any_city.db.get_one(StaffKey, any_city.dewi.account_id).twice_locked == dewis


def test_signing_in_and_out_touches_her_own_sign_ins_alone(any_city):
    with writing(any_city.db):
        for who in ("siti", "budi"):
            for _time in range(2):
                commands.open_sign_in(any_city.db, getattr(any_city, who).account_id, hours=1, staff_private=None)
        any_city.db.flush()
        any_city.db.execute(update(SignIn).values(ends_on=(now() - timedelta(days=3)).date()))
        kept, _half = commands.open_sign_in(any_city.db, any_city.siti.account_id, hours=1, staff_private=None)
    assert (number_of(any_city, SignIn, "siti"), number_of(any_city, SignIn, "budi")) == (1, 2)

    with writing(any_city.db):
        commands.open_sign_in(any_city.db, any_city.siti.account_id, hours=1, staff_private=None)
        any_city.db.flush()
        assert number_of_now(any_city, "siti") == 2  # one that has not ended stays
        commands.end_sign_ins(any_city.db, any_city.siti.account_id, but=kept)
    assert (number_of(any_city, SignIn, "siti"), number_of(any_city, SignIn, "budi")) == (1, 2)


def number_of_now(city, who):
    return city.db.scalar(select(func.count()).select_from(SignIn).where(
        SignIn.account_id == getattr(city, who).account_id))


def test_a_sign_in_of_late_in_the_evening_outlives_midnight_when_she_comes_in_elsewhere(any_city):
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    for moment in (midnight - timedelta(hours=1), midnight + timedelta(hours=1)):
        with telling(moment), writing(any_city.db):
            commands.open_sign_in(any_city.db, any_city.rina.account_id, hours=8, staff_private=None)

    assert number_of(any_city, SignIn, "rina") == 2


def test_a_card_is_hers_alone(any_city):
    keys = any_city.keys
    with writing(any_city.db):
        codes = cards.new_card(any_city.db, keys, any_city.siti.account_id, by=None)
        first = cards.tags_of(any_city.db, keys, any_city.siti.account_id, codes[0])
        assert cards.use(any_city.db, first)
        assert not cards.use(any_city.db, first)
        assert not cards.use(any_city.db, cards.tags_of(any_city.db, keys, any_city.budi.account_id, codes[1]))

    assert cards.is_hers(any_city.db, first)
    assert not cards.is_hers(any_city.db, cards.tags_of(any_city.db, keys, any_city.budi.account_id, codes[1]))
    assert cards.left(any_city.db, any_city.siti.account_id) == cards.CODES - 1
    assert cards.left(any_city.db, any_city.budi.account_id) == cards.CODES
    with writing(any_city.db):
        cards.void(any_city.db, any_city.siti.account_id)
    assert cards.left(any_city.db, any_city.siti.account_id) == 0
    assert cards.left(any_city.db, any_city.budi.account_id) == cards.CODES


def test_her_phones_are_hers_alone_and_end_once(any_city):
    hers, older, budis = (phone_of(any_city, person) for person in (any_city.siti, any_city.siti, any_city.budi))
    ended_before = (now() - timedelta(days=9)).date()
    with writing(any_city.db):
        any_city.db.get_one(Device, older.id).ended_on = ended_before
    assert [one.id for one in devices.of_account(any_city.db, any_city.siti.account_id)] == [hers.id]
    for wanted in (budis.id, older.id, "none"):
        with pytest.raises(NotVisible), writing(any_city.db):
            devices.end_one(any_city.db, any_city.siti.account_id, wanted)

    with writing(any_city.db):
        devices.end_all(any_city.db, any_city.siti.account_id)

    any_city.db.expire_all()
    ended = [any_city.db.get_one(Device, one.id).ended_on for one in (hers, older, budis)]
    assert ended[0] is not None
    assert ended[1:] == [ended_before, None]


def test_who_signed_in_with_another_phone_stays_when_one_is_ended(any_city):
    one, other = phone_of(any_city, any_city.siti), phone_of(any_city, any_city.siti)
    with writing(any_city.db):
        any_city.db.query(SignIn).delete()
        for phone in (one, other):
            commands.open_sign_in(any_city.db, any_city.siti.account_id, hours=1, staff_private=None,
                                  device_id=phone.id)
        any_city.db.flush()
        devices.end_one(any_city.db, any_city.siti.account_id, one.id)

    assert [sign_in.device_id for sign_in in any_city.db.scalars(select(SignIn))] == [other.id]


def test_a_passkey_is_its_owners_alone(any_city):
    with writing(any_city.db):
        for who in ("siti", "budi"):
            any_city.db.add(Passkey(account_id=getattr(any_city, who).account_id, credential_id=who.encode(),
                                    public=b"p", sign_count=0, added_on=now().date(), last_on=now().date()))
    hers, = passkeys.of_account(any_city.db, any_city.siti.account_id)
    assert hers.credential_id == b"siti"

    with pytest.raises(NotVisible), writing(any_city.db):
        passkeys.remove(any_city.db, any_city.budi.account_id, hers.id)
    with writing(any_city.db):
        passkeys.remove(any_city.db, any_city.siti.account_id, hers.id)

    assert [one.credential_id for one in any_city.db.scalars(select(Passkey))] == [b"budi"]


def test_a_new_beginning_takes_what_opened_that_account_and_no_other(any_city):
    with writing(any_city.db):
        for who in ("rina", "dewi"):
            any_city.db.add(Passkey(account_id=getattr(any_city, who).account_id, credential_id=who.encode(),
                                    public=b"p", sign_count=0, added_on=now().date(), last_on=now().date()))
        any_city.db.flush()
        changes.begin_anew(any_city.db, account(any_city, "rina"))

    assert (number_of(any_city, Passkey, "rina"), number_of(any_city, Passkey, "dewi")) == (0, 1)
    assert (number_of(any_city, StaffKey, "rina"), number_of(any_city, StaffKey, "dewi")) == (0, 1)


def test_an_invitation_is_for_one_account_and_ends_with_it(any_city):
    ani, eni = invited_to(any_city, "Bu Ani"), invited_to(any_city, "Bu Eni")
    found = invitations.invited(any_city.db, any_city.keys, ani)
    assert found is not None
    with writing(any_city.db):
        invitations.invite(any_city.db, any_city.keys, found, by=any_city.wati.account_id)
    assert invitations.invited(any_city.db, any_city.keys, ani) is None
    assert invitations.invited(any_city.db, any_city.keys, eni) is not None

    with writing(any_city.db):
        changes.switch(any_city.db, any_city.db.get_one(Account, found.id), on=False, by=by(any_city, "wati"))
    assert invitations.invited(any_city.db, any_city.keys, eni) is not None
    any_city.db.rollback()
    assert any_city.db.scalar(select(func.count()).select_from(Invitation)) == 1


# refused


@pytest.mark.parametrize("state", ["in use", "switched off", "waits for a second person"])
def test_nobody_is_invited_to_an_account_that_is(any_city, state):
    invited_to(any_city, "Bu Ani")
    ani = any_city.db.scalars(select(Account).where(Account.name == "Bu Ani")).one()
    with writing(any_city.db):
        ani.active = state != "switched off"
        ani.secret_hash = "x" if state == "in use" else ""
        if state == "waits for a second person":
            changes.ask_to_join(any_city.db, ani, by=by(any_city, "agus"))

    with pytest.raises(Refused), writing(any_city.db):
        invitations.invite(any_city.db, any_city.keys, ani, by=any_city.wati.account_id)


@pytest.mark.parametrize("who", ["herself", "not come yet"])
def test_there_is_nothing_to_recover_of_somebody_who_is(any_city, who):
    target = account(any_city, "wati" if who == "herself" else "siti")
    with writing(any_city.db):
        if who == "not come yet":
            target.secret_hash = ""

    with pytest.raises(Refused), writing(any_city.db):
        changes.ask_recovery(any_city.db, target, by=by(any_city, "wati"))


def test_nobody_switches_herself_or_changes_her_own_role(any_city):
    agus = account(any_city, "agus")
    with pytest.raises(Refused, match="herself"), writing(any_city.db):
        changes.switch(any_city.db, agus, on=True, by=by(any_city, "agus"))
    with pytest.raises(Refused, match="her own role"), writing(any_city.db):
        changes.ask_role(any_city.db, agus, Role.ADMIN, area(any_city.db, "98.01"), by=by(any_city, "agus"))


@pytest.mark.parametrize("why", ["no place of the field", "another place", "switched off"])
def test_a_place_is_not_handed_over_that_is(any_city, why):
    old = account(any_city, "wati" if why == "no place of the field" else "siti")
    invited_to(any_city, "Bu Ani", area_id=area(any_city.db, "98.01.01.1001.08").id if why == "another place"
               else old.area_id)
    new = any_city.db.scalars(select(Account).where(Account.name == "Bu Ani")).one()
    with writing(any_city.db):
        old.active = why != "switched off"

    with pytest.raises(Refused, match="handed over"), writing(any_city.db):
        changes.hand_over(any_city.db, old, new, by=by(any_city, "agus"))


def test_a_second_person_is_neither_who_asked_nor_whom_it_is_about():
    one, other, third = uuid4(), uuid4(), uuid4()
    viewer = type("Viewer", (), {"account_id": one})()

    assert policy.may_agree(viewer, asked_by=other, about=third)
    assert not policy.may_agree(viewer, asked_by=one, about=third)
    assert not policy.may_agree(viewer, asked_by=other, about=one)


def test_what_waits_is_found_by_its_account_and_kind_alone(any_city):
    with writing(any_city.db):
        for who in ("siti", "budi"):
            changes.ask_recovery(any_city.db, account(any_city, who), by=by(any_city, "wati"))
    agus = by(any_city, "agus")
    assert changes.pending(any_city.db, any_city.siti.account_id, "recovery", viewer=agus)[1].name == "Bu Siti"
    for who, kind in (("siti", "role"), ("guru", "recovery")):
        with pytest.raises(NotVisible):
            changes.pending(any_city.db, getattr(any_city, who).account_id, kind, viewer=agus)

    with writing(any_city.db):
        change, siti = changes.pending(any_city.db, any_city.siti.account_id, "recovery", viewer=agus)
        changes.refuse(any_city.db, change, siti, by=agus)

    assert [row.account_id for row in any_city.db.scalars(select(PendingChange))] == [any_city.budi.account_id]
    assert queries.changes_of(any_city.db, any_city.siti.account_id) == []


def test_asking_again_replaces_her_own_asking_of_that_kind_alone(any_city):
    with writing(any_city.db):
        for who in ("siti", "budi", "siti"):
            changes.ask_recovery(any_city.db, account(any_city, who), by=by(any_city, "wati"))
            any_city.db.flush()
        changes._ask(any_city.db, account(any_city, "siti"), "role", by=by(any_city, "agus"), role="school")
        any_city.db.flush()
        changes.ask_recovery(any_city.db, account(any_city, "siti"), by=by(any_city, "wati"))

    rows = {(row.account_id, row.kind) for row in any_city.db.scalars(select(PendingChange))}
    assert rows == {(any_city.siti.account_id, "recovery"), (any_city.siti.account_id, "role"),
                    (any_city.budi.account_id, "recovery")}


@pytest.mark.parametrize("other", ["none", "switched off", "not come yet", "of another unit", "an officer"])
def test_the_only_head_cannot_go_whoever_else_there_is(any_city, other):
    with writing(any_city.db):
        dewi = account(any_city, "dewi")
        if other not in {"none", "an officer", "of another unit"}:
            dewi.role = Role.HEAD
        dewi.active = other != "switched off"
        dewi.secret_hash = "" if other == "not come yet" else dewi.secret_hash
    with pytest.raises(changes.StillNeeded) as needed:
        changes.check_can_go(any_city.db, account(any_city, "ratna"))

    assert needed.value.code == "head"


@pytest.mark.parametrize("other", ["switched off", "of another unit"])
def test_a_key_is_not_lost_because_somebody_holds_it_who_cannot_use_it(any_city, other):
    with writing(any_city.db):
        dewi = account(any_city, "dewi")
        dewi.role = Role.HEAD  # so that a head is left
        if other == "switched off":
            commands.grant_key(any_city.db, ring_of(any_city, any_city.ratna), kind="conflict",
                               to=any_city.rina.account_id, by=by(any_city, "ratna"))
            account(any_city, "rina").active = False
    with pytest.raises(changes.StillNeeded) as needed:
        changes.check_can_go(any_city.db, account(any_city, "ratna"))

    assert needed.value.code == "key"


@pytest.mark.parametrize("why", ["switched off", "of another unit", "no officer any more"])
def test_keys_are_not_granted_to_somebody_who_is(any_city, why):
    to = account(any_city, "other" if why == "of another unit" else "keyless")
    with writing(any_city.db):
        to.active = why != "switched off"
        if why == "no officer any more":
            to.role = Role.LEADERSHIP  # whatever unit her row may still name

    with pytest.raises(NotVisible), writing(any_city.db):
        commands.grant_key(any_city.db, ring_of(any_city, any_city.ratna), kind="unit", to=to.id,
                           by=by(any_city, "ratna"))


@pytest.mark.parametrize(("kind", "holds"), [("unit", {"unit"}), ("conflict", {"conflict"})])
def test_only_keys_of_the_kind_that_was_named_are_granted(any_city, kind, holds):
    with writing(any_city.db):
        commands.grant_key(any_city.db, ring_of(any_city, any_city.ratna), kind=kind,
                           to=any_city.keyless.account_id, by=by(any_city, "ratna"))

    colleague = next(one for one in queries.colleagues(any_city.db, by(any_city, "ratna"))
                     if one.id == any_city.keyless.account_id)
    assert colleague.holds == holds


def test_who_has_no_key_of_her_own_is_granted_none(any_city):
    with writing(any_city.db):
        any_city.db.delete(any_city.db.get_one(StaffKey, any_city.keyless.account_id))

    with pytest.raises(Refused), writing(any_city.db):
        commands.grant_key(any_city.db, ring_of(any_city, any_city.ratna), kind="unit",
                           to=any_city.keyless.account_id, by=by(any_city, "ratna"))


@pytest.mark.parametrize(("who", "role", "place", "error"), [
    ("wati", Role.COORDINATOR, "98.01.01.1001", Refused),
    ("ratna", Role.CADRE, "98.01.01.1001.07", Refused),
    ("wati", Role.SCHOOL, "98.01.01.1001.07", people.BadPlace),
    ("wati", Role.CADRE, "98.01.01.1002.01", people.BadPlace),
    ("agus", Role.OFFICER, "98.01.01", people.BadPlace)])
def test_accounts_are_made_in_roles_and_places_that_are_hers_to_give(any_city, who, role, place, error):
    with pytest.raises(error), writing(any_city.db):
        people.make_person(any_city.db, any_city.settings,
                           commands.NewAccount(role, "Bu Ani", sign_in_name="ani" if role != Role.CADRE else ""),
                           area(any_city.db, place), by=by(any_city, who))


def test_a_coordinator_is_shown_no_place_but_hers(any_city):
    wati = by(any_city, "wati")

    assert people.area_below(any_city.db, "98.01.01.1001.07", wati).name == "RW 07"
    with pytest.raises(NotVisible):
        people.area_below(any_city.db, "98.01.01.1002.01", wati)
    assert {row.code for row in people.starting_places(any_city.db, wati)} == {"98.01.01.1001"}
    named = {row.code for rows in people.rw_and_schools(any_city.db, wati).values() for row in rows}
    assert {code.rsplit(".", 1)[0] for code in named if code.startswith("98")} <= {"98.01.01", "98.01.01.1001"}


def test_the_kit_of_another_unit_is_none_of_ours(any_city):
    with writing(any_city.db):
        unit = account(any_city, "other").unit_id
        any_city.db.add(RecoveryKit(unit_id=unit, made_on=now().date(), fingerprint=kits.fingerprint(
            any_city.db, account(any_city, "ratna").unit_id)))

    ours = account(any_city, "ratna").unit_id
    assert kits.latest(any_city.db, ours) is None
    assert not kits.is_of_present_keys(any_city.db, ours)


def test_a_sign_in_of_somebody_switched_off_is_nobodys(any_city):
    with writing(any_city.db):
        token, _half = commands.open_sign_in(any_city.db, any_city.siti.account_id, hours=1, staff_private=None)
    assert queries.viewer_of(any_city.db, token, sealed.token_hash(token)) is not None

    with writing(any_city.db):
        account(any_city, "siti").active = False

    assert queries.viewer_of(any_city.db, token, sealed.token_hash(token)) is None


def test_another_place_in_the_same_role_of_power_takes_no_second_person(any_city):
    with writing(any_city.db):
        done = changes.ask_role(any_city.db, account(any_city, "ratna"), Role.HEAD, area(any_city.db, "98.01"),
                                by=by(any_city, "agus"))

    assert done
    assert any_city.db.scalars(select(PendingChange)).all() == []


def test_deciding_on_one_kind_leaves_what_else_waits_for_the_account(any_city):
    agus, ratna = by(any_city, "agus"), by(any_city, "ratna")
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, account(any_city, "rina"), by=agus)
        changes._ask(any_city.db, account(any_city, "rina"), "role", by=agus, role="head",
                     area_id=area(any_city.db, "98.01").id)
    with writing(any_city.db):
        change, rina = changes.pending(any_city.db, any_city.rina.account_id, "recovery", viewer=ratna)
        changes.refuse(any_city.db, change, rina, by=ratna)

    assert [row.kind for row in any_city.db.scalars(select(PendingChange))] == ["role"]


def test_what_somebody_else_decided_a_moment_ago_is_not_there_any_more(any_city):
    agus = by(any_city, "agus")
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, account(any_city, "siti"), by=by(any_city, "wati"))
    with writing(any_city.db):
        change, siti = changes.pending(any_city.db, any_city.siti.account_id, "recovery", viewer=agus)
        any_city.db.execute(PendingChange.__table__.delete())
        with pytest.raises(NotVisible):
            changes.agree(any_city.db, change, siti, by=agus)

    any_city.db.rollback()
    assert account(any_city, "siti").secret_hash


def test_there_is_no_officer_where_there_is_no_unit(any_city):
    with writing(any_city.db):
        loading.load(any_city.db, ["code,level,name,parent", "98.03,city,Kota Baru,98"])

    with pytest.raises(Refused), writing(any_city.db):
        changes.ask_role(any_city.db, account(any_city, "lina"), Role.OFFICER, area(any_city.db, "98.03"),
                         by=by(any_city, "agus"))


def added(city, who, point, proof):
    with writing(city.db):
        return devices.add(city.db, city.keys, getattr(city, who).account_id, public=devices.to_text(point),
                           proof=proof, challenge="c", browser="Android")


def test_a_key_is_enrolled_once_and_written_whole(any_city):
    phone = Phone()
    short = phone.public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    proof = phone.sign("enrol", "c")
    for point, signed in ((short, proof), (phone.point, phone.sign("sign-in", "c"))):
        with pytest.raises(devices.BadKey):
            added(any_city, "siti", point, signed)
    assert added(any_city, "siti", phone.point, proof).account_id == any_city.siti.account_id

    for who in ("siti", "budi"):
        with pytest.raises(devices.BadKey):
            added(any_city, who, phone.point, proof)


def test_a_code_for_somebody_switched_off_opens_nothing_and_a_used_one_leaves_the_others(any_city):
    ani, eni = invited_to(any_city, "Bu Ani"), invited_to(any_city, "Bu Eni")
    chosen = invitations.Chosen("hash", 1, None, 0, None)
    with writing(any_city.db):
        assert invitations.accept(any_city.db, any_city.keys, ani, chosen).name == "Bu Ani"
    assert invitations.invited(any_city.db, any_city.keys, ani) is None
    assert invitations.invited(any_city.db, any_city.keys, eni).name == "Bu Eni"

    with writing(any_city.db):
        any_city.db.execute(update(Account).where(Account.name == "Bu Eni").values(active=False))
    assert invitations.invited(any_city.db, any_city.keys, eni) is None


def test_a_new_passphrase_is_not_made_with_a_wrong_old_one(any_city):
    with pytest.raises(Refused):
        own.choose(any_city.db, any_city.settings, account(any_city, "rina"), old="bukan yang ini ya",
                   new="kopi pagi di teras rumah")


def test_a_key_of_another_unit_is_not_handed_on_though_somebody_should_hold_it(any_city):
    with writing(any_city.db):
        theirs = any_city.db.scalars(select(SealingKey).where(
            SealingKey.unit_id == account(any_city, "other").unit_id, SealingKey.kind == "unit")).one()
        others = ring_of(any_city, any_city.other)
        any_city.db.add(sealed.grant(others.privates[theirs.id], theirs.id, to=any_city.db.get_one(
            StaffKey, any_city.ratna.account_id), by=None))
        any_city.db.flush()
        commands.grant_key(any_city.db, ring_of(any_city, any_city.ratna), kind="unit",
                           to=any_city.keyless.account_id, by=by(any_city, "ratna"))

    assert theirs.id not in {grant.key_id for grant in queries.grants_of(any_city.db, any_city.keyless.account_id)}


def test_the_second_person_for_an_officer_is_her_own_units_head(any_city):
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, account(any_city, "rina"), by=by(any_city, "agus"))

    for who, sees in (("ratna", True), ("other", False), ("wati", False), ("dewi", False)):
        waits = queries.waiting_changes(any_city.db, by(any_city, who))
        assert bool(waits) is sees
        if not sees:
            with pytest.raises(NotVisible):
                changes.pending(any_city.db, any_city.rina.account_id, "recovery", viewer=by(any_city, who))


def test_a_coordinator_without_a_place_makes_nobody_anywhere(any_city):
    nowhere = replace(by(any_city, "wati"), area_path="")

    with pytest.raises(people.BadPlace), writing(any_city.db):
        people.make_person(any_city.db, any_city.settings, commands.NewAccount(Role.CADRE, "Bu Ani"),
                           area(any_city.db, "98.01.01.1001.07"), by=nowhere)


def test_there_is_no_new_officer_where_there_is_no_unit(any_city):
    with writing(any_city.db):
        loading.load(any_city.db, ["code,level,name,parent", "98.03,city,Kota Baru,98"])

    with pytest.raises(people.BadPlace), writing(any_city.db):
        people.make_person(any_city.db, any_city.settings,
                           commands.NewAccount(Role.OFFICER, "Bu Ani", sign_in_name="ani"),
                           area(any_city.db, "98.03"), by=by(any_city, "agus"))


def test_looking_after_is_for_the_field_below_and_agreeing_for_the_office(any_city):
    for who in ("wati", "rina", "lina"):
        with pytest.raises(NotVisible):
            queries.person(any_city.db, getattr(any_city, who).account_id, by(any_city, "wati"))
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, account(any_city, "siti"), by=by(any_city, "wati"))

    with pytest.raises(NotVisible):
        changes.pending(any_city.db, any_city.siti.account_id, "recovery", viewer=by(any_city, "ratna"))
    assert queries.waiting_changes(any_city.db, by(any_city, "ratna")) == []


def test_somebody_switched_off_is_not_found_by_name_or_number(any_city):
    tags = sealed.phone_tags(any_city.keys, "+6281200000001")
    found = [queries.by_phone_tags(any_city.db, tags), queries.by_sign_in_name(any_city.db, " RINA "),
             queries.entrant_by_phone_tags(any_city.db, tags), queries.entrant_by_sign_in_name(any_city.db, "rina")]
    assert None not in found

    with writing(any_city.db):
        for who in ("siti", "rina"):
            account(any_city, who).active = False

    assert queries.by_phone_tags(any_city.db, tags) is None
    assert queries.by_sign_in_name(any_city.db, "rina") is None
    assert queries.entrant_by_phone_tags(any_city.db, tags) is None
    assert queries.entrant_by_sign_in_name(any_city.db, "rina") is None


def test_a_number_in_the_place_of_a_second_factor_does_not_open_nor_the_other_way_round(city):
    rina = account(city, "rina")
    rina.sealed_totp, rina.sealed_phone = sealed.seal_phone(city.keys, rina.id, "+6281200000009"), rina.sealed_totp

    for opens in (sealed.open_totp, sealed.open_phone):
        with pytest.raises(DoesNotOpen):
            opens(city.keys, rina)


def test_a_card_lets_nobody_of_the_office_in(city, guest):
    with writing(city.db):
        codes = cards.new_card(city.db, city.keys, city.rina.account_id, by=None)

    page = guest.get("/masuk").form("/masuk/kartu").fill(who="rina", pin=city.rina.secret, code=codes[0]).submit()

    assert page.status == 422


def test_half_a_key_opens_nothing(any_city):
    private = private_of(any_city, any_city.rina)
    with writing(any_city.db):
        token, half = commands.open_sign_in(any_city.db, any_city.rina.account_id, hours=1, staff_private=private)
    viewer = queries.viewer_of(any_city.db, token, sealed.token_hash(token))

    assert commands.key_ring_of(any_city.db, viewer, half) is not None
    assert commands.key_ring_of(any_city.db, viewer, "") is None
    assert commands.key_ring_of(any_city.db, replace(viewer, locked_private=None), half) is None


def test_which_keys_a_colleague_holds_is_said_of_her_own_units_keys(any_city):
    with writing(any_city.db):
        theirs = any_city.db.scalars(select(SealingKey).where(
            SealingKey.unit_id == account(any_city, "other").unit_id, SealingKey.kind == "unit")).one()
        any_city.db.add(sealed.grant(ring_of(any_city, any_city.other).privates[theirs.id], theirs.id,
                                     to=any_city.db.get_one(StaffKey, any_city.keyless.account_id), by=None))

    holds = {one.name: one.holds for one in queries.colleagues(any_city.db, by(any_city, "ratna"))}
    assert holds == {"Rina A.": {"unit"}, "Dewi K.": {"unit"}, "Bu Ratna": {"unit", "conflict"}, "Nona Baru": set()}


def test_colleagues_are_those_who_work_there_now(any_city):
    names = lambda: {one.name for one in queries.colleagues(any_city.db, by(any_city, "ratna"))}  # noqa: E731
    assert names() == {"Rina A.", "Dewi K.", "Bu Ratna", "Nona Baru"}

    with writing(any_city.db):
        account(any_city, "dewi").active = False
        account(any_city, "rina").role = Role.LEADERSHIP  # whatever unit her row may still name

    assert names() == {"Bu Ratna", "Nona Baru"}


def test_an_invitation_that_can_still_be_used_is_said_of_its_account_alone(any_city):
    for name in ("Bu Ani", "Bu Eni"):
        invited_to(any_city, name)
    ani, eni = any_city.db.scalars(select(Account).where(Account.name.like("Bu _ni")).order_by(Account.name))

    def states():
        rows = queries.people_page(any_city.db, by(any_city, "wati"), named="ni")
        return {row.name: row.state for row in rows}

    assert queries.invitation_of(any_city.db, ani.id).account_id == ani.id
    assert queries.invitation_of(any_city.db, any_city.siti.account_id) is None
    assert states() == {"Bu Ani": "invited", "Bu Eni": "invited"}
    with writing(any_city.db):
        any_city.db.execute(update(Invitation).where(Invitation.account_id == eni.id).values(
            ends_at=now() - timedelta(minutes=1)))
    assert queries.invitation_of(any_city.db, eni.id) is None
    assert states() == {"Bu Ani": "invited", "Bu Eni": "lapsed"}


def test_what_is_about_herself_does_not_wait_for_her(any_city):
    with writing(any_city.db):
        account(any_city, "dewi").role = Role.HEAD
        any_city.db.flush()
        changes._ask(any_city.db, account(any_city, "ratna"), "recovery", by=by(any_city, "agus"))

    assert queries.waiting_changes(any_city.db, by(any_city, "ratna")) == []
    assert len(queries.waiting_changes(any_city.db, by(any_city, "dewi"))) == 1


def test_how_long_a_sign_in_stays_awake_follows_from_whose_and_where_it_is(city):
    settings = replace(city.settings, staff_idle_minutes=20)
    siti, rina = by(city, "siti"), by(city, "rina")
    minutes = [signin.idle_minutes(viewer, settings) for viewer in (siti, replace(siti, mine=True), rina)]

    assert minutes == [settings.cadre_idle_minutes, settings.own_phone_idle_minutes, settings.staff_idle_minutes]
    assert len(set(minutes)) == 3


def test_a_sign_in_ends_after_a_days_work_at_the_office_and_half_a_day_in_the_field(city):
    ended = {}
    for who in ("siti", "rina"):
        for hours in (7, 9, 13):
            with city.app.test_request_context("/"):
                session["began"] = int((now() - timedelta(hours=hours)).timestamp())
                ended[who, hours] = signin._too_old(by(city, who), city.settings)

    assert [which for which, over in ended.items() if over] == [("siti", 13), ("rina", 9), ("rina", 13)]


@pytest.mark.parametrize("path", ["/kunci/lembar", "/kunci/ganti/unit", "/kunci/ganti/unit/lanjut"])
def test_keys_are_not_made_or_moved_while_hers_are_locked(city, sign_in, path):
    browser = sign_in(city.ratna)
    token = browser.get("/kunci").root.all("input", name="csrf_token")[0].attrs["value"]
    browser.client.delete_cookie("k")

    key = sealing_key(city.db, city.db.get_one(Unit, account(city, "ratna").unit_id), "unit")

    assert browser.post(path, [("csrf_token", token), ("old", str(key.id))]).status == 409


@pytest.mark.parametrize("path", ["/kunci/lembar", "/kunci/ganti/unit", "/kunci/ganti/unit/lanjut"])
def test_keys_are_made_and_moved_only_with_a_fresh_passphrase(city, sign_in, path):
    key = sealing_key(city.db, city.db.get_one(Unit, account(city, "ratna").unit_id), "unit")
    with time_machine.travel(now(), tick=False) as clock:
        browser = sign_in(city.ratna)
        token = browser.get("/kunci").root.all("input", name="csrf_token")[0].attrs["value"]
        clock.shift(timedelta(minutes=6))
        page = browser.post(path, [("csrf_token", token), ("old", str(key.id))])

    assert page.path.startswith("/masuk")
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(SealingKey)) == 4  # two a unit, as before


def test_who_held_another_key_is_still_known_when_one_is_retired(any_city):
    with writing(any_city.db):
        for who in ("rina", "ratna"):
            unit_keys.give_up(any_city.db, getattr(any_city, who).account_id)
        any_city.db.flush()
        unit = any_city.db.get_one(Unit, account(any_city, "ratna").unit_id)
        kinds = {kind: sealing_key(any_city.db, unit, kind) for kind in ("unit", "conflict")}
        unit_keys.retire(any_city.db, kinds["unit"], by=by(any_city, "ratna"))

    left = {row.key_id for row in any_city.db.scalars(select(KeyDeparture))}
    held = {row.key_id for row in any_city.db.scalars(select(KeyGrant))}
    assert left == {kinds["conflict"].id}
    assert kinds["unit"].id not in held
    assert len(held) == 2  # the other unit's


def test_a_new_key_goes_to_those_who_hold_the_old_one_and_work_there(any_city):
    with writing(any_city.db):
        account(any_city, "dewi").active = False
        any_city.db.flush()
        new = unit_keys.begin(any_city.db, ring_of(any_city, any_city.ratna), "unit", by=by(any_city, "ratna"))

    assert queries.holders_of(any_city.db, new.id) == {any_city.rina.account_id, any_city.ratna.account_id}


def test_who_goes_is_held_back_by_no_key_that_she_does_not_hold(any_city):
    db = any_city.db
    with writing(db):  # the other unit's keys have nobody left who can use them
        db.get_one(Account, any_city.other.account_id).active = False

    changes.check_can_go(db, db.get_one(Account, any_city.dewi.account_id))
    with pytest.raises(changes.StillNeeded):
        changes.check_can_go(db, db.get_one(Account, any_city.other.account_id))
