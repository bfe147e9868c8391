"""Everything that goes wrong ends on a calm page that says what to do. No detail leaves the house."""

import logging

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from portal.base.errors import NotVisible, Refused, Stale
from portal.web import carry
from portal.web.render import wants_fragment

_DRAIN_BYTES = 32 * 1024 * 1024
_log = logging.getLogger("portal")


def init_app(app: Flask) -> None:
    """Map the house's own refusals and HTTP's to pages."""
    app.register_error_handler(NotVisible, lambda _error: _page("not_here", 404))
    app.register_error_handler(404, lambda _error: _page("not_here", 404))
    app.register_error_handler(403, lambda _error: _page("not_here", 404))
    app.register_error_handler(405, lambda _error: _page("not_here", 404))
    app.register_error_handler(Stale, lambda _error: _page("changed", 409))
    app.register_error_handler(Refused, lambda _error: _page("not_now", 409))
    app.register_error_handler(CSRFError, _old_form)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(SecurityError, _strange_host)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(HTTPException, lambda error: _page("trouble", error.code or 500))
    app.register_error_handler(Exception, _broken)


def _page(kind: str, status: int) -> Response:
    part = wants_fragment() and request.headers.get("HX-Target") != "utama"  # who swaps the main part picks it
    template = "errors/notice.html" if part else "errors/page.html"
    return make_response(render_template(template, kind=kind), status)


def _old_form(_error: CSRFError) -> Response:
    """The sign-in is another than when the page was opened. Answers that were hers are given back."""
    return carry.give_back() or _page("old_form", 403)


def _too_large(_error: RequestEntityTooLarge) -> Response:
    """Swallow what is still being sent: a browser shows an answer only after it could send all."""
    left = min(request.content_length or 0, _DRAIN_BYTES)
    while left > 0:
        chunk = request.environ["wsgi.input"].read(min(left, 65536))
        if not chunk:
            break
        left -= len(chunk)
    return _page("too_long", 413)


def _strange_host(_error: SecurityError) -> Response:
    """Asked under a name that is not ours: no page can be made, not even a link."""
    return Response("Bad request\n", 400, mimetype="text/plain")


def _ask_nobody() -> None:
    """Make the page without asking the database who is there: it may be what is broken."""
    if "_login_user" not in g:
        g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]


def _unavailable(error: OperationalError) -> Response:
    _log.error("database unavailable: %s", type(error.orig).__name__)
    _ask_nobody()
    return _page("not_saved", 503)


def _broken(error: Exception) -> Response:
    """An unforeseen fault. The log gets its kind and place, never its text: texts quote people."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
    _log.error("unforeseen %s in %s", type(error).__name__, where)
    _ask_nobody()
    return _page("trouble", 500)
