"""Her own settings: how pages look, her PIN, her phones and cards, and leaving everywhere at once."""

from uuid import UUID

from flask import Response, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import (
    cards,
    challenges,
    commands,
    devices,
    entering,
    invitations,
    news,
    own,
    passkeys,
    policy,
    sealed,
    signin,
)
from portal.accounts.forms import LookForm, PasskeyForm, PhoneForm, SecretForm
from portal.accounts.models import Account, Device
from portal.accounts.roles import FIELD
from portal.accounts.tries import with_held
from portal.accounts.views.blueprint import bp
from portal.accounts.words import bad_secret, news_sentence
from portal.audit import once
from portal.web import config, db
from portal.web.guard import allowed
from portal.web.render import render


@bp.get("/setelan")
@allowed(policy.anyone)
def settings_page():
    """Everything of one's own, on one page."""
    session, account = db.session(), _me()
    here = session.get(Device, current_user.device_id or "")
    return render(
        "accounts/settings.html", account=account, here=here, phones=devices.of_account(session, account.id),
        passkeys=passkeys.of_account(session, account.id), codes_left=cards.left(session, account.id),
        in_field=account.role in FIELD, news=[news_sentence(*one) for one in news.lately(session, account.id)],
        look=LookForm(formdata=None, data={
            "text_size": str(account.text_size), "shortcuts": account.shortcuts}),
        phone=PhoneForm(formdata=None, data={"mine": "1" if here and here.mine else "0"}))


@bp.post("/setelan/tampilan")
@allowed(policy.anyone)
def change_look():
    """Text size and shortcut keys."""
    form = LookForm()
    if form.accepted():
        with db.transaction() as writing:
            own.look(writing, current_user.account_id, text_size=int(form.text_size.data),
                     shortcuts=form.shortcuts.data if current_user.in_unit else current_user.shortcuts)
        flash(_("The change is saved."))
    return redirect(url_for(".settings_page"), 303)


@bp.post("/setelan/hp")
@allowed(policy.anyone)
def change_phone():
    """Whether this phone is shared."""
    form = PhoneForm()
    if form.accepted() and current_user.device_id:
        with db.transaction() as writing:
            writing.get_one(Device, current_user.device_id).mine = form.mine.data == "1"
        flash(_("The change is saved."))
    return redirect(url_for(".settings_page"), 303)


@bp.route("/setelan/rahasia", methods=["GET", "POST"])
@allowed(policy.anyone)
def change_secret():
    """A new PIN or passphrase. An officer's keys are locked anew under it. A second tap is told what the first was:
    to it the secret of before is wrong."""
    form, account = SecretForm(), _me()
    sent = sealed.change_tag(config.keys(), form.old.data or "", form.new.data or "")
    if form.is_submitted() and once.is_repeat(db.session(), form.once.data, sent):
        return _secret_changed()
    if not form.accepted():
        return _secret_page(form)
    tried = with_held(config.keys(), "sign-in", sealed.token_hash(current_user.token).hex())
    if not entering.secret_fits(form, form.old, account, tried, form.old.data):
        return _secret_page(form)
    try:
        made = own.choose(db.session(), config.settings(), account, old=form.old.data, new=form.new.data)
        with db.transaction() as writing:
            own.change_secret(writing, current_user.account_id, made, but=current_user.token)
            once.remember(writing, form.once.data, sent, "changed")
    except invitations.BadSecret as bad:
        entering.refuse(form.new, bad_secret(bad.code, account.role))
        return _secret_page(form)
    return _secret_changed()


@bp.post("/setelan/kartu")
@allowed(policy.signs_in_in_field)
@signin.fresh("accounts.settings_page")
def new_card():
    """A new card of codes, shown once."""
    card = cards.fresh()
    with db.transaction() as writing:
        codes = cards.new_card(writing, config.keys(), current_user.account_id, by=None, card=card)
        news.note(writing, current_user.account_id, news.Kind.CARD)
    return render("accounts/card.html", codes=[cards.spoken(code) for code in codes], code=_me().sign_in_name)


@bp.post("/setelan/hp/<device>/lepas")
@allowed(policy.anyone)
def end_device(device: str):
    """Take one of one's own phones off the account."""
    with db.transaction() as writing:
        devices.end_one(writing, current_user.account_id, device)
    flash(_("This phone can no longer sign in."))
    return redirect(url_for(".settings_page"), 303)


@bp.post("/setelan/keluar-semua")
@allowed(policy.anyone)
def sign_out_everywhere():
    """End every sign-in of this account, here too."""
    with db.transaction() as writing:
        commands.end_sign_ins(writing, current_user.account_id)
    signin.end()
    return signin.set_key_cookie(redirect(url_for(".sign_in"), 303), "")  # type: ignore[arg-type]


@bp.route("/setelan/kunci-layar", methods=["GET", "POST"])
@allowed(policy.anyone)
@signin.fresh()
def add_passkey():
    """Set up a passkey: in the field for this phone beside its own key, at the office in place of the code."""
    form, challenge = PasskeyForm(), challenges.new_challenge(config.keys())
    if form.accepted() and _add_passkey(form):
        flash(_("The passkey is set up."))
        return redirect(url_for(".settings_page"), 303)
    known = passkeys.of_account(db.session(), current_user.account_id)
    wanted = passkeys.options(entering.site(), current_user.account_id, challenge, known=known)
    form.challenge.data, form.answer.data = challenge, ""
    return render("accounts/passkey.html", form=form, options=wanted, known=known, status=422 if form.errors else 200)


@bp.post("/setelan/kunci-layar/<uuid:passkey_id>/lepas")
@allowed(policy.anyone)
@signin.fresh("accounts.settings_page")
def remove_passkey(passkey_id: UUID):
    """Forget one of one's own passkeys."""
    with db.transaction() as writing:
        passkeys.remove(writing, current_user.account_id, passkey_id)
    flash(_("The passkey is removed."))
    return redirect(url_for(".settings_page"), 303)


def _me() -> Account:
    return db.session().get_one(Account, current_user.account_id)


def _secret_changed() -> Response:
    flash(_("The change is saved. You were signed out everywhere else."))
    return redirect(url_for(".settings_page"), 303)


def _secret_page(form: SecretForm) -> Response:
    return render("accounts/secret.html", form=form, status=422 if form.errors else 200)


def _add_passkey(form: PasskeyForm) -> bool:
    try:
        with db.transaction() as writing:
            if not challenges.use(writing, config.keys(), form.challenge.data or ""):
                raise passkeys.BadPasskey
            passkeys.add(writing, config.keys(), entering.site(), current_user.account_id,
                         answer=form.answer.data or "", challenge=form.challenge.data or "",
                         device_id=current_user.device_id)
    except passkeys.BadPasskey:
        entering.refuse(form.answer, _("That did not work. Please try again."))
        return False
    return True
