"""A unit's key is replaced: who held it opens everything still, with nothing left under the old one."""

import pytest
from sqlalchemy import func, select, update

from portal.accounts import changes, commands, sealed, unit_keys
from portal.accounts import queries as accounts
from portal.accounts.models import Account, KeyGrant, SealingKey
from portal.accounts.sealed import KeyRing
from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.base.errors import Refused
from portal.casework import commands as casework
from portal.casework import rewrapping
from portal.casework.models import Mark
from portal.flags.answers import KeepFrom
from portal.flags.life import Status
from portal.flags.models import ContentKey, Flag
from tests.casework.at_work import WHY, closes, does, flag_of, merges, written
from tests.casework.test_joining import PHONE, hints, told
from tests.factories import private_of, ring_of, some_answers, viewer_of
from tests.followup.at_desk import Officer, cadre_adds, sent


def begins(head, kind="unit"):
    """The head makes a new key; the id of the one it takes over from."""
    with writing(head.city.db):
        new = unit_keys.begin(head.city.db, head.ring, kind, by=head.viewer)
        old = unit_keys.in_use(head.city.db, head.viewer.unit_id, kind)[0]
    assert new.id != old.id
    return old.id


def moves(head, old_id, most=25):
    """One transaction of moving, with the keys that she holds now."""
    city = head.city
    with writing(city.db):
        return rewrapping.move(city.db, ring_of(city, head.person), city.db.get_one(SealingKey, old_id),
                               by=head.viewer, most=most)


def replaced(head, kind="unit"):
    """The whole way, to the end."""
    old_id = begins(head, kind)
    while moves(head, old_id):
        pass
    with writing(head.city.db):
        assert rewrapping.retire_if_empty(head.city.db, old_id, by=head.viewer)
    return old_id


def at_work_again(officer):
    """The officer at her next page: with the keys that she was granted meanwhile."""
    return Officer(officer.city, officer.person)


def test_who_is_of_another_unit_by_now_is_granted_no_new_key_whatever_she_still_holds(unit_on_both):
    _, dewi, ratna = unit_on_both
    city = ratna.city
    with writing(city.db):
        account = city.db.get_one(Account, dewi.person.account_id)
        account.unit_id = city.db.get_one(Account, city.other.account_id).unit_id

    begins(ratna)

    new = accounts.sealing_key(city.db, ratna.viewer.unit_id, "unit")
    assert accounts.holders_of(city.db, new.id) == {city.rina.account_id, city.ratna.account_id}


def test_all_who_held_the_old_key_hold_the_new_one_and_nobody_else_does(unit_on_both):
    _, _, ratna = unit_on_both
    before = accounts.holders_of(ratna.city.db, accounts.sealing_key(ratna.city.db, ratna.viewer.unit_id, "unit").id)

    begins(ratna)

    new = accounts.sealing_key(ratna.city.db, ratna.viewer.unit_id, "unit")
    assert accounts.holders_of(ratna.city.db, new.id) == before
    assert len(before) == 3


def test_a_concern_that_comes_meanwhile_is_sealed_to_the_new_key_and_opens_for_all(unit_on_both):
    rina, _, ratna = unit_on_both
    old_id = begins(ratna)

    flag_id = sent(rina.city, story="mutiara")

    assert flag_of(rina.city, flag_id).key_id != old_id
    assert at_work_again(rina).opens(flag_id).story == "mutiara"


@pytest.mark.asvs("V11.2.2")
def test_everything_about_a_concern_still_opens_afterwards(unit_on_both):
    rina, dewi, ratna = unit_on_both
    city = rina.city
    read = told(rina, person_phone=PHONE)
    rina.handles(read)
    cadre_adds(city, read, text="mutiara")
    unread = sent(city, city.budi, story="intan")
    before = written(rina, read)

    old_id = replaced(ratna)

    dewi_now = at_work_again(dewi)
    assert dewi_now.opens(read).messages[0][1]["text"] == "mutiara"
    assert dewi_now.opens(unread).story == "intan"
    assert written(dewi_now, read) == before
    assert city.db.scalar(select(func.count()).select_from(ContentKey).where(ContentKey.key_id == old_id)) == 0


@pytest.mark.asvs("V11.2.2", "V13.3.4")
def test_the_old_key_is_held_by_nobody_and_retired(unit_on_both):
    _, _, ratna = unit_on_both
    sent(ratna.city)

    old_id = replaced(ratna)

    ratna.city.db.rollback()
    assert accounts.holders_of(ratna.city.db, old_id) == set()
    assert ratna.city.db.get_one(SealingKey, old_id).retired_at is not None
    assert [key.id for key in unit_keys.in_use(ratna.city.db, ratna.viewer.unit_id, "unit")] != [old_id]


def test_the_trail_says_who_replaced_it_and_how_much_was_moved(unit):
    _, _, ratna = unit
    for _ in range(3):
        sent(ratna.city)

    old_id = replaced(ratna)

    rows = ratna.city.db.scalars(select(AuditEntry).where(AuditEntry.subject == str(old_id))
                                 .order_by(AuditEntry.id)).all()
    assert [(row.action, row.amount) for row in rows][-2:] == [("key.moved", 3), ("key.retired", 1)]
    assert {row.actor_id for row in rows} == {ratna.person.account_id}


def test_an_old_key_under_which_something_lies_is_not_retired(unit_on_both):
    _, _, ratna = unit_on_both
    for _ in range(3):
        sent(ratna.city)
    old_id = begins(ratna)
    moves(ratna, old_id, most=2)

    with writing(ratna.city.db):
        retired = rewrapping.retire_if_empty(ratna.city.db, old_id, by=ratna.viewer)

    assert not retired
    assert rewrapping.left(ratna.city.db, ratna.city.db.get_one(SealingKey, old_id)) == 1


def test_a_message_that_comes_between_keeps_the_old_key_until_it_is_moved_too(unit):
    rina, _, ratna = unit
    city, flag_id = rina.city, sent(rina.city)
    old_id = begins(ratna)
    moves(ratna, old_id)
    with writing(city.db):  # as a reporter's who had read the row a moment before
        city.db.execute(update(Flag.__table__).where(Flag.id == flag_id).values(key_id=old_id))
    cadre_adds(city, flag_id, text="mutiara")
    with writing(city.db):
        new = accounts.sealing_key(city.db, ratna.viewer.unit_id, "unit")
        city.db.execute(update(Flag.__table__).where(Flag.id == flag_id).values(key_id=new.id))
        assert not rewrapping.retire_if_empty(city.db, old_id, by=ratna.viewer)

    moves(ratna, old_id)

    with writing(city.db):
        assert rewrapping.retire_if_empty(city.db, old_id, by=ratna.viewer)
    assert at_work_again(rina).opens(flag_id).messages[0][1]["text"] == "mutiara"


def test_a_first_reader_who_was_overtaken_makes_nothing_unreadable(unit_on_both):
    rina, _, ratna = unit_on_both
    city, flag_id = rina.city, sent(rina.city, story="mutiara")
    rina.opens(flag_id)
    late = city.db.get_one(ContentKey, flag_id).rewrapped
    replaced(ratna)

    with writing(city.db):  # her write comes last, and knows only the old key
        city.db.execute(update(ContentKey.__table__).where(ContentKey.id == flag_id).values(rewrapped=late))

    assert at_work_again(rina).opens(flag_id).story == "mutiara"


def test_a_page_that_began_before_the_new_key_was_made_still_opens_what_was_moved_to_it(unit_on_both):
    rina, _, ratna = unit_on_both
    city, flag_id = rina.city, sent(rina.city, story="mutiara")
    private = private_of(city, rina.person)
    with writing(city.db):
        token, half = commands.open_sign_in(city.db, rina.person.account_id, hours=8, staff_private=private)
    viewer = accounts.viewer_of(city.db, token, sealed.token_hash(token))
    rina.ring = commands.key_ring_of(city.db, viewer, half)

    replaced(ratna)

    assert rina.opens(flag_id).story == "mutiara"


def test_whoever_has_a_sheet_open_does_not_read_that_it_was_changed(unit_on_both):
    rina, _, ratna = unit_on_both
    flag_id = sent(rina.city)
    rina.opens(flag_id)
    version = flag_of(rina.city, flag_id).version

    replaced(ratna)

    assert flag_of(rina.city, flag_id).version == version


def test_hints_of_the_same_person_stay_and_find_new_concerns_too(unit_on_both):
    rina, _, ratna = unit_on_both
    first = told(rina, person_phone=PHONE)
    before = set(rina.city.db.scalars(select(Mark.tag)))

    replaced(ratna)

    rina = at_work_again(rina)
    second = told(rina, person=rina.city.budi, person_phone=PHONE)
    assert hints(rina, first) == [flag_of(rina.city, second).code]
    assert hints(rina, second) == [flag_of(rina.city, first).code]
    assert before.isdisjoint(rina.city.db.scalars(select(Mark.tag)))


def test_concerns_of_which_only_one_was_moved_can_still_be_merged_and_end_together(unit):
    rina, _, ratna = unit
    city = rina.city
    main, other = sorted((told(rina), told(rina, person=city.budi)))
    rina.handles(main)
    old_id = begins(ratna)
    moves(ratna, old_id, most=1)
    rina = at_work_again(rina)

    merges(rina, other, main)
    closes(rina, main)

    assert flag_of(city, main).key_id != flag_of(city, other).key_id
    assert flag_of(city, other).status == Status.CLOSED


def test_an_ordinary_concern_is_still_not_put_under_one_with_a_conflict(unit):
    _, _, ratna = unit
    plain, kept = told(ratna), told(ratna, answers={"keep_from": (KeepFrom.RT_RW,)})
    begins(ratna)

    with pytest.raises(casework.NotVisible):
        merges(at_work_again(ratna), plain, kept)


def test_the_key_for_conflicts_is_replaced_for_those_alone_who_hold_it(unit):
    rina, _, ratna = unit
    flag_id = sent(rina.city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)), story="mutiara")

    replaced(ratna, "conflict")

    assert at_work_again(ratna).opens(flag_id).story == "mutiara"
    with pytest.raises(casework.NotVisible):
        at_work_again(rina).opens(flag_id)


def test_a_concern_handed_over_before_is_not_touched(unit):
    rina, _, ratna = unit
    city = rina.city
    flag_id = sent(city)
    rina.handles(flag_id)
    other = city.db.get_one(Account, city.other.account_id).unit_id
    does(rina, casework.hand_over, flag_id, other, WHY)
    key_id = flag_of(city, flag_id).key_id

    replaced(ratna)

    assert flag_of(city, flag_id).key_id == key_id


def test_what_was_altered_stays_where_it_is_and_holds_up_nothing_else(unit):
    _, _, ratna = unit
    city = ratna.city
    ids = sorted(sent(city) for _ in range(3))
    with writing(city.db):
        city.db.get_one(ContentKey, ids[0]).wrapped = b"\x01" + bytes(200)
    old_id = begins(ratna)

    moves(ratna, old_id)

    assert [flag_of(city, one).key_id == old_id for one in ids] == [True, False, False]
    with writing(city.db):
        assert not rewrapping.retire_if_empty(city.db, old_id, by=ratna.viewer)


def test_a_second_replacement_waits_for_the_end_of_the_first(unit_on_both):
    _, _, ratna = unit_on_both
    begins(ratna)

    with pytest.raises(Refused):
        begins(at_work_again(ratna))


def test_who_does_not_hold_the_key_can_neither_replace_it_nor_move_anything(unit):
    rina, _, ratna = unit
    city = rina.city
    other = Officer(city, city.other)
    sent(city)
    with pytest.raises(Refused):
        begins(rina, "conflict")
    old_id = begins(ratna)

    with pytest.raises(Refused):
        moves(other, old_id)
    with pytest.raises(Refused), writing(city.db):
        rewrapping.move(city.db, rina.ring, city.db.get_one(SealingKey, old_id), by=rina.viewer)


def test_a_clock_set_back_does_not_let_the_old_key_seal_on(unit):
    _, _, ratna = unit
    with writing(ratna.city.db):
        key = accounts.sealing_key(ratna.city.db, ratna.viewer.unit_id, "unit")
        key.made_at = key.made_at.replace(year=key.made_at.year + 1)

    old_id = begins(ratna)

    assert accounts.sealing_key(ratna.city.db, ratna.viewer.unit_id, "unit").id != old_id


@pytest.mark.parametrize("leaves", ["switched off", "begins anew"])
def test_when_somebody_who_held_a_key_is_gone_the_unit_is_told_until_it_is_replaced(unit_on_both, leaves):
    _, dewi, ratna = unit_on_both
    city = dewi.city
    with writing(city.db):
        account = city.db.get_one(Account, dewi.person.account_id)
        if leaves == "switched off":
            changes.switch(city.db, account, on=False, by=viewer_of(city.db, city.agus))
        else:
            changes.begin_anew(city.db, account)

    due = [unit_keys.standing(city.db, ratna.viewer.unit_id, kind).departures for kind in unit_keys.KINDS]
    replaced(at_work_again(ratna))

    assert [[one.name for one in some] for some in due] == [["Dewi K."], []]
    assert unit_keys.standing(city.db, ratna.viewer.unit_id, "unit").departures == []
    assert city.db.scalar(select(func.count()).select_from(KeyGrant)
                          .where(KeyGrant.account_id == account.id)) == 0


def test_who_is_granted_the_key_again_needs_no_new_one(unit):
    _, dewi, ratna = unit
    city = dewi.city
    with writing(city.db):
        account = city.db.get_one(Account, dewi.person.account_id)
        changes.switch(city.db, account, on=False, by=viewer_of(city.db, city.agus))
    with writing(city.db):
        changes.switch(city.db, city.db.get_one(Account, account.id), on=True, by=viewer_of(city.db, city.agus))
        city.db.flush()
        commands.grant_key(city.db, ratna.ring, kind="unit", to=account.id, by=ratna.viewer)

    assert unit_keys.standing(city.db, ratna.viewer.unit_id, "unit").departures == []


def test_who_is_granted_another_key_alone_has_still_left_this_one(unit):
    _, dewi, ratna = unit
    city = dewi.city
    with writing(city.db):
        account = city.db.get_one(Account, dewi.person.account_id)
        for on in (False, True):
            changes.switch(city.db, account, on=on, by=viewer_of(city.db, city.agus))
            city.db.flush()
        commands.grant_key(city.db, ratna.ring, kind="conflict", to=account.id, by=ratna.viewer)

    due = unit_keys.standing(city.db, ratna.viewer.unit_id, "unit").departures

    assert [one.name for one in due] == ["Dewi K."]


def test_a_colleague_who_has_only_the_older_key_counts_as_having_none(unit):
    _, dewi, ratna = unit
    city = dewi.city
    begins(ratna)
    new = accounts.sealing_key(city.db, ratna.viewer.unit_id, "unit")
    with writing(city.db):
        city.db.delete(city.db.get_one(KeyGrant, (new.id, dewi.person.account_id)))

    holds = {one.name: one.holds for one in accounts.colleagues(city.db, ratna.viewer)}

    assert holds["Dewi K."] == frozenset()
    assert holds["Rina A."] == frozenset({"unit"})


@pytest.mark.parametrize("why", ["not being replaced", "old one not held", "new one not held", "another unit's"])
def test_nothing_is_moved_under_a_key_that_is(unit_on_both, why):
    _rina, _dewi, ratna = unit_on_both
    db = ratna.city.db
    unit_id = db.get_one(Account, ratna.person.account_id).unit_id
    if why != "not being replaced":
        begins(ratna)
    old, *newer = unit_keys.in_use(db, unit_id, "unit")
    whole = at_work_again(ratna)
    missing = {"old one not held": old, "new one not held": newer[-1] if newer else None}.get(why)
    ring = KeyRing({key: half for key, half in whole.ring.privates.items() if not missing or key != missing.id})
    by = Officer(ratna.city, ratna.city.other).viewer if why == "another unit's" else whole.viewer

    with pytest.raises(Refused), writing(db):
        rewrapping.move(db, ring, db.get_one(SealingKey, old.id), by=by)
