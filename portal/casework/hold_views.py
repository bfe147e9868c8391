"""Keeping a concern from deletion, and letting it go again."""

from portal.casework import forms, holds
from portal.casework.commands import once_only
from portal.casework.policy import may_hold
from portal.casework.views import act_on, bp
from portal.flags.life import Move
from portal.flags.policy import may_work
from portal.web.guard import allowed

_BOTH = ["GET", "POST"]


@bp.route("/k/<code>/kerja/jangan-hapus", methods=_BOTH)
@allowed(may_work, may_hold)
def hold(code: str):
    """Keep it beyond its time."""
    form = forms.HoldForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: once_only(holds.place)(
        write, ring, flag, form.reason.data, form.text.data, **how), "casework/hold.html", needs=Move.HOLD)


@bp.route("/k/<code>/kerja/jangan-hapus/lepas", methods=_BOTH)
@allowed(may_work, may_hold)
def release(code: str):
    """Let it be forgotten in its time."""
    form = forms.ReasonForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: once_only(holds.lift)(
        write, ring, flag, form.why.data, **how), "casework/release.html", needs=Move.RELEASE)
