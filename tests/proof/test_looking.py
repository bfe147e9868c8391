"""Looking changes nothing: every page is opened by everybody who may, with GET and with HEAD, and the whole database
is compared. What a look may write all the same is named here, with its reason."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.base.clock import now, telling
from portal.base.db import Base
from portal.web.db import transaction
from portal.web.guard import public
from tests.support import canary
from tests.support.asking import Asker, path_of, things_for
from tests.support.expected import lines

AT_THE_DESK = {route for route, line in lines().items() if line.tie == "knows"}
BOTH = ("GET", "HEAD")
LISTS = {"followup.queue", "followup.tasks", "followup.preview"}


@dataclass(frozen=True)
class Written:
    """Something that a look may write: where (none: nowhere else), and why."""

    what: str
    where: frozenset[str]
    why: str


READING = "reading is an act: whoever opens a concern, a list or the trail leaves a row and its link (docs/audit.md)"
FIRST = "the first reading of a concern is a move of its life: the cadre is told that it was read"
MAY_BE_WRITTEN = [
    Written("a row more in audit_entries", frozenset(AT_THE_DESK | LISTS | {"reports.trail"}), READING),
    Written("a row more in audit_links", frozenset(AT_THE_DESK | LISTS | {"reports.trail"}), READING),
    Written("a row more in presences", frozenset(AT_THE_DESK), "colleagues are shown who has a sheet open"),
    Written("presences.seen_at", frozenset(AT_THE_DESK), "the same, a moment later"),
    Written("flags.read_at", frozenset(AT_THE_DESK), FIRST),
    Written("flags.status", frozenset(AT_THE_DESK), FIRST),
    Written("flags.version", frozenset(AT_THE_DESK), FIRST),
    Written("a row more in flag_steps", frozenset(AT_THE_DESK), FIRST),
    Written("a row more in marks", frozenset(AT_THE_DESK),
            "at its first reading: blind marks, by which the same person is met again, take the unit's key to make"),
    Written("content_keys.rewrapped", frozenset(AT_THE_DESK | LISTS),
            "the first who opens a content key by the unit's key puts it under a quicker lock, for the next"),
]


class Looker:
    """Looks at pages, and says what each look wrote."""

    def __init__(self, city, world, moment):
        self.city, self.world, self.moment = city, world, moment
        self.asker = Asker(city, world)
        self._file = sqlite3.connect(canary.database_files(city.url)[0])
        self._known, self._version = self._contents(), self._changes()

    def close(self):
        self._file.close()

    def look(self, path, who, method):
        """The answer, and what is otherwise in the database than before."""
        self.moment += timedelta(milliseconds=1)  # a clock that stands would hide what says only when somebody looked
        with telling(self.moment):
            answer = self.asker.send(path, who, method)
        version = self._changes()
        if version == self._version:
            return answer, set()
        before, self._known, self._version = self._known, self._contents(), version
        return answer, {what for table in before for what in _otherwise(table, before[table], self._known[table])}

    def _changes(self):
        """Another number whenever anybody has committed anything."""
        return self._file.execute("PRAGMA data_version").fetchone()[0]

    def _contents(self):
        """Every row of every table."""
        found = {}
        for table in Base.metadata.sorted_tables:
            found[table] = set(self._file.execute(f"SELECT {', '.join(table.columns.keys())} FROM {table.name}"))  # noqa: S608
        return found


def _otherwise(table, before, after):
    """What is otherwise in a table whose rows were those, and are these now."""
    gone, come = ({_key(table, row): row for row in rows} for rows in (before - after, after - before))
    for key in gone.keys() | come.keys():
        if key not in gone:
            yield f"a row more in {table.name}"
        elif key not in come:
            yield f"a row less in {table.name}"
        else:
            yield from (f"{table.name}.{name}" for name, was, now_is in zip(
                table.columns.keys(), gone[key], come[key], strict=True) if was != now_is)


def _key(table, row):
    return tuple(value for column, value in zip(table.columns, row, strict=True) if column.primary_key)


@pytest.fixture
def looker(served, world):
    served.begin_anew()
    with closing(sqlite3.connect(canary.database_files(served.url)[0])) as file, file:
        file.execute("DELETE FROM presences")  # those of a while ago are swept by whoever looks next
    with telling(now()), closing(Looker(served, world, now())) as one:
        yield one
    served.begin_anew()


def looks(looker):
    """(rule, path, who, methods): every page and every thing that it can show, by one who may; and every page by one
    of every other role that may, and by nobody."""
    world, table = looker.world, lines()
    for rule in looker.city.app.url_map.iter_rules():
        if "GET" not in rule.methods:
            continue
        yield rule, path_of(rule, next(thing for _name, thing in things_for(rule, world))), "nobody", BOTH
        roles_shown, shown = set(), set()
        for name, thing in things_for(rule, world):
            for who, person in world.people.items():
                fresh = name not in shown or person.role not in roles_shown
                there = None if name == "absent" else thing
                if fresh and looker.asker.person(who) and table[rule.endpoint].admits(person, there):
                    yield rule, path_of(rule, thing), who, BOTH if name not in shown else ("GET",)
                    shown.add(name)
                    roles_shown.add(person.role)


@pytest.mark.asvs("V3.5.3")
def test_looking_writes_nothing_but_what_is_named_here(looker, claim):
    allowed = {one.what: one.where for one in MAY_BE_WRITTEN}
    asked, opened, faults, happened = 0, set(), [], set()
    for rule, path, who, methods in looks(looker):
        for method in methods:
            answer, wrote = looker.look(path, who, method)
            asked += 1
            happened |= wrote
            faults += [f"{method} {path} by {who} wrote {what}" for what in wrote
                       if rule.endpoint not in allowed.get(what, ())]
            if answer.status_code in {200, 203}:
                opened.add((rule.endpoint, looker.asker.person(who) and looker.asker.person(who).role))

    print("\n".join(faults[:50]))
    assert {route for route, _role in opened} >= {
        rule.endpoint for rule in looker.city.app.url_map.iter_rules() if "GET" in rule.methods}
    assert {role for _route, role in opened} == {None, *Role}
    assert allowed.keys() - happened == set()  # it does not happen? then it need not be allowed
    claim("every page, with every thing, looked at by GET and HEAD by everybody who may: what is written is named in "
          "tests/proof/test_looking.py", f"{len(faults)} faults in {asked} looks", "0", holds=not faults)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_that_writes_something_else_when_it_is_looked_at_is_found(looker, monkeypatch, method):
    @public
    def writes():
        with transaction() as db:
            db.execute(update(Account).where(Account.id == looker.city.cadre_child.account_id).values(text_size=130))
        return "nothing to see"
    monkeypatch.setitem(looker.city.app.view_functions, "web.help_page", writes)

    answer, wrote = looker.look("/bantuan", "nobody", method)

    assert (answer.status_code, wrote) == (200, {"accounts.text_size"})
