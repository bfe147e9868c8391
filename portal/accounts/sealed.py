"""The door to the vault for people: phone numbers, second factors, and who holds which key.

| what | sealed under | bound to |
|---|---|---|
| phone number, second factor | server key `people` (a file outside the database) | account, field |
| an officer's private key | her passphrase (Argon2id), and around that server key `people` | account |
| the same, while she is signed in | a key that only her browser's cookie holds | sign-in |
| a unit's private key | each holder's public key (HPKE) | key, holder |
"""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from portal.accounts.models import Account, KeyGrant, SealingKey, StaffKey
from portal.base import vault
from portal.base.clock import now
from portal.base.db import new_id
from portal.base.settings import ServerKeys

CODE_COST = vault.PassphraseCost(memory_kib=19456, rounds=2)
"""What one guess at a card's code costs, as one at a PIN (`passwords.COST`)."""


@dataclass(frozen=True)
class KeyRing:
    """The unit's private keys that an officer may use in this request. Never stored, never logged.

    `later` looks for a key that was granted to her since: a concern may have been moved to a newer key after the
    ring was opened.
    """

    privates: dict[UUID, bytes] = field(repr=False)
    later: Callable[[UUID], dict[UUID, bytes]] | None = field(default=None, repr=False)

    def __contains__(self, key_id: UUID) -> bool:
        if key_id not in self.privates and self.later is not None:
            self.privates.update(self.later(key_id))
        return key_id in self.privates

    def open_wrap(self, key_id: UUID, wrapped: bytes, *, label: str) -> bytes:
        """A content key as it arrived, opened with the unit's private key (about 70 µs)."""
        return vault.unwrap_with(self.privates[key_id], wrapped, label=label)

    def symmetric(self, key_id: UUID) -> bytes:
        """The symmetric key that follows from the private one, for lists (about 1 µs a row)."""
        return vault.derived(self.privates[key_id], purpose="rewrap")


def token_hash(token: str) -> bytes:
    """What the database keeps of a sign-in's token."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """A fresh sign-in token for the cookie (256 bits)."""
    return secrets.token_urlsafe(32)


def peppered(keys: ServerKeys, secret: str) -> str:
    """A PIN or passphrase mixed with a server key: a stolen database alone cannot be guessed at."""
    return vault.tag(keys.people, secret, purpose="pepper").hex()


def phone_tag(keys: ServerKeys, phone: str) -> bytes:
    """How an account is found by its normalised phone number."""
    return vault.tag(keys.people, phone, purpose="phone")


def phone_tags(keys: ServerKeys, phone: str) -> list[bytes]:
    """Every tag under which the account may lie while the server's keys are replaced."""
    return [phone_tag(one, phone) for one in keys.readable]


def try_tag(keys: ServerKeys, *parts: str) -> bytes:
    """How failed tries are counted without writing down whose they were. With new server keys counting begins
    anew."""
    return vault.tag(keys.people, "|".join(parts), purpose="try")


def change_tag(keys: ServerKeys, *secrets: str) -> str:
    """By which a form with these secrets is known again: of the database alone nobody can guess at them."""
    return vault.tag(keys.people, "\0".join(secrets), purpose="change").hex()


def challenge_mark(keys: ServerKeys, body: str) -> str:
    """By which this server knows a challenge of its own again."""
    return vault.tag(keys.forms, body, purpose="challenge").hex()[:32]


def is_challenge_mark(keys: ServerKeys, body: str, mark: str) -> bool:
    """Whether `mark` is ours for this challenge."""
    return _marker(keys, body, mark) is not None


def used_tag(keys: ServerKeys, challenge: str) -> bytes:
    """How an answered challenge is remembered: under the keys that made it, so that it cannot be answered a second
    time when others have taken over."""
    body, _, mark = challenge.rpartition(".")
    return vault.tag((_marker(keys, body, mark) or keys).forms, challenge, purpose="used challenge")


def _marker(keys: ServerKeys, body: str, mark: str) -> ServerKeys | None:
    return next((one for one in keys.readable if vault.same(mark.encode(), challenge_mark(one, body).encode())), None)


def invitation_tag(keys: ServerKeys, code: str) -> bytes:
    """How an invitation is found by its code, which is kept nowhere."""
    return vault.tag(keys.people, code, purpose="invitation")


def invitation_tags(keys: ServerKeys, code: str) -> list[bytes]:
    """Every tag under which an invitation may lie."""
    return [invitation_tag(one, code) for one in keys.readable]


def stretched(code: str, salt: bytes) -> bytes:
    """A card's code behind a slow hash: its 37 bits could be tried one by one by a thief of database and key file
    (ASVS 6.5.2). To be held with `passwords.few_at_once`."""
    return vault.from_passphrase(code, salt, CODE_COST)


def card_tags(keys: ServerKeys, account_id: UUID, code: str, slow: bytes) -> list[bytes]:
    """Every tag under which a card's code may lie; `slow` is the code as `stretched` with the card's salt."""
    return [tag for one in keys.readable for tag in (card_tag(one, account_id, slow),
                                                     _plain_card_tag(one, account_id, code))]


def card_tag(keys: ServerKeys, account_id: UUID, slow: bytes) -> bytes:
    """How a card's code is found again; the same code on another card is another thing."""
    return vault.tag(keys.people, f"{account_id}|{slow.hex()}", purpose="slow card")


def _plain_card_tag(keys: ServerKeys, account_id: UUID, code: str) -> bytes:
    """How codes of cards without a salt lie."""
    return vault.tag(keys.people, f"{account_id}|{code}", purpose="card")


def key_mark(keys: ServerKeys, account_id: UUID, public: bytes) -> bytes:
    """By which the server knows again that it took this key as this person's."""
    return vault.tag(keys.people, f"{account_id}|{public.hex()}", purpose="shown key")


def is_key_mark(keys: ServerKeys, mark: bytes | None, account_id: UUID, public: bytes) -> bool:
    """Whether the mark was made for this key and this person by any of the server's keys."""
    return any([vault.same(mark or b"", key_mark(one, account_id, public)) for one in keys.readable])


def known_browser_mark(keys: ServerKeys, random: str, account_id: UUID) -> str:
    """By which a browser shows that this account was signed in to from it before."""
    return vault.tag(keys.people, f"{random}|{account_id}", purpose="known browser").hex()[:32]


def is_known_browser_mark(keys: ServerKeys, random: str, account_id: UUID, mark: str) -> bool:
    """Whether `mark` is ours for this account in this browser."""
    return any(vault.same(mark.encode(), known_browser_mark(one, random, account_id).encode())
               for one in keys.readable)


def seal_new_totp(keys: ServerKeys, account_id: UUID, secret: str) -> str:
    """A second factor that is being set up, for the form that comes back with its first code."""
    return vault.lock(keys.forms, secret.encode(), label=f"accounts|{account_id}|new totp").hex()


def open_new_totp(keys: ServerKeys, account_id: UUID, sealed_secret: str) -> str:
    """The secret in such a form; empty when it is not ours or not this person's."""
    label = f"accounts|{account_id}|new totp"
    try:
        return vault.unlock_with_any(keys.every("forms"), bytes.fromhex(sealed_secret), label=label).decode()
    except (vault.DoesNotOpen, ValueError):
        return ""


def seal_phone(keys: ServerKeys, account_id: UUID, phone: str) -> bytes:
    """A phone number for its account's row."""
    return vault.lock(keys.people, phone.encode(), label=f"accounts|{account_id}|phone")


def open_phone(keys: ServerKeys, account: Account) -> str:
    """The account's phone number, or an empty text when it has none."""
    if account.sealed_phone is None:
        return ""
    label = f"accounts|{account.id}|phone"
    return vault.unlock_with_any(keys.every("people"), account.sealed_phone, label=label).decode()


def seal_totp(keys: ServerKeys, account_id: UUID, secret: str) -> bytes:
    """A second factor's secret for its account's row."""
    return vault.lock(keys.people, secret.encode(), label=f"accounts|{account_id}|totp")


def open_totp(keys: ServerKeys, account: Account) -> str:
    """The account's second-factor secret (base32), or an empty text."""
    if account.sealed_totp is None:
        return ""
    label = f"accounts|{account.id}|totp"
    return vault.unlock_with_any(keys.every("people"), account.sealed_totp, label=label).decode()


def make_staff_key(keys: ServerKeys, account_id: UUID, passphrase: str, *, memory_kib: int) -> StaffKey:
    """A key pair for an officer, its private half locked under her passphrase and once more by the server."""
    pair = vault.new_pair()
    return StaffKey(account_id=account_id, public=pair.public,
                    **lock_again(keys, account_id, pair.private, passphrase, memory_kib=memory_kib))


def lock_again(keys: ServerKeys, account_id: UUID, private: bytes, passphrase: str, *, memory_kib: int
               ) -> dict[str, Any]:
    """The columns of a `StaffKey` whose private half, which she has just opened, lies under a new passphrase."""
    cost, salt = vault.PassphraseCost(memory_kib=memory_kib), secrets.token_bytes(16)
    locked = vault.lock(vault.from_passphrase(passphrase, salt, cost), private, label=_own_label(account_id))
    return {"salt": salt, "memory_kib": cost.memory_kib, "rounds": cost.rounds,
            "twice_locked": lock_for_server(keys, account_id, locked)}


def lock_for_server(keys: ServerKeys, account_id: UUID, locked: bytes) -> bytes:
    """A private half as her passphrase locks it, locked once more: a stolen database alone cannot be guessed at."""
    return vault.lock(keys.people, locked, label=_server_label(account_id))


def unlock_for_server(keys: ServerKeys, account_id: UUID, twice_locked: bytes) -> bytes | None:
    """The private half as her passphrase alone locks it; None when the server never locked it, or it was altered."""
    try:
        return vault.unlock_with_any(keys.every("people"), twice_locked, label=_server_label(account_id))
    except vault.DoesNotOpen:
        return None


def unlock_staff_key(keys: ServerKeys, key: StaffKey, passphrase: str) -> bytes | None:
    """An officer's private key, or None when the passphrase is not hers."""
    cost = vault.PassphraseCost(key.memory_kib, key.rounds)
    locking = vault.from_passphrase(passphrase, key.salt, cost)
    locked = unlock_for_server(keys, key.account_id, key.twice_locked)
    try:
        return vault.unlock(locking, locked or b"", label=_own_label(key.account_id))
    except vault.DoesNotOpen:
        return None


def split_for_browser(private: bytes, token: str) -> tuple[str, bytes]:
    """(cookie value, what the database keeps): neither alone gives the officer's private key."""
    half = vault.new_key()
    locked = vault.lock(half, private, label=_sign_in_label(token))
    return urlsafe_b64encode(half).decode(), locked


def join_from_browser(cookie: str, locked: bytes, token: str) -> bytes | None:
    """The officer's private key from her cookie and the database's half, or None when they do not fit."""
    try:
        return vault.unlock(urlsafe_b64decode(cookie), locked, label=_sign_in_label(token))
    except (vault.DoesNotOpen, ValueError):
        return None


def make_sealing_key(unit_id: UUID, kind: str) -> tuple[SealingKey, bytes]:
    """A fresh key of a unit (`unit` or `conflict`) and its private half, to be granted at once."""
    pair = vault.new_pair()
    key = SealingKey(id=new_id(), unit_id=unit_id, kind=kind, public=pair.public, made_at=now())
    return key, pair.private


def grant(private: bytes, key_id: UUID, *, to: StaffKey, by: UUID | None) -> KeyGrant:
    """The private half of a sealing key, wrapped for one more holder."""
    wrapped = vault.wrap_for(to.public, private, label=_grant_label(key_id, to.account_id))
    return KeyGrant(key_id=key_id, account_id=to.account_id, wrapped_private=wrapped,
                    granted_by_id=by, granted_at=now())


def open_ring(staff_private: bytes, grants: list[KeyGrant]) -> KeyRing:
    """All the unit's keys that an officer was granted. Raises `vault.DoesNotOpen` for an altered grant."""
    return KeyRing({
        grant.key_id: vault.unwrap_with(staff_private, grant.wrapped_private,
                                        label=_grant_label(grant.key_id, grant.account_id))
        for grant in grants
    })


def split_privates(ring: KeyRing, key_ids: list[UUID]) -> dict[int, bytes]:
    """Three shares, by their numbers, of the private halves of these keys in this order."""
    return vault.split(b"".join(ring.privates[key_id] for key_id in key_ids))


def join_privates(one: tuple[int, bytes], other: tuple[int, bytes]) -> dict[bytes, bytes]:
    """The private halves from two such shares, by their public ones; empty when the shares do not fit together."""
    joined, size = vault.join(one, other), vault.KEY_BYTES
    privates = [joined[at:at + size] for at in range(0, len(joined), size)]
    try:
        return {vault.public_of(private): private for private in privates}
    except vault.DoesNotOpen:
        return {}


def fingerprint(*publics: bytes) -> str:
    """By which people know keys again: 16 hexadecimal signs of a hash of their public halves."""
    return hashlib.sha256(b"".join(publics)).hexdigest()[:16].upper()


def _own_label(account_id: UUID) -> str:
    return f"staff_keys|{account_id}|private"


def _server_label(account_id: UUID) -> str:
    return f"staff_keys|{account_id}|server"


def _grant_label(key_id: UUID, account_id: UUID) -> str:
    return f"key_grants|{key_id}|{account_id}"


def _sign_in_label(token: str) -> str:
    return f"sign_ins|{token_hash(token).hex()}|private"
