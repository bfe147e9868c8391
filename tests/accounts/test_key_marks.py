"""A key that a person shows cannot be put in another's place by whoever only writes to the database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import select, update

from portal.accounts import passkeys, resealing, sealed
from portal.accounts.models import Device, Passkey
from portal.accounts.passkeys import BadPasskey, Site
from portal.base.clock import now, telling
from portal.base.db import engine_for, writing
from portal.base.settings import ServerKeys
from portal.cli.database import alembic_config, upgrade
from tests.support.pages import Browser
from tests.support.phone import Phone, phone_of


def browser(city):
    client = city.app.test_client()
    client.set_cookie("b", "en")
    return Browser(client)


def is_in(page):
    return page.status == 203


def changed(city, table, **values):
    with writing(city.db):
        city.db.execute(update(table).values(**values))
    city.db.expire_all()


@pytest.mark.asvs("V6.7.1")
def test_a_key_that_was_put_in_anothers_place_opens_nothing(city):
    hers, thief = phone_of(city, city.siti), Phone()
    assert is_in(hers.sign_in(browser(city), city.siti.secret))
    changed(city, Device, public=thief.point)
    thief.id = hers.id

    page = thief.sign_in(browser(city), city.siti.secret)

    assert page.status == 422
    assert "That does not match" in page.text


@pytest.mark.asvs("V6.7.1")
@pytest.mark.parametrize("mark", [None, b"", b"x" * 32])
def test_a_key_without_the_servers_mark_opens_nothing(city, mark):
    hers = phone_of(city, city.siti)
    changed(city, Device, mark=mark)

    assert hers.sign_in(browser(city), city.siti.secret).status == 422


@pytest.mark.asvs("V6.7.1")
def test_a_key_moved_to_another_account_opens_nothing(city):
    hers = phone_of(city, city.budi)
    changed(city, Device, account_id=city.siti.account_id)

    assert hers.sign_in(browser(city), city.siti.secret).status == 422


@pytest.mark.asvs("V6.7.1")
def test_nor_is_the_sign_in_kept_alive_by_another_key(city):
    hers, inside, thief = phone_of(city, city.siti), browser(city), Phone()
    page = hers.sign_in(inside, city.siti.secret)
    token = page.root.all("input", name="csrf_token")[0].attrs["value"]
    assert inside.client.post("/di-sini", data={"csrf_token": token, "proof": hers.sign("here", token)}
                              ).status_code == 204
    changed(city, Device, public=thief.point)

    answer = inside.client.post("/di-sini", data={"csrf_token": token, "proof": thief.sign("here", token)})

    assert answer.status_code == 404


@pytest.mark.asvs("V6.7.1")
def test_a_passkey_without_its_mark_is_none(city, monkeypatch):
    asked = []
    monkeypatch.setattr("portal.accounts.passkeys.webauthn.verify_authentication_response",
                        lambda **_more: asked.append(1) or pytest.fail("a strange key was used"))
    with writing(city.db):
        city.db.add(Passkey(account_id=city.rina.account_id, credential_id=b"abc", public=b"key", sign_count=0,
                            added_on=now().date(), last_on=now().date(),
                            mark=sealed.key_mark(city.keys, city.rina.account_id, b"other key")))

    with pytest.raises(BadPasskey):
        passkeys.proven(city.db, city.keys, Site("x", "https://x", "x"), answer='{"rawId": "YWJj"}', challenge="c")

    assert not asked


def test_with_new_server_keys_the_marks_are_made_anew_and_no_strange_one_gets_one(city):
    hers, other = phone_of(city, city.siti), phone_of(city, city.budi)
    with writing(city.db):
        city.db.get_one(Device, other.id).public = Phone().point
    newer = ServerKeys.fresh(number=2)
    object.__setattr__(newer, "others", (city.keys,))

    with writing(city.db):
        after = None
        while ids := resealing.reseal(city.db, newer, after=after):
            after = ids[-1]

    marks = {key: mark for key, mark in city.db.execute(select(Device.id, Device.mark))}
    object.__setattr__(newer, "others", ())
    assert sealed.is_key_mark(newer, marks[hers.id], city.siti.account_id, hers.point)
    assert marks[other.id] == sealed.key_mark(city.keys, city.budi.account_id, other.point)


def test_with_new_server_keys_a_passkeys_mark_is_made_anew_too(city):
    newer = replace(ServerKeys.fresh(number=2), others=(city.keys,))
    with writing(city.db):
        city.db.add(Passkey(account_id=city.rina.account_id, credential_id=b"abc", public=b"key", sign_count=0,
                            added_on=now().date(), last_on=now().date(),
                            mark=sealed.key_mark(city.keys, city.rina.account_id, b"key")))

    with writing(city.db):
        resealing.reseal(city.db, newer, after=None)

    assert city.db.scalars(select(Passkey.mark)).one() == sealed.key_mark(newer, city.rina.account_id, b"key")


def test_phones_of_before_are_marked_once_when_the_tables_are_brought_up(any_city):
    hers = phone_of(any_city, any_city.siti)
    any_city.db.close()
    engine = engine_for(any_city.url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0011")
    engine.dispose()

    brought_up = any_city.app.test_cli_runner().invoke(upgrade)

    assert brought_up.exit_code == 0, brought_up.output
    assert is_in(hers.sign_in(browser(any_city), any_city.siti.secret))
    changed(any_city, Device, mark=None)
    any_city.app.test_cli_runner().invoke(upgrade)
    with telling(now() + timedelta(minutes=1)):
        assert hers.sign_in(browser(any_city), any_city.siti.secret).status == 422
