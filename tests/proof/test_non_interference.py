"""Whether a concern is there or not makes no difference to anything that can be fetched by who may not know of it."""

import pytest

from portal.base.clock import now, telling
from portal.base.db import writing
from portal.flags import commands as flags
from portal.flags import policy
from portal.flags.answers import Contact, Danger, KeepFrom
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag
from portal.followup import presence
from portal.followup.queries import SavedView
from tests.factories import area, some_answers
from tests.followup.at_desk import WHY, Officer, cadre_adds, sent
from tests.proof.conftest import LONG
from tests.support.asking import path_of, plain, things_for
from tests.support.matrix import Matrix
from tests.support.world import CONFLICT_HOLDERS, KEYLESS

OUTSIDE = ("officer_own", "head_child", "coordinator_own", "cadre_own",
           *((KEYLESS, "leadership_own", "admin_own", "head_other", "nobody") if LONG else ()))
"""People who may not know of a conflict of interest that `cadre_sibling` passed on; one of every kind in the long
run."""
REPORTER = "cadre_sibling"
SHOWN = {"", "worked", "conflict", "absent"}
"""Of the things with pages of their own, these in the short run."""


@pytest.fixture
def matrix(world, tmp_path):
    from tests.support import world as worlds

    with telling(now()), worlds.opened(world, tmp_path) as city:
        yield Matrix(city, world)


def queries_of(matrix):
    """What narrows a list, and could find a hidden one."""
    db = matrix.city.db
    areas = [area(db, code).id for code in ("98.01.01", "98.01.01.1001", "98.01.01.1002")]
    people = [matrix.world.people[key].account_id for key in ("officer_own", "officer_sibling", *CONFLICT_HOLDERS)]
    db.rollback()
    return [*(f"/antrean?tampil={view}" for view in SavedView),
            *(f"/antrean?tahap={stage}" for stage in [*Status][:3]),
            *(f"/antrean?kec={one}" for one in areas[:1]), *(f"/antrean?kel={one}" for one in areas[1:]),
            *(f"/antrean?petugas={one}" for one in (*people, "tanpa")), *(f"/antrean?risiko={one}" for one in Risk)]


def everything(matrix, who):
    """Every page that she can ask for, whole and as a fragment, without what differs each time."""
    asked = [(path_of(rule, thing), thing) for rule in matrix.rules if "GET" in rule.methods
             for name, thing in things_for(rule, matrix.world) if LONG or name in SHOWN]
    nothing = next(thing for _path, thing in asked if not thing.kind)
    asked += [(path, nothing) for path in queries_of(matrix)]
    found = {}
    for path, thing in asked:
        for htmx in (False, True) if LONG or "?" in path else (False,):
            before = matrix._version()
            found[path, htmx] = plain(matrix.asker.send(path, who, htmx=htmx), thing)
            if matrix._version() != before:
                matrix.begin_anew()
    return found


def hide_some(matrix):
    """Concerns with a conflict of interest, new, worked on, closed and added to, by who may know of them."""
    city = matrix.city
    reporter, head = matrix.world.people[REPORTER], Officer(city, matrix.world.people["head_own"])
    answers = some_answers(danger=Danger.NOW, keep_from=(KeepFrom.RT_RW,), contact=Contact.NOBODY)
    hidden = [sent(city, reporter, answers=answers) for _number in range(3)]
    head.handles(hidden[0])
    head.does(Move.ASSESS, hidden[0], Risk.HIGH, WHY)
    head.closes(hidden[1])
    city.siti = reporter
    cadre_adds(city, hidden[2], worse=True)
    with writing(city.db):
        presence.touch(city.db, hidden[0], by=head.viewer)


def step_aside_from_some(matrix, who):
    """Concerns that she had taken, and that exist for her no more."""
    city = matrix.city
    officer, other = (Officer(city, matrix.world.people[key]) for key in (who, "officer_parent"))
    for closes in (False, True):
        flag_id = sent(city, matrix.world.people[REPORTER], answers=some_answers(danger=Danger.NOW))
        officer.opens(flag_id)
        officer.does(Move.TAKE, flag_id)
        with writing(city.db):
            presence.touch(city.db, flag_id, by=officer.viewer)
            flags.step_aside(city.db, city.db.get_one(Flag, flag_id, populate_existing=True), by=officer.viewer)
        if closes:
            other.closes(flag_id)


def differences(matrix, people, hide):
    """(how many pages were compared, which of them differ) with and without what `hide` hides."""
    without = {who: everything(matrix, who) for who in people}
    hide(matrix)
    matrix.keep()
    with_it = {who: everything(matrix, who) for who in people}
    return sum(map(len, without.values())), [
        f"{path} for {who}" for who in people for path, page in without[who].items() if with_it[who][path] != page]


def test_a_conflict_of_interest_changes_nothing_for_who_may_not_know(matrix, claim):
    compared, differ = differences(matrix, OUTSIDE, hide_some)

    claim("concerns with a conflict of interest: every page of who may not know is the same to the byte with and "
          "without them", f"{len(differ)} of {compared} pages differ {differ[:5] or ''}".strip(), "0",
          holds=not differ)


def test_a_concern_that_she_stepped_aside_from_changes_nothing_for_her(matrix, claim):
    who = "officer_own"
    compared, differ = differences(matrix, [who], lambda these: step_aside_from_some(these, who))

    claim("concerns from which an officer stepped aside: every page of hers is the same to the byte with and without",
          f"{len(differ)} of {compared} pages differ {differ[:5] or ''}".strip(), "0", holds=not differ)


def test_it_notices_when_a_scope_is_gone(matrix, monkeypatch):
    everybody = lambda _viewer, _keys: __import__("sqlalchemy").true()  # noqa: E731 - wherever it was imported
    monkeypatch.setattr(policy.visible_to, "__code__", everybody.__code__)

    _compared, differ = differences(matrix, ["officer_own"], hide_some)

    assert any(one.startswith("('/antrean") for one in differ)
