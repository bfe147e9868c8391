"""What the running app was given: for views and forms. Rules get settings and keys as arguments.

The key file is looked at before every request, so that new keys of the server reach every worker without a
restart.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from portal.base import clock
from portal.base.settings import BadSettings, ServerKeys, Settings, host_cookie

_log = logging.getLogger("portal")


def init_app(app: Flask) -> None:
    """Follow the key file. It is looked at before Flask reads the cookie, which newer keys may have signed."""
    inner, path = app.wsgi_app, app.config["SETTINGS"].keys_file
    app.extensions["key file"] = _mark(path)
    if app.config["KEYS"] is not None:
        take_keys(app, app.config["KEYS"])

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if (mark := _mark(path)) not in {None, app.extensions["key file"]}:
            _read_anew(app, path, mark)
        return inner(environ, start_response)

    app.wsgi_app = answer  # type: ignore[method-assign]


def take_keys(app: Flask, keys: ServerKeys) -> None:
    """From now on the app makes everything with these keys, and reads what the others among them made.

    What may be read comes first: other threads are at work, and at no moment may a signature be refused.
    """
    app.config["SECRET_KEY_FALLBACKS"] = keys.every("cookies")
    app.config["WTF_CSRF_SECRET_KEY"] = keys.every("cookies")[::-1]  # itsdangerous signs with the last
    app.config.update(KEYS=keys, SECRET_KEY=keys.cookies)
    object.__setattr__(app.config["SETTINGS"], "keys", keys)  # the one thing in settings that may change


def _read_anew(app: Flask, path: Path, mark: tuple[int, int] | None) -> None:
    """Take the keys of a file that was replaced. One that cannot be read changes nothing."""
    try:
        take_keys(app, ServerKeys.read(path))
        app.extensions["key file"] = mark
    except BadSettings:
        _log.error("The key file was changed and cannot be read: the keys from before are used.")


def _mark(path: Path) -> tuple[int, int] | None:
    """By which a replaced file is noticed; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def settings() -> Settings:
    """What the city decided."""
    given: Settings = current_app.config["SETTINGS"]
    return given


def keys() -> ServerKeys:
    """The server's own secrets. Raises `BadSettings` when they were never made: only commands run without."""
    given: ServerKeys | None = current_app.config["KEYS"]
    return given or settings().require_keys()


def cookie(name: str) -> str:
    """The cookie's name as browsers know it: over HTTPS one that only this very host can have set."""
    return host_cookie(name, settings())


def today() -> date:
    """The calendar day it is now in the city."""
    return clock.today(settings().timezone)
