"""What accounts have sealed under the server's keys, made anew when these are replaced; and who leans on older ones.

Phone numbers, second factors and what the server puts around officers' own keys can be made anew at any time. A PIN
cannot: it is made anew when its owner next gives it. Nor can a card's codes: they are used up, or the card is
replaced. None of these commits.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, LargeBinary, Uuid, column, delete, func, select, table, update
from sqlalchemy.orm import Session

from portal.accounts import sealed
from portal.accounts.models import Account, CardCode, Device, Passkey, StaffKey
from portal.accounts.roles import FIELD
from portal.base.settings import ServerKeys

AT_ONCE = 50
"""Accounts in one transaction."""


@dataclass(frozen=True)
class Leaning:
    """What still needs an older set of keys: people in the field and at the office who have not signed in since,
    and people with unused codes of an older card."""

    field: int
    office: int
    cards: int

    def __bool__(self) -> bool:
        return bool(self.field or self.office or self.cards)


def reseal(session: Session, keys: ServerKeys, *, after: UUID | None) -> list[UUID]:
    """Seal phone numbers and second factors of the next accounts, by id, under the present keys, lock officers' own
    keys with them, and mark the keys that they show. Returns their ids, the last of which to go on from."""
    query = select(Account).order_by(Account.id).limit(AT_ONCE).with_for_update()
    accounts = session.scalars(query.where(Account.id > after) if after else query).all()
    for account in accounts:
        if account.sealed_phone is not None:
            phone = sealed.open_phone(keys, account)
            account.phone_tag = sealed.phone_tag(keys, phone)
            account.sealed_phone = sealed.seal_phone(keys, account.id, phone)
        if account.sealed_totp is not None:
            account.sealed_totp = sealed.seal_totp(keys, account.id, sealed.open_totp(keys, account))
    session.flush()
    ids = [account.id for account in accounts]
    for shown in (Device, Passkey):
        for one in session.scalars(select(shown).where(shown.account_id.in_(ids))):
            if sealed.is_key_mark(keys, one.mark, one.account_id, one.public):  # what was altered gets no new one
                one.mark = sealed.key_mark(keys, one.account_id, one.public)
    for own in session.scalars(select(StaffKey).where(StaffKey.account_id.in_(ids))):
        locked = sealed.unlock_for_server(keys, own.account_id, own.twice_locked)
        if locked is not None:  # what was altered stays so
            own.twice_locked = sealed.lock_for_server(keys, own.account_id, locked)
    session.flush()
    return ids


def mark_first(session: Session, keys: ServerKeys) -> None:
    """Mark every key that people show, once, when the tables get room for marks."""
    for shown in (Device, Passkey):
        for one in session.scalars(select(shown)):
            one.mark = sealed.key_mark(keys, one.account_id, one.public)
    session.flush()


def lock_first(session: Session, keys: ServerKeys) -> None:
    """Lock every officer's own key for the server too, once, when the tables come to that (0014)."""
    for one in session.scalars(select(StaffKey)):
        if sealed.unlock_for_server(keys, one.account_id, one.twice_locked) is None:  # not yet, by newer tables
            one.twice_locked = sealed.lock_for_server(keys, one.account_id, one.twice_locked)
    session.flush()


def unlock_last(connection: Connection, keys: ServerKeys) -> None:
    """Leave officers' own keys locked under their passphrases alone, for tables of before 0014."""
    staff_keys = table("staff_keys", column("account_id", Uuid()), column("locked_private", LargeBinary()))
    for account_id, twice_locked in connection.execute(select(staff_keys)).all():
        locked = sealed.unlock_for_server(keys, account_id, twice_locked)
        if locked is not None:  # what was altered opens for nobody, and stays so
            connection.execute(update(staff_keys).where(staff_keys.c.account_id == account_id)
                               .values(locked_private=locked))


def leaning(session: Session, keys: ServerKeys) -> Leaning:
    """What only older keys can still read. Whoever is switched off does not count: back again, she begins anew."""
    behind = select(func.count()).select_from(Account).where(
        Account.active, Account.secret_hash != "", Account.server_key < keys.number)
    codes = select(func.count(CardCode.account_id.distinct())).where(
        CardCode.used_on.is_(None), CardCode.server_key < keys.number)
    field = session.scalar(behind.where(Account.role.in_(FIELD))) or 0
    office = session.scalar(behind.where(Account.role.not_in(FIELD))) or 0
    return Leaning(field, office, session.scalar(codes) or 0)


def void_older_cards(session: Session, keys: ServerKeys) -> None:
    """Codes that nobody can read any more are worth nothing, and no card of them is counted."""
    session.execute(delete(CardCode).where(CardCode.server_key < keys.number))
