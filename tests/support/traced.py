"""What a serving process does with its files and its socket, as strace saw it: what it wrote, what it synced, and
what it had said by then."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import give_up

CALLS = "pwrite64,write,fdatasync,fsync,ftruncate,unlink,rename,renameat,renameat2,mkdir,sendto"
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
    """A file was removed."""

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
    program = shutil.which("strace")
    if program is None:
        give_up("no strace: apt install strace")
    attach = [part for pid in pids for part in ("-p", str(pid))]
    tracer = subprocess.Popen([program, "-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}",
                               "-e", "signal=none", "-o", log, *attach], stderr=subprocess.PIPE)
    assert tracer.stderr
    while b"attached" not in tracer.stderr.readline():
        assert tracer.poll() is None, "strace may not look at this process"
    try:
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def events(lines: Iterable[str]) -> Iterator[Event]:
    """The calls of a trace that matter, in their order. A write or an answer counts where it began, a sync where it
    had returned: so a trace is never read too kindly."""
    for line in _ordered(lines):
        call = _CALL.match(line)
        event = _event(call[1], call[2]) if call else None
        if event is not None:
            yield event


def said_too_early(seen: Iterable[Event]) -> tuple[int, int]:
    """How many answers were given, and how many of them while something that was written was not synced."""
    unsynced: set[str] = set()
    answers = early = 0
    for event in seen:
        match event:
            case Write():
                unsynced.add(event.file)
            case Sync() | Gone():
                unsynced.discard(event.file)
            case Named():
                unsynced.add(str(Path(event.name).parent))
                if event.before in unsynced:
                    unsynced = unsynced - {event.before} | {event.name}
            case Answer():
                answers += 1
                early += bool(unsynced)
    return answers, early


def _event(call: str, rest: str) -> Event | None:
    on_file = _ON_FILE.match(rest)
    if on_file is None:
        return _on_name(call, rest)
    file, rest = _unhex(on_file[1]).decode(), on_file[2]
    if call == "sendto":
        data = _bytes(rest)
        head = _HEAD.match(data)
        return Answer(int(head[1]), data) if head else None
    if call in {"fdatasync", "fsync"}:
        return Sync(file)
    if call == "write":
        return Write(file, 0, _bytes(rest)) if file.endswith(_PHOTO) else None
    return _on_database(call, file, rest) if file.endswith(_DATABASE) else None


def _on_name(call: str, rest: str) -> Event | None:
    """What became of a name. What failed changed nothing; of folders and new names only the photos' count."""
    paths = [_unhex(path).decode() for path in _TEXT.findall(rest)]
    if call == "unlink":
        return Gone(paths[0])
    ours = bool(paths) and (call == "mkdir" or paths[-1].endswith(_PHOTO))
    return Named(paths[0] if len(paths) > 1 else "", paths[-1]) if ours and ") = -1" not in rest else None


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
