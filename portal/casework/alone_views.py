"""Acting alone in an emergency, and looking at what a colleague did alone."""

from flask_login import current_user

from portal.accounts import signin
from portal.casework import break_glass, forms
from portal.casework.commands import once_only
from portal.casework.views import act_on, bp
from portal.flags.life import Move
from portal.flags.policy import may_work
from portal.web import config, db
from portal.web.guard import allowed

_BOTH = ["GET", "POST"]


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {"alarms": _alarms}


@bp.route("/k/<code>/kerja/hubungi/sendirian", methods=_BOTH)
@allowed(may_work)
@signin.fresh()
def act_alone(code: str):
    """Contact somebody at once and alone, because a life is in danger."""
    form = forms.AloneForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: once_only(break_glass.act_alone)(
        write, ring, flag, form.why.data, **how), "casework/act_alone.html", needs=Move.BREAK_GLASS,
        hours=break_glass.HOLDS.seconds // 3600)


@bp.route("/k/<code>/kerja/hubungi/sendirian/periksa", methods=_BOTH)
@allowed(may_work)
def review_alone(code: str):
    """Say that one has looked at what a colleague did alone."""
    form = forms.DeskForm()
    return act_on(code, lambda _seen: form, lambda write, _ring, flag, **how: once_only(break_glass.review)(
        write, flag, **how), "casework/review_alone.html", needs=Move.REVIEW_BREAK_GLASS)


def _alarms() -> list[break_glass.Alarm]:
    """What a colleague did alone and nobody has looked at, for anybody of the unit who looks."""
    return break_glass.alarms(db.session(), viewer=current_user, keys=config.keys())
