"""The web side of a try to get in: the throttle has its word first, then the secret is checked, and a
success brings the person where she was going, with the answers she had."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from portal.accounts import changes, commands, devices, news, own, passwords, sealed, signin, throttle, tries
from portal.accounts.models import Account, Device, StaffKey
from portal.accounts.passkeys import Site
from portal.accounts.queries import Entrant
from portal.accounts.roles import FIELD, Role
from portal.accounts.tries import Try
from portal.accounts.words import news_sentence
from portal.base.clock import now
from portal.web import carry, config, db, watch
from portal.web.render import render


@dataclass(frozen=True)
class Inside:
    """Somebody who was let in: her sign-in's token, her browser's half of her key, and her news."""

    account_id: UUID
    is_staff: bool
    token: str
    half: str
    untold: tuple[tuple[str, date], ...]


def network() -> str:
    """Where a try comes from, as far as the throttle needs it."""
    return tries.line(request.remote_addr or "")


def site() -> Site:
    """Where the browser is, for passkeys."""
    return Site(request.host.rsplit(":", 1)[0], request.host_url.rstrip("/"), config.settings().name)


def browser_name() -> str:
    """What a person would call this browser in a list, from what it says of itself. No more is kept."""
    said = request.user_agent.string
    system = next((name for name in ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux") if name in said), "")
    program = next((name for mark, name in (("SamsungBrowser", "Samsung Internet"), ("OPR", "Opera"), ("Edg", "Edge"),
                    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")) if mark in said), "")
    return ", ".join(part for part in (system, program) if part)


def secret_fits(form: Any, field: Any, account: Account | Entrant | None, tried: Try, secret: str) -> bool:
    """Whether this is the person's secret. Failures are forgotten only once she is in, so that a second
    factor cannot be guessed for free. On a refusal the form says so at `field`."""
    keys = config.keys()
    with db.transaction() as writing:
        until = throttle.begin_try(writing, tried.all, now())
    if until is not None:
        watch.refused("a try before its time")
        refuse(field, wait_sentence(commands.minutes_until(until)))
        return False
    made_with = keys.numbered(account.server_key) if account else None
    stored = account.secret_hash if account and made_with else None
    try:
        fits = passwords.fits(stored, sealed.peppered(made_with or keys, secret))
    except passwords.Busy:
        too_busy(form, field)
        return False
    if not fits:
        watch.refused("a secret that does not fit")
        refuse(field, _("That does not match. Please try again."))
    elif account and made_with and stored and made_with.number < keys.number:
        renewed, account_id = passwords.hashed(sealed.peppered(keys, secret)), account.id
        with db.transaction() as writing:
            own.renew_hash(writing, account_id, stored, renewed, server_key=keys.number)
    return fits


def too_busy(form: Any, field: Any) -> None:
    """More secrets are being checked than can wait for each other: the form says so, with a 503."""
    refuse(field, _("Many people are signing in. Please try again in a moment."))
    form.busy = True


def wait_sentence(minutes: int) -> str:
    """What somebody reads who must wait."""
    return ngettext("Too many tries. Wait %(num)s minute, or ask your coordinator.",
                    "Too many tries. Wait %(num)s minutes, or ask your coordinator.", minutes)


def refuse(field: Any, message: str) -> None:
    """One message for all fields: which of them was wrong is not said."""
    field.errors = [message]


def has_run_out(tried: Try) -> bool:
    """Whether what she holds has failed so often that it is worth nothing any more."""
    return tried.held is not None and throttle.failures(db.session(), tried.held) >= throttle.STOP


def enter(form: Any, account: Account | Entrant, tried: Try | None, secret: str,
          device: Device | None = None, *, how: str = "") -> Response:
    """Sign the person in, and bring her where she was going. `how` is kept of somebody at the office: by which
    second factor, or on what ground. Raises `passwords.Busy`."""
    private = unlocked(db.session().get(StaffKey, account.id), secret)
    with db.transaction() as writing:
        inside = let_in(writing, account, tried, device, private=private, how=how)
    return lead_on(inside, form)


def unlocked(own: StaffKey | None, secret: str) -> bytes | None:
    """The officer's own private key, for those who have one. It takes its time, so it is done before anything is
    locked. Raises `passwords.Busy`."""
    if own is None:
        return None
    with passwords.few_at_once():
        return sealed.unlock_staff_key(config.keys(), own, secret)


def let_in(writing: Session, account: Account | Entrant, tried: Try | None = None, device: Device | None = None, *,
           private: bytes | None = None, how: str = "") -> Inside:
    """Open her sign-in, in the transaction of the act that lets her in: what she has used up for it is used up only
    if she is in. Then `lead_on` goes on."""
    news.note_tries(writing, config.keys(), account.id, tried)
    untold = news.tell(writing, account.id)
    if tried is not None:
        throttle.forget(writing, tried.own)
        if tried.network is not None:
            throttle.take_back(writing, tried.network)
    if device is not None:
        writing.get_one(Device, device.id).last_on = now().date()
    role = Role(account.role)
    commands.note_entry(writing, account.id, role, how)
    token, half = signin.open_here(writing, account.id, private, is_staff=role not in FIELD,
                                   device_id=device.id if device else None)
    return Inside(account.id, role not in FIELD, token, half, tuple(untold))


def lead_on(inside: Inside, form: Any = None) -> Response:
    """Who was let in gets her cookies, what she was not told yet, and the page she was going to."""
    signin.begin(inside.token)
    if inside.untold:  # the sign-in that was before is cleared now, and what was to be shown with it
        flash(" ".join([*(news_sentence(*one) for one in inside.untold),
                        _("If this was not you, tell whoever set up your account.")]), "kunci")
    target = carry.local_path(form.next.data or "/") if form is not None else "/"
    if form is not None and carry.is_for_her(target):  # somebody else's is not offered to her
        page = render("continue.html", signed_in=True, carried=form.carried.data, path=target)
    else:
        page = make_response(redirect(target, 303))
    if inside.is_staff:
        signin.know_browser(page, config.keys(), inside.account_id)
    return signin.set_key_cookie(page, inside.half)


def proven_device(form: Any) -> tuple[Device | None, bool]:
    """The phone that answered this form's challenge with its key, and whether it was taken off its account."""
    device = db.session().get(Device, form.device.data or "")
    if device is None or not devices.shows(config.keys(), device, form.proof.data or "", "sign-in",
                                           form.challenge.data or ""):
        return None, False
    return (None, True) if device.ended_on is not None else (device, False)


def stop_device(device: Device) -> None:
    """After too many wrong PINs: the phone's key opens nothing any more."""
    with db.transaction() as writing:
        devices.end(writing, writing.get_one(Device, device.id))


def sentence_for(problem: changes.StillNeeded) -> str:
    """Why an account cannot go yet."""
    return {
        "head": _("She is the unit's only head. Name another head first."),
        "admin": _("She is the only administrator. Name another one first."),
        "key": _("Only she can open some of the unit's concerns. Hand the key on to a colleague first."),
    }[problem.code]
