"""Who may enter. A view that does not say is closed; a test walks the url map and finds it.

`@allowed(policy, …)` names predicates of one viewer, all of which must hold; `@public` opens a view.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, abort, current_app, request
from flask_login import current_user

from portal.web import carry, watch

Policy = Callable[[Any], bool]


def allowed(*policies: Policy) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view as open to signed-in people for whom every policy holds."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.policies = policies  # type: ignore[attr-defined]
        return view

    return mark


def quiet(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view as asked by the page itself, not by a person: it keeps no sign-in awake."""
    view.quiet = True  # type: ignore[attr-defined]
    return view


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view as open to everybody, signed in or not."""
    view.policies = None  # type: ignore[attr-defined]
    return view


def init_app(app: Flask) -> None:
    """Check every request before its view runs."""
    app.before_request(_check)


def _check() -> Any:
    if not request.host:
        abort(400)  # a name that no server can have: passkeys and addresses could not be made with it
    if request.endpoint is None:
        return None  # no such address: Flask answers 404
    view = current_app.view_functions[request.endpoint]
    if not hasattr(view, "policies"):
        abort(404)
    if view.policies is None:
        return None
    if not current_user.is_authenticated:
        return carry.ask_to_sign_in()
    if not all(policy(current_user) for policy in view.policies):
        watch.refused("not for this role")
        abort(404)  # what is not for you looks like what is not there
    return None
