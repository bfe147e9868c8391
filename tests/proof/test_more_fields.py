"""No form takes more than it asks for: each is sent as its page would, and again from the same state with one field
more for every column that the database has. What is kept must be the same."""

import sqlite3
from collections import Counter
from contextlib import closing
from uuid import UUID

import pytest
import time_machine
from flask import request
from flask.testing import FlaskClient
from sqlalchemy import Boolean, DateTime, LargeBinary, Numeric, String, Uuid, update

from portal.accounts.models import Account
from portal.base.clock import now
from portal.base.db import Base
from portal.web.db import transaction
from tests.support import canary
from tests.support.every_form import PREPARE
from tests.support.pages import Browser, Form, Page
from tests.support.writings import browsers_of

ADDRESSED = {"once", "csrf_token", "next"}
"""Fields that every form may have and that name no column."""
OF_WHAT_WAS_SENT = {("done_once", "digest", "came")}
"""A mark of the whole form as it was sent: another form with the same one-use key is another form."""
OFFICE = {"role": "admin", "status": "closed", "kind": "conflict", "risk": "low", "active": "1", "text_size": "150",
          "language": "en", "name": "Mallory", "phone": "081200000000", "sign_in_name": "mallory"}
"""What would be worth having, by the name of the column."""


def hostile(city):
    """For every column of every table a value that it could hold and should not: another's id, a role, a moment."""
    found = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            kind = column.type
            if column.name in OFFICE:
                value = OFFICE[column.name]
            elif isinstance(kind, Uuid):
                value = str(city.ratna.account_id)
            elif isinstance(kind, Boolean):
                value = "1"
            elif isinstance(kind, String | LargeBinary):
                value = "mallory"
            elif isinstance(kind, Numeric) or "INT" in str(kind).upper():
                value = "1"
            else:
                value = "2001-02-03T04:05:06+00:00" if isinstance(kind, DateTime) or "Date" in repr(kind) else "1"
            found.setdefault(column.name, value)
    return found


class Sender:
    """Sends a prepared form, as often as wanted from the same state, and says what was kept."""

    def __init__(self, city, route, monkeypatch):
        self.city, self.route, self.extra, self.known, self.sent = city, route, {}, set(), set()
        self._patch(monkeypatch)
        self.send = PREPARE[route](city)
        city.db.rollback()
        self._file = canary.database_files(city.url)[0]
        self._start = self._file.with_name("start.sqlite")
        self._copy(self._file, self._start)
        self._cookies = [(browser.client, dict(browser.client._cookies)) for browser in browsers_of(self.send)]
        self._before = self._rows()

    def _patch(self, monkeypatch):
        post, make_form, names = FlaskClient.post, Form.__init__, self.known

        def noted(form, browser, element, path):
            make_form(form, browser, element, path)
            names.update(one.attrs.get("name", "") for kind in ("input", "select", "textarea", "button")
                         for one in element.all(kind))

        def sent(client, path, *given, data=None, **more):
            return post(client, path, *given, data=self._with_more(data, more.get("content_type")), **more)

        monkeypatch.setattr(Form, "__init__", noted)
        monkeypatch.setattr(FlaskClient, "post", sent)

    def _with_more(self, data, kind):
        if not self.extra:
            self.sent |= set(data) if isinstance(data, dict) else set()
            return data
        if isinstance(data, bytes):
            boundary = kind.partition("boundary=")[2]
            parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                            for name, value in self.extra.items())
            return parts.encode() + data
        return {**{name: [value] for name, value in self.extra.items()}, **(data or {})}

    def _copy(self, source, target):
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)

    def _rows(self):
        with closing(sqlite3.connect(self._file)) as file:
            return {table.name: Counter(file.execute(f"SELECT {', '.join(c.name for c in table.columns)} "  # noqa: S608
                                                     f"FROM {table.name}")) for table in Base.metadata.sorted_tables}

    def once(self, **extra):
        """(status, what is otherwise: for each column of a table that changed, the values that came and went)."""
        self._copy(self._start, self._file)
        for client, cookies in self._cookies:
            client._cookies = dict(cookies)
        self.extra = extra
        with pytest.MonkeyPatch.context() as patch:  # the act alone, not the page that it leads to
            patch.setattr(Browser, "_answer", _first)
            page = self.send()
        self.extra = {}
        self.city.db.rollback()
        kept = {}
        for table, rows in self._rows().items():
            for word, some in (("came", rows - self._before[table]), ("went", self._before[table] - rows)):
                for number, column in enumerate(Base.metadata.tables[table].columns):
                    values = Counter(row[number] for row in some.elements())
                    if values:
                        kept[table, column.name, word] = values
        return page.status, kept


def _first(browser, response, path):
    return Page(browser, response, path)


@pytest.fixture
def still():
    with time_machine.travel(now(), tick=False):
        yield


def compared(sender, more):
    """(refused, what is otherwise with more fields): the columns whose values are random anyway, because they differ
    between two ordinary sends, only must not hold what was slipped in."""
    (status, plain), (_again, twice) = sender.once(), sender.once()
    assert status < 400, f"{sender.route} is not accepted as it is"
    more = {name: value for name, value in more.items() if name not in sender.known | sender.sent | ADDRESSED}
    said, kept = sender.once(**more)
    if said >= 400 and not kept:
        return True, set()
    random = {place for place in plain.keys() | twice.keys() if plain.get(place) != twice.get(place)}
    slipped = {UUID(value).hex if len(value) == 36 else value for value in more.values()}
    return False, {place for place in plain.keys() | kept.keys() if plain.get(place) != kept.get(place)
                   and (place not in random or slipped & set(map(str, kept.get(place, ()))))}


@pytest.mark.asvs("V15.3.3")
@pytest.mark.parametrize("route", sorted(PREPARE))
def test_fields_that_a_form_does_not_have_change_nothing(city, still, monkeypatch, route):
    sender = Sender(city, route, monkeypatch)

    refused, otherwise = compared(sender, hostile(city))

    assert otherwise - OF_WHAT_WAS_SENT == set()
    assert not refused


def test_there_is_a_field_for_every_column(city):
    more = hostile(city)

    assert more.keys() == {column.name for table in Base.metadata.tables.values() for column in table.columns}
    assert len(more) > 100


@pytest.mark.parametrize("name", ["title", "secret_hash"])
def test_a_view_that_takes_whatever_is_sent_is_found(city, still, monkeypatch, name):
    look = city.app.view_functions["accounts.change_look"]

    def takes_all():
        answer = look()
        if name in request.form:
            with transaction() as db:
                db.execute(update(Account).where(Account.id == city.siti.account_id).values(
                    {name: request.form[name]}))
        return answer
    takes_all.policies = look.policies
    monkeypatch.setitem(city.app.view_functions, "accounts.change_look", takes_all)
    sender = Sender(city, "accounts.change_look", monkeypatch)

    _refused, otherwise = compared(sender, {name: hostile(city)[name]})

    assert ("accounts", name, "came") in otherwise
