"""Replacing a key of the unit: the new one at once, then what lies under the old one, a few seconds at a time."""

from time import monotonic, sleep
from uuid import UUID

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import signin, unit_keys
from portal.accounts.models import SealingKey
from portal.accounts.policy import may_grant_keys
from portal.accounts.sealed import KeyRing
from portal.accounts.sheet_words import kind_name, spoken
from portal.accounts.unit_keys import KeyStanding
from portal.base.db import BREATH, as_uuid
from portal.base.errors import Refused
from portal.casework import rewrapping
from portal.casework.views import bp
from portal.web import db
from portal.web.guard import allowed
from portal.web.render import render

_PATIENCE = 5.0
"""Seconds for which one press moves concerns: nobody looks longer at a page that does not come."""


@bp.get("/kunci/ganti/<kind>")
@allowed(may_grant_keys)
def replace_key(kind: str):
    """Where a key's replacing stands, and the next step, for a head who holds it. How much lies under a key tells
    of the concerns themselves, and another may not know of any."""
    standing, ring = _standing(kind), signin.key_ring()
    held = ring is not None and standing.key.id in ring
    left = sum(rewrapping.left(db.session(), old) for old in standing.older) if held else 0
    return render("casework/replace_key.html", standing=standing, kind_name=kind_name, spoken=spoken, left=left,
                  held=held, unlocked=ring is not None)


@bp.post("/kunci/ganti/<kind>")
@allowed(may_grant_keys)
@signin.fresh("accounts.keys")
def begin_key(kind: str):
    """Make the new key. Pressed twice, it is made once."""
    if as_uuid(request.form.get("old", "")) == _standing(kind).key.id:
        with db.transaction() as writing:
            unit_keys.begin(writing, _ring(), kind, by=current_user)
    return redirect(url_for(".replace_key", kind=kind), 303)


@bp.post("/kunci/ganti/<kind>/lanjut")
@allowed(may_grant_keys)
@signin.fresh("accounts.keys")
def move_to_key(kind: str):
    """Move what lies under the old key, as much as a few seconds allow; end it when nothing is left."""
    ring, until = _ring(), monotonic() + _PATIENCE
    ended = [_moved(old.id, ring, until) for old in _standing(kind).older]
    if ended and all(ended):
        flash(_("The key is replaced. Nobody can open anything with the old one any more."))
        return redirect(url_for("accounts.keys"), 303)
    return redirect(url_for(".replace_key", kind=kind), 303)


def _moved(old_id: UUID, ring: KeyRing, until: float) -> bool:
    """Whether the old key could be ended before the time was over."""
    at: UUID | None = None
    while monotonic() < until:
        with db.transaction() as writing:
            at = rewrapping.move(writing, ring, writing.get_one(SealingKey, old_id), by=current_user, after=at)
        if at is None:
            break
        sleep(BREATH)
    with db.transaction() as writing:
        return rewrapping.retire_if_empty(writing, old_id, by=current_user)


def _standing(kind: str) -> KeyStanding:
    if kind not in unit_keys.KINDS:
        abort(404)
    return unit_keys.standing(db.session(), current_user.unit_id, kind)


def _ring() -> KeyRing:
    ring = signin.key_ring()
    if ring is None:
        raise Refused("her keys are locked")
    return ring
