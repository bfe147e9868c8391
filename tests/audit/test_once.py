"""Forms that were sent twice: the first one's outcome answers, and the table tells a thief nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.audit import once
from portal.audit.models import DoneOnce
from portal.base.clock import now, telling
from portal.base.errors import Refused

KEY, BODY = "kunci-sekali-pakai", '[["danger","yes"]]'


def test_a_form_that_was_never_sent_has_no_outcome(db):
    once.remember(db, "another form's key", BODY, "K7M4PX")
    db.commit()

    assert once.outcome_of(db, KEY, BODY) is None


def test_a_second_tap_finds_what_came_of_the_first(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    once.remember(db, "another form's key", BODY, "OTHER2")
    db.commit()

    assert once.outcome_of(db, KEY, BODY) == "K7M4PX"


def test_the_same_key_with_other_answers_is_refused(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    db.commit()

    with pytest.raises(Refused):
        once.outcome_of(db, KEY, '[["danger","no"]]')


def test_it_is_a_repeat_only_with_the_same_key_and_the_same_answers(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    db.commit()

    assert once.is_repeat(db, KEY, BODY)
    assert not once.is_repeat(db, KEY, '[["danger","no"]]')
    assert not once.is_repeat(db, "another form's key", BODY)


def test_a_key_is_used_whatever_the_answers_were(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    db.commit()

    assert once.is_used(db, KEY)
    assert not once.is_used(db, "another form's key")


def test_what_was_done_before_a_day_did_not_come_of_anything_since(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    db.commit()
    day = now().date()

    assert once.outcome_since(db, KEY, day) == "K7M4PX"
    assert once.outcome_since(db, KEY, day + timedelta(days=1)) is None
    assert once.outcome_since(db, "another form's key", day) is None


def test_the_last_day_is_that_of_the_same_outcome(db):
    for number, (days, outcome) in enumerate(((3, "forgotten"), (5, "forgotten"), (0, "another"))):
        with telling(now() - timedelta(days=days)):
            once.remember(db, f"{number}", BODY, outcome)
    db.commit()

    assert once.last_day_of(db, "forgotten") == now().date() - timedelta(days=3)
    assert once.last_day_of(db, "never") is None


def test_a_form_cannot_be_remembered_twice(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    db.commit()
    db.expunge_all()

    once.remember(db, KEY, BODY, "SECOND")
    with pytest.raises(IntegrityError):
        db.flush()


def test_what_is_taken_back_is_not_remembered(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    db.flush()
    db.rollback()

    assert once.outcome_of(db, KEY, BODY) is None


def test_the_row_holds_neither_key_nor_answers_nor_a_finer_time_than_the_day(db):
    once.remember(db, KEY, BODY, "K7M4PX")
    once.remember(db, "another form's key", BODY, "K7M4PX")
    db.commit()

    one, other = db.scalars(select(DoneOnce)).all()
    stored = [one.mark, one.digest, other.mark, other.digest]
    assert not any(KEY.encode() in value or b"danger" in value for value in stored)
    assert one.digest != other.digest  # the same answers leave different marks
    assert type(one.done_on) is date
    assert DoneOnce.__table__.columns.keys() == ["mark", "digest", "outcome", "done_on"]
