"""The trail; coverage has its own module, which is loaded from here."""

from flask import request
from flask_login import current_user

from portal.base.reference import spoken
from portal.reports import coverage_views as _coverage_views  # noqa: F401  its pages belong to the same blueprint
from portal.reports import trail_words
from portal.reports.blueprint import bp
from portal.reports.policy import may_read_trail
from portal.reports.readings import readings
from portal.reports.trail import read_trail
from portal.web import config, db, sealed
from portal.web.guard import allowed
from portal.web.render import render

_LIST = "trail"


@bp.get("/jejak")
@allowed(may_read_trail)
def trail():
    """Who did what. Reading it is written down in the same step."""
    own = (config.keys(), _LIST, current_user.account_id)
    before = sealed.open_place(*own, request.args.get("sebelum", ""))
    with db.transaction() as writing:
        page = read_trail(writing, viewer=current_user, keys=config.keys(), before=before)
        opened = [] if before else readings(writing, viewer=current_user, zone=config.settings().timezone)
    further = sealed.seal_place(*own, page.before) if page.before else ""
    return render("reports/trail.html", page=page, opened=opened, paged=bool(before), further=further,
                  trail_words=trail_words, spoken=spoken)
