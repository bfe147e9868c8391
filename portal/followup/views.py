"""One concern's sheet, and the acts on it. What else is on the desk: see `pages`."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import signin
from portal.accounts.sealed import KeyRing
from portal.audit import once as done_once
from portal.base.clock import now
from portal.base.errors import Refused, Stale
from portal.base.reference import spoken
from portal.flags import commands as flags
from portal.flags import queries as flag_queries
from portal.flags import readings
from portal.flags import words as flag_words
from portal.flags.answers import Identity
from portal.flags.life import Move, Risk
from portal.flags.policy import may_work
from portal.followup import commands, forms, policy, presence, queries, sheets, triage, words
from portal.followup.sheets import Sheet
from portal.web import carry, config, db
from portal.web.guard import allowed
from portal.web.locale import local, say_day, say_time
from portal.web.render import render, wants_fragment

bp = Blueprint("followup", __name__, template_folder="templates")
_BOTH = ["GET", "POST"]


@bp.context_processor
def _words() -> dict[str, object]:
    return {"words": words, "Move": Move, "spoken": spoken, "label": flag_words.label, "told": flag_words.told,
            "question": flag_words.question, "closing": flag_words.closing, "flag_words": flag_words}


@bp.get("/k/<code>/kerja")
@allowed(may_work)
def sheet(code: str):
    """One concern. Opening it is reading it, and leaves a trace."""
    return _sheet(code)


@bp.route("/k/<code>/kerja/identitas", methods=_BOTH)
@allowed(may_work)
@signin.fresh()
def identity(code: str):
    """Names and places, once, for a reason. Every showing leaves a trace, so a reload is no accident."""
    form = forms.IdentityForm()
    if _is_locked_act():
        return ask_for_passphrase()
    if not form.accepted():
        return _sheet(code, form, status=422 if form.errors else 200)
    return _sheet(code, reason=form.why_open.data)


@bp.route("/k/<code>/kerja/ambil", methods=_BOTH)
@allowed(may_work)
def take(code: str):
    """Make it mine."""
    return act_on(code, forms.TakeForm(), lambda write, _ring, flag, **how: commands.take(write, flag, **how))


@bp.route("/k/<code>/kerja/tugaskan", methods=_BOTH)
@allowed(may_work, policy.may_assign)
def assign(code: str):
    """Give it to a colleague."""
    flag = flag_queries.get_flag(db.session(), code, viewer=current_user, keys=config.keys())
    form = forms.AssignForm(sheets.candidates(db.session(), flag, viewer=current_user, keys=config.keys()).officers)
    return act_on(code, form, lambda write, ring, flag, **how: commands.assign(
        write, ring, flag, UUID(form.officer.data), form.why_moved.data, **how))


@bp.route("/k/<code>/kerja/nilai", methods=_BOTH)
@allowed(may_work)
def assess(code: str):
    """Set the risk."""
    form = forms.AssessForm()
    return act_on(code, form, lambda write, ring, flag, **how: commands.assess(
        write, config.settings(), ring, flag, Risk(form.risk.data), form.why_risk.data, **how))


@bp.route("/k/<code>/kerja/tindakan", methods=_BOTH)
@allowed(may_work)
def act(code: str):
    """Note what was done."""
    flag = flag_queries.get_flag(db.session(), code, viewer=current_user, keys=config.keys())
    form = forms.ActionForm(local(flag.received_at).date(), flag.ever_high)
    return act_on(code, form, lambda write, ring, flag, **how: commands.act(
        write, config.settings(), ring, flag, form.action(), **how), more=lambda: _day_off(form))


@bp.route("/k/<code>/kerja/tanya", methods=_BOTH)
@allowed(may_work)
def ask(code: str):
    """Ask the reporter: choose, see what she will read, send."""
    form = forms.AskForm()
    flag = flag_queries.get_flag(db.session(), code, viewer=current_user, keys=config.keys())
    possible = Move.ASK in policy.offered(flag, current_user) and not _is_locked_act()
    if possible and request.form.get("step") != "send":
        return _sheet(code, form, status=200 if form.accepted() or not form.errors else 422)
    return act_on(code, form, lambda write, ring, flag, **how: triage.ask(
        write, config.settings(), ring, flag, form.template.data, **how))


@bp.route("/k/<code>/kerja/tarik", methods=_BOTH)
@allowed(may_work)
def withdraw_question(code: str):
    """Take the question back."""
    return act_on(code, forms.WithdrawForm(),
                lambda write, _ring, flag, **how: commands.withdraw_question(write, flag, **how))


@bp.route("/k/<code>/kerja/buka-lagi", methods=_BOTH)
@allowed(may_work)
def reopen(code: str):
    """Begin again."""
    form = forms.ReopenForm()
    return act_on(code, form, lambda write, ring, flag, **how: commands.reopen(
        write, config.settings(), ring, flag, form.why_again.data, **how))


@bp.route("/k/<code>/kerja/tutup", methods=_BOTH)
@allowed(may_work)
def close(code: str):
    """End the work, on a page of its own: choose, check, close."""
    form, step = forms.CloseForm(), request.form.get("step")
    if _is_locked_act():
        return ask_for_passphrase()
    if step == "edit" or not form.accepted():
        return _close_page(code, form, status=422 if form.errors else 200)
    if step != "close":
        return _close_page(code, form, check=True)
    try:
        _do(code, form, lambda write, ring, flag, **how: commands.close(
            write, config.settings(), ring, flag, form.as_closing(), **how))
    except Refused as hindrance:
        return _close_page(code, form, status=409, hindrance=hindrance)
    return _recorded(code)


def act_on(code: str, form: forms.DeskForm, do: Callable[..., None], more: Callable[[], str] = str) -> Response:
    """One act from the sheet. Whatever stands in its way, what was typed stays on the page."""
    if _is_locked_act():
        return ask_for_passphrase()
    if _is_repeat(form):
        return _recorded(code)
    if not form.accepted():
        return _sheet(code, form, status=422 if form.errors else 200)
    try:
        _do(code, form, do)
    except Refused as hindrance:
        return _sheet(code, form, status=409, hindrance=hindrance)
    return _recorded(code, more())


def _is_repeat(form: forms.DeskForm) -> bool:
    return form.is_submitted() and done_once.is_repeat(db.session(), form.once.data, form.body())


def _do(code: str, form: forms.DeskForm, do: Callable[..., None]) -> None:
    ring = signin.key_ring()
    with db.transaction() as writing:
        flag = flag_queries.get_flag(writing, code, viewer=current_user, keys=config.keys())
        readings.count(flag.id)  # before the act: were it done, the sheet that follows would ask in its place
        do(writing, ring, flag, by=current_user, version=form.seen, once=form.once.data, body=form.body())


def _recorded(code: str, more: str = "") -> Response:
    """On to the sheet as it is now, with a word of what was kept."""
    said = _("Recorded at %(time)s by you.", time=say_time(now())) + (f" {more}" if more else "")
    if wants_fragment():
        return _sheet(code, said=said)
    flash(said)
    return redirect(url_for(".sheet", code=code), 303)  # type: ignore[return-value]


def _sheet(code: str, form: Any = None, *, status: int = 200, hindrance: Refused | None = None,
           reason: str = "", said: str = "") -> Response:
    """The sheet as it is now, with `form` as it was sent, if one was."""
    ring = signin.key_ring()
    if ring is None:
        return _locked(code)
    try:
        shown, named = _open(code, ring, reason)
    except Stale:  # a colleague was the first reader at this very instant
        shown, named = _open(code, ring, reason)
    changes = shown.log[:_missed(form, shown.line.version)] if hindrance else []
    if hindrance:
        form.again(shown.line.version)
    next_day = _next_working_day()
    all_forms = forms.of_sheet(shown, next_day, form)
    used = next((name for name, one in all_forms.items() if type(one) is type(form)), "")
    return render("followup/sheet.html", block="sheet", status=status, sheet=shown, line=shown.line, form=form,
                  identity=named, forms=all_forms, used=used, lost=forms.typed(form) if form and not used else [],
                  hindrance=hindrance, changes=changes, said=said, next_day=next_day)


def _open(code: str, ring: KeyRing, reason: str) -> tuple[Sheet, Identity | None]:
    with db.transaction() as writing:
        flag = flag_queries.get_flag(writing, code, viewer=current_user, keys=config.keys())
        readings.count(flag.id)
        opened = flags.open_flag(writing, ring, flag, by=current_user)
        named = flags.open_identity(writing, ring, flag, by=current_user, reason=reason) if reason else None
        presence.touch(writing, flag.id, by=current_user)
        return sheets.sheet(writing, ring, flag, opened, viewer=current_user, keys=config.keys()), named


def _close_page(code: str, form: forms.CloseForm, *, status: int = 200, check: bool = False,
                hindrance: Refused | None = None) -> Response:
    if signin.key_ring() is None:
        return _locked(code)
    read = db.session()
    flag = flag_queries.get_flag(read, code, viewer=current_user, keys=config.keys())
    changes = sheets.changes(read, flag, viewer=current_user)[:_missed(form, flag.version)] if hindrance else []
    if hindrance or not form.version.data:
        form.again(flag.version)
    possible = Move.CLOSE in policy.offered(flag, current_user)
    return render("followup/close.html", form=form, check=check and possible, hindrance=hindrance,
                  changes=changes, possible=possible, takes_two=flag.ever_high,
                  missing=policy.missing(flag, Move.CLOSE),
                  line=queries.line_of(read, flag, viewer=current_user, keys=config.keys()),
                  status=409 if request.method == "POST" and not possible else status)


def _locked(code: str) -> Response:
    """What may be known of a concern while its reader's keys are locked."""
    flag = flag_queries.get_flag(db.session(), code, viewer=current_user, keys=config.keys())
    return render("followup/locked.html",
                  line=queries.line_of(db.session(), flag, viewer=current_user, keys=config.keys()))


def _is_locked_act() -> bool:
    return request.method == "POST" and signin.key_ring() is None


def ask_for_passphrase() -> Response:
    """The keys are locked in the middle of an act: her passphrase opens them, and her answers are carried."""
    signin.rest()
    return carry.ask_to_sign_in()


def _missed(form: forms.DeskForm, version: int) -> int:
    """How many moves were made since the page that `form` was on; each raises the version by one."""
    return version - form.seen if 0 < form.seen <= version else 0


def _next_working_day() -> date:
    calendar = flag_queries.calendar(db.session(), config.settings())
    return calendar.add_working_days(now(), 1).astimezone(config.settings().timezone).date()


def _day_off(form: forms.ActionForm) -> str:
    """A word of warning when the next step was put on a day on which nobody is at work."""
    calendar = flag_queries.calendar(db.session(), config.settings())
    if calendar.works_on(form.next_on.data):
        return ""
    return _("Mind: %(day)s is not a working day.", day=say_day(form.next_on.data))
