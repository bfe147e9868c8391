"""Who worked where, from when to when: kept with every change, for the office alone."""

import ast
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import changes, commands
from portal.accounts.models import Account, Posting
from portal.accounts.roles import FIELD, Role
from portal.base.clock import now, telling
from portal.base.db import writing
from tests.factories import area, viewer_of
from tests.support.source import modules

LATER = now() + timedelta(hours=1)


def postings(city, person):
    """The places where somebody works or worked, in their order: `(unit, area, since, until)`."""
    city.db.rollback()
    rows = city.db.scalars(select(Posting).where(Posting.account_id == person.account_id))
    found = ((row.unit_id, row.area_id, row.since, row.until) for row in rows)
    return sorted(found, key=lambda row: str(row[2] or ""))


def becomes(city, person, role, place, at=LATER):
    with telling(at), writing(city.db):
        changes._change_role(city.db, city.db.get_one(Account, person.account_id), role, area(city.db, place),
                             by=city.agus.account_id)


def unit_of(city, person):
    return viewer_of(city.db, person).unit_id


def test_everybody_at_the_office_has_one_and_nobody_in_the_field(any_city):
    accounts = any_city.db.scalars(select(Account)).all()
    rows = {row.account_id: row for row in any_city.db.scalars(select(Posting))}

    assert rows.keys() == {account.id for account in accounts if account.role not in FIELD}
    assert len(rows) == len(any_city.db.scalars(select(Posting)).all())
    for account in accounts:
        if account.role not in FIELD:
            row = rows[account.id]
            assert (row.unit_id, row.area_id, row.since, row.until) == (account.unit_id, account.area_id, None, None)


def test_who_moves_to_another_unit_has_one_for_each(any_city):
    here, there = unit_of(any_city, any_city.rina), unit_of(any_city, any_city.other)
    others = postings(any_city, any_city.dewi)

    becomes(any_city, any_city.rina, Role.OFFICER, "98.02")

    assert postings(any_city, any_city.dewi) == others
    assert postings(any_city, any_city.rina) == [
        (here, area(any_city.db, "98.01").id, None, LATER + commands.LAST_ANSWER),
        (there, area(any_city.db, "98.02").id, LATER, None)]


def test_what_ended_once_has_its_end_for_ever(any_city):
    becomes(any_city, any_city.rina, Role.OFFICER, "98.02")
    once = postings(any_city, any_city.rina)[0]

    becomes(any_city, any_city.rina, Role.CADRE, "98.01.01.1001", at=LATER + timedelta(days=1))

    assert postings(any_city, any_city.rina)[0] == once


def test_who_goes_to_the_field_keeps_what_she_had_and_gets_none(any_city):
    becomes(any_city, any_city.rina, Role.CADRE, "98.01.01.1001")

    assert [row[3] for row in postings(any_city, any_city.rina)] == [LATER + commands.LAST_ANSWER]


def test_who_comes_from_the_field_has_one_from_then_on(any_city):
    becomes(any_city, any_city.siti, Role.COORDINATOR, "98.01.01.1001")

    assert postings(any_city, any_city.siti) == [(None, area(any_city.db, "98.01.01.1001").id, LATER, None)]


@pytest.mark.parametrize(("who", "role"), [("rina", Role.HEAD), ("lina", Role.ADMIN)])
def test_another_role_at_the_same_place_begins_no_other(any_city, who, role):
    before = postings(any_city, getattr(any_city, who))

    becomes(any_city, getattr(any_city, who), role, "98.01")

    assert postings(any_city, getattr(any_city, who)) == before


def test_the_cadres_of_a_place_come_and_go_without_one(any_city):
    becomes(any_city, any_city.siti, Role.CADRE, "98.01.01.1001")

    assert postings(any_city, any_city.siti) == []


def test_nothing_else_gives_anybody_a_unit():
    """`casework` hands concerns over, which have a unit too."""
    giving = {name for name, tree in modules().items() for node in ast.walk(tree)
              if isinstance(node, ast.Attribute) and node.attr == "unit_id" and isinstance(node.ctx, ast.Store)}

    assert giving == {"accounts/commands.py", "casework/commands.py"}
