"""What is sealed and was altered does not open, and nobody is told which part of it was."""

import re
from collections import Counter

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.flags import sealed
from portal.flags.models import ContentKey, Flag, Message
from tests.conftest import signed_in
from tests.followup.at_desk import Officer, cadre_adds, sent
from tests.support.writings import at

ONE_TIME = re.compile(r'(name="csrf_token"[^>]*? value=|content=|nonce=)"[^"]*"')


def flip(data, at):
    """The same bytes with one bit of one of them turned round."""
    turned = bytearray(data)
    turned[at] ^= 1
    return bytes(turned)


def field(name, at):
    """Turn a bit in one of a concern's sealed fields."""
    def alter(flag, _key, _message):
        setattr(flag, name, flip(getattr(flag, name), at))
    return alter


def the_wrap(at):
    """Turn a bit where the content key lies wrapped, before anybody has put it under the quicker lock."""
    def alter(_flag, key, _message):
        key.rewrapped, key.wrapped = None, flip(key.wrapped, at)
    return alter


def cut(flag, _key, _message):
    flag.sealed_story = flag.sealed_story[:20]


def emptied(flag, _key, _message):
    flag.sealed_story = b""


def in_anothers_place(flag, _key, _message):
    """Whole, and under the right key: only what it is bound to is another."""
    flag.sealed_story = flag.sealed_answers


def of_another_message(_flag, _key, message):
    message.sealed_text = flip(message.sealed_text, -1)


VERSION, NONCE, TEXT, TAG = 0, 1, 40, -1
POINT, KEY = 5, 70
ALTERED = {
    "the version": field("sealed_story", VERSION), "the nonce": field("sealed_story", NONCE),
    "the ciphertext": field("sealed_story", TEXT), "the tag": field("sealed_story", TAG),
    "the answers": field("sealed_answers", TEXT), "cut off": cut, "nothing left": emptied,
    "what it is bound to": in_anothers_place, "the version of the wrap": the_wrap(VERSION),
    "the point of the wrap": the_wrap(POINT), "the wrapped key": the_wrap(KEY), "the tag of the wrap": the_wrap(TAG),
    "a message": of_another_message}


@pytest.fixture
def read_altered(city, caplog):
    """What comes of opening a sheet when a part of it was altered: the answer, the lines and the rows."""
    rina = signed_in(city, city.rina)

    def read(alter):
        flag_id = sent(city)
        Officer(city, city.rina).opens(flag_id)
        cadre_adds(city, flag_id)
        path = at(city, flag_id, "/kerja")
        with writing(city.db):
            alter(city.db.get_one(Flag, flag_id), city.db.get_one(ContentKey, flag_id),
                  city.db.scalars(select(Message).where(Message.flag_id == flag_id)).one())
        last = max(city.db.scalars(select(AuditEntry.id)))
        city.db.rollback()
        caplog.clear()

        page = rina.get(path)

        city.db.rollback()
        rows = [(row.action, row.subject == str(flag_id), row.actor_id, row.reason, row.amount) for row in
                city.db.scalars(select(AuditEntry).where(AuditEntry.id > last))]
        headers = {name: value for name, value in page.response.headers if name != "Set-Cookie"}
        lines = [(record.levelname, record.getMessage()) for record in caplog.records]
        return page.status, ONE_TIME.sub("", page.html).replace(path, "*"), headers, lines, rows

    return read


@pytest.mark.asvs("V11.2.5")
@pytest.mark.parametrize("part", ALTERED)
def test_whatever_was_altered_gives_one_answer_one_line_and_one_row(city, read_altered, part):
    where, html, headers, lines, rows = read_altered(ALTERED[part])
    first = read_altered(ALTERED["the tag"])

    assert (where, html, headers, lines, rows) == first
    assert where == 500
    assert lines == [("WARNING", "refused, what is sealed and does not open: GET followup.sheet by "
                                 f"{city.rina.account_id}")]
    assert rows == [("flag.not_opened", True, city.rina.account_id, "", 1)]


def test_what_is_whole_leaves_no_such_row(read_altered):
    status, _html, _headers, lines, rows = read_altered(lambda *_whole: None)

    assert (status, lines, [row[0] for row in rows]) == (203, [], ["flag.opened"])


def test_a_key_that_was_altered_where_it_is_only_quicker_costs_nothing(city, read_altered):
    def alter(_flag, key, _message):
        key.rewrapped = flip(key.rewrapped, TAG)

    status, *_answer, rows = read_altered(alter)

    assert (status, [row[0] for row in rows]) == (203, ["flag.opened"])
    key = city.db.scalars(select(ContentKey).join(Flag, Flag.id == ContentKey.id)).one()
    assert sealed.content_key(Officer(city, city.rina).ring, key)


@pytest.mark.asvs("V11.2.5")
def test_a_list_with_an_altered_one_shows_the_others_and_says_that_it_was_altered(city, sign_in):
    good, bad = sent(city), sent(city)
    with writing(city.db):
        field("sealed_answers", TAG)(city.db.get_one(Flag, bad), None, None)

    page = sign_in(city.rina).get("/antrean")

    city.db.rollback()
    entries = city.db.scalars(select(AuditEntry).where(AuditEntry.actor_id == city.rina.account_id)).all()
    assert page.status == 203
    assert Counter((one.action, one.subject) for one in entries if "signed_in" not in one.action) == {
        ("flags.summaries_opened", "terbuka"): 1, ("flag.not_opened", str(bad)): 1}
    assert good != bad


def test_the_head_reads_of_it(city, sign_in, read_altered):
    read_altered(ALTERED["the tag"])

    assert "Could not open it: what is sealed was altered" in sign_in(city.ratna).get("/jejak").text


@pytest.mark.asvs("V11.2.5")
def test_at_a_cadres_page_it_is_a_line_without_a_concern_and_no_row(city, sign_in, caplog):
    flag_id, rina = sent(city), Officer(city, city.rina)
    rina.closes(flag_id)
    with writing(city.db):
        field("sealed_closing", TAG)(city.db.get_one(Flag, flag_id), None, None)
    before = set(city.db.scalars(select(AuditEntry.id)))
    city.db.rollback()

    page = sign_in(city.siti).get(at(city, flag_id))

    city.db.rollback()
    assert page.status == 500
    assert [one.getMessage() for one in caplog.records] == [
        "refused, what is sealed and does not open: GET flags.progress by cadre"]
    assert set(city.db.scalars(select(AuditEntry.id))) == before
