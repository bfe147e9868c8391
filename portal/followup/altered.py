"""What is sealed and does not open: altered, put elsewhere, or under another key. Which of these it was is said to
nobody; that it happened stands in the trail, for whoever altered it would like it to look like any other fault."""

from contextlib import suppress

from flask import Response, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal.audit.log import record
from portal.base.errors import NotVisible
from portal.flags.queries import get_flag
from portal.followup.sealed import DoesNotOpen
from portal.followup.views import bp
from portal.web import config, db, errors


@bp.app_errorhandler(DoesNotOpen)
def answer(_error: DoesNotOpen) -> Response:
    """The page of any fault, one line in the process's log, and one row in the trail where it was at the office and
    about a concern; a cadre's moment beside a concern would say who sent it."""
    page = errors.does_not_open()
    code = (request.view_args or {}).get("code")
    if code and current_user.is_authenticated and current_user.is_staff:
        with suppress(NotVisible, SQLAlchemyError), db.transaction() as writing:
            flag = get_flag(writing, code, viewer=current_user, keys=config.keys())
            record(writing, "flag.not_opened", flag.id, by=current_user.account_id)
    return page
