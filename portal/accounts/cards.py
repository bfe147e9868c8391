"""A printed card of codes, each good for one sign-in: the second factor where there is no script.

NIST SP 800-63B-4 calls them look-up secrets. Eight symbols of 25 are 37 bits; guessing them is slowed
like guessing a PIN, and a code alone opens nothing.
"""

import secrets
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.accounts import news, sealed
from portal.accounts.models import CardCode
from portal.audit.log import record
from portal.base.clock import now
from portal.base.reference import ALPHABET
from portal.base.settings import ServerKeys

CODES = 20
LENGTH = 8


def new_card(session: Session, keys: ServerKeys, account_id: UUID, *, by: UUID | None) -> list[str]:
    """A fresh card for the account, to be shown once. The codes of an older one are worth nothing now.

    `by` is the coordinator who made it; None when she made it herself, which the trail does not time.
    """
    session.execute(delete(CardCode).where(CardCode.account_id == account_id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(CODES)]
    session.add_all(CardCode(tag=sealed.card_tag(keys, account_id, code), account_id=account_id,
                             server_key=keys.number) for code in codes)
    session.flush()
    if by is not None:
        news.note(session, account_id, news.Kind.CARD)
        record(session, "card.made", account_id, by=by)
    return codes


def spoken(code: str) -> str:
    """The code as it stands on the card: `K7M4-PX9T`."""
    return f"{code[:4]}-{code[4:]}"


def is_unused(session: Session, keys: ServerKeys, account_id: UUID, typed: str) -> bool:
    """Whether what was typed is one of the account's codes that still work."""
    tags = sealed.card_tags(keys, account_id, _plain(typed))
    return session.scalar(select(CardCode.tag).where(CardCode.tag.in_(tags), CardCode.used_on.is_(None))) is not None


def use(session: Session, keys: ServerKeys, account_id: UUID, typed: str) -> bool:
    """Use up a code; False when somebody else was faster."""
    used = session.execute(
        update(CardCode).where(CardCode.tag.in_(sealed.card_tags(keys, account_id, _plain(typed))),
                               CardCode.used_on.is_(None)).values(used_on=now().date()))
    return bool(used.rowcount)  # type: ignore[attr-defined]


def left(session: Session, account_id: UUID) -> int:
    """How many codes of the account's card still work."""
    return session.scalar(select(func.count()).select_from(CardCode).where(
        CardCode.account_id == account_id, CardCode.used_on.is_(None))) or 0


def void(session: Session, account_id: UUID) -> None:
    """The whole card is worth nothing from now on."""
    session.execute(delete(CardCode).where(CardCode.account_id == account_id))


def _plain(typed: str) -> str:
    return "".join(character for character in typed.upper() if character.isalnum())
