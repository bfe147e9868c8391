"""What the whole unit should hear of without being asked: what waits for a second officer, what is soon deleted, and
what is late."""

from flask import render_template
from flask_login import current_user

from portal.base.clock import now
from portal.casework import digest, early, proposals
from portal.casework.views import bp
from portal.flags.policy import may_work
from portal.web import config, db
from portal.web.guard import allowed


@bp.app_context_processor
def _news() -> dict[str, object]:
    return {"waiting_proposals": _waiting, "coming_deletions": _coming}


@bp.get("/tenggat")
@allowed(may_work)
def due():
    """All of it, one by one."""
    return render_template("casework/due.html", waiting=_waiting(), coming=_coming(), at=now(),
                           late=digest.late(db.session(), viewer=current_user, keys=config.keys()))


def _waiting() -> list[proposals.WaitingRow]:
    """The proposals that wait, for anybody of the unit who looks."""
    return proposals.waiting(db.session(), viewer=current_user, keys=config.keys())


def _coming() -> list[early.Coming]:
    """What is soon deleted, for anybody of the unit who looks: she may know why it should stay."""
    return early.coming(db.session(), viewer=current_user, keys=config.keys())
