"""An officer who has to do with somebody in a concern steps aside: from then on it does not exist for her."""

import pytest
from sqlalchemy import func, select

from portal.accounts.models import Unit
from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from portal.base.reference import spoken
from portal.casework import commands
from portal.flags import commands as flags
from portal.flags import queries as flag_queries
from portal.flags.answers import KeepFrom
from portal.flags.life import Move, Status
from portal.flags.models import Exclusion, Flag, FlagStep
from portal.followup import presence, queries, triage
from portal.followup.models import Presence
from tests.casework.at_work import does, merges
from tests.factories import some_answers
from tests.followup.at_desk import Officer, sent


def steps_aside(city, person, flag_id):
    with writing(city.db):
        flags.step_aside(city.db, flag_of(city, flag_id), by=Officer(city, person).viewer)


def flag_of(city, flag_id):
    return city.db.get_one(Flag, flag_id, populate_existing=True)


def address(city, flag_id):
    city.db.rollback()
    return f"/k/{spoken(flag_of(city, flag_id).code)}/kerja"


def in_queue(city, person):
    city.db.rollback()
    page = queries.queue(city.db, queries.SavedView.OPEN, viewer=Officer(city, person).viewer, keys=city.keys,
                         settings=city.settings)
    return [line.id for line in page.lines]


def test_it_is_gone_for_her_and_stays_for_the_others(any_city):
    flag_id, noise = sent(any_city), sent(any_city)
    Officer(any_city, any_city.rina).opens(flag_id)

    steps_aside(any_city, any_city.rina, flag_id)

    assert in_queue(any_city, any_city.rina) == [noise]
    assert set(in_queue(any_city, any_city.dewi)) == {flag_id, noise}
    with pytest.raises(NotVisible):
        flag_queries.get_flag(any_city.db, flag_of(any_city, flag_id).code, keys=any_city.keys,
                              viewer=Officer(any_city, any_city.rina).viewer)


@pytest.mark.parametrize(("moves", "then"), [
    ((Move.TAKE,), Status.READ), ((Move.TAKE, Move.ASSESS), Status.ASSESSED),
    ((Move.TAKE, Move.ACT), Status.READ), ((Move.TAKE, Move.ASK), Status.WAITING),
    ((Move.TAKE, Move.ASSESS, Move.ACT, Move.CLOSE), Status.CLOSED)])
def test_what_was_hers_is_nobodys_and_is_not_lost(any_city, moves, then):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.opens(flag_id)
    for move in moves:
        rina.does(move, flag_id)

    steps_aside(any_city, any_city.rina, flag_id)

    flag = flag_of(any_city, flag_id)
    assert (flag.assignee_id, flag.status) == (None, then)
    assert flag_queries.steps_of(any_city.db, flag_id)[0].move == Move.STEP_ASIDE


def test_one_that_nobody_has_read_stays_unread(any_city):
    flag_id = sent(any_city)

    steps_aside(any_city, any_city.rina, flag_id)

    flag = flag_of(any_city, flag_id)
    assert (flag.status, flag.read_at) == (Status.NEW, None)
    assert in_queue(any_city, any_city.dewi) == [flag_id]


def test_what_a_colleague_has_stays_with_her(any_city):
    dewi, flag_id = Officer(any_city, any_city.dewi), sent(any_city)
    dewi.handles(flag_id)
    version = flag_of(any_city, flag_id).version

    steps_aside(any_city, any_city.rina, flag_id)

    flag = flag_of(any_city, flag_id)
    assert (flag.assignee_id, flag.status) == (dewi.viewer.account_id, Status.IN_PROGRESS)
    assert flag.version == version + 1  # so that a colleague's page shows what changed


def test_who_stepped_aside_is_on_record_nowhere_as_having_it_open(city):
    rina, flag_id = Officer(city, city.rina), sent(city)
    with writing(city.db):
        presence.touch(city.db, flag_id, by=rina.viewer)

    with writing(city.db):
        triage.step_aside(city.db, rina.ring, flag_of(city, flag_id).code, by=rina.viewer, keys=city.keys, once="k",
                          body="")

    assert city.db.scalar(select(func.count()).select_from(Presence)) == 0


def test_the_last_one_who_sees_it_cannot_go(any_city):
    flag_id = sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))  # the head alone holds its key

    with pytest.raises(Refused):
        steps_aside(any_city, any_city.ratna, flag_id)

    any_city.db.rollback()
    assert any_city.db.scalar(select(func.count()).select_from(Exclusion)) == 0


def test_not_even_when_the_others_have_stepped_aside_before(any_city):
    flag_id = sent(any_city)
    steps_aside(any_city, any_city.rina, flag_id)
    steps_aside(any_city, any_city.dewi, flag_id)

    with pytest.raises(Refused):
        steps_aside(any_city, any_city.ratna, flag_id)


def test_on_the_page_she_is_asked_once_more_then_it_is_gone(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    page = desk.get(address(city, flag_id)).form("/ambil").submit()

    asked = page.link("I have to do with this person")
    gone = asked.form("/mundur").submit()

    assert "You cannot take this back." in asked.text
    assert "It goes back to the queue" in asked.text
    assert gone.path == "/antrean"
    assert "You have stepped aside." in gone.text
    assert spoken(flag_of(city, flag_id).code) not in gone.text
    assert desk.get(address(city, flag_id)).status == 404
    log = sign_in(city.dewi).get(address(city, flag_id)).text
    assert "Stepped aside: conflict of interest Recorded today" in log
    assert "by Rina A." in log


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize(("left", "ended"), [("main", False), ("under", False), ("main", True), ("under", True)])
def test_what_it_was_put_together_with_is_gone_too(city, sign_in, left, ended):
    dewi = Officer(city, city.dewi)
    main, under, sibling, noise = (sent(city) for _number in range(4))
    dewi.handles(main)
    for flag_id in (under, sibling):
        dewi.opens(flag_id)
        merges(dewi, flag_id, main)
    if ended:
        dewi.does(Move.CLOSE, main)
    desk = sign_in(city.rina)

    asked = desk.get(address(city, {"main": main, "under": under}[left])).link("I have to do with this person")
    asked.form("/mundur").submit()

    assert "Nor is any other concern that was put together with it." in asked.text
    assert [desk.get(address(city, flag_id)).status for flag_id in (main, under, sibling, noise)] == \
        [404, 404, 404, 203]
    assert sign_in(city.dewi).get(address(city, main)).status == 203


def two_together(city, officer):
    """A concern that an officer works on, and one that she put under it."""
    main, under = sent(city), sent(city)
    officer.handles(main)
    officer.opens(under)
    merges(officer, under, main)
    return main, under


def test_what_went_to_another_unit_since_they_ended_together_is_no_matter_of_hers(city, sign_in):
    dewi = Officer(city, city.dewi)
    main, under = two_together(city, dewi)
    dewi.does(Move.CLOSE, main)
    dewi.does(Move.REOPEN, main)
    elsewhere = city.db.scalar(select(Unit.id).where(Unit.name == "UPTD 98.02"))
    does(dewi, commands.hand_over, main, elsewhere, "Ia pindah ke kota lain.")
    desk = sign_in(city.rina)

    gone = desk.get(address(city, under)).link("I have to do with this person").form("/mundur").submit()

    city.db.rollback()
    assert gone.path == "/antrean"
    assert city.db.scalars(select(Exclusion.flag_id)).all() == [under]


def test_while_her_keys_are_locked_nobody_can_tell_what_that_is_so_her_passphrase_is_asked_for(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    form = desk.get(address(city, flag_id)).link("I have to do with this person").form("/mundur")
    desk.client.delete_cookie("k")

    locked = form.submit().form("/masuk").submit("ask")
    assert flag_of(city, flag_id)
    back = locked.form("/masuk").fill(secret=city.rina.secret).submit().form("/mundur").submit()
    gone = back.form("/mundur").submit()

    assert gone.path == "/antrean"
    assert desk.get(address(city, flag_id)).status == 404


def test_where_nobody_else_sees_what_lies_under_it_she_cannot_go_either(city, sign_in):
    dewi = Officer(city, city.dewi)
    main, under = two_together(city, dewi)
    for person in (city.dewi, city.ratna):
        steps_aside(city, person, under)  # as long as this did not reach the others
    desk = sign_in(city.rina)

    page = desk.get(address(city, main)).link("I have to do with this person").form("/mundur").submit()

    assert (page.status, desk.get(address(city, main)).status) == (409, 203)
    assert "Nobody else could see it then." in page.text


def test_sent_twice_it_is_done_once(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    form = desk.get(address(city, flag_id)).link("I have to do with this person").form("/mundur")

    first, second = form.submit(), form.submit()

    city.db.rollback()
    assert (first.path, second.path) == ("/antrean", "/antrean")
    assert city.db.scalar(select(func.count()).where(FlagStep.move == Move.STEP_ASIDE)) == 1
    assert city.db.scalars(select(AuditEntry.actor_id).where(AuditEntry.action == "flag.step_aside")).all() == \
        [city.rina.account_id]


def test_the_last_one_is_told_what_to_do_first(city, sign_in):
    flag_id = sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    desk = sign_in(city.ratna)

    page = desk.get(address(city, flag_id)).link("I have to do with this person")

    assert "Nobody else could see it then." in page.text
    assert [f.attrs["action"] for f in page.root.all("main")[0].all("form")] == ["/bahasa"]


def test_a_forged_form_of_the_last_one_is_refused(city, sign_in):
    ordinary, flag_id = sent(city), sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    desk = sign_in(city.ratna)
    form = desk.get(address(city, ordinary)).link("I have to do with this person").form("/mundur")
    form.action = address(city, flag_id) + "/mundur"

    page = form.submit()

    assert (page.status, city.db.scalar(select(func.count()).select_from(Exclusion))) == (409, 0)
    assert "Nobody else could see it then." in page.text


@pytest.mark.parametrize("who", ["siti", "wati", "lina", "agus", "keyless", "other"])
def test_it_is_no_door_for_anybody_else(city, sign_in, who):
    assert sign_in(getattr(city, who)).get(address(city, sent(city)) + "/mundur").status == 404
