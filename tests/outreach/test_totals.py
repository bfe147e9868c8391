"""The running totals: right after any order of logging, moving and correcting, and whoever does it at once."""

import random
from collections import Counter
from datetime import date, timedelta
from threading import Thread

import pytest
from alembic import command
from sqlalchemy import select, text

from portal.areas import loading
from portal.areas.models import Area
from portal.base.db import engine_for, session_for, writing
from portal.cli.database import alembic_config
from portal.outreach import commands, totals
from portal.outreach.commands import Held
from portal.outreach.models import Outreach, OutreachCorrection, OutreachLatest, OutreachSubjectTally, OutreachTally
from tests.factories import area, viewer_of

TODAY = date(2026, 11, 24)
SITI, BUDI = "98.01.01.1001.07", "98.01.01.1001.08"


def held_at(city, code, day=TODAY, **changes):
    plain = {"area_id": area(city.db, code).id, "held_on": day, "topics": ("internet",), "women": 10}
    return Held(**{**plain, **changes})


def log(city, held, person=None, once=""):
    with writing(city.db):
        return commands.log_session(city.db, held, by=viewer_of(city.db, person or city.siti), body="", today=TODAY,
                                    once=once or f"{held.area_id} {held.held_on} {held.women}")


def correct(city, key, held, person=None, once="correction"):
    with writing(city.db):
        outreach = city.db.get_one(Outreach, key, populate_existing=True)
        commands.correct_session(city.db, outreach, held, by=viewer_of(city.db, person or city.siti), body="",
                                 version=outreach.version, today=TODAY, once=f"{key} {once}")


def kept(city):
    """(area code, month) to (sessions, attendance), and area code to last day, as the tables say."""
    city.db.rollback()
    tallies = {(code, month): (sessions, attendance) for code, month, sessions, attendance in city.db.execute(
        select(Area.code, OutreachTally.month, OutreachTally.sessions, OutreachTally.attendance)
        .join(Area, Area.id == OutreachTally.area_id)) if sessions or attendance}
    latest = dict(city.db.execute(select(Area.code, OutreachLatest.held_on)
                                  .join(Area, Area.id == OutreachLatest.area_id)).all())
    return tallies, latest


def counted(city):
    """The same, counted here from every single session, with nothing of the portal's own counting."""
    sessions, attendance, latest = Counter(), Counter(), {}
    for outreach, path in city.db.execute(select(Outreach, Area.path).join(Area, Area.id == Outreach.area_id)
                                          .execution_options(populate_existing=True)):
        for code in path.strip("/").split("/"):
            place = code, outreach.held_on.replace(day=1)
            sessions[place] += 1
            attendance[place] += outreach.attendance
            latest[code] = max(latest.get(code, outreach.held_on), outreach.held_on)
    return {place: (sessions[place], attendance[place]) for place in sessions}, latest


def kept_heads(city):
    """Women and boys by (area code, month), and sessions by (area code, month, topics), as the tables say."""
    city.db.rollback()
    heads = {(code, row.month): (row.women, row.boys) for code, row in city.db.execute(
        select(Area.code, OutreachTally).join(Area, Area.id == OutreachTally.area_id)
        .execution_options(populate_existing=True)) if row.sessions}
    subjects = {(code, row.month, row.topics): (row.sessions, row.women, row.boys) for code, row in city.db.execute(
        select(Area.code, OutreachSubjectTally).join(Area, Area.id == OutreachSubjectTally.area_id)
        .execution_options(populate_existing=True)) if row.sessions}
    return heads, subjects


def counted_heads(city):
    """The same, counted here session by session."""
    heads, subjects = {}, {}
    for outreach, path in city.db.execute(select(Outreach, Area.path).join(Area, Area.id == Outreach.area_id)
                                          .execution_options(populate_existing=True)):
        said = " ".join(sorted(topic.topic for topic in outreach.topics))
        for code in path.strip("/").split("/"):
            place = code, outreach.held_on.replace(day=1)
            women, boys = heads.get(place, (0, 0))
            heads[place] = women + outreach.women, boys + outreach.boys
            sessions, women, boys = subjects.get((*place, said), (0, 0, 0))
            subjects[(*place, said)] = sessions + 1, women + outreach.women, boys + outreach.boys
    return heads, subjects


def test_a_correction_moves_a_session_from_one_month_to_another(any_city):
    log(any_city, held_at(any_city, SITI, date(2026, 10, 3)))
    key = log(any_city, held_at(any_city, SITI, date(2026, 11, 2), women=20))

    correct(any_city, key, held_at(any_city, SITI, date(2026, 9, 30), women=7))

    tallies, latest = kept(any_city)
    assert {month: n for (code, month), n in tallies.items() if code == "98.01"} == \
        {date(2026, 10, 1): (1, 10), date(2026, 9, 1): (1, 7)}
    assert set(latest.values()) == {date(2026, 10, 3)}


def test_a_correction_moves_a_session_from_one_place_to_another(any_city):
    key = log(any_city, held_at(any_city, SITI))

    correct(any_city, key, held_at(any_city, "npsn.90000001"))

    tallies, latest = kept(any_city)
    assert {code for code, _ in tallies} == {"98", "98.01", "98.01.01", "98.01.01.1001", "npsn.90000001"}
    assert SITI not in latest
    assert latest["npsn.90000001"] == latest["98.01"] == TODAY


def test_the_last_day_falls_back_on_a_neighbours_session_only_above_both(any_city):
    log(any_city, held_at(any_city, BUDI, date(2026, 11, 20)), any_city.budi)
    key = log(any_city, held_at(any_city, SITI, TODAY))

    correct(any_city, key, held_at(any_city, SITI, date(2026, 10, 1)))

    latest = kept(any_city)[1]
    assert latest[SITI] == date(2026, 10, 1)
    assert {latest[code] for code in ("98", "98.01", "98.01.01", "98.01.01.1001", BUDI)} == {date(2026, 11, 20)}


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_acts_leaves_what_a_count_of_every_session_says(any_city, seed):
    chance = random.Random(seed)
    with writing(any_city.db):
        loading.load(any_city.db, ["code,level,name,parent", f"{SITI}.01,rt,RT 01,", f"{SITI}.02,rt,RT 02,"])
    places = (SITI, f"{SITI}.01", f"{SITI}.02", BUDI, "npsn.90000001", "98.01.01.1001", "98.02.01.1001.01")
    keys = []
    for number in range(30):
        held = held_at(any_city, chance.choice(places), TODAY - timedelta(days=chance.randint(0, 70)),
                       women=chance.randint(1, 300), boys=chance.randint(0, 9),
                       topics=tuple(chance.sample(["internet", "hak_anak", "bantuan"], chance.randint(1, 3))))
        if keys and chance.random() < 0.45:
            correct(any_city, chance.choice(keys), held, once=str(number))
        else:
            keys.append(log(any_city, held, once=str(number)))

    assert kept(any_city) == counted(any_city)
    assert kept_heads(any_city) == counted_heads(any_city)
    assert totals.differences(any_city.db) == []


def log_a_few(city):
    for number, code in enumerate((SITI, BUDI, "98.02.01.1001.01", SITI)):
        log(city, held_at(city, code, TODAY - timedelta(days=30 * number), women=number + 1))


def spoil(city):
    with writing(city.db):
        city.db.execute(text("UPDATE outreach_tallies SET sessions = 99"))
        city.db.execute(text("UPDATE outreach_subject_tallies SET women = 0"))
        city.db.execute(text("DELETE FROM outreach_latest"))


def test_counting_anew_mends_totals_that_went_wrong(any_city):
    log_a_few(any_city)
    spoil(any_city)

    with writing(any_city.db):
        totals.rebuild(any_city.db)

    assert kept(any_city) == counted(any_city)
    assert kept_heads(any_city) == counted_heads(any_city)


def test_the_command_names_what_is_wrong_mends_it_and_proves_it(city):
    log_a_few(city)
    runner = city.app.test_cli_runner()
    right = runner.invoke(args=["sessions", "recount", "--check"])
    spoil(city)

    wrong, mended = (runner.invoke(args=["sessions", "recount", *more]) for more in (["--check"], []))

    assert (right.exit_code, right.output) == (0, "All totals are right.\n")
    assert wrong.exit_code == 1
    assert "kept [99, " in wrong.output
    assert mended.exit_code == 0
    assert kept(city) == counted(city)
    assert runner.invoke(args=["sessions", "recount", "--check"]).output == "All totals are right.\n"


def test_sessions_from_before_are_counted_by_heads_and_subject_when_the_tables_are_brought_up(any_city):
    log_a_few(any_city)
    log(any_city, held_at(any_city, SITI, boys=5, topics=("bantuan", "hak_anak")), once="more")
    any_city.db.rollback()
    engine = engine_for(any_city.url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0001")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    engine.dispose()

    assert kept(any_city) == counted(any_city)
    assert kept_heads(any_city) == counted_heads(any_city)
    assert totals.differences(any_city.db) == []


def test_counting_anew_where_nothing_was_held_leaves_nothing(any_city):
    with writing(any_city.db):
        totals.rebuild(any_city.db)

    assert kept(any_city) == ({}, {})


def test_a_correction_that_says_the_same_leaves_no_trace(any_city):
    key = log(any_city, held_at(any_city, SITI))
    before = any_city.db.get_one(Outreach, key).version

    correct(any_city, key, held_at(any_city, SITI))

    assert any_city.db.scalars(select(OutreachCorrection)).all() == []
    assert any_city.db.get_one(Outreach, key, populate_existing=True).version == before
    assert kept(any_city) == counted(any_city)


@pytest.mark.asvs("V15.4.3")
@pytest.mark.postgres
def test_people_who_log_and_correct_at_once_neither_lose_a_count_nor_stop_each_other(postgres_city):
    """Each moves her session to and fro between two months, while each also logs new ones: without an order,
    the database would find them waiting for each other and end one of them."""
    people = {SITI: postgres_city.siti, BUDI: postgres_city.budi}
    days = {code: [held_at(postgres_city, code, date(2026, 10 + number % 2, 1 + number)) for number in range(20)]
            for code in people}
    keys = {code: log(postgres_city, days[code][0], person) for code, person in people.items()}
    viewers = {code: viewer_of(postgres_city.db, person) for code, person in people.items()}
    postgres_city.db.rollback()
    faults = []

    def work(code, turn):
        engine = engine_for(postgres_city.url)
        try:
            with session_for(engine) as session:
                for number, held in enumerate(days[code][turn:]):
                    with writing(session):
                        outreach = session.get_one(Outreach, keys[code], populate_existing=True)
                        commands.correct_session(session, outreach, held, by=viewers[code], body="", today=TODAY,
                                                 version=outreach.version, once=f"{code} {number}")
                    with writing(session):
                        commands.log_session(session, held, by=viewers[code], body="", today=TODAY,
                                             once=f"{code} new {number}")
        except Exception as fault:
            faults.append(fault)
        finally:
            engine.dispose()

    threads = [Thread(target=work, args=(code, turn)) for turn, code in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert kept(postgres_city) == counted(postgres_city)
    assert len(postgres_city.db.scalars(select(Outreach)).all()) == 2 + 20 + 19
