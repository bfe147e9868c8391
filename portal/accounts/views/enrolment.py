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


def _ask_code(form: InvitationForm) -> Response:
    return render("accounts/enrol.html", form=form, status=422 if form.errors else 200)


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
        card = None if form.key.data else cards.fresh()
        with db.transaction() as writing:
            entered, device, codes = _accept_in_field(writing, form, chosen, card)
    except invitations.BadSecret as bad:
        entering.refuse(form.secret, bad_secret(bad.code, account.role))
        return _field_page(form, account)
    except devices.BadKey:
        entering.refuse(form.secret, _("Your phone could not keep its key. Please try once more."))
        return _field_page(form, account)
    if entered is None:
        return redirect(url_for(".enrol"), 303)
    page = entering.enter(None, entered, None, form.secret.data, device)
    if device is not None:
        page.headers["Location"] = url_for(".ready")
        return page
    return render("accounts/card.html", codes=[cards.spoken(code) for code in codes], code=entered.sign_in_name)


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


def _field_page(form: EnrolForm, account: Account) -> Response:
    if "secret" not in request.form:
        form = EnrolForm(formdata=None)
    form.code.data = invitations.plain(request.form.get("code", ""))
    form.challenge.data, form.key.data, form.proof.data = challenges.new_challenge(config.keys()), "", ""
    return render("accounts/enrol_field.html", form=form, person=account, status=422 if form.errors else 200)


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
        with db.transaction() as writing:
            entered = invitations.accept(writing, keys, form.code.data, chosen)
    except invitations.BadSecret as bad:
        entering.refuse(form.secret, bad_secret(bad.code, account.role))
        return _office_page(form, account, secret)
    if entered is None:
        return redirect(url_for(".enrol"), 303)
    return entering.enter(None, entered, None, form.secret.data, how="first")


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
