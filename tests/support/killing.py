"""Servers and commands that are killed in the middle of their work, and what is found afterwards."""

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import func, select, text

from portal.audit.models import AuditEntry, DoneOnce
from portal.base.db import engine_for
from portal.casework.models import Note
from portal.flags.models import Flag, FlagStep, Message
from portal.outreach.models import Outreach
from tests.support.clients import Person
from tests.support.history import OK, History, Kept

_LONGEST_LIFE = 3  # seconds
_RUNS_A_KILL = 5  # at most: a command may end before it is struck
ROOT = Path(__file__).parent.parent.parent


def environment(city: SimpleNamespace, folder: Path) -> dict[str, str]:
    """What a process of its own needs to be this city's portal."""
    keys = folder / "keys.json"
    if not keys.exists():
        city.keys.write(keys)
    return {**os.environ, "PORTAL_DATABASE_URL": city.url, "PORTAL_KEYS_FILE": str(keys), "PORTAL_OFFICE_PHONE": "1",
            "PORTAL_SECURE_COOKIES": "0", "PORTAL_PHOTOS_DIR": str(folder / "photos"), "PYTHONWARNINGS": "ignore",
            "PORTAL_PAGES_A_MINUTE": "0", "PORTAL_FORMS_A_MINUTE": "0", "PORTAL_FILES_A_MINUTE": "0"}


class Nursery:
    """A server whose serving process is a fork of one that has the app loaded (see `nursery`)."""

    def __init__(self, city: SimpleNamespace, folder: Path, first: str = ""):
        """`first` is Python that is run before: to take a defence away, and see that it is missed."""
        self.program = [sys.executable, "-c", f"{first}\nfrom tests.support.nursery import main; main()"]
        self._environment = environment(city, folder)
        self.process: subprocess.Popen[str]
        self.port = 0

    def __enter__(self) -> "Nursery":
        self.process = subprocess.Popen(self.program, cwd=ROOT, text=True, env=self._environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        """SIGKILL to the fork; another takes its place at once."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def strike(history: History, kill: Callable[[], None], *, times: int, seed: int) -> None:
    """Kill so many times, each after a few more were acknowledged: in the middle of the next ones."""
    chance = random.Random(seed)
    for _ in range(times):
        wanted, until = history.count(OK) + chance.randint(0, 3), time.monotonic() + _LONGEST_LIFE
        while history.count(OK) < wanted and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.03))
        kill()


class Gunicorn:
    """The portal as it is deployed: gunicorn with the city's own configuration."""

    def __init__(self, city: SimpleNamespace, folder: Path, *, workers: int = 2, first: str = ""):
        """`first` is Python that is run before the app is loaded, as for a `Nursery`."""
        config = folder / "gunicorn.conf.py"
        config.write_text(f"{first}\n{(ROOT / 'deploy/gunicorn.conf.py').read_text()}")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._environment = environment(city, folder) | {"PORT": str(self.port), "WEB_CONCURRENCY": str(workers)}
        self._command = [Path(sys.executable).parent / "gunicorn", "--config", config, "wsgi:app"]
        self._chance = random.Random(0)
        self.master: subprocess.Popen[bytes]

    def __enter__(self) -> "Gunicorn":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill_all()

    def start(self) -> None:
        """Start it, and wait until there is a worker."""
        self.master = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
        until = time.monotonic() + 60
        while not self.workers():  # it listens before
            assert self.master.poll() is None, "gunicorn did not start"
            assert time.monotonic() < until, "gunicorn does not answer"
            time.sleep(0.02)

    def workers(self) -> list[int]:
        """The processes that serve."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children")
        return [int(pid) for pid in children.read_text().split() if _runs(pid)]

    def kill_a_worker(self) -> None:
        """SIGKILL to one of them, as soon as there is one; the master makes another."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if workers := self.workers():
                with suppress(ProcessLookupError):  # it died since, of the blow before
                    os.kill(self._chance.choice(workers), signal.SIGKILL)
                    return
            time.sleep(0.002)
        raise AssertionError("gunicorn makes no new worker")

    def kill_all(self) -> None:
        """SIGKILL to the master and its workers at once."""
        os.killpg(self.master.pid, signal.SIGKILL)
        self.master.wait()

    def kill_and_start(self) -> None:
        """The whole of it dies, and is started again."""
        self.kill_all()
        self.start()


def _runs(pid: str) -> bool:
    """Whether it is more than what its parent has not taken note of yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def sending(city: SimpleNamespace, port: int, kinds: Sequence[str], *, seed: int) -> Iterator[tuple[History, Kept]]:
    """People of these kinds, who send all the time, and what was there before. Afterwards nothing is under way."""
    history = History()
    people = [Person(city, kind, port, history, seed + number) for number, kind in enumerate(kinds)]
    before = kept_in(city, history)
    for person in people:
        person.start()
    try:
        yield history, before
    finally:
        for person in people:
            person.stop.set()
        for person in people:
            person.join(timeout=120)
    assert not any(person.is_alive() for person in people)


def kept_in(city: SimpleNamespace, history: History, before: Kept | None = None) -> Kept:
    """What the database holds of this history, without what it held before."""
    engine = engine_for(city.url)
    with engine.connect() as db:
        marks = set(db.scalars(select(DoneOnce.mark)))
        records = {kind: db.scalar(select(func.count()).select_from(model).where(*where))
                   for kind, (model, where) in _RECORDS.items()}
        audited = {kind: db.scalar(select(func.count()).where(AuditEntry.action == action)) if action
                   else records[kind] for kind, action in _AUDITED.items()}
    engine.dispose()
    done = frozenset(o.key for o in history.operations if _mark(o.key) in marks)
    if before is None:
        return Kept(done, records, audited)
    return Kept(done, {k: n - before.records[k] for k, n in records.items()},
                {k: n - before.audited[k] for k, n in audited.items()})


def whole(city: SimpleNamespace) -> list[str]:
    """What is broken in the database itself; empty when nothing is."""
    engine = engine_for(city.url)
    with engine.connect() as db:
        found = [f"version of {code}" for code, version, steps in db.execute(
            select(Flag.code, Flag.version, func.count(FlagStep.id)).join(FlagStep, FlagStep.flag_id == Flag.id)
            .group_by(Flag.id, Flag.code, Flag.version)) if version != steps]
        if engine.dialect.name == "sqlite":
            found += [line for (line,) in db.execute(text("PRAGMA integrity_check")) if line != "ok"]
            found += [str(row) for row in db.execute(text("PRAGMA foreign_key_check"))]
    engine.dispose()
    return found


def kill_during(command: list[str], check: Callable[[], None], *, env: dict[str, str], watch: Callable[[], object],
                prepare: Callable[[], None] = lambda: None, times: int, seed: int = 0) -> int:
    """Run a command until it was killed `times` times while it worked; `check` looks at what is left each time,
    `prepare` makes the world ready for the next. `watch` gives something that changes once the work has begun (see
    `files_in`). Returns how often it was killed: fewer when it mostly ended before.
    """
    chance = random.Random(seed)
    prepare()
    lasts = _run(command, env, watch, None)[1]
    check()
    killed = 0
    for _ in range(_RUNS_A_KILL * times):
        if killed == times:
            break
        prepare()
        killed += _run(command, env, watch, chance.uniform(0, lasts))[0]
        check()
    return killed


def files_in(*folders: Path) -> Callable[[], object]:
    """For `watch`: names, sizes and times of the files there, and of those beside a file."""
    def look() -> object:
        seen = []
        for folder in folders:
            for file in sorted(folder.rglob("*")):
                try:
                    status = file.stat()
                except FileNotFoundError:
                    continue
                seen.append((str(file), status.st_size, status.st_mtime_ns))
        return seen

    return look


def _run(command: list[str], env: dict[str, str], watch: Callable[[], object], after: float | None
         ) -> tuple[bool, float]:
    """Whether it had to be killed, and how long it worked after `watch` saw it begin."""
    before = watch()
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    while process.poll() is None and watch() == before:
        time.sleep(0.002)
    began = time.monotonic()
    if after is not None:
        try:
            process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL, time.monotonic() - began


def _mark(key: str) -> bytes:
    return hashlib.sha256(f"once\x00{key}".encode()).digest()


_RECORDS = {"concern": (Flag, ()), "session": (Outreach, ()), "add": (Message, ()), "act": (Note, ())}
_AUDITED = {"concern": "flag.send", "session": "", "add": "flag.add", "act": "flag.act"}
"""The log of sessions has no rows in the trail: who logged it stands in the row itself."""
