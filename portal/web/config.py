"""What the running app was given: for views and forms. Rules get settings and keys as arguments."""

from datetime import date

from flask import current_app

from portal.base import clock
from portal.base.settings import ServerKeys, Settings, host_cookie


def settings() -> Settings:
    """What the city decided."""
    given: Settings = current_app.config["SETTINGS"]
    return given


def keys() -> ServerKeys:
    """The server's own secrets."""
    given: ServerKeys = current_app.config["KEYS"]
    return given


def cookie(name: str) -> str:
    """The cookie's name as browsers know it: over HTTPS one that only this very host can have set."""
    return host_cookie(name, settings())


def today() -> date:
    """The calendar day it is now in the city."""
    return clock.today(settings().timezone)
