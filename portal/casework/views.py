"""Casework's pages: each act on a concern on a page of its own, and what is printed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import signin
from portal.accounts.sealed import KeyRing
from portal.areas import queries as areas
from portal.areas.models import Area
from portal.audit import once as done_once
from portal.audit.log import record
from portal.base.clock import now
from portal.base.errors import NotVisible, Refused, Stale
from portal.base.reference import spoken
from portal.casework import cases, codes, commands, duplicates, forms, letters, simfoni, words
from portal.casework.cases import Case
from portal.casework.records import Referral
from portal.flags import commands as flags
from portal.flags import queries as flag_queries
from portal.flags import readings
from portal.flags import words as flag_words
from portal.flags.answers import Identity
from portal.flags.commands import Opened
from portal.flags.life import Joint, Move
from portal.flags.models import Flag
from portal.flags.policy import may_work
from portal.web import carry, config, db
from portal.web.guard import allowed
from portal.web.locale import local, say_day, say_time

bp = Blueprint("casework", __name__, template_folder="templates")
_BOTH = ["GET", "POST"]
_Do = Callable[..., None]


@dataclass(frozen=True)
class Seen:
    """A concern as an officer has just opened it, with its case."""

    flag: Flag
    opened: Opened
    case: Case
    area: str


@bp.app_template_filter("iso_day")
def _iso_day(text: str) -> str:
    """A day as it was sealed, in the reader's language."""
    return say_day(date.fromisoformat(text))


@bp.app_template_filter("whole_day")
def _whole_day(moment: datetime) -> str:
    """A day with its year, for what lies in a folder for years."""
    return format_date(local(moment).date(), "d MMMM y", locale=str(get_locale()))


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {"case_words": words, "case_codes": codes, "Joint": Joint}


@bp.context_processor
def _here() -> dict[str, object]:
    return {"Move": Move, "spoken": spoken, "closing": flag_words.closing, "case_simfoni": _simfoni}


@bp.route("/k/<code>/kerja/persetujuan", methods=_BOTH)
@allowed(may_work)
def decide(code: str):
    """Agree to a colleague's proposal, refuse it, or take back one's own."""
    decision = request.form.get("decision", "")
    form = forms.DecideForm(decision)
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: _once(commands.settle)(
        write, config.settings(), ring, flag, decision, form.why.data, **how),
        "casework/decide.html", needs=Move.CONFIRM)


@bp.route("/k/<code>/kerja/jeda", methods=_BOTH)
@allowed(may_work)
def pause(code: str):
    """Put the deadline off."""
    form = forms.PauseForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: _once(commands.pause)(
        write, config.settings(), ring, flag, form.until.data, form.why.data, **how),
        "casework/pause.html", needs=Move.PAUSE)


@bp.route("/k/<code>/kerja/hubungi", methods=_BOTH)
@allowed(may_work)
def set_aside(code: str):
    """Propose to contact somebody although "contact nobody" was said."""
    form = forms.ReasonForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: _once(commands.set_aside_contact)(
        write, ring, flag, form.why.data, **how), "casework/set_aside.html", needs=Move.PROPOSE)


@bp.route("/k/<code>/kerja/jam-hukum", methods=_BOTH)
@allowed(may_work)
def law(code: str):
    """Start or stop the legal clock."""
    form, done = forms.RecordForm(), request.form.get("record") == "police"

    def do(write: Any, ring: KeyRing, flag: Flag, **how: Any) -> None:
        if done:
            _once(commands.tell_police)(write, config.settings(), ring, flag, form.text.data, **how)
        else:
            _once(commands.hear_victim)(write, ring, flag, form.text.data, **how)

    return act_on(code, lambda _seen: form, do, "casework/law.html", needs=Move.RECORD)


@bp.route("/k/<code>/kerja/jam-hukum/keliru", methods=_BOTH)
@allowed(may_work)
def stop_clock(code: str):
    """Propose to take the legal clock away again."""
    form = forms.ReasonForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: _once(commands.stop_clock)(
        write, ring, flag, form.why.data, **how), "casework/stop_clock.html", needs=Move.PROPOSE)


@bp.route("/k/<code>/kerja/penilaian", methods=_BOTH)
@allowed(may_work)
def assess(code: str):
    """The whole assessment."""
    def make(seen: Seen) -> forms.CodedForm:
        form = forms.CodedForm()
        if not form.is_submitted():
            form.suggest(seen.flag.risk_assessed, seen.case.assessed.codes if seen.case.assessed else None)
        return form

    return act_on(code, make, lambda write, ring, flag, form, **how: _once(commands.assess)(
        write, config.settings(), ring, flag, form.assessment(), **how), "casework/assess.html",
        needs=Move.ASSESS, with_form=True)


@bp.route("/k/<code>/kerja/layanan", methods=_BOTH)
@allowed(may_work)
def serve(code: str):
    """Note a service."""
    def make(seen: Seen) -> forms.ServiceForm:
        form = forms.ServiceForm(local(seen.flag.received_at).date(), seen.case.may_mediate, seen.case.sexual,
                                 seen.case.takes_two)
        if not form.is_submitted():
            form.day.data, form.next_on.data = config.today(), _next_working_day()
        return form

    return act_on(code, make, lambda write, ring, flag, form, **how: _once(commands.serve)(
        write, config.settings(), ring, flag, form.given(), **how),
        "casework/serve.html", needs=Move.SERVE, with_form=True)


@bp.get("/k/<code>/kerja/rencana")
@allowed(may_work)
def plan(code: str):
    """The plan with its checklist, to print."""
    return _shown(code, "casework/plan.html")


@bp.get("/k/<code>/kerja/salinan")
@allowed(may_work)
def copy(code: str):
    """What is typed into the national system, in its order."""
    return _shown(code, "casework/copy.html", form=forms.TicketForm(formdata=None))


@bp.post("/k/<code>/kerja/salinan")
@allowed(may_work)
def keep_ticket(code: str):
    """Keep the number that the national system gave."""
    form = forms.TicketForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: _once(commands.keep_ticket)(
        write, ring, flag, form.number.data, **how), "casework/copy.html", needs=Move.RECORD)


@bp.route("/k/<code>/kerja/rujukan", methods=_BOTH)
@allowed(may_work)
@signin.fresh()
def refer(code: str):
    """Refer to a service: choose what travels, then print."""
    offered: dict[str, tuple[str, str]] = {}

    def make(seen: Seen) -> forms.ReferForm:
        choices = [(field, name) for field, (name, _value) in _letter_fields(seen).items()]
        with force_locale(_language_of_letters()):
            offered.update(_letter_fields(seen))
        adult = codes.is_adult(seen.case.assessed.codes.age) if seen.case.assessed else None
        form = forms.ReferForm(choices, adult, seen.case.takes_two)
        if not form.is_submitted():
            form.carry.data, form.next_on.data = list(letters.MINIMUM), _next_working_day()
        return form

    def do(write: Any, ring: KeyRing, flag: Flag, form: forms.ReferForm, **how: Any) -> None:
        carried = [offered[field] for field in offered if field in form.carry.data]
        letter = commands.Letter(form.to.data, form.office.data, form.consent.data, form.request.data, carried,
                                 form.next_on.data)
        if set(letters.IDENTITY) & set(form.carry.data):
            record(write, "flag.identity_opened", flag.id, by=current_user.account_id, reason="prepare")
        _once(commands.refer)(write, config.settings(), ring, flag, letter, **how)

    return act_on(code, make, do, "casework/refer.html", needs=Move.REFER, with_form=True,
                said=_("Referral recorded. Print it and hand it over in person."))


@bp.get("/k/<code>/kerja/rujukan/<uuid:referral_id>")
@allowed(may_work)
@signin.fresh()
def letter(code: str, referral_id: UUID):
    """The letter, to print: it may say who somebody is. Every view of it leaves a trace."""
    ring = signin.key_ring()
    if ring is None:
        return _locked(code)
    seen = _see(code, ring)
    found = _referral(seen.case, referral_id)
    with db.transaction() as write:
        record(write, "flag.letter_opened", seen.flag.id, by=current_user.account_id)
    with force_locale(_language_of_letters()):
        return render_template("casework/letter.html", referral=found, code=spoken(seen.flag.code),
                               language=_language_of_letters(), by=seen.case.names.get(found.written.by_id, ""))


@bp.route("/k/<code>/kerja/rujukan/<uuid:referral_id>/kabar", methods=_BOTH)
@allowed(may_work)
def hear_back(code: str, referral_id: UUID):
    """What the service said."""
    form = forms.HeardForm()
    return act_on(code, lambda _seen: form, lambda write, ring, flag, **how: _once(commands.hear_back)(
        write, ring, flag, referral_id, form.result.data, form.text.data, **how),
        "casework/hear_back.html", needs=Move.HEAR_BACK, find=lambda seen: _referral(seen.case, referral_id))


@bp.route("/k/<code>/kerja/pelimpahan", methods=_BOTH)
@allowed(may_work)
def hand_over(code: str):
    """Hand over to another unit. To a second tap it is not to be seen here any more."""
    if request.method == "POST" and done_once.is_used(db.session(), request.form.get("once", "")):
        return _recorded("")

    def make(seen: Seen) -> forms.HandOverForm:
        return forms.HandOverForm(cases.other_units(db.session(), seen.flag, viewer=current_user))

    return act_on(code, make, lambda write, ring, flag, form, **how: _once(commands.hand_over)(
        write, config.settings(), ring, flag, UUID(form.unit.data), form.why.data, **how),
        "casework/hand_over.html", needs=Move.HAND_OVER, with_form=True, gone=True)


@bp.route("/k/<code>/kerja/gabung", methods=_BOTH)
@allowed(may_work)
def merge(code: str):
    """Put it under another concern."""
    form = forms.MergeForm()
    if not form.is_submitted():
        form.into.data = request.args.get("dengan", "")[:20]

    def do(write: Any, ring: KeyRing, flag: Flag, **how: Any) -> None:
        into = flag_queries.get_flag(write, form.into.data, viewer=current_user, keys=config.keys())
        _once(duplicates.merge)(write, ring, flag, into, **how)

    return act_on(code, lambda _seen: form, do, "casework/merge.html", needs=Move.MERGE)


@bp.route("/k/<code>/kerja/pisah", methods=_BOTH)
@allowed(may_work)
def unmerge(code: str):
    """Take it out again."""
    form = forms.DeskForm()
    return act_on(code, lambda _seen: form, _once(duplicates.unmerge), "casework/unmerge.html", needs=Move.UNMERGE)


def act_on(code: str, make: Callable[[Seen], Any], do: _Do, template: str, *, needs: Move | None = None,
         with_form: bool = False, gone: bool = False, said: str = "", find: Callable[[Seen], Any] | None = None,
         **more: Any) -> Response | str | tuple[str, int]:
    """One act on a concern, on its page. Whatever stands in its way, what was typed stays on the page.

    `needs` is the move that must be open; `gone` says that the concern is not to be seen here afterwards.
    """
    ring = signin.key_ring()
    if ring is None:
        return _locked(code)
    seen = _see(code, ring)
    form, found = make(seen), find(seen) if find else None
    if form.is_submitted() and done_once.is_repeat(db.session(), form.once.data, form.body()):
        return _recorded(code, said)
    page = {"seen": seen, "form": form, "code": spoken(seen.flag.code), "found": found, "needs": needs,
            **more}
    if needs is not None and needs not in seen.case.moves:
        return render_template("casework/not_now.html", **page), 409 if request.method == "POST" else 200
    form.version.data = form.version.data or str(seen.flag.version)
    if not form.accepted():
        return render_template(template, **page), 422 if form.errors else 200
    given = {"form": form} if with_form else {}
    try:
        with db.transaction() as write:
            flag = flag_queries.get_flag(write, code, viewer=current_user, keys=config.keys())
            do(write, ring, flag, by=current_user, version=form.seen, once=form.once.data, body=form.body(),
               **given)
    except (Refused, NotVisible) as hindrance:
        seen = _see(code, ring)
        form.again(seen.flag.version)
        return render_template(template, **{**page, "seen": seen, "hindrance": _why_not(hindrance)}), 409
    return _recorded("" if gone else page["code"], said)


def _recorded(code: str, said: str = "") -> Response:
    """On to the concern as it is now, or to the queue without one, with a word of what was kept."""
    flash(said or _("Recorded at %(time)s by you.", time=say_time(now())))
    return redirect(url_for("followup.sheet", code=code) if code else url_for("followup.queue"), 303)  # type: ignore[return-value]


def _once(act: _Do) -> _Do:
    return commands.once_only(act)


def _shown(code: str, template: str, **more: Any) -> Response | str:
    """A page that only shows."""
    ring = signin.key_ring()
    if ring is None:
        return _locked(code)
    seen = _see(code, ring)
    if "form" in more:
        more["form"].version.data = str(seen.flag.version)
    return render_template(template, seen=seen, code=spoken(seen.flag.code), **more)


def _see(code: str, ring: KeyRing) -> Seen:
    """Open a concern and its case, which leaves a trace. A colleague who reads it first at this very instant
    does no harm."""
    try:
        return _opened(code, ring)
    except Stale:
        return _opened(code, ring)


def _opened(code: str, ring: KeyRing) -> Seen:
    with db.transaction() as write:
        flag = flag_queries.get_flag(write, code, viewer=current_user, keys=config.keys())
        readings.count(flag.id)
        opened = flags.open_flag(write, ring, flag, by=current_user)
        case = cases.case_of(write, ring, flag, opened.answers, viewer=current_user, keys=config.keys())
        place = areas.full_name(write, write.get_one(Area, flag.kelurahan_id))
        parts = (opened.answers.place, place.kelurahan_name, place.kecamatan_name)
        return Seen(flag, opened, case, ", ".join(dict.fromkeys(part for part in parts if part)))


def _letter_fields(seen: Seen) -> dict[str, tuple[str, str]]:
    """What may travel. Who it is, is looked up here but shown nowhere before it is printed."""
    ring = signin.key_ring()
    identity = flags.peek_identity(db.session(), ring, seen.flag) if ring else Identity("", "", "", "")
    return letters.fields(seen.opened.answers, identity, seen.case, seen.area)


def _language_of_letters() -> str:
    """Letters go to offices of the city: in its own language, whatever the officer reads."""
    return config.settings().languages[0]


def _referral(case: Case, referral_id: UUID) -> Referral:
    found = next((one for one in case.referrals if one.id == referral_id), None)
    if found is None:
        raise NotVisible
    return found


def _why_not(hindrance: Exception) -> str:
    if isinstance(hindrance, Stale):
        return _("This was changed meanwhile. Look at the sheet, then save again.")
    if isinstance(hindrance, NotVisible):
        return _("There is no such concern among those you may see.")
    return words.refused(str(hindrance)) or _("Look at the sheet, then try again.")


def _locked(code: str) -> Response:
    """The keys are locked: her passphrase opens them, and what she typed is carried."""
    flag_queries.get_flag(db.session(), code, viewer=current_user, keys=config.keys())
    if request.method == "POST":
        signin.rest()
        return carry.ask_to_sign_in()
    return redirect(url_for("followup.sheet", code=code))  # type: ignore[return-value]


def _simfoni(seen: Seen) -> list[tuple[str, str]]:
    return simfoni.lines(seen.flag, seen.opened, seen.case, seen.area)


def _next_working_day() -> date:
    calendar = flag_queries.calendar(db.session(), config.settings())
    return calendar.add_working_days(now(), 1).astimezone(config.settings().timezone).date()
