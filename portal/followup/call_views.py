"""A concern that is told on the phone, written down by the officer who takes the call."""

from flask import Response, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.areas import queries as areas
from portal.base.reference import spoken
from portal.flags import commands as flags
from portal.flags import places
from portal.flags.policy import may_work
from portal.followup import intake, queries
from portal.followup.call_forms import CallForm
from portal.followup.views import bp
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import go, render


@bp.route("/k/telepon", methods=["GET", "POST"])
@allowed(may_work)
def call() -> Response:
    """The flag form on one page, the caller first."""
    form = _form()
    if not form.accepted():
        return render("followup/call.html", form=form, status=422 if form.errors else 200)
    try:
        with db.transaction() as writing:
            code = flags.write_down(writing, config.settings(), _concern(form), by=current_user,
                                    caller_id=form.known_caller and form.known_caller.id, once=form.once.data,
                                    body=form.body())
    except flags.SentBefore:
        return render("followup/call.html", form=form, sent_before=True, status=409)
    return _written_down(code)


def _form() -> CallForm:
    read = db.session()
    return CallForm(
        places.kelurahans(read, intake.city_of(read, current_user)),
        cadre_with=lambda phone: intake.cadre_with(read, phone, viewer=current_user, keys=config.keys()),
        rw_in=lambda kelurahan_id, number: intake.rw_in(read, kelurahan_id, number))


def _concern(form: CallForm) -> flags.Concern:
    read, known = db.session(), form.known_caller
    area = form.spot or areas.get_area(read, form.area_id)
    home = places.said(areas.full_names(read, [known.area_id])[known.area_id]) if known else ""
    return flags.Concern(form.answers(area.name), form.story.data, form.told_by(known, home), area)


def _written_down(code: str) -> Response:
    """On to its sheet; where it was sealed to others because of a conflict, back to the queue with its code."""
    if queries.find(db.session(), code, viewer=current_user, keys=config.keys()):
        flash(_("Written down as %(code)s.", code=spoken(code)))
        return go(url_for(".sheet", code=spoken(code)))
    flash(_("Written down as %(code)s. Only the head of the unit can open it: somebody must not know of it.",
            code=spoken(code)))
    return redirect(url_for(".queue"), 303)  # type: ignore[return-value]
