"""The same person told of twice, and a concern that another unit should have: who learns of what, and who not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.accounts.models import Unit
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from portal.casework import commands, duplicates, holds, records
from portal.casework.cases import other_units
from portal.casework.models import Mark, Proposal
from portal.flags import commands as flags
from portal.flags import queries
from portal.flags.answers import Age, KeepFrom
from portal.flags.life import Move, Risk, Status
from portal.flags.models import ContentKey
from portal.followup.queries import SavedView, queue
from tests.casework.at_work import WHY, closes, does, flag_of, merges, written
from tests.factories import some_answers, some_identity, viewer_of
from tests.followup.at_desk import Officer, cadre_adds, sent

PHONE = "0812-9999-8888"
CONFLICT = {"keep_from": (KeepFrom.RT_RW,)}


def told(officer, *, person=None, answers=None, **identity):
    """A concern about somebody whom these things identify, opened by this officer."""
    city = officer.city
    flag_id = sent(city, person or city.siti, answers=some_answers(**(answers or {})),
                   identity=some_identity(**identity))
    officer.opens(flag_id)
    with writing(city.db):
        duplicates.keep_marks(city.db, officer.ring, flag_of_open(city, flag_id))
    return flag_id


def flag_of_open(city, flag_id):
    return city.db.get_one(flags.Flag, flag_id, populate_existing=True)


def hints(officer, flag_id):
    """The codes that this officer is shown beside a concern."""
    city = officer.city
    return duplicates.twins(city.db, officer.ring, flag_of(city, flag_id), viewer=officer.viewer, keys=city.keys)


def code(city, flag_id):
    return flag_of(city, flag_id).code


@pytest.mark.parametrize(("one", "other", "alike"), [
    ({"person_phone": PHONE}, {"person_phone": "+62 812 9999 8888"}, True),
    ({"person_phone": PHONE}, {"person_phone": "0812-9999-8889"}, False),
    ({"nickname": "Bu Mel"}, {"nickname": "mel."}, True),
    ({"nickname": "Mel"}, {"nickname": "Nel"}, False),
    ({"nickname": "M"}, {"nickname": "M"}, False),
    ({"nickname": "Ibu"}, {"nickname": "Bapak"}, False),
    ({}, {}, False),
])
def test_a_hint_comes_from_the_same_phone_or_the_same_name_age_and_kelurahan(unit, one, other, alike):
    rina, _, _ = unit
    first, second = told(rina, **one), told(rina, person=rina.city.budi, **other)

    assert (hints(rina, first), hints(rina, second)) == \
        (([code(rina.city, second)], [code(rina.city, first)]) if alike else ([], []))


@pytest.mark.parametrize("age", [Age.UNKNOWN, Age.OLDER])
def test_a_name_alone_says_nothing(unit, age):
    rina, _, _ = unit
    first = told(rina, nickname="Mel")
    told(rina, nickname="Mel", answers={"age": age})

    assert hints(rina, first) == []


def test_the_reporters_own_phone_marks_nothing(unit):
    rina, _, _ = unit
    first, _second = told(rina), told(rina)

    assert hints(rina, first) == []
    assert rina.city.db.scalar(select(func.count()).select_from(Mark)) == 0


def test_only_who_may_see_both_learns_that_they_are_alike(unit_on_both):
    rina, dewi, ratna = unit_on_both
    plain = told(rina, person_phone=PHONE)
    kept = told(ratna, person_phone=PHONE, answers=CONFLICT)

    assert (hints(rina, plain), hints(dewi, plain)) == ([], [])
    assert hints(ratna, plain) == [code(rina.city, kept)]
    assert hints(ratna, kept) == [code(rina.city, plain)]


def test_a_mark_is_another_under_another_key_and_none_is_readable(unit):
    rina, _, ratna = unit
    told(rina, person_phone=PHONE)
    told(ratna, person_phone=PHONE, answers=CONFLICT)

    tags = rina.city.db.scalars(select(Mark.tag)).all()

    assert len(set(tags)) == 2
    assert all(len(tag) == 32 for tag in tags)


def test_a_merged_concern_leaves_the_queue_and_ends_with_the_other_one_in_the_same_words(unit_on_both):
    rina, _, _ = unit_on_both
    city = rina.city
    main, other = told(rina, person_phone=PHONE), told(rina, person=city.budi, person_phone=PHONE)
    for move in (Move.TAKE, Move.ASSESS, Move.ACT):
        rina.does(move, main)
    before = queries.progress(city.db, code(city, other), viewer=viewer_of(city.db, city.budi), keys=city.keys)

    merges(rina, other, main)
    seen = queries.progress(city.db, code(city, other), viewer=viewer_of(city.db, city.budi), keys=city.keys)
    listed = queue(city.db, SavedView.OPEN, viewer=rina.viewer, keys=city.keys, settings=city.settings)
    assert replace(seen, late=before.late) == before
    assert [line.code for line in listed.lines] == [code(city, main)]
    closes(rina, main)

    ended = queries.progress(city.db, code(city, other), viewer=viewer_of(city.db, city.budi), keys=city.keys)
    assert (flag_of(city, other).status, ended.closing, ended.open) == (Status.CLOSED, "done", False)


def test_a_cadre_who_adds_to_a_merged_concern_brings_it_back(unit):
    rina, _, _ = unit
    city = rina.city
    main, other = told(rina), told(rina)
    rina.handles(main)
    merges(rina, other, main)

    cadre_adds(city, other, text="Ia pindah lagi.")
    closes(rina, main)

    assert flag_of(city, other).status == Status.READ
    listed = queue(city.db, SavedView.NEWS, viewer=rina.viewer, keys=city.keys, settings=city.settings)
    assert [line.code for line in listed.lines] == [code(city, other)]


def test_a_concern_that_was_taken_out_again_stands_where_it_stood(unit):
    rina, dewi, _ = unit
    main, other = told(rina), told(rina)
    dewi.does(Move.TAKE, other)
    merges(rina, other, main)

    does(rina, duplicates.unmerge, other)

    assert flag_of(rina.city, other).status == Status.ASSIGNED
    rina.city.db.rollback()
    assert duplicates.lying_under(rina.city.db, rina.ring, flag_of(rina.city, main), by=rina.viewer) == []


@pytest.mark.parametrize("case", ["itself", "unread", "closed", "less urgent", "others under it"])
def test_what_cannot_carry_another_is_refused(unit, case):
    rina, _, _ = unit
    flag_id, into = told(rina), told(rina)
    match case:
        case "itself":
            into = flag_id
        case "unread":
            into = sent(rina.city)
        case "closed":
            rina.closes(into)
        case "less urgent":
            rina.does(Move.ASSESS, flag_id, Risk.HIGH, WHY)
        case "others under it":
            merges(rina, told(rina), flag_id)
    before = flag_of(rina.city, flag_id).version

    with pytest.raises(Refused):
        merges(rina, flag_id, into)

    assert flag_of(rina.city, flag_id).version == before


def test_a_concern_under_another_key_does_not_exist_for_merging(unit):
    _, _, ratna = unit
    plain, kept = told(ratna), told(ratna, answers=CONFLICT)

    for flag_id, into in ((plain, kept), (kept, plain)):
        with pytest.raises(NotVisible):
            merges(ratna, flag_id, into)


def test_what_was_high_makes_the_other_one_end_by_two_and_its_legal_clock_goes_along(unit):
    rina, _, _ = unit
    main, other = told(rina), told(rina)
    for flag_id in (main, other):
        rina.does(Move.TAKE, flag_id)
        rina.does(Move.ASSESS, flag_id, Risk.HIGH if flag_id == main else Risk.MEDIUM, WHY)
    does(rina, commands.hear_victim, other, "")

    merges(rina, other, main)
    does(rina, commands.tell_police, main, "LP/1")
    closes(rina, main)

    assert flag_of(rina.city, main).status == Status.ASSIGNED
    assert records.law_clock(written(rina, main)).due_at == records.law_clock(written(rina, other)).due_at


def test_of_two_deadlines_the_sooner_one_stays(unit):
    rina, _, _ = unit
    with telling(now() - timedelta(minutes=30)):
        other = told(rina)
    main = told(rina)
    for flag_id in (main, other):
        rina.does(Move.TAKE, flag_id)
        rina.does(Move.ASSESS, flag_id, Risk.HIGH, WHY)
    sooner = flag_of(rina.city, other).due_at

    merges(rina, other, main)

    assert flag_of(rina.city, main).due_at == sooner


def neighbour(city):
    return city.db.scalar(select(Unit.id).where(Unit.name == "UPTD 98.02"))


@pytest.mark.asvs("V8.4.1")
def test_a_concern_that_is_handed_over_opens_there_and_nowhere_else(unit_on_both):
    rina, _, ratna = unit_on_both
    city, there = rina.city, Officer(rina.city, rina.city.other)
    flag_id, noise = told(rina, person_phone=PHONE), told(rina)
    rina.handles(flag_id)
    cadre_adds(city, flag_id, text="mutiara")
    siti = viewer_of(city.db, city.siti)
    before = queries.progress(city.db, code(city, flag_id), viewer=siti, keys=city.keys)

    rewrapped = select(func.count(ContentKey.rewrapped)).where(ContentKey.flag_id == flag_id)
    assert city.db.scalar(rewrapped) == 1  # by her reading, under what all of her unit hold

    does(rina, commands.hand_over, flag_id, neighbour(city), "Ia pindah ke kota sebelah.")

    assert city.db.scalar(rewrapped) == 0
    flag = flag_of(city, flag_id)
    assert (flag.status, flag.assignee_id) == (Status.HANDED_OVER, None)
    for officer in (rina, ratna):
        with pytest.raises(NotVisible):
            queries.get_flag(city.db, flag.code, viewer=officer.viewer, keys=city.keys)
        with pytest.raises(NotVisible):
            flags.content_key(city.db, officer.ring, flag_id)
    assert queries.progress(city.db, flag.code, viewer=siti, keys=city.keys) == before
    opened = there.opens(flag_id)
    assert opened.messages[0][1]["text"] == "mutiara"
    assert flag_of(city, flag_id).status == Status.READ
    assert written(there, flag_id)[-1].content["text"] == "Ia pindah ke kota sebelah."
    assert city.db.scalar(select(func.count()).where(Mark.flag_id == flag_id)) == 0
    keys = city.db.scalars(select(ContentKey.key_id).where(ContentKey.flag_id == flag_id)).all()
    assert keys == [flag.key_id, flag.key_id]
    assert flag_of(city, noise).status == Status.READ


def test_what_once_lay_under_it_and_lies_under_another_there_is_no_matter_of_this_unit_any_more(unit):
    rina, _, _ = unit
    city, there = rina.city, Officer(rina.city, rina.city.other)
    main, once_under, their_own = told(rina), told(rina), told(rina)
    merges(rina, once_under, main)
    cadre_adds(city, once_under)
    rina.opens(once_under)
    for flag_id in (once_under, their_own):
        rina.does(Move.ASSESS, flag_id, Risk.LOW, WHY)
        does(rina, commands.hand_over, flag_id, neighbour(city), WHY)
        there.opens(flag_id)
    merges(there, once_under, their_own)

    assert duplicates.lying_under(city.db, rina.ring, flag_of(city, main), by=rina.viewer) == []
    assert [one.id for one in duplicates.lying_under(city.db, there.ring, flag_of(city, their_own),
                                                     by=there.viewer)] == [once_under]


def test_a_conflict_of_interest_is_handed_over_by_the_head_alone_and_to_the_other_conflict_key(unit):
    rina, _, ratna = unit
    city, there = rina.city, Officer(rina.city, rina.city.other)
    kept = told(ratna, answers=CONFLICT)
    ratna.does(Move.ASSESS, kept, Risk.MEDIUM, WHY)
    assert other_units(city.db, flag_of(city, kept), viewer=rina.viewer) == []
    assert len(other_units(city.db, flag_of(city, kept), viewer=ratna.viewer)) == 1

    does(ratna, commands.hand_over, kept, neighbour(city), WHY)

    there.opens(kept)
    kind = city.db.scalar(select(flags.accounts.SealingKey.kind).where(
        flags.accounts.SealingKey.id == flag_of(city, kept).key_id))
    assert kind == "conflict"


def test_an_officer_who_holds_the_conflict_key_does_not_hand_over_either(unit):
    rina, _, ratna = unit
    kept = told(ratna, answers=CONFLICT)
    ratna.does(Move.ASSESS, kept, Risk.MEDIUM, WHY)
    named = Officer(rina.city, rina.city.rina)
    named.ring = ratna.ring

    with pytest.raises(Refused):
        does(named, commands.hand_over, kept, neighbour(rina.city), WHY)


def test_there_is_no_handing_over_to_itself_to_nobody_or_with_others_underneath(unit):
    rina, _, _ = unit
    city = rina.city
    flag_id, other = told(rina), told(rina)
    rina.does(Move.ASSESS, flag_id, Risk.MEDIUM, WHY)
    own = flag_of(city, flag_id).unit_id

    for unit_id in (own, flag_id):
        with pytest.raises(NotVisible):
            does(rina, commands.hand_over, flag_id, unit_id, WHY)
    merges(rina, other, flag_id)
    with pytest.raises(Refused):
        does(rina, commands.hand_over, flag_id, neighbour(city), WHY)

    assert flag_of(city, flag_id).unit_id == own


def test_a_proposal_does_not_travel(unit):
    rina, _, _ = unit
    flag_id = told(rina)
    rina.does(Move.TAKE, flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.HIGH, WHY)
    closes(rina, flag_id)

    does(rina, commands.hand_over, flag_id, neighbour(rina.city), WHY)

    assert rina.city.db.scalars(select(Proposal.outcome)).all() == ["void"]


def aside(city, person, flag_id):
    """She steps aside from one concern alone, as if it had not been put together with any yet."""
    with writing(city.db):
        flags.step_aside(city.db, flag_of_open(city, flag_id), by=viewer_of(city.db, person))


def exists_for(officer, flag_id):
    city = officer.city
    try:
        queries.get_flag(city.db, code(city, flag_id), viewer=officer.viewer, keys=city.keys)
    except NotVisible:
        return False
    return True


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize("left", ["the one that is put under", "the one that stays", "one that lies there already"])
def test_whoever_stepped_aside_from_one_of_them_knows_of_none(unit_on_both, left):
    rina, dewi, _ratna = unit_on_both
    city = rina.city
    flag_id, into, before, noise = (told(dewi) for _time in range(4))
    merges(dewi, before, into)
    aside(city, city.rina, {"the one that is put under": flag_id, "the one that stays": into}.get(left, before))

    merges(dewi, flag_id, into)

    together = (flag_id, into, before)
    assert [exists_for(rina, one) for one in (*together, noise)] == [False, False, False, True]
    assert all(exists_for(dewi, one) for one in together)
    does(dewi, duplicates.unmerge, flag_id)
    assert not any(exists_for(rina, one) for one in together)  # what was written meanwhile may tell of both


def test_nothing_is_put_together_while_somebody_has_it_who_stepped_aside_from_the_other(unit):
    rina, dewi, _ratna = unit
    city = rina.city
    flag_id, into = told(dewi), told(dewi)
    aside(city, city.rina, flag_id)
    rina.does(Move.TAKE, into)

    for one, other in ((flag_id, into), (into, flag_id)):
        with pytest.raises(Refused, match="stepped aside from the other"):
            merges(dewi, one, other)
    assert exists_for(rina, into)
    dewi.does(Move.TAKE, into)
    merges(dewi, flag_id, into)

    assert flag_of(city, flag_id).status == Status.MERGED
    assert flag_of(city, into).assignee_id == dewi.viewer.account_id


def test_one_that_ended_long_ago_hinders_nobody_whoever_had_it(unit):
    rina, dewi, _ratna = unit
    city = rina.city
    ended, into, flag_id = told(dewi), told(dewi), told(dewi)
    rina.does(Move.TAKE, ended)
    merges(dewi, ended, into)
    dewi.handles(into)
    dewi.does(Move.CLOSE, into)
    dewi.does(Move.REOPEN, into)
    aside(city, city.rina, flag_id)

    merges(dewi, flag_id, into)

    assert [exists_for(rina, one) for one in (ended, into, flag_id)] == [False] * 3


@pytest.mark.parametrize("act", ["close", "keep", "take out"])
def test_no_act_reaches_a_concern_from_which_she_stepped_aside(unit, act):
    rina, dewi, ratna = unit
    city = rina.city
    who = ratna if act == "keep" else rina
    main, under = told(dewi), told(dewi)
    who.handles(main)
    merges(dewi, under, main)
    aside(city, who.person, main if act == "take out" else under)
    before = flag_of(city, under).version

    acts = {"close": lambda: closes(who, main), "keep": lambda: does(who, holds.place, main, "court", WHY),
            "take out": lambda: does(who, duplicates.unmerge, under)}
    with pytest.raises(Refused, match="another officer"):
        acts[act]()

    assert flag_of(city, under).version == before
