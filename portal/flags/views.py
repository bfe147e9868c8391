"""The cadre's side."""

from flask import Blueprint

from portal.accounts.policy import anyone
from portal.web.guard import allowed

bp = Blueprint("flags", __name__, template_folder="templates")


@bp.get("/")
@allowed(anyone)
def home():
    return ""


@bp.get("/k")
@allowed(anyone)
def mine():
    return ""
