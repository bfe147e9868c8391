"""Deleting a concern before its time, and stopping that again."""

from portal.casework import early, forms
from portal.casework.commands import once_only
from portal.casework.views import act_on, bp
from portal.flags.life import Move
from portal.flags.policy import may_work
from portal.web.guard import allowed

_BOTH = ["GET", "POST"]


@bp.route("/k/<code>/kerja/hapus", methods=_BOTH)
@allowed(may_work)
def delete_early(code: str):
    """Propose to a second officer to delete it."""
    form = forms.EarlyForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: once_only(early.ask)(
        write, ring, flag, form.ground.data, form.why.data, **how), "casework/delete_early.html",
        needs=Move.ASK_TO_DELETE)


@bp.route("/k/<code>/kerja/hapus/batal", methods=_BOTH)
@allowed(may_work)
def spare(code: str):
    """Keep it until its time after all."""
    form = forms.ReasonForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: once_only(early.spare)(
        write, ring, flag, form.why.data, **how), "casework/spare.html", needs=Move.SPARE)
