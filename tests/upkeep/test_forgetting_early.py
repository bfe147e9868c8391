"""What two agreed to delete before its time goes when its week is over, unless something needs it by then."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.db import engine_for, session_for, writing
from portal.base.errors import Refused
from portal.casework import commands, early, holds
from portal.casework.models import Note
from portal.flags import commands as flags
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag
from portal.followup import commands as followup
from portal.reports import trail
from tests.casework.at_work import (
    WHY,
    agree_to_delete,
    asks_to_delete,
    closes,
    does,
    ended,
    merges,
    taken,
    written,
)
from tests.factories import ring_of, viewer_of
from tests.followup.at_desk import Officer
from tests.upkeep.at_forgetting import forgets, left_in, secrets_of

WEEK = timedelta(days=7)


@pytest.fixture
def two(any_city):
    """An officer and the head."""
    return Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna)


def a_week_later(city, **how):
    with telling(now() + WEEK):
        return forgets(city, trust_clock=True, **how).output


def there(city):
    city.db.rollback()
    return set(city.db.scalars(select(Flag.id)))


@pytest.mark.asvs("V14.2.7")
def test_when_the_week_is_over_it_is_gone_and_not_a_day_before(two):
    rina, city = two[0], two[0].city
    flag_id, young, noise = ended(rina), ended(rina), ended(rina)
    agree_to_delete(*two, flag_id)
    with telling(now() + timedelta(days=1)):
        agree_to_delete(*two, young)

    with telling(now() + WEEK - timedelta(days=1)):
        assert "early     as two agreed   0 deleted" in forgets(city).output
    assert there(city) == {flag_id, young, noise}
    assert "early     as two agreed   1 would be deleted" in a_week_later(city, really=False)
    assert "early     as two agreed   1 deleted" in a_week_later(city)

    assert there(city) == {young, noise}


@pytest.mark.asvs("V14.2.7")
def test_no_byte_of_it_stays_in_any_file(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    flag_id, young = ended(rina), ended(rina)
    agree_to_delete(rina, ratna, flag_id)
    secrets = secrets_of(city, flag_id)
    assert left_in(city.url, secrets) != []

    a_week_later(city)

    assert left_in(city.url, secrets) == []
    assert left_in(city.url, secrets_of(city, young)) != []


def test_the_trail_proves_it_and_says_not_why(city):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    flag_id = ended(rina)
    agree_to_delete(rina, ratna, flag_id)
    notes = b"".join(city.db.scalars(select(Note.sealed_text)))

    a_week_later(city)

    acts = [(row.action, row.actor_id) for row in city.db.scalars(select(AuditEntry).where(
        AuditEntry.subject == str(flag_id)).order_by(AuditEntry.id))]
    assert acts[-2:] == [("flag.ask_to_delete", city.rina.account_id), ("flag.confirm", city.ratna.account_id)]
    entry = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "purge.early")).one()
    assert (entry.actor_id, entry.amount, entry.reason) == (None, 1, "as two agreed")
    assert WHY.encode() not in notes
    assert b"asked" not in notes


def test_whoever_stepped_aside_from_it_learns_nothing_when_it_goes(two):
    """Neither what was done on it comes to her sight, nor that the files were written anew."""
    rina, ratna = two
    city, near = rina.city, ended(rina)
    with writing(city.db):
        head_too = city.db.get_one(Account, city.dewi.account_id)
        head_too.role = "head"
        flags.keep_from(city.db, city.db.get_one(Flag, near), {head_too.id})
    before = seen_in_the_trail_by(city, city.dewi)
    agree_to_delete(rina, ratna, near)

    a_week_later(city)

    assert there(city) == set()
    assert seen_in_the_trail_by(city, city.dewi) == before


def seen_in_the_trail_by(city, person):
    with writing(city.db):
        acts = trail.read_trail(city.db, viewer=viewer_of(city.db, person), keys=city.keys).acts
    return [(act.action, act.who) for act in acts if act.action != "trail.read"]


def test_what_the_head_keeps_meanwhile_stays(two):
    rina, ratna = two
    flag_id = ended(rina)
    agree_to_delete(rina, ratna, flag_id)
    does(ratna, holds.place, flag_id, "court", "")

    output = a_week_later(rina.city)

    assert "early     as two agreed   0 deleted\n" in output
    assert "1 concerns stay under a hold" in output
    assert there(rina.city) == {flag_id}


def test_what_a_service_still_has_to_answer_about_stays(two):
    rina, city = two[0], two[0].city
    flag_id = ended(rina)
    agree_to_delete(*two, flag_id)
    with writing(city.db):
        city.db.execute(update(Flag).where(Flag.id == flag_id).values(referrals_out=1))

    assert "1 because something on them is still open" in a_week_later(city)
    assert there(city) == {flag_id}


def test_what_ended_under_it_goes_with_it(two):
    rina, city = two[0], two[0].city
    main, under, noise = taken(rina, Risk.LOW), taken(rina, Risk.LOW), ended(rina)
    merges(rina, under, main)
    closes(rina, main)
    agree_to_delete(*two, main)

    a_week_later(city)

    assert there(city) == {noise}


def test_when_its_work_begins_again_it_is_not_deleted_however_that_ends(two):
    rina, ratna = two
    flag_id, proposed = ended(rina), ended(rina)
    agree_to_delete(rina, ratna, flag_id)
    asks_to_delete(rina, proposed)

    for one in (flag_id, proposed):
        begins_again(rina, one)

    with pytest.raises(Refused):
        does(ratna, commands.confirm, proposed)
    closes(rina, flag_id)
    a_week_later(rina.city)
    assert there(rina.city) == {flag_id, proposed}


def test_with_it_begins_again_what_ended_under_it(two):
    rina, city = two[0], two[0].city
    main, under, noise = taken(rina, Risk.LOW), taken(rina, Risk.LOW), ended(rina)
    merges(rina, under, main)
    closes(rina, main)
    for one in (main, noise):
        agree_to_delete(*two, one)

    begins_again(rina, main)
    a_week_later(city)

    assert there(city) == {main, under}
    assert [note.kind for note in written(rina, under)][-2:] == [Move.CONFIRM, Move.SPARE]


def begins_again(officer, flag_id):
    city = officer.city
    with writing(city.db):
        flag = city.db.get_one(Flag, flag_id, populate_existing=True)
        followup.reopen(city.db, city.settings, officer.ring, flag, WHY, by=officer.viewer, version=flag.version,
                        once=f"again {flag_id}", body="")


def test_a_concern_that_is_open_is_never_deleted_whatever_stands_beside_it(two):
    rina, city = two[0], two[0].city
    flag_id = ended(rina)
    agree_to_delete(*two, flag_id)
    with writing(city.db):
        city.db.execute(update(Flag).where(Flag.id == flag_id).values(status=Status.ASSESSED, closed_at=None))

    a_week_later(city)

    assert there(city) == {flag_id}


@pytest.mark.postgres
@pytest.mark.parametrize("act", [early.spare, holds.place, followup.reopen], ids=["stops", "keeps", "begins again"])
def test_what_an_officer_saves_while_the_clock_strikes_is_let_be(postgres_city, act):
    city, engine = postgres_city, engine_for(postgres_city.url)
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    flag_id, other = ended(rina), ended(rina)
    for one in (flag_id, other):
        agree_to_delete(rina, ratna, one)
    how = {early.spare: (WHY,), holds.place: ("court", ""), followup.reopen: (WHY,)}[act]

    with session_for(engine) as session, session.begin():
        flag, ring = session.get_one(Flag, flag_id), ring_of(city, city.ratna, session)
        front = (city.settings, ring) if act is followup.reopen else (ring,)
        more = {"once": "again", "body": ""} if act is followup.reopen else {}
        act(session, *front, flag, *how, by=viewer_of(session, city.ratna), version=flag.version, **more)
        session.flush()
        output = a_week_later(city)  # while hers is not written down yet
    engine.dispose()

    assert "early     as two agreed   1 deleted" in output
    assert there(city) == {flag_id}
    assert "early     as two agreed   0 deleted" in a_week_later(city)
