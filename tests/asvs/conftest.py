"""Every page as everybody sees it, asked for once a file: what all answers must have is then only read."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.base.db import Base, writing
from tests.conftest import _city, signed_in
from tests.factories import a_flag
from tests.outreach.test_sessions import logged
from tests.support.pages import Browser

PEOPLE = ("guest", "siti", "wati", "rina", "ratna", "lina", "agus")
ABSENT = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Visit:
    """One answer: to whom, to what."""

    who: str
    path: str
    endpoint: str
    answer: TestResponse

    @property
    def text(self) -> str:
        """The answer as text; empty for a picture."""
        return self.answer.get_data(as_text=True) if self.answer.mimetype.startswith("text/") else ""


def browser_of(city: SimpleNamespace, who: str) -> Browser:
    """Somebody's browser; `guest` has signed in nowhere."""
    return signed_in(city, getattr(city, who)) if who != "guest" else Browser(city.app.test_client())


def addresses(city: SimpleNamespace, method: str = "GET") -> Iterator[tuple[str, str]]:
    """(endpoint, path) of everything that answers to a method, with a concern, a session and a person that exist."""
    for rule in city.app.url_map.iter_rules():
        if method in rule.methods and rule.endpoint != "static":
            path = rule.rule.replace("<code>", city.code).replace("<uuid:outreach_id>", str(city.outreach))
            path = path.replace("<uuid:account_id>", str(city.siti.account_id))
            yield rule.endpoint, re.sub(r"<\w+>", "x", re.sub(r"<uuid:\w+>", ABSENT, path))


def contents(city: SimpleNamespace) -> dict[str, list[str]]:
    """Every row of every table."""
    city.db.rollback()
    return {name: sorted(map(repr, city.db.execute(text(f"SELECT * FROM {name}"))))  # noqa: S608 - our own names
            for name in Base.metadata.tables}


@pytest.fixture(scope="module")
def lived_in(_sqlite_city: Any, keys: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A city of this file's own, in which a concern was sent and a session held."""
    file, people = _sqlite_city
    here = tmp_path_factory.mktemp("walk") / "city.sqlite"
    shutil.copy(file, here)
    for city in _city(f"sqlite:///{here}", keys, people):
        with writing(city.db):
            city.code = a_flag(city.db, city.settings, city.siti).code
        city.outreach = logged(city)
        yield city


@pytest.fixture(scope="module")
def walked(lived_in: SimpleNamespace) -> list[Visit]:
    """Every page and every fault, as each kind of person gets it."""
    visits = []
    for who in PEOPLE:
        client = browser_of(lived_in, who).client
        for endpoint, path in [*addresses(lived_in), ("", "/tidak-ada"), ("static", "/static/app.css")]:
            visits.append(Visit(who, path, endpoint, client.get(path)))
        visits.append(Visit(who, "/masuk", "accounts.sign_in", client.post("/masuk", data={"pin": "1"})))
    return visits
