"""Photos of sessions: drawn anew without what the camera wrote into them, and kept where no address leads.

A picture is only ever shown as it was drawn here, never as it was sent: EXIF with the place and the phone, colour
profiles, comments, hidden previews and anything appended stay behind (NIST SP 800-88 in spirit: not made).
"""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from uuid import UUID, uuid4

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 8 * 1024 * 1024
"""Of one picture as it is sent; cheap phones make 2 to 5 MB."""

MOST = 2
"""Pictures of one session."""

MOST_OF_ONE = 400
"""Pictures of all the sessions that one person logged, while they are kept: about 100 MB."""

_MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}  # JPEG is decoded small at once
_LONGEST_SIDE = 1600
_QUALITY = 80
_AT_ONCE = BoundedSemaphore(2)  # so that many large ones at the same time do not use up the memory


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
    """The picture on a new canvas, upright and no larger than needed. Raises `BadPhoto`."""
    if not sent:
        raise BadPhoto("empty")
    if len(sent) > MOST_BYTES:
        raise BadPhoto("large")
    with _AT_ONCE:
        try:
            return _drawn(sent)
        except UnidentifiedImageError as error:
            raise BadPhoto("kind") from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadPhoto("large") from error
        except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
            if isinstance(error, BadPhoto):
                raise
            raise BadPhoto("broken") from error  # Pillow says many things of a damaged file


def _drawn(sent: bytes) -> Drawn:
    with Image.open(io.BytesIO(sent), formats=tuple(_MOST_PIXELS)) as picture:
        if picture.width * picture.height > _MOST_PIXELS[picture.format or ""]:  # known before anything is unpacked
            raise BadPhoto("large")
        picture.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    canvas = Image.new("RGB", upright.size, "white")
    canvas.paste(upright, mask=upright.getchannel("A"))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return Drawn(file.getvalue(), *canvas.size)


def put(folder: Path, photo_id: UUID, data: bytes) -> None:
    """Write a picture so that it is there whole or not at all, for the server's own account alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f".{uuid4().hex}.part"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(_file(folder, photo_id))
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


def _file(folder: Path, photo_id: UUID) -> Path:
    return folder / f"{photo_id}.jpg"
