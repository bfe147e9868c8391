"""What happens to accounts, sign-ins and keys. None of these commits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.accounts import passwords, queries, sealed, throttle
from portal.accounts.models import Account, KeyGrant, SealingKey, SignIn, StaffKey, Unit
from portal.accounts.roles import UNIT, Role
from portal.accounts.viewer import Viewer
from portal.audit.log import record
from portal.base.clock import now
from portal.base.db import new_id
from portal.base.errors import NotVisible, Refused
from portal.base.phones import normal_phone
from portal.base.settings import ServerKeys, Settings

_TOTP_STEP = 30


class BadAccount(Exception):
    """An account that cannot be made; the text is one sentence for the person who makes it."""


@dataclass(frozen=True)
class NewAccount:
    """What making an account takes. `secret` is a PIN for cadres, a passphrase for staff."""

    role: Role
    name: str
    secret: str
    title: str = ""
    phone: str = ""
    sign_in_name: str = ""
    totp_secret: str = ""
    area_id: int | None = None
    unit_id: UUID | None = None
    language: str = ""


def add_account(session: Session, settings: Settings, new: NewAccount, *, by: UUID | None) -> Account:
    """Make an account; for the unit's people a key pair too, with no key of the unit yet.

    Raises `BadAccount` with the reason. Granting the unit's keys is an act of its own (`grant_key`).
    """
    keys, account_id = settings.require_keys(), new_id()
    phone = _checked_phone(session, keys, new)
    _check_secret(new, phone)
    name = new.sign_in_name.strip().lower()
    if name and session.scalar(select(Account.id).where(Account.sign_in_name == name)):
        raise BadAccount(f"The sign-in name {name} is taken.")
    account = Account(
        id=account_id, role=new.role, name=new.name, title=new.title, sign_in_name=name or None,
        phone_tag=sealed.phone_tag(keys, phone) if phone else None,
        sealed_phone=sealed.seal_phone(keys, account_id, phone) if phone else None,
        sealed_totp=sealed.seal_totp(keys, account_id, new.totp_secret) if new.totp_secret else None,
        area_id=new.area_id, unit_id=new.unit_id, language=new.language, created_on=now().date(),
        secret_hash=passwords.hashed(sealed.peppered(keys, new.secret)),
    )
    session.add(account)
    session.flush()
    if new.role in UNIT:
        session.add(sealed.make_staff_key(account_id, new.secret, memory_kib=settings.passphrase_memory_kib))
    session.flush()
    record(session, "account.made", account_id, by=by)
    return account


def make_unit(session: Session, *, name: str, area_id: int) -> Unit:
    """A protection unit for a city, still without keys: those are made with its first head."""
    unit = Unit(name=name, area_id=area_id)
    session.add(unit)
    session.flush()
    return unit


def make_unit_keys(session: Session, unit: Unit, *, first_holder: UUID) -> None:
    """The unit's two key pairs. Their private halves are wrapped for the first holder, and forgotten."""
    own = session.get_one(StaffKey, first_holder)
    for kind in ("unit", "conflict"):
        key, private = sealed.make_sealing_key(unit.id, kind)
        session.add(key)
        session.flush()
        session.add(sealed.grant(private, key.id, to=own, by=None))
        record(session, "key.made", key.id, by=first_holder, reason=kind)


def grant_key(session: Session, ring: sealed.KeyRing, *, kind: str, to: UUID, by: Viewer) -> None:
    """Hand the unit's keys of one kind, old ones too, to a colleague. She can open at her next page.

    Raises `NotVisible` for somebody who is not of the unit, `Refused` when the giver holds none or the
    colleague has no key of her own yet.
    """
    colleague = session.scalar(select(Account).where(
        Account.id == to, Account.unit_id == by.unit_id, Account.role.in_(UNIT), Account.active))
    if colleague is None:
        raise NotVisible
    own = session.get(StaffKey, to)
    keys = session.scalars(
        select(SealingKey).where(SealingKey.unit_id == by.unit_id, SealingKey.kind == kind))
    held = [key for key in keys if key.id in ring]
    if own is None or not held:
        raise Refused("nothing to grant, or nobody to grant it to")
    for key in held:
        if session.get(KeyGrant, (key.id, to)) is None:
            session.add(sealed.grant(ring.privates[key.id], key.id, to=own, by=by.account_id))
            record(session, "key.granted", f"{key.id}>{to}"[:80], by=by.account_id, reason=kind)


def switch(session: Session, account_id: UUID, *, on: bool, by: Viewer) -> None:
    """Switch an account off (all its sign-ins die at once) or on again. Nobody switches herself."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotVisible
    if account.id == by.account_id:
        raise Refused("nobody switches herself off")
    account.active = on
    if not on:
        session.execute(delete(SignIn).where(SignIn.account_id == account_id))
    record(session, "account.on" if on else "account.off", account_id, by=by.account_id)


def use_totp(session: Session, keys: ServerKeys, account: Account, code: str) -> bool:
    """Whether `code` is the second factor's code of now (one step early or late), and is used the
    first time: a code that was seen over a shoulder is worth nothing."""
    secret = sealed.open_totp(keys, account)
    if not secret:
        return False
    totp, step = pyotp.TOTP(secret), int(now().timestamp()) // _TOTP_STEP
    wanted = code.replace(" ", "")
    fitting = [s for s in (step - 1, step, step + 1)
               if pyotp.utils.strings_equal(totp.generate_otp(s), wanted)]
    if not fitting:
        return False
    used = session.execute(update(Account).where(Account.id == account.id, Account.totp_last < fitting[0])
                           .values(totp_last=fitting[0]))
    return bool(used.rowcount)  # type: ignore[attr-defined]


def open_sign_in(session: Session, account_id: UUID, *, hours: int, staff_private: bytes | None
                 ) -> tuple[str, str]:
    """Begin a sign-in; returns (token for the signed cookie, the browser's half of the key or "").

    Ended sign-ins of the account are cleared away on the occasion.
    """
    today = now().date()
    session.execute(delete(SignIn).where(SignIn.account_id == account_id, SignIn.ends_on < today))
    token, half, locked = sealed.new_token(), "", None
    if staff_private is not None:
        half, locked = sealed.split_for_browser(staff_private, token)
    ends_on = (now() + timedelta(hours=hours)).date()
    session.add(SignIn(token_hash=sealed.token_hash(token), account_id=account_id, began_on=today,
                       ends_on=ends_on, locked_private=locked))
    return token, half


def end_sign_in(session: Session, token: str) -> None:
    """End one sign-in, wherever its cookie may have been copied to."""
    session.execute(delete(SignIn).where(SignIn.token_hash == sealed.token_hash(token)))


def set_language(session: Session, account_id: UUID, language: str) -> None:
    """Remember the language a person chose."""
    session.execute(update(Account).where(Account.id == account_id).values(language=language))


def try_counters(keys: ServerKeys, who: str, network: str
                 ) -> tuple[list[throttle.Counter], list[throttle.Counter]]:
    """(all counters of a try, those that a success clears) for one name or phone and one network."""
    own = [throttle.Counter(sealed.try_tag(keys, "pair", who, network), throttle.FREE_PAIR),
           throttle.Counter(sealed.try_tag(keys, "account", who), throttle.FREE_ACCOUNT)]
    return [*own, throttle.Counter(sealed.try_tag(keys, "network", network), throttle.FREE_NETWORK)], own


def key_ring_of(session: Session, viewer: Viewer, cookie: str) -> sealed.KeyRing | None:
    """The keys an officer may use now, from her cookie and the database's half; None while locked."""
    if not cookie or viewer.locked_private is None:
        return None
    private = sealed.join_from_browser(cookie, viewer.locked_private, viewer.token)
    if private is None:
        return None
    return sealed.open_ring(private, queries.grants_of(session, viewer.account_id))


def minutes_until(moment: datetime) -> int:
    """Whole minutes from now, at least one, for a sentence that says how long to wait."""
    return max(1, round((moment - now()).total_seconds() / 60 + 0.5))


def _checked_phone(session: Session, keys: ServerKeys, new: NewAccount) -> str:
    if not new.phone:
        return ""
    phone = normal_phone(new.phone)
    if phone is None:
        raise BadAccount("That is not an Indonesian phone number.")
    if _phone_is_taken(session, sealed.phone_tag(keys, phone)):
        raise BadAccount("That phone number has an account already.")
    return phone


def _phone_is_taken(session: Session, tag: bytes) -> bool:
    """Whether any account, switched off or not, has this phone."""
    return session.scalar(select(Account.id).where(Account.phone_tag == tag)) is not None


def _check_secret(new: NewAccount, phone: str) -> None:
    if new.role in {Role.CADRE, Role.SCHOOL}:
        if not (new.secret.isdigit() and len(new.secret) == passwords.PIN_DIGITS):
            raise BadAccount("A PIN has exactly 8 digits.")
        if passwords.is_weak_pin(new.secret, phone):
            raise BadAccount("That PIN is too easy to guess.")
    elif len(new.secret) < passwords.PASSPHRASE_LENGTH:
        raise BadAccount("A passphrase has at least 15 characters.")
