"""Recovery and roles: one person asks, a second agrees."""

from uuid import UUID

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import changes, entering, people, policy, queries, signin
from portal.accounts.forms import RoleForm
from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.accounts.views.blueprint import bp
from portal.accounts.words import role_name, same_hand
from portal.areas.models import Area
from portal.areas.queries import full_names
from portal.web import db, watch
from portal.web.guard import allowed
from portal.web.render import render


@bp.route("/akun/<uuid:account_id>/pulihkan", methods=["GET", "POST"])
@allowed(policy.may_look_after_people)
@signin.fresh()
def recover(account_id: UUID):
    """She stands here in person with a new phone, or without her PIN: ask a second person."""
    account = queries.person(db.session(), account_id, current_user)
    if request.method != "POST":
        return render("accounts/recover.html", person=account, problem="")
    try:
        with db.transaction() as writing:
            changes.ask_recovery(writing, queries.person(writing, account_id, current_user), by=current_user)
    except changes.StillNeeded as needed:
        return render("accounts/recover.html", person=account, problem=entering.sentence_for(needed), status=409)
    flash(_("A second person must agree now."))
    return redirect(url_for(".person", account_id=account_id), 303)


@bp.route("/akun/<uuid:account_id>/peran", methods=["GET", "POST"])
@allowed(policy.may_change_roles)
@signin.fresh()
def change_role(account_id: UUID):
    """Another role or place. Where power comes or goes, or she must begin anew, a second person agrees first."""
    account = queries.person(db.session(), account_id, current_user)
    form = RoleForm(data={"role": account.role})
    form.role.choices = [(role.value, role_name(role)) for role in Role]
    form.place.choices = _places(account)
    if not form.accepted():
        return _role_page(form, account)
    place = people.area_below(db.session(), form.place.data, current_user)
    if place.level not in people.FITS[Role(form.role.data)]:
        entering.refuse(form.place, _("This role does not fit this place."))
        return _role_page(form, account)
    return _ask_role(form, account) or _role_page(form, account)


@bp.get("/persetujuan")
@allowed(policy.may_agree_to_changes)
def pending_changes():
    """What waits for this person as the second one."""
    return render("accounts/pending.html", changes=queries.waiting_changes(db.session(), current_user),
                  same_hand=same_hand)


@bp.post("/persetujuan/<uuid:account_id>/<kind>")
@allowed(policy.may_agree_to_changes)
@signin.fresh("accounts.pending_changes")
def decide(account_id: UUID, kind: str):
    """Agree, or refuse; who asked can only take it back."""
    agreed = request.form.get("agree") == "1"
    try:
        with db.transaction() as writing:
            change, account = changes.pending(writing, account_id, kind, viewer=current_user)
            (changes.agree if agreed else changes.refuse)(writing, change, account, by=current_user)
    except changes.StillNeeded as needed:
        flash(entering.sentence_for(needed))
        return redirect(url_for(".pending_changes"), 303)
    except changes.SameHand as tied:
        watch.refused("a second person of the same hand")
        flash(same_hand(tied.until))
        return redirect(url_for(".pending_changes"), 303)
    flash(_("Agreed. Who asked can now show the code.") if agreed else _("Refused. Nothing has changed."))
    return redirect(url_for(".pending_changes"), 303)


def _ask_role(form: RoleForm, account: Account) -> Response | None:
    try:
        with db.transaction() as writing:
            place = people.area_below(writing, form.place.data, current_user)
            done = changes.ask_role(writing, queries.person(writing, account.id, current_user), Role(form.role.data),
                                    place, by=current_user)
    except changes.StillNeeded as needed:
        entering.refuse(form.role, entering.sentence_for(needed))
        return None
    flash(_("The role is changed.") if done else _("A second person must agree now."))
    return redirect(url_for(".person", account_id=account.id), 303)


def _role_page(form: RoleForm, account: Account) -> Response:
    return render("accounts/role.html", form=form, person=account, status=422 if form.errors else 200)


def _places(account: Account) -> list[tuple[str, str]]:
    """Where the person is now, and where others of her role or the office are."""
    session = db.session()
    here = session.get(Area, account.area_id) if account.area_id else None
    rows = people.starting_places(session, current_user)
    first = [(here.code, here.id)] if here is not None and here.code not in {row.code for row in rows} else []
    names = full_names(session, [*(row.id for row in rows), *(key for _code, key in first)])
    said = [(code, names[key]) for code, key in [*first, *((row.code, row.id) for row in rows)]]
    return [(code, ", ".join(dict.fromkeys(filter(None, (p.name, p.kelurahan_name, p.kecamatan_name)))))
            for code, p in said]
