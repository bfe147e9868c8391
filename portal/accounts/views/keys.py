"""The unit's keys: who can open concerns, and handing a key on."""

from flask import abort, redirect, request, url_for
from flask_login import current_user

from portal.accounts import commands, policy, queries, signin
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
    return render("accounts/keys.html", colleagues=queries.colleagues(db.session(), current_user),
                  unlocked=signin.key_ring() is not None)


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
