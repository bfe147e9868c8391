"""Draws one picture anew, in a process of its own that can do nothing else: no file, no connection, little memory and
time. What strangers send is read by a large library in C; a fault in it must not be a fault of the portal.

`photos.py` runs this file by its path, apart from the portal: it imports nothing of it. A picture comes on standard
input; width, height (two bytes each) and a JPEG go to standard output. The exit code says what was wrong.
"""

import io
import resource
import struct
import sys
from contextlib import suppress
from typing import Any

FAULTS = {3: "kind", 4: "large", 5: "broken"}
"""By exit code; any other is a process that was stopped."""
MEMORY, SECONDS, WRITTEN = 640 * 1024 * 1024, 15, 4 * 1024 * 1024
"""Bytes of memory, seconds of work, bytes that it may write."""
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}  # JPEG is decoded small at once
LONGEST_SIDE = 1600
_QUALITY = 80
_KIND, _LARGE, _BROKEN = FAULTS


def confine() -> None:
    """From here on this process opens nothing, starts nothing, and has an end."""
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, WRITTEN),
                       (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_NOFILE, 0)):
        with suppress(ValueError, OSError):  # a system that knows no such limit keeps the others
            resource.setrlimit(what, (most, most))


def main() -> int:
    """Draw what comes in; returns the exit code."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - only in this process

    _load_all(Image, ImageOps)
    confine()
    try:
        drawn = _drawn(Image, ImageOps, sys.stdin.buffer.read())
    except UnidentifiedImageError:
        return _KIND
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError, OverflowError):
        return _LARGE
    except Exception:  # the library says many things of a damaged file
        return _BROKEN
    sys.stdout.buffer.write(drawn)
    return 0


def _load_all(Image: Any, ImageOps: Any) -> None:  # noqa: N803 - the library's own names
    """The library opens its own files only when it needs them, and soon none can be opened: so one picture of each
    kind is drawn before."""
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    for kind in MOST_PIXELS:
        file = io.BytesIO()
        Image.new("RGB", (2, 1)).save(file, kind, exif=exif)
        _drawn(Image, ImageOps, file.getvalue())


def _drawn(Image: Any, ImageOps: Any, sent: bytes) -> bytes:  # noqa: N803
    with Image.open(io.BytesIO(sent), formats=tuple(MOST_PIXELS)) as picture:
        if picture.width * picture.height > MOST_PIXELS[picture.format or ""]:  # known before anything is unpacked
            raise OverflowError
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    canvas = Image.new("RGB", upright.size, "white")
    canvas.paste(upright, mask=upright.getchannel("A"))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return struct.pack(">HH", *canvas.size) + file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
