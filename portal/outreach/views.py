"""Logging sessions, and looking at what was logged."""

from flask import Blueprint

from portal.accounts.policy import anyone
from portal.web.guard import allowed

bp = Blueprint("outreach", __name__, template_folder="templates")


@bp.get("/s")
@allowed(anyone)
def sessions():
    return ""
