"""Which language, and how days and times are said in it."""

from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date
from flask import Flask, current_app, request
from flask_babel import Babel, get_locale, gettext
from flask_login import current_user

from portal.base.clock import now
from portal.web import config

COOKIE = "b"
_A_YEAR = 365 * 24 * 3600


def init_app(app: Flask, translations: str, default: str) -> None:
    """Set up Babel with the project's own catalogues, and the filters that say dates."""
    app.config.update(BABEL_TRANSLATION_DIRECTORIES=translations, BABEL_DEFAULT_LOCALE=default)
    Babel(app, locale_selector=chosen_language)
    app.jinja_env.filters.update(day=say_day, short_day=say_short_day, clock=say_time, moment=say_moment,
                                 month=say_month)


def chosen_language() -> str:
    """The language of this person, else of this browser's cookie, else the city's first."""
    languages = config.settings().languages
    wishes = (getattr(current_user, "language", ""), request.cookies.get(config.cookie(COOKIE), ""))
    return next((wish for wish in wishes if wish in languages), languages[0])


def remember(response, language: str):  # type: ignore[no-untyped-def]
    """Keep the language in this browser. The cookie says nothing but `id` or `en`."""
    response.set_cookie(config.cookie(COOKIE), language, max_age=_A_YEAR, httponly=True, samesite="Lax",
                        secure=current_app.config["SESSION_COOKIE_SECURE"])
    return response


def local(moment: datetime) -> datetime:
    """The instant in the city's own time."""
    return moment.astimezone(config.settings().timezone)


def say_day(day: date | datetime) -> str:
    """`24 November`, with the year when it is not this one."""
    return _day(_as_date(day), str(get_locale()), "d MMMM", _this_year())


def say_short_day(day: date | datetime) -> str:
    """`Sel, 24 Nov`."""
    return _day(_as_date(day), str(get_locale()), "EEE, d MMM", _this_year())


def say_month(day: date) -> str:
    """`November 2026`."""
    return format_date(day, "MMMM y", locale=str(get_locale()))


def say_time(moment: datetime) -> str:
    """`09.28` in Indonesian, `09:28` in English: always 24 hours."""
    here = local(moment)
    separator = "." if str(get_locale()).startswith("id") else ":"
    return f"{here.hour:02}{separator}{here.minute:02}"


def say_moment(moment: datetime) -> str:
    """`hari ini, 09.28`, `besok, 08.00`, `24 November, 09.28`."""
    here, today = local(moment), local(now()).date()
    near = {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}
    day = near.get((here.date() - today).days) or say_day(here)
    return gettext("%(day)s, %(time)s", day=day, time=say_time(moment))


def _as_date(day: date | datetime) -> date:
    return local(day).date() if isinstance(day, datetime) else day


def _this_year() -> int:
    return local(now()).year


@lru_cache(maxsize=4096)
def _day(day: date, language: str, pattern: str, this_year: int) -> str:
    return format_date(day, pattern if day.year == this_year else f"{pattern} y", locale=language)


