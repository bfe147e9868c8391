"""Who came in at the office stands in the trail; of a cadre nothing finer than the day is kept anywhere."""

import pyotp
import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from tests.support.pages import Browser
from tests.support.phone import phone_of


def entries(city):
    city.db.rollback()
    return city.db.execute(select(AuditEntry.actor_id, AuditEntry.reason)
                           .where(AuditEntry.action == "account.signed_in")).all()


def signs_in(city, browser, person, code=None):
    return browser.get("/masuk/petugas").form("/masuk/petugas").fill(
        name=person.sign_in_name, passphrase=person.secret, code=code or pyotp.TOTP(person.totp).now()).submit()


@pytest.mark.asvs("V16.3.1")
def test_a_sign_in_at_the_office_leaves_one_entry_with_its_second_factor(city, guest):
    signs_in(city, guest, city.rina)

    assert entries(city) == [(city.rina.account_id, "app")]


@pytest.mark.asvs("V16.3.1")
def test_coming_back_after_a_pause_is_an_entry_of_its_own(city, guest):
    page = signs_in(city, guest, city.rina)
    token = page.root.all("input", name="csrf_token")[0].attrs["value"]
    page = guest.post("/istirahat", [("csrf_token", token)])
    page.form("/masuk").fill(secret=city.rina.secret).submit()

    assert entries(city) == [(city.rina.account_id, "app"), (city.rina.account_id, "again")]


def test_what_failed_leaves_none(city, guest):
    signs_in(city, guest, city.rina, code="000000")

    assert entries(city) == []


def test_a_cadres_sign_in_leaves_none(city):
    phone_of(city, city.siti).sign_in(Browser(city.app.test_client()), city.siti.secret)

    assert entries(city) == []
