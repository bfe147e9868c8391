"""The web side of a sign-in: the signed cookie, its limits, and the officer's half of her key.

The cookie holds the sign-in's token and when it was begun and last used. The database keeps those to
the day only, because a finer time beside a concern's would say who sent it.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.accounts import commands, queries, sealed
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.settings import ServerKeys, Settings
from portal.web import carry, config, db

KEY_COOKIE, BROWSER_COOKIE, LEFT_COOKIE = "k", "d", "x"
BOUND = timedelta(minutes=10)
"""How long a phone's sign-in lasts without a new proof of its key: a copied cookie is worth no more."""
FRESH = timedelta(minutes=5)
"""How old the last PIN or passphrase may be before exports, roles, keys and identities (rulings 7)."""
_BEGAN, _SEEN, _PROVED, _BOUND = "began", "seen", "proved", "bound"
_A_DAY, _A_YEAR = 24 * 3600, 365 * 24 * 3600


class SecretIsDue(Exception):
    """Her secret must be given again before this goes on. What was typed comes back afterwards, as after `fresh`."""


def init_app(app: Flask) -> None:
    """Let Flask-Login find people by their sign-in, and note when each was last seen."""
    manager = LoginManager(app)
    manager.session_protection = None  # phones change networks all day; the sign-in table is the guard
    manager.user_loader(_load)
    app.before_request(_end_what_was_left)
    app.after_request(_note_seen)
    app.after_request(_take_mark_away)
    app.register_error_handler(SecretIsDue, _ask_for_secret)


def open_here(writing: Session, account_id: UUID, staff_private: bytes | None, *, is_staff: bool,
              device_id: str | None = None) -> tuple[str, str]:
    """Open a sign-in for this browser, ending the one it may have had. Returns its token, for `begin` once that is
    committed, and the browser's half of the key, for `set_key_cookie`. `device_id` names the phone that proved
    itself."""
    settings = config.settings()
    hours = settings.staff_hours if is_staff else settings.cadre_hours
    if session.get("_user_id"):
        commands.end_sign_in(writing, session["_user_id"])
    return commands.open_sign_in(writing, account_id, hours=hours, staff_private=staff_private, device_id=device_id)


def begin(token: str) -> None:
    """Give this browser the cookie of a sign-in that was opened."""
    viewer = queries.viewer_of(db.session(), token, sealed.token_hash(token))
    if viewer is None:
        raise LookupError("a sign-in that was just opened is gone")
    session.clear()
    g.pop("csrf_token", None)  # made for what was just cleared: the next form would be refused with it
    session.update(dict.fromkeys((_BEGAN, _SEEN, _PROVED, _BOUND), _seconds(now())))
    login_user(viewer)


def end() -> None:
    """End this browser's sign-in, on the server too, locked or not."""
    token = session.get("_user_id")
    if token:
        with db.transaction() as writing:
            commands.end_sign_in(writing, token)
    logout_user()
    session.clear()


def end_if_reachable() -> None:
    """As `end`, for who must get away whatever is broken: without the database the cookie goes all the same."""
    try:
        end()
    except SQLAlchemyError:
        logout_user()
        session.clear()


def mark_of_leaving() -> str:
    """What a page's script writes into its browser's cookies when she leaves: a bad line may swallow what it sends
    to the server, and at the next request this says that nobody is signed in here any more. It names nobody. It
    travels whenever the sign-in's own cookie does (`Lax`), for a day, which is longer than any sign-in lasts."""
    secure = ";secure" if current_app.config["SESSION_COOKIE_SECURE"] else ""
    return f"{config.cookie(LEFT_COOKIE)}=1;path=/;max-age={_A_DAY};samesite=lax{secure}"


def locked_viewer() -> Viewer | None:
    """The person whose sign-in stands but rests after a pause; her secret alone opens it again."""
    token, settings = session.get("_user_id"), config.settings()
    viewer = _viewer(token) if token else None
    return viewer if viewer and not _too_old(viewer, settings) else None


def rest() -> None:
    """Let this browser's sign-in rest at once, as after a pause: only her secret opens it, and her keys."""
    session[_SEEN] = 0
    g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]


def fresh(back: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Below `@allowed`: ask for the secret again unless it was given within `FRESH`. What was typed comes
    back afterwards, as after any pause; `back` is the page that leads to an act with nothing to type."""

    def guarded(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def ask_first(*args: Any, **kwargs: Any) -> Any:
            if is_fresh():
                return view(*args, **kwargs)
            if not back:
                raise SecretIsDue
            rest()
            return redirect(url_for("accounts.sign_in", next=url_for(back)), 303)

        return ask_first

    return guarded


def _ask_for_secret(_error: SecretIsDue) -> Response:
    rest()
    return carry.ask_to_sign_in()


def is_fresh() -> bool:
    """Whether the secret was given within `FRESH`."""
    return _age(_PROVED) <= FRESH


def prove_device() -> None:
    """This browser has just shown the key to which its sign-in is bound."""
    session[_BOUND] = _seconds(now())


def proof_is_due() -> bool:
    """Whether the page that is made now should show the phone's key again, well before `BOUND`."""
    return _age(_BOUND) > BOUND / 3


def idle_minutes(viewer: Viewer, settings: Settings) -> int:
    """After how many minutes without a sign of life a sign-in rests."""
    if viewer.is_staff:
        return settings.staff_idle_minutes
    return settings.own_phone_idle_minutes if viewer.mine else settings.cadre_idle_minutes


def know_browser(response: Response, keys: ServerKeys, account_id: UUID) -> Response:
    """Let this browser show, the next time, that it belongs to somebody who works here: then no stranger's
    tries elsewhere make her wait. The cookie names nobody."""
    random = secrets.token_urlsafe(12)
    entry = f"{random}.{sealed.known_browser_mark(keys, random, account_id)}"
    known = [one for one in request.cookies.get(config.cookie(BROWSER_COOKIE), "").split("~") if one][:3]
    response.set_cookie(config.cookie(BROWSER_COOKIE), "~".join([entry, *known]), max_age=_A_YEAR, httponly=True,
                        samesite="Strict", secure=current_app.config["SESSION_COOKIE_SECURE"])
    return response


def key_ring() -> KeyRing | None:
    """The unit's keys of this officer, for this request; None while they are locked."""
    if "ring" not in g:
        g.ring = commands.key_ring_of(db.session(), current_user, request.cookies.get(config.cookie(KEY_COOKIE), ""))
    return g.ring


def set_key_cookie(response: Response, half: str) -> Response:
    """Give the browser its half of the officer's key, or take it away when there is none."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    if half:
        response.set_cookie(config.cookie(KEY_COOKIE), half, httponly=True, samesite="Strict", secure=secure)
    else:
        response.delete_cookie(config.cookie(KEY_COOKIE), httponly=True, samesite="Strict", secure=secure)
    return response


def _load(token: str) -> Viewer | None:
    viewer, settings = _viewer(token), config.settings()
    if viewer is None or _too_old(viewer, settings) or _rests(viewer, settings):
        return None
    return viewer


def _viewer(token: str) -> Viewer | None:
    viewer = queries.viewer_of(db.session(), token, sealed.token_hash(token))
    return viewer if viewer is None or may_come_from_here(viewer.role) else None


def may_come_from_here(role: Role) -> bool:
    """Whether somebody of this role may be where this request comes from: administrators only in their networks, if
    any are named, so that a stolen passphrase and factor open nothing elsewhere."""
    networks = config.settings().admin_networks
    if role != Role.ADMIN or not networks:
        return True
    try:
        here = ip_address(request.remote_addr or "")
    except ValueError:  # a socket says no address
        return False
    return any(here in ip_network(one) for one in networks)


def _rests(viewer: Viewer, settings: Settings) -> bool:
    unbound = viewer.device_id is not None and _age(_BOUND) > BOUND
    return unbound or _age(_SEEN) > timedelta(minutes=idle_minutes(viewer, settings))


def _too_old(viewer: Viewer, settings: Settings) -> bool:
    hours = settings.staff_hours if viewer.is_staff else settings.cadre_hours
    return _age(_BEGAN) > timedelta(hours=hours)


def _age(which: str) -> timedelta:
    return now() - datetime.fromtimestamp(session.get(which, 0), UTC)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _end_what_was_left() -> Any:
    """She left this browser while the network was away (`mark_of_leaving`): from here on nobody is signed in."""
    if config.cookie(LEFT_COOKIE) not in request.cookies or request.endpoint == "static":
        return None
    g.mark_was_seen = True
    if "_user_id" not in session:
        return None
    end_if_reachable()
    if request.endpoint != "accounts.sign_out":
        return None
    return redirect(url_for("accounts.sign_in"), 303)  # what she asked for is done, and its token went with it


def _take_mark_away(response: Response) -> Response:
    if g.get("mark_was_seen"):
        response.delete_cookie(config.cookie(LEFT_COOKIE), httponly=True, samesite="Lax",
                               secure=current_app.config["SESSION_COOKIE_SECURE"])
        if not current_user.is_authenticated:
            set_key_cookie(response, "")
    return response


def _note_seen(response: Response) -> Response:
    view = current_app.view_functions.get(request.endpoint or "")
    by_itself = request.endpoint == "static" or getattr(view, "quiet", False)
    if not by_itself and current_user and current_user.is_authenticated:
        session[_SEEN] = _seconds(now())
    return response
