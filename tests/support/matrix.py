"""The matrix of routes, methods, people and things, and what is checked of each answer."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.accounts.roles import Role
from tests.support import canary
from tests.support.acts import ENDS, NAMED_IN_BODY, SIGN_INS, acts, answers_of
from tests.support.asking import Ask, Asker, path_of, plain, things_for
from tests.support.expected import LETTERS, TIES, Line, lines
from tests.support.may_see import may_see
from tests.support.world import PLACES, Thing, World

WITHOUT = ("nobody", "off")
"""Who is signed in as nobody: a stranger, and a cadre whose account was switched off while she was signed in."""


class Matrix:
    """Everything that is asked of one served world. `faults` are sentences; none is a pass."""

    def __init__(self, city: SimpleNamespace, world: World):
        self.city, self.world, self.asker = city, world, Asker(city, world)
        self.lines, self.hunt = lines(), canary.Hunt(world.marks)
        self.rules = sorted(city.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))
        self._file = canary.database_files(city.url)[0]
        self._kept = self._file.with_name("kept.sqlite")
        self.keep()
        self.bodies = {route: answers_of(self.asker, route, act) for route, act in acts().items()}
        self.bodies["accounts.set_language"] = {"language": "en"}
        self.begin_anew()
        self._absent: dict[Any, Any] = {}

    # what is asked

    def unlisted(self) -> list[str]:
        """Routes without a line in the table, and lines without a route."""
        return sorted({rule.endpoint for rule in self.rules} ^ self.lines.keys())

    def asks(self, seed: int | None = None) -> Iterator[tuple[Rule, Ask]]:
        """Every route × method × role, with a few of the relations and things (a seed chooses), or with all."""
        chance = random.Random(seed)
        for rule in (rule for rule in self.rules if rule.endpoint in self.lines):
            for method in sorted({"GET", "POST"} & (rule.methods or set())):
                for who, name in self._pairs(rule, None if seed is None else chance):
                    whole = [chance.random() < 0.5] if seed is not None else [False, True]  # noqa: PLR2004
                    yield from ((rule, Ask(rule.endpoint, method, who, name, htmx)) for htmx in whole)

    def _pairs(self, rule: Rule, chance: random.Random | None) -> Iterator[tuple[str, str]]:
        things, line = dict(things_for(rule, self.world)), self.lines[rule.endpoint]
        for role in (*Role, ""):
            people = [f"{role}_{place}" for place in PLACES] if role else list(WITHOUT)
            if chance:
                people = chance.sample(people, 2)
            for who in people:
                yield from ((who, name) for name in self._chosen(things, line, who, chance))

    def _chosen(self, things: dict[str, Thing], line: Line, who: str, chance: random.Random | None) -> list[str]:
        """The absent one, one that she may ask for, and one that is hidden from her."""
        if chance is None or len(things) < 4:  # noqa: PLR2004
            return list(things)
        person = self.asker.person(who)
        sides: dict[bool, list[str]] = {True: [], False: []}
        for name, thing in things.items():
            if name != "absent":
                sides[line.admits(person, thing)].append(name)
        return ["absent", *(chance.choice(side) for side in sides.values() if side)]

    # what is checked

    def faults(self, rule: Rule, ask: Ask) -> list[str]:
        """What is wrong with the answer to this, as sentences."""
        thing = dict(things_for(rule, self.world))[ask.thing]
        before = self._version()
        answer = self.send(rule, ask, thing)
        changed = self._version() != before
        admitted = self.admits(ask, thing)
        found = [*self._status(ask, answer, admitted), *self._leaks(ask, answer)]
        if changed and not admitted:
            found.append("it changed the database")
        if changed:
            self.begin_anew()
        if not admitted and not found and not self._knows_of(ask, thing):
            found += self._differs(rule, ask, thing, answer)
        return [f"{ask}: {what}" for what in found]

    def admits(self, ask: Ask, thing: Thing) -> bool:
        """Whether the table lets her do it."""
        there = None if ask.thing == "absent" else thing
        return self.lines[ask.route].admits(self.asker.person(ask.who), there)

    def _knows_of(self, ask: Ask, thing: Thing) -> bool:
        """Whether there is nothing to hide: no thing, the absent one, or a session that she may see, not change."""
        person = self.asker.person(ask.who)
        session = person and thing.kind == "session" and LETTERS[person.role] in "cskl"
        return ask.thing in {"", "absent"} or bool(session and person and TIES["sees_session"](person, thing))

    def send(self, rule: Rule, ask: Ask, thing: Thing, **fields: Any) -> TestResponse:
        """Ask; a form is sent whole, with good keys of whoever sends it, and the thing's present version."""
        data = None
        if ask.method == "POST":
            data = self.asker.body(ask.who, {**self.bodies.get(ask.route, {}), **self._versions(thing), **fields})
        return self.asker.send(path_of(rule, thing), ask.who, ask.method, data, ask.htmx)

    def _status(self, ask: Ask, answer: TestResponse, admitted: bool) -> list[str]:
        code, location = answer.status_code, answer.headers.get("Location", "")
        asked_to_sign_in = "/masuk" in location + answer.headers.get("HX-Redirect", "") or code in {401, 403}
        if code >= 500:  # noqa: PLR2004
            return [f"it failed with {code}"]
        if admitted:
            gated = asked_to_sign_in and ask.route not in SIGN_INS | ENDS
            absent = code == 404 and not (ask.method == "POST" and ask.route in NAMED_IN_BODY)  # noqa: PLR2004
            return [f"it was refused with {code} {location}"] if absent or gated else []
        if self.asker.person(ask.who) is None and self.lines[ask.route].tie != "never":
            return [] if asked_to_sign_in else [f"nobody is signed in, and it answered {code} {location}"]
        return [] if code == 404 else [f"it is not hers, and it answered {code} {location}"]  # noqa: PLR2004

    def _leaks(self, ask: Ask, answer: TestResponse) -> list[str]:
        data = answer.get_data() + str(answer.headers).encode()
        person = self.asker.person(ask.who)
        return [f"it shows the {mark}" for mark in sorted(self.hunt.found(data))
                if not may_see(self.world, mark, person, ask.route)]

    def _differs(self, rule: Rule, ask: Ask, thing: Thing, answer: TestResponse) -> list[str]:
        """Hidden and absent must be one to whoever asks: the same answer to the byte, the same headers."""
        key = (rule.rule, ask.method, ask.who, ask.htmx)
        if key not in self._absent:
            absent = dict(things_for(rule, self.world))["absent"]
            self._absent[key] = plain(self.send(rule, ask, absent), absent)
        return [] if plain(answer, thing) == self._absent[key] else ["it does not answer as for an absent one"]

    # the database

    def keep(self) -> None:
        """What `begin_anew` brings back: the world with everybody signed in."""
        self._close()
        with sqlite3.connect(self._file) as last:
            last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        last.close()
        shutil.copy(self._file, self._kept)
        self._watch = sqlite3.connect(self._file)

    def begin_anew(self) -> None:
        """Everything as it was before the first request."""
        self._close()
        for beside in canary.database_files(self.city.url)[1:]:
            beside.unlink()
        shutil.copy(self._kept, self._file)
        shutil.copytree(self.world.photos, self.city.settings.photos_dir, dirs_exist_ok=True)
        self._watch = sqlite3.connect(self._file)

    def _close(self) -> None:
        if hasattr(self, "_watch"):
            self._watch.close()
        self.city.db.close()
        for engine in (self.city.db.get_bind(), self.city.app.extensions["engine"]):
            engine.dispose()

    def _version(self) -> int:
        """Another number whenever anybody has committed a change."""
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def _versions(self, thing: Thing) -> dict[str, str]:
        table, key = {"concern": ("flags", thing.key), "referral": ("flags", thing.key),
                      "session": ("outreach", thing.id)}.get(thing.kind, ("", None))
        if not table or key is None:
            return {}
        row = self._watch.execute(f"SELECT version FROM {table} WHERE id = ?", (key.hex,)).fetchone()  # noqa: S608
        return {"version": str(row[0])} if row else {}
