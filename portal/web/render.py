"""The whole page, or the one named block of it that htmx asked for."""

from typing import Any

from flask import Response, current_app, make_response, render_template
from jinja2_fragments.flask import render_block


def wants_fragment() -> bool:
    """Whether htmx asked for a part of a page. Its history restore wants the whole one."""
    htmx = current_app.extensions["htmx"]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render(template: str, *, block: str | None = None, status: int = 200, **context: Any) -> Response:
    """Render `template`, or only its `block` when htmx asked and a block is named."""
    fragment = block is not None and wants_fragment()
    html = render_block(template, block, **context) if fragment else render_template(template, **context)
    response = make_response(html, status)
    response.vary.add("HX-Request")
    return response


def go(path: str) -> Response:
    """On to another page after a form: 303 for a plain form, HX-Redirect for htmx."""
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = path
        return response
    response = make_response("", 303)
    response.headers["Location"] = path
    return response
