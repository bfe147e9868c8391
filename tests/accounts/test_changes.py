"""Recovery and roles: one asks, a second agrees; and what must never be lost stays."""

import re
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError, Thread

import pytest
import time_machine
from sqlalchemy import delete, select, text

from portal.accounts import changes, commands, signin
from portal.accounts.models import (
    Account,
    CardCode,
    Device,
    KeyDeparture,
    KeyGrant,
    PendingChange,
    SealingKey,
    SignIn,
    StaffKey,
)
from portal.accounts.roles import Role
from portal.areas.models import Area
from portal.audit.models import AuditEntry
from portal.base.clock import now
from portal.base.db import engine_for, session_for, writing
from portal.base.errors import Refused
from tests import factories
from tests.support.phone import Phone, phone_of

CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}")


@pytest.mark.asvs("V2.3.5", "V6.4.3", "V6.4.4")
def test_a_lost_phone_is_replaced_by_two_people_and_the_old_key_dies(city, sign_in, guest):
    old = phone_of(city, city.siti)
    cadre = sign_in(city.siti)
    coordinator, admin = sign_in(city.wati), sign_in(city.agus)

    coordinator.get(f"/akun/{city.siti.account_id}/pulihkan").form().submit()
    assert cadre.get("/").status == 203  # one person alone changes nothing
    admin.get("/persetujuan").form("/recovery").submit("1")

    assert cadre.get("/").path.startswith("/masuk")
    assert "taken off" in old.sign_in(guest, city.siti.secret).errors[0]
    card = guest.get("/masuk").form("/masuk/kartu").fill(who=city.siti.phone, pin=city.siti.secret,
                                                         code=city.siti.card[0]).submit()
    assert card.status == 422
    code = CODE.search(coordinator.get(f"/akun/{city.siti.account_id}").form("/kode").submit().text)[0]
    assert Phone().enrol(guest, code, "77203914").path == "/mulai/siap"


def test_a_stolen_phone_is_dead_before_its_owner_is_switched_on_again(city, sign_in, guest):
    old, page = phone_of(city, city.siti), f"/akun/{city.siti.account_id}"
    coordinator, admin = sign_in(city.wati), sign_in(city.agus)
    assert "switch the account off first" in coordinator.get(f"{page}/pulihkan").text
    coordinator.get(page).form("/saklar").submit()

    coordinator.get(page).link("New phone or forgotten PIN").form().submit()
    admin.get("/persetujuan").form("/recovery").submit("1")
    assert "Switched off" in coordinator.get(page).text
    coordinator.get(page).form("/saklar").submit()

    assert "taken off" in old.sign_in(guest, city.siti.secret).errors[0]
    code = CODE.search(coordinator.get(page).form("/kode").submit().text)[0]
    assert Phone().enrol(guest, code, "77203914").path == "/mulai/siap"


@pytest.mark.parametrize(("who", "role"), [
    ("dewi", Role.HEAD), ("dewi", Role.LEADERSHIP), ("siti", Role.SCHOOL), ("wati", Role.LEADERSHIP),
    ("lina", Role.COORDINATOR)])
def test_whoever_gets_another_role_signs_in_anew(city, sign_in, who, role):
    browser, key = sign_in(getattr(city, who)), getattr(city, who).account_id
    assert browser.get("/setelan").path == "/setelan"
    with writing(city.db):
        account = city.db.get_one(Account, key)
        changes._change_role(city.db, account, role, city.db.get_one(Area, account.area_id), by=city.agus.account_id)

    assert browser.get("/setelan").path.startswith("/masuk")
    city.db.rollback()
    assert city.db.scalars(select(SignIn).where(SignIn.account_id == key)).all() == []


@pytest.mark.asvs("V6.4.4")
def test_whom_it_is_about_neither_learns_of_it_nor_undoes_it(city, sign_in):
    _two_of_power(city, Role.HEAD)
    head = sign_in(city.ratna)
    page = head.get("/persetujuan")

    def refuses():
        return head.post(f"/persetujuan/{city.ratna.account_id}/role", [("csrf_token", token(page)), ("agree", "0")])
    nothing_waits = refuses()
    with writing(city.db):
        ratna = city.db.get_one(Account, city.ratna.account_id)
        changes.ask_role(city.db, ratna, Role.OFFICER, city.db.get_one(Area, ratna.area_id),
                         by=factories.viewer_of(city.db, city.agus))

    it_waits = refuses()

    assert (nothing_waits.status, it_waits.status) == (404, 404)
    assert city.ratna.name not in head.get("/persetujuan").root.all("main")[0].text
    city.db.rollback()
    assert city.db.get(PendingChange, (city.ratna.account_id, "role")) is not None


@pytest.mark.asvs("V6.4.4")
def test_who_asked_cannot_agree_and_can_take_it_back(city, sign_in):
    coordinator = sign_in(city.wati)
    coordinator.get(f"/akun/{city.siti.account_id}/pulihkan").form().submit()
    page = coordinator.get("/persetujuan")
    assert "Take back" in page.text
    assert "Agree" not in [b.text for b in page.root.all("button")]

    forged = coordinator.post(f"/persetujuan/{city.siti.account_id}/recovery",
                              [("csrf_token", token(page)), ("agree", "1")])
    page.form("/recovery").submit("0")

    assert forged.status == 409
    city.db.rollback()
    assert city.db.scalars(select(PendingChange)).all() == []
    assert city.db.get_one(Account, city.siti.account_id).secret_hash


@pytest.mark.asvs("V6.4.3")
def test_what_was_sent_before_is_hidden_for_a_day_while_sending_works_at_once(city, sign_in, guest):
    with time_machine.travel(now(), tick=False) as clock:
        with writing(city.db):
            old = factories.a_flag(city.db, city.settings, city.siti)
        clock.shift(timedelta(minutes=1))
        recover(city)
        cadre = sign_in(city.siti)

        home = cadre.get("/")
        hidden = cadre.get(f"/k/{old.code[:3]}-{old.code[3:]}")
        form = cadre.get("/k/baru").form("/k/baru")
        sent = form.fill(danger="again", who="girl", signs=["afraid"], known="told", child_aware="no").submit("send")
        own = cadre.get(sent.path)
        clock.shift(timedelta(hours=24))
        later = sign_in(city.siti).get(f"/k/{old.code[:3]}-{old.code[3:]}")

    assert "set up anew" in home.text
    assert old.code[:3] not in home.text
    assert hidden.status == 404
    assert sent.path.startswith("/k/")
    assert own.status == 203
    assert later.status == 203


@pytest.mark.asvs("V6.4.3")
def test_the_day_begins_when_somebody_comes_in_however_late(city, sign_in, guest):
    with time_machine.travel(now(), tick=False) as clock:
        with writing(city.db):
            old = factories.a_flag(city.db, city.settings, city.siti)
        path = f"/k/{old.code[:3]}-{old.code[3:]}"
        recover(city)
        clock.shift(timedelta(hours=25))
        code = CODE.search(sign_in(city.wati).get(f"/akun/{city.siti.account_id}").form("/kode").submit().text)[0]
        Phone().enrol(guest, code, "77203914")

        hidden = guest.get(path)
        home = guest.get("/")
        clock.shift(timedelta(hours=24))
        later = sign_in(city.siti).get(path)

    assert hidden.status == 404
    assert "set up anew" in home.text
    assert old.code[:3] not in home.text
    assert later.status == 203


def test_who_comes_in_for_the_first_time_has_nothing_hidden(city, guest):
    Phone().enrol(guest, factories.invited_to(city, "Bu Ani"), "77203914")

    assert "set up anew" not in guest.get("/").text
    city.db.rollback()
    assert city.db.scalars(select(Account.quiet_until).where(Account.name == "Bu Ani")).one() is None


@pytest.mark.parametrize("who", ["far", "wati", "rina"])
def test_a_coordinator_asks_recovery_for_nobody_beside_or_above_her(city, sign_in, who):
    page = sign_in(city.wati).get(f"/akun/{getattr(city, who).account_id}/pulihkan")

    assert page.status == 404


@pytest.mark.asvs("V6.4.4")
def test_a_coordinator_elsewhere_cannot_be_the_second_person(city, sign_in):
    with writing(city.db):
        changes.ask_recovery(city.db, city.db.get_one(Account, city.far.account_id),
                             by=factories.viewer_of(city.db, city.agus))
    browser = sign_in(city.wati)

    page = browser.get("/persetujuan")
    forged = browser.post(f"/persetujuan/{city.far.account_id}/recovery",
                          [("csrf_token", token(page)), ("agree", "1")])

    assert "Bu Jauh" not in page.text
    assert forged.status == 404


@pytest.mark.parametrize("who", ["siti", "rina", "lina"])
def test_nobody_else_agrees_to_anything(city, sign_in, who):
    assert sign_in(getattr(city, who)).get("/persetujuan").status == 404


def test_an_asking_lapses_after_a_week(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        with writing(city.db):
            changes.ask_recovery(city.db, city.db.get_one(Account, city.siti.account_id),
                                 by=factories.viewer_of(city.db, city.wati))
        clock.shift(timedelta(days=7, seconds=1))
        admin = sign_in(city.agus)

        page = admin.get("/persetujuan")
        forged = admin.post(f"/persetujuan/{city.siti.account_id}/recovery",
                            [("csrf_token", token(page)), ("agree", "1")])

    assert "Nothing waits for you." in page.text
    assert forged.status == 404


def test_an_officers_recovery_takes_her_keys_and_the_heads_grant_gives_them_again(city, sign_in):
    admin, head = sign_in(city.agus), sign_in(city.ratna)

    admin.get(f"/akun/{city.rina.account_id}/pulihkan").form().submit()
    head.get("/persetujuan").form("/recovery").submit("1")

    city.db.rollback()
    assert city.db.get(StaffKey, city.rina.account_id) is None
    assert city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == city.rina.account_id)).all() == []
    assert city.db.get_one(Account, city.rina.account_id).sealed_totp is None


def test_a_head_who_alone_holds_a_key_is_not_reset(city, sign_in):
    page = sign_in(city.agus).get(f"/akun/{city.ratna.account_id}/pulihkan").form().submit()

    assert page.status == 409
    assert "head" in page.text or "Hand the key on" in page.text


@pytest.mark.asvs("V8.3.2")
def test_a_cadre_becomes_coordinator_by_two_and_begins_anew(city, sign_in):
    cadre = sign_in(city.siti)
    page = sign_in(city.agus).get(f"/akun/{city.siti.account_id}/peran")

    page.form().fill(role="coordinator", place="98.01.01.1001").submit()
    assert cadre.get("/").status == 203  # one person alone changes nothing
    sign_in(city.wati).get("/persetujuan").form("/role").submit("1")

    assert cadre.get("/").path.startswith("/masuk")
    city.db.rollback()
    account = city.db.get_one(Account, city.siti.account_id)
    assert (account.role, account.secret_hash) == ("coordinator", "")
    assert city.db.scalars(select(CardCode).where(CardCode.account_id == account.id)).all() == []


def test_a_cadre_moves_to_another_place_and_keeps_her_pin(city, sign_in):
    page = sign_in(city.agus).get(f"/akun/{city.siti.account_id}/peran")

    page.form().fill(role="cadre", place="98.01.01.1001").submit()

    city.db.rollback()
    account = city.db.get_one(Account, city.siti.account_id)
    assert account.secret_hash
    assert account.area_id == factories.area(city.db, "98.01.01.1001").id


@pytest.mark.parametrize(("role", "place"), [("officer", "98.01.01.1001"), ("school", "98.01.01.1001"),
                                             ("cadre", "98.01")])
def test_a_role_at_a_place_where_there_is_none_is_refused(city, sign_in, role, place):
    page = role_page(sign_in(city.agus), city.siti).form().fill(role=role, place=place).submit()

    assert page.errors == ["This role does not fit this place."]


@pytest.mark.asvs("V2.3.5")
def test_to_make_a_head_takes_two(city, sign_in):
    admin, head = sign_in(city.agus), sign_in(city.ratna)
    admin.get(f"/akun/{city.rina.account_id}/peran").form().fill(role="head", place="98.01").submit()
    city.db.rollback()
    assert city.db.get_one(Account, city.rina.account_id).role == "officer"

    head.get("/persetujuan").form("/role").submit("1")

    city.db.rollback()
    account = city.db.get_one(Account, city.rina.account_id)
    assert account.role == "head"
    assert city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == account.id)).all()


def test_nobody_raises_her_own_role(city, sign_in):
    page = role_page(sign_in(city.agus), city.agus).form().fill(role="head", place="98.01").submit()

    assert page.status == 409
    city.db.rollback()
    assert city.db.get_one(Account, city.agus.account_id).role == "admin"


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("who", ["wati", "ratna", "rina", "siti"])
def test_only_the_administrator_changes_roles(city, sign_in, who):
    assert sign_in(getattr(city, who)).get(f"/akun/{city.budi.account_id}/peran").status == 404


def test_the_only_administrator_cannot_be_made_something_else(city):
    account = city.db.get_one(Account, city.agus.account_id)

    with pytest.raises(changes.StillNeeded), writing(city.db):
        changes.ask_role(city.db, account, Role.CADRE, factories.area(city.db, "98.01.01.1001"),
                         by=factories.viewer_of(city.db, city.ratna))


@pytest.mark.asvs("V8.3.2")
def test_an_officer_who_leaves_the_unit_leaves_its_keys(city, sign_in):
    role_page(sign_in(city.agus), city.dewi).form().fill(role="leadership", place="98.01").submit()

    city.db.rollback()
    assert city.db.get(StaffKey, city.dewi.account_id) is None
    assert city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == city.dewi.account_id)).all() == []


@pytest.mark.asvs("V8.3.2")
def test_an_officer_who_moves_to_another_unit_leaves_the_keys_of_hers(city, sign_in):
    done = role_page(sign_in(city.agus), city.dewi).form().fill(role="officer", place="98.02").submit()

    assert "The role is changed." in done.html
    city.db.rollback()
    dewi, other = (city.db.get_one(Account, one.account_id) for one in (city.dewi, city.other))
    assert dewi.unit_id == other.unit_id
    assert city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == dewi.id)).all() == []
    left = city.db.scalars(select(KeyDeparture).where(KeyDeparture.account_id == dewi.id)).all()
    assert [city.db.get_one(SealingKey, one.key_id).kind for one in left] == ["unit"]
    sign_in(city.other).get("/kunci").form("/kunci").submit("unit")  # her own pair stays hers, to be granted theirs
    city.db.rollback()
    granted = city.db.scalars(select(KeyGrant.key_id).where(KeyGrant.account_id == dewi.id)).one()
    assert city.db.get_one(SealingKey, granted).unit_id == other.unit_id


def test_the_only_head_of_a_unit_is_not_moved_to_another(city, sign_in):
    page = role_page(sign_in(city.agus), city.ratna).form().fill(role="head", place="98.02").submit()

    assert page.errors == ["She is the unit's only head. Name another head first."]
    city.db.rollback()
    assert city.db.scalars(select(PendingChange)).all() == []


def test_the_last_who_holds_a_key_is_not_moved_to_another_unit(city, sign_in):
    with writing(city.db):
        city.db.execute(delete(KeyGrant).where(KeyGrant.account_id.in_(
            [city.ratna.account_id, city.dewi.account_id])))

    page = role_page(sign_in(city.agus), city.rina).form().fill(role="officer", place="98.02").submit()

    assert "Hand the key on" in page.errors[0]


@pytest.mark.asvs("V8.4.2")
def test_a_head_is_moved_to_another_unit_by_two_and_leaves_the_keys_of_hers(city, sign_in):
    with writing(city.db):
        city.db.get_one(Account, city.dewi.account_id).role = Role.HEAD

    page = role_page(sign_in(city.agus), city.dewi).form().fill(role="head", place="98.02").submit()
    city.db.rollback()
    before = city.db.get_one(Account, city.dewi.account_id).unit_id
    sign_in(city.other).get("/persetujuan").form("/role").submit("1")

    assert "A second person must agree now." in page.html
    city.db.rollback()
    dewi = city.db.get_one(Account, city.dewi.account_id)
    assert before != dewi.unit_id == city.db.get_one(Account, city.other.account_id).unit_id
    assert city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == dewi.id)).all() == []


@pytest.mark.asvs("V15.4.2")
@pytest.mark.parametrize("role", ["head", "admin"])
def test_of_the_last_two_who_are_switched_off_at_once_one_stays(postgres_city, monkeypatch, role):
    city = postgres_city
    two = _two_of_power(city, role)
    by = factories.viewer_of(city.db, city.wati)
    city.db.rollback()
    meet, end_sign_ins = Barrier(2), commands.end_sign_ins

    def together(*args, **more):  # both have asked who else there is before either goes
        with suppress(BrokenBarrierError):
            meet.wait(0.5)
        return end_sign_ins(*args, **more)

    monkeypatch.setattr(commands, "end_sign_ins", together)
    held = []

    def off(account_id):
        engine = engine_for(city.url)
        try:
            with session_for(engine) as session, writing(session):
                changes.switch(session, session.get_one(Account, account_id), on=False, by=by)
        except changes.StillNeeded as needed:
            held.append(needed.code)
        engine.dispose()

    threads = [Thread(target=off, args=(one,)) for one in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert held == [role]
    city.db.rollback()
    assert sum(city.db.get_one(Account, one, populate_existing=True).active for one in two) == 1


def test_a_concern_waits_for_nobody_who_is_switched_off_meanwhile(postgres_city):
    """What is held while somebody goes is the unit's row; a concern that arrives only refers to it."""
    city, engine = postgres_city, engine_for(postgres_city.url)
    _two_of_power(city, "head")
    with writing(city.db), session_for(engine) as other:
        changes.check_can_go(city.db, city.db.get_one(Account, city.dewi.account_id))
        other.execute(text("SET lock_timeout = '1s'"))
        assert factories.a_flag(other, city.settings, city.siti).code
        other.rollback()
    engine.dispose()


@pytest.mark.asvs("V7.5.1", "V7.5.3")
@pytest.mark.parametrize("path", ["/akun/{siti}/pulihkan", "/akun/{siti}/peran", "/setelan/kunci-layar"])
def test_what_is_grave_asks_for_the_secret_again_after_five_minutes(city, sign_in, path):
    path = path.format(siti=city.siti.account_id)
    with time_machine.travel(now(), tick=False) as clock:
        browser = sign_in(city.agus)
        assert browser.get(path).status == 203
        clock.shift(timedelta(minutes=5, seconds=1))

        asked = browser.get(path)
        back = asked.form("/masuk").fill(secret=city.agus.secret).submit()

    assert asked.path.startswith("/masuk")
    assert back.path == path
    assert timedelta(minutes=5) == signin.FRESH


@pytest.mark.asvs("V7.5.3")
def test_handing_on_a_key_asks_for_the_passphrase_again(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        head = sign_in(city.ratna)
        page = head.get("/kunci")
        clock.shift(timedelta(minutes=6))

        asked = page.form("/kunci").submit()
        back = asked.form("/masuk").fill(secret=city.ratna.secret).submit()

    assert asked.path.startswith("/masuk")
    assert back.path == "/kunci"
    city.db.rollback()
    assert city.db.scalars(select(KeyGrant).where(KeyGrant.account_id == city.keyless.account_id)).all() == []


def test_every_grave_act_leaves_who_asked_and_who_agreed(city, sign_in):
    recover(city)

    rows = city.db.execute(select(AuditEntry.action, AuditEntry.actor_id)
                           .where(AuditEntry.subject == str(city.siti.account_id))).all()
    assert ("recovery.asked", city.wati.account_id) in rows
    assert ("recovery.agreed", city.agus.account_id) in rows


@pytest.mark.asvs("V15.4.2")
def test_two_who_agree_at_once_do_it_once(any_city):
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, any_city.db.get_one(Account, any_city.siti.account_id),
                             by=factories.viewer_of(any_city.db, any_city.wati))
    by = factories.viewer_of(any_city.db, any_city.agus)
    with writing(any_city.db):
        change, account = changes.pending(any_city.db, any_city.siti.account_id, "recovery", viewer=by)
        changes.agree(any_city.db, change, account, by=by)

    from portal.base.errors import NotVisible

    with pytest.raises(NotVisible), writing(any_city.db):
        changes.pending(any_city.db, any_city.siti.account_id, "recovery", viewer=by)


def test_a_successor_cannot_be_given_another_place(city):
    with pytest.raises(Refused), writing(city.db):
        changes.hand_over(city.db, city.db.get_one(Account, city.siti.account_id),
                          city.db.get_one(Account, city.far.account_id), by=factories.viewer_of(city.db, city.agus))


def recover(city):
    """Bu Siti begins anew: asked by her coordinator, agreed by the administrator; then she has a PIN again."""
    with writing(city.db):
        account = city.db.get_one(Account, city.siti.account_id)
        changes.ask_recovery(city.db, account, by=factories.viewer_of(city.db, city.wati))
        city.db.flush()
        by = factories.viewer_of(city.db, city.agus)
        change, account = changes.pending(city.db, account.id, "recovery", viewer=by)
        changes.agree(city.db, change, account, by=by)
    assert city.db.scalars(select(Device).where(Device.ended_on.is_(None))).all() == []


def _two_of_power(city, role):
    """Two heads who hold both keys, or two administrators."""
    if role == "admin":
        with writing(city.db):
            city.db.get_one(Account, city.lina.account_id).role = Role.ADMIN
        return city.agus.account_id, city.lina.account_id
    with writing(city.db):
        city.db.get_one(Account, city.dewi.account_id).role = Role.HEAD
        for kind in ("unit", "conflict"):
            commands.grant_key(city.db, factories.ring_of(city, city.ratna), kind=kind, to=city.dewi.account_id,
                               by=factories.viewer_of(city.db, city.ratna))
    return city.ratna.account_id, city.dewi.account_id


def role_page(browser, person):
    return browser.get(f"/akun/{person.account_id}/peran")


def token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]
