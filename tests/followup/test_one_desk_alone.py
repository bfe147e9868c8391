"""What the desk shows of one concern comes from that one, and what it shows to one officer is hers to know."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import NoResultFound

from portal.accounts.models import Account
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused, Stale
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.life import Move, Status
from portal.flags.models import Flag
from portal.followup import presence, queries, sheets, triage
from portal.followup.filters import Filters
from tests.factories import a_flag, some_answers, viewer_of
from tests.followup.at_desk import Officer, cadre_adds, sent


@pytest.fixture
def desk(any_city):
    """Rina, Dewi, the head, and the head of another unit."""
    return tuple(Officer(any_city, person) for person in (any_city.rina, any_city.dewi, any_city.ratna,
                                                          any_city.other))


def in_queue(officer, view=queries.SavedView.OPEN, only=None):
    city = officer.city
    city.db.rollback()
    page = queries.queue(city.db, view, viewer=officer.viewer, keys=city.keys, settings=city.settings,
                         **({"only": only} if only else {}))
    return {line.id for line in page.lines}


def here(officer, flag_id):
    city = officer.city
    return [one.name for one in presence.others(city.db, city.db.get_one(Flag, flag_id), viewer=officer.viewer)]


def two_at_one_sheet_and_one_at_another(first, second):
    """The two concerns: both officers have the one open, the first of them the other too."""
    city = first.city
    one, other = sent(city), sent(city)
    with writing(city.db):
        for officer, flag_id in ((first, one), (second, one), (first, other)):
            presence.touch(city.db, flag_id, by=officer.viewer)
    return one, other


def test_no_line_is_made_of_a_concern_that_one_may_not_know_of(desk):
    rina, _, ratna, other = desk
    city = rina.city
    kept = city.db.get_one(Flag, sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,))))

    assert queries.line_of(city.db, kept, viewer=ratna.viewer, keys=city.keys).id == kept.id
    for officer in (rina, other):
        with pytest.raises(NoResultFound):
            queries.line_of(city.db, kept, viewer=officer.viewer, keys=city.keys)


def sheet_of(officer, flag_id):
    city = officer.city
    with writing(city.db):
        flag = city.db.get_one(Flag, flag_id, populate_existing=True)
        opened = flags.open_flag(city.db, officer.ring, flag, by=officer.viewer)
        return sheets.sheet(city.db, officer.ring, flag, opened, viewer=officer.viewer, keys=city.keys)


def test_the_question_of_one_concern_is_not_on_the_sheet_of_another(desk):
    rina, *_ = desk
    one, other = sent(rina.city), sent(rina.city)
    for flag_id in (one, other):
        rina.handles(flag_id)
    rina.does(Move.ASK, one, "changed")

    asked, quiet = sheet_of(rina, one), sheet_of(rina, other)

    assert (asked.question, quiet.question) == ("changed", "")
    assert [Move.ASK in {entry.move for entry in sheet.log} for sheet in (asked, quiet)] == [True, False]


def test_colleagues_are_named_only_to_who_may_give_work_to_them(desk):
    rina, _, ratna, _ = desk
    flag_id = sent(rina.city)
    rina.opens(flag_id)

    assert sheet_of(ratna, flag_id).candidates is not None
    assert sheet_of(rina, flag_id).candidates is None


def test_an_unread_concern_that_changed_since_the_list_was_made_is_read_again_before_it_is_taken(desk):
    rina, *_ = desk
    city = rina.city
    flag_id = sent(city)
    listed = city.db.get_one(Flag, flag_id).version
    cadre_adds(city, flag_id, worse=True)

    with pytest.raises(Stale), writing(city.db):
        triage.pick_up(city.db, rina.ring, city.db.get_one(Flag, flag_id, populate_existing=True), by=rina.viewer,
                       version=listed, once="tap", body="")

    city.db.rollback()
    assert city.db.get_one(Flag, flag_id, populate_existing=True).status == Status.NEW


def test_who_is_at_a_sheet_is_seen_there_and_nowhere_else_and_not_by_herself(desk):
    rina, dewi, ratna, _ = desk
    city = rina.city
    one, other = two_at_one_sheet_and_one_at_another(rina, dewi)

    assert (here(ratna, one), here(ratna, other)) == (["Rina A.", "Dewi K."], ["Rina A."])
    assert here(rina, one) == ["Dewi K."]
    with writing(city.db):
        presence.leave(city.db, one, by=rina.viewer)
    assert (here(ratna, one), here(ratna, other)) == (["Dewi K."], ["Rina A."])


def test_staying_at_one_sheet_keeps_nobody_at_another(desk):
    rina, dewi, ratna, _ = desk
    city = rina.city
    one, other = two_at_one_sheet_and_one_at_another(rina, dewi)
    later = now() + presence.LASTS / 2
    with telling(later), writing(city.db):
        presence.touch(city.db, one, by=rina.viewer)

    with telling(now() + presence.LASTS + timedelta(seconds=1)):
        assert (here(ratna, one), here(ratna, other)) == (["Rina A."], [])
    with telling(later + presence.LASTS + timedelta(seconds=2)), writing(city.db):
        presence.touch(city.db, one, by=dewi.viewer)
        assert city.db.query(presence.Presence).count() == 2  # of another sheet nothing was swept away


def test_somebody_who_may_not_know_of_it_any_more_is_not_seen_at_it(desk):
    rina, _dewi, ratna, _ = desk
    city = rina.city
    flag_id = sent(city)
    with writing(city.db):
        presence.touch(city.db, flag_id, by=rina.viewer)
        city.db.get_one(Account, city.rina.account_id).active = False

    assert here(ratna, flag_id) == []


def test_each_sees_in_her_queue_tasks_and_search_what_she_may_know_of(desk):
    rina, dewi, ratna, other = desk
    city = rina.city
    plain, conflict = sent(city), sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    theirs = sent(city, city.far)
    codes = {flag_id: city.db.get_one(Flag, flag_id).code for flag_id in (plain, conflict, theirs)}

    assert [in_queue(one) for one in desk] == [{plain}, {plain}, {plain, conflict}, {theirs}]
    found = {(one.person.key, flag_id) for one in desk for flag_id, code in codes.items()
             if queries.find(city.db, code, viewer=one.viewer, keys=city.keys)}
    assert found == {("rina", plain), ("dewi", plain), ("ratna", plain), ("ratna", conflict), ("other", theirs)}
    rina.opens(plain)
    rina.does(Move.TAKE, plain)
    hers = {one.person.key: {line.id for lines in queries.tasks(
        city.db, viewer=one.viewer, keys=city.keys, settings=city.settings).values() for line in lines}
        for one in desk}
    assert hers == {"rina": {plain}, "dewi": set(), "ratna": set(), "other": set()}


def test_tasks_and_the_open_queue_hold_nothing_that_has_ended(desk):
    rina, *_ = desk
    city = rina.city
    ended, going = sent(city), sent(city)
    rina.closes(ended)
    rina.handles(going)

    tasks = queries.tasks(city.db, viewer=rina.viewer, keys=city.keys, settings=city.settings)
    assert {line.id for lines in tasks.values() for line in lines} == {going}
    assert (in_queue(rina), in_queue(rina, queries.SavedView.CLOSED)) == ({going}, {ended})


def test_a_concern_of_hers_that_she_may_not_know_of_any_more_is_no_task_of_hers(desk):
    rina, *_ = desk
    city = rina.city
    flag_id = sent(city)
    rina.handles(flag_id)
    with writing(city.db):
        city.db.get_one(Flag, flag_id).key_id = a_flag(
            city.db, city.settings, city.siti, answers=some_answers(keep_from=(KeepFrom.RT_RW,))).key_id

    tasks = queries.tasks(city.db, viewer=rina.viewer, keys=city.keys, settings=city.settings)
    assert [line for lines in tasks.values() for line in lines] == []


def test_news_of_one_concern_is_not_shown_at_another(desk):
    rina, *_ = desk
    city = rina.city
    one, other = sent(city), sent(city)
    rina.handles(one)
    rina.handles(other)
    cadre_adds(city, one)

    assert in_queue(rina, queries.SavedView.NEWS) == {one}


def test_the_part_of_a_queue_is_the_part_that_was_asked_for(desk):
    rina, dewi, *_ = desk
    city = rina.city
    flag_id, free = sent(city), sent(city)
    dewi.opens(flag_id)
    dewi.does(Move.TAKE, flag_id)

    assert in_queue(rina, only=Filters(officer=dewi.viewer.account_id)) == {flag_id}
    assert in_queue(rina, queries.SavedView.MINE) == set()
    assert in_queue(dewi, queries.SavedView.MINE) == {flag_id}
    assert free in in_queue(rina)


def test_only_who_was_handed_a_key_holds_one(any_city):
    holders = {who: queries.holds_a_key(any_city.db, viewer_of(any_city.db, getattr(any_city, who)))
               for who in ("rina", "keyless")}

    assert holders == {"rina": True, "keyless": False}


def test_work_is_given_only_to_colleagues_who_may_know_of_it_and_do_not_have_it(desk):
    rina, dewi, ratna, _ = desk
    city = rina.city
    plain, conflict = sent(city), sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    for flag_id in (plain, conflict):
        ratna.opens(flag_id)
    rina.does(Move.TAKE, plain)

    def offered(flag_id):
        found = sheets.candidates(city.db, city.db.get_one(Flag, flag_id, populate_existing=True),
                                  viewer=ratna.viewer, keys=city.keys)
        return [candidate.name for candidate in found.officers], found.keyless, found.in_conflict

    assert (offered(plain), offered(conflict)) == ((["Dewi K."], 1, 0), ([], 1, 2))
    for flag_id, to in ((conflict, city.dewi), (plain, city.keyless), (plain, city.other)):
        with pytest.raises(NotVisible):
            ratna.does(Move.ASSIGN, flag_id, to.account_id, "")
    with pytest.raises(Refused):
        dewi.does(Move.ASSIGN, plain)
