"""One concern beside the list: what the list may say of it, in full, without opening it; and taking it there."""

import re

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.reference import spoken
from portal.flags.answers import Aware, Contact, KeepFrom, Need
from portal.flags.life import Move, Status
from portal.flags.models import Flag, FlagStep
from tests.factories import some_answers, some_identity
from tests.followup.at_desk import Officer, cadre_adds, sent

FRAGMENT = {"HX-Request": "true", "HX-Target": "pratinjau"}


def flag_of(city, flag_id):
    city.db.rollback()
    return city.db.get_one(Flag, flag_id, populate_existing=True)


def glance(city, desk, flag_id, **headers):
    return desk.get(f"/antrean/{spoken(flag_of(city, flag_id).code)}/lihat", headers=headers)


@pytest.mark.asvs("V14.2.6")
def test_it_says_the_coded_answers_and_neither_names_nor_words(city, sign_in):
    identity = some_identity(nickname="Kenanga", landmark="pagar hijau", rt="003")
    flag_id = sent(city, answers=some_answers(needs=(Need.HEARING,)), story="mutiara", identity=identity)
    cadre_adds(city, flag_id, text="permata")

    part = glance(city, sign_in(city.rina), flag_id, **FRAGMENT)

    assert "<html" not in part.html
    for told in ("A girl, 13–17 years", "Hard to hear", "Seems very afraid of someone", "RW 07, Jatirahayu",
                 "Call the cadre first."):
        assert told in part.text, told
    html = re.sub(r'value="[^"]*"', "", part.html)  # tokens hold any digits
    for hidden in ("mutiara", "permata", "Kenanga", "pagar hijau", "003", "Bu Siti", "0812"):
        assert hidden not in html, hidden


def test_it_leaves_the_concern_unread_and_a_trace_on_it(city, sign_in):
    flag_id = sent(city)

    glance(city, sign_in(city.rina), flag_id)

    flag = flag_of(city, flag_id)
    traces = city.db.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.amount)
                             .where(AuditEntry.subject == str(flag_id), AuditEntry.action != "flag.send")).all()
    assert (flag.status, flag.read_at) == (Status.NEW, None)
    assert traces == [("flags.summaries_opened", city.rina.account_id, 1)]


def test_locked_it_says_what_stands_in_the_clear(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    desk.client.delete_cookie("k")

    page = glance(city, desk, flag_id)

    assert "Your keys are locked." in page.text
    assert "Jatirahayu" in page.text
    assert "A girl" not in page.html
    assert city.db.scalar(select(func.count()).where(AuditEntry.action == "flags.summaries_opened")) == 0


@pytest.mark.parametrize(("answers", "said"), [
    ({"contact": Contact.NOBODY}, "Contact nobody yet."), ({"shared_phone": False}, "phone is not shared"),
    ({"keep_from": (), "aware": Aware.NOT_YET_WILLING}, "send no message")])
def test_how_to_reach_anybody_safely_is_part_of_it(city, sign_in, answers, said):
    assert said in glance(city, sign_in(city.rina), sent(city, answers=some_answers(**answers))).text


def test_taking_it_there_reads_it_first_and_opens_the_sheet(city, sign_in):
    flag_id, noise = sent(city, story="mutiara"), sent(city)

    page = glance(city, sign_in(city.rina), flag_id).form("/ambil").submit()

    flag = flag_of(city, flag_id)
    moves = city.db.scalars(select(FlagStep.move).where(FlagStep.flag_id == flag_id).order_by(FlagStep.at)).all()
    assert (flag.assignee_id, flag.status, moves) == \
        (city.rina.account_id, Status.ASSIGNED, [Move.SEND, Move.READ, Move.TAKE])
    assert page.path.endswith("/kerja")
    assert "mutiara" in page.text
    assert flag_of(city, noise).status == Status.NEW


def test_taking_it_twice_is_once(city, sign_in):
    form = glance(city, sign_in(city.rina), sent(city)).form("/ambil")

    first, second = form.submit(), form.submit()

    city.db.rollback()
    assert (first.status, second.status) == (203, 203)
    assert city.db.scalar(select(func.count()).where(FlagStep.move == Move.TAKE)) == 1


@pytest.mark.parametrize("before", [(), (Move.TAKE,)], ids=["only read", "taken"])
def test_a_colleague_who_was_faster_is_named(city, sign_in, before):
    flag_id, dewi = sent(city), Officer(city, city.dewi)
    form = glance(city, sign_in(city.rina), flag_id).form("/ambil")
    dewi.opens(flag_id)
    for move in before:
        dewi.does(move, flag_id)

    page = form.submit()

    assert page.status == 409
    assert "Dewi K. just changed this." in page.text
    assert flag_of(city, flag_id).assignee_id == (dewi.viewer.account_id if before else None)


def test_what_somebody_has_already_or_is_closed_is_only_opened(city, sign_in):
    mine, hers, closed = sent(city), sent(city), sent(city)
    Officer(city, city.rina).handles(mine)
    Officer(city, city.dewi).handles(hers)
    Officer(city, city.rina).closes(closed)

    for flag_id in (mine, hers, closed):
        page = glance(city, sign_in(city.rina), flag_id)
        assert [f.attrs["action"] for f in page.root.all("main")[0].all("form")] == ["/bahasa"]
        assert "Open the sheet" in page.text


def test_locked_keys_are_asked_for_before_anything_is_taken(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    desk.client.delete_cookie("k")

    ask = glance(city, desk, flag_id).form("/ambil").submit()

    assert (ask.status, flag_of(city, flag_id).assignee_id) == (403, None)


def test_one_under_a_conflict_cannot_be_seen_or_taken(city, sign_in):
    hidden, ordinary = sent(city, answers=some_answers(keep_from=(KeepFrom.CADRES,))), sent(city)
    desk, code = sign_in(city.rina), spoken(flag_of(city, hidden).code)
    form = glance(city, desk, ordinary).form("/ambil")
    form.action = f"/antrean/{code}/ambil"

    answers = [glance(city, desk, hidden), form.submit()]

    assert [answer.status for answer in answers] == [404, 404]
    assert flag_of(city, hidden).status == Status.NEW
