"""What two agreed to delete before its time goes when its week is over, unless something needs it by then."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.db import engine_for, session_for, writing
from portal.base.errors import Refused
from portal.base.reference import spoken
from portal.casework import commands, early, holds
from portal.casework.models import Hold, Note
from portal.flags import commands as flags
from portal.flags.life import Move, Status
from portal.flags.models import Flag
from portal.followup import commands as followup
from portal.followup import triage
from portal.reports import trail
from portal.upkeep import forgetting
from tests.casework.at_work import (
    WHY,
    a_family,
    agree_to_delete,
    asks_to_delete,
    begins_again,
    closes,
    does,
    ended,
    its_day,
    written,
)
from tests.factories import ring_of, viewer_of
from tests.followup.at_desk import Officer
from tests.upkeep.at_forgetting import forgets, left_in, secrets_of


@pytest.fixture
def two(any_city):
    """An officer and the head."""
    return Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna)


def a_week_later(city, **how):
    with telling(its_day(city)):
        return forgets(city, trust_clock=True, **how).output


def there(city):
    city.db.rollback()
    return set(city.db.scalars(select(Flag.id)))


@pytest.mark.asvs("V14.2.7")
def test_when_the_week_is_over_it_is_gone_and_not_a_day_before(two):
    rina, city = two[0], two[0].city
    flag_id, young, noise = ended(rina), ended(rina), ended(rina)
    agree_to_delete(*two, flag_id)
    its = its_day(city)
    with telling(now() + timedelta(days=30)):
        agree_to_delete(*two, young)

    with telling(its - timedelta(hours=2)):  # the evening before
        assert "early     as two agreed   0 deleted" in forgets(city, trust_clock=True).output
    assert there(city) == {flag_id, young, noise}
    with telling(its):
        assert "early     as two agreed   1 would be deleted" in forgets(city, really=False).output
        assert "early     as two agreed   1 deleted" in forgets(city, trust_clock=True).output

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


@pytest.mark.parametrize("let_go_again", [False, True])
def test_what_the_head_keeps_meanwhile_stays_also_when_she_lets_it_go_again(two, let_go_again):
    rina, ratna = two
    flag_id = ended(rina)
    agree_to_delete(rina, ratna, flag_id)
    does(ratna, holds.place, flag_id, "court", "")
    if let_go_again:
        does(ratna, holds.lift, flag_id, WHY)

    output = a_week_later(rina.city)

    assert "early     as two agreed   0 deleted\n" in output
    assert there(rina.city) == {flag_id}
    assert Move.SPARE in {note.kind for note in written(rina, flag_id)}


@pytest.mark.parametrize("beside", ["a hold", "open"])
def test_whatever_stands_beside_it_something_that_needs_it_keeps_it_and_what_was_to_go_with_it(two, beside):
    """Though no act of the portal leaves both."""
    rina, city = two[0], two[0].city
    (main, under), other = a_family(rina), ended(rina)
    for one in (main, other):
        agree_to_delete(*two, one)
    with writing(city.db):
        if beside == "a hold":
            city.db.add(Hold(flag_id=under, placed_at=now(), by_id=city.ratna.account_id))
        else:
            city.db.execute(update(Flag).where(Flag.id == under).values(status=Status.ASSESSED, closed_at=None))

    a_week_later(city)

    assert there(city) == {main, under}


@pytest.mark.parametrize("which", ["the main one", "the one under it"])
@pytest.mark.parametrize("act", ["stops", "keeps", "begins again", "steps aside"])
def test_what_happens_to_one_of_those_that_go_together_stops_all_of_them(two, act, which):
    rina, ratna = two
    dewi, city = Officer(rina.city, rina.city.dewi), rina.city
    main, under = a_family(rina)
    agree_to_delete(rina, ratna, main)
    one = main if which == "the main one" else under

    match act:
        case "stops":
            does(dewi, early.spare, one, WHY)
        case "keeps":
            does(ratna, holds.place, one, "court", "")
        case "begins again":
            begins_again(dewi, one)
        case "steps aside":
            steps_aside(dewi, one)
    a_week_later(city)

    assert there(city) == {main, under}


def steps_aside(officer, flag_id):
    city = officer.city
    with writing(city.db):
        code = spoken(city.db.get_one(Flag, flag_id).code)
        triage.step_aside(city.db, officer.ring, code, by=officer.viewer, keys=city.keys, once=code, body="")


def test_what_ended_under_it_stays_when_its_work_begins_again_though_it_was_agreed_on_alone(two):
    rina, ratna = two
    main, under = a_family(rina)
    agree_to_delete(rina, ratna, under)

    begins_again(rina, main)
    a_week_later(rina.city)

    assert there(rina.city) == {main, under}


@pytest.mark.postgres
def test_while_one_of_them_is_in_somebodys_hands_none_goes(postgres_city):
    city, engine = postgres_city, engine_for(postgres_city.url)
    two = Officer(city, city.rina), Officer(city, city.ratna)
    main, under = a_family(two[0])
    other = ended(two[0])
    for one in (main, other):
        agree_to_delete(*two, one)

    with session_for(engine) as session, session.begin():
        session.get_one(Flag, under, with_for_update=True)
        assert "early     as two agreed   1 deleted" in a_week_later(city)
    engine.dispose()

    assert there(city) == {main, under}
    assert "early     as two agreed   2 deleted" in a_week_later(city)


def test_what_goes_together_is_not_torn_apart_where_a_part_has_no_room_for_all(two, monkeypatch):
    rina, city = two[0], two[0].city
    main, under = a_family(rina)
    agree_to_delete(*two, main)
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)

    a_week_later(city)

    assert there(city) == {main, under}


def test_where_the_machine_was_off_or_its_clock_runs_ahead_it_waits_for_one_more_day(two):
    rina, city = two[0], two[0].city
    flag_id = ended(rina)
    forgets(city, trust_clock=True)
    agree_to_delete(*two, flag_id)

    output = a_week_later(city)
    assert "Nothing was deleted early" in output
    assert there(city) == {flag_id}
    with telling(its_day(city) + timedelta(days=1)):
        assert "early     as two agreed   1 deleted" in forgets(city).output


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
    (main, _under), noise = a_family(rina), ended(rina)
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
    (main, under), noise = a_family(rina), ended(rina)
    for one in (main, noise):
        agree_to_delete(*two, one)

    begins_again(rina, main)
    a_week_later(city)

    assert there(city) == {main, under}
    assert [note.kind for note in written(rina, under)][-2:] == [Move.CONFIRM, Move.SPARE]


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
