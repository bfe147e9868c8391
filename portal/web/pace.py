"""How much one person may ask for within a minute: more than any hand does, less than a machine would.

A concern is never refused, however fast it comes: that would be a lost message. So is nothing that leads to one (its
form and page, signing in and out), and nothing that a page asks for by itself. Whoever has not signed in is
slowed by `accounts/throttle.py` and `shedding.py`. Counted in each process, by the clock's minute or hour; no count
is kept, and none goes into the database.
"""

from collections import Counter
from threading import Lock
from uuid import UUID

from flask import Flask, current_app, request
from flask_login import current_user

from portal.base.clock import now
from portal.base.errors import TooFast
from portal.web import config, watch
from portal.web.shedding import Turn, turn_of

MINUTE, HOUR = 60, 3600  # seconds
_LIMITED = {Turn.LIST: "pages_a_minute", Turn.WORK: "forms_a_minute", Turn.EXPORT: "files_a_minute"}


class Pace:
    """What each person was given in the present span of the clock."""

    def __init__(self, seconds: int) -> None:
        self._seconds, self._lock = seconds, Lock()
        self._span, self._given = 0, Counter[tuple[str, UUID]]()

    def count(self, what: str, who: UUID) -> int:
        """Count one more; returns how many it makes in this span."""
        span = int(now().timestamp()) // self._seconds
        with self._lock:
            if span != self._span:
                self._span = span
                self._given.clear()
            self._given[what, who] += 1
            return self._given[what, who]

    def given(self, what: str, who: UUID) -> int:
        """How many were counted in this span."""
        with self._lock:
            return self._given[what, who]

    def left(self) -> int:
        """Seconds until the next span begins."""
        return self._seconds - int(now().timestamp()) % self._seconds


def init_app(app: Flask) -> None:
    """Count every request once it is known who asks: after the guard."""
    app.extensions["pace"], app.extensions["reading pace"] = Pace(MINUTE), Pace(HOUR)
    app.before_request(_keep)


def readings(who: UUID, flag_id: UUID) -> int:
    """Note that this person opens a concern; returns how many different ones it makes within the hour."""
    pace = current_app.extensions["reading pace"]
    first = pace.count(str(flag_id), who) == 1
    return pace.count("concerns", who) if first else pace.given("concerns", who)


def _keep() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    limit = _LIMITED.get(turn_of(view, request.method))
    if limit is None or getattr(view, "quiet", False) or not (current_user and current_user.is_authenticated):
        return
    most, pace = getattr(config.settings(), limit), current_app.extensions["pace"]
    if most and pace.count(limit, current_user.account_id) > most:
        watch.refused("faster than a hand")
        raise TooFast(pace.left())
