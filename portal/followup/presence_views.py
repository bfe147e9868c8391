"""Who has a sheet open, and who steps aside from it."""

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import signin
from portal.base.errors import Refused
from portal.flags import queries as flag_queries
from portal.flags.commands import able_to_work_on
from portal.flags.policy import may_work
from portal.followup import presence, queries, triage, views, words
from portal.followup.views import bp
from portal.web import config, db
from portal.web.forms import ActForm
from portal.web.guard import allowed, quiet
from portal.web.render import render


class AsideForm(ActForm):
    """Stepping aside needs no word: a reason would say who it is about."""


@bp.post("/k/<code>/kerja/hadir")
@allowed(may_work)
@quiet
def still_here(code: str) -> Response:
    """The sheet is still open; who else has it open. It keeps no sign-in awake."""
    with db.transaction() as writing:
        flag = flag_queries.get_flag(writing, code, viewer=current_user, keys=config.keys())
        presence.touch(writing, flag.id, by=current_user)
        others = presence.others(writing, flag, viewer=current_user)
    return Response(words.open_at(others), mimetype="text/plain")


@bp.route("/k/<code>/kerja/mundur", methods=["GET", "POST"])
@allowed(may_work)
def step_aside(code: str) -> Response:
    """She has to do with somebody in it: asked once more, then it is gone for her."""
    form, ring = AsideForm(), signin.key_ring()
    if request.method == "POST" and ring is None:
        return views.ask_for_passphrase()
    if not form.accepted():
        return _ask_once_more(code, form, 422 if form.errors else 200)
    try:
        with db.transaction() as writing:
            triage.step_aside(writing, ring, code, by=current_user, keys=config.keys(), once=form.once.data,
                              body=form.body())
    except Refused:
        return _ask_once_more(code, form, 409)
    flash(_("You have stepped aside. It is not shown to you any more."))
    return redirect(url_for(".queue"), 303)  # type: ignore[return-value]


def _ask_once_more(code: str, form: AsideForm, status: int) -> Response:
    read = db.session()
    flag = flag_queries.get_flag(read, code, viewer=current_user, keys=config.keys())
    return render("followup/aside.html", form=form, status=status,
                  line=queries.line_of(read, flag, viewer=current_user, keys=config.keys()),
                  others=status != 409 and able_to_work_on(read, flag, by=current_user) - {current_user.account_id})
