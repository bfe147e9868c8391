"""Where tests keep their databases: in memory where a machine has room for it, because a third of the time of a run
went into the disk. Proofs stay on the disk, since they are about it."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - made for that, and the folder in it is ours
ROOM = 4 * 1024**3
"""Bytes that must be free there and in the machine; a run needs less than one GB."""
NAME = "catatan-kader-"


def move_to_memory() -> Path | None:
    """Let everything temporary of this process and its children lie in memory. Returns the folder, which is to be
    removed in the end; None where there is no room, or where somebody chose another place."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK) or _free() < ROOM:
        return None
    for left in MEMORY.glob(f"{NAME}*"):
        if not Path("/proc", left.name.removeprefix(NAME)).exists():  # its run was killed
            shutil.rmtree(left, ignore_errors=True)
    folder = MEMORY / f"{NAME}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o711)  # PostgreSQL's own account has its folder inside
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


def _free() -> int:
    """What is free there, and in the machine."""
    available = 0
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return min(available, shutil.disk_usage(MEMORY).free)
