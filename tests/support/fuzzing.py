"""Requests that no page would send, made by chance from what pages, forms and routes know.

Request number n of a seed is always the same one, and so is the world it finds: everything begins anew with each
block of `BLOCK`. So `PORTAL_FUZZ=seed:n` shows a failing one again."""

import json
import random
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import portal
from portal.accounts.roles import Role
from portal.web.forms import BaseForm
from tests.support.acts import acts
from tests.support.asking import ABSENT, path_of, things_for
from tests.support.matrix import Matrix
from tests.support.may_see import may_see
from tests.support.world import Thing

BLOCK = 200
MARKUP = "<zqx onload=1>\"zqx='1"
VALUES = (
    "", " ", "0", "-1", "1", "99999999999999999999", "1e308", "NaN", "-0", "1.5", "٣", "²", "true", "null",
    "[]", "{}",
    "y", "yes", "no", "on", "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-W05", "25:61", "24:00",
    "\0", "a\0b", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "😀" * 40, "\u202egnirts", "\u200b",
    "\ufeff", "a\r\nSet-Cookie: x=1", "\x1b[31m", "x" * 5_000, "é" * 2_000, MARKUP,
    "<script>alert(1)</script>" + MARKUP,
    "' OR '1'='1", "'; DROP TABLE flags; --", "\" OR 1=1 --", "%' AND 1=0 UNION SELECT name FROM accounts --", "%_%",
    "../../../etc/passwd", "..%2f..%2fkeys.json", "/etc/passwd", "file:///etc/passwd", "//evil.example",
    "/\\evil.example",
    "https://evil.example/", "javascript:alert(1)", "{{7*7}}", "${7*7}", "%(x)s", "%s%s%n", "{0}",
    "=cmd|' /C calc'!A0",
    "@SUM(1)", "00000000-0000-0000-0000-000000000000", "not-a-uuid", "234-678", "K7M-4PX", "98.01",
    "98.01.01.1001.07",
    "98", ".", "admin", "head", "conflict", "confirm", "send", "close", "edit", "unit")
HEADERS = (
    ("HX-Request", "true"), ("HX-Request", "\xff"), ("HX-Target", "utama"), ("HX-Target", "x" * 300),
    ("HX-Boosted", "true"),
    ("HX-History-Restore-Request", "true"), ("HX-Current-URL", "https://evil.example/"), ("HX-Trigger", MARKUP),
    ("HX-Current-URL", "http://[::1"), ("HX-Current-URL-URI-AutoEncoded", "true"),
    ("HX-Prompt-URI-AutoEncoded", "true"),
    ("HX-Target-URI-AutoEncoded", "true"), ("Range", "bytes=0-1"), ("Range", "bytes=-99999999999"),
    ("Range", "lines=1"),
    ("If-None-Match", "*"), ("If-Modified-Since", "yesterday"), ("If-Match", '"x"'), ("Accept", "application/json"),
    ("Accept-Language", "zz-ZZ;q=9,\xff"), ("Accept-Language", "id" * 200), ("Accept-Encoding", "br;q=2, gzip;q=-1"),
    ("Host", "evil.example"), ("Host", "[::1"), ("Host", "a b"), ("X-Forwarded-For", "127.0.0.1, x"),
    ("X-Forwarded-Host", "evil.example"), ("X-HTTP-Method-Override", "DELETE"), ("Origin", "null"), ("Referer", "x:"),
    ("Authorization", "Basic !!"), ("Content-Encoding", "gzip"), ("Expect", "100-continue"), ("User-Agent", MARKUP))
TYPES = ("application/x-www-form-urlencoded", "application/json", "text/plain", "application/xml", "",
         "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
         "application/x-www-form-urlencoded; charset=utf-7", "image/jpeg", "a/b; \xff")
COOKIES = ("s=", "s=a.b.c", "s=" + "A" * 4_000, "k=!!", "k=" + "A" * 44, "b=" + quote(MARKUP), "b=zz", "; ;=;",
           "s=\xff", "d=x")
TAILS = ("/", "//", "/..", "/%2e%2e/", "%00", ";x", "/.git/config", "%ff", "?", "%", "/k/..")
METHODS = ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get")

_WHO_MAY_KNOW = (
    "SELECT unit_id, key_id FROM flags WHERE id = :flag",
    "SELECT account_id FROM exclusions WHERE flag_id = :flag ORDER BY 1",
    "SELECT key_id FROM key_grants WHERE account_id = :person ORDER BY 1")
_WHO_SHE_IS = "SELECT role, area_id, unit_id FROM accounts WHERE id = :person"
_ASKED_OF_HER = "SELECT kind, role, area_id FROM pending_changes WHERE account_id = :person"
"""Who may be the second person to a change is shown whom it is about: any head, where no unit is concerned."""


@dataclass
class Request:
    """One request, as it will be sent."""

    path: str
    who: str
    method: str
    data: Any = None
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str | None = None


class Fuzzer:
    """Makes and sends requests, and says what is wrong with an answer."""

    def __init__(self, matrix: Matrix, seed: int):
        self.matrix, self.seed, self.acts = matrix, seed, acts()
        self.rules = [(rule, [thing for _name, thing in things_for(rule, matrix.world)])
                      for rule in matrix.rules if rule.endpoint != "static"]
        self.people = list(matrix.asker.cookies)
        self.adapter = matrix.city.app.url_map.bind("localhost")
        self.fields, self.asked = sorted(_field_names()), sorted(_asked_names())
        self._block, self._written = -1, set[str]()

    def request(self, number: int) -> Request:
        """The request of this number: sometimes nearly right, sometimes nothing like it."""
        chance = random.Random(f"{self.seed}:{number}")
        rule, things = chance.choice(self.rules)
        made = Request(self._path(chance, rule, chance.choice(things)), chance.choice(self.people), "GET")
        if "POST" in (rule.methods or ()) and chance.random() < 0.7:  # noqa: PLR2004
            made.method = "POST"
            self._fill(chance, rule, made)
        if chance.random() < 0.3:  # noqa: PLR2004
            pairs = [(chance.choice(self.asked), chance.choice(VALUES)) for _one in range(chance.randint(1, 3))]
            made.query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)
        if chance.random() < 0.25:  # noqa: PLR2004
            made.headers = chance.sample(HEADERS, chance.randint(1, 3))
        if chance.random() < 0.06:  # noqa: PLR2004
            made.method = chance.choice(METHODS)
        return made

    def _path(self, chance: random.Random, rule: Rule, thing: Thing) -> str:
        path = path_of(rule, thing)
        if chance.random() < 0.15:  # noqa: PLR2004
            cut = path.split("/")
            cut[chance.randrange(len(cut))] = quote(chance.choice(VALUES), safe="")[:6_000]
            path = "/" + "/".join(cut).lstrip("/")
        if chance.random() < 0.03:  # noqa: PLR2004
            path += chance.choice(TAILS)
        return path

    def _fill(self, chance: random.Random, rule: Rule, made: Request) -> None:
        """Mostly the good form of the person who may, with a few of its answers spoilt."""
        act, thing = self.acts.get(rule.endpoint), Thing("", None)
        if act is not None and chance.random() < 0.6:  # noqa: PLR2004
            made.who, thing = act.who, self.matrix.world.things.get(act.thing, thing)
            made.path = path_of(rule, thing)
        fields = MultiDict(self.matrix.asker.body(made.who, {
            **self.matrix.bodies.get(rule.endpoint, {}), **self.matrix._versions(thing)}))
        for _one in range(chance.randint(0, 3)):
            self._spoil(chance, fields)
        made.data, roll = fields, chance.random()
        if roll < 0.04:  # noqa: PLR2004
            made.data, made.content_type = json.dumps(dict(fields.lists()), default=str), "application/json"
        elif roll < 0.12:  # noqa: PLR2004
            made.data, made.content_type = chance.randbytes(chance.randint(0, 3_000)), chance.choice(TYPES)
        elif roll < 0.16:  # noqa: PLR2004
            made.content_type = "multipart/form-data"

    def _spoil(self, chance: random.Random, fields: MultiDict[str, Any]) -> None:
        name = chance.choice([*fields, chance.choice(self.fields)])
        kind = chance.random()
        if kind < 0.15:  # noqa: PLR2004
            fields.poplist(name)
        elif kind < 0.3:  # noqa: PLR2004
            fields.add(name, chance.choice(VALUES))
        elif kind < 0.35:  # noqa: PLR2004
            fields.setlist(chance.choice((f"{name}[]", f"{name}\0", name.upper())), fields.getlist(name))
        else:
            fields.setlist(name, [chance.choice(VALUES)])

    def send(self, made: Request, number: int) -> TestResponse:
        """Send it with the cookies of whoever asks, or with spoilt ones."""
        chance = random.Random(f"{self.seed}:{number}:cookies")
        cookies = self.matrix.asker.cookies[made.who]
        if chance.random() < 0.05:  # noqa: PLR2004
            cookies = chance.choice(("", f"{cookies}; ")) + chance.choice(COOKIES)
        headers = [("Cookie", cookies), *made.headers]
        # what begins with two strokes would be taken for another server's address
        path, exactly = ("/", {"PATH_INFO": unquote(made.path, "latin-1"), "REQUEST_URI": made.path}) if \
            made.path.startswith("//") else (made.path, {})
        return self.matrix.asker.client.open(path, method=made.method, data=made.data, headers=headers,
                                             query_string=made.query or None, content_type=made.content_type,
                                             environ_overrides=exactly)

    def faults(self, number: int) -> list[str]:
        """What is wrong with the answer to the request of this number."""
        if number // BLOCK != self._block:
            self._block, self._written = number // BLOCK, set()
        made = self.request(number)
        answer = self.send(made, number)
        route, body = self._route(made.path, made.method), answer.get_data()
        found = []
        busy = answer.status_code == 503 and route.startswith("accounts.sign_in")  # noqa: PLR2004
        if answer.status_code >= 500 and not busy:  # noqa: PLR2004
            found.append(f"it failed with {answer.status_code}")
        if answer.mimetype == "text/html" and (b"<zqx" in body or b"\"zqx='" in body):
            found.append("it gives markup back as it came")
        person = self.matrix.asker.person(made.who)
        shown = self.matrix.hunt.found(body + str(answer.headers).encode(errors="replace"))
        found += [f"it shows the {mark}" for mark in sorted(shown)
                  if not (may_see(self.matrix.world, mark, person, route) or _brought(made, self.matrix, mark)
                          or mark in self._written or self._has_moved(mark, made.who))]
        if route == "accounts.describe" and made.method == "POST" and answer.status_code < 400:  # noqa: PLR2004
            # who looks after accounts wrote one person's name or title, which she may see, upon another
            self._written |= {mark for mark in self.matrix.world.marks
                              if mark.startswith(("name of", "title of")) and _brought(made, self.matrix, mark)}
        return [f"PORTAL_FUZZ={self.seed}:{number} {made.method} {made.path[:90]} by {made.who}: {what}"
                for what in found]

    def _has_moved(self, mark: str, who: str) -> bool:
        """Whether an earlier request of the block has, as its sender may, changed who may know of what is marked:
        handed the concern over, moved it to another key, or changed this person's keys, place or role, or those of
        whoever is named, or asked for that."""
        person, about = self.matrix.asker.person(who), mark.partition(" of ")[2]
        thing, named = self.matrix.world.things.get(about), self.matrix.world.people.get(about)
        if person is None:
            return False
        asked: list[tuple[str, dict[str, str]]] = []
        if named is not None:
            asked = [(_WHO_SHE_IS, {"person": one.account_id.hex}) for one in (person, named)]
            if person.role in {Role.HEAD, Role.COORDINATOR}:
                asked.append((_ASKED_OF_HER, {"person": named.account_id.hex}))
        elif thing is not None and thing.key is not None:
            asked = [(query, {"flag": thing.key.hex, "person": person.account_id.hex})
                     for query in (*_WHO_MAY_KNOW, _WHO_SHE_IS)]
        with closing(sqlite3.connect(self.matrix._kept)) as before:
            return any(self.matrix._watch.execute(query, given).fetchall() != before.execute(query, given).fetchall()
                       for query, given in asked)

    def _route(self, path: str, method: str) -> str:
        try:
            plain = path.partition("?")[0]
            return str(self.adapter.match(plain, method=method if method == "POST" else "GET")[0])
        except HTTPException:
            return ""


def _brought(made: Request, matrix: Matrix, mark: str) -> bool:
    """Whether the marker stood in what she sent herself."""
    sent = f"{made.path} {dict(made.data.lists()) if isinstance(made.data, MultiDict) else made.data}"
    return matrix.world.marks[mark] in sent


def _field_names() -> set[str]:
    """The names of all fields of all forms."""
    kinds, names = [BaseForm], set()
    for kind in kinds:
        kinds += kind.__subclasses__()
        names |= {name for name in dir(kind) if hasattr(getattr(kind, name), "field_class")}
    return names | {"csrf_token", "once", "carried", "version", "rest_for", "next", "action", "step"}


def _asked_names() -> set[str]:
    """The names that any page reads from an address."""
    source = "".join(file.read_text() for file in Path(portal.__path__[0]).rglob("*.py"))
    return set(re.findall(r'(?:args|values)\.get(?:list)?\("(\w+)"', source)) | set(ABSENT)
