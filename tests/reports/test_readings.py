"""How much each officer opened: the head sees who reads many, and learns nothing that is kept from her."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.accounts import changes
from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.audit.log import record
from portal.base.clock import telling
from portal.base.db import writing
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.models import Flag
from portal.reports.readings import readings
from tests.factories import a_flag, area, some_answers, viewer_of
from tests.followup.at_desk import Officer, sent

ZONE = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 24, 12, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _noon():
    with telling(NOON):
        yield


def opened(city, person, *concerns, action="flag.opened", days_ago=0, hours=0):
    """Rows of the trail: this person opened these, that long ago."""
    with telling(NOON - timedelta(days=days_ago, hours=hours)), writing(city.db):
        for concern in concerns:
            record(city.db, action, concern, by=person.account_id)


def seen(city, person=None):
    """What the head sees: `(name, concerns, most on one day, names)`."""
    found = readings(city.db, viewer=viewer_of(city.db, person or city.ratna), zone=ZONE)
    return [(one.who, one.concerns, one.most, one.names) for one in found]


@pytest.mark.asvs("V16.2.1")
def test_each_concern_is_counted_once_and_who_opened_the_most_stands_first(any_city):
    opened(any_city, any_city.dewi, "a", "a", "a")
    opened(any_city, any_city.rina, "a", "b", "c")
    opened(any_city, any_city.rina, "a", "d", days_ago=1)
    opened(any_city, any_city.rina, "a", action="flag.identity_opened")
    opened(any_city, any_city.rina, "a", "b", action="flag.letter_opened")

    assert seen(any_city) == [("Rina A.", 4, 3, 2), ("Dewi K.", 1, 1, 0)]


def test_the_day_with_the_most_is_named_the_latest_of_equal_ones(any_city):
    opened(any_city, any_city.rina, "a", "b", days_ago=3)
    opened(any_city, any_city.rina, "c", "d", days_ago=2)
    opened(any_city, any_city.rina, "e", days_ago=1)

    assert readings(any_city.db, viewer=viewer_of(any_city.db, any_city.ratna), zone=ZONE)[0].on == \
        (NOON - timedelta(days=2)).date()


def test_what_was_opened_before_dawn_counts_for_the_day_that_it_is_in_the_city(any_city):
    opened(any_city, any_city.rina, "a", "b", hours=11)  # 1 o'clock; in UTC it is the day before
    opened(any_city, any_city.rina, "c", hours=1)

    assert seen(any_city) == [("Rina A.", 3, 3, 0)]


def test_a_real_opening_is_a_reading_and_so_are_names(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.opens(flag_id)

    with writing(any_city.db):
        flag = any_city.db.get(Flag, flag_id)
        flags.open_identity(any_city.db, rina.ring, flag, by=rina.viewer, reason="emergency")

    assert seen(any_city) == [("Rina A.", 1, 1, 1)]


@pytest.mark.parametrize(("hours", "counted"), [(6 * 24 + 12, True), (6 * 24 + 13, False)])
def test_seven_days_begin_at_midnight_in_the_city(any_city, hours, counted):
    opened(any_city, any_city.rina, "a", hours=hours)

    assert bool(seen(any_city)) is counted


def test_what_another_unit_opened_and_what_else_was_done_is_not_counted(any_city):
    opened(any_city, any_city.other, "a")
    opened(any_city, any_city.rina, "a", "b", action="flag.take")
    opened(any_city, any_city.agus, "a")

    assert seen(any_city) == []
    assert seen(any_city, any_city.other) == [("Kepala Lain", 1, 1, 0)]


@pytest.mark.parametrize(("role", "place"), [(Role.CADRE, "98.01.01.1001"), (Role.OFFICER, "98.02")])
def test_what_an_officer_opened_is_counted_though_she_has_left_the_unit(any_city, role, place):
    opened(any_city, any_city.rina, "a", "b", hours=1)
    with writing(any_city.db):
        changes._change_role(any_city.db, any_city.db.get_one(Account, any_city.rina.account_id), role,
                             area(any_city.db, place), by=any_city.agus.account_id)
    opened(any_city, any_city.rina, "c", hours=-1)

    assert seen(any_city) == [("Rina A.", 2, 2, 0)]
    assert seen(any_city, any_city.other) == ([("Rina A.", 1, 1, 0)] if place == "98.02" else [])


def test_a_conflict_of_interest_is_counted_only_for_who_holds_its_key(any_city):
    with writing(any_city.db):  # a second head, who holds no key for conflicts
        any_city.db.get(Account, any_city.dewi.account_id).role = "head"
    flag_id = sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    Officer(any_city, any_city.ratna).opens(flag_id)

    assert seen(any_city, any_city.dewi) == []
    assert seen(any_city) == [("Bu Ratna", 1, 1, 0)]


def test_what_she_stepped_aside_from_is_not_counted_for_her(any_city):
    rina, ratna, near = Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna), sent(any_city)
    rina.opens(near)
    ratna.opens(near)
    with writing(any_city.db):
        flags.step_aside(any_city.db, any_city.db.get(Flag, near), by=ratna.viewer)

    assert seen(any_city) == []


def test_thousands_of_older_rows_change_nothing(city):
    opened(city, city.rina, *(f"old {number}" for number in range(1200)), days_ago=30)
    opened(city, city.rina, *(f"new {number}" for number in range(1200)))

    assert seen(city) == [("Rina A.", 1200, 1200, 0)]


@pytest.mark.parametrize(("language", "words"), [
    ("en", ("Opened in the last seven days", "Name", "Concerns", "Most on one day", "Names and addresses",
            "Rina A.", "1", "1 (Tue, 24 Nov)", "0")),
    ("id", ("Dibuka dalam tujuh hari terakhir", "Nama", "Kabar", "Terbanyak dalam sehari", "Nama dan alamat",
            "Rina A.", "1", "1 (Sel, 24 Nov)", "0")),
])
def test_the_page_shows_it_first_and_in_both_languages(city, sign_in, language, words):
    with writing(city.db):
        flag_id = a_flag(city.db, city.settings, city.siti).id
    Officer(city, city.rina).opens(flag_id)

    page = sign_in(city.ratna, language).get("/jejak")

    assert " ".join(words) in page.text


def test_later_pages_and_a_quiet_week_do_without_it(city, sign_in):
    ratna = sign_in(city.ratna)
    quiet = ratna.get("/jejak")
    opened(city, city.rina, *(f"nothing {number}" for number in range(60)))

    first = ratna.get("/jejak")
    second = first.link("Next page")

    assert "Opened in the last seven days" not in quiet.text
    assert "Opened in the last seven days" in first.text
    assert "Opened in the last seven days" not in second.text
