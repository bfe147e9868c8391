"""Getting into an account that was made for one: a code, handed over in person, good once and for a day.

The code has 12 symbols of 25 (55 bits). It travels in a link's fragment or by hand, so that no server
and no preview of the link ever sees it in an address, and looking at the page uses nothing up.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.accounts import passwords, sealed
from portal.accounts.models import Account, Invitation, PendingChange, StaffKey
from portal.accounts.roles import FIELD, UNIT, Role
from portal.accounts.viewer import QUIET
from portal.audit import once
from portal.audit.log import record
from portal.base.clock import now
from portal.base.errors import Refused
from portal.base.reference import ALPHABET
from portal.base.settings import ServerKeys, Settings

LIFE = timedelta(hours=24)
LENGTH = 12


class BadSecret(Exception):
    """A PIN or passphrase that cannot be taken; `code` says why: `short`, `long`, `weak`."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Chosen:
    """What a person chose when she came in, made ready to be stored (`choose`)."""

    secret_hash: str
    server_key: int
    sealed_totp: bytes | None
    totp_last: int
    staff_key: StaffKey | None


def choose(settings: Settings, account: Account, secret: str, *, totp_secret: str = "", totp_last: int = 0) -> Chosen:
    """Make a PIN or passphrase ready, and for the unit's people a key pair under the passphrase that only she
    knows. `totp_last` is the step of the code that showed that the second factor works: it is used.

    It takes its time, so it is done before anything is locked. Raises `BadSecret`.
    """
    keys, role = settings.require_keys(), Role(account.role)
    check_secret(role, secret, phone=sealed.open_phone(keys, account),
                 names=(account.name, account.title, settings.name, settings.office_name))
    own = sealed.make_staff_key(keys, account.id, secret, memory_kib=settings.passphrase_memory_kib) \
        if role in UNIT else None
    return Chosen(passwords.hashed(sealed.peppered(keys, secret)), keys.number,
                  sealed.seal_totp(keys, account.id, totp_secret) if totp_secret else None, totp_last, own)


def invite(session: Session, keys: ServerKeys, account: Account, *, by: UUID | None) -> str:
    """A fresh code for an account that nobody has entered yet; an older one is worth nothing now.

    Raises `Refused` for an account in use, switched off, or waiting for a second person.
    """
    waits = session.get(PendingChange, (account.id, "join"))
    if account.secret_hash or not account.active or waits:
        raise Refused("nobody can be invited to this account now")
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    session.execute(delete(Invitation).where(Invitation.account_id == account.id))
    session.add(Invitation(account_id=account.id, code_tag=sealed.invitation_tag(keys, code), made_by_id=by,
                           ends_at=now() + LIFE))
    session.flush()
    record(session, "account.invited", account.id, by=by)
    return code


def until() -> datetime:
    """When a code made now stops to work."""
    return now() + LIFE


def plain(typed: str) -> str:
    """A code as it was meant, however it was spaced."""
    return "".join(character for character in typed.upper() if character.isalnum())


def spoken(code: str) -> str:
    """The code as people see and say it: `K7M4-PX9T-Q2LW`."""
    return "-".join(code[at:at + 4] for at in range(0, LENGTH, 4))


def invited(session: Session, keys: ServerKeys, typed: str) -> Account | None:
    """Whose invitation this is, as long as it can be used. Asking uses nothing up."""
    return session.scalar(
        select(Account).join(Invitation, Invitation.account_id == Account.id)
        .where(Invitation.code_tag.in_(sealed.invitation_tags(keys, plain(typed))), Invitation.ends_at > now(),
               Account.active))


def accept(session: Session, keys: ServerKeys, typed: str, chosen: Chosen) -> Account | None:
    """Make the account its person's, and the code worthless; None when the code does not work (any more).

    Somebody who was here before has begun anew: what she sent stays hidden for a day from now on, however long the
    code was left lying (`viewer.QUIET`).
    A cadre's coming in leaves no moment behind: beside a concern's it would say too much.
    """
    account = invited(session, keys, typed)
    if account is None or not _use_up(session, account.id):
        return None
    account.secret_hash, account.server_key = chosen.secret_hash, chosen.server_key
    if account.quiet_until is not None:
        account.quiet_until = now() + QUIET
    if chosen.sealed_totp is not None:
        account.sealed_totp, account.totp_last = chosen.sealed_totp, chosen.totp_last
    if chosen.staff_key is not None:
        session.add(chosen.staff_key)
    session.flush()
    if account.role not in FIELD:
        record(session, "account.entered", account.id, by=account.id)
    return account


@dataclass(frozen=True)
class Used:
    """A code that was used lately: by whom, and whether she was given a card of codes for it."""

    account: Account
    gave_card: bool


def note_used(session: Session, keys: ServerKeys, typed: str, account_id: UUID, *, gave_card: bool = False) -> None:
    """Keep, in the transaction of `accept`, that the code was used and by whom: the answer may be lost on its way, or
    the form be sent twice. Kept by the day, like any form that was sent, and never with the code."""
    once.remember(session, _used_key(keys, typed), "", f"{account_id} card" if gave_card else str(account_id))


def used(session: Session, keys: ServerKeys, typed: str) -> Used | None:
    """Who came in with this code today or yesterday; None for any other code, and for an account that is off."""
    since = (now() - LIFE).date()
    outcomes = (once.outcome_since(session, _used_key(one, typed), since) for one in keys.readable)
    account_id, _space, card = (next(filter(None, outcomes), "") or "").partition(" ")
    account = session.get(Account, UUID(account_id)) if account_id else None
    return Used(account, bool(card)) if account is not None and account.active else None


def _used_key(keys: ServerKeys, typed: str) -> str:
    return f"invitation|{sealed.invitation_tag(keys, plain(typed)).hex()}"


def _use_up(session: Session, account_id: UUID) -> bool:
    """Take the invitation away; False when another phone was a moment faster."""
    gone = session.execute(delete(Invitation).where(Invitation.account_id == account_id))
    return bool(gone.rowcount)  # type: ignore[attr-defined]


def check_secret(role: Role, secret: str, *, phone: str = "", names: tuple[str, ...] = ()) -> None:
    """Raises `BadSecret` for what this person cannot choose: in the field 8 digits or a phrase of 12 and
    more, at the office 15 and more, nothing that would be tried first."""
    if len(secret) > passwords.LONGEST:
        raise BadSecret("long")
    if role not in FIELD:
        _check_phrase(secret, passwords.PASSPHRASE_LENGTH, phone, names)
    elif secret.isascii() and secret.isdigit():
        if len(secret) < passwords.PIN_DIGITS:
            raise BadSecret("short")
        if passwords.is_weak_pin(secret, phone):
            raise BadSecret("weak")
    else:
        _check_phrase(secret, passwords.PHRASE_LENGTH, phone, names)


def _check_phrase(secret: str, length: int, phone: str, names: tuple[str, ...]) -> None:
    if len(secret) < length:
        raise BadSecret("short")
    if passwords.is_weak_phrase(secret, phone, names):
        raise BadSecret("weak")
