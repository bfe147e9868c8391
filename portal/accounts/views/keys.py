"""The unit's keys: who can open concerns, and handing a key on."""

from flask import abort, redirect, request, url_for
from flask_login import current_user

from portal.accounts import commands, kits, policy, queries, sheet_words, signin, unit_keys
from portal.accounts.views.blueprint import bp
from portal.base.db import as_uuid
from portal.base.errors import NotVisible
from portal.web import db
from portal.web.guard import allowed
from portal.web.render import render


@bp.get("/kunci")
@allowed(policy.may_grant_keys)
def keys():
    """Who of the unit can open concerns, and who cannot yet."""
    session, ring, unit_id = db.session(), signin.key_ring(), current_user.unit_id
    return render("accounts/keys.html", colleagues=queries.colleagues(session, current_user), ring=ring or (),
                  unlocked=ring is not None, kit=kits.latest(session, unit_id),
                  kit_fits=kits.is_of_present_keys(session, unit_id), spoken=sheet_words.spoken,
                  kind_name=sheet_words.kind_name,
                  standing=[unit_keys.standing(session, unit_id, kind) for kind in unit_keys.KINDS])


@bp.post("/kunci")
@allowed(policy.may_grant_keys)
@signin.fresh("accounts.keys")
def grant_key():
    """Hand on a key to a colleague."""
    ring, to = signin.key_ring(), as_uuid(request.form.get("to", ""))
    kind = request.form.get("kind", "")
    if ring is None or kind not in {"unit", "conflict"}:
        abort(404)
    if to is None:
        raise NotVisible
    with db.transaction() as writing:
        commands.grant_key(writing, ring, kind=kind, to=to, by=current_user)
    return redirect(url_for(".keys"), 303)
