"""Getting in, getting out, and out fast."""

from urllib.parse import urlsplit
from uuid import UUID, uuid4

from flask import Response, abort, g, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from portal.accounts import (
    cards,
    challenges,
    commands,
    devices,
    entering,
    passkeys,
    passwords,
    policy,
    queries,
    sealed,
    signin,
    totp,
    tries,
)
from portal.accounts.demo import demo_people, demo_person, is_at_home
from portal.accounts.forms import CardSignInForm, DeviceSignInForm, ResumeForm, StaffSignInForm
from portal.accounts.models import Account, Device
from portal.accounts.queries import Entrant
from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.accounts.views.blueprint import bp
from portal.base.errors import NotVisible
from portal.base.phones import normal_phone
from portal.web import carry, config, db, locale, watch
from portal.web.guard import allowed, public
from portal.web.render import render
from portal.web.shedding import Turn, turn

_GONE, _SENT_TWICE = "gone", "twice"
_PROOF_SECONDS = 3600


@bp.route("/masuk", methods=["GET", "POST"])
@public
@turn(Turn.SIGN_IN)
def sign_in():
    """For a phone that is known (its key and her PIN), and for everybody who was only away for a moment."""
    if current_user.is_authenticated:
        return redirect(carry.local_path(request.args.get("next", "/")))
    resting = signin.locked_viewer()
    if resting is not None and "lain" not in request.args:
        return _resume(resting)
    form = DeviceSignInForm()
    if request.form.get("step") != "ask" and form.accepted():
        return _enter_with_device(form) or _ask(form)
    return _ask(form)


@bp.post("/masuk/kartu")
@public
@turn(Turn.SIGN_IN)
def sign_in_with_card():
    """For any phone, without script too: who she is, her PIN, and a code of her printed card."""
    form = CardSignInForm()
    if form.accepted():
        entrant = _by_phone_or_code(form.who.data)
        whose = entrant.id if entrant else uuid4()  # looked up for nobody too: it must take as long
        try:
            tags = cards.tags_of(db.session(), config.keys(), whose, form.code.data)
        except passwords.Busy:
            entering.too_busy(form, form.who)
            return _ask(DeviceSignInForm(formdata=None), card=form)
        held = cards.is_hers(db.session(), tags)
        tried = (tries.with_held(config.keys(), "card", whose) if held else
                 tries.with_nothing(config.keys(), form.who.data, entering.network()))
        if entering.secret_fits(form, form.who, entrant if held else None, tried, form.pin.data):
            with db.transaction() as writing:
                inside = entering.let_in(writing, entrant, tried) if cards.use(writing, tags) else None
            if inside is not None:
                return entering.lead_on(inside, form)
            watch.refused("a code that was used already")
            entering.refuse(form.code, _("This code was used already. Take the next one on your card."))
        elif held and entering.has_run_out(tried):
            with db.transaction() as writing:
                cards.void(writing, whose)
    return _ask(DeviceSignInForm(formdata=None), card=form)


@bp.route("/masuk/petugas", methods=["GET", "POST"])
@public
@turn(Turn.SIGN_IN)
def sign_in_staff():
    """For everybody with a passphrase and a second factor."""
    form = StaffSignInForm()
    if request.form.get("step") != "ask" and form.accepted():
        who, secret = form.name.data.lower(), form.passphrase.data
        entrant = queries.entrant_by_sign_in_name(db.session(), who)
        tried = _staff_try(entrant, who)
        if entering.secret_fits(form, form.name, entrant, tried, secret) and _second_factor(form, entrant.id):
            return entering.enter(form, entrant, tried, secret, how=_factor(form))
    return _page(form, "accounts/sign_in_staff.html")


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
    return entering.enter(None, account, None, person["secret"], how="demo")


@bp.post("/keluar")
@public
@turn(Turn.SIGN_IN)
def sign_out():
    """End the sign-in here and on the server."""
    signin.end()
    return signin.set_key_cookie(make_response(redirect(url_for(".sign_in"), 303)), "")


@bp.post("/keluar-cepat")
@public
@turn(Turn.FREE)
def quick_exit():
    """Signed out, and away to a harmless page. Never waits for anything else. The script goes there by itself,
    and its beacon, which the content security policy would stop on the way, is led nowhere."""
    signin.end_if_reachable()
    away = make_response("", 204) if "script" in request.form else redirect(config.settings().exit_url, 303)
    return signin.set_key_cookie(make_response(away), "")


@bp.post("/istirahat")
@public
@turn(Turn.SIGN_IN)
def rest():
    """The page has lain untouched: lock it, and keep what was typed for the one who knows the secret."""
    viewer = current_user._get_current_object() if current_user.is_authenticated else signin.locked_viewer()
    if viewer is None:  # it ended meanwhile: she signs in anew, and finds her answers all the same
        return carry.ask_to_sign_in() if carry.brings_answers() else redirect(url_for(".sign_in"), 303)
    path = urlsplit(carry.local_path(request.form.get("rest_for", "/"))).path
    form = ResumeForm(formdata=None)
    form.next.data, form.carried.data = path, carry.sealed_answers(path)
    signin.rest()
    return _resume_page(form, viewer)


@bp.post("/di-sini")
@allowed(policy.anyone)
@turn(Turn.SIGN_IN)
def still_here():
    """A sign of life while somebody fills in a long form, and the proof that her phone's key is still there."""
    device = db.session().get(Device, current_user.device_id or "")
    if device is not None:
        said = request.form.get("csrf_token", "")
        if not (_is_recent(said) and devices.shows(config.keys(), device, request.form.get("proof", ""), "here",
                                                        said)):
            abort(404)
        signin.prove_device()
    return make_response("", 204)


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


def _is_recent(token: str) -> bool:
    """Whether what was signed belongs to this sign-in's cookie and was made not long ago."""
    try:
        validate_csrf(token, time_limit=_PROOF_SECONDS)
    except ValidationError:
        return False
    return True


def _enter_with_device(form: DeviceSignInForm) -> Response | None:
    """Signed in, or None with the form saying why not. A phone that cannot prove itself is told what a
    wrong PIN is told, after as long a time."""
    device, was_ended = entering.proven_device(form)
    with db.transaction() as writing:
        first = challenges.use(writing, config.keys(), form.challenge.data or "")
    if not (form.device.data or form.proof.data):
        entering.refuse(form.pin, _("First choose your name, then enter your PIN."))
        return None
    if device is not None and not first:
        _refuse_second(form.pin)
        return None
    if was_ended and first:
        entering.refuse(form.pin, _("This phone was taken off your account. If you did not ask for that, "
                                    "tell your coordinator."))
        return None
    good = first and device is not None and _passkey_fits(form, device)
    account = _active(device.account_id) if good and device else None
    tried = (tries.with_held(config.keys(), "device", device.id) if good and device else
             tries.with_nothing(config.keys(), "no device", entering.network()))
    if entering.secret_fits(form, form.pin, account, tried, form.pin.data):
        return entering.enter(form, account, tried, form.pin.data, device)
    if good and device and entering.has_run_out(tried):
        entering.stop_device(device)
        entering.refuse(form.pin, _("Too many tries. This phone can no longer sign in. Ask your coordinator."))
    return None


def _refuse_second(field) -> None:  # type: ignore[no-untyped-def]
    """The phone's key fits a question that was answered already: on a bad line a form is sent twice, by her or by the
    browser itself. What the first one's answer said is not known here, so that no try is counted."""
    watch.refused("an answer that was sent twice")
    entering.refuse(field, _("The connection broke off. Please enter your PIN once more."))


def _passkey_fits(form, device: Device) -> bool:  # type: ignore[no-untyped-def]
    """Where a passkey was set up for this phone, its answer is needed as well as the key's."""
    if not passkeys.of_device(db.session(), device.id):
        return True
    try:
        with db.transaction() as writing:
            shown = passkeys.proven(writing, config.keys(), entering.site(), answer=form.passkey.data or "",
                                    challenge=form.challenge.data or "")
    except passkeys.BadPasskey:
        return False
    return shown.device_id == device.id


def _resume(resting: Viewer) -> Response:
    form = ResumeForm()
    if request.form.get("step") != "ask" and form.accepted() and _script_was_here(form, resting):
        account = _active(resting.account_id)
        device = _resuming_device(form, resting)
        if device == _SENT_TWICE:
            _refuse_second(form.secret)
            return _resume_page(form, resting)
        tried = tries.with_held(config.keys(), "sign-in", sealed.token_hash(resting.token).hex())
        known = account if device != _GONE else None
        if entering.secret_fits(form, form.secret, known, tried, form.secret.data):
            return entering.enter(form, account, tried, form.secret.data, device or None, how="again")
        if entering.has_run_out(tried):
            signin.end()
            return signin.set_key_cookie(make_response(redirect(url_for(".sign_in"), 303)), "")
    return _resume_page(form, resting)


def _script_was_here(form: ResumeForm, resting: Viewer) -> bool:
    """Whether her phone's key was asked at all. Tapped before the script had come, her PIN may well be right: it is
    not tried, and the form says to tap once more."""
    if resting.device_id is None or form.proof.data:
        return True
    entering.refuse(form.secret, _("Your phone could not show its key. Please try once more."))
    return False


def _resuming_device(form: ResumeForm, resting: Viewer) -> Device | str | None:
    """The phone to which the resting sign-in is bound; None for one that is bound to none, and `_GONE` when
    the key is not there: a copied cookie, or a browser whose storage was emptied. `_SENT_TWICE` when it is there and
    the question was answered before."""
    if resting.device_id is None:
        return None
    device, _ended = entering.proven_device(form)
    with db.transaction() as writing:
        first = challenges.use(writing, config.keys(), form.challenge.data or "")
    if device is None or device.id != resting.device_id:
        return _GONE
    if not first:
        return _SENT_TWICE
    return device if _passkey_fits(form, device) else _GONE


def _resume_page(form: ResumeForm, viewer: Viewer) -> Response:
    g.names_somebody = True  # as every page of hers it is one that no browser keeps (`web/headers.py`)
    page = _page(form, "accounts/resume.html", name=viewer.name, staff=viewer.is_staff, bound=viewer.device_id or "")
    return signin.set_key_cookie(page, "")


def _ask(form: DeviceSignInForm, card: CardSignInForm | None = None) -> Response:
    card = card or CardSignInForm(formdata=None)
    for one in (form, card):
        one.next.data = one.next.data or request.form.get("next") or carry.local_path(request.args.get("next", "/"))
        one.carried.data = one.carried.data or request.form.get("carried", "")
    main = card if card.errors else form
    return _page(main, "accounts/sign_in.html", device_form=form, card_form=card, demo=_demo_people())


def _page(form, template: str, **context) -> Response:  # type: ignore[no-untyped-def]
    if not form.next.data:
        form.next.data = carry.local_path(request.args.get("next", "/"))
    status = 503 if getattr(form, "busy", False) else 422 if form.errors else 200
    return render(template, form=form, status=status, challenge=challenges.new_challenge(config.keys()), **context)


def _by_phone_or_code(said: str) -> Entrant | None:
    phone = normal_phone(said)
    entrant = queries.entrant_by_phone_tags(db.session(), sealed.phone_tags(config.keys(), phone)) if phone else \
        queries.entrant_by_sign_in_name(db.session(), said.replace("-", "").replace(" ", ""))
    return entrant if entrant is not None and policy.signs_in_by_card(entrant.role) else None


def _active(account_id: UUID) -> Account | None:
    account = db.session().get(Account, account_id)
    return account if account is not None and account.active else None


def _staff_try(entrant: Entrant | None, who: str) -> tries.Try:
    """By her own browser, if she has signed in from it before: then nobody else's tries make her wait."""
    keys, cookie = config.keys(), request.cookies.get(config.cookie(signin.BROWSER_COOKIE), "")
    mark = tries.known_browser(keys, cookie, entrant.id) if entrant else ""
    if mark:
        return tries.with_held(keys, "browser", mark)
    return tries.by_name(keys, who, entering.network())


def _second_factor(form: StaffSignInForm, account_id: UUID) -> bool:
    with db.transaction() as writing:
        account = writing.get_one(Account, account_id)
        if form.passkey.data:
            good = _staff_passkey(writing, form, account)
        else:
            good = totp.use(writing, config.keys(), account, form.code.data or "")
    if good and not signin.may_come_from_here(Role(account.role)):
        watch.refused("an administrator from elsewhere")
        good = False
    elif not good:
        watch.refused("a second factor that does not fit")
    if not good:
        entering.refuse(form.name, _("That does not match. Please try again."))
    return good


def _factor(form: StaffSignInForm) -> str:
    return "passkey" if form.passkey.data else "app"


def _staff_passkey(writing, form: StaffSignInForm, account: Account) -> bool:  # type: ignore[no-untyped-def]
    if not challenges.use(writing, config.keys(), form.challenge.data or ""):
        return False
    try:
        shown = passkeys.proven(writing, config.keys(), entering.site(), answer=form.passkey.data or "",
                                challenge=form.challenge.data or "")
    except passkeys.BadPasskey:
        return False
    return shown.account_id == account.id


def _demo_people() -> list[dict[str, str]]:
    settings = config.settings()
    return demo_people(settings) if is_at_home(settings, request) else []


