"""What officers do: a sealed note and a move together, once, or nothing at all."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused, Stale
from portal.casework.notes import write
from portal.casework.policy import OWN
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.life import MOVES, Facts, Move, Risk, Status, open_moves
from portal.flags.models import Flag, FlagStep
from portal.followup import commands, policy, sealed, sheets
from portal.followup.models import Note
from tests.factories import some_answers
from tests.followup.at_desk import WHY, Officer, an_action, cadre_adds, cadre_answers, sent


def sheet(city, officer, flag_id):
    """The sheet as this officer sees it now."""
    opened = officer.opens(flag_id)
    flag = city.db.get(Flag, flag_id)
    return sheets.sheet(city.db, officer.ring, flag, opened, viewer=officer.viewer, keys=city.keys)


def number_of(city, model, *conditions):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(model).where(*conditions))


def test_an_action_is_noted_sealed_and_shown_with_its_move(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    sent(any_city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)

    rina.does(Move.ACT, flag_id, an_action(any_city, text="mutiara 🌾\nbaris dua"))

    shown = sheet(any_city, Officer(any_city, any_city.dewi), flag_id)
    entry = shown.log[0]
    assert (entry.move, entry.by, entry.hers) == (Move.ACT, "Rina A.", False)
    assert (entry.content["text"], entry.content["way"]) == ("mutiara 🌾\nbaris dua", "phone")
    assert shown.line.status is Status.IN_PROGRESS
    assert b"mutiara" not in any_city.db.scalars(select(Note.sealed_text)).one()


def test_each_kind_of_note_stands_with_its_own_move(any_city):
    rina, ratna, flag_id = Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna), sent(any_city)
    rina.opens(flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.LOW, "Pertama: tampak aman.")
    rina.does(Move.ASSESS, flag_id, Risk.MEDIUM, "Kedua: ada ancaman baru.")
    ratna.does(Move.ASSIGN, flag_id, any_city.dewi.account_id, "Rina cuti.")
    rina.does(Move.ASK, flag_id, "when_call")
    rina.does(Move.CLOSE, flag_id, commands.Closing("not_found", "Pindah.", "not_now"))
    rina.does(Move.REOPEN, flag_id, "Ada kabar baru lagi.")

    log = sheet(any_city, rina, flag_id).log

    assert [(entry.move, entry.by, entry.content.get("text", "")) for entry in log] == [
        (Move.REOPEN, "Rina A.", "Ada kabar baru lagi."), (Move.CLOSE, "Rina A.", "Pindah."),
        (Move.ASK, "Rina A.", ""), (Move.ASSIGN, "Bu Ratna", "Rina cuti."),
        (Move.ASSESS, "Rina A.", "Kedua: ada ancaman baru."), (Move.ASSESS, "Rina A.", "Pertama: tampak aman."),
        (Move.READ, "Rina A.", ""), (Move.SEND, "", ""),
    ]
    assert (log[2].content["template"], log[3].content["officer"], log[1].content["reason"]) == \
        ("when_call", "Dewi K.", "not_found")


def test_a_note_without_its_move_is_still_shown(city):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    with writing(city.db):
        write(city.db, rina.ring, city.db.get(Flag, flag_id), Move.ACT, by=rina.viewer, text="mutiara")

    assert [entry.content.get("text") for entry in sheet(city, rina, flag_id).log] == ["mutiara", None, None]


def test_what_the_cadre_writes_later_stands_on_the_sheet_newest_first(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    cadre_adds(any_city, flag_id, text="satu", worse=True)
    rina.opens(flag_id)
    rina.does(Move.ASK, flag_id, "when_call")
    cadre_answers(any_city, flag_id, text="dua")

    messages = sheet(any_city, rina, flag_id).messages

    assert [(m.text, m.worse, m.question, [str(t) for t in m.call_times]) for m in messages] == \
        [("dua", False, "when_call", ["evening"]), ("satu", True, "", [])]


@pytest.mark.parametrize("move", [Move.TAKE, Move.ASSIGN, Move.ASSESS, Move.ACT, Move.ASK, Move.CLOSE])
def test_the_same_form_twice_is_done_once(any_city, move):
    ratna, flag_id = Officer(any_city, any_city.ratna), sent(any_city)
    ratna.handles(flag_id)
    if move is Move.TAKE:
        Officer(any_city, any_city.dewi).does(Move.TAKE, flag_id)
    version = any_city.db.get(Flag, flag_id).version

    for _tap in range(2):
        ratna.does(move, flag_id, version=version, once="the form's key", body="same")

    # handling made one step of its own of each kind
    before = 1 if move in {Move.TAKE, Move.ASSESS, Move.ACT} else 0
    extra = 1 if move is Move.TAKE else 0  # Dewi's
    assert number_of(any_city, FlagStep, FlagStep.flag_id == flag_id, FlagStep.move == move) == before + extra + 1
    assert number_of(any_city, DoneOnce, DoneOnce.outcome == any_city.db.get(Flag, flag_id).code) >= 1


def test_the_same_form_with_other_words_is_refused_and_keeps_nothing(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.handles(flag_id)
    rina.does(Move.ACT, flag_id, once="k", body="one")
    notes = number_of(any_city, Note)

    with pytest.raises(Refused):
        rina.does(Move.ACT, flag_id, once="k", body="two")

    assert number_of(any_city, Note) == notes


@pytest.mark.parametrize("move", [Move.TAKE, Move.ASSIGN, Move.ASSESS, Move.ACT, Move.ASK, Move.CLOSE])
def test_an_older_version_changes_nothing(any_city, move):
    rina, ratna, flag_id = Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna), sent(any_city)
    rina.handles(flag_id)
    before = any_city.db.get(Flag, flag_id).version
    rina.does(Move.ACT, flag_id)
    steps, notes, audits = (number_of(any_city, model) for model in (FlagStep, Note, AuditEntry))

    with pytest.raises(Stale):
        ratna.does(move, flag_id, version=before)

    assert (number_of(any_city, FlagStep), number_of(any_city, Note), number_of(any_city, AuditEntry)) == \
        (steps, notes, audits)


def test_each_move_raises_the_version_by_one(any_city):
    """The sheet counts on it to say what changed since an officer's page."""
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.closes(flag_id)
    rina.does(Move.REOPEN, flag_id)
    rina.does(Move.ASK, flag_id)
    cadre_answers(any_city, flag_id)
    rina.opens(flag_id)

    assert any_city.db.get(Flag, flag_id, populate_existing=True).version == \
        number_of(any_city, FlagStep, FlagStep.flag_id == flag_id)


def test_a_concern_is_not_given_to_somebody_without_its_key(any_city):
    ratna, flag_id = Officer(any_city, any_city.ratna), sent(any_city)
    ratna.opens(flag_id)

    for stranger in (any_city.keyless, any_city.other, any_city.siti):
        with pytest.raises(NotVisible):
            ratna.does(Move.ASSIGN, flag_id, stranger.account_id, "")

    assert number_of(any_city, Note) == 0


def test_the_head_chooses_among_those_who_hold_the_key(any_city):
    ratna, flag_id = Officer(any_city, any_city.ratna), sent(any_city)
    ratna.opens(flag_id)
    flag = any_city.db.get(Flag, flag_id)

    able = sheets.candidates(any_city.db, flag, viewer=ratna.viewer, keys=any_city.keys)
    ratna.does(Move.ASSIGN, flag_id, any_city.dewi.account_id, "")
    ratna.opens(other := sent(any_city))
    after = sheets.candidates(any_city.db, any_city.db.get(Flag, other), viewer=ratna.viewer, keys=any_city.keys)

    assert [(one.name, one.has) for one in able.officers] == [("Dewi K.", 0), ("Rina A.", 0)]
    assert (able.keyless, able.in_conflict) == (1, 0)
    assert [(one.name, one.has) for one in after.officers] == [("Dewi K.", 1), ("Rina A.", 0)]


def test_whom_a_conflict_keeps_away_is_only_counted(any_city):
    ratna, rina = Officer(any_city, any_city.ratna), Officer(any_city, any_city.rina)
    ordinary, sealed_away = sent(any_city), sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    for flag_id in (ordinary, sealed_away):
        ratna.opens(flag_id)
    with writing(any_city.db):
        flags.step_aside(any_city.db, any_city.db.get(Flag, ordinary), by=rina.viewer)

    found = {flag_id: sheets.candidates(any_city.db, any_city.db.get(Flag, flag_id), viewer=ratna.viewer,
                                        keys=any_city.keys) for flag_id in (ordinary, sealed_away)}

    assert {flag_id: [one.name for one in who.officers] for flag_id, who in found.items()} == \
        {ordinary: ["Dewi K."], sealed_away: []}
    assert [(found[i].keyless, found[i].in_conflict) for i in (ordinary, sealed_away)] == [(1, 1), (1, 2)]
    with pytest.raises(NotVisible):
        ratna.does(Move.ASSIGN, ordinary, any_city.rina.account_id, "")


def test_a_closed_concern_is_opened_again_for_ninety_days_only(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.closes(flag_id)
    flag = any_city.db.get(Flag, flag_id)

    offered = {}
    for days in (89, 90):
        with telling(now() + timedelta(days=days, minutes=1)):
            offered[days] = policy.offered(flag, rina.viewer)

    assert offered == {89: [Move.REOPEN], 90: []}
    with telling(now() + timedelta(days=90, minutes=1)), pytest.raises(Refused):
        rina.does(Move.REOPEN, flag_id)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("who", ["rina", "ratna"])
def test_the_sheet_offers_what_the_table_allows(city, status, who):
    viewer = Officer(city, getattr(city, who)).viewer
    owned = status in {Status.ASSIGNED, Status.IN_PROGRESS}
    flag = Flag(status=status, risk_assessed="low" if status == Status.ASSESSED else None,
                assignee_id=city.dewi.account_id if owned else None,
                closed_at=now() if status == Status.CLOSED else None)
    facts = Facts(assessed=status == Status.ASSESSED, owned=owned)

    assert policy.offered(flag, viewer) == \
        [move for move in open_moves(status, viewer.role, facts)
         if move not in {Move.READ, Move.STEP_ASIDE, *OWN}]


def test_taking_what_is_hers_already_is_not_offered(city):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    flag = city.db.get(Flag, flag_id)

    assert Move.TAKE not in policy.offered(flag, rina.viewer)
    assert Move.TAKE in policy.offered(flag, Officer(city, city.dewi).viewer)


def test_what_is_missing_for_an_act_is_told_in_the_order_of_the_work(city):
    flag = Flag(status=Status.NEW, risk_assessed=None, assignee_id=None)

    assert policy.missing(flag, Move.CLOSE) == ["read", "owned", "assessed"]
    assert policy.missing(flag, Move.ACT) == ["read", "owned"]
    assert not MOVES[Move.ASK].only_owned


def test_nothing_that_was_written_lies_readable_in_the_database_file(city, tmp_path):
    rina, ratna, flag_id = Officer(city, city.rina), Officer(city, city.ratna), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.MEDIUM, "mutiara nilai")
    rina.does(Move.ACT, flag_id, an_action(city, text="mutiara catatan", next_step="mutiara langkah"))
    ratna.does(Move.ASSIGN, flag_id, city.dewi.account_id, "mutiara alihan")
    rina.does(Move.CLOSE, flag_id, commands.Closing("not_willing", "mutiara tutup", "not_now"))
    rina.does(Move.REOPEN, flag_id, "mutiara lagi")

    files = b"".join(file.read_bytes() for file in tmp_path.glob("city.sqlite*"))

    assert len(files) > 100_000
    for canary in ("mutiara", "not_willing", "next_step", "Kunjungan", "when_call"):
        for spelled in (canary.encode(), canary.encode("utf-16-le"), canary.encode("utf-16-be"),
                        canary.encode().hex().encode(), canary[::-1].encode()):
            assert spelled not in files, canary


def test_a_note_moved_to_another_row_does_not_open(city):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.LOW, WHY)
    note = city.db.scalars(select(Note)).one()
    moved = Note(id=flag_id, sealed_text=note.sealed_text)
    key = b"\x00" * 32

    with pytest.raises(sealed.DoesNotOpen):
        sealed.open_note(key, note)
    with pytest.raises(sealed.DoesNotOpen):
        sealed.open_note(commands.flags.content_key(city.db, rina.ring, flag_id), moved)
