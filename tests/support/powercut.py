"""A disk whose power fails: what was synced is there; of what was not, any part, in any order, or torn."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.traced import Answer, Event, Gone, Sync, Write

SECTOR = 512
"""What a disk writes wholly or not at all."""


@dataclass
class Disk:
    """Files as of the last sync of each, the writes since, and the answers that had been given by then."""

    synced: dict[str, bytearray]
    pending: list[Write] = field(default_factory=list)
    said: list[Answer] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Let one call happen."""
        match event:
            case Write():
                self.pending.append(event)
            case Sync():
                for write in self.pending:
                    if write.file == event.file:
                        _apply(self.synced, write)
                self.pending = [write for write in self.pending if write.file != event.file]
            case Gone():
                self.synced.pop(event.file, None)
                self.pending = [write for write in self.pending if write.file != event.file]
            case Answer():
                self.said.append(event)

    def after_the_cut(self, chance: random.Random | None = None) -> dict[str, bytearray]:
        """What is found when the power is back: nothing of what was not synced; or with `chance`, some of it, in
        another order, its sectors torn."""
        left = {name: bytearray(data) for name, data in self.synced.items()}
        if chance is not None:
            for write in chance.sample(self.pending, chance.randint(0, len(self.pending))):
                for part in _sectors(write):
                    if chance.random() < 0.7:
                        _apply(left, part)
        return left


def cuts(events: Iterable[Event], files: dict[str, bytes]) -> Iterator[Disk]:
    """The disk at each moment at which the power may fail: before every sync, after it, and after every answer."""
    disk = Disk({name: bytearray(data) for name, data in files.items()})
    for event in events:
        if isinstance(event, Sync):
            yield disk
        disk.take(event)
        if isinstance(event, Sync | Answer):
            yield disk


def put(left: dict[str, bytearray], database: str, folder: Path) -> Path:
    """Write the files of a cut into a folder; where the database lies then."""
    for name, data in left.items():
        (folder / Path(name).name).write_bytes(data)
    for name in {database, f"{database}-wal"} - left.keys():
        (folder / Path(name).name).unlink(missing_ok=True)
    (folder / f"{Path(database).name}-shm").unlink(missing_ok=True)
    return folder / Path(database).name


def _apply(files: dict[str, bytearray], write: Write) -> None:
    data = files.setdefault(write.file, bytearray())
    if write.data is None:
        del data[write.at:]
        data.extend(bytes(max(0, write.at - len(data))))
        return
    data.extend(bytes(max(0, write.at - len(data))))
    data[write.at:write.at + len(write.data)] = write.data


def _sectors(write: Write) -> Iterator[Write]:
    if write.data is None:
        yield write
        return
    at, end = write.at, write.at + len(write.data)
    while at < end:
        until = min(end, (at // SECTOR + 1) * SECTOR)
        yield Write(write.file, at, write.data[at - write.at:until - write.at])
        at = until
