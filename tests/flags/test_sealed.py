"""What was sealed stands nowhere in clear, and opens only where it belongs."""

import base64
import logging
from dataclasses import fields, replace
from urllib.parse import quote

import pytest
from sqlalchemy import select, text

from portal.accounts.sealed import KeyRing
from portal.base.db import writing
from portal.base.errors import NotVisible
from portal.base.settings import ServerKeys
from portal.base.vault import DoesNotOpen
from portal.flags import commands, queries, sealed
from portal.flags.answers import (
    Answers,
    Aware,
    CallTime,
    Contact,
    Identity,
    KeepFrom,
    Known,
    Need,
    Relation,
    Sign,
    Way,
)
from portal.flags.models import ContentKey, Flag, Message, Question
from tests.factories import a_flag, ring_of, some_answers, some_identity, viewer_of
from tests.support import canary

TELLING_CODES = {"known": Known.TOLD_BY_OTHERS, "aware": Aware.NOT_YET_WILLING, "need": Need.SPEAKING,
                 "way": Way.NO_MESSAGE, "question": "still_at_risk", "closing": "passed_on"}


@pytest.fixture
def marked():
    return canary.markers()


def send_all(city, marked, **kwargs):
    """A concern with a marker in every text that somebody types."""
    identity = some_identity(rt=marked["rt"], landmark=marked["landmark"], nickname=marked["nickname"],
                             school=marked["school"], person_phone="+6281298765432",
                             person_time=marked["person_time"], person_ways=(Way.NO_MESSAGE,))
    answers = some_answers(known=Known.TOLD_BY_OTHERS, aware=Aware.NOT_YET_WILLING, needs=(Need.SPEAKING,),
                           relation=Relation.NEIGHBOUR, contact=Contact.PERSON, **kwargs)
    return a_flag(city.db, city.settings, city.siti, answers=answers, story=marked["story"], identity=identity)


@pytest.mark.parametrize("write", [
    str.encode, lambda t: t.encode("utf-16le"), lambda t: t.encode("utf-16be"),
    lambda t: base64.b64encode(b'{"a":"' + t.encode()), lambda t: base64.b64encode(b"x" + t.encode() + b"yz"),
    lambda t: base64.b64encode(b"xy" + t.encode()), lambda t: t.encode().hex().encode(),
    lambda t: t.encode().hex().upper().encode(), lambda t: quote(t, safe="").encode(), lambda t: t[::-1].encode(),
], ids=["utf-8", "utf-16le", "utf-16be", "base64", "base64+1", "base64+2", "hex", "HEX", "address", "reversed"])
def test_the_search_finds_a_marker_in_every_guise(marked, write, tmp_path):
    for name, marker in marked.items():
        (tmp_path / "leak").write_bytes(b"before " + write(marker) + b" after")

        assert [found.split()[0] for found in canary.found_in(tmp_path / "leak", marked)] == [name]


@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_nothing_that_was_typed_or_chosen_stands_in_the_database_or_the_log(city, marked, caplog):
    caplog.set_level(logging.DEBUG)
    codes = {name: str(code) for name, code in TELLING_CODES.items()}

    with writing(city.db):
        flag = send_all(city, marked)
        siti, ratna = viewer_of(city.db, city.siti), viewer_of(city.db, city.ratna)
        ring = ring_of(city, city.ratna)
        commands.open_flag(city.db, ring, flag, by=ratna)
        commands.ask(city.db, city.settings, flag, "still_at_risk", by=ratna, version=flag.version)
        commands.answer(city.db, flag, {"text": marked["message"]}, by=siti, once="a", body=marked["message"])
        commands.add(city.db, city.settings, flag, {"text": marked["message"]}, worse=True, by=siti, once="b",
                     body=marked["message"])
        flag.risk_assessed, flag.assignee_id = "high", ratna.account_id
        commands.close(city.db, city.settings, flag, "passed_on", by=ratna, version=flag.version, agreed=True)

    searched = canary.database_files(city.url)
    hunted = {**marked, **codes, "phone": "81298765432", "reporter's phone": "81200000001"}
    assert len(searched) > 1  # the write-ahead log was looked at too
    assert any(canary.found_in(file, {"code": flag.code}) for file in searched)  # what is in clear is found
    assert [found for file in searched for found in canary.found_in(file, hunted)] == []
    assert canary.found_in(caplog.text.encode(), hunted) == []


def test_the_reporter_is_in_no_row_of_a_concern(city):
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti)
        commands.add(city.db, city.settings, flag, {"text": "x"}, worse=False, by=viewer_of(city.db, city.siti),
                     once="b", body="")
    hers = (city.siti.account_id.hex, str(city.siti.account_id), "Bu Siti", "081200000001")

    for table in ("flags", "content_keys", "flag_steps", "messages", "questions", "done_once"):
        rows = city.db.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - names from the line above
        assert rows or table == "questions"
        assert not any(name in str(row) for row in rows for name in hers), table
    acts = city.db.execute(text("SELECT action, actor_id FROM audit_entries WHERE action LIKE 'flag.%'")).all()
    assert {action for action, _ in acts} == {"flag.send", "flag.add"}
    assert {actor for _, actor in acts} == {None}


def test_two_concerns_of_one_reporter_carry_one_tag_and_another_reporters_differs(city):
    with writing(city.db):
        one, two = (a_flag(city.db, city.settings, city.siti) for _ in range(2))
        other = a_flag(city.db, city.settings, city.budi)

    assert one.reporter_tag == two.reporter_tag != other.reporter_tag


def test_a_reporters_tag_hangs_on_the_key_for_reporters_alone(city):
    other, siti = ServerKeys.fresh(), city.siti.account_id
    tag = sealed.reporter_tag(city.keys, siti)

    assert sealed.reporter_tag(replace(other, reporter=city.keys.reporter), siti) == tag
    assert sealed.reporter_tag(replace(city.keys, reporter=other.reporter), siti) != tag


def test_what_is_sealed_comes_back_as_it_was(city):
    answers = Answers("now", called="others", who="several", age="60_plus", needs=tuple(Need), signs=tuple(Sign),
                      known="session", relation="school", aware="cannot_ask", contact="person",
                      call_times=tuple(CallTime), shared_phone=False, keep_from=tuple(KeepFrom), place="RW 07")
    identity = Identity(**{f.name: f"teks {f.name} ✓" for f in fields(Identity) if f.name != "person_ways"},
                        person_ways=tuple(Way))
    story = "Baris satu\nبسم \U0001f469‍\U0001f467 <script>" + "ä" * 480
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti, answers=answers, story=story, identity=identity)
    key = commands.content_key(city.db, ring_of(city, city.ratna), flag.id)

    assert sealed.open_answers(key, flag.id, flag.sealed_answers) == answers
    assert sealed.open_story(key, flag.id, flag.sealed_story) == story
    assert sealed.open_identity(key, flag.id, flag.sealed_identity) == identity


def test_the_shortest_and_the_longest_story_look_alike(city):
    with writing(city.db):
        sizes = {len(a_flag(city.db, city.settings, city.siti, story="x" * n).sealed_story) for n in (0, 1, 500)}

    assert len(sizes) == 1


@pytest.fixture
def two(city):
    """Two concerns with a message, a question and a closing text each, and the ring that opens them."""
    ring, ratna, siti = ring_of(city, city.ratna), viewer_of(city.db, city.ratna), viewer_of(city.db, city.siti)
    made = []
    with writing(city.db):
        for number in range(2):
            flag = a_flag(city.db, city.settings, city.siti, story="x")
            commands.open_flag(city.db, ring, flag, by=ratna)
            commands.ask(city.db, city.settings, flag, "changed", by=ratna, version=flag.version)
            commands.answer(city.db, flag, {"text": "x"}, by=siti, once=f"o{number}", body="")
            flag.risk_assessed, flag.assignee_id = "low", ratna.account_id
            commands.close(city.db, city.settings, flag, "done", by=ratna, version=flag.version)
            made.append(flag)
    return made, ring


FIELDS = {"sealed_answers": sealed.open_answers, "sealed_story": sealed.open_story,
          "sealed_identity": sealed.open_identity}


@pytest.mark.asvs("V11.3.3")
@pytest.mark.parametrize("field", FIELDS)
def test_a_value_opens_in_its_own_row_and_field_alone(city, two, field):
    (one, other), ring = two
    key = commands.content_key(city.db, ring, one.id)
    value = getattr(one, field)

    assert FIELDS[field](key, one.id, value) is not None
    with pytest.raises(DoesNotOpen):
        FIELDS[field](key, other.id, value)
    for elsewhere in FIELDS.keys() - {field}:
        with pytest.raises(DoesNotOpen):
            FIELDS[elsewhere](key, one.id, value)
    with pytest.raises(DoesNotOpen):
        FIELDS[field](commands.content_key(city.db, ring, other.id), one.id, value)


@pytest.mark.parametrize("rewrapped", [False, True])
def test_a_content_key_opens_in_its_own_row_alone(city, two, rewrapped):
    (one, other), ring = two
    whole = city.db.get_one(ContentKey, one.id)
    moved = ContentKey(id=other.id, flag_id=other.id, key_id=whole.key_id, wrapped=whole.wrapped,
                       rewrapped=whole.rewrapped if rewrapped else None)

    assert whole.rewrapped is not None
    with pytest.raises(DoesNotOpen):
        sealed.content_key(ring, moved)


def test_messages_questions_and_closing_texts_open_in_their_own_rows_alone(city, two):
    (one, other), ring = two
    mine, theirs = (city.db.query(Message).filter_by(flag_id=flag.id).one() for flag in (one, other))
    asked, asked_there = (city.db.query(Question).filter_by(flag_id=flag.id).one() for flag in (one, other))
    keys = city.settings.require_keys()
    key = commands.content_key(city.db, ring, mine.id)

    theirs.sealed_text, asked_there.sealed_template = mine.sealed_text, asked.sealed_template
    city.db.expunge_all()

    assert sealed.open_message(key, mine) == {"text": "x"}
    assert sealed.open_question(keys, asked) == "changed"
    assert sealed.open_closing(keys, one.id, one.sealed_closing) == "done"
    for moved in (lambda: sealed.open_message(key, theirs), lambda: sealed.open_question(keys, asked_there),
                  lambda: sealed.open_closing(keys, other.id, one.sealed_closing)):
        with pytest.raises(DoesNotOpen):
            moved()


@pytest.mark.asvs("V11.3.3")
@pytest.mark.parametrize("byte", [0, 1, 13, 40, -1])
def test_one_altered_byte_and_it_does_not_open(city, two, byte):
    (one, _), ring = two
    key = commands.content_key(city.db, ring, one.id)
    altered = bytearray(one.sealed_story)
    altered[byte] ^= 1

    with pytest.raises(DoesNotOpen):
        sealed.open_story(key, one.id, bytes(altered))


def test_the_server_that_received_it_cannot_open_it(city):
    """Neither with all its own keys nor with an empty ring; a unit of another city neither."""
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti)
    keys = city.settings.require_keys()

    for ring in (KeyRing({}), ring_of(city, city.other)):
        with pytest.raises(NotVisible):
            commands.content_key(city.db, ring, flag.id)
    for own in (value for name in fields(keys) if isinstance(value := getattr(keys, name.name), bytes)):
        with pytest.raises(DoesNotOpen):
            sealed.open_story(own, flag.id, flag.sealed_story)


def test_deleting_the_content_key_makes_it_unreadable_for_good(city, two):
    (one, other), ring = two
    with writing(city.db):
        city.db.delete(city.db.get_one(ContentKey, one.id))

    with pytest.raises(NotVisible):
        commands.content_key(city.db, ring, one.id)
    assert commands.content_key(city.db, ring, other.id)


def test_the_first_reading_spares_later_ones_the_public_key(city):
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti)
    row, ring = city.db.get_one(ContentKey, flag.id), ring_of(city, city.rina)
    assert row.rewrapped is None

    first = sealed.content_key(ring, row)
    row.wrapped = b"no more"

    assert sealed.content_key(ring, row) == first
    assert sealed.content_key(ring_of(city, city.dewi), row) == first


def test_who_must_not_know_chooses_the_key_for_conflicts(city):
    with writing(city.db):
        plain = a_flag(city.db, city.settings, city.siti)
        kept = [a_flag(city.db, city.settings, city.siti, answers=some_answers(keep_from=(who,))) for who in KeepFrom]
    conflict = city.db.scalars(text("SELECT id FROM sealing_keys WHERE kind = 'conflict'").columns(Flag.key_id)).all()

    assert plain.key_id not in conflict
    assert {flag.key_id for flag in kept} <= set(conflict)
    assert len({flag.key_id for flag in kept}) == 1


def test_not_one_content_key_of_a_conflict_lies_under_the_key_that_every_officer_holds(city):
    with writing(city.db):
        flag = a_flag(city.db, city.settings, city.siti, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
        commands.add(city.db, city.settings, flag, {"text": "x"}, worse=False, by=viewer_of(city.db, city.siti),
                     once="b", body="")

    under = city.db.scalars(select(ContentKey.key_id).where(ContentKey.flag_id == flag.id)).all()

    assert under == [flag.key_id] * 2
    assert flag.key_id not in ring_of(city, city.rina)


@pytest.mark.asvs("V15.3.1")
def test_progress_shows_a_reporter_only_codes_for_set_texts(city, two):
    """What she is told is sealed too, but under the server's key: she has none of the unit's."""
    (one, _), _ = two
    seen = queries.progress(city.db, one.code, viewer=viewer_of(city.db, city.siti), keys=city.keys)

    assert seen.closing == "done"
