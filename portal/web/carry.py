"""A sign-in that ends in the middle of a form loses nothing that was typed.

The answers go back to the person's own browser, sealed; after signing in, one tap brings them to the
same page. Nothing is kept on the server, and nothing opens for anybody else who signs in: the form's
one-use key belongs to one account.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict

from portal.web import config, sealed

CARRIED = "carried"
_LONGEST_PATH = 2000  # less than a server takes in one line (deploy/gunicorn.conf.py)
_NOT_CARRIED = {"csrf_token", CARRIED, "rest_for"}
_PASSING_ON = {f"accounts.{view}" for view in ("sign_in", "sign_in_with_card", "sign_in_staff", "rest")}


def ask_to_sign_in() -> Response:
    """What a closed page answers to somebody who is not, or no longer, signed in."""
    if request.headers.get("HX-Request"):
        return _ask_htmx()
    if request.method == "POST" and request.form:
        return _ask_with_answers()
    return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))  # type: ignore[return-value]


def restore() -> Any:
    """Before a view runs: put carried answers where the form looks, and mark the request as restored."""
    if request.method != "POST" or not request.form.get(CARRIED) or not current_user.is_authenticated:
        return None
    if request.endpoint in _PASSING_ON:
        return None
    answers = _her_answers(request.path)
    if answers is None:
        return redirect(request.path)
    request.__dict__["form"] = ImmutableMultiDict(answers)
    g.restored = True
    return None


def give_back() -> Response | None:
    """For a form whose sign-in was renewed meanwhile, as in another tab, or is gone with its cookie: her answers, to
    be sent again. None when they are not the answers of the person who is signed in. What was being carried when the
    cookie went, as after a clock that jumped or a sign-in elsewhere, is carried on."""
    if request.form.get(CARRIED):
        path = _path(request.form.get("next")) or meant_for()
        signed_in = bool(current_user.is_authenticated)
        return _ask_with(request.form[CARRIED], path, signed_in) if not signed_in or is_for_her(path) else None
    once = request.form.get("once", "")
    if not once or (current_user.is_authenticated and not _is_hers(once)):
        return None
    if request.headers.get("HX-Request"):
        return make_response("", 401)
    return _ask_with_answers(signed_in=bool(current_user.is_authenticated))


def restored() -> bool:
    """Whether this request brings back answers after a sign-in: show them, do not act on them."""
    return bool(g.get("restored"))


def local_path(target: str) -> str:
    """`target` when it is a path of this site, else the start page: no redirect leads outside, or to an address that
    no server would take."""
    outside = not target.startswith("/") or target.startswith("//")
    unfit = len(target) > _LONGEST_PATH or "\\" in target or any(ord(c) < 32 for c in target)  # noqa: PLR2004
    return "/" if outside or unfit else target


def meant_for() -> str:
    """The page of the form whose answers this request brings: where a page locks itself, it says which it was."""
    return _path(request.form.get("rest_for")) or request.path


def is_for_her(path: str) -> bool:
    """Whether this request passes on answers to the form at `path` which are those of who is signed in."""
    return _her_answers(_path(path)) is not None


def sealed_answers(path: str) -> str:
    """This request's answers, unreadable, for the form at `path`, or those that it was only passing on; empty when
    there are none."""
    if request.form.get(CARRIED):
        return request.form[CARRIED]
    answers = [(name, value) for name, value in request.form.items(multi=True) if name not in _NOT_CARRIED]
    return sealed.seal_answers(config.keys(), path, answers) if answers else ""


def brings_answers() -> bool:
    """Whether a form brings answers worth keeping, its own or those that it is only passing on. Forms without a
    one-use key, such as a sign-in, hold secrets and nothing worth keeping."""
    return "once" in request.form or bool(request.form.get(CARRIED))


def kept() -> str:
    """What a form that could not be dealt with gives back to its browser, unreadable: its answers, or those that it
    was only passing on."""
    return sealed_answers(meant_for()) if brings_answers() else ""


def _ask_htmx() -> Response:
    """A fragment would put the sign-in page into a corner of this one. The script sends the form again
    as a plain one (401), so that its answers are carried; a plain look is sent to the sign-in page."""
    if request.method == "POST":
        return make_response("", 401)
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url_for("accounts.sign_in")
    return response


def _is_hers(once: str) -> bool:
    """Whether a form's one-use key was given to the person who is signed in."""
    return sealed.is_once_of(config.keys(), once, current_user.account_id)


def _path(target: str | None) -> str:
    """Only the path of an address of this site; empty where none was given."""
    return urlsplit(local_path(target)).path if target else ""


def _her_answers(path: str) -> list[tuple[str, str]] | None:
    """What is being carried to the form at `path`, if it is that of the person who is signed in."""
    answers = sealed.open_answers(config.keys(), path, request.form.get(CARRIED, ""))
    return answers if answers and _is_hers(dict(answers).get("once", "")) else None


def _ask_with_answers(signed_in: bool = False) -> Response:
    path = meant_for()
    return _ask_with(sealed_answers(path), path, signed_in)


def _ask_with(carried: str, path: str, signed_in: bool) -> Response:
    return make_response(render_template("continue.html", carried=carried, path=path, signed_in=signed_in), 403)
