"""What the reporter says at the moment in which somebody at the desk does something: it is kept, and readable."""

import pytest
from sqlalchemy import select

from portal.accounts.models import SealingKey
from portal.base.db import writing
from portal.base.reference import spoken
from portal.casework import rewrapping
from portal.flags import commands, sealed
from portal.flags.life import Move
from portal.flags.models import ContentKey, Flag, Message, Question
from tests.casework.test_rewrapping import at_work_again, begins, moves
from tests.conftest import signed_in
from tests.followup.at_desk import Officer, sent

WORDS = "Sekarang lebih parah"


def code_of(city, flag_id):
    city.db.rollback()
    code = spoken(city.db.get_one(Flag, flag_id).code)
    city.db.rollback()
    return code


def form_of(city, flag_id, act):
    page = signed_in(city, city.siti).get(f"/k/{code_of(city, flag_id)}{'' if act == 'jawab' else '/tambah'}")
    return page.form(f"/{act}").fill(text=WORDS, **({} if act == "jawab" else {"worse": "yes"}))


def just_before(monkeypatch, what, happens):
    """Once, just before the portal does this in the reporter's own transaction."""
    real, done = getattr(commands, what), []

    def meanwhile(*given, **more):
        if not done:
            done.append(happens())
        return real(*given, **more)

    monkeypatch.setattr(commands, what, meanwhile)


def messages(city):
    city.db.rollback()
    return city.db.scalars(select(Message)).all()


@pytest.mark.postgres
@pytest.mark.parametrize("act", ["tambah", "jawab"])
def test_who_adds_or_answers_while_an_officer_opens_it_is_not_told_that_somebody_was_quicker(
        postgres_city, monkeypatch, act):
    city, flag_id = postgres_city, sent(postgres_city)
    rina = Officer(city, city.rina)
    if act == "jawab":
        rina.opens(flag_id)
        rina.does(Move.TAKE, flag_id)
        rina.does(Move.ASK, flag_id)
    form = form_of(city, flag_id, act)
    just_before(monkeypatch, "_lock", lambda: Officer(city, city.dewi).opens(flag_id) if act == "jawab" else
                rina.opens(flag_id))

    page = form.submit()

    assert page.status == 203
    assert len(messages(city)) == 1


@pytest.mark.postgres
def test_what_is_added_while_the_units_key_ends_lies_under_the_key_that_stays(postgres_city, monkeypatch):
    city, flag_id = postgres_city, sent(postgres_city)
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    rina.opens(flag_id)
    form, old_id, ended = form_of(city, flag_id, "tambah"), begins(ratna), []
    whole = at_work_again(ratna)

    def ends():
        moves(whole, old_id)
        with writing(city.db):
            ended.append(rewrapping.retire_if_empty(city.db, old_id, by=whole.viewer))
    just_before(monkeypatch, "_lock", ends)

    page, (message,) = form.submit(), messages(city)

    assert (page.status, ended) == (203, [True])
    key = city.db.get_one(SealingKey, city.db.get_one(ContentKey, message.id).key_id)
    assert key.retired_at is None
    at_work_again(rina).opens(flag_id)
    assert signed_in(city, city.rina).get(f"/k/{code_of(city, flag_id)}/kerja").status == 203


@pytest.mark.postgres
def test_while_she_adds_nobody_moves_the_concern_to_another_key(postgres_city, monkeypatch):
    city, flag_id = postgres_city, sent(postgres_city)
    ratna = Officer(city, city.ratna)
    form, old_id, refused = form_of(city, flag_id, "tambah"), begins(ratna), []
    whole = at_work_again(ratna)

    def tries():
        with writing(city.db):
            city.db.connection().exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(Exception, match="lock timeout"):
                rewrapping.move(city.db, whole.ring, city.db.get_one(SealingKey, old_id), by=whole.viewer)
            city.db.rollback()
            refused.append(True)
    just_before(monkeypatch, "_keep_message", tries)

    page = form.submit()

    assert (page.status, refused, len(messages(city))) == (203, [True], 1)


def test_an_answer_stays_with_the_question_that_her_page_showed(city):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    rina.does(Move.ASK, flag_id, "still_at_risk")
    form = form_of(city, flag_id, "jawab")
    rina.does(Move.WITHDRAW_QUESTION, flag_id)
    rina.does(Move.ASK, flag_id, "changed")

    page, (message,) = form.submit(), messages(city)

    asked = {one.id: sealed.open_question(city.keys, one) for one in city.db.scalars(select(Question))}
    assert asked[message.question_id] == "still_at_risk"
    assert page.status == 203
    assert page.form("/jawab")  # the other one waits for her still
    assert {sealed.open_question(city.keys, one) for one in city.db.scalars(
        select(Question).where(Question.answered_at.is_(None)))} == {"changed"}


@pytest.mark.parametrize("to", ["", "no key", "00000000-0000-0000-0000-000000000000"])
def test_an_answer_to_no_question_or_to_that_of_another_concern_is_kept_with_none_of_it(city, to):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    rina.does(Move.ASK, flag_id)
    out = city.db.scalars(select(Question.id)).one()
    form = form_of(city, flag_id, "jawab").fill(question=to)

    page, (message,) = form.submit(), messages(city)

    assert page.status == 203
    assert message.question_id == (None if to.startswith("0") else out)  # a page of before it had the field
