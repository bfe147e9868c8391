"""Short codes that can be said over a bad phone line: no vowels, no look-alikes, last one a check.

A code is a label, never a key: it opens nothing without sign-in and ownership.
"""

import secrets

ALPHABET = "2346789CDFGHJKLMNPQRTVWXY"
_SIZE = len(ALPHABET)
# Distinct non-zero weights, so two swapped neighbours are noticed. Weights and differences are kept
# free of 5, because 25 symbols make every multiple of 5 blind.
_WEIGHTS = (1, 2, 4, 8, 16)
LENGTH = len(_WEIGHTS) + 1


def new_reference() -> str:
    """A random code of six symbols, the last one checking the others, like `K7M4PX`."""
    body = "".join(secrets.choice(ALPHABET) for _ in _WEIGHTS)
    return body + _check(body)


def spoken(reference: str) -> str:
    """The code as people see and say it: `K7M-4PX`."""
    return f"{reference[:3]}-{reference[3:]}"


def read_reference(text: str) -> str | None:
    """The code that a person typed, however she spaced it; None when it cannot be one."""
    symbols = "".join(character for character in text.upper() if character.isalnum())
    if len(symbols) != LENGTH or any(symbol not in ALPHABET for symbol in symbols):
        return None
    return symbols if _check(symbols[:-1]) == symbols[-1] else None


def _check(body: str) -> str:
    total = sum(weight * ALPHABET.index(symbol) for weight, symbol in zip(_WEIGHTS, body, strict=True))
    return ALPHABET[total % _SIZE]
