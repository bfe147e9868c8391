"""Who has a sheet open is seen by colleagues for whom it exists, and is over by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Account, KeyGrant
from portal.base.clock import telling
from portal.base.db import new_id, writing
from portal.base.reference import spoken
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.models import Flag
from portal.followup import presence
from portal.followup.models import Presence
from tests.factories import some_answers
from tests.followup.at_desk import Officer, sent

MORNING = datetime(2026, 11, 24, 3, 31, tzinfo=UTC)  # 10.31 in the city
MINUTE = timedelta(minutes=1)


def touches(city, person, flag_id, at=MORNING):
    with telling(at), writing(city.db):
        presence.touch(city.db, flag_id, by=Officer(city, person).viewer)


def seen(city, person, flag_id, at=MORNING):
    city.db.rollback()
    with telling(at):
        return [(one.name, one.since) for one in presence.others(
            city.db, city.db.get_one(Flag, flag_id), viewer=Officer(city, person).viewer)]


def test_colleagues_see_who_has_it_open_and_since_when(any_city):
    flag_id, noise = sent(any_city), sent(any_city)
    touches(any_city, any_city.dewi, flag_id)
    touches(any_city, any_city.ratna, flag_id, MORNING + MINUTE)
    touches(any_city, any_city.dewi, noise)

    assert seen(any_city, any_city.rina, flag_id, MORNING + MINUTE) == \
        [("Dewi K.", MORNING), ("Bu Ratna", MORNING + MINUTE)]
    assert seen(any_city, any_city.dewi, noise) == []


def test_it_lives_by_being_touched_and_ends_by_itself(any_city):
    flag_id = sent(any_city)
    for minutes in (0, 3, 6):
        touches(any_city, any_city.dewi, flag_id, MORNING + minutes * MINUTE)

    assert seen(any_city, any_city.rina, flag_id, MORNING + 9 * MINUTE) == [("Dewi K.", MORNING)]
    assert seen(any_city, any_city.rina, flag_id, MORNING + 10 * MINUTE) == []


def test_coming_back_later_begins_anew_and_sweeps_the_old_away(any_city):
    flag_id = sent(any_city)
    touches(any_city, any_city.dewi, flag_id)
    touches(any_city, any_city.ratna, flag_id)
    back = MORNING + 20 * MINUTE

    touches(any_city, any_city.dewi, flag_id, back)

    assert seen(any_city, any_city.rina, flag_id, back) == [("Dewi K.", back)]
    assert any_city.db.scalar(select(func.count()).select_from(Presence)) == 1


@pytest.mark.parametrize("how", ["key taken away", "switched off", "stepped aside"])
def test_whoever_may_not_know_of_it_any_more_is_not_seen_there(any_city, how):
    flag_id, dewi = sent(any_city), any_city.dewi.account_id
    touches(any_city, any_city.dewi, flag_id)
    with writing(any_city.db):
        match how:
            case "key taken away":
                any_city.db.query(KeyGrant).filter_by(account_id=dewi).delete()
            case "switched off":
                any_city.db.get_one(Account, dewi).active = False
            case "stepped aside":
                flags.step_aside(any_city.db, any_city.db.get_one(Flag, flag_id), 
                                 by=Officer(any_city, any_city.dewi).viewer)

    assert seen(any_city, any_city.rina, flag_id) == []


def test_a_presence_cannot_run_backwards(any_city):
    flag_id = sent(any_city)

    backwards = Presence(flag_id=flag_id, account_id=any_city.dewi.account_id, since=MORNING,
                         seen_at=MORNING - MINUTE)

    with pytest.raises(IntegrityError), writing(any_city.db):
        any_city.db.add(backwards)


def test_the_sheet_says_it_and_the_page_asks_again_by_itself(city, sign_in):
    flag_id = sent(city)
    code = spoken(city.db.get(Flag, flag_id).code)
    with telling(MORNING):
        sign_in(city.dewi, "id").get(f"/k/{code}/kerja")
    with telling(MORNING + MINUTE):
        page = sign_in(city.rina, "id").get(f"/k/{code}/kerja")

        asked = page.form("/hadir").submit()

    assert "Sedang dibuka Dewi K. sejak 10.31." in page.text
    assert (asked.status, asked.html) == (203, "Sedang dibuka Dewi K. sejak 10.31.")
    assert asked.response.mimetype == "text/plain"


def test_a_page_that_asks_by_itself_keeps_no_sign_in_awake(city, sign_in):
    flag_id = sent(city)
    desk, code = sign_in(city.rina), spoken(city.db.get(Flag, flag_id).code)
    page = desk.get(f"/k/{code}/kerja")
    with desk.client.session_transaction() as cookie:
        cookie["seen"] = seen_at = cookie["seen"] - 600

    page.form("/hadir").submit()
    desk.get("/antrean/hitung")
    with desk.client.session_transaction() as cookie:
        after_asking = cookie["seen"]
    desk.get("/antrean")
    with desk.client.session_transaction() as cookie:
        after_acting = cookie["seen"]

    assert after_asking == seen_at
    assert after_acting > seen_at


def test_who_may_not_know_of_it_cannot_say_that_she_is_there(city, sign_in):
    hidden = sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    ordinary = sent(city)
    desk = sign_in(city.rina)
    form = desk.get(f"/k/{spoken(city.db.get(Flag, ordinary).code)}/kerja").form("/hadir")
    form.action = f"/k/{spoken(city.db.get(Flag, hidden).code)}/kerja/hadir"

    answer = form.submit()

    city.db.rollback()
    assert answer.status == 404
    assert city.db.scalar(select(func.count()).select_from(Presence).where(Presence.flag_id == hidden)) == 0


def test_nobody_is_there_on_a_concern_that_is_not(any_city):
    with pytest.raises(IntegrityError), writing(any_city.db):
        presence.touch(any_city.db, new_id(), by=Officer(any_city, any_city.rina).viewer)
