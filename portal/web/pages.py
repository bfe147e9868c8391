"""Pages that belong to everybody: help, safety on a phone, the manifest, and what machines ask for or say."""

from flask import Blueprint, Response, current_app, jsonify, request

from portal.web import breaches, config, errors
from portal.web.guard import public, quiet
from portal.web.render import render
from portal.web.shedding import Turn, turn

bp = Blueprint("web", __name__)


@bp.get("/bantuan")
@public
@turn(Turn.FREE)
def help_page() -> Response:
    """Numbers and what to do, with or without a sign-in, and with or without a database."""
    errors.ask_nobody_if_unreachable()
    return render("help.html")


@bp.get("/aman")
@public
def safe_phone() -> Response:
    """How to use the portal on a phone that others pick up."""
    return render("safe_phone.html")


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """The home-screen entry: a neutral name and icon, nothing else."""
    name = config.settings().name
    icon = current_app.jinja_env.globals["asset"]("icon.svg")  # type: ignore[operator]
    response = jsonify(name=name, short_name=name, start_url="/", display="minimal-ui", lang="id",
                       background_color="#f2f5f4", theme_color="#ffffff",
                       icons=[{"src": icon, "sizes": "any", "type": "image/svg+xml"}])
    response.mimetype = "application/manifest+json"
    return response


@bp.get("/healthz")
@public
@quiet
@turn(Turn.FREE)
def pulse() -> str:
    """That the process answers. Says nothing else. A locked page asks too, and must not wake what it locks."""
    return "ok"


@bp.post(breaches.PATH)
@public
@quiet
@turn(Turn.FREE)
def breach() -> tuple[str, int]:
    """Where a browser says that a page tried what its policy forbids. The portal learns that it happened, no more."""
    current_app.extensions["breaches"].note(request.stream.read(breaches.LONGEST))
    return "", 204
