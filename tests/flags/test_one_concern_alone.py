"""What is done to one concern, and what is shown of it, is of that one alone; and who is refused by the command."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts import sealed as sealed_accounts
from portal.accounts.models import Account, StaffKey
from portal.accounts.roles import Role
from portal.areas import loading
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from portal.flags import commands, life, places, queries
from portal.flags.life import Facts, Move, Status
from portal.flags.models import ContentKey, Flag, Message, Question
from portal.flags.policy import kept_from, visible_to, without_officer
from tests.factories import area, ring_of, viewer_of
from tests.flags.test_commands import concern, send, the_flag
from tests.followup.at_desk import Officer, cadre_adds, cadre_answers, sent

UNIT_LESS = """code,level,name,parent
98.03,city,Kota Baru,
98.03.01,kecamatan,Baru,
98.03.01.1001,kelurahan,Baru Satu,
98.03.01.1001.01,rw,RW 01,
"""


def asked(city, times=1):
    """Concerns that Rina took, in each of which Bu Siti is asked something."""
    flags = [sent(city) for _time in range(times)]
    rina = Officer(city, city.rina)
    for flag_id in flags:
        rina.opens(flag_id)
        rina.does(Move.TAKE, flag_id)
        rina.does(Move.ASK, flag_id)
    return flags, rina


def open_questions(city):
    city.db.rollback()
    return list(city.db.scalars(select(Question.flag_id).where(Question.answered_at.is_(None))))


@pytest.mark.parametrize("way", ["answered", "withdrawn"])
def test_a_question_that_has_ended_leaves_the_one_of_another_concern_open(any_city, way):
    (one, other), rina = asked(any_city, 2)

    if way == "answered":
        cadre_answers(any_city, one)
    else:
        rina.does(Move.WITHDRAW_QUESTION, one)

    assert open_questions(any_city) == [other]
    assert queries.open_question(any_city.db, one, any_city.keys) is None
    assert queries.open_question(any_city.db, other, any_city.keys) is not None
    siti = viewer_of(any_city.db, any_city.siti)
    marked = {row.code: row.asked for row in queries.mine(any_city.db, viewer=siti, keys=any_city.keys)}
    codes = {flag.id: flag.code for flag in any_city.db.scalars(select(Flag))}
    assert marked == {codes[one]: False, codes[other]: True}


def test_an_answer_is_kept_with_the_question_of_its_own_concern(any_city):
    (one, other), _rina = asked(any_city, 2)
    cadre_answers(any_city, one)
    cadre_answers(any_city, other)

    any_city.db.rollback()
    asked_in = dict(any_city.db.execute(select(Question.id, Question.flag_id)).all())
    assert {(message.flag_id, asked_in[message.question_id]) for message in any_city.db.scalars(select(Message))} == {
        (one, one), (other, other)}


def test_a_second_answer_is_something_added_not_an_answer_to_what_was_answered(any_city):
    (one,), _rina = asked(any_city)
    cadre_answers(any_city, one)
    cadre_answers(any_city, one, text="lagi")

    any_city.db.rollback()
    moves = [step.move for step in queries.steps_of(any_city.db, one)]
    assert sorted(moves).count(Move.ADD) == 1
    assert sorted(moves).count(Move.ANSWER) == 1


def test_an_opened_concern_shows_its_own_messages_and_steps(any_city):
    one, other = sent(any_city), sent(any_city)
    cadre_adds(any_city, other, text="bukan ini")

    opened = Officer(any_city, any_city.rina).opens(one)

    assert opened.messages == []
    assert [step.move for step in queries.steps_of(any_city.db, one)] == [Move.READ, Move.SEND]


def test_what_was_made_unreadable_for_good_is_not_there(any_city):
    flag_id = sent(any_city)
    with writing(any_city.db):
        any_city.db.delete(any_city.db.get_one(ContentKey, flag_id))

    with pytest.raises(NotVisible):
        Officer(any_city, any_city.rina).opens(flag_id)


def test_a_concern_that_is_open_is_not_opened_again(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.opens(flag_id)

    with pytest.raises(Refused):
        rina.does(Move.REOPEN, flag_id)


def test_a_city_without_a_unit_gets_no_concern(any_city):
    with writing(any_city.db):
        loading.load(any_city.db, UNIT_LESS.splitlines())

    with pytest.raises(Refused):
        send(any_city, place="98.03.01.1001.01")


def test_an_officer_writes_nothing_down_for_another_units_city(any_city):
    with pytest.raises(Refused), writing(any_city.db):
        commands.write_down(any_city.db, any_city.settings, concern(any_city, "98.02.01.1001.01"), caller_id=None,
                            by=viewer_of(any_city.db, any_city.rina), once="one", body="")


@pytest.mark.parametrize("move", [Move.SEND, Move.WRITE_DOWN])
def test_what_makes_a_concern_is_no_move_of_one(move):
    with pytest.raises(Refused):
        life.after(Status.READ, move, Role.OFFICER, Facts(), Facts())


@pytest.mark.parametrize("state", ["switched off", "no officer any more", "of another unit"])
def test_a_concern_is_nobodys_when_who_had_it_is(any_city, state):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    kept = sent(any_city)
    for one in (flag_id, kept):
        rina.opens(one)
    rina.does(Move.TAKE, flag_id)
    Officer(any_city, any_city.dewi).does(Move.TAKE, kept)
    with writing(any_city.db):
        account = any_city.db.get_one(Account, any_city.rina.account_id)
        if state == "switched off":
            account.active = False
        elif state == "of another unit":
            account.unit_id = any_city.db.get_one(Account, any_city.other.account_id).unit_id
        else:
            account.role = Role.LEADERSHIP  # whatever unit her row may still name

    head = viewer_of(any_city.db, any_city.ratna)
    assert list(any_city.db.scalars(select(Flag.id).where(without_officer(head)))) == [flag_id]


def test_stepping_aside_from_one_concern_is_from_that_one_and_for_her_alone(any_city):
    one, other = sent(any_city), sent(any_city)
    sent(any_city, any_city.far)  # which is another unit's, and kept from nobody for a conflict
    rina, dewi = viewer_of(any_city.db, any_city.rina), viewer_of(any_city.db, any_city.dewi)
    with writing(any_city.db):
        commands.step_aside(any_city.db, any_city.db.get_one(Flag, one), by=rina)

    assert list(any_city.db.scalars(kept_from(rina))) == [one]
    assert list(any_city.db.scalars(kept_from(dewi))) == []
    assert list(any_city.db.scalars(select(Flag.id).where(visible_to(rina, any_city.keys)))) == [other]
    assert queries.excluded_from(any_city.db, one) == {any_city.rina.account_id}
    assert queries.excluded_from(any_city.db, other) == set()


def test_stepping_aside_from_a_colleagues_work_leaves_it_hers(any_city):
    flag_id, rina = sent(any_city), Officer(any_city, any_city.rina)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    with writing(any_city.db):
        commands.step_aside(any_city.db, any_city.db.get_one(Flag, flag_id),
                            by=viewer_of(any_city.db, any_city.dewi))

    flag = the_flag(any_city, any_city.db.get_one(Flag, flag_id).code)
    assert (flag.assignee_id, flag.status) == (any_city.rina.account_id, Status.ASSIGNED)


@pytest.mark.parametrize("place", ["98", "98.01", "98.01.01"])
def test_who_has_no_place_in_a_kelurahan_has_nothing_to_choose_from(any_city, place):
    viewer = replace(viewer_of(any_city.db, any_city.siti), area_id=area(any_city.db, place).id)
    with any_city.app.test_request_context(), pytest.raises(NotVisible):
        places.choices(any_city.db, viewer)


def test_what_an_officer_writes_down_says_so_and_what_a_cadre_sends_names_nobody(any_city):
    rina = viewer_of(any_city.db, any_city.rina)
    with writing(any_city.db):
        code = commands.write_down(any_city.db, any_city.settings, concern(any_city), caller_id=None, by=rina,
                                   once="one", body="")
    written, by_cadre = the_flag(any_city, code).id, sent(any_city)

    steps = [queries.steps_of(any_city.db, flag_id)[0] for flag_id in (written, by_cadre)]
    assert [(step.move, step.by_id) for step in steps] == [
        (Move.WRITE_DOWN, any_city.rina.account_id), (Move.SEND, None)]


def test_what_is_hers_is_not_taken_again(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)

    with pytest.raises(Refused):
        rina.does(Move.TAKE, flag_id)


@pytest.mark.parametrize(("move", "status", "role", "facts", "may"), [
    (Move.TAKE, Status.READ, Role.OFFICER, Facts(), True),
    (Move.TAKE, Status.READ, Role.CADRE, Facts(), False),
    (Move.TAKE, Status.NEW, Role.OFFICER, Facts(), False),
    (Move.ASSIGN, Status.READ, Role.OFFICER, Facts(), False),
    (Move.ASSIGN, Status.READ, Role.HEAD, Facts(), True),
    (Move.ACT, Status.ASSIGNED, Role.OFFICER, Facts(owned=True), True),
    (Move.ACT, Status.READ, Role.OFFICER, Facts(), False),
    (Move.CLOSE, Status.ASSIGNED, Role.OFFICER, Facts(owned=True, assessed=True), True),
    (Move.CLOSE, Status.ASSIGNED, Role.OFFICER, Facts(owned=True), False),
    (Move.CLOSE, Status.ASSESSED, Role.OFFICER, Facts(assessed=True), False),
    (Move.BREAK_GLASS, Status.ASSESSED, Role.OFFICER, Facts(assessed=True, high=True), True),
    (Move.BREAK_GLASS, Status.ASSESSED, Role.OFFICER, Facts(assessed=True), False),
    (Move.HEAR_BACK, Status.REFERRED, Role.OFFICER, Facts(owned=True, assessed=True, referred=True), True),
    (Move.HEAR_BACK, Status.ASSIGNED, Role.OFFICER, Facts(owned=True, assessed=True), False)])
def test_a_move_is_open_to_whom_when_and_where_the_table_says_and_refused_else(move, status, role, facts, may):
    assert (move in life.open_moves(status, role, facts)) is may
    if not may:
        with pytest.raises(Refused):
            life.after(status, move, role, facts, facts)


def test_who_holds_another_units_key_still_sees_her_own_units_concerns_alone(any_city):
    theirs, ours = sent(any_city, any_city.far), sent(any_city)
    with writing(any_city.db):
        key = any_city.db.get_one(Flag, theirs).key_id
        private = ring_of(any_city, any_city.other).privates[key]
        own = any_city.db.get_one(StaffKey, any_city.ratna.account_id)
        any_city.db.add(sealed_accounts.grant(private, key, to=own, by=None))

    seen = {who: set(any_city.db.scalars(select(Flag.id).where(
        visible_to(viewer_of(any_city.db, getattr(any_city, who)), any_city.keys))))
        for who in ("ratna", "rina", "other", "keyless", "siti", "budi", "far", "wati", "lina", "agus")}
    assert seen == {"ratna": {ours}, "rina": {ours}, "other": {theirs}, "keyless": set(), "siti": {ours},
                    "budi": set(), "far": {theirs}, "wati": set(), "lina": set(), "agus": set()}


def test_while_a_recovery_is_fresh_only_what_was_sent_since_is_seen(any_city):
    with telling(now() - timedelta(days=2)):
        sent(any_city)
    later = sent(any_city)
    siti = replace(viewer_of(any_city.db, any_city.siti), quiet_until=now() + timedelta(hours=1))

    assert list(any_city.db.scalars(select(Flag.id).where(visible_to(siti, any_city.keys)))) == [later]


def test_who_steps_aside_while_the_cadre_is_asked_leaves_the_question_out(any_city):
    (flag_id,), rina = asked(any_city)

    with writing(any_city.db):
        commands.step_aside(any_city.db, any_city.db.get_one(Flag, flag_id), by=rina.viewer)

    flag = the_flag(any_city, any_city.db.get_one(Flag, flag_id).code)
    assert (flag.assignee_id, flag.status) == (None, Status.WAITING)
    assert [step.by_id for step in queries.steps_of(any_city.db, flag_id) if step.move != Move.SEND] == \
        [any_city.rina.account_id] * 4


def test_when_a_question_was_answered_stays_though_another_ends_later(any_city):
    (flag_id,), rina = asked(any_city)
    long_ago = now() - timedelta(days=3)
    cadre_answers(any_city, flag_id)
    with writing(any_city.db):
        any_city.db.execute(update(Question).values(answered_at=long_ago))
    rina.does(Move.ASK, flag_id)
    rina.does(Move.WITHDRAW_QUESTION, flag_id)

    any_city.db.rollback()
    ended = sorted(any_city.db.scalars(select(Question.answered_at)))
    assert ended[0] == long_ago
    assert ended[1] > long_ago
