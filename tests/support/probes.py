"""Four more questions to every route that writes: without its CSRF token, twice, with a stranger's one-use key, and
long after the secret was given."""

import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.base.clock import now, telling
from portal.web.sealed import new_once
from tests.support.acts import EXEMPT, acts, anybody_at
from tests.support.asking import Ask
from tests.support.matrix import Matrix
from tests.support.world import Thing

TRACES = {"audit_entries", "audit_links", "presences", "sign_ins", "content_keys", "marks"}
"""What looking at a page leaves behind."""
NOT_ONCE = {
    "accounts.change_look": "sets what it says: twice is once",
    "accounts.sign_out_everywhere": "there is nothing left to end",
    "accounts.new_card": "a card is shown once: a second is what she asks for",
    "accounts.describe": "sets what it says",
    "accounts.recover": "asked for again, it is asked for once",
    "accounts.end_device": "ended is ended",
    "accounts.remove_passkey": "gone is gone",
    "accounts.switch": "sets what it says",
    "accounts.invite": "a fresh code ends the older one",
    "accounts.decide": "the change that was waiting is gone",
    "accounts.grant_key": "who holds a key is not given it again",
    "followup.identity": "only shows",
    "followup.still_here": "says that she is here",
    "reports.coverage_file": "only shows",
    "accounts.set_language": "sets what it says",
}
"""Forms without a one-use key, and why a second tap does no harm."""
SHOWN_ONCE = {"accounts.hand_over", "accounts.make_many", "accounts.new_person"}
"""Whose answer shows codes that nobody can be shown again: to a second tap it says so, and leads on."""
FRESH = {"accounts.add_passkey", "accounts.change_role", "accounts.decide", "accounts.grant_key", "accounts.new_card",
         "accounts.recover", "accounts.remove_passkey", "casework.act_alone", "followup.identity",
         "reports.coverage_file"}
"""What asks for the secret again after five minutes (rulings 7)."""


def rule_of(matrix: Matrix, route: str) -> Rule:
    """The rule by which a route takes forms."""
    return next(rule for rule in matrix.rules if rule.endpoint == route and "POST" in (rule.methods or ()))


def does(matrix: Matrix, route: str, **fields: Any) -> TestResponse:
    """The act of a route, by the person who may, with these fields changed."""
    act = anybody_at(route)
    thing = matrix.world.things.get(act.thing, Thing("", None))
    return matrix.send(rule_of(matrix, route), Ask(route, "POST", act.who, act.thing), thing, **fields)


def without_csrf(matrix: Matrix, route: str) -> list[str]:
    """A form without the token, as another site would send it, is refused as such and changes nothing."""
    if route in EXEMPT:
        return []
    before = rows(matrix)
    answer = does(matrix, route, csrf_token="")
    taken = [] if answer.status_code == 403 else [  # noqa: PLR2004
        f"POST {route}: without a CSRF token it answered {answer.status_code}"]
    return taken + _done(matrix, route, before, "it took a form without a CSRF token")


def twice(matrix: Matrix, route: str) -> list[str]:
    """The same form a second time changes nothing more, and is not told off."""
    if route in NOT_ONCE or route not in acts():
        return []
    person = matrix.asker.person(acts()[route].who)
    once = new_once(matrix.city.keys, person.account_id if person else "")
    version = matrix._versions(matrix.world.things.get(acts()[route].thing, Thing("", None)))
    first = does(matrix, route, once=once)
    before = rows(matrix)
    second = does(matrix, route, once=once, **version)
    alike = (second.status_code, second.location) == (first.status_code, first.location)
    told_off = [] if alike or route in SHOWN_ONCE else [
        f"POST {route}: a second tap was answered {second.status_code}, the first {first.status_code}"]
    return told_off + _done(matrix, route, before, "a second tap did it again")


def with_a_strangers_key(matrix: Matrix, route: str) -> list[str]:
    """A one-use key that was given to somebody else is worth nothing."""
    if route in NOT_ONCE or route not in acts():
        return []
    before = rows(matrix)
    does(matrix, route, once=new_once(matrix.city.keys, matrix.world.people["leadership_other"].account_id))
    return _done(matrix, route, before, "it took a stranger's one-use key")


def long_after(matrix: Matrix, route: str) -> list[str]:
    """Six minutes after the secret was given, it is asked for again; nothing is done."""
    if route not in FRESH:
        return []
    before = rows(matrix)
    with telling(now() + timedelta(minutes=6)):
        answer = does(matrix, route)
    gated = answer.status_code == 403 or "/masuk" in answer.headers.get("Location", "")  # noqa: PLR2004
    return _done(matrix, route, before, "it was done without a fresh secret") + (
        [] if gated else [f"POST {route}: no fresh secret was asked for ({answer.status_code})"])


PROBES = (without_csrf, twice, with_a_strangers_key, long_after)


def probed(matrix: Matrix, route: str) -> list[str]:
    """All four, as sentences of what went wrong."""
    writes = any(rule.endpoint == route and "POST" in (rule.methods or ()) for rule in matrix.rules)
    return [fault for probe in PROBES for fault in probe(matrix, route)] if writes else []


def rows(matrix: Matrix) -> Mapping[str, list[Any]]:
    """Every row of every table but those of traces."""
    with sqlite3.connect(matrix._file) as read:
        tables = [name for (name,) in read.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: read.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - a table's own name
                 for name in tables if name not in TRACES}
    read.close()
    return found


def _done(matrix: Matrix, route: str, before: Mapping[str, list[Any]], what: str) -> list[str]:
    changed = rows(matrix) != before
    matrix.begin_anew()
    return [f"POST {route}: {what}"] if changed else []
