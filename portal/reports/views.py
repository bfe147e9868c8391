"""Coverage and the trail."""

from flask import Blueprint, request
from flask_login import current_user

from portal.base.reference import spoken
from portal.reports import trail_words
from portal.reports.coverage import PERIODS
from portal.reports.coverage import coverage as read_coverage
from portal.reports.policy import may_read_trail, may_see_coverage
from portal.reports.trail import read_trail
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import render

bp = Blueprint("reports", __name__, template_folder="templates")


@bp.get("/cakupan")
@allowed(may_see_coverage)
def coverage():
    """Where sessions were held in a period, and where nobody has been yet."""
    asked = request.args.get("bulan", "")
    months = int(asked) if asked in {str(period) for period in PERIODS} else PERIODS[1]
    day = config.today()
    seen = read_coverage(db.session(), request.args.get("w", ""), viewer=current_user, today=day, months=months)
    return render("reports/coverage.html", seen=seen, months=months, periods=PERIODS)


@bp.get("/jejak")
@allowed(may_read_trail)
def trail():
    """Who did what. Reading it is written down in the same step."""
    before = request.args.get("sebelum", "")
    with db.transaction() as writing:
        page = read_trail(writing, viewer=current_user, keys=config.keys(), before=before)
    return render("reports/trail.html", page=page, paged=bool(before), trail_words=trail_words,
                  spoken=spoken)
