"""Replacing the server's keys in their file, so that no request ever meets a key that it cannot read.

A new set is first only readable (`next`), for as long as any request may last; then everything is made with it
(`promoted`), and the set before is only readable; at last that one is left out (`alone`). The file itself says how
far it has come, so whoever was interrupted goes on from there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from portal.base import disk
from portal.base.settings import BadSettings, ServerKeys


def next_of(keys: ServerKeys) -> ServerKeys | None:
    """The set that is readable already and will take over."""
    return next((one for one in keys.others if one.number > keys.number), None)


def older_than(keys: ServerKeys) -> list[ServerKeys]:
    """The sets that were taken over from and are still read."""
    return [one for one in keys.others if one.number < keys.number]


def with_next(keys: ServerKeys) -> ServerKeys:
    """The same with a fresh set beside it, to be read only."""
    return replace(keys, others=(*keys.others, ServerKeys.fresh(keys.number + 1)))


def promoted(keys: ServerKeys, at: datetime) -> ServerKeys:
    """The next set in charge since `at`, the one before beside it. Raises `ValueError` when there is no next."""
    new = next_of(keys)
    if new is None:
        raise ValueError("no set of keys is waiting")
    others = tuple(one for one in keys.others if one is not new)
    return replace(new, since=at, others=(replace(keys, others=()), *others))


def alone(keys: ServerKeys) -> ServerKeys:
    """The present set without any other."""
    return replace(keys, others=())


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Nobody else replaces the keys meanwhile. Raises `BadSettings` when somebody does."""
    try:
        with disk.alone_in(path.parent):
            yield
    except BlockingIOError as error:
        raise BadSettings("The server's keys are being replaced by another command.") from error


def put(path: Path, keys: ServerKeys) -> None:
    """Put these keys in the place of the file's, whole or not at all, with its owner and rights."""
    was = path.stat()
    with NamedTemporaryFile(dir=path.parent, prefix=".keys-", delete=False) as draft:
        name = Path(draft.name)
    try:
        name.unlink()
        keys.write(name)
        os.chown(name, was.st_uid, was.st_gid)
        name.replace(path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise
    disk.sync(path.parent)
