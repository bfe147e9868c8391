"""Photos of a session: sent, looked at, taken away. None of it touches what was logged."""

from typing import Any
from uuid import UUID

from flask import Response, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from portal.audit import once as done_once
from portal.base.errors import NotVisible, Refused
from portal.outreach import photo_commands as commands
from portal.outreach import photos, policy, queries
from portal.outreach.blueprint import bp
from portal.outreach.photo_forms import PhotoForm
from portal.web import config, db, errors
from portal.web.forms import ActForm
from portal.web.guard import allowed
from portal.web.render import go, render

_ROOM = photos.MOST_BYTES + 64 * 1024


@bp.url_value_preprocessor
def _room_for_a_photo(endpoint: str | None, _values: Any) -> None:
    """Only this one form may be large, and only from somebody who has signed in: everything else of the portal stays
    at the small limit. It runs before anything reads the form."""
    if endpoint == "outreach.add_photo" and current_user.is_authenticated and policy.may_see_sessions(current_user):
        request.max_content_length = _ROOM


@bp.errorhandler(RequestEntityTooLarge)
def _no_room(_error: RequestEntityTooLarge) -> Response:
    """A photo that is too large is not called a text, and she learns that her session is safe. Somebody whose sign-in
    ended meanwhile had only the room of everybody: her photo may be well, and she signs in first."""
    if request.endpoint != "outreach.add_photo":
        return errors.too_large()
    if not current_user.is_authenticated:
        errors.swallow()
        return redirect(url_for("accounts.sign_in", next=request.path), 303)  # type: ignore[return-value]
    return errors.too_large(
        heading=_("The photo is too large"), onward=request.path, label=_("Choose another photo"),
        sentence=_("At most %(size)s MB. It was not sent. Choose another photo. The session is saved already.",
                   size=photos.MOST_BYTES // 2**20))


@bp.route("/s/<uuid:outreach_id>/foto", methods=["GET", "POST"])
@allowed(policy.may_see_sessions)
def add_photo(outreach_id: UUID) -> Response:
    """Add a photo to a session that is saved already."""
    outreach = queries.get_session(db.session(), outreach_id, viewer=current_user)
    have = commands.photos_of(db.session(), outreach, viewer=current_user)
    if not policy.may_correct(current_user, outreach, config.today()):
        raise NotVisible
    form, full = PhotoForm(), len(have) >= photos.MOST
    many = not full and commands.has_many(db.session(), outreach.logged_by_id)
    if full or many or not form.accepted():
        return render("outreach/photo.html", form=form, outreach=outreach, full=full, many=many,
                      status=422 if form.errors else 200)
    try:
        _keep(outreach_id, form)
    except Refused:
        return go(url_for(".show", outreach_id=outreach_id))
    return go(url_for(".show", outreach_id=outreach_id, ok="3"))


@bp.get("/s/<uuid:outreach_id>/foto/<uuid:photo_id>")
@allowed(policy.may_see_sessions)
def photo(outreach_id: UUID, photo_id: UUID) -> Response:
    """The picture itself, for those who answer for the area and for who logged the session."""
    read = db.session()
    outreach = queries.get_session(read, outreach_id, viewer=current_user)
    data = photos.get(config.settings().photos_dir, photo_id) \
        if photo_id in commands.photos_of(read, outreach, viewer=current_user) else None
    if data is None:
        raise NotVisible
    response = make_response(data)
    response.headers["Content-Type"] = "image/jpeg"
    response.headers["Content-Disposition"] = 'inline; filename="foto.jpg"'
    return response


@bp.route("/s/<uuid:outreach_id>/foto/<uuid:photo_id>/hapus", methods=["GET", "POST"])
@allowed(policy.may_see_sessions)
def take_photo_away(outreach_id: UUID, photo_id: UUID) -> Response:
    """Ask, then take a photo away: somebody in it may have changed her mind."""
    form = ActForm()
    if form.is_submitted() and done_once.is_repeat(db.session(), form.once.data, ""):
        return go(url_for(".show", outreach_id=outreach_id, ok="2"))
    outreach = queries.get_session(db.session(), outreach_id, viewer=current_user)
    seen = photo_id in commands.photos_of(db.session(), outreach, viewer=current_user)
    if not seen or not policy.may_correct(current_user, outreach, config.today()):
        raise NotVisible
    if not form.accepted():
        return render("outreach/photo_away.html", form=form, outreach=outreach, photo_id=photo_id,
                      status=422 if form.errors else 200)
    with db.transaction() as writing:
        commands.take_away(writing, queries.get_session(writing, outreach_id, viewer=current_user), photo_id,
                           by=current_user, today=config.today(), once=form.once.data)
    photos.remove(config.settings().photos_dir, photo_id)
    return go(url_for(".show", outreach_id=outreach_id, ok="2"))


def _keep(outreach_id: UUID, form: PhotoForm) -> None:
    """The line and the file, or neither: a line that could not be committed takes its file along."""
    folder, key, new = config.settings().photos_dir, None, False
    try:
        with db.transaction() as writing:
            key, new = commands.add_photo(
                writing, queries.get_session(writing, outreach_id, viewer=current_user), form.drawn, by=current_user,
                today=config.today(), once=form.once.data, body=form.body())
            if new:
                photos.put(folder, key, form.drawn.data)
    except BaseException:
        if new and key is not None:
            photos.remove(folder, key)
        raise
