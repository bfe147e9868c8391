"""People at a real server that keeps dying: each sends, waits, and sends the very same form again until it is told
that it has arrived."""

import http.client
import random
import time
from collections.abc import Callable, Iterator
from itertools import chain
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from portal.web import sealed
from tests.conftest import signed_in
from tests.followup.at_desk import Officer, sent
from tests.support.history import OK, REFUSED, UNKNOWN, History
from tests.support.pages import Form
from tests.support.writings import CONCERN, Send, at, browsers_of

GIVES_UP = 0.1
"""How often somebody does not try again after the line broke: then nobody knows."""
PATIENCE = 60
FORM = "application/x-www-form-urlencoded"


class Line:
    """One person's connection, with her cookies."""

    def __init__(self, port: int, client: Any):
        """`client` is the test client with which she signed in."""
        self.port, self.cookies = port, {one.key: one.value for one in client._cookies.values()}
        self.answered = 0
        """How often it was told that something is done, or shown a page."""

    def ask(self, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
        """The answer, as far as a `Page` looks at it. Raises `OSError` or `http.client.HTTPException`."""
        connection = self._connection()
        try:
            connection.request(method, path, body, {
                **(headers or {}), "Host": "localhost", "Connection": "close",
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        self.answered += answer.status < 400  # noqa: PLR2004
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return SimpleNamespace(status_code=answer.status, headers=answer.headers, data=data,
                               get_data=lambda as_text=False: data.decode() if as_text else data)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, path: str, query_string: Any = (), headers: Any = None) -> Any:
        """As a test client's."""
        return self.ask("GET", f"{path}?{urlencode(query_string)}" if query_string else path, headers=headers)

    def post(self, path: str, data: Any, headers: Any = None, content_type: str = FORM) -> Any:
        """As a test client's."""
        body = data if isinstance(data, bytes) else urlencode(data, doseq=True)
        return self.ask("POST", path, body, {**(headers or {}), "Content-Type": content_type})


def over_the_line(send: Send, port: int) -> Send:
    """What was made ready in a test client, sent to a server of its own instead."""
    for browser in browsers_of(send):
        browser.client = Line(port, browser.client)
    return send


class Person(Thread):
    """Sends forms of one kind until told to stop; at most `most`."""

    def __init__(self, city: SimpleNamespace, kind: str, port: int, history: History, seed: int):
        super().__init__(daemon=True)
        self.kind, self.history, self.stop, self._chance = kind, history, Event(), random.Random(seed)
        who, self._path, forms = _WORK[kind](city)
        browser = signed_in(city, who)
        made = forms(browser)
        self._next = chain([next(made)], made)  # the page is looked at first: her cookies stand only then
        self.line = Line(port, browser.client)
        self._new_once: Callable[[], str] = lambda: sealed.new_once(city.keys, who.account_id)

    def run(self) -> None:
        while not self.stop.is_set():
            self.send_one()

    def send_one(self) -> str:
        """One form, until it is known what came of it or she has given up."""
        key = self._new_once()
        values = [pair for pair in next(self._next) if pair[0] != "once"]
        ended = self._send([*values, ("once", key)])
        self.history.add(self.kind, key, ended)
        return ended

    def _send(self, values: list[tuple[str, str]]) -> str:
        """Until it is acknowledged, or refused, or she gives up."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = self.line.post(self._path, values)
                status, where = answer.status_code, answer.headers.get("Location", "")
            except (OSError, http.client.HTTPException):
                status, where = 0, ""
            if status == 303 and "/masuk" not in where:
                return OK
            if status not in {0, 503}:
                return REFUSED
            if self._may_give_up() and self._chance.random() < GIVES_UP:
                return UNKNOWN
            time.sleep(0.1)
        return UNKNOWN

    def _may_give_up(self) -> bool:
        return self.kind not in _IN_ORDER


def _concern(city):
    def forms(browser) -> Iterator[list[tuple[str, str]]]:
        values = browser.get("/k/baru").form("/k/baru").fill(**CONCERN).values
        while True:
            yield [*values, ("action", "send")]

    return city.siti, "/k/baru", forms


def _session(city):
    def forms(browser):
        form = browser.get("/s/baru").form("/s/baru").fill(topics=["internet"], women="12")
        values = [*(pair for pair in form.values if pair[0] != "sure"), ("sure", "alike,many")]
        while True:
            yield values

    return city.budi, "/s/baru", forms


def _add(city):
    path = at(city, sent(city, city.guru, area="98.01.01.1001"), "/tambah")

    def forms(browser):
        values = browser.get(path).form("/tambah").fill(text="Lagi.", worse="no").values
        while True:
            yield values

    return city.guru, path, forms


def _act(city):
    flag_id, rina = sent(city, city.far, area="98.01.02.1001.03"), Officer(city, city.rina)
    rina.handles(flag_id)
    sheet = at(city, flag_id, "/kerja")

    def forms(browser):
        form: Form = browser.get(sheet).form("/tindakan").fill(way="phone", result="reached", note="Menelepon.",
                                                               next_step="Kunjungan")
        version = int(dict(form.values)["version"])
        while True:
            yield [(name, str(version) if name == "version" else value) for name, value in form.values]
            version += 1

    return city.rina, f"{sheet}/tindakan", forms


_WORK = {"concern": _concern, "session": _session, "add": _add, "act": _act}
_IN_ORDER = {"act"}
"""Where each builds on the one before: who gave up would not know on which version she stands."""
