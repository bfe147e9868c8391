"""The recovery sheets: made and shown once to be printed, then typed in again."""

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from portal.accounts import kits, policy, sheet_text, sheet_words, signin
from portal.accounts.forms import SheetsForm
from portal.accounts.models import Unit
from portal.accounts.sealed import KeyRing
from portal.accounts.views.blueprint import bp
from portal.accounts.words import qr
from portal.base.errors import Refused
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import render


@bp.get("/kunci/lembar")
@allowed(policy.may_grant_keys)
def kit():
    """What the sheets are for, before they are made."""
    return render("accounts/kit.html", unlocked=signin.key_ring() is not None)


@bp.post("/kunci/lembar")
@allowed(policy.may_grant_keys)
@signin.fresh("accounts.kit")
def make_kit():
    """Three sheets, shown this once. They count when they were typed in again."""
    session = db.session()
    shares = kits.make(session, _ring(), current_user.unit_id)
    fingerprint, unit = kits.fingerprint(session, current_user.unit_id), session.get_one(Unit, current_user.unit_id)
    sheets = []
    for share in shares:
        groups = sheet_text.written(share)
        words = sheet_words.in_each_language(config.settings().languages, share.number, unit.name, fingerprint,
                                             config.today())
        sheets.append({"number": share.number, "groups": groups, "picture": qr(" ".join(groups)), "words": words})
    return render("accounts/kit_sheets.html", sheets=sheets)


@bp.route("/kunci/lembar/periksa", methods=["GET", "POST"])
@allowed(policy.may_grant_keys)
def check_kit():
    """Every sheet is typed in again, from paper. Only then the kit counts as made."""
    form = SheetsForm()
    if form.accepted() and _is_kept(form):
        flash(_("The three sheets are right. Give each to its own person now."))
        return redirect(url_for(".keys"), 303)
    return render("accounts/kit_check.html", form=form, status=422 if form.errors else 200)


def _is_kept(form: SheetsForm) -> bool:
    try:
        with db.transaction() as writing:
            _keep(writing, form)
    except kits.BadKit as bad:
        form.first.errors = [sheet_words.bad_kit(bad.code)]
        return False
    return True


def _keep(writing: Session, form: SheetsForm) -> None:
    kits.keep(writing, _ring(), current_user.unit_id, form.shares, by=current_user.account_id)


def _ring() -> KeyRing:
    ring = signin.key_ring()
    if ring is None:
        raise Refused("her keys are locked")
    return ring
