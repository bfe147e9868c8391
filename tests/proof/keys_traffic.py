"""Cadres who send and officers who read without a pause, while something is done to the keys."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

from portal.base.db import engine_for, session_for, writing
from portal.flags import commands
from portal.flags.models import Flag
from tests.conftest import signed_in
from tests.factories import private_of, ring_of, viewer_of
from tests.flags.test_views import CALM, fill

_PATIENCE = 60  # seconds for a thread to end
_BETWEEN = 0.05  # seconds: without any, threads that hold SQLite's lock by turns starve each other on a busy machine


@dataclass
class Traffic:
    """What was asked and answered: the story of each acknowledged concern by its code, apart for those that are
    `kept` from the officers (sealed to the other key), and every error."""

    city: SimpleNamespace
    stories: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    read: int = 0
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _numbers: Any = field(default_factory=count)

    def send(self, browser: Any) -> None:
        """One concern on its way, from the form to the receipt, which is looked at once more."""
        number = next(self._numbers)
        story, kept = f"mutiara {number}", number % 2 == 1
        answers = {**CALM, "story": story, **({"keep_from": ["rt_rw"]} if kept else {})}
        receipt = fill(browser, **answers).submit("review").form("/k/baru").submit("send")
        if not self._note(receipt, receipt.path.startswith("/k/") and receipt.path != "/k/baru"):
            return  # not acknowledged
        (self.kept if kept else self.stories)[receipt.path.removeprefix("/k/").replace("-", "")] = story
        self._note(browser.get(receipt.path), True)

    def look(self, browser: Any) -> None:
        """An officer at the queue, and at the sheet of a concern that was acknowledged."""
        self._note(browser.get("/antrean"), True)
        self._open(browser, self.stories)

    def look_at_all(self, browser: Any) -> None:
        """The head, who also opens what is kept from the officers."""
        self.look(browser)
        self._open(browser, self.kept)

    def _open(self, browser: Any, some: dict[str, str]) -> None:
        for code, story in list(some.items())[-1:]:
            page = browser.get(f"/k/{code[:3]}-{code[3:]}/kerja")
            self._note(page, story in page.html)
            self.read += 1

    def _note(self, page: Any, good: bool) -> bool:
        bad = page.status >= 400 or page.path.startswith("/masuk") or not good
        if bad:
            self.errors.append(f"{page.status} {page.path}")
        return not bad

    def again_and_again(self, act: Callable[[Any], None], browser: Any) -> None:
        while not self._stop.is_set():
            try:
                act(browser)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                self.errors.append(repr(error)[:300])
            time.sleep(_BETWEEN)

    def goes_on(self, more: int) -> None:
        """Wait until so many more concerns were sent and sheets read, however busy the machine is."""
        sent, read, until = self.sent + more, self.read + more, time.monotonic() + _PATIENCE / 4
        while (self.sent < sent or self.read < read) and time.monotonic() < until:
            time.sleep(0.01)

    @property
    def sent(self) -> int:
        return len(self.stories) + len(self.kept)

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def traffic(city: SimpleNamespace) -> Iterator[Traffic]:
    """A cadre sends, an officer and the head read, until the end of the block."""
    going = Traffic(city)
    browsers = [(going.send, signed_in(city, city.siti)),
                (going.look, signed_in(city, city.rina)), (going.look_at_all, signed_in(city, city.ratna))]
    threads = [threading.Thread(target=going.again_and_again, args=pair, daemon=True) for pair in browsers]
    for thread in threads:
        thread.start()
    try:
        yield going
    finally:
        going.stop()
        for thread in threads:
            thread.join(_PATIENCE)
            assert not thread.is_alive()


def unreadable(city: SimpleNamespace, stories: dict[str, str], *people: Any) -> list[str]:
    """The codes of concerns that one of these people, who should hold their key, cannot open as they were sent."""
    engine, bad = engine_for(city.url), []
    with session_for(engine) as session:
        for person in people:
            if private_of(city, person, session) is None:
                bad += stories  # nor does anything else open for her
                continue
            ring, viewer = ring_of(city, person, session), viewer_of(session, person)
            for code, story in stories.items():
                try:
                    with writing(session):
                        flag = session.query(Flag).filter_by(code=code).one()
                        if commands.open_flag(session, ring, flag, by=viewer).story != story:
                            bad.append(code)
                except Exception:  # noqa: BLE001 - unreadable, for whatever reason
                    bad.append(code)
    engine.dispose()
    return bad
