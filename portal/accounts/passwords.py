"""Checking PINs and passphrases: Argon2id, few at a time, and never faster for unknown people."""

import re
from datetime import date
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's least for Argon2id; behind the throttle and the pepper it is enough for an 8-digit PIN.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_AT_ONCE = BoundedSemaphore(2)  # a flood of sign-ins must not starve those who send a concern
_NOBODY = _HASHER.hash("nobody")

PIN_DIGITS = 8
PASSPHRASE_LENGTH = 15


def few_at_once() -> BoundedSemaphore:
    """To be held, with `with`, around anything that costs much memory and time."""
    return _AT_ONCE


def hashed(secret: str) -> str:
    """`secret` (already peppered) as it may be stored."""
    with _AT_ONCE:
        return _HASHER.hash(secret)


def fits(stored: str | None, secret: str) -> bool:
    """Whether `secret` (already peppered) is the stored one. For nobody's it takes as long to say no."""
    with _AT_ONCE:
        try:
            _HASHER.verify(stored or _NOBODY, secret)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_weak_pin(pin: str, phone: str = "") -> bool:
    """Whether a PIN is among the first that anybody would try: repeats, sequences, dates, own number."""
    digits = [int(d) for d in pin]
    steps = {(b - a) % 10 for a, b in zip(digits, digits[1:], strict=False)}
    repeats = len(set(pin)) <= 2 or re.fullmatch(r"(\d{1,4})\1+", pin) is not None  # noqa: PLR2004
    own = bool(phone) and (pin in phone or pin in phone[::-1])
    return repeats or steps in ({1}, {9}) or _is_date(pin) or own


def _is_date(pin: str) -> bool:
    orders = ((pin[4:], pin[2:4], pin[:2]), (pin[:4], pin[4:6], pin[6:]), (pin[4:], pin[:2], pin[2:4]))
    return any(_real(*order) for order in orders)


def _real(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year <= 2100  # noqa: PLR2004
    except ValueError:
        return False
