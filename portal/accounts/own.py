"""What a person changes about her own account. None of these commits."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.accounts import commands, news, passwords, sealed
from portal.accounts.invitations import check_secret
from portal.accounts.models import Account, StaffKey
from portal.accounts.roles import FIELD, Role
from portal.audit.log import record
from portal.base.errors import Refused
from portal.base.settings import Settings


def look(session: Session, account_id: UUID, *, text_size: int, shortcuts: bool) -> None:
    """How pages look to her: text size in percent, and whether the queue listens to single keys."""
    session.execute(update(Account).where(Account.id == account_id).values(text_size=text_size, shortcuts=shortcuts))


@dataclass(frozen=True)
class NewSecret:
    """A new PIN or passphrase, made ready to be stored; `staff_key` holds an officer's key locked under it."""

    secret_hash: str
    server_key: int
    staff_key: dict[str, Any] | None


def choose(session: Session, settings: Settings, account: Account, *, old: str, new: str) -> NewSecret:
    """Make a new PIN or passphrase ready, once the old one was checked. It takes its time, so it is done before
    anything is locked.

    An officer's private key is opened with the old passphrase and locked under the new one. Raises
    `invitations.BadSecret`, and `Refused` when the key does not open.
    """
    keys, locked = settings.require_keys(), None
    check_secret(Role(account.role), new, phone=sealed.open_phone(keys, account),
                 names=(account.name, account.title, settings.name, settings.office_name))
    own = session.get(StaffKey, account.id)
    if own is not None:
        private = sealed.unlock_staff_key(keys, own, old)
        if private is None:
            raise Refused("the key does not open")
        locked = sealed.lock_again(keys, account.id, private, new, memory_kib=settings.passphrase_memory_kib)
    return NewSecret(passwords.hashed(sealed.peppered(keys, new)), keys.number, locked)


def renew_hash(session: Session, account_id: UUID, old: str, new: str, *, server_key: int) -> None:
    """Keep the secret that was just shown to be hers under newer keys of the server, unless she has chosen another
    meanwhile."""
    session.execute(update(Account).where(Account.id == account_id, Account.secret_hash == old)
                    .values(secret_hash=new, server_key=server_key))


def change_secret(session: Session, account_id: UUID, made: NewSecret, *, but: str) -> None:
    """From now on the new one counts; every sign-in but this one (`but`, a token) ends."""
    account = session.get_one(Account, account_id)
    account.secret_hash, account.server_key = made.secret_hash, made.server_key
    if made.staff_key is not None:
        session.execute(update(StaffKey).where(StaffKey.account_id == account_id).values(**made.staff_key))
    commands.end_sign_ins(session, account_id, but=but)
    news.note(session, account_id, news.Kind.SECRET)
    if account.role not in FIELD:
        record(session, "account.secret", account_id, by=account_id)
