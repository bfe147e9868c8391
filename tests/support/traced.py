"""What a serving process does with its files and its socket, as strace saw it: what it wrote, what it synced, and
what it had said by then."""

import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import give_up

CALLS = "openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink,rmdir,rename,renameat,renameat2,mkdir,sendto"
_DATABASE = (".sqlite", ".sqlite-wal")
_PHOTO = (".jpg", ".part")  # a photo under its name, and while it is written
_CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
_ON_FILE = re.compile(r"^\d+<([^>]*)>(?:, )?(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HEAD = re.compile(rb"^HTTP/1\.[01] ([23]\d\d) ")


@dataclass(frozen=True)
class Write:
    """Bytes that were written at a place of a file; without bytes, the file was cut there."""

    file: str
    at: int
    data: bytes | None


@dataclass(frozen=True)
class Sync:
    """What was written to a file before is on the disk now."""

    file: str


@dataclass(frozen=True)
class Gone:
    """A file was removed, or a folder with all that was in it."""

    file: str


@dataclass(frozen=True)
class Named:
    """A file got a name in a folder, or a folder was made (`before` is empty then): it lasts when that is synced."""

    before: str
    name: str


@dataclass(frozen=True)
class Answer:
    """The head of an answer that tells somebody that it is done."""

    status: int
    head: bytes


Event = Write | Sync | Gone | Named | Answer


@contextmanager
def tracing(pids: list[int], log: Path) -> Iterator[None]:
    """Watch these processes, their threads and their children until the end of the block."""
    attach = [part for pid in pids for part in ("-p", str(pid))]
    tracer = subprocess.Popen([*_strace(log), *attach], stderr=subprocess.PIPE)
    assert tracer.stderr
    while b"attached" not in tracer.stderr.readline():
        assert tracer.poll() is None, "strace may not look at this process"
    try:
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def traced(command: Sequence[str | Path], log: Path, **how: Any) -> int:
    """Run a command to its end and watch it; its exit code."""
    return subprocess.run([*_strace(log), *command], check=False, **how).returncode


def _is_photo(file: str) -> bool:
    return file.endswith(_PHOTO)


def events(lines: Iterable[str], ours: Callable[[str], bool] = _is_photo, there: Collection[str] = ()
           ) -> Iterator[Event]:
    """The calls of a trace that matter, in their order. A write or an answer counts where it began, a sync where it
    had returned: so a trace is never read too kindly. Beside the database's files those count that are `ours`; what
    was `there` before gets no name by being opened."""
    for line in _ordered(lines):
        call = _CALL.match(line)
        event = _event(call[1], call[2], ours, there) if call else None
        if event is not None:
            yield event


def said_too_early(seen: Iterable[Event]) -> tuple[int, int]:
    """How many answers were given, and how many of them while something that was written was not synced."""
    at_answers = list(_unsynced(seen))
    return len(at_answers), sum(map(bool, at_answers))


def not_synced(seen: Iterable[Event]) -> set[str]:
    """Which files and folders were not synced at the end of a trace."""
    *_before, at_end = _unsynced([*seen, Answer(0, b"")])
    return at_end


def _unsynced(seen: Iterable[Event]) -> Iterator[set[str]]:
    """What was written and not synced at each answer."""
    unsynced: set[str] = set()
    for event in seen:
        match event:
            case Write():
                unsynced.add(event.file)
            case Sync():
                unsynced.discard(event.file)
            case Gone():
                unsynced = {name for name in unsynced if name != event.file
                            and not name.startswith(f"{event.file}/")}
            case Named():
                unsynced.add(str(Path(event.name).parent))
                if event.before in unsynced:
                    unsynced = unsynced - {event.before} | {event.name}
            case Answer():
                yield set(unsynced)


def _strace(log: Path) -> list[str | Path]:
    program = shutil.which("strace")
    if program is None:
        give_up("no strace: apt install strace")
    return [program, "-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", log]


def _event(call: str, rest: str, ours: Callable[[str], bool], there: Collection[str]) -> Event | None:
    on_file = _ON_FILE.match(rest)
    if on_file is None:
        return _on_name(call, rest, ours, there)
    file, rest = _unhex(on_file[1]).decode(), on_file[2]
    if call == "sendto":
        data = _bytes(rest)
        head = _HEAD.match(data)
        return Answer(int(head[1]), data) if head else None
    if call in {"fdatasync", "fsync"}:
        return Sync(file)
    if call == "write":
        return Write(file, 0, _bytes(rest)) if ours(file) else None
    return _on_database(call, file, rest) if file.endswith(_DATABASE) else None


def _on_name(call: str, rest: str, ours: Callable[[str], bool], there: Collection[str]) -> Event | None:
    """What became of a name. What failed changed nothing; of new names and files only ours count, and all folders."""
    paths = [_unhex(path).decode() for path in _TEXT.findall(rest)]
    if not paths or ") = -1" in rest:
        return None
    if call in {"unlink", "rmdir"}:
        return Gone(paths[0])
    if call == "openat":
        return Named("", paths[0]) if "O_CREAT" in rest and ours(paths[0]) and paths[0] not in there else None
    return Named(paths[0] if len(paths) > 1 else "", paths[-1]) if call == "mkdir" or ours(paths[-1]) else None


def _on_database(call: str, file: str, rest: str) -> Event:
    *_before, place = re.findall(r"\d+", rest.rpartition(")")[0])
    return Write(file, int(place), None if call == "ftruncate" else _bytes(rest))


def _ordered(lines: Iterable[str]) -> Iterator[str]:
    begun: dict[str, str] = {}
    for line in lines:
        pid = line.split(" ", 1)[0]
        if "<unfinished ...>" in line:
            start = line.split("<unfinished ...>")[0]
            if "sync(" in start:
                begun[pid] = start
            else:
                yield start
        elif " resumed>" in line:
            if pid in begun:
                yield begun.pop(pid)
        else:
            yield line


def _bytes(text: str) -> bytes:
    found = _TEXT.search(text)
    return _unhex(found[1]) if found else b""


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
