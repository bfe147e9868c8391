"""What happens to accounts, sign-ins and keys. None of these commits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.accounts import news, passwords, queries, sealed
from portal.accounts.invitations import BadSecret, check_secret
from portal.accounts.models import Account, KeyGrant, Posting, SealingKey, SignIn, StaffKey, Unit
from portal.accounts.roles import FIELD, UNIT, Role
from portal.accounts.viewer import Viewer
from portal.audit.log import record
from portal.base.clock import now
from portal.base.db import new_id
from portal.base.errors import NotVisible, Refused
from portal.base.phones import normal_phone
from portal.base.reference import new_reference
from portal.base.settings import ServerKeys, Settings

LAST_ANSWER = timedelta(seconds=30)
"""How long a page that was asked for before may still be answered (deploy/gunicorn.conf.py): what somebody opens in
the moment in which she is moved still stands in the trail of the unit from which she opened it."""

_BAD_SECRETS = {
    ("short", True): "A PIN has 8 digits or more, a phrase 12 characters or more.",
    ("weak", True): "That PIN is too easy to guess.",
    ("short", False): "A passphrase has at least 15 characters.",
    ("weak", False): "That passphrase is too easy to guess.",
    ("long", True): "That is too long.", ("long", False): "That is too long.",
}


class BadAccount(Exception):
    """An account that cannot be made. The text is one sentence for the command line; `code` is for pages:
    `name taken`, `name missing`, `phone wrong`, `phone taken`, `secret`."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class NewAccount:
    """What making an account takes. `secret` is a PIN for cadres, a passphrase for staff; without one
    nobody can sign in until she has been invited and has chosen it herself."""

    role: Role
    name: str
    secret: str = ""
    title: str = ""
    phone: str = ""
    sign_in_name: str = ""
    totp_secret: str = ""
    area_id: int | None = None
    unit_id: UUID | None = None
    language: str = ""


def add_account(session: Session, settings: Settings, new: NewAccount, *, by: UUID | None) -> Account:
    """Make an account; with a secret, for the unit's people a key pair too, with no key of the unit yet.

    In the field everybody gets a code to sign in with, beside or in place of a phone number. Raises
    `BadAccount` with the reason. Granting the unit's keys is an act of its own (`grant_key`).
    """
    keys, account_id = settings.require_keys(), new_id()
    phone = _checked_phone(session, keys, new.phone)
    _check_secret(new, phone)
    name = new.sign_in_name.strip().lower() or (_account_code(session) if new.role in FIELD else "")
    if name and _name_is_taken(session, name):
        raise BadAccount("name taken", f"The sign-in name {name} is taken.")
    if not name and new.role not in FIELD:
        raise BadAccount("name missing", "At the office everybody needs a sign-in name.")
    account = Account(
        id=account_id, role=new.role, name=new.name, title=new.title, sign_in_name=name or None,
        phone_tag=sealed.phone_tag(keys, phone) if phone else None,
        sealed_phone=sealed.seal_phone(keys, account_id, phone) if phone else None,
        sealed_totp=sealed.seal_totp(keys, account_id, new.totp_secret) if new.totp_secret else None,
        area_id=new.area_id, unit_id=new.unit_id, language=new.language, created_on=now().date(),
        secret_hash=passwords.hashed(sealed.peppered(keys, new.secret)) if new.secret else "", server_key=keys.number,
    )
    session.add(account)
    session.flush()
    if new.role in UNIT and new.secret:
        session.add(sealed.make_staff_key(keys, account_id, new.secret, memory_kib=settings.passphrase_memory_kib))
    session.flush()
    _note_posting(session, account, since=None)  # there is nothing that she did before she was there
    record(session, "account.made", account_id, by=by)
    return account


def place(session: Session, account: Account, role: Role, *, area_id: int | None, unit_id: UUID | None) -> None:
    """Give an account its role, place and unit. Nothing else changes them, so that none is left out of `Posting`."""
    account.role, account.area_id, account.unit_id = role, area_id, unit_id
    _note_posting(session, account, since=now())


def _note_posting(session: Session, account: Account, *, since: datetime | None) -> None:
    """Keep since when somebody works where she does now, and until when she worked where she did before."""
    session.flush()  # holds her row: of two changes at once, the second sees what the first has noted
    here = None if account.role in FIELD else (account.unit_id, account.area_id)
    running = session.scalars(
        select(Posting).where(Posting.account_id == account.id, Posting.until.is_(None))).all()
    for posting in running:
        if (posting.unit_id, posting.area_id) != here:
            posting.until = now() + LAST_ANSWER
    if here and all(posting.until for posting in running):
        session.add(Posting(account_id=account.id, unit_id=here[0], area_id=here[1], since=since))
    session.flush()


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


def describe(session: Session, keys: ServerKeys, account: Account, *, name: str, title: str, phone: str,
             by: UUID) -> None:
    """Correct how an account is called and its phone number. Raises `BadAccount`.

    Who came in before is told of another number: by it a caller is known, and what she reports becomes whose it is.
    """
    number = _checked_phone(session, keys, phone, of=account.id)
    if number != sealed.open_phone(keys, account) and (account.secret_hash or account.quiet_until):
        news.note(session, account.id, news.Kind.NUMBER)
    account.name, account.title = name, title
    account.phone_tag = sealed.phone_tag(keys, number) if number else None
    account.sealed_phone = sealed.seal_phone(keys, account.id, number) if number else None
    session.flush()
    record(session, "account.described", account.id, by=by)


def note_entry(session: Session, account_id: UUID, role: Role, how: str) -> None:
    """Leave a trace that somebody at the office came in, and by which second factor. In the field none is left on
    purpose: a time beside a concern's would say who sent it."""
    if role not in FIELD:
        record(session, "account.signed_in", account_id, by=account_id, reason=how)


def open_sign_in(session: Session, account_id: UUID, *, hours: int, staff_private: bytes | None,
                 device_id: str | None = None) -> tuple[str, str]:
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
                       ends_on=ends_on, locked_private=locked, device_id=device_id))
    return token, half


def end_sign_in(session: Session, token: str) -> None:
    """End one sign-in, wherever its cookie may have been copied to."""
    session.execute(delete(SignIn).where(SignIn.token_hash == sealed.token_hash(token)))


def end_sign_ins(session: Session, account_id: UUID, *, but: str = "") -> None:
    """End every sign-in of an account, except the one with the token `but`, if any."""
    session.execute(delete(SignIn).where(SignIn.account_id == account_id,
                                         SignIn.token_hash != sealed.token_hash(but)))


def end_every_sign_in(session: Session) -> int:
    """End all sign-ins of everybody, as when a cookie or the database was taken. Returns how many there were."""
    ended = session.execute(delete(SignIn)).rowcount  # type: ignore[attr-defined]
    record(session, "account.all_out", "", by=None, amount=ended)
    return int(ended)


def set_language(session: Session, account_id: UUID, language: str) -> None:
    """Remember the language a person chose."""
    session.execute(update(Account).where(Account.id == account_id).values(language=language))


def key_ring_of(session: Session, viewer: Viewer, cookie: str) -> sealed.KeyRing | None:
    """The keys an officer may use now, from her cookie and the database's half; None while locked."""
    if not cookie or viewer.locked_private is None:
        return None
    private = sealed.join_from_browser(cookie, viewer.locked_private, viewer.token)
    if private is None:
        return None

    def granted_since(key_id: UUID) -> dict[UUID, bytes]:
        grant = session.get(KeyGrant, (key_id, viewer.account_id))
        return sealed.open_ring(private, [grant] if grant else []).privates

    ring = sealed.open_ring(private, queries.grants_of(session, viewer.account_id))
    return sealed.KeyRing(ring.privates, granted_since)


def minutes_until(moment: datetime) -> int:
    """Whole minutes from now, at least one, for a sentence that says how long to wait."""
    return max(1, round((moment - now()).total_seconds() / 60 + 0.5))


def _checked_phone(session: Session, keys: ServerKeys, given: str, *, of: UUID | None = None) -> str:
    if not given:
        return ""
    phone = normal_phone(given)
    if phone is None:
        raise BadAccount("phone wrong", "That is not an Indonesian phone number.")
    if phone_is_taken(session, keys, phone, but_by=of):
        raise BadAccount("phone taken", "That phone number has an account already.")
    return phone


def phone_is_taken(session: Session, keys: ServerKeys, phone: str, *, but_by: UUID | None = None) -> bool:
    """Whether another account, switched off or not, has this (normalised) phone number."""
    owner = session.scalar(select(Account.id).where(Account.phone_tag.in_(sealed.phone_tags(keys, phone))))
    return owner is not None and owner != but_by


def _name_is_taken(session: Session, name: str) -> bool:
    return session.scalar(select(Account.id).where(Account.sign_in_name == name)) is not None


def _account_code(session: Session) -> str:
    """A code of six symbols that no other account has, to sign in with where there is no phone number."""
    while True:
        code = new_reference().lower()
        if not _name_is_taken(session, code):
            return code


def _check_secret(new: NewAccount, phone: str) -> None:
    if not new.secret:
        return
    try:
        check_secret(new.role, new.secret, phone=phone, names=(new.name, new.title))
    except BadSecret as bad:
        raise BadAccount("secret", _BAD_SECRETS[bad.code, new.role in FIELD]) from bad
