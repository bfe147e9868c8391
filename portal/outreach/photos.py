"""Photos of sessions: drawn anew without what the camera wrote into them, and kept where no address leads.

A picture is only ever shown as it was drawn here, never as it was sent: EXIF with the place and the phone, colour
profiles, comments, hidden previews and anything appended stay behind (NIST SP 800-88 in spirit: not made).
"""

import os
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import BoundedSemaphore
from uuid import UUID, uuid4

from portal.base import disk
from portal.base.clock import now
from portal.base.errors import Overloaded
from portal.outreach import drawing

MOST_BYTES = 8 * 1024 * 1024
"""Of one picture as it is sent; cheap phones make 2 to 5 MB."""

MOST = 2
"""Pictures of one session."""

MOST_OF_ONE = 400
"""Pictures of all the sessions that one person logged, while they are kept: about 100 MB."""

_DRAWING = Path(drawing.__file__)
_PATIENCE = 20  # seconds for one picture, whatever it is doing
_WAIT = 5  # seconds for a turn
_AT_ONCE = BoundedSemaphore(2)  # so that many large ones at the same time do not use up the memory
_HEAD = struct.Struct(">HH")
_JPEG = b"\xff\xd8\xff"


class BadPhoto(ValueError):
    """Not a picture that can be kept; `why` is `empty`, `large`, `kind` or `broken`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Drawn:
    """A picture as it will be kept: JPEG, with nothing in it but what can be seen."""

    data: bytes
    width: int
    height: int


def redraw(sent: bytes) -> Drawn:
    """The picture on a new canvas, upright and no larger than needed. Raises `BadPhoto`, and `Overloaded` when too
    many are being drawn."""
    if not sent:
        raise BadPhoto("empty")
    if len(sent) > MOST_BYTES:
        raise BadPhoto("large")
    if not _AT_ONCE.acquire(timeout=_WAIT):
        raise Overloaded
    try:
        return _checked(_drawn_apart(sent))
    finally:
        _AT_ONCE.release()


def _drawn_apart(sent: bytes) -> bytes:
    """What `drawing.py` makes of it, in a process that knows nothing of the portal: no settings, no keys."""
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run([sys.executable, "-I", str(_DRAWING)], input=sent, stdout=out,  # noqa: S603
                                  stderr=subprocess.DEVNULL, env={}, cwd="/", timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired as late:
            raise BadPhoto("broken") from late
        if done.returncode:
            raise BadPhoto(drawing.FAULTS.get(done.returncode, "broken"))
        out.seek(0)
        return out.read(drawing.WRITTEN)


def _checked(made: bytes) -> Drawn:
    """What came back, if it is what was asked for: the process that made it is not believed either."""
    head, data = made[:_HEAD.size], made[_HEAD.size:]
    if len(head) < _HEAD.size or not data.startswith(_JPEG):
        raise BadPhoto("broken")
    width, height = _HEAD.unpack(head)
    if not (0 < width <= drawing.LONGEST_SIDE and 0 < height <= drawing.LONGEST_SIDE):
        raise BadPhoto("broken")
    return Drawn(data, width, height)


def put(folder: Path, photo_id: UUID, data: bytes) -> None:
    """Write a picture so that it is there whole or not at all, for the server's own account alone; once this
    returns, it and its name outlive a power cut. As its date it gets the day alone: with the minute, it would say
    when its cadre was at her phone, and so which concern is hers."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        disk.sync(folder.parent)
    part = folder / f".{uuid4().hex}.part"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.utime(file.fileno(), (_end_of_day(),) * 2)
            os.fsync(file.fileno())
        part.replace(_file(folder, photo_id))
        disk.sync(folder)
    finally:
        part.unlink(missing_ok=True)


def get(folder: Path, photo_id: UUID) -> bytes | None:
    """A picture; None when its file is not there."""
    try:
        return _file(folder, photo_id).read_bytes()
    except FileNotFoundError:
        return None


def remove(folder: Path, photo_id: UUID) -> None:
    """Take a picture away, if it is there."""
    _file(folder, photo_id).unlink(missing_ok=True)


def left_over(folder: Path, known: set[UUID]) -> list[Path]:
    """Files in the folder that no session knows of, as a break between two steps may leave them."""
    names = {f"{photo_id}.jpg" for photo_id in known}
    return sorted(file for file in folder.glob("*") if file.is_file() and file.name not in names) \
        if folder.is_dir() else []


def _end_of_day() -> float:
    """In seconds. Its beginning would have the sweep of strays (`cli/purge.py`) take a new file for an old one."""
    return (datetime.combine(now(), time.min, UTC) + timedelta(days=1)).timestamp()


def _file(folder: Path, photo_id: UUID) -> Path:
    return folder / f"{photo_id}.jpg"
