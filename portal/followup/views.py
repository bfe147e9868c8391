"""The unit's side."""

from flask import Blueprint

from portal.flags.policy import may_work
from portal.web.guard import allowed

bp = Blueprint("followup", __name__, template_folder="templates")


@bp.get("/antrean")
@allowed(may_work)
def queue():
    return ""
