"""The private half of the backup key as people print and type it: eight lines, each with a check of its own."""

import hashlib
import re

LINES = 8
_BYTES = 4
_CHECK = 2


class BadLine(ValueError):
    """A line was mistyped, or is not in its place; `number` counts from 1. 0 means that lines are missing."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number}")
        self.number = number


def as_lines(private: bytes) -> list[str]:
    """The 256 bits as eight lines like `3f9a 77c2 b1d0`: two groups of the key, one that checks them."""
    parts = [private[first:first + _BYTES] for first in range(0, LINES * _BYTES, _BYTES)]
    return [_spaced((part + _check(number, part)).hex()) for number, part in enumerate(parts, 1)]


def read_line(number: int, text: str) -> bytes:
    """The part of the key in one line, however it was spaced, with or without the words `line 1:` before it. Raises
    `BadLine`, also for another line's words."""
    close = re.sub(r"[\s.-]", "", text.lower())
    digits = close.removeprefix(f"line{number}:")
    if not re.fullmatch(r"[0-9a-f]{12}", digits):  # _BYTES and _CHECK
        raise BadLine(number)
    data = bytes.fromhex(digits)
    if data[_BYTES:] != _check(number, data[:_BYTES]):
        raise BadLine(number)
    return data[:_BYTES]


def read_lines(text: str) -> bytes:
    """The key from a text with the eight lines and nothing else. Raises `BadLine`."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != LINES:
        raise BadLine(0)
    return b"".join(read_line(number, line) for number, line in enumerate(lines, 1))


def _check(number: int, part: bytes) -> bytes:
    return hashlib.sha256(bytes([number]) + part).digest()[:_CHECK]


def _spaced(digits: str) -> str:
    return " ".join(digits[first:first + 4] for first in range(0, len(digits), 4))
