"""Anchors: what a line says, who may have signed it, and what is no anchor."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.audit import anchors, sealed
from portal.audit.log import record
from portal.base.clock import now
from portal.base.db import writing
from portal.base.settings import ServerKeys


@pytest.fixture
def line(city):
    return anchors.to_line(city.keys, anchors.present(city.db))


def test_a_line_is_read_back_as_it_was_signed(city, line):
    anchor = anchors.from_line(line, {sealed.public_key(city.keys)})

    assert anchor == anchors.present(city.db) or anchor.seq == anchors.present(city.db).seq
    assert anchors.stands(city.db, anchor)


@pytest.mark.asvs("V4.1.5")
@pytest.mark.parametrize("change", [{"seq": 1}, {"head": "0" * 64}, {"count": 0}, {"at": "2020-01-01T00:00:00+00:00"},
                                    {"signature": "AAAA"}])
def test_an_altered_line_is_not_ours(city, line, change):
    with pytest.raises(anchors.BadAnchor, match="not signed"):
        anchors.from_line(json.dumps(json.loads(line) | change), {sealed.public_key(city.keys)})


def test_a_line_of_another_server_is_not_ours_unless_it_is_trusted(city, line):
    other = ServerKeys.fresh()

    with pytest.raises(anchors.BadAnchor, match="not signed"):
        anchors.from_line(line, {sealed.public_key(other)})

    assert anchors.from_line(line, {sealed.public_key(other), sealed.public_key(city.keys)})


def test_of_all_that_stands_in_the_trail_only_what_says_that_the_keys_were_replaced_names_a_trusted_one(city):
    with writing(city.db):
        record(city.db, anchors.REPLACED, "a" * 64, by=None)
        record(city.db, "test.act", "b" * 64, by=None)

    assert anchors.trusted(city.db, city.keys) == {sealed.public_key(city.keys), "a" * 64}


@pytest.mark.parametrize("text", ["", "x", "{}", "[]", "null", '{"seq": "x"}', "\x00",
                                  '{"seq":1,"head":"a","count":1,"at":"yesterday","key":"k","signature":"AAAA"}'])
def test_what_is_no_anchor_is_said_to_be_none(text):
    with pytest.raises(anchors.BadAnchor, match="no anchor"):
        anchors.from_line(text, set())


@pytest.mark.parametrize("torn", [lambda line: line[:3], lambda line: line[:90], lambda line: bytes(90) + line[90:],
                                  lambda line: line[:90] + bytes(300), lambda _line: bytes(90)])
def test_a_last_line_that_was_torn_is_passed_over_and_the_next_takes_its_place(city, line, tmp_path, torn):
    file, signers = tmp_path / "anchors.txt", {sealed.public_key(city.keys)}
    anchors.append(file, line)
    whole = file.read_bytes()
    file.write_bytes(whole + torn(whole))

    assert anchors.lines(file) == [line]
    assert anchors.last(file, signers) == anchors.from_line(line, signers)
    anchors.append(file, line)
    assert file.read_bytes() == 2 * whole


@pytest.mark.parametrize("other", [b"no anchor", b"no anchor\n", b'{"seq": 1}', b"{}\n", b"\0\n"])
def test_a_last_line_that_is_no_anchor_is_not_taken_for_a_torn_one(city, line, tmp_path, other):
    file = tmp_path / "anchors.txt"
    anchors.append(file, line)
    with file.open("ab") as stream:
        stream.write(other)

    with pytest.raises(anchors.BadAnchor):
        anchors.last(file, {sealed.public_key(city.keys)})
    anchors.append(file, line)
    assert anchors.lines(file) == [line, other.decode().strip(), line]


def test_blank_lines_at_the_end_hide_no_anchor(city, line, tmp_path):
    file, signers = tmp_path / "anchors.txt", {sealed.public_key(city.keys)}
    file.write_text(f"{line}\n\n  \n")

    assert anchors.last(file, signers) == anchors.from_line(line, signers)


def test_an_anchor_stands_while_the_trail_grows_and_not_on_another_chain(city):
    anchor = anchors.present(city.db)

    with writing(city.db):
        record(city.db, "test.act", "x", by=None)

    assert anchors.stands(city.db, anchor)
    assert not anchors.stands(city.db, replace(anchor, head="0" * 64))
    assert not anchors.stands(city.db, replace(anchor, seq=anchor.seq + 5))


@pytest.mark.parametrize(("minutes", "due"), [(0, False), (50, False), (56, True), (600, True)])
def test_one_is_due_an_hour_after_the_last(minutes, due):
    newest = anchors.Anchor(1, "", 1, (now() - timedelta(minutes=minutes)).isoformat())

    assert anchors.is_due(newest) is due
    assert anchors.is_due(None)
