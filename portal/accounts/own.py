"""What a person changes about her own account. None of these commits."""

from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from portal.accounts import passwords, sealed
from portal.accounts.invitations import check_secret
from portal.accounts.models import Account, SignIn, StaffKey
from portal.accounts.roles import FIELD, Role
from portal.audit.log import record
from portal.base.errors import Refused
from portal.base.settings import Settings


def look(session: Session, account_id: UUID, *, text_size: int, shortcuts: bool) -> None:
    """How pages look to her: text size in percent, and whether the queue listens to single keys."""
    session.execute(update(Account).where(Account.id == account_id).values(text_size=text_size, shortcuts=shortcuts))


def change_secret(session: Session, settings: Settings, account_id: UUID, *, old: str, new: str, but: str) -> None:
    """A new PIN or passphrase, once the old one was checked; every sign-in but this one (`but`, a token) ends.

    An officer's private key is opened with the old passphrase and locked under the new one. Raises
    `invitations.BadSecret`, and `Refused` when the key does not open.
    """
    keys, account = settings.require_keys(), session.get_one(Account, account_id)
    check_secret(Role(account.role), new, phone=sealed.open_phone(keys, account), names=(account.name, account.title))
    own = session.get(StaffKey, account_id)
    if own is not None:
        private = sealed.unlock_staff_key(own, old)
        if private is None:
            raise Refused("the key does not open")
        sealed.lock_again(own, private, new, memory_kib=settings.passphrase_memory_kib)
    account.secret_hash = passwords.hashed(sealed.peppered(keys, new))
    session.execute(delete(SignIn).where(SignIn.account_id == account_id,
                                         SignIn.token_hash != sealed.token_hash(but)))
    if account.role not in FIELD:
        record(session, "account.secret", account_id, by=account_id)


def end_all_sign_ins(session: Session, account_id: UUID) -> None:
    """Sign an account out everywhere."""
    session.execute(delete(SignIn).where(SignIn.account_id == account_id))
