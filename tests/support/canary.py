"""Markers that must never be found where they were not sealed, and the search for them in every guise."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

SENSITIVE = ("story", "landmark", "nickname", "school", "person_time", "rt", "message")
"""The texts of a concern that somebody types."""

_SHORT = {"rt": 10}  # how long a field may be, where that is less than a marker


def markers(*names: str) -> dict[str, str]:
    """A unique marker for each field (all sensitive ones when none is named). Each holds a sign that
    addresses write differently."""
    return {name: _marker(_SHORT.get(name, 40)) for name in names or SENSITIVE}


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
        """In which encodings any of them stands there; none is an empty list."""
        return found_in(source, {"text": self.sign, "phone": self.digits})


def found_in(source: Path | bytes, marked: Mapping[str, str]) -> list[str]:
    """Which markers stand in a file or in bytes, as `field as encoding`; none is an empty list."""
    data = source.read_bytes() if isinstance(source, Path) else source
    return [f"{name} as {encoding}" for name, marker in marked.items()
            for encoding, written in guises(marker) if written in data]


def guises(marker: str) -> list[tuple[str, bytes]]:
    """A marker in the encodings in which things leak."""
    plain = marker.encode()
    return [
        ("utf-8", plain), ("utf-16le", marker.encode("utf-16le")), ("utf-16be", marker.encode("utf-16be")),
        *(("base64", _inner_base64(plain, shift)) for shift in range(3)),
        ("hex", plain.hex().encode()), ("HEX", plain.hex().upper().encode()),
        ("address", quote(marker, safe="").encode()), ("reversed", marker[::-1].encode()),
    ]


def database_files(url: str) -> list[Path]:
    """A SQLite database with whatever lies beside it: its log and its shared memory."""
    file = Path(url.removeprefix("sqlite:///"))
    return [path for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal")))
            if path.exists()]


def _marker(size: int) -> str:
    return f"zq/{secrets.token_hex(16)}"[:size]


def _inner_base64(data: bytes, shift: int) -> bytes:
    """What stays the same of `data` in base64, `shift` bytes after a boundary, whatever stands around it."""
    written = base64.b64encode(b"\0" * shift + data)
    whole = (shift + len(data)) // 3 * 4
    return written[(4 if shift else 0):whole]
