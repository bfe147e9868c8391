"""Logging sessions, and looking at what was logged."""

from datetime import date
from uuid import UUID

from flask import Response, request, url_for
from flask import session as cookie
from flask.blueprints import BlueprintSetupState
from flask_login import current_user

from portal.areas import queries as areas
from portal.audit import once as done_once
from portal.base.db import as_uuid
from portal.base.errors import NotVisible, Stale
from portal.outreach import commands, lists, photos, plans, policy, queries
from portal.outreach import import_views as _import_views  # noqa: F401
from portal.outreach import photo_views as _photo_views  # noqa: F401  its pages belong to the same blueprint
from portal.outreach import plan_views as _plan_views  # noqa: F401
from portal.outreach.blueprint import bp
from portal.outreach.forms import MANY, ForthcomingForm, OutreachForm
from portal.outreach.import_commands import may_import
from portal.outreach.models import HEADS, Outreach, OutreachPlan
from portal.outreach.photo_commands import photos_of
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import go, render

_ASKED = "asked"
"""In the signed cookie: the session whose "did anybody come forward?" is still open. The server keeps no such note,
and the cookie loses it with the answer."""


@bp.record_once
def _words(state: BlueprintSetupState) -> None:
    state.app.jinja_env.filters.update(topic_label=lists.topic_label, topic_neutral=lists.topic_neutral)
    state.app.jinja_env.globals.update(topic_label=lists.topic_label, topic_neutral=lists.topic_neutral,
                                       audience_label=lists.audience_label, material_label=lists.material_label,
                                       funding_label=lists.funding_label, change_part=lists.change_part,
                                       change_value=lists.change_value)


@bp.get("/s")
@allowed(policy.may_see_sessions)
def sessions() -> Response:
    """What was held in the viewer's area."""
    before = request.args.get("sebelum", "")
    page = queries.sessions(db.session(), viewer=current_user, before=before)
    waiting = [] if before else plans.open_plans(db.session(), viewer=current_user, today=config.today())
    return render("outreach/sessions.html", page=page, may_log=policy.may_log(current_user), plans=waiting,
                  may_plan=plans.may_plan(current_user), may_import=may_import(current_user),
                  late=sum(plan.late > 0 for plan in waiting))


@bp.route("/s/baru", methods=["GET", "POST"])
@allowed(policy.may_log)
def log() -> Response:
    """Log a session: one page, and one question back where something looks odd."""
    form = _log_form()
    if request.form.get("action") == "edit" or not form.accepted():
        return render("outreach/log.html", form=form, today=config.today(), status=422 if form.errors else 200)
    held = form.held()
    doubt = _doubt(form, held)
    if doubt:
        return _ask_once(form, held, doubt, url_for(".log"))
    with db.transaction() as writing:
        key = commands.log_session(writing, held, by=current_user, once=form.once.data, body=form.body(),
                                   today=config.today())
        plan_id = as_uuid(form.plan.data or "")
        if plan_id is not None:
            plans.held_as(writing, plan_id, key, by=current_user)
    cookie[_ASKED] = str(key)
    return go(url_for(".show", outreach_id=key, ok="1"))


@bp.post("/s/jawab")
@allowed(policy.may_log)
def forthcoming() -> Response:
    """Count whether anybody came forward, then go where that leads. The address names no session."""
    form = ForthcomingForm()
    if not form.accepted():
        return go(url_for(".sessions"))
    with db.transaction() as writing:
        commands.answer_forthcoming(writing, by=current_user, month=date.fromisoformat(form.month.data),
                                    came=form.answer.data == "yes", once=form.once.data, body=form.body())
    cookie.pop(_ASKED, None)
    onward = go(url_for("flags.new", dari="s") if form.answer.data == "yes" else url_for(".sessions"))
    onward.headers["Referrer-Policy"] = "no-referrer"  # the concern's page is not told from which session
    return onward


@bp.get("/s/<uuid:outreach_id>")
@allowed(policy.may_see_sessions)
def show(outreach_id: UUID) -> Response:
    """One session, and for a while the way to correct it."""
    read = db.session()
    outreach = queries.get_session(read, outreach_id, viewer=current_user)
    asked = cookie.get(_ASKED) == str(outreach_id) and policy.is_own(current_user, outreach)
    return render("outreach/session.html", outreach=outreach, place=areas.full_names(read, [outreach.area_id])[
        outreach.area_id], logger=queries.logger_of(read, outreach), said=request.args.get("ok", ""),
        may_correct=policy.may_correct(current_user, outreach, config.today()), heads=HEADS,
        own=policy.is_own(current_user, outreach), history=queries.history(read, outreach),
        photos=photos_of(read, outreach, viewer=current_user), most_photos=photos.MOST,
        ask=ForthcomingForm(formdata=None, month=outreach.held_on.replace(day=1).isoformat()) if asked else None)


@bp.route("/s/<uuid:outreach_id>/ubah", methods=["GET", "POST"])
@allowed(policy.may_see_sessions)
def correct(outreach_id: UUID) -> Response:
    """Correct a session. What it said before is kept."""
    read = db.session()
    outreach = queries.get_session(read, outreach_id, viewer=current_user)
    if not policy.may_correct(current_user, outreach, config.today()):
        return render("outreach/locked.html", outreach=outreach, status=404)
    form = _correction(outreach)
    if request.form.get("action") == "edit" or not form.accepted():
        return render("outreach/log.html", form=form, today=config.today(), outreach=outreach,
                      status=422 if form.errors else 200)
    held = form.held()
    if held.attendance != outreach.attendance and _is_much(form, held):
        return _ask_once(form, held, "many", url_for(".correct", outreach_id=outreach_id))
    try:
        with db.transaction() as writing:
            changed = queries.get_session(writing, outreach_id, viewer=current_user)
            commands.correct_session(writing, changed, held, by=current_user, today=config.today(),
                                     once=form.once.data, body=form.body(), version=form.seen_version)
    except Stale:
        return _changed_meanwhile(form, outreach_id)
    return go(url_for(".show", outreach_id=outreach_id, ok="2"))


def _log_form() -> OutreachForm:
    """An empty log, or one that a plan has filled in but for the numbers."""
    read = db.session()
    places, topics = queries.places(read, viewer=current_user), queries.last_topics(read, viewer=current_user)
    plan = _plan_asked_for()
    if plan is None:
        return OutreachForm(places, topics)
    if plan.area_id not in {place.area_id for place in places}:
        places = [*places, areas.full_name(read, areas.get_area(read, plan.area_id))]
    past = plan.planned_for < config.today()
    return OutreachForm(places, [plan.topic, *topics], data={
        "place": str(plan.area_id), "topics": [plan.topic], "plan": str(plan.id),
        "when": "other" if past else "today", "held_on": plan.planned_for if past else None})


def _plan_asked_for() -> OutreachPlan | None:
    """The plan that the address or the form names, if it is one that this viewer may know of."""
    plan_id = as_uuid(request.form.get("plan") or request.args.get("rencana", ""))
    try:
        return plans.get_plan(db.session(), plan_id, viewer=current_user) if plan_id else None
    except NotVisible:
        return None


def _changed_meanwhile(form: OutreachForm, outreach_id: UUID) -> Response:
    """Somebody else, or she in another window, was faster: what was typed stays, beside what stands now."""
    read = db.session()
    outreach = queries.get_session(read, outreach_id, viewer=current_user)
    form.version.data = str(outreach.version)
    return render("outreach/log.html", form=form, today=config.today(), outreach=outreach, status=409,
                  now=areas.full_name(read, areas.get_area(read, outreach.area_id)))


def _ask_once(form: OutreachForm, held: commands.Held, doubt: str, action: str) -> Response:
    """The one question back. Everything that was typed travels on with the page."""
    read = db.session()
    alike = queries.alike(read, held, viewer=current_user) if doubt == "alike" else None
    return render("outreach/doubt.html", form=form, held=held, doubt=doubt, action=action, alike=alike,
                  place=areas.full_name(read, areas.get_area(read, held.area_id)))


def _correction(outreach: Outreach) -> OutreachForm:
    """The form as the session stands, with its place even where the viewer could not choose it now."""
    places = queries.places_around(db.session(), outreach, viewer=current_user)
    heads = {name: getattr(outreach, name) for name in HEADS}
    return OutreachForm(places, data={
        **heads, "when": "other", "held_on": outreach.held_on, "note": outreach.note, "place": str(outreach.area_id),
        "topics": [topic.topic for topic in outreach.topics], "audiences": outreach.audiences,
        "materials": outreach.materials, "funding": outreach.funding, "speaker": outreach.speaker,
        "institution": outreach.institution, "version": str(outreach.version)}, earliest=outreach.held_on)


def _doubt(form: OutreachForm, held: commands.Held) -> str:
    """What to ask once before saving: a very high number, or a session that looks like one already there."""
    if _is_much(form, held):
        return "many"
    if "alike" not in _answered(form) and queries.alike(db.session(), held, viewer=current_user) is not None \
            and not done_once.is_used(db.session(), form.once.data):
        return "alike"
    return ""


def _is_much(form: OutreachForm, held: commands.Held) -> bool:
    return held.attendance > MANY and "many" not in _answered(form)


def _answered(form: OutreachForm) -> set[str]:
    """The doubts that she has already answered."""
    return set((form.sure.data or "").split(","))
