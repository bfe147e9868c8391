"""Getting in, getting out, and out fast; the people and keys that staff look after."""

from uuid import UUID

from flask import Blueprint, Response, abort, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from portal.accounts import commands, passwords, policy, queries, sealed, signin, throttle
from portal.accounts.demo import demo_people, demo_person, is_at_home
from portal.accounts.forms import FieldSignInForm, ResumeForm, StaffSignInForm
from portal.accounts.models import Account, StaffKey
from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.errors import NotVisible
from portal.base.phones import normal_phone
from portal.web import carry, config, db, locale
from portal.web.guard import allowed, public
from portal.web.render import render

bp = Blueprint("accounts", __name__, template_folder="templates")


@bp.route("/masuk", methods=["GET", "POST"])
@public
def sign_in():
    """For cadres and counsellors, and for everybody who was only away for a moment."""
    if current_user.is_authenticated:
        return redirect(carry.local_path(request.args.get("next", "/")))
    resting = signin.locked_viewer()
    if resting is not None and "lain" not in request.args:
        return _resume(resting)
    form = FieldSignInForm()
    if request.form.get("step") != "ask" and form.accepted():
        who = normal_phone(form.phone.data) or form.phone.data
        account = queries.by_phone_tag(db.session(), sealed.phone_tag(config.keys(), who))
        if _secret_fits(form, account, who, form.pin.data):
            return _enter(form, account, who, form.pin.data)
    return _ask(form, "accounts/sign_in.html", demo=_demo_people())


@bp.route("/masuk/petugas", methods=["GET", "POST"])
@public
def sign_in_staff():
    """For everybody with a passphrase and a second factor."""
    form = StaffSignInForm()
    if request.form.get("step") != "ask" and form.accepted():
        who, secret = form.name.data.lower(), form.passphrase.data
        account = queries.by_sign_in_name(db.session(), who)
        if _secret_fits(form, account, who, secret) and _second_factor(form, account):
            return _enter(form, account, who, secret)
    return _ask(form, "accounts/sign_in_staff.html")


@bp.post("/contoh")
@public
def enter_as_demo_person():
    """One tap into the demo city. Elsewhere than on this machine's own demo it does not exist."""
    if not is_at_home(config.settings(), request):
        abort(404)
    person = demo_person(config.settings(), request.form.get("person", ""))
    account = db.session().get(Account, UUID(person["account_id"])) if person else None
    if account is None:
        raise NotVisible
    return _enter(None, account, "", person["secret"])


@bp.post("/keluar")
@public
def sign_out():
    """End the sign-in here and on the server."""
    signin.end()
    return signin.set_key_cookie(make_response(redirect(url_for(".sign_in"), 303)), "")


@bp.post("/keluar-cepat")
@public
def quick_exit():
    """Signed out, and away to a harmless page. Never waits for anything else."""
    signin.end()
    return signin.set_key_cookie(make_response(redirect(config.settings().exit_url, 303)), "")


@bp.post("/bahasa")
@public
def set_language():
    """Remember the chosen language, for the person and for this browser."""
    language = request.form.get("language", "")
    if language not in config.settings().languages:
        abort(404)
    if current_user.is_authenticated:
        with db.transaction() as writing:
            commands.set_language(writing, current_user.account_id, language)
    response = redirect(carry.local_path(request.form.get("next", "/")), 303)
    return locale.remember(response, language)


@bp.get("/akun")
@allowed(policy.may_manage_accounts)
def people():
    """Everybody who has an account. Nothing of what they sent."""
    rows = queries.people_page(db.session(), request.args.get("setelah", ""))
    more = f"{rows[24].name}|{rows[24].id}" if len(rows) > 25 else ""  # noqa: PLR2004
    return render("accounts/people.html", people=rows[:25], more=more)


@bp.post("/akun/<uuid:account_id>")
@allowed(policy.may_manage_accounts)
def switch(account_id: UUID):
    """Switch an account off or on."""
    with db.transaction() as writing:
        commands.switch(writing, account_id, on=request.form.get("on") == "1", by=current_user)
    return redirect(url_for(".people"), 303)


@bp.get("/kunci")
@allowed(policy.may_grant_keys)
def keys():
    """Who of the unit can open concerns, and who cannot yet."""
    return render("accounts/keys.html", colleagues=queries.colleagues(db.session(), current_user),
                  unlocked=signin.key_ring() is not None)


@bp.post("/kunci")
@allowed(policy.may_grant_keys)
def grant_key():
    """Hand on a key to a colleague."""
    ring, to = signin.key_ring(), request.form.get("to", "")
    kind = request.form.get("kind", "")
    if ring is None or kind not in {"unit", "conflict"}:
        abort(404)
    with db.transaction() as writing:
        commands.grant_key(writing, ring, kind=kind, to=_uuid(to), by=current_user)
    return redirect(url_for(".keys"), 303)


def _resume(resting: Viewer) -> Response:
    form = ResumeForm()
    if request.form.get("step") != "ask" and form.accepted():
        account = db.session().get(Account, resting.account_id)
        who = f"resting {resting.account_id}"
        if account is not None and _secret_fits(form, account, who, form.secret.data):
            return _enter(form, account, who, form.secret.data)
    page = _ask(form, "accounts/resume.html", name=resting.name, staff=resting.is_staff)
    return signin.set_key_cookie(page, "")


def _ask(form, template: str, **context) -> Response:  # type: ignore[no-untyped-def]
    if not form.next.data:
        form.next.data = carry.local_path(request.args.get("next", "/"))
    status = 422 if form.errors else 200
    return render(template, form=form, status=status, **context)


def _secret_fits(form, account: Account | None, who: str, secret: str) -> bool:  # type: ignore[no-untyped-def]
    """Whether this is the person's secret. The throttle has its word first; a success is forgotten by it
    only once the person is in, so that a second factor cannot be guessed for free."""
    keys = config.keys()
    every, _own = _counters(who)
    with db.transaction() as writing:
        until = throttle.begin_try(writing, every, now())
    if until is not None:
        minutes = commands.minutes_until(until)
        _refuse(form, ngettext("Too many tries. Wait %(num)s minute, or ask your coordinator.",
                               "Too many tries. Wait %(num)s minutes, or ask your coordinator.", minutes))
        return False
    if not passwords.fits(account.secret_hash if account else None, sealed.peppered(keys, secret)):
        _refuse(form, _("That does not match. Please try again."))
        return False
    return True


def _counters(who: str):  # type: ignore[no-untyped-def]
    return commands.try_counters(config.keys(), who, request.remote_addr or "")


def _second_factor(form: StaffSignInForm, account: Account) -> bool:
    with db.transaction() as writing:
        good = commands.use_totp(writing, config.keys(), account, form.code.data)
    if not good:
        _refuse(form, _("That does not match. Please try again."))
    return good


def _refuse(form, message: str) -> None:  # type: ignore[no-untyped-def]
    """One message for all fields: which of them was wrong is not said."""
    first = next(field for field in form if field.type in {"TelField", "StringField", "PasswordField"})
    first.errors = [message]


def _enter(form, account: Account, who: str, secret: str) -> Response:  # type: ignore[no-untyped-def]
    """Sign the person in, and bring her where she was going, with the answers she had."""
    private = _unlocked(account, secret)
    with db.transaction() as writing:
        throttle.forget(writing, _counters(who)[1])
    _viewer, half = signin.begin(account.id, account.role not in {"cadre", "school"}, private)
    target = carry.local_path(form.next.data or "/") if form else "/"
    if form is not None and form.carried.data:
        page = render("continue.html", signed_in=True, carried=form.carried.data, path=target)
    else:
        page = make_response(redirect(target, 303))
    return signin.set_key_cookie(page, half)


def _unlocked(account: Account, secret: str) -> bytes | None:
    """The officer's own private key, for those who have one."""
    own = db.session().get(StaffKey, account.id)
    with passwords.few_at_once():
        return sealed.unlock_staff_key(own, secret) if own else None


def _demo_people() -> list[dict[str, str]]:
    settings = config.settings()
    return demo_people(settings) if is_at_home(settings, request) else []


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotVisible from error
