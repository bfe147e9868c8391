"""Who sees which concern, among others' concerns, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.base.clock import telling
from portal.base.db import writing
from portal.base.errors import NotVisible
from portal.base.reference import spoken
from portal.flags import commands, queries
from portal.flags.answers import Danger, KeepFrom
from portal.flags.life import Risk, Told
from portal.flags.models import Flag
from portal.flags.policy import visible_to
from tests.factories import a_flag, ring_of, some_answers, viewer_of

A_TUESDAY = datetime(2026, 11, 24, 2, 28, tzinfo=UTC)  # 09.28 in Jakarta


@pytest.fixture
def crowd(any_city):
    """Concerns of three reporters in two cities, one of them kept from somebody. Code by name."""
    city = any_city
    senders = {"siti": (city.siti, {}), "siti_too": (city.siti, {}), "budi": (city.budi, {}), "far": (city.far, {}),
               "guru": (city.guru, {}), "kept": (city.budi, {"keep_from": (KeepFrom.RT_RW,)})}
    with writing(city.db):
        return {name: a_flag(city.db, city.settings, person, answers=some_answers(**answers)).code
                for name, (person, answers) in senders.items()}


VISIBLE = {
    "siti": {"siti", "siti_too"}, "budi": {"budi", "kept"}, "guru": {"guru"}, "far": {"far"},
    "rina": {"siti", "siti_too", "budi", "guru"}, "ratna": {"siti", "siti_too", "budi", "guru", "kept"},
    "other": {"far"}, "keyless": set(), "wati": set(), "lina": set(), "agus": set(),
}


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize("who", VISIBLE)
def test_everybody_sees_her_own_and_nothing_else(any_city, crowd, who):
    viewer = viewer_of(any_city.db, getattr(any_city, who))

    rows = any_city.db.scalars(select(Flag.code).where(visible_to(viewer, any_city.keys))).all()
    by_code = set()
    for name, code in crowd.items():
        try:
            by_code.add((name, queries.get_flag(any_city.db, code, viewer=viewer, keys=any_city.keys).code))
        except NotVisible:
            continue

    assert set(rows) == {crowd[name] for name in VISIBLE[who]}
    assert by_code == {(name, crowd[name]) for name in VISIBLE[who]}


@pytest.mark.parametrize("who", ["siti", "budi", "guru", "far"])
def test_a_reporters_list_holds_hers_alone(any_city, crowd, who):
    viewer = viewer_of(any_city.db, getattr(any_city, who))

    rows = queries.mine(any_city.db, viewer=viewer, keys=any_city.keys)

    assert {row.code for row in rows} == {crowd[name] for name in VISIBLE[who]}


def test_without_the_servers_key_for_reporters_nobody_is_found(any_city, crowd):
    other_keys = type(any_city.keys).fresh()

    assert queries.mine(any_city.db, viewer=viewer_of(any_city.db, any_city.siti), keys=other_keys) == []


def test_a_code_is_understood_however_it_was_typed(city):
    with writing(city.db):
        code = a_flag(city.db, city.settings, city.siti).code
        a_flag(city.db, city.settings, city.siti)
    siti = viewer_of(city.db, city.siti)

    for typed in (code, spoken(code), spoken(code).lower(), f" {code[:3]} {code[3:]} ", "-".join(code)):
        assert queries.get_flag(city.db, typed, viewer=siti, keys=city.keys).code == code


@pytest.mark.parametrize("code", ["", "K7M", "K7M-4PX-2", "OOO-OOO", "'; DROP TABLE flags; --", "\0" * 6, "𝟚𝟚𝟚𝟚𝟚𝟚"])
def test_what_cannot_be_a_code_is_absent(city, code):
    with pytest.raises(NotVisible):
        queries.get_flag(city.db, code, viewer=viewer_of(city.db, city.siti), keys=city.keys)


def test_the_list_goes_on_where_the_page_before_ended(any_city):
    siti = viewer_of(any_city.db, any_city.siti)
    with writing(any_city.db):
        codes = []
        for minute in range(60):
            with telling(A_TUESDAY + timedelta(minutes=minute)):
                codes.append(a_flag(any_city.db, any_city.settings, any_city.siti).code)
                if minute % 10 == 0:
                    a_flag(any_city.db, any_city.settings, any_city.budi)

    seen, before = [], None
    while True:
        rows = queries.mine(any_city.db, viewer=siti, keys=any_city.keys, before=before)
        seen += [row.code for row in rows[:25]]
        if len(rows) <= 25:
            break
        before = rows[24].sent_at

    assert seen == codes[::-1]


def test_a_question_shows_in_the_list_until_it_is_answered(city):
    siti, rina = viewer_of(city.db, city.siti), viewer_of(city.db, city.rina)

    def marks():
        return {row.code: row.asked for row in queries.mine(city.db, viewer=siti, keys=city.keys)}

    with writing(city.db):
        flag, quiet = (a_flag(city.db, city.settings, city.siti) for _ in range(2))
        commands.open_flag(city.db, ring_of(city, city.rina), flag, by=rina)
        commands.ask(city.db, city.settings, flag, "changed", by=rina, version=flag.version)
    assert marks() == {flag.code: True, quiet.code: False}

    with writing(city.db):
        commands.answer(city.db, flag, {"text": "ya"}, by=siti, once="k", body="")
    assert marks() == {flag.code: False, quiet.code: False}


@pytest.fixture
def story(city):
    """A concern, and the acts with which the unit brings it forward."""
    rina, ring = viewer_of(city.db, city.rina), ring_of(city, city.rina)
    with telling(A_TUESDAY), writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti, answers=some_answers(danger=Danger.NOW))
        a_flag(city.db, city.settings, city.siti)

    class Story:
        code = flag.code

        def seen(self):
            return queries.progress(city.db, flag.code, viewer=viewer_of(city.db, city.siti), keys=city.keys)

        def open(self):
            with writing(city.db):
                commands.open_flag(city.db, ring, city.db.get_one(Flag, flag.id), by=rina)

        def act(self):
            with writing(city.db):
                mine = city.db.get_one(Flag, flag.id)
                commands.take(city.db, mine, by=rina, version=mine.version)
                commands.assess(city.db, city.settings, mine, Risk.MEDIUM, by=rina, version=mine.version)
                commands.act(city.db, city.settings, mine, next_date=A_TUESDAY.date() + timedelta(days=2), by=rina,
                             version=mine.version)

        def close(self):
            with writing(city.db):
                mine = city.db.get_one(Flag, flag.id)
                commands.close(city.db, city.settings, mine, "not_now", by=rina, version=mine.version, agreed=True)

    return Story()


def test_the_four_words_come_one_after_the_other_each_with_its_time(story):
    times = [A_TUESDAY + timedelta(minutes=n) for n in (0, 13, 40, 90)]
    seen = []
    for moment, act in zip(times, (story.seen, story.open, story.act, story.close), strict=True):
        with telling(moment):
            act()
            seen.append(story.seen())

    assert [s.told for s in seen] == [Told.RECEIVED, Told.READ, Told.HANDLED, Told.CLOSED]
    last = seen[-1]
    assert [last.sent_at, last.read_at, last.handled_at, last.closed_at] == times
    assert (last.open, last.closing, last.late) == (False, "not_now", False)
    assert seen[2].next_news_at == datetime(2026, 11, 26, 9, tzinfo=UTC)  # closing time, 16.00


@pytest.mark.parametrize(("minutes", "late"), [(60, False), (61, True)])
def test_a_promise_to_call_is_late_once_its_time_is_over_and_nobody_has_acted(story, minutes, late):
    with telling(A_TUESDAY + timedelta(minutes=20)):
        story.open()

    with telling(A_TUESDAY + timedelta(minutes=minutes)):
        assert story.seen().late is late


@pytest.mark.parametrize(("days", "late"), [(1, False), (3, True)])
def test_once_acted_on_it_is_late_when_the_next_news_is(story, days, late):
    with telling(A_TUESDAY + timedelta(minutes=20)):
        story.open()
        story.act()

    with telling(A_TUESDAY + timedelta(days=days)):
        assert story.seen().late is late


def test_what_is_closed_is_never_late(story):
    with telling(A_TUESDAY + timedelta(minutes=20)):
        story.open()
        story.act()
        story.close()

    with telling(A_TUESDAY + timedelta(days=99)):
        assert story.seen().late is False


def test_the_question_is_told_by_its_code_and_only_while_it_waits(story, city):
    story.open()
    assert story.seen().question is None
    with writing(city.db):
        flag = city.db.scalars(select(Flag).where(Flag.code == story.code)).one()
        rina = viewer_of(city.db, city.rina)
        commands.ask(city.db, city.settings, flag, "how_to_find", by=rina, version=flag.version)

    assert story.seen().question.template == "how_to_find"
    with writing(city.db):
        commands.withdraw_question(city.db, flag, by=rina, version=flag.version)
    assert story.seen().question is None
