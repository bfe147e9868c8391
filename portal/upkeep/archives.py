"""One archive: a head that can be read, and a tar that only the paper key opens. There whole, or not at all."""

import json
import os
import tarfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from portal.upkeep import sealed
from portal.upkeep.sealed import DoesNotOpen

ENDING = ".ckb"
_MAGIC = b"catatan-kader backup 1\n"
_LONGEST_HEAD = 4096


class BadArchive(Exception):
    """Not to be restored; the text is one sentence for the person at the command line."""


@dataclass(frozen=True)
class Head:
    """What stands in clear: which archive it is, and for which key. Altered, the archive does not open."""

    kind: str
    name: str
    made_at: str
    key: str

    @property
    def label(self) -> str:
        """What the archive is bound to."""
        return f"backup|{self.kind}|{self.name}|{self.made_at}|{self.key}"


def fingerprint(public: bytes) -> str:
    """By which a person tells one backup key from another."""
    return sha256(public).hexdigest()[:16]


@contextmanager
def writing(path: Path, head: Head, public: bytes) -> Iterator[tarfile.TarFile]:
    """A tar to be filled, at a path for work alone; `path` afterwards holds a whole, synced archive that was read
    back from the disk. Raises `BadArchive` when it cannot be read back."""
    key, wrapped = sealed.new_archive_key(public, head.label)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_MAGIC + json.dumps({**asdict(head), "wrapped": b64encode(wrapped).decode()}).encode() + b"\n")
        body = sealed.sealing(file, key, head.label)
        with tarfile.open(fileobj=cast(BinaryIO, body), mode="w|") as tar:
            yield tar
        body.finish()
        file.flush()
        os.fsync(file.fileno())
    _read_back(path, key)


@contextmanager
def reading(path: Path, private: bytes) -> Iterator[tuple[Head, tarfile.TarFile]]:
    """An archive's head and tar, to be read in order. Leaving it makes sure that it was whole.

    Raises `BadArchive` for another file, another key, and for a single altered, missing or misplaced byte.
    """
    with path.open("rb") as file:
        head, wrapped = _head(file, path)
        try:
            key = sealed.archive_key(private, wrapped, head.label)
        except DoesNotOpen as error:
            raise BadArchive(f"{path.name} does not open with this key: it was made for the backup key {head.key}."
                             ) from error
        try:
            body = sealed.opening(file, key, head.label)
            with tarfile.open(fileobj=cast(BinaryIO, body), mode="r|") as tar:
                yield head, tar
            body.read_to_the_end()
        except (DoesNotOpen, tarfile.TarError) as error:
            raise BadArchive(f"{path.name} is damaged or not complete. Take another copy of it.") from error


def head_of(path: Path) -> Head:
    """What can be read of an archive without any key. Raises `BadArchive`."""
    with path.open("rb") as file:
        return _head(file, path)[0]


def _head(file: BinaryIO, path: Path) -> tuple[Head, bytes]:
    try:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError
        line = json.loads(file.readline(_LONGEST_HEAD))
        wrapped = b64decode(line.pop("wrapped"), validate=True)
        return Head(**line), wrapped
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadArchive(f"{path.name} is no backup of this portal.") from error


def _read_back(path: Path, key: bytes) -> None:
    with path.open("rb") as file:
        head, _wrapped = _head(file, path)
        try:
            sealed.opening(file, key, head.label).read_to_the_end()
        except DoesNotOpen as error:
            raise BadArchive("The backup could not be read back from the disk. Is the disk sound?") from error
