"""Indonesian phone numbers in one shape, so that the same phone is found however it was typed."""

_DIGITS = frozenset("0123456789")  # str.isdigit would also take ² and ٣
# What stands between digits, also as messengers show a number to be copied: no-break blank and hyphen,
# dash, and the marks that keep it running left to right.
_BETWEEN = frozenset(" .-()+\N{NO-BREAK SPACE}\N{NON-BREAKING HYPHEN}\N{EN DASH}"
                     "\N{LEFT-TO-RIGHT EMBEDDING}\N{POP DIRECTIONAL FORMATTING}")
_LOCAL_LENGTHS = range(9, 14)  # digits after the leading 0, kept with it: 0812… is 10 to 13 long


def normal_phone(text: str) -> str | None:
    """`text` as +62 and digits, or None when it is no Indonesian mobile or fixed number.

    Accepts 08…, 62…, +62…, with blanks, dots and dashes.
    """
    if not set(text.strip()) <= _DIGITS | _BETWEEN:
        return None
    digits = "".join(character for character in text if character in _DIGITS)
    if digits.startswith("62"):
        digits = digits[2:]
    elif digits.startswith("0"):
        digits = digits[1:]
    else:
        return None
    if digits.startswith("0") or len(digits) + 1 not in _LOCAL_LENGTHS:
        return None
    return f"+62{digits}"


def local_phone(number: str) -> str:
    """A stored number as people here write it: 0812-3456-7890."""
    digits = "0" + number.removeprefix("+62")
    return "-".join(part for part in (digits[:4], digits[4:8], digits[8:]) if part)
