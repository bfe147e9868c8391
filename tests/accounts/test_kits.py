"""Three sheets, of which any two bring a unit's keys back, and every way in which that can go wrong."""

from dataclasses import replace
from itertools import combinations

import pytest
from sqlalchemy import delete, func, select

from portal.accounts import kits, unit_keys
from portal.accounts import queries as accounts
from portal.accounts.kits import BadKit
from portal.accounts.models import Account, KeyGrant, RecoveryKit
from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.base.errors import Refused
from tests.factories import a_flag, ring_of, viewer_of


@pytest.fixture
def sheets(any_city):
    """The three shares of a kit that was made and checked."""
    return made(any_city)


def made(city, person=None):
    ring, unit_id = ring_of(city, person or city.ratna), unit_of(city, person or city.ratna)
    with writing(city.db):
        shares = kits.make(city.db, ring, unit_id)
        kits.keep(city.db, ring, unit_id, shares, by=None)
    return shares


def unit_of(city, person):
    return city.db.get_one(Account, person.account_id).unit_id


def recovers(city, one, other, to):
    with writing(city.db):
        return kits.recover(city.db, one, other, to=city.db.get_one(Account, to.account_id))


def grants(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(KeyGrant))


def test_any_two_sheets_give_an_officer_all_that_was_sealed(any_city, sheets):
    with writing(any_city.db):
        flag = a_flag(any_city.db, any_city.settings, any_city.siti, story="mutiara")
    for one, other in combinations(sheets, 2):
        with writing(any_city.db):
            any_city.db.execute(delete(KeyGrant).where(KeyGrant.key_id.in_(
                [unit_keys.in_use(any_city.db, flag.unit_id, kind)[0].id for kind in unit_keys.KINDS])))

        given = recovers(any_city, one, other, any_city.keyless)

        assert {key.kind for key in given} == {"unit", "conflict"}
        ring = ring_of(any_city, any_city.keyless)
        with writing(any_city.db):
            opened = accounts_open(any_city, ring, flag.id)
        assert opened.story == "mutiara"


def accounts_open(city, ring, flag_id):
    from portal.flags import commands

    flag = city.db.get_one(commands.Flag, flag_id, populate_existing=True)
    return commands.open_flag(city.db, ring, flag, by=viewer_of(city.db, city.keyless))


def test_the_trail_says_to_whom_keys_were_brought_back(any_city, sheets):
    recovers(any_city, *sheets[:2], any_city.keyless)

    rows = any_city.db.scalars(select(AuditEntry).where(AuditEntry.action == "key.recovered")).all()
    assert {row.reason for row in rows} == {"unit", "conflict"}
    assert all(row.subject.endswith(str(any_city.keyless.account_id)) for row in rows)


def test_the_database_keeps_the_day_and_a_fingerprint_and_no_share(any_city, sheets):
    kit = any_city.db.scalars(select(RecoveryKit)).one()

    kept = repr(vars(kit))
    assert kit.fingerprint == kits.fingerprint(any_city.db, kit.unit_id)
    assert all(share.share.hex() not in kept and repr(share.share) not in kept for share in sheets)


@pytest.mark.parametrize(("wrong", "code"), [
    (lambda a, _b, _other: (a, a), "same"),
    (lambda a, _b, other: (a, other[1]), "mixed"),
    (lambda a, b, other: (a, replace(b, share=other[1].share)), "other"),
    (lambda a, b, _other: (a, replace(b, share=bytes(64))), "other"),
    (lambda a, b, _other: (replace(a, share=bytes(64)), replace(b, share=bytes(64))), "other"),
    (lambda a, b, _other: (replace(a, number=3), b), "other"),
])
def test_sheets_that_do_not_fit_change_nothing_and_say_why(city, wrong, code):
    sheets, other = made(city), made(city)
    before = grants(city)

    with pytest.raises(BadKit) as bad:
        recovers(city, *wrong(sheets[0], sheets[1], other), city.keyless)

    assert bad.value.code == code
    assert grants(city) == before


@pytest.mark.parametrize("who", ["siti", "agus", "lina", "other"])
def test_keys_are_brought_back_to_people_of_the_unit_alone(city, who):
    sheets, before = made(city), grants(city)

    with pytest.raises(BadKit) as bad:
        recovers(city, *sheets[:2], getattr(city, who))

    assert bad.value.code == "account"
    assert grants(city) == before


def test_an_officer_who_is_switched_off_gets_none(city):
    sheets = made(city)
    with writing(city.db):
        city.db.get_one(Account, city.keyless.account_id).active = False

    with pytest.raises(BadKit, match="account"):
        recovers(city, *sheets[:2], city.keyless)


def test_who_holds_them_already_is_told_so(city):
    sheets = made(city)

    with pytest.raises(BadKit, match="held"):
        recovers(city, *sheets[:2], city.ratna)


def test_who_holds_one_of_two_gets_the_other(city):
    sheets = made(city)

    assert [key.kind for key in recovers(city, *sheets[:2], city.rina)] == ["conflict"]


def test_a_kit_of_another_units_keys_gives_its_own_people_theirs_and_nobody_here_anything(city):
    sheets = made(city, city.other)

    with pytest.raises(BadKit, match="account"):
        recovers(city, *sheets[:2], city.keyless)


def test_who_holds_only_one_of_the_keys_can_make_no_kit(city):
    with pytest.raises(Refused):
        kits.make(city.db, ring_of(city, city.rina), unit_of(city, city.rina))


@pytest.mark.parametrize(("typed", "code"), [
    (lambda s: s[:2], "incomplete"), (lambda s: [s[0], s[0], s[1]], "same"), (lambda s: [], "incomplete"),
    (lambda s: [s[0], s[1], replace(s[2], share=bytes(64))], "other"),
    (lambda s: [s[0], s[1], replace(s[2], kit=b"abcd")], "mixed"),
])
def test_a_kit_counts_only_when_all_three_sheets_were_typed_in_again(city, typed, code):
    ring, unit_id = ring_of(city, city.ratna), unit_of(city, city.ratna)
    shares = kits.make(city.db, ring, unit_id)

    with pytest.raises(BadKit) as bad, writing(city.db):
        kits.keep(city.db, ring, unit_id, typed(shares), by=None)

    assert bad.value.code == code
    assert not kits.is_of_present_keys(city.db, unit_id)


def test_a_kit_is_out_of_date_once_a_key_was_replaced_and_another_cannot_be_made_in_between(city):
    made(city)
    unit_id = unit_of(city, city.ratna)
    assert kits.is_of_present_keys(city.db, unit_id)

    with writing(city.db):
        unit_keys.begin(city.db, ring_of(city, city.ratna), "unit", by=viewer_of(city.db, city.ratna))

    assert not kits.is_of_present_keys(city.db, unit_id)
    assert kits.latest(city.db, unit_id) is not None
    with pytest.raises(Refused):
        kits.make(city.db, ring_of(city, city.ratna), unit_id)


def test_sheets_of_keys_that_were_replaced_are_known_again_as_such(city):
    sheets, unit_id = made(city), unit_of(city, city.ratna)
    for kind in unit_keys.KINDS:
        with writing(city.db):
            unit_keys.begin(city.db, ring_of(city, city.ratna), kind, by=viewer_of(city.db, city.ratna))
            unit_keys.retire(city.db, unit_keys.in_use(city.db, unit_id, kind)[0], by=viewer_of(city.db, city.ratna))

    with pytest.raises(BadKit, match="replaced"):
        recovers(city, *sheets[:2], city.keyless)


def test_after_the_last_holder_is_gone_a_new_head_begins_from_the_sheets(any_city, sheets):
    with writing(any_city.db):
        any_city.db.execute(delete(KeyGrant))

    recovers(any_city, sheets[2], sheets[0], any_city.keyless)

    held = {grant.key_id for grant in accounts.grants_of(any_city.db, any_city.keyless.account_id)}
    assert held == set(ring_of(any_city, any_city.keyless).privates)
    assert len(held) == 2
