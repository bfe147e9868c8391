"""How a share stands on paper: groups of signs that tell by themselves when one was miscopied.

A share is written in Crockford's 32 signs (no I, L, O, U), in 24 groups of six. The sixth sign of a group
checks the other five and the group's place: a wrong sign, two swapped signs, or a group in another's place are
always noticed (a sum over GF(2⁵) with a weight of its own for every place). A hash over the whole finds what
several mistakes in one group may hide. Neither says anything about the secret: they are made of the share alone.
"""

import hashlib
import re
from dataclasses import dataclass, field

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, DATA = 24, 5
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_VERSION = 1
_SECRET_BYTES, _KIT_BYTES, _HASH_BYTES = 64, 4, 5
_FIELD = 0b100101  # x⁵ + x² + 1


class BadSheet(Exception):
    """What was typed is not a sheet. `groups` names the wrong ones by number, `count` how many there were; no wrong
    one among the right count: the sheet as a whole."""

    def __init__(self, groups: list[int], count: int):
        super().__init__(f"wrong groups: {groups} of {count}")
        self.groups, self.count = groups, count


@dataclass(frozen=True)
class Share:
    """One of three: of which kit, its number, and the share itself."""

    kit: bytes
    number: int
    share: bytes = field(repr=False)

    @property
    def point(self) -> tuple[int, bytes]:
        """As the shares are joined."""
        return self.number, self.share


def written(share: Share) -> list[str]:
    """The groups of a share, as they stand on its sheet."""
    body = bytes([_VERSION]) + share.kit + bytes([share.number]) + share.share
    number = int.from_bytes(body + _hash(body), "big")
    signs = [number >> 5 * place & 31 for place in reversed(range(GROUPS * DATA))]
    groups = [signs[at:at + DATA] for at in range(0, len(signs), DATA)]
    return ["".join(SIGNS[sign] for sign in [*group, _check(group, at)]) for at, group in enumerate(groups, 1)]


def read(typed: str) -> Share:
    """The share that was typed, however it was spaced. Raises `BadSheet`."""
    groups = split_groups(typed)
    faults = wrong_groups(groups)
    if faults or len(groups) != GROUPS:
        raise BadSheet(faults, len(groups))
    number = 0
    for group in groups:
        for sign in group[:DATA]:
            number = number << 5 | SIGNS.index(sign)
    whole = number.to_bytes(GROUPS * DATA * 5 // 8, "big")
    body, mark = whole[:-_HASH_BYTES], whole[-_HASH_BYTES:]
    kit, at, share = body[1:1 + _KIT_BYTES], body[1 + _KIT_BYTES], body[2 + _KIT_BYTES:]
    if mark != _hash(body) or body[0] != _VERSION or at not in {1, 2, 3}:
        raise BadSheet([], GROUPS)
    return Share(kit, at, share)


def split_groups(typed: str) -> list[str]:
    """What was typed, in groups: as they were spaced, or, typed without a gap, by sixes. Capital or small letters,
    and letters that look like digits, do not matter."""
    plain = typed.upper().translate(_READ_AS)
    groups = re.split(r"[^0-9A-Z]+", plain.strip())
    if any(len(group) != DATA + 1 for group in groups):
        joined = "".join(groups)
        if len(joined) % (DATA + 1) == 0 and len(groups) == 1:
            return [joined[at:at + DATA + 1] for at in range(0, len(joined), DATA + 1)]
    return [group for group in groups if group]


def wrong_groups(groups: list[str], first: int = 1) -> list[int]:
    """The numbers of the groups that were miscopied, where the first one given stands at place `first`."""
    return [at for at, group in enumerate(groups, first) if not _fits(group, at)]


def _fits(group: str, at: int) -> bool:
    if len(group) != DATA + 1 or any(sign not in SIGNS for sign in group):
        return False
    *data, check = (SIGNS.index(sign) for sign in group)
    return _check(data, at) == check


def _check(data: list[int], at: int) -> int:
    """Each sign by a power of the field's generator; the place of the group by one more."""
    total = 0
    for weight, value in enumerate([*data, at % 32], 1):
        for _ in range(weight):
            value = value << 1 ^ (_FIELD if value & 16 else 0)  # noqa: PLW2901 - times the generator
        total ^= value
    return total


def _hash(body: bytes) -> bytes:
    return hashlib.sha256(b"recovery sheet|" + body).digest()[:_HASH_BYTES]
