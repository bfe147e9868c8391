"""What next: the queue with its views and filters, a look at one without opening it, and one's own deadlines."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from portal.accounts import signin
from portal.base.clock import now
from portal.base.reference import spoken
from portal.casework import break_glass
from portal.flags import queries as flag_queries
from portal.flags.answers import Answers
from portal.flags.life import Risk, Status
from portal.flags.policy import may_work
from portal.followup import commands, filters, forms, policy, queries, triage, views
from portal.followup.queries import Line
from portal.followup.views import bp
from portal.web import carry, config, db
from portal.web.guard import allowed, quiet
from portal.web.render import render, wants_fragment


@bp.get("/antrean")
@allowed(may_work)
def queue() -> Response:
    """A saved view of the queue, narrowed by what the address asks for; or the sheet whose code was typed."""
    read, typed = db.session(), request.args.get("kode", "").strip()
    found = None if wants_fragment() else queries.find(read, typed, viewer=current_user, keys=config.keys())
    if found is not None:
        return redirect(url_for(".sheet", code=spoken(found)))  # type: ignore[return-value]
    view, only = queries.saved_view(request.args.get("tampil", "")), filters.read(request.args)
    asked = {"viewer": current_user, "keys": config.keys(), "settings": config.settings()}
    page = queries.queue(read, view, after=request.args.get("sesudah", ""), only=only, **asked)
    return render("followup/queue.html", block="list", page=page, only=only, at=now(),
                  total=queries.how_many(read, view, only, **asked), summaries=_summaries(page.lines, page.view),
                  shortcuts=current_user.shortcuts, **_around_the_list())


@bp.get("/tugas")
@allowed(may_work)
def tasks() -> Response:
    """Her own deadlines: past, today, this week, later."""
    due = queries.tasks(db.session(), viewer=current_user, keys=config.keys(), settings=config.settings())
    lines = [line for some in due.values() for line in some]
    return render("followup/tasks.html", due=due, at=now(), summaries=_summaries(lines, "tasks"), **_keys_of_hers())


@bp.get("/antrean/hitung")
@allowed(may_work)
@quiet
def newer() -> Response:
    """How many came since the list was made, and whether a colleague acted alone meanwhile. It moves no row,
    opens nothing, and keeps no sign-in awake."""
    read, since, asked = db.session(), _since(), {"viewer": current_user, "keys": config.keys()}
    number = queries.came_after(read, since, **asked)
    said = [_("An officer acted alone.")] if break_glass.acted_after(read, since, **asked) else []
    said += [ngettext("%(num)s new concern.", "%(num)s new concerns.", number)] if number else []
    return Response(" ".join(said), mimetype="text/plain")


@bp.get("/antrean/<code>/lihat")
@allowed(may_work)
def preview(code: str) -> Response:
    """What the list may say of one concern, in full. It does not open it.

    Shown are the coded answers, which the list's own line is made of and which name nobody: they are one sealed
    piece, so that nothing is opened here that is not shown, and nothing that the list does not open as well. The
    cadre's words, messages and names stay sealed, and the concern stays unread: reading it is a promise to the
    cadre, which somebody makes who opens its sheet. The look leaves a trace on the concern itself.
    """
    read = db.session()
    flag = flag_queries.get_flag(read, code, viewer=current_user, keys=config.keys())
    line = queries.line_of(read, flag, viewer=current_user, keys=config.keys())
    form = forms.TakeForm(formdata=None)
    form.version.data = str(line.version)
    return render("followup/preview.html", block="pane", line=line, form=form, locked=signin.key_ring() is None,
                  may_assign=policy.may_assign(current_user), answers=_summaries([line], line.id).get(line.id))


@bp.route("/antrean/<code>/ambil", methods=["GET", "POST"])
@allowed(may_work)
def pick_up(code: str) -> Response:
    """Take one from the list and open it."""
    return views.act_on(code, forms.TakeForm(), triage.pick_up)


@bp.post("/antrean/buka")
@allowed(may_work)
def unlock() -> Response:
    """Ask for the passphrase again, which opens the keys again."""
    signin.rest()
    target = carry.local_path(request.form.get("next", "/"))
    return redirect(url_for("accounts.sign_in", next=target), 303)  # type: ignore[return-value]


def _around_the_list() -> dict[str, object]:
    """What stands around the list, for the whole page alone."""
    if wants_fragment():
        return {}
    read, asked = db.session(), {"viewer": current_user, "keys": config.keys(), "settings": config.settings()}
    return {"counts": queries.counts(read, **asked), "choices": filters.choices(read, viewer=current_user),
            "risks": Risk, "stages": Status, "pick": forms.TakeForm(formdata=None),
            "may_assign": policy.may_assign(current_user), **_keys_of_hers()}


def _keys_of_hers() -> dict[str, object]:
    """Whether her keys are locked, whether she holds any, and who could hand her one."""
    keyless = not queries.holds_a_key(db.session(), current_user)
    return {"locked": signin.key_ring() is None, "keyless": keyless,
            "givers": queries.key_givers(db.session(), current_user) if keyless else []}


def _summaries(lines: Iterable[Line], where: object) -> dict[UUID, Answers]:
    ring, wanted = signin.key_ring(), [line.id for line in lines]
    if ring is None or not wanted:
        return {}
    with db.transaction() as writing:
        return commands.open_summaries(writing, ring, wanted, by=current_user, where=str(where))


def _since() -> datetime:
    """When the list was made that asks; now, when it does not say so in earnest."""
    try:
        since = datetime.fromisoformat(request.args.get("sejak", ""))
    except ValueError:
        return now()
    return since if since.tzinfo and 2000 <= since.year < 3000 else now()  # noqa: PLR2004
