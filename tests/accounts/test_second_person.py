"""What one person cannot do alone, whatever she does first, and whom she cannot take as her second."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from sqlalchemy import select

from portal.accounts import changes, hands, invitations, people, queries
from portal.accounts import commands as accounts
from portal.accounts.models import Account, PendingChange
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.base.clock import now
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from tests.factories import area, viewer_of
from tests.support.phone import Phone

CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}")
KELURAHAN, CITY, NEIGHBOUR = "98.01.01.1001", "98.01", "98.02"


# An account with power that nobody has entered


@pytest.mark.asvs("V8.4.2")
@pytest.mark.parametrize("role", ["head", "admin"])
@pytest.mark.parametrize("ended", ["taken back", "refused"])
def test_an_account_with_power_that_nobody_joined_is_not_switched_on_alone(city, sign_in, role, ended):
    admin, head = sign_in(city.agus), sign_in(city.ratna)
    new = made(city, admin, role)
    (admin if ended == "taken back" else head).get("/persetujuan").form("/join").submit("0")

    page = admin.get(f"/akun/{new}").form("/saklar").submit()

    assert "A second person must agree before anybody can use it." in page.text
    assert "waiting for a second person" in page.text
    assert admin.post(f"/akun/{new}/kode", [("csrf_token", token(page))]).status == 409
    head.get("/persetujuan").form("/join").submit("1")
    assert CODE.search(admin.get(f"/akun/{new}").form("/kode").submit().text)


def test_where_nobody_agreed_in_a_week_the_page_asks_a_second_person_again(city, sign_in):
    new = made(city, sign_in(city.agus), "head")
    with time_machine.travel(now() + timedelta(days=8), tick=False):
        admin, head = sign_in(city.agus), sign_in(city.ratna)
        lapsed = head.get("/persetujuan")

        page = admin.get(f"/akun/{new}").form("/kode").submit()

        assert "/join" not in lapsed.html
        assert "A second person must agree first. She is asked again." in page.text
        assert CODE.search(page.text) is None
        assert "waiting for a second person" in page.text
        head.get("/persetujuan").form("/join").submit("1")
        assert CODE.search(admin.get(f"/akun/{new}").form("/kode").submit().text)


@pytest.mark.parametrize("who", ["an officer nobody entered", "a head who has come in", "a head who is on"])
def test_nobody_is_waited_for_to_switch_on(any_city, who):
    with writing(any_city.db):
        account = of(any_city, "dewi")
        account.role = Role.OFFICER if who == "an officer nobody entered" else Role.HEAD
        account.secret_hash = account.secret_hash if who == "a head who has come in" else ""
        account.active = who == "a head who is on"

    with writing(any_city.db):
        done = changes.switch(any_city.db, of(any_city, "dewi"), on=True, by=viewer_of(any_city.db, any_city.agus))

    assert done
    assert any_city.db.scalars(select(PendingChange)).all() == []
    assert any_city.db.scalars(select(AuditEntry.action).where(AuditEntry.subject == str(of(any_city, "dewi").id))
                               .order_by(AuditEntry.id.desc())).first() == "account.on"


@pytest.mark.parametrize("active", [True, False])
def test_to_switch_off_whom_nobody_joined_asks_nobody_though_she_is_off_already(any_city, active):
    with writing(any_city.db):
        dewi = of(any_city, "dewi")
        dewi.role, dewi.secret_hash, dewi.active = Role.HEAD, "", active

    with writing(any_city.db):
        assert changes.switch(any_city.db, of(any_city, "dewi"), on=False, by=viewer_of(any_city.db, any_city.agus))

    assert any_city.db.scalars(select(PendingChange)).all() == []


# Beginning anew


@pytest.mark.asvs("V8.4.2")
def test_an_administrator_alone_does_not_come_into_a_cadres_account_by_way_of_another_role(city, sign_in):
    admin = sign_in(city.agus)

    page = role_page(admin, city.siti).fill(role="leadership", place=CITY).submit()

    assert "A second person must agree now." in page.html
    mark = token(page)
    assert admin.post(f"/akun/{city.siti.account_id}/kode", [("csrf_token", mark)]).status == 409
    city.db.rollback()
    assert (of(city, "siti").role, bool(of(city, "siti").secret_hash)) == (Role.CADRE, True)


def test_who_came_by_way_of_another_role_sees_nothing_of_before_for_a_day(city, sign_in, guest):
    admin = sign_in(city.agus)
    role_page(admin, city.siti).fill(role="coordinator", place=KELURAHAN).submit()
    sign_in(city.wati).get("/persetujuan").form("/role").submit("1")
    role_page(admin, city.siti).fill(role="cadre", place=KELURAHAN).submit()  # nobody has come in meanwhile
    code = CODE.search(admin.get(f"/akun/{city.siti.account_id}").form("/kode").submit().text)[0]

    Phone().enrol(guest, code, "77203914")

    assert "set up anew" in guest.get("/").text
    city.db.rollback()
    assert now() + timedelta(hours=23) < of(city, "siti").quiet_until <= now() + timedelta(hours=24)


@pytest.mark.parametrize(("who", "role", "place"), [
    ("siti", Role.COORDINATOR, KELURAHAN), ("siti", Role.OFFICER, CITY), ("wati", Role.CADRE, KELURAHAN),
    ("lina", Role.OFFICER, CITY)])
def test_to_begin_anew_takes_two_for_who_has_come_in_and_one_for_who_has_not(any_city, who, role, place):
    agus = viewer_of(any_city.db, any_city.agus)
    with writing(any_city.db):
        assert not changes.ask_role(any_city.db, of(any_city, who), role, area(any_city.db, place), by=agus)
    with writing(any_city.db):
        of(any_city, who).secret_hash = ""

    with writing(any_city.db):
        assert changes.ask_role(any_city.db, of(any_city, who), role, area(any_city.db, place), by=agus)

    assert of(any_city, who).role == role
    assert of(any_city, who).quiet_until is None  # nobody was ever there


@pytest.mark.parametrize(("who", "role", "place"), [
    ("siti", Role.SCHOOL, "npsn.90000001"), ("wati", Role.LEADERSHIP, CITY), ("rina", Role.LEADERSHIP, CITY)])
def test_who_goes_on_with_her_own_secret_changes_her_role_at_once(any_city, who, role, place):
    with writing(any_city.db):
        assert changes.ask_role(any_city.db, of(any_city, who), role, area(any_city.db, place),
                                by=viewer_of(any_city.db, any_city.agus))

    assert of(any_city, who).secret_hash


# Who has a say


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("role", ["admin", "head"])
def test_a_coordinator_has_no_say_in_who_gets_power(city, sign_in, role):
    role_page(sign_in(city.agus), city.siti).fill(role=role, place=CITY).submit()
    coordinator, head = sign_in(city.wati), sign_in(city.ratna)

    page = coordinator.get("/persetujuan")
    forged = coordinator.post(f"/persetujuan/{city.siti.account_id}/role",
                              [("csrf_token", token(page)), ("agree", "1")])

    assert "Nothing waits for you." in page.text
    assert forged.status == 404
    head.get("/persetujuan").form("/role").submit("1")
    city.db.rollback()
    assert of(city, "siti").role == role


SAY = [
    # (who, what she becomes, where, who asked, who has a say)
    ("siti", Role.COORDINATOR, KELURAHAN, {"wati", "ratna", "other"}),
    ("siti", Role.OFFICER, CITY, {"wati", "ratna"}),
    ("siti", Role.HEAD, CITY, {"ratna"}),
    ("siti", Role.ADMIN, CITY, {"ratna", "other"}),
    ("far", Role.COORDINATOR, KELURAHAN, {"ratna", "other"}),
    ("wati", Role.CADRE, KELURAHAN, {"ratna", "other"}),
    ("lina", Role.OFFICER, CITY, {"ratna"}),
    ("rina", Role.HEAD, CITY, {"ratna"}),
    ("rina", Role.HEAD, NEIGHBOUR, {"other"}),
    ("rina", Role.ADMIN, CITY, {"ratna"}),
    ("dewi", Role.CADRE, KELURAHAN, {"ratna"}),
]


@pytest.mark.parametrize(("who", "role", "place", "say"), SAY)
def test_it_depends_on_what_she_is_and_on_what_she_would_be(any_city, who, role, place, say):
    asked(any_city, who, role, place)

    for one in ("siti", "wati", "rina", "ratna", "other", "lina"):
        viewer = viewer_of(any_city.db, getattr(any_city, one))
        waits = [c for c in queries.waiting_changes(any_city.db, viewer) if c.account_id == of(any_city, who).id]
        assert bool(waits) is (one in say - {who}), one
        if one not in say:
            with pytest.raises(NotVisible):
                changes.pending(any_city.db, of(any_city, who).id, "role", viewer=viewer)


def test_each_head_has_a_say_in_who_becomes_head_of_her_own_unit(any_city):
    asked(any_city, "siti", Role.HEAD, CITY)
    asked(any_city, "far", Role.HEAD, NEIGHBOUR)

    waits = [[c.name for c in queries.waiting_changes(any_city.db, viewer_of(any_city.db, head))]
             for head in (any_city.ratna, any_city.other)]

    assert waits == [["Bu Siti"], ["Bu Jauh"]]


def test_the_second_person_reads_to_which_place_it_leads(city, sign_in):
    asked(city, "rina", Role.HEAD, NEIGHBOUR)

    assert "Officer, Kota Contoh → Head of the unit, Kota Tetangga" in sign_in(city.other).get("/persetujuan").text


# One hand is not two


def test_whom_the_asker_set_up_herself_is_no_second_person_for_three_days(city, sign_in):
    with time_machine.travel(now(), tick=False) as clock:
        admin = sign_in(city.agus)
        puppet = entered(city, admin, "boneka", "coordinator", KELURAHAN)
        admin.get(f"/akun/{city.siti.account_id}/pulihkan").form().submit()
        by = viewer_of(city.db, puppet)

        with writing(city.db), pytest.raises(changes.SameHand) as tied:
            agree(city, "siti", "recovery", by)
        clock.shift(timedelta(days=3))

        assert tied.value.until == now()
        with writing(city.db):
            agree(city, "siti", "recovery", by)
    assert of(city, "siti").secret_hash == ""


def test_who_set_up_the_asker_is_no_second_person_either(city, sign_in):
    admin = sign_in(city.agus)
    puppet = entered(city, admin, "boneka", "coordinator", KELURAHAN)
    with writing(city.db):
        changes.ask_recovery(city.db, of(city, "siti"), by=viewer_of(city.db, puppet))

    page = admin.get("/persetujuan")
    stale = admin.post(f"/persetujuan/{city.siti.account_id}/recovery", [("csrf_token", token(page)), ("agree", "1")])

    assert "You cannot agree before" in page.text
    assert [b.text for b in page.root.all("button") if "Bu Siti" in b.text] == ["Refuse Bu Siti"]
    assert "You cannot agree before" in stale.text
    city.db.rollback()
    assert of(city, "siti").secret_hash


def test_two_whom_a_third_one_set_up_are_one(any_city):
    agus = viewer_of(any_city.db, any_city.agus)
    one, other = (new(any_city, name, Role.COORDINATOR, KELURAHAN, by=agus) for name in ("satu", "dua"))
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, of(any_city, "siti"), by=viewer_of(any_city.db, one))

    with writing(any_city.db), pytest.raises(changes.SameHand):
        agree(any_city, "siti", "recovery", viewer_of(any_city.db, other))


@pytest.mark.parametrize("act", ["made", "showed a code to", "gave a role to"])
def test_each_way_of_setting_somebody_up_ties(any_city, act):
    agus, wati = viewer_of(any_city.db, any_city.agus), any_city.wati.account_id
    with writing(any_city.db):
        if act == "gave a role to":
            changes.ask_role(any_city.db, of(any_city, "wati"), Role.LEADERSHIP, area(any_city.db, CITY), by=agus)
        elif act == "showed a code to":
            of(any_city, "wati").secret_hash = ""
            invitations.invite(any_city.db, any_city.keys, of(any_city, "wati"), by=agus.account_id)
        else:
            wati = people.make_person(any_city.db, any_city.settings, accounts.NewAccount(
                Role.HEAD, "Baru", sign_in_name="baru"), area(any_city.db, CITY), by=agus).account.id

    assert hands.tied_until(any_city.db, agus.account_id, wati) is not None
    assert hands.tied_until(any_city.db, any_city.ratna.account_id, wati) is None


def test_what_else_one_does_with_an_account_ties_nobody(any_city):
    agus, wati = viewer_of(any_city.db, any_city.agus), any_city.wati.account_id
    with writing(any_city.db):
        for on in (False, True):
            changes.switch(any_city.db, of(any_city, "wati"), on=on, by=agus)
            any_city.db.flush()
        accounts.describe(any_city.db, any_city.keys, of(any_city, "wati"), name="Wati", title="", phone="", by=wati)

    assert hands.tied_until(any_city.db, agus.account_id, wati) is None


def test_the_tie_lasts_as_long_as_both_were_set_up_lately(any_city):
    agus = viewer_of(any_city.db, any_city.agus)
    with time_machine.travel(now(), tick=False) as clock:
        one = new(any_city, "satu", Role.COORDINATOR, KELURAHAN, by=agus).account_id
        clock.shift(timedelta(days=2))
        other = new(any_city, "dua", Role.COORDINATOR, KELURAHAN, by=agus).account_id

        assert hands.tied_until(any_city.db, one, other) == now() + timedelta(days=1)
        assert hands.tied_until(any_city.db, agus.account_id, other) == now() + timedelta(days=3)
        clock.shift(timedelta(days=1))
        assert hands.tied_until(any_city.db, one, other) is None


def test_a_small_citys_first_day_goes_on(any_city):
    """Head and administrator come from the server's command line. The same day there are, by these two, another head,
    another administrator, a coordinator who was a cadre, and a head who was an officer."""
    agus, ratna = (viewer_of(any_city.db, one) for one in (any_city.agus, any_city.ratna))
    for name, role in (("kepala", Role.HEAD), ("admin2", Role.ADMIN)):
        person = new(any_city, name, role, CITY, by=agus)
        with writing(any_city.db):
            change, account = changes.pending(any_city.db, person.account_id, "join", viewer=ratna)
            changes.agree(any_city.db, change, account, by=ratna)
    asked(any_city, "siti", Role.COORDINATOR, KELURAHAN)
    with writing(any_city.db):
        agree(any_city, "siti", "role", ratna)
    asked(any_city, "rina", Role.HEAD, CITY)
    with writing(any_city.db):
        agree(any_city, "rina", "role", ratna)

    assert (of(any_city, "siti").role, of(any_city, "rina").role) == (Role.COORDINATOR, Role.HEAD)


def test_a_tie_of_two_who_agree_on_a_join_is_looked_at_too(any_city):
    agus = viewer_of(any_city.db, any_city.agus)
    one = new(any_city, "satu", Role.ADMIN, CITY, by=agus)
    two = new(any_city, "dua", Role.ADMIN, CITY, by=agus)

    change, account = changes.pending(any_city.db, two.account_id, "join", viewer=viewer_of(any_city.db, one))
    with pytest.raises(Refused, match="one hand"):
        changes.agree(any_city.db, change, account, by=viewer_of(any_city.db, one))


def made(city, admin, role):
    admin.get("/akun/baru?di=98.01").form().fill(role=role, name="Orang Baru", place=CITY,
                                                 sign_in_name="orangbaru").submit()
    city.db.rollback()
    return city.db.scalars(select(Account.id).where(Account.sign_in_name == "orangbaru")).one()


def entered(city, admin, name, role, place):
    """A person whom the administrator made in the browser."""
    admin.get(f"/akun/baru?di={place}").form().fill(role=role, name=name, place=place, sign_in_name=name).submit()
    city.db.rollback()
    return SimpleNamespace(account_id=city.db.scalars(select(Account.id).where(Account.sign_in_name == name)).one())


def new(city, name, role, place, *, by):
    with writing(city.db):
        made = people.make_person(city.db, city.settings, accounts.NewAccount(role, name, sign_in_name=name),
                                  area(city.db, place), by=by)
    return SimpleNamespace(account_id=made.account.id)


def asked(city, who, role, place):
    with writing(city.db):
        done = changes.ask_role(city.db, of(city, who), role, area(city.db, place),
                                by=viewer_of(city.db, city.agus))
        assert not done


def agree(city, who, kind, by):
    change, account = changes.pending(city.db, getattr(city, who).account_id, kind, viewer=by)
    changes.agree(city.db, change, account, by=by)


def of(city, who):
    return city.db.get_one(Account, getattr(city, who).account_id)


def role_page(browser, person):
    return browser.get(f"/akun/{person.account_id}/peran").form()


def token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]
