"""Coverage and the trail."""

from flask import Blueprint

from portal.accounts.policy import anyone
from portal.web.guard import allowed

bp = Blueprint("reports", __name__, template_folder="templates")


@bp.get("/cakupan")
@allowed(anyone)
def coverage():
    return ""


@bp.get("/jejak")
@allowed(anyone)
def trail():
    return ""
