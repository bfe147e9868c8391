"""A printed card of codes, each good for one sign-in: the second factor where there is no script.

NIST SP 800-63B-4 calls them look-up secrets. Eight symbols of 25 are 37 bits; guessing them is slowed
like guessing a PIN, and a code alone opens nothing.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.accounts import news, passwords, sealed
from portal.accounts.models import CardCode
from portal.audit.log import record
from portal.base.clock import now
from portal.base.reference import ALPHABET
from portal.base.settings import ServerKeys

CODES = 20
LENGTH = 8
SALT_BYTES = 16
_FEW = 4


@dataclass(frozen=True, repr=False)
class Card:
    """A card that nobody has yet: its codes as they are shown, its salt, and the codes behind a slow hash."""

    codes: list[str]
    salt: bytes
    slow: list[bytes]


def fresh() -> Card:
    """A card to be kept by `new_card`. It takes its time, so it is made before anything is locked."""
    salt = secrets.token_bytes(SALT_BYTES)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(CODES)]
    with ThreadPoolExecutor(2) as both:  # as many as `passwords` lets be checked at a time
        return Card(codes, salt, list(both.map(lambda code: _slowly(code, salt), codes)))


def new_card(session: Session, keys: ServerKeys, account_id: UUID, *, by: UUID | None,
             card: Card | None = None) -> list[str]:
    """A fresh card for the account, to be shown once. The codes of an older one are worth nothing now.

    `by` is the coordinator who made it; None when she made it herself, which the trail does not time. `card` is one
    that was made before; left out, it is made here, which takes half a second.
    """
    card = card or fresh()
    session.execute(delete(CardCode).where(CardCode.account_id == account_id))
    session.add_all(CardCode(tag=sealed.card_tag(keys, account_id, slow), account_id=account_id, salt=card.salt,
                             server_key=keys.number) for slow in card.slow)
    session.flush()
    if by is not None:
        news.note(session, account_id, news.Kind.CARD)
        record(session, "card.made", account_id, by=by)
    return card.codes


def spoken(code: str) -> str:
    """The code as it stands on the card: `K7M4-PX9T`."""
    return f"{code[:4]}-{code[4:]}"


def tags_of(session: Session, keys: ServerKeys, account_id: UUID, typed: str) -> list[bytes]:
    """Under what a typed code of this account's card would lie. For nobody's card it takes as long. Raises
    `passwords.Busy`."""
    code = _plain(typed)
    salt = session.scalar(select(CardCode.salt).where(CardCode.account_id == account_id, CardCode.salt.is_not(None))
                          .limit(1)) or bytes(SALT_BYTES)
    with passwords.at_the_door():
        slow = sealed.stretched(code, salt)
    return sealed.card_tags(keys, account_id, code, slow)


def is_hers(session: Session, tags: list[bytes]) -> bool:
    """Whether what was typed (`tags_of`) is one of the account's codes, used or not. Who holds either is told more
    than others, and counted more sharply."""
    return session.scalar(select(CardCode.tag).where(CardCode.tag.in_(tags))) is not None


def use(session: Session, tags: list[bytes]) -> bool:
    """Use up a code; False when somebody else was faster."""
    used = session.execute(update(CardCode).where(CardCode.tag.in_(tags), CardCode.used_on.is_(None))
                           .values(used_on=now().date()))
    return bool(used.rowcount)  # type: ignore[attr-defined]


def left(session: Session, account_id: UUID) -> int:
    """How many codes of the account's card still work."""
    return session.scalar(select(func.count()).select_from(CardCode).where(
        CardCode.account_id == account_id, CardCode.used_on.is_(None))) or 0


def is_untouched(session: Session, account_id: UUID) -> bool:
    """Whether the account has a card of which no code was used yet."""
    return left(session, account_id) == CODES


def few_left(session: Session, account_id: UUID) -> bool | None:
    """Whether the card runs out soon, or None without one. It is all that a coordinator is told: an exact number
    would go down before her eyes whenever somebody signs in."""
    number = left(session, account_id)
    return number <= _FEW if number else None


def void(session: Session, account_id: UUID) -> None:
    """The whole card is worth nothing from now on."""
    session.execute(delete(CardCode).where(CardCode.account_id == account_id))


def _plain(typed: str) -> str:
    return "".join(character for character in typed.upper() if character.isalnum())


def _slowly(code: str, salt: bytes) -> bytes:
    with passwords.few_at_once():
        return sealed.stretched(code, salt)
