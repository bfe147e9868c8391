"""What happens to a concern from its reporter's side: kept once, whole or not at all, and traced to nobody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import now, telling
from portal.base.db import engine_for, session_for, writing
from portal.base.errors import NotVisible, Refused, Stale
from portal.flags import commands, queries
from portal.flags.answers import Danger, KeepFrom, Sign
from portal.flags.commands import Concern, SentBefore
from portal.flags.life import Risk, Status
from portal.flags.models import ContentKey, Flag, FlagStep, Message, Question
from tests.factories import area, ring_of, some_answers, some_identity, viewer_of

A_TUESDAY = datetime(2026, 11, 24, 2, 28, tzinfo=UTC)  # 09.28 in Jakarta, inside service hours


def concern(city, place="98.01.01.1001.07", story="Terdengar tangis.", **answers):
    return Concern(some_answers(**answers), story, some_identity(), area(city.db, place))


def send(city, person=None, *, once="key-1", body="the answers", **kwargs):
    """Send in a transaction of its own; gives the code."""
    with writing(city.db):
        return commands.send(city.db, city.settings, concern(city, **kwargs), once=once, body=body,
                             by=viewer_of(city.db, person or city.siti))


def the_flag(city, code):
    city.db.expire_all()
    return city.db.scalars(select(Flag).where(Flag.code == code)).one()


def how_many(city, model):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(model))


@contextmanager
def at_work(city, flag) -> Iterator[SimpleNamespace]:
    """A transaction in which an officer has opened the flag."""
    with writing(city.db):
        viewer, ring = viewer_of(city.db, city.rina), ring_of(city, city.rina)
        flag = city.db.get_one(Flag, flag.id)
        commands.open_flag(city.db, ring, flag, by=viewer)
        yield SimpleNamespace(flag=flag, by=viewer, ring=ring)


def asked(city, person=None):
    """A concern whose reporter has been asked something."""
    flag = the_flag(city, send(city, person))
    with at_work(city, flag) as work:
        commands.ask(city.db, city.settings, work.flag, "when_call", by=work.by, version=work.flag.version)
    return flag


def say(city, flag, text="Sore saja.", *, person=None, once="answer-1", body=None, worse=None):
    """Answer the question, or add something where `worse` is given."""
    with writing(city.db):
        flag = city.db.get_one(Flag, flag.id)
        who = {"by": viewer_of(city.db, person or city.siti), "once": once, "body": text if body is None else body}
        if worse is None:
            commands.answer(city.db, flag, {"text": text}, **who)
        else:
            commands.add(city.db, city.settings, flag, {"text": text}, worse=worse, **who)


def test_a_concern_is_kept_with_its_clocks_and_its_history(any_city):
    with telling(A_TUESDAY):
        flag = the_flag(any_city, send(any_city, danger=Danger.NOW))

    assert (flag.status, flag.risk_estimate, flag.rank, flag.risk_assessed) == (Status.NEW, Risk.HIGH, 0, None)
    assert flag.received_at == A_TUESDAY
    assert flag.due_at == flag.promised_at == A_TUESDAY + timedelta(hours=1)
    assert flag.kelurahan_id == area(any_city.db, "98.01.01.1001").id
    steps = any_city.db.scalars(select(FlagStep)).all()
    assert [(step.flag_id, step.move, step.by_id) for step in steps] == [(flag.id, "send", None)]


def test_what_comes_at_night_is_due_at_once_but_promised_for_the_morning(city):
    night = A_TUESDAY.replace(hour=15)  # 22.00

    with telling(night):
        flag = the_flag(city, send(city, danger=Danger.NOW))

    assert flag.due_at == night + timedelta(hours=1)
    assert flag.promised_at == datetime(2026, 11, 25, 2, tzinfo=UTC)  # an hour after the opening at 08.00


@pytest.mark.parametrize("place", ["98.01.01.1001", "98.01.01.1002.01", "98.01.02.1001", "npsn.90000001"])
def test_it_may_be_about_another_place_of_the_city(city, place):
    flag = the_flag(city, send(city, place=place))

    assert flag.unit_id == viewer_of(city.db, city.ratna).unit_id


def test_a_concern_goes_to_the_unit_of_the_place(city):
    flag = the_flag(city, send(city, place="98.02.01.1001.01"))

    assert flag.unit_id == viewer_of(city.db, city.other).unit_id


@pytest.mark.asvs("V2.2.3")
@pytest.mark.parametrize("place", ["98", "98.01", "98.01.01"])
def test_a_place_wider_than_a_kelurahan_is_refused(city, place):
    with pytest.raises(Refused):
        send(city, place=place)
    assert how_many(city, Flag) == 0


@pytest.mark.parametrize("who", ["wati", "rina", "ratna", "lina", "agus"])
def test_only_cadres_and_schools_send(city, who):
    with pytest.raises(Refused):
        send(city, getattr(city, who))
    assert (how_many(city, Flag), how_many(city, DoneOnce)) == (0, 0)


def test_the_same_form_twice_is_one_concern_with_one_code(any_city):
    first, second = send(any_city), send(any_city)
    another = send(any_city, once="key-2")

    assert first == second != another
    assert how_many(any_city, Flag) == 2


def test_the_same_form_with_other_answers_is_refused_and_the_first_ones_stand(any_city):
    code = send(any_city)

    with pytest.raises(SentBefore):
        send(any_city, body="other answers", danger=Danger.NOW)

    assert how_many(any_city, Flag) == 1
    assert the_flag(any_city, code).risk_estimate == Risk.MEDIUM


@pytest.mark.asvs("V15.4.2")
def test_two_taps_at_the_same_instant_are_one_concern(any_city):
    engine = engine_for(any_city.url)
    siti, place = viewer_of(any_city.db, any_city.siti), area(any_city.db, any_city.siti.area)
    sent = Concern(some_answers(), "", some_identity(), place)
    any_city.db.rollback()

    def tap(_):
        with session_for(engine) as session, writing(session):
            return commands.send(session, any_city.settings, sent, by=siti, once="one key", body="")

    with ThreadPoolExecutor(4) as taps:
        codes = set(taps.map(tap, range(8)))
    engine.dispose()

    assert len(codes) == 1
    assert how_many(any_city, Flag) == how_many(any_city, FlagStep) == how_many(any_city, DoneOnce) == 1


@pytest.mark.asvs("V2.3.3")
def test_what_fails_half_way_leaves_nothing(city, monkeypatch):
    monkeypatch.setattr(commands.done_once, "remember", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        send(city)

    assert [how_many(city, model) for model in (Flag, ContentKey, FlagStep, DoneOnce)] == [0, 0, 0, 0]
    assert "flag.send" not in city.db.scalars(select(AuditEntry.action)).all()


def test_codes_never_come_twice(city, monkeypatch):
    codes = iter(["K7M4PX", "K7M4PX", "R2D9TV"])
    monkeypatch.setattr(commands, "new_reference", lambda: next(codes))

    assert [send(city, once="a"), send(city, once="b")] == ["K7M4PX", "R2D9TV"]


def test_an_answer_ends_the_question_and_is_read_by_the_unit(any_city):
    flag = asked(any_city)

    say(any_city, flag, "Sore, setelah pukul 4.")

    flag = the_flag(any_city, flag.code)
    assert flag.status == Status.READ
    assert any_city.db.scalars(select(Question)).one().answered_at is not None
    with at_work(any_city, flag) as work:
        opened = commands.open_flag(any_city.db, work.ring, work.flag, by=work.by)
        assert [content for _, content in opened.messages] == [{"text": "Sore, setelah pukul 4."}]


def test_an_answer_sent_twice_is_kept_once(any_city):
    flag = asked(any_city)

    say(any_city, flag)
    say(any_city, flag)

    assert how_many(any_city, Message) == 1


def test_an_answer_sent_again_with_other_words_is_refused(city):
    flag = asked(city)
    say(city, flag, "Sore.")

    with pytest.raises(SentBefore):
        say(city, flag, "Pagi.")
    assert how_many(city, Message) == 1


def test_an_answer_to_a_question_that_was_withdrawn_meanwhile_is_not_lost(city):
    flag = asked(city)
    with at_work(city, flag) as work:
        commands.withdraw_question(city.db, work.flag, by=work.by, version=work.flag.version)

    say(city, flag, "Pagi saja.")

    message = city.db.scalars(select(Message)).one()
    assert message.question_id is None
    moves = city.db.scalars(select(FlagStep.move).order_by(FlagStep.at)).all()
    assert moves == ["send", "read", "ask", "withdraw_question", "add"]


def test_adding_keeps_the_words_and_changes_no_clock(any_city):
    code = send(any_city)
    before = the_flag(any_city, code)
    due, rank = before.due_at, before.rank

    say(any_city, before, "Hari ini tenang.", worse=False)
    say(any_city, before, "Hari ini tenang.", worse=False)

    after = the_flag(any_city, code)
    assert (after.due_at, after.rank, after.status) == (due, rank, Status.NEW)
    assert how_many(any_city, Message) == 1


def test_what_got_worse_becomes_urgent(city):
    with telling(A_TUESDAY):
        flag = the_flag(city, send(city, danger=Danger.NONE))
    assert flag.risk_estimate == Risk.LOW

    with telling(A_TUESDAY + timedelta(hours=3)):
        say(city, flag, "Sekarang dipukul.", worse=True)

    flag = the_flag(city, flag.code)
    assert (flag.risk_estimate, flag.rank) == (Risk.HIGH, 0)
    assert flag.due_at == A_TUESDAY + timedelta(hours=4)


def test_what_got_worse_never_gets_more_time(city):
    with telling(A_TUESDAY):
        flag = the_flag(city, send(city, danger=Danger.NOW))

    with telling(A_TUESDAY + timedelta(minutes=50)):
        say(city, flag, worse=True)

    assert the_flag(city, flag.code).due_at == A_TUESDAY + timedelta(hours=1)


def test_to_a_closed_concern_nothing_is_added(city):
    flag = the_flag(city, send(city))
    with at_work(city, flag) as work:
        work.flag.risk_assessed, work.flag.assignee_id = Risk.LOW, work.by.account_id
        commands.close(city.db, city.settings, work.flag, "done", by=work.by, version=work.flag.version)

    for worse in (None, True):
        with pytest.raises(Refused):
            say(city, flag, once="late", worse=worse)
    assert how_many(city, Message) == 0
    assert the_flag(city, flag.code).rank != 0


def test_a_message_is_sealed_to_the_same_key_as_its_concern(city):
    flag = the_flag(city, send(city, keep_from=(KeepFrom.RT_RW,)))

    say(city, flag, "Mohon hati-hati.", worse=False)

    message = city.db.scalars(select(Message)).one()
    assert city.db.get_one(ContentKey, message.id).key_id == flag.key_id
    with pytest.raises(NotVisible):
        commands.content_key(city.db, ring_of(city, city.rina), message.id)
    assert commands.content_key(city.db, ring_of(city, city.ratna), message.id)


def test_the_first_reading_is_a_move_and_every_reading_leaves_a_trace(city):
    flag = the_flag(city, send(city))

    for _ in range(3):
        with at_work(city, flag):
            pass

    assert the_flag(city, flag.code).status == Status.READ
    trail = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "flag.opened")).all()
    assert {(act.actor_id, act.subject) for act in trail} == {(city.rina.account_id, str(flag.id))}
    assert len(trail) == 3
    assert city.db.scalars(select(FlagStep.move)).all().count("read") == 1


def test_an_officer_who_looks_at_an_older_version_changes_nothing(city):
    flag = the_flag(city, send(city))
    with at_work(city, flag) as work:
        seen = work.flag.version

    say(city, flag, worse=False)

    with pytest.raises(Stale), at_work(city, flag) as work:
        commands.take(city.db, work.flag, by=work.by, version=seen)
    assert the_flag(city, flag.code).assignee_id is None


def test_a_reporter_is_told_nothing_that_a_page_could_leak(city):
    """The answers and the story open for no reporter: she holds no ring, and no query gives them."""
    code = send(city, signs=(Sign.TOUCHED,))

    seen = queries.progress(city.db, code, viewer=viewer_of(city.db, city.siti), keys=city.keys)

    assert set(vars(seen)) == {"id", "code", "told", "sent_at", "read_at", "handled_at", "closed_at", "promised_at",
                               "next_news_at", "late", "open", "closing", "question"}
    assert not any(isinstance(value, bytes) for value in vars(seen).values())


def test_time_in_the_forms_register_is_kept_to_the_day(city):
    send(city)

    assert city.db.scalars(select(DoneOnce.done_on)).one() == now().date()
