"""`flask audit`: one clear sentence, and an exit code that a timer understands."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.log import record
from portal.audit.models import AuditCheck
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.settings import BadSettings, Settings
from portal.cli import audit, tick
from tests.support import tampering


@pytest.fixture
def file(tmp_path):
    return tmp_path / "anchors.txt"


@pytest.fixture
def run(city, file):
    """Runs a command in the city, whose anchors go to `file` unless told otherwise."""
    def run(command, *arguments, anchors=file):
        city.app.config["SETTINGS"] = replace(city.settings, audit_anchors=anchors)
        return city.app.test_cli_runner().invoke(command, arguments)
    return run


def an_act(city, name="x"):
    with writing(city.db):
        record(city.db, "test.act", name, by=None)


def test_anchoring_adds_the_line_that_it_prints(city, run, file):
    first = run(audit.anchor)
    an_act(city)
    second = run(audit.anchor)

    assert file.read_text() == first.output + second.output
    assert first.output != second.output


def test_without_a_file_the_line_is_only_printed(run, file):
    printed = run(audit.anchor, anchors=None)

    assert (printed.exit_code, '"signature"' in printed.output, file.exists()) == (0, True, False)


def test_a_whole_trail_holds_and_what_is_newer_than_the_last_anchor_is_said(city, run):
    run(audit.anchor)
    whole = run(audit.verify)
    an_act(city)
    newer = run(audit.verify)

    assert (whole.exit_code, newer.exit_code) == (0, 0)
    assert "hold, and the chain goes through all 1 anchors. The last anchor is its end." in whole.output
    assert "What was written anew after the last anchor cannot be seen: 1 links." in newer.output


def test_without_anchors_it_says_what_it_cannot_see(run):
    said = run(audit.verify)

    assert said.exit_code == 0
    assert "Without anchors nobody can see whether the end was cut off, or all of it written anew." in said.output


def test_a_changed_trail_is_said_by_place_and_ends_with_1(city, run):
    run(audit.anchor)
    tampering.tamper(city.url, tampering.alter)

    said = run(audit.verify)

    assert said.exit_code == 1
    assert "does not follow on the one before it." in said.output
    assert "The trail was changed: 1 faults found." in said.output


@pytest.mark.asvs("V16.4.3")
def test_anchors_kept_elsewhere_are_compared_instead(city, run, file, tmp_path):
    run(audit.anchor)
    kept = tmp_path / "printed.txt"
    kept.write_text(file.read_text() + "\n")
    tampering.tamper(city.url, tampering.regrow)
    file.unlink()
    run(audit.anchor)  # whoever holds the server's key signs the new chain

    assert run(audit.verify).exit_code == 0
    elsewhere = run(audit.verify, "--anchors", str(kept))
    assert elsewhere.exit_code == 1
    assert "the chain is another than the one anchored at" in elsewhere.output


def test_no_anchor_is_added_to_one_that_the_chain_does_not_go_through(city, run, file):
    run(audit.anchor)
    tampering.tamper(city.url, tampering.cut_tail)
    before = file.read_text()

    said = run(audit.anchor)

    assert (said.exit_code, file.read_text()) == (1, before)
    assert "The trail is another than the one anchored at" in said.output


@pytest.mark.parametrize("line", ["half a li", '{"seq": 1}', "\x00"])
def test_a_line_that_is_no_anchor_is_a_fault(run, file, line):
    run(audit.anchor)
    with file.open("a") as more:
        more.write(f"{line}\n")

    checked, anchored = run(audit.verify), run(audit.anchor)

    assert (checked.exit_code, anchored.exit_code) == (1, 1)
    assert "Line 2 of the anchors is no anchor." in checked.output
    assert "The last line of" in anchored.output


def test_a_key_of_another_server_must_be_trusted_in_so_many_words(city, run, file):
    run(audit.anchor)
    key = json.loads(file.read_text())["key"]

    assert run(audit.verify, "--public-key", key).exit_code == 0
    strange = run(audit.verify, "--public-key", "00" * 32)
    assert strange.exit_code == 1
    assert "Line 1 of the anchors is not signed by this server." in strange.output


def test_a_file_that_cannot_be_written_is_said(run, tmp_path):
    said = run(audit.anchor, anchors=tmp_path / "nowhere" / "anchors.txt")

    assert said.exit_code == 1
    assert "cannot be written: No such file or directory." in said.output


@pytest.mark.asvs("V16.4.3")
def test_the_clock_anchors_once_an_hour_and_looks_through_it_once_a_day(city, run, file):
    for minutes in (0, 15, 30, 60, 75):
        with telling(now() + timedelta(minutes=minutes)):
            assert run(tick.tick).exit_code == 0

    assert len(file.read_text().splitlines()) == 2
    looked = city.db.scalars(select(AuditCheck)).all()
    assert 1 <= len(looked) <= 2  # two, when midnight lies in between
    assert all(check.holds and check.anchored for check in looked)


def test_the_clock_raises_the_alarm(city, run):
    run(audit.anchor)
    tampering.tamper(city.url, tampering.alter)

    said = run(tick.tick)

    assert said.exit_code == 1
    assert "The trail was changed." in said.output
    assert [check.holds for check in city.db.scalars(select(AuditCheck))] == [False]


def test_the_file_is_named_by_its_full_path():
    with pytest.raises(BadSettings):
        Settings.from_environment({"PORTAL_AUDIT_ANCHORS": "anchors.txt", "PORTAL_KEYS_FILE": "/nowhere"})
