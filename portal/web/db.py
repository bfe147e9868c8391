"""One database session a request, and one transaction an intention."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, g
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.base.db import engine_for, session_for, writing


def init_app(app: Flask, url: str) -> None:
    """Give the app its engine; connections are opened by the first request that needs one."""
    app.extensions["engine"] = engine_for(url)
    app.teardown_appcontext(_close)


def engine() -> Engine:
    """The app's engine."""
    return current_app.extensions["engine"]


def session() -> Session:
    """This request's database session, for reading."""
    if "db" not in g:
        g.db = session_for(engine())
    return g.db


@contextmanager
def transaction() -> Iterator[Session]:
    """The one place where a request writes: all or nothing, and answered only after the sync."""
    with writing(session()) as db:
        yield db


def _close(_error: BaseException | None) -> None:
    db = g.pop("db", None)
    if db is None:
        return
    try:
        db.close()
    except DBAPIError:  # the connection broke after the answer was made: that must not take the answer away
        db.invalidate()
