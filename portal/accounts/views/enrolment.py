"""The first time: from a code that was handed over to the home page."""

import pyotp
from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from portal.accounts import (
    cards,
    challenges,
    commands,
    devices,
    entering,
    invitations,
    news,
    passkeys,
    policy,
    sealed,
    throttle,
    totp,
    tries,
)
from portal.accounts.forms import EnrolForm, InvitationForm, PhoneForm, StaffEnrolForm
from portal.accounts.models import Account, Device
from portal.accounts.roles import FIELD
from portal.accounts.views.blueprint import bp
from portal.accounts.words import bad_secret, qr
from portal.base.clock import now
from portal.web import config, db, watch
from portal.web.guard import allowed, public
from portal.web.render import render
from portal.web.shedding import Turn, turn


@bp.route("/mulai", methods=["GET", "POST"])
@public
@turn(Turn.SIGN_IN)
def enrol():
    """Ask for the code, then for what only she shall know. Looking uses nothing up: only the last step does."""
    asked = InvitationForm()
    if not asked.accepted():
        return _ask_code(asked)
    used = invitations.used(db.session(), config.keys(), asked.code.data)
    if used is not None:
        return _again(asked, used)
    account = _invited(asked)
    if account is None:
        return _ask_code(asked)
    if account.role in FIELD:
        return _enrol_in_field(account)
    return _enrol_at_office(account)


@bp.route("/mulai/siap", methods=["GET", "POST"])
@allowed(policy.anyone)
def ready():
    """She is in. Who else picks up this phone decides how soon it locks."""
    form = PhoneForm()
    device = db.session().get(Device, current_user.device_id or "")
    if form.accepted() and device is not None:
        with db.transaction() as writing:
            writing.get_one(Device, device.id).mine = form.mine.data == "1"
        return redirect("/", 303)
    return render("accounts/ready.html", form=form, status=422 if form.errors else 200, bound=device is not None)


def _ask_code(form: InvitationForm, used: invitations.Used | None = None) -> Response:
    again = None
    if used is not None and used.account.role in FIELD:
        again = EnrolForm(formdata=None)
        again.code.data, again.card.data = invitations.plain(form.code.data), "1"
        again.secret.label.text = _("The PIN that you chose")
    return render("accounts/enrol.html", form=form, used=used, again=again,
                  status=503 if getattr(form, "busy", False) else 422 if form.errors else 200)


def _again(asked: InvitationForm, used: invitations.Used) -> Response:
    """A code that was used a moment ago: tapped twice, or the answer was lost on its way. With her PIN it leads in
    once more, by the very phone or by a card of which no code was used. Whoever has the code alone is told the same
    as whoever has the wrong PIN."""
    field = used.account.role in FIELD
    page = _lead_in_again(asked, EnrolForm(), used) if field and request.form.get("secret") else None
    if page is not None:
        return page
    if not getattr(asked, "busy", False):
        watch.refused("a code that was used already")
        entering.refuse(asked.code, _(
            "This code was used already. If you used it, tap Sign in and enter your PIN. If it was not you, "
            "tell your coordinator.") if field else _(
            "This code was used already. If you used it, tap Sign in and enter your passphrase. If it was not you, "
            "tell your administrator."))
    return _ask_code(asked, used)


def _lead_in_again(asked: InvitationForm, form: EnrolForm, used: invitations.Used) -> Response | None:
    account = used.account
    tried = tries.with_held(config.keys(), "invitation", account.id)
    if entering.has_run_out(tried) or not form.accepted() or not entering.secret_fits(
            asked, asked.code, account, tried, form.secret.data):
        return None
    device = _same_phone(form, account)
    if device is None and not _has_untouched_card(form, account):
        return None
    card = cards.fresh() if device is None and used.gave_card else None
    with db.transaction() as writing:
        commands.end_sign_ins(writing, account.id)  # the one whose cookie never came
        inside = entering.let_in(writing, account, tried, device)
        codes = cards.new_card(writing, config.keys(), account.id, by=None, card=card) if card else []
        if card:
            news.note(writing, account.id, news.Kind.CARD)
    return _lead_on(inside, account, device, codes)


def _same_phone(form: EnrolForm, account: Account) -> Device | None:
    """The phone that came in with this code, when its key shows itself again: a form that was sent twice brings the
    very proof that it brought the first time."""
    device = db.session().get(Device, devices.device_id(devices.from_text(form.key.data or "")))
    if device is None or device.account_id != account.id or device.ended_on is not None:
        return None
    challenge = form.challenge.data or ""
    shown = (challenges.is_ours(config.keys(), challenge)
             and devices.shows(config.keys(), device, form.proof.data or "", "enrol", challenge))
    return device if shown and not passkeys.of_device(db.session(), device.id) else None


def _has_untouched_card(form: EnrolForm, account: Account) -> bool:
    """Whether she began with a card and has not signed in with it yet: she may never have seen its codes."""
    return bool(form.card.data and not form.key.data and not devices.of_account(db.session(), account.id)
                and cards.is_untouched(db.session(), account.id))


def _invited(form: InvitationForm) -> Account | None:
    """Whose code this is. Guessing at codes is slowed for the network it comes from."""
    keys = config.keys()
    tried = tries.with_nothing(keys, "invitation", entering.network())
    account = invitations.invited(db.session(), keys, form.code.data)
    if account is not None:
        return account
    with db.transaction() as writing:
        until = throttle.begin_try(writing, tried.all, now())
    watch.refused("an invitation that does not fit")
    if until is not None:
        entering.refuse(form.code, entering.wait_sentence(commands.minutes_until(until)))
    else:
        entering.refuse(form.code, _("This code does not work, or no longer. Ask your coordinator for a new one."))
    return None


def _enrol_in_field(account: Account) -> Response:
    form = EnrolForm()
    if "secret" not in request.form or not form.accepted():
        return _field_page(form, account)
    try:
        chosen = invitations.choose(config.settings(), account, form.secret.data)
        card = _card_instead(form)
        with db.transaction() as writing:
            entered, device, codes = _accept_in_field(writing, form, chosen, card)
            inside = entering.let_in(writing, entered, device=device) if entered is not None else None
            if entered is not None:
                invitations.note_used(writing, config.keys(), form.code.data, entered.id, gave_card=bool(codes))
    except invitations.BadSecret as bad:
        entering.refuse(form.secret, bad_secret(bad.code, account.role))
        return _field_page(form, account)
    except devices.BadKey as bad:
        entering.refuse(form.secret, _("Your phone could not keep its key. Please try once more."))
        return _field_page(form, account, offer_card=True, anew=isinstance(bad, devices.KnownKey))
    if entered is None or inside is None:
        return _too_late(form)
    return _lead_on(inside, entered, device, codes)


def _too_late(form: EnrolForm | StaffEnrolForm) -> Response:
    """Another tap was a moment faster, perhaps her own."""
    asked = InvitationForm()
    used = invitations.used(db.session(), config.keys(), form.code.data or "")
    return _again(asked, used) if used is not None else redirect(url_for(".enrol"), 303)  # type: ignore[return-value]


def _lead_on(inside: entering.Inside, account: Account, device: Device | None, codes: list[str]) -> Response:
    page = entering.lead_on(inside)
    if device is not None:
        page.headers["Location"] = url_for(".ready")
        return page
    return render("accounts/card.html", codes=[cards.spoken(code) for code in codes], code=account.sign_in_name)


def _card_instead(form: EnrolForm) -> cards.Card | None:
    """A card of codes for a phone that can keep no key. Raises `devices.BadKey` when neither came: she was quicker
    than the script that makes the key, and the code of her invitation must not be spent on a card."""
    if form.key.data:
        return None
    if not form.card.data:
        raise devices.BadKey
    return cards.fresh()


def _accept_in_field(writing: Session, form: EnrolForm, chosen: invitations.Chosen, card: cards.Card | None
                     ) -> tuple[Account | None, Device | None, list[str]]:
    """Her account, and the phone that she holds; where a phone can hold no key, a card of codes instead."""
    entered = invitations.accept(writing, config.keys(), form.code.data, chosen)
    if entered is None:
        return None, None, []
    if not form.key.data:
        left = cards.left(writing, entered.id)
        return entered, None, [] if left else cards.new_card(
            writing, config.keys(), entered.id, by=None, card=card)
    if not challenges.use(writing, config.keys(), form.challenge.data or ""):
        raise devices.BadKey
    return entered, devices.add(writing, config.keys(), entered.id, public=form.key.data, proof=form.proof.data or "",
                                challenge=form.challenge.data or "", browser=entering.browser_name()), []


def _field_page(form: EnrolForm, account: Account, *, offer_card: bool = False, anew: bool = False) -> Response:
    if "secret" not in request.form:
        form = EnrolForm(formdata=None)
    form.code.data = invitations.plain(request.form.get("code", ""))
    form.challenge.data, form.key.data, form.proof.data = challenges.new_challenge(config.keys()), "", ""
    return render("accounts/enrol_field.html", form=form, person=account, offer_card=offer_card, anew=anew,
                  status=422 if form.errors else 200)


def _enrol_at_office(account: Account) -> Response:
    form, keys = StaffEnrolForm(), config.keys()
    secret = sealed.open_new_totp(keys, account.id, request.form.get("totp", ""))
    if "secret" not in request.form or not form.accepted() or not secret:
        return _office_page(form, account, secret)
    step = totp.step_of(secret, form.app_code.data)
    if not step:
        entering.refuse(form.app_code, _("That code does not fit. Is the clock of your phone right?"))
        return _office_page(form, account, secret)
    try:
        chosen = invitations.choose(config.settings(), account, form.secret.data, totp_secret=secret, totp_last=step)
        private = entering.unlocked(chosen.staff_key, form.secret.data)
        with db.transaction() as writing:
            entered = invitations.accept(writing, keys, form.code.data, chosen)
            inside = entering.let_in(writing, entered, private=private, how="first") if entered is not None else None
            if entered is not None:
                invitations.note_used(writing, keys, form.code.data, entered.id)
    except invitations.BadSecret as bad:
        entering.refuse(form.secret, bad_secret(bad.code, account.role))
        return _office_page(form, account, secret)
    return entering.lead_on(inside) if inside is not None else _too_late(form)


def _office_page(form: StaffEnrolForm, account: Account, secret: str) -> Response:
    secret = secret or pyotp.random_base32()
    if "secret" not in request.form:
        form = StaffEnrolForm(formdata=None)
    form.code.data = invitations.plain(request.form.get("code", ""))
    form.totp.data = sealed.seal_new_totp(config.keys(), account.id, secret)
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.sign_in_name or "", issuer_name=config.settings().name)
    return render("accounts/enrol_office.html", form=form, person=account, picture=qr(uri),
                  secret=" ".join(secret[at:at + 4] for at in range(0, len(secret), 4)),
                  status=422 if form.errors else 200)
