"""More requests than can be served: what must not wait goes first, the rest is asked to come back.

Every request takes a place while it is served. How many may be taken already when one comes in depends on whose
turn it is, so files are refused first, then lists, and a concern never. A refusal costs next to nothing, which keeps
the server's threads free: `deploy/gunicorn.conf.py` gives it more of them than there are places here.
"""

from collections.abc import Callable
from enum import Enum
from threading import Condition
from typing import Any

from flask import Flask, current_app, g, request

from portal.base.errors import Overloaded

MOST_WAITING = 8
PATIENCE = 0.5  # seconds; a page that many open at the same instant should not be refused for that


class Turn(Enum):
    """What a request is for, and the number of places that may be taken when one of its kind comes in."""

    EXPORT = 2
    LIST = 4
    WORK = 8  # what is written at the desk, and the log of sessions
    SIGN_IN = 10
    CONCERN = 1_000_000  # never refused
    FREE = None  # takes no place: static files, emergency numbers, the way out


def turn(kind: Turn) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view. One without a mark counts as WORK when it is sent a form, else as LIST."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.turn = kind  # type: ignore[attr-defined]
        return view

    return mark


class Places:
    """How many are being served at this moment, in this process."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._taken = self._waiting = 0

    def take(self, most: int) -> bool:
        """Take a place if fewer than `most` are taken, now or within `PATIENCE`."""
        with self._changed:
            if self._taken >= most and not self._wait(most):
                return False
            self._taken += 1
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    def _wait(self, most: int) -> bool:
        if self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            return self._changed.wait_for(lambda: self._taken < most, PATIENCE)
        finally:
            self._waiting -= 1


def init_app(app: Flask) -> None:
    """Before anything else is asked, the database too."""
    app.extensions["places"] = Places()
    app.before_request(_enter)
    app.teardown_request(_leave)


def turn_of(view: Callable[..., Any] | None, method: str) -> Turn:
    """Whose turn it is when this view is asked with this method."""
    return getattr(view, "turn", Turn.WORK if method == "POST" else Turn.LIST)


def _enter() -> None:
    kind = turn_of(current_app.view_functions.get(request.endpoint or ""), request.method)
    if kind is Turn.FREE:
        return
    if not current_app.extensions["places"].take(kind.value):
        raise Overloaded
    g.place_taken = True


def _leave(_error: BaseException | None) -> None:
    if g.pop("place_taken", False):
        current_app.extensions["places"].leave()
