"""What finds the guards, and what takes one away, must itself stand."""

import ast
from pathlib import Path

import pytest

from portal.accounts.roles import Role
from portal.flags import life
from portal.flags import policy as flags
from portal.flags.life import Facts, Move, Status
from portal.followup import views
from tests.factories import viewer_of
from tests.support.equivalents import NOTHING_COMES, STANDS_BEHIND
from tests.support.guards import PACKAGES, all_mutants, mutants_of, tree_without
from tests.support.mutants import NotPlanted, plant
from tests.support.noticing import in_child, known, trials

HERE = Path(__file__).parent
SOURCE = '''
@bp.get("/x")
@allowed(may_work)
def page(): ...

def may_work(viewer: Viewer) -> bool:
    return viewer.in_unit and viewer.active

def visible(viewer: Viewer) -> ColumnElement[bool]:
    return and_(Flag.unit_id == viewer.unit_id, Flag.key_id.in_(held)) if viewer.in_unit else false()

def get(session, flag_id, *, viewer: Viewer):
    found = session.scalar(select(Flag).where(Flag.code == code, visible(viewer)))
    if found is None or found.gone:
        raise NotVisible
    return [one for one in found if one.by_id == viewer.account_id]

def say(name):
    if not name:
        return ""
    return select(Area).where(Area.name == name)
'''


KEPT = '''
def forget(session, moment):
    ids = session.scalars(select(Row.id).where(Row.ended < moment, ~held())).all()
    session.execute(delete(Row).where(Row.id.in_(ids)))
    for row in rows:
        row.name = ""
        if row.ended and row.old:
            file.unlink()
    return [one for one in ids if one.gone], [(Trace, Trace.day < moment.today)]

def check(archive):
    if archive.kind != kind or archive.holed:
        raise BadArchive("no")
    if archive.shape is None or engine.dialect.name == "postgresql":
        return
    archive.read_to_the_end()
    archive.close()

def holds(self) -> bool:
    return self.faults == 0
'''


def changes(source=SOURCE, module="portal.flags.test"):
    return {(mutant.place, mutant.change, mutant.text) for mutant in mutants_of(source, module)}


@pytest.mark.parametrize("one", [
    ("page", "open to all who signed in", "allowed(may_work)"),
    ("may_work", "answers yes", "may_work"),
    ("may_work", "part dropped", "viewer.active"),
    ("visible", "answers everything", "visible"),
    ("visible", "clause dropped", "Flag.key_id.in_(held)"),
    ("visible", "always", "viewer.in_unit"),
    ("get", "clause dropped", "visible(viewer)"),
    ("get", "never asked", "found is None or found.gone"),
    ("get", "part dropped", "found.gone"),
    ("get", "not filtered", "one.by_id == viewer.account_id")])
def test_every_kind_of_guard_is_found(one):
    assert one in changes()


def test_where_data_is_kept_every_question_is_one_and_every_step_that_nobody_would_miss_at_once():
    assert changes(KEPT, "portal.upkeep.forgetting") == {
        ("forget", "clause dropped", "Row.ended < moment"),
        ("forget", "clause dropped", "~held()"),
        ("forget", "clause dropped", "Row.id.in_(ids)"),
        ("forget", "not done", "session.execute(delete(Row).where(Row.id.in_(ids)))"),
        ("forget", "left as it was", "row.name"),
        ("forget", "never", "row.ended and row.old"),
        ("forget", "part dropped", "row.ended"),
        ("forget", "part dropped", "row.old"),
        ("forget", "not filtered", "one.gone"),
        ("forget", "all of them", "Trace.day < moment.today"),
        ("forget", "none of them", "Trace.day < moment.today"),
        ("check", "part dropped", "archive.kind != kind"),
        ("check", "part dropped", "archive.holed"),
        ("check", "not done", "archive.read_to_the_end()"),
        ("holds", "answers yes", "holds"),
        ("holds", "answers no", "holds"),
    }


def test_what_looks_nobody_over_is_no_guard():
    assert not [change for change in changes() if change[0] == "say"]


def test_a_mutant_differs_from_the_source_in_its_guard_alone():
    mutant = next(one for one in all_mutants() if one.key == "portal.flags.policy:may_send: answers yes: may_send")

    lines = set(ast.unparse(ast.parse(mutant.file.read_text())).splitlines())

    assert set(ast.unparse(tree_without([mutant])).splitlines()) - lines == {"    return True"}


def test_the_guards_of_every_feature_are_found_and_each_has_a_name_of_its_own():
    keys = [mutant.key for mutant in all_mutants()]

    assert {mutant.package for mutant in all_mutants()} == set(PACKAGES)
    assert len(set(keys)) == len(keys)
    assert {mutant.place for mutant in all_mutants() if mutant.module == "portal.flags.life"} >= {
        move.name for move in life.MOVES}


def test_every_view_that_asks_who_enters_is_among_them(app):
    asked = {(view.__module__, view.__name__) for view in app.view_functions.values()
             if getattr(view, "policies", None) is not None}

    assert asked <= {(mutant.module, mutant.place) for mutant in all_mutants()}


def test_two_guards_of_one_module_can_be_missing_together():
    two = [one for one in all_mutants() if one.module == "portal.flags.policy" and one.change == "answers yes"]

    assert {one.place for one in two} == {"may_send", "may_work"}
    assert ast.unparse(tree_without(two)).count("    return True") == 2


def planted(key):
    plant(next(one for one in all_mutants() if one.key == key))


def test_what_is_taken_away_in_a_process_is_gone_in_it_and_nowhere_else(city):
    wati = viewer_of(city.db, city.wati)

    def without():
        planted("portal.flags.policy:may_send: answers yes: may_send")
        planted("portal.flags.life:CLOSE: open to every role: UNIT")
        planted("portal.followup.views:take: open to all who signed in: allowed(may_work)")
        owned = Facts(assessed=True, owned=True)
        return [flags.may_send(wati), Move.CLOSE in life.open_moves(Status.ASSIGNED, Role.CADRE, owned),
                len(views.take.policies)]

    assert in_child(without) == [True, True, 0]
    assert not flags.may_send(wati)
    assert Move.CLOSE not in life.open_moves(Status.ASSIGNED, Role.CADRE, Facts(assessed=True, owned=True))
    assert views.take.policies


def test_a_view_that_wants_a_fresh_secret_can_be_had_without(city):
    def without():
        planted("portal.followup.views:identity: dropped: signin.fresh()")
        with city.app.test_request_context("/"):
            try:
                views.identity(code="none")
            except Exception as error:
                return type(error).__name__

    assert in_child(without) not in {None, "RuntimeError"}


def test_a_guard_that_is_not_in_the_program_is_not_said_to_be_taken_away():
    elsewhere = mutants_of(SOURCE, "portal.flags.policy")[1]

    with pytest.raises((NotPlanted, IndexError, AttributeError)):
        plant(elsewhere)


def test_a_process_that_does_not_come_to_an_end_says_nothing():
    assert in_child(lambda: __import__("time").sleep(30), patience=1) is None
    assert in_child(lambda: ["an answer"]) == ["an answer"]


def test_guards_are_found_in_every_feature_and_hardly_any_is_excused():
    excused = NOTHING_COMES.keys() | STANDS_BEHIND.keys()

    assert {mutant.package for mutant in all_mutants()} == set(PACKAGES)
    assert sorted(excused - {mutant.key for mutant in all_mutants()}) == []
    assert len(NOTHING_COMES) < 0.1 * len(all_mutants())


def test_every_guard_has_its_test_and_no_line_is_left_over():
    """A new guard needs a test that notices when it is gone: `python -m tests.support.noticing --out found.jsonl
    --keep --thorough --only <what it is called>` asks which one does, and writes it down."""
    guards = {trial.key for trial in trials()}

    assert sorted(guards - known().keys()) == []
    assert sorted(known().keys() - guards) == []


def test_the_tests_that_notice_are_there():
    named = {name.split("[")[0] for name in known().values()}
    gone = [name for name in sorted(named)
            if f"def {name.partition('::')[2]}(" not in (HERE.parent / name.partition("::")[0]).read_text()]

    assert gone == []
