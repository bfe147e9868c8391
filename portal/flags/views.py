"""The cadre's side: home, passing on a concern, seeing what became of it, answering and adding."""

from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.policy import anyone
from portal.accounts.roles import Role
from portal.base.clock import now, today
from portal.base.db import as_uuid
from portal.base.reference import spoken
from portal.flags import commands, places, policy, queries, words
from portal.flags.answers import Known
from portal.flags.forms import AddForm, AnswerForm, FlagForm
from portal.outreach import lists
from portal.outreach import queries as outreach
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.locale import local
from portal.web.render import go, render
from portal.web.shedding import Turn, turn

bp = Blueprint("flags", __name__, template_folder="templates")

_WORKPLACES = {
    Role.OFFICER: "followup.queue", Role.HEAD: "followup.queue", Role.COORDINATOR: "outreach.sessions",
    Role.LEADERSHIP: "reports.coverage", Role.ADMIN: "accounts.people_page",
}


for _say, _name in ((words.label, "label"), (words.told, "told"), (spoken, "spoken")):
    bp.add_app_template_global(_say, _name)  # on every page that shows something of a concern


@bp.context_processor
def _own_words() -> dict[str, object]:
    return {"words": words, "topic_label": lists.topic_label}


@bp.errorhandler(commands.SentBefore)
def sent_before(_error: commands.SentBefore) -> Response:
    """The receipt never reached her, and she changed something since: say that it had arrived."""
    return render("flags/sent_before.html", status=409)


@bp.get("/")
@allowed(anyone)
@turn(Turn.SIGN_IN)
def home() -> Response:
    """Where everybody begins: cadres their two jobs, the others their own desk."""
    if current_user.role in _WORKPLACES:
        return redirect(url_for(_WORKPLACES[current_user.role]))  # type: ignore[return-value]
    read, settings = db.session(), config.settings()
    return render(
        "flags/home.html", here=outreach.here(read, viewer=current_user, today=today(settings.timezone)),
        mine=queries.mine(read, viewer=current_user, keys=config.keys(), size=3)[:3],
        greeting=words.greeting(local(now()).hour), place=places.of(read, current_user))


@bp.route("/k/baru", methods=["GET", "POST"])
@allowed(policy.may_send)
@turn(Turn.CONCERN)
def new() -> Response:
    """The flag form: asked, reviewed, sent."""
    read, action = db.session(), request.form.get("action")
    form = FlagForm(places.choices(read, current_user), places.school_of(places.of(read, current_user)))
    if request.method == "GET" and request.args.get("dari") == "s":
        form.known.data = Known.SESSION.value
    if action == "edit" or not form.accepted():
        return render("flags/new.html", form=form, status=422 if form.errors else 200)
    if action != "send":
        return render("flags/review.html", form=form)
    with db.transaction() as writing:
        concern = places.concern(writing, form, viewer=current_user, keys=config.keys())
        code = commands.send(writing, config.settings(), concern, by=current_user, once=form.once.data,
                             body=form.body())
    return go(url_for(".progress", code=spoken(code)))


@bp.get("/k")
@allowed(policy.may_send)
def mine() -> Response:
    """Everything this person has passed on."""
    rows = queries.mine(db.session(), viewer=current_user, keys=config.keys(), before=_before())
    return render("flags/mine.html", mine=rows[:25], more=rows[24].sent_at if len(rows) > 25 else None)


@bp.get("/k/<code>")
@allowed(policy.may_send)
@turn(Turn.CONCERN)
def progress(code: str) -> Response:
    """What became of one: the receipt, and the page to come back to."""
    return _progress(code, AnswerForm())


@bp.post("/k/<code>/jawab")
@allowed(policy.may_send)
@turn(Turn.CONCERN)
def answer(code: str) -> Response:
    """Answer the officer's question."""
    form = AnswerForm()
    seen = queries.progress(db.session(), code, viewer=current_user, keys=config.keys())
    if not form.accepted() or not seen.open:
        return _progress(code, form)
    with db.transaction() as writing:
        flag = queries.get_flag(writing, code, viewer=current_user, keys=config.keys())
        commands.answer(writing, flag, form.content(), by=current_user, once=form.once.data, body=form.body(),
                        to=as_uuid(form.question.data or ""))
    flash(_("Your answer has been sent."))
    return go(url_for(".progress", code=spoken(seen.code)))


@bp.route("/k/<code>/tambah", methods=["GET", "POST"])
@allowed(policy.may_send)
@turn(Turn.CONCERN)
def add(code: str) -> Response:
    """Add something new to a concern that is still open."""
    form = AddForm()
    seen = queries.progress(db.session(), code, viewer=current_user, keys=config.keys())
    if not form.accepted() or not seen.open:
        return render("flags/add.html", form=form, seen=seen, status=_status(form, seen))
    with db.transaction() as writing:
        flag = queries.get_flag(writing, code, viewer=current_user, keys=config.keys())
        commands.add(writing, config.settings(), flag, form.content(), worse=form.worse.data == "yes",
                     by=current_user, once=form.once.data, body=form.body())
    flash(_("It has arrived. The officers have been told."))
    return go(url_for(".progress", code=spoken(seen.code)))


def _progress(code: str, form: AnswerForm) -> Response:
    read = db.session()
    seen = queries.progress(read, code, viewer=current_user, keys=config.keys())
    form.question.data = str(seen.question.id) if seen.question else ""
    form.hours_first = seen.question is not None and seen.question.template == "when_call"
    opening = queries.calendar(read, config.settings()).next_opening(seen.sent_at)
    return render("flags/progress.html", form=form, seen=seen, status=_status(form, seen),
                  opening=opening if opening > max(seen.sent_at, now()) else None)


def _status(form: AddForm | AnswerForm, seen: queries.Progress) -> int:
    """422 for answers that cannot stand, 409 for words that came when all was closed."""
    if form.is_submitted() and not seen.open:
        return 409
    return 422 if form.errors else 200


def _before() -> datetime | None:
    try:
        before = datetime.fromisoformat(request.args["sebelum"])
        return before.astimezone(UTC) if before.tzinfo else None
    except (KeyError, ValueError, OverflowError):  # the first and the last day have no other zone's hour
        return None
