"""Asking the portal for anything as anybody, each time with the same cookies, and reading what came back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.web.sealed import new_once
from tests.conftest import signed_in
from tests.factories import Person
from tests.support.world import SWITCHED_OFF, Thing, World

FRAGMENT = {"HX-Request": "true", "HX-Target": "daftar"}
ABSENT = {"concern": "234-678", "referral": ("234-678", UUID(int=4)), "account": UUID(int=5), "session": UUID(int=6),
          "photo": (UUID(int=6), UUID(int=7)), "plan": UUID(int=8), "file": UUID(int=9), "phone": "0" * 32,
          "passkey": UUID(int=10), "pending": UUID(int=11)}
KIND_OF = {"code": "concern", "account_id": "account", "outreach_id": "session", "photo_id": "photo",
           "plan_id": "plan", "import_id": "file", "device": "phone", "passkey_id": "passkey",
           "referral_id": "referral", "kind": "pending"}
_TOKENS = re.compile(r'(name="(?:csrf_token|once|challenge|carried)"[^>]*? value=|content=|'
                     r'data-(?:challenge|options)=)"[^"]*"')
_PLACE = re.compile(r"(sebelum=)[\w-]{40,}")  # a sealed place in a list is another text each time
_CSRF = "0" * 40


@dataclass(frozen=True)
class Ask:
    """One request: a route's name, a method, who asks, for which thing (by name), and how."""

    route: str
    method: str
    who: str
    thing: str = ""
    htmx: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.route} by {self.who} for {self.thing or '-'}{' htmx' if self.htmx else ''}"


class Asker:
    """Everybody's cookies at one moment, and a way to send requests with them."""

    def __init__(self, city: SimpleNamespace, world: World):
        self.city, self.world = city, world
        self.client = city.app.test_client(use_cookies=False)
        self.cookies = {"nobody": self._cookies(None),
                        **{key: self._cookies(person) for key, person in world.people.items()}}
        self.csrf = URLSafeTimedSerializer(city.app.secret_key, salt="wtf-csrf-token").dumps(_CSRF)
        city.db.close()

    def _cookies(self, person: Person | None) -> str:
        client = signed_in(self.city, person).client if person else self.city.app.test_client()
        with client.session_transaction() as cookie:
            cookie["csrf_token"] = _CSRF
        return "; ".join(f"{name}={client.get_cookie(name).value}" for name in ("s", "b", "k")
                         if client.get_cookie(name))

    def person(self, who: str) -> Person | None:
        """The person behind a name, when anybody can be signed in as her."""
        return None if who in {"nobody", SWITCHED_OFF} else self.world.people[who]

    def send(self, path: str, who: str, method: str = "GET", data: Any = None, htmx: bool = False,
             **more: Any) -> TestResponse:
        """One request as it stands."""
        headers = {"Cookie": self.cookies[who], **(FRAGMENT if htmx else {}), **more.pop("headers", {})}
        return self.client.open(path, method=method, data=data, headers=headers, **more)

    def body(self, who: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A form's answers with what this person's page would have added: both keys are hers and good."""
        person = self.person(who)
        once = {"once": new_once(self.city.keys, person.account_id)} if person else {}
        return {"csrf_token": self.csrf, **once, **fields}


def things_for(rule: Rule, world: World) -> Iterator[tuple[str, Thing]]:
    """The things that an address can name, with one that is absent; a nameless one where it names none."""
    kinds = [KIND_OF[argument] for argument in rule.arguments if argument in KIND_OF]
    if not kinds or rule.arguments == {"kind"}:  # which of a unit's two keys is no thing of somebody's
        yield "", Thing("", None)
        return
    kind = next((kind for kind in kinds if kind in {"photo", "referral", "pending"}), kinds[0])
    yield from world.of_kind(kind).items()
    yield "absent", Thing(kind, ABSENT[kind])


def path_of(rule: Rule, thing: Thing) -> str:
    """The address of a thing."""
    values: dict[str, Any] = {"filename": "app.css", "kind": "unit"}
    if thing.kind == "photo":
        values.update(outreach_id=thing.id[0], photo_id=thing.id[1])
    elif thing.kind == "referral":
        values.update(code=thing.id[0], referral_id=thing.id[1])
    elif thing.kind == "pending":
        values.update(account_id=thing.id, kind="recovery")
    else:
        values.update(dict.fromkeys([name for name, kind in KIND_OF.items() if kind == thing.kind], thing.id))
    built = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
    assert built is not None, rule
    return str(built[1])


def plain(answer: TestResponse, thing: Thing) -> tuple[int, str, str]:
    """An answer without what differs each time, and without the name of the thing it was asked for."""
    names = [str(part) for part in (thing.id if isinstance(thing.id, tuple) else (thing.id,)) if part]
    text = str(answer.data)
    if "image" not in answer.mimetype:
        text = _PLACE.sub(r"\1*", _TOKENS.sub(r"\1*", answer.get_data(as_text=True)))
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(answer.headers)
                        if name not in {"Set-Cookie", "Content-Length", "Date"})
    for name in names:
        text, headers = text.replace(name, "*"), headers.replace(name, "*")
    return answer.status_code, text, headers
