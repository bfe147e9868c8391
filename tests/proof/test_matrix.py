"""Every route, asked in every way by everybody for everything: only those who may get an answer, and what a person
may not know of answers exactly as if it were not there."""


import pytest

from portal.base.clock import now, telling
from portal.flags import policy
from tests.proof.conftest import LONG, rotating_seed
from tests.support.acts import SIGN_INS, acts
from tests.support.asking import Ask
from tests.support.gates import gates_otherwise
from tests.support.matrix import Matrix
from tests.support.probes import probed
from tests.support.world import Thing


@pytest.fixture(scope="module")
def matrix(served, world):
    with telling(now()):
        yield Matrix(served, world)


def test_every_route_stands_in_the_table(matrix, claim):
    missing = matrix.unlisted()

    claim("every route stands in the table of who may", f"{len(missing)} of {len(matrix.lines)} missing", "0",
          holds=not missing)


def test_every_gate_admits_the_roles_of_the_table(matrix, claim):
    faults = gates_otherwise(matrix.city.app)

    claim("every route's own gate admits the roles of the table, whatever lies behind it", f"{len(faults)} faults",
          "0", holds=not faults or bool(print("\n".join(faults))))


def test_nobody_gets_what_is_not_hers(matrix, claim):
    seed = None if LONG else rotating_seed()
    print(f"seed {seed}")
    asked, faults = 0, []
    for rule, ask in matrix.asks(seed):
        asked += 1
        faults += matrix.faults(rule, ask)

    claim("every route × role × relation × thing answers as the table says: no marker where it may not be, nothing "
          "changed by who may not, hidden like absent", f"{len(faults)} faults in {asked} requests", "0",
          holds=not faults or bool(print("\n".join(faults))))


@pytest.mark.parametrize("route", sorted(acts()))
def test_each_form_of_the_matrix_is_one_that_is_accepted_of_who_may(matrix, route):
    """Else it would be no wonder that it changes nothing when others send it."""
    rule = next(rule for rule in matrix.rules if rule.endpoint == route and "POST" in rule.methods)
    act = acts()[route]
    ask, thing = Ask(route, "POST", act.who, act.thing), matrix.world.things.get(act.thing, Thing("", None))
    before = matrix._version()

    answer = matrix.send(rule, ask, thing)

    changed = matrix._version() != before
    matrix.begin_anew()
    assert (answer.status_code in {203, 303}, changed) == (True, True), answer.status_code


def test_every_route_that_writes_has_such_a_form(matrix):
    writing = {rule.endpoint for rule in matrix.rules if "POST" in (rule.methods or ())}

    assert writing == acts().keys() | SIGN_INS


def test_no_form_is_taken_from_elsewhere_twice_or_too_late(matrix, claim):
    routes = sorted(acts().keys() | SIGN_INS)
    faults = [fault for route in routes for fault in probed(matrix, route)]

    claim("every form: nothing without its CSRF token, nothing more by a second tap, nothing by a stranger's one-use "
          "key, nothing grave without a fresh secret", f"{len(faults)} faults in {len(routes)} forms", "0",
          holds=not faults or bool(print("\n".join(faults))))


# each detector, with what it should find


def faults_of(matrix, ask):
    matrix._absent.clear()
    return [fault for rule in matrix.rules if rule.endpoint == ask.route and ask.method in rule.methods
            for fault in matrix.faults(rule, ask)]


def test_an_unlisted_route_is_found(matrix, monkeypatch):
    monkeypatch.delitem(matrix.lines, "reports.trail")

    assert matrix.unlisted() == ["reports.trail"]


def test_a_gate_that_admits_others_is_found(matrix, monkeypatch):
    monkeypatch.setattr(matrix.city.app.view_functions["accounts.person"], "policies", ())

    assert "accounts.person admits officer otherwise than the table" in gates_otherwise(matrix.city.app)


def test_a_planted_leak_is_found(matrix, monkeypatch):
    story = matrix.world.marks["story of conflict"]
    help_page = matrix.city.app.view_functions["web.help_page"]

    def leaking():
        answer = help_page()
        answer.headers["X-Planted"] = story[::-1]
        return answer

    leaking.policies = None
    monkeypatch.setitem(matrix.city.app.view_functions, "web.help_page", leaking)

    assert faults_of(matrix, Ask("web.help_page", "GET", "officer_own")) == [
        "GET web.help_page by officer_own for -: it shows the story of conflict"]


@pytest.mark.parametrize(("ask", "fault"), [
    (Ask("followup.preview", "GET", "officer_own", "conflict"), "it is not hers, and it answered"),
    (Ask("followup.take", "POST", "officer_sibling", "aside"), "it is not hers, and it answered"),
    (Ask("followup.preview", "GET", "head_own", "elsewhere"), "it is not hers, and it answered")])
def test_a_scope_that_is_taken_away_is_found(matrix, monkeypatch, ask, fault):
    everything = lambda _viewer, _keys: __import__("sqlalchemy").true()  # noqa: E731 - as it is imported elsewhere
    monkeypatch.setattr(policy.visible_to, "__code__", everything.__code__)

    assert any(fault in one for one in faults_of(matrix, ask))


def test_a_write_by_who_may_not_is_found(matrix, monkeypatch):
    monkeypatch.setattr(matrix.city.app.view_functions["accounts.set_language"], "policies", None)
    monkeypatch.setitem(matrix.lines, "outreach.correct", matrix.lines["reports.trail"])

    found = faults_of(matrix, Ask("outreach.correct", "POST", "cadre_child", "held"))

    assert any("it changed the database" in one for one in found)


def test_a_hidden_thing_that_answers_otherwise_than_an_absent_one_is_found(matrix, monkeypatch):
    from flask import request

    conflict = matrix.world.things["conflict"].id
    app = matrix.city.app
    planted = lambda answer: (answer.headers.set("X-Known", "1") if conflict in request.path else None) or answer  # noqa: E731
    monkeypatch.setitem(app.after_request_funcs, None, [*app.after_request_funcs[None], planted])

    assert any("as for an absent one" in one for one in faults_of(
        matrix, Ask("followup.sheet", "GET", "officer_own", "conflict")))


