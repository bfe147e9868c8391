"""Everything that goes wrong ends on a calm page that says what to do. No detail leaves the house."""

import errno
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_babel import get_locale
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from portal.base.errors import NotVisible, Overloaded, Refused, Stale, TooFast
from portal.web import carry, watch
from portal.web.render import wants_fragment

_DRAIN_BYTES = 32 * 1024 * 1024
_AGAIN = 5  # seconds after which it is worth asking again
_NO_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
_log = logging.getLogger("portal")


def init_app(app: Flask) -> None:
    """Map the house's own refusals and HTTP's to pages."""
    app.before_request(_take_only_what_is_whole)

    def on(error: type[Exception] | int, answer: Callable[[Any], Response]) -> None:
        app.register_error_handler(error, _after_reading(answer))

    on(NotVisible, _not_visible)
    on(404, lambda _error: _page("not_here", 404))
    on(403, lambda _error: _page("not_here", 404))
    on(405, lambda _error: _page("not_here", 404))
    on(Stale, lambda _error: _page("changed", 409))
    on(Refused, lambda _error: _page("not_now", 409))
    on(CSRFError, _old_form)
    app.register_error_handler(RequestEntityTooLarge, lambda _error: too_large())
    app.register_error_handler(SecurityError, _strange_host)
    for gone in (OperationalError, InterfaceError, NoConnection):
        on(gone, _unavailable)
    on(DatabaseError, _database_fault)
    on(OSError, _no_disk)
    app.extensions["busy_pages"] = {}
    on(Overloaded, _busy)
    on(TooFast, _too_fast)
    on(HTTPException, lambda error: _page("trouble", error.code or 500))
    on(Exception, _broken)


def ask_nobody_if_unreachable() -> None:
    """For pages that must answer whatever is broken: without the database, nobody is signed in."""
    try:
        bool(current_user.is_authenticated)
    except SQLAlchemyError:
        _ask_nobody()


def too_large(**said: object) -> Response:
    """What is answered to more than is taken. `said` are a heading, a sentence, and a label and address to go on to,
    where something else than a text is too large."""
    swallow()
    return _page("too_long", 413, **said)


def does_not_open() -> Response:
    """Something that is sealed was altered, or is not where it belongs: one answer and one line, whatever it was."""
    watch.refused("what is sealed and does not open")
    _ask_nobody()
    return _page("trouble", 500)


def swallow() -> None:
    """Take in what is still being sent of too large a body: a browser shows an answer only after it could send all.
    None of it was read, and none is asked for by the page that follows."""
    watch.refused("too large")
    request.__dict__["form"] = ImmutableMultiDict()
    left = min(request.content_length or 0, _DRAIN_BYTES)
    while left > 0:
        chunk = request.environ["wsgi.input"].read(min(left, 65536))
        if not chunk:
            break
        left -= len(chunk)


def _take_only_what_is_whole() -> None:
    """A form whose connection broke off in the middle: gunicorn hands on what came as if it was all, and half of what
    she wrote would be kept, under a key that then refuses the whole. Without that word of gunicorn's Werkzeug counts
    for itself, and refuses it. (nginx holds such a form back; not every server stands behind one.)"""
    if request.content_length is not None:
        request.environ.pop("wsgi.input_terminated", None)


def _after_reading(answer: Callable[[Any], Response]) -> Callable[[Any], Response]:
    """A page looks into what was sent. Where that is too large, or broke off on its way, it finds nothing there:
    else the answer would fail in its turn, and the web server below would log the address and answer by itself."""
    def answered(error: Any) -> Response:
        try:
            _ = request.form
        except RequestEntityTooLarge:
            swallow()
        except HTTPException:
            request.__dict__["form"] = ImmutableMultiDict()
        return answer(error)

    return answered


def _page(kind: str, status: int, **context: object) -> Response:
    return make_response(render_template(_template(), kind=kind, **context), status)


def _template() -> str:
    part = wants_fragment() and request.headers.get("HX-Target") != "utama"  # who swaps the main part picks it
    return "errors/notice.html" if part else "errors/page.html"


def _not_visible(_error: NotVisible) -> Response:
    """Absent, or not for her: here, too, the two are the same."""
    watch.refused("absent or not hers")
    return _page("not_here", 404)


def _old_form(_error: CSRFError) -> Response:
    """The sign-in is another than when the page was opened. Answers that were hers are given back."""
    ask_nobody_if_unreachable()
    watch.refused("a form without its token")
    return carry.give_back() or _page("old_form", 403)


def _strange_host(_error: SecurityError) -> Response:
    """Asked under a name that is not ours: no page can be made, not even a link."""
    watch.refused("a strange host")
    return Response("Bad request\n", 400, mimetype="text/plain")


def _ask_nobody() -> None:
    """Make the page without asking the database who is there: it may be what is broken."""
    if "_login_user" not in g:
        g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]


def _unavailable(error: Exception) -> Response:
    _log.error("database unavailable: %s", type(getattr(error, "orig", error)).__name__)
    return _not_now("trouble")


def _database_fault(error: DatabaseError) -> Response:
    """A file that is no database, or a broken one, has no kind of its own. The other kinds are our faults."""
    return _unavailable(error) if type(error) is DatabaseError else _broken(error)


def _no_disk(error: OSError) -> Response:
    """A photo that found no room on the disk, or no disk."""
    return _unavailable(error) if error.errno in _NO_DISK else _broken(error)


def _busy(_error: Overloaded) -> Response:
    """A refusal must cost as little as it can: the page says the same to everybody, and is made once."""
    if request.method == "POST":
        return _not_now("busy")
    _ask_nobody()
    made, key = current_app.extensions["busy_pages"], (_template(), str(get_locale()))
    if key not in made:
        made[key] = render_template(key[0], kind="busy")
    return _come_again(make_response(made[key], 503))


def _too_fast(error: TooFast) -> Response:
    """More than a hand does. Should it have been one, what was typed is given back."""
    sent = request.method == "POST"
    page = _page("not_saved", 429, carried=carry.kept(), path=carry.meant_for()) if sent else _page("busy", 429)
    page.headers["Retry-After"] = str(error.seconds)
    return page


def _not_now(looking: str) -> Response:
    """Come back in a moment. Who only looked reads `looking`: saying "not sent" after a redirect would deny what
    was received. Who sent something has it given back, sealed, so that one tap brings her to her answers again."""
    _ask_nobody()
    sent = request.method == "POST"
    return _come_again(
        _page("not_saved", 503, carried=carry.kept(), path=carry.meant_for()) if sent else _page(looking, 503))


def _come_again(response: Response) -> Response:
    response.headers["Retry-After"] = str(_AGAIN)
    return response


def _broken(error: Exception) -> Response:
    """An unforeseen fault. The log gets its kind and place, never its text: texts quote people."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
    _log.error("unforeseen %s in %s", type(error).__name__, where)
    _ask_nobody()
    return _page("trouble", 500)
