"""Markers that must never be found where they were not sealed, and the search for them in every guise."""

import base64
import secrets
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

SENSITIVE = ("story", "landmark", "nickname", "school", "person_time", "rt", "message")
"""The texts of a concern that somebody types."""

STEM = "zq/"
"""How every marker begins."""

_GZIP = b"\x1f\x8b\x08"
_SHORT = {"rt": 10}  # how long a field may be, where that is less than a marker


def markers(*names: str) -> dict[str, str]:
    """A unique marker for each field (all sensitive ones when none is named). Each holds a sign that
    addresses write differently."""
    return {name: marker(_SHORT.get(name, 40)) for name in names or SENSITIVE}


def marker(size: int = 40) -> str:
    """One more marker, for a field that holds so many characters."""
    return f"{STEM}{secrets.token_hex(16)}"[:size]


class Family:
    """Thousands of markers that all begin with the same random sign, so that one search finds any of them; and
    phone numbers with the same digits in them."""

    def __init__(self) -> None:
        self.sign = f"zq/{secrets.token_hex(3)[:5]}"
        self.digits = f"857{secrets.randbelow(10**6):06}"
        self.born = 0

    def marker(self, size: int = 40) -> str:
        """A new one, of that many characters: at least ten, since a field may be as short."""
        self.born += 1
        return f"{self.sign}{self.born:x}-{secrets.token_hex(16)}"[:size]

    def phone(self) -> str:
        """A new one that is a phone number."""
        self.born += 1
        return f"0{self.digits}{self.born % 1000:03}"

    def found_in(self, source: Path | bytes) -> list[str]:
        """In which encodings any of them stands there, numbers also as people write them, in groups; none is an
        empty list."""
        data = source.read_bytes() if isinstance(source, Path) else source
        found = found_in(data, {"text": self.sign, "phone": self.digits})
        together = data.replace(b"-", b"").replace(b" ", b"")
        grouped = self.digits.encode() in together and "phone as utf-8" not in found
        return [*found, "phone in groups"] if grouped else found


def found_in(source: Path | bytes, marked: Mapping[str, str]) -> list[str]:
    """Which markers stand in a file or in bytes, also in what was packed in them (browsers keep pages as they
    came), as `field as encoding`; none is an empty list."""
    data = source.read_bytes() if isinstance(source, Path) else source
    data = b"".join((data, *_unpacked(data)))
    return [f"{name} as {encoding}" for name, marker in marked.items()
            for encoding, written in guises(marker) if written in data]


@lru_cache(maxsize=20_000)
def guises(marker: str) -> tuple[tuple[str, bytes], ...]:
    """A marker in the encodings in which things leak."""
    plain = marker.encode()
    return (
        ("utf-8", plain), ("utf-16le", marker.encode("utf-16le")), ("utf-16be", marker.encode("utf-16be")),
        *(("base64", _inner_base64(plain, shift)) for shift in range(3)),
        ("hex", plain.hex().encode()), ("HEX", plain.hex().upper().encode()),
        ("address", quote(marker, safe="").encode()), ("reversed", marker[::-1].encode()),
    )


def _unpacked(data: bytes) -> Iterator[bytes]:
    """What each gzip stream in the data holds, as far as it can be read."""
    start = data.find(_GZIP)
    while start >= 0:
        with suppress(zlib.error):
            yield zlib.decompressobj(wbits=31).decompress(data[start:])
        start = data.find(_GZIP, start + 1)


def database_files(url: str) -> list[Path]:
    """A SQLite database with whatever lies beside it: its log and its shared memory."""
    file = Path(url.removeprefix("sqlite:///"))
    return [path for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal")))
            if path.exists()]


def unmarked(columns: Iterable[str], held: Mapping[str, str], plain: Mapping[str, str]) -> list[str]:
    """Which columns hold no marker and are not in `plain`, the table of those that name nobody. `held` is what
    is in each column, as text, opened where it is sealed."""
    return sorted(column for column in columns if column not in plain and STEM not in held.get(column, ""))


class Hunt:
    """The search for many markers in many pages: most pages hold not even the beginning of one."""

    def __init__(self, marked: Mapping[str, str]):
        self.stemmed: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self.others = {name: marker for name, marker in marked.items() if not marker.startswith(STEM)}
        for name in marked.keys() - self.others.keys():
            for encoding, written in guises(marked[name]):
                self.stemmed[encoding].append((name, written))

    def found(self, data: bytes) -> set[str]:
        """The names of the markers that stand in `data` in any guise (numbers and codes: also as people write
        them, in groups)."""
        data = b"".join((data, *_unpacked(data)))
        possible = {encoding for encoding, stem in _STEMS if stem in data}
        names = {name for encoding in possible for name, written in self.stemmed[encoding] if written in data}
        together = data.replace(b"-", b"").replace(b" ", b"")
        return names | {name for name, marker in self.others.items() if marker.encode() in together}


def _stems() -> list[tuple[str, bytes]]:
    """By encoding, what every guise of a marker begins with, or holds: looked for one by one, quicker than as a
    pattern."""
    inner = [("base64", base64.b64encode(b"\0" * shift + STEM.encode())[shift + bool(shift):][:3])
             for shift in range(3)]
    return [*(guise for guise in guises(STEM) if guise[0] != "base64"), *inner]


def _inner_base64(data: bytes, shift: int) -> bytes:
    """What stays the same of `data` in base64, `shift` bytes after a boundary, whatever stands around it."""
    written = base64.b64encode(b"\0" * shift + data)
    whole = (shift + len(data)) // 3 * 4
    return written[(4 if shift else 0):whole]


_STEMS = _stems()
