"""Anchors: the chain's head at a moment, signed, one line each, kept where the database is not.

Whoever rewrites the whole chain, even with the server's key in hand, cannot rewrite a line that was printed or
sent away before.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit import chain, sealed
from portal.audit.models import AuditEntry, AuditLink
from portal.base import disk
from portal.base.clock import now
from portal.base.settings import ServerKeys

EVERY = timedelta(hours=1)
REPLACED = "server_keys.replaced"
"""The act whose subject is the public key that signed anchors until then."""
_BEGINNING, _SHORTEST = b'{"seq": ', 200  # how every line begins, and fewer bytes than any has
_SLACK = timedelta(minutes=5)  # a timer is never quite on time


class BadAnchor(Exception):
    """A line that is no anchor of ours; the text says why."""


@dataclass(frozen=True)
class Anchor:
    """The chain as it was `at` a moment: its last link's number and hash, and how many links there were."""

    seq: int
    head: str
    count: int
    at: str

    def text(self) -> bytes:
        """What is signed."""
        return f"trail|{self.seq}|{self.head}|{self.count}|{self.at}".encode()

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


def present(session: Session) -> Anchor:
    """The chain as it is now."""
    seq, head = chain.head(session)
    count = session.scalar(select(func.count()).select_from(AuditLink)) or 0
    return Anchor(seq, head.hex(), count, now().isoformat(timespec="seconds"))


def trusted(session: Session, keys: ServerKeys) -> set[str]:
    """Whose signatures count: this server's keys, and those that the trail says were its own before. Who writes
    another into the trail must pass the newer anchors."""
    before = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == REPLACED))
    return {*map(sealed.public_key, keys.readable), *before}


def stands(session: Session, anchor: Anchor) -> bool:
    """Whether the chain still goes through this anchor."""
    found = session.scalar(select(AuditLink.hash).where(AuditLink.seq == anchor.seq))
    return (found or (b"" if anchor.seq else chain.BEGINNING)).hex() == anchor.head


def to_line(keys: ServerKeys, anchor: Anchor) -> str:
    """The anchor signed, as one line."""
    return json.dumps({"seq": anchor.seq, "head": anchor.head, "count": anchor.count, "at": anchor.at,
                       "key": sealed.public_key(keys),
                       "signature": b64encode(sealed.sign(keys, anchor.text())).decode()})


def from_line(line: str, signers: Collection[str]) -> Anchor:
    """The anchor in a line. Raises `BadAnchor` unless one of these public keys signed it."""
    try:
        said = json.loads(line)
        anchor = Anchor(int(said["seq"]), str(said["head"]), int(said["count"]), str(said["at"]))
        key, signature = str(said["key"]), b64decode(said["signature"], validate=True)
        anchor.moment.astimezone()
    except (ValueError, KeyError, TypeError) as error:
        raise BadAnchor("is no anchor") from error
    if key not in signers or not sealed.is_signed(key, anchor.text(), signature):
        raise BadAnchor("is not signed by this server")
    return anchor


def append(file: Path, line: str) -> None:
    """Add a line to the file; once this returns, it and the file's name outlive a power cut. Raises `OSError`."""
    there = whole(file)
    with file.open("ab") as stream:
        if stream.tell() > len(there):
            stream.truncate(len(there))
        begin = "" if there.endswith(b"\n") or not there else "\n"
        stream.write(f"{begin}{line}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())
    disk.sync(file.parent)


def whole(file: Path) -> bytes:
    """What the file holds, without a last line that a power cut tore: nobody was told of it. Raises `OSError`."""
    data = file.read_bytes() if file.exists() else b""
    start = data.rstrip(b"\n").rfind(b"\n") + 1
    line = data[start:]
    begun = line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
    holed = b"\0" in line and (len(line) > _SHORTEST or not line.endswith(b"\n"))  # a sector that was not written
    return data[:start] if holed or (begun and b"}" not in line) else data


def lines(file: Path) -> list[str]:
    """The lines of a file of anchors, without a torn one. Raises `OSError`."""
    return whole(file).decode(errors="replace").splitlines()


def last(file: Path, signers: Collection[str]) -> Anchor | None:
    """The newest anchor of a file; None when it holds none yet. Raises `BadAnchor`, `OSError`."""
    newest = next((line.strip() for line in reversed(lines(file)) if line.strip()), "")
    return from_line(newest, signers) if newest else None


def is_due(newest: Anchor | None) -> bool:
    """Whether an hour has passed since the newest anchor."""
    return newest is None or now() - newest.moment >= EVERY - _SLACK
