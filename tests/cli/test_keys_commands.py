"""Recovery sheets and new keys at the command line, by whoever runs the server and a head beside her."""

import os
import signal
import stat
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import delete, func, select

from portal.accounts import changes, kits, sheet_text, unit_keys
from portal.accounts.models import Account, KeyGrant, RecoveryKit
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.casework import rewrapping
from portal.cli import keys, setup, sheets
from tests.factories import a_flag, ring_of, viewer_of


@pytest.fixture
def run(city, monkeypatch):
    """Give a command with what is typed at its questions; no waiting."""
    monkeypatch.setattr(keys, "_SETTLES", 0)
    runner = city.app.test_cli_runner()
    return lambda *args, typed=(): runner.invoke(args=["keys", *args], input="".join(f"{line}\n" for line in typed))


@pytest.fixture
def shares(city):
    """Three shares of the unit's present keys."""
    return kits.make(city.db, ring_of(city, city.ratna), city.db.get_one(Account, city.ratna.account_id).unit_id)


def at_door(person):
    return [person.sign_in_name, person.secret, pyotp.TOTP(person.totp).now()]


def lines_of(share):
    groups = sheet_text.written(share)
    return [" ".join(groups[at:at + 4]) for at in range(0, len(groups), 4)]


def all_lines(shares):
    return [line for share in shares for line in lines_of(share)]


def grants(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(KeyGrant))


def test_the_kit_is_made_by_a_head_shown_and_typed_in_again(city, run, monkeypatch):
    monkeypatch.setattr("portal.base.vault.secrets.token_bytes", lambda size: bytes(range(size)))
    shares = kits.make(city.db, ring_of(city, city.ratna), unit_of(city))

    done = run("kit", typed=[*at_door(city.ratna), "", "", "", *all_lines(shares)])

    assert done.exit_code == 0, done.output
    assert "RECOVERY SHEET 3 OF 3" in done.output
    assert "LEMBAR PEMULIHAN 1 DARI 3" in done.output
    assert all(group in done.output for group in sheet_text.written(shares[1]))
    city.db.rollback()
    assert kits.is_of_present_keys(city.db, unit_of(city))


def unit_of(city):
    return city.db.get_one(Account, city.ratna.account_id).unit_id


def test_sheets_written_to_be_printed_are_private_and_gone_at_the_end(city, run, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(sheets, "check_kit", lambda *_given, **_more: seen.update(
        {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "kit").iterdir()}))

    done = run("kit", "--to", str(tmp_path / "kit"), typed=at_door(city.ratna))

    assert done.exit_code == 0, done.output
    assert seen == {"sheet-1.txt": 0o600, "sheet-2.txt": 0o600, "sheet-3.txt": 0o600}
    assert list((tmp_path / "kit").iterdir()) == []


def test_sheets_are_gone_from_the_disk_when_the_command_is_broken_off_too(city, run, tmp_path):
    done = run("kit", "--to", str(tmp_path / "kit"), typed=[*at_door(city.ratna), "x y"])

    assert done.exit_code == 1
    assert list((tmp_path / "kit").iterdir()) == []
    assert city.db.scalar(select(RecoveryKit)) is None


def test_a_mistyped_line_is_named_by_its_group_and_asked_for_again(city, run, shares):
    first, *others = all_lines(shares)
    wrong = first.replace(first[7], "3" if first[7] != "3" else "4", 1)

    done = run("kit", "--check", typed=[*at_door(city.ratna), "zu pendek", wrong, first, *others])

    assert done.exit_code == 0, done.output
    assert "A line has 4 groups of 6 signs." in done.output
    assert "is not right. Compare" in done.output


@pytest.mark.parametrize("ended", [signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize("at", ["writing", "typing"])
def test_sheets_are_gone_from_the_disk_when_the_line_is_lost(city, run, tmp_path, monkeypatch, ended, at):
    write, there = sheets._write, []

    def is_told_to_end(*_given, **_more):
        there.extend((tmp_path / "kit").iterdir())
        os.kill(os.getpid(), ended)

    def write_and_be_told(file, text):
        write(file, text)
        is_told_to_end()
        return file

    if at == "writing":
        monkeypatch.setattr(sheets, "_write", write_and_be_told)
    else:
        monkeypatch.setattr(sheets, "check_kit", is_told_to_end)
    before = signal.getsignal(ended)

    done = run("kit", "--to", str(tmp_path / "kit"), typed=at_door(city.ratna))

    assert done.exit_code == 128 + ended
    assert len(there) == (1 if at == "writing" else 3)
    assert list((tmp_path / "kit").iterdir()) == []
    assert signal.getsignal(ended) == before


def test_sheets_that_a_power_cut_left_are_told_of_and_stay_as_they_are(city, run, tmp_path):
    (tmp_path / "sheet-2.txt").write_text("a sheet")

    done = run("kit", "--to", str(tmp_path), typed=at_door(city.ratna))

    assert done.exit_code == 1
    assert f"Delete them: shred -u {tmp_path}/sheet-2.txt" in done.output
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("sheet")] == ["sheet-2.txt"]


def test_typing_the_same_sheet_three_times_makes_no_kit(city, run, shares):
    done = run("kit", "--check", typed=[*at_door(city.ratna), *lines_of(shares[0]) * 3])

    assert done.exit_code == 1
    assert "same sheet twice" in done.output
    assert city.db.scalar(select(RecoveryKit)) is None


@pytest.mark.parametrize("change", [
    lambda door: [door[0], "sawah hujan lampu kursi", door[2]], lambda door: [*door[:2], "000000"],
    lambda door: ["nobody", *door[1:]], lambda door: ["siti", *door[1:]],
])
def test_nothing_is_shown_to_somebody_who_does_not_get_in(city, run, change):
    done = run("kit", typed=change(at_door(city.ratna)))

    assert done.exit_code == 1
    assert "That does not match." in done.output
    assert "SHEET" not in done.output


def test_an_officer_makes_no_sheets(city, run):
    assert "That does not match." in run("kit", typed=at_door(city.rina)).output


def test_a_code_from_the_app_works_once_here_too(city, run, shares):
    door = at_door(city.ratna)
    assert run("kit", "--check", typed=[*door, *all_lines(shares)]).exit_code == 0

    assert "That does not match." in run("kit", "--check", typed=[*door, *all_lines(shares)]).output


def test_two_sheets_bring_the_keys_back(city, run, shares):
    with writing(city.db):
        city.db.execute(delete(KeyGrant))

    done = run("recover", typed=["keyless", *all_lines([shares[2], shares[0]])])

    assert done.exit_code == 0, done.output
    assert "Nona Baru holds the key for" in done.output
    assert len(ring_of(city, city.keyless).privates) == 2


@pytest.mark.parametrize(("name", "which", "sentence"), [
    ("keyless", (0, 0), "same sheet twice"), ("ratna", (0, 1), "holds these keys already"),
    ("agus", (0, 1), "must be of the same unit"), ("nobody", (0, 1), "Nobody can sign in as nobody."),
    ("siti", (0, 1), "Nobody can sign in as siti."), ("other", (0, 1), "must be of the same unit"),
])
def test_what_cannot_be_is_said_and_changes_nothing(city, run, shares, name, which, sentence):
    before = grants(city)

    done = run("recover", typed=[name, *all_lines([shares[at] for at in which])])

    assert done.exit_code == 1
    assert sentence in done.output
    assert grants(city) == before


def test_a_key_is_replaced_by_one_command(city, run):
    with writing(city.db):
        a_flag(city.db, city.settings, city.siti, story="mutiara")

    done = run("rotate", "unit", typed=at_door(city.ratna))

    assert done.exit_code == 0, done.output
    city.db.rollback()
    assert len(unit_keys.in_use(city.db, unit_of(city), "unit")) == 1
    assert rewrapping.left(city.db, unit_keys.in_use(city.db, unit_of(city), "unit")[0]) == 1


def test_a_replacing_that_was_broken_off_goes_on_and_makes_no_third_key(city, run):
    with writing(city.db):
        a_flag(city.db, city.settings, city.siti)
        unit_keys.begin(city.db, ring_of(city, city.ratna), "unit", by=viewer_of(city.db, city.ratna))

    done = run("rotate", "unit", typed=at_door(city.ratna))

    assert done.exit_code == 0, done.output
    assert "The new key is made" not in done.output
    city.db.rollback()
    assert len(unit_keys.in_use(city.db, unit_of(city), "unit")) == 1


def test_the_status_says_what_each_unit_needs(city, run, shares):
    assert run("status").output.count("there are no recovery sheets") == 2
    with writing(city.db):
        kits.keep(city.db, ring_of(city, city.ratna), unit_of(city), shares, by=None)
        changes.switch(city.db, city.db.get_one(Account, city.dewi.account_id), on=False,
                       by=viewer_of(city.db, city.agus))

    said = run("status")

    assert said.exit_code == 1
    assert "the key for ordinary concerns should be replaced: somebody held it until" in said.output
    assert said.output.count("there are no recovery sheets") == 1


@pytest.mark.asvs("V13.3.4")
def test_a_key_older_than_a_year_asks_to_be_replaced_whoever_held_it(run):
    young = run("status").output
    with telling(now() + timedelta(days=367)):
        old = run("status")

    assert "older than a year" not in young
    assert old.exit_code == 1
    assert old.output.count("the key for ordinary concerns should be replaced: it is older than a year") == 2
    assert old.output.count("the key for conflicts of interest should be replaced: it is older than a year") == 2


def test_set_up_offers_the_sheets_where_somebody_sits_at_the_keyboard(city, monkeypatch, shares):
    asked = []
    monkeypatch.setattr(setup.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(setup.click, "confirm", lambda *_given: True)
    monkeypatch.setattr(setup, "make_kit", lambda ring, unit_id, **_more: asked.append((ring, unit_id)))

    with city.app.app_context():
        setup.offer_kit(city.ratna.account_id, city.ratna.secret)

    (ring, unit_id), = asked
    assert unit_id == unit_of(city)
    assert len(ring.privates) == 2
