"""What the file system must be asked for in so many words: to keep a name through a power cut, to let only one in."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder; the lock ends with the process, however it ends.

    Raises `BlockingIOError` while another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def hand_to_owner_of(example: Path, *paths: Path) -> None:
    """Where root is at work for somebody: what was made belongs to whom the example belongs."""
    if os.geteuid() == 0:
        whose = example.stat()
        for path in paths:
            os.chown(path, whose.st_uid, whose.st_gid, follow_symlinks=False)


def make_folder(folder: Path) -> None:
    """A folder that its owner alone can enter, with those above it; each belongs to whom the one above belongs, and
    its name outlives a power cut."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700)
        hand_to_owner_of(folder.parent, folder)
        sync(folder.parent)


def why(error: OSError) -> str:
    """What the file system refused and where, as part of a sentence."""
    return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
