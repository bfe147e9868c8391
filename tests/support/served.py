"""The portal as a city serves it: gunicorn in a process of its own, whose memory and files can be looked into."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.base.settings import Settings
from tests.support.postgres import dies_with_us

ROOT = Path(__file__).parent.parent.parent
_LOOK = """
import gc, pathlib, threading, time

def post_worker_init(worker):
    threading.Thread(target=look, daemon=True).start()

def look():
    asked, answer = pathlib.Path(FOLDER, "asked"), pathlib.Path(FOLDER, "answer")
    while True:
        if asked.exists():
            signs = [bytes.fromhex(sign).decode("latin-1") for sign in asked.read_text().split()]
            asked.unlink()
            answer.with_suffix(".part").write_text(str(held(signs)))
            answer.with_suffix(".part").replace(answer)
        time.sleep(0.1)

def held(signs):
    gc.collect()
    waiting, number = gc.get_objects(), 0
    own = {id(signs), id(waiting)}
    while waiting:
        holder = waiting.pop()
        if id(holder) in own:
            continue
        for one in gc.get_referents(holder):
            if isinstance(one, (str, bytes, bytearray)):
                text = one if isinstance(one, str) else one.decode("latin-1")
                number += any(sign in text for sign in signs)
            elif isinstance(one, int) and one.bit_length() > 128:
                number += one.to_bytes(-(-one.bit_length() // 8)).decode("latin-1") in signs
            elif type(one).__name__ == "ECPrivateKey":
                number += 1
            elif not gc.is_tracked(one) and isinstance(one, (dict, tuple)):
                waiting.append(one)
    return number
"""
"""In the worker: in how many places living objects hold one of these signs, as text, as bytes or as a number, or a
private key of any kind. What was freed does not count: it lies about until it is written over."""
_PATIENCE = 90  # seconds; a start takes one or two on a quiet machine


@dataclass(frozen=True)
class Served:
    """A running portal: where it answers, its log, and its worker's process."""

    port: int
    log: Path
    worker: int

    def held(self, *signs: bytes) -> int:
        """In how many places the worker's living objects hold one of these signs."""
        asked, answer = self.log.parent / "asked", self.log.parent / "answer"
        answer.unlink(missing_ok=True)
        asked.with_suffix(".part").write_text("\n".join(sign.hex() for sign in signs))
        asked.with_suffix(".part").replace(asked)
        until = time.monotonic() + _PATIENCE
        while not answer.exists():
            assert time.monotonic() < until, "the worker does not look"
            time.sleep(0.1)
        return int(answer.read_text())

    def get(self, path: str, cookies: dict[str, str]) -> tuple[int, str]:
        """Open a page; status and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", path, headers={
                "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def memory(self) -> Iterator[bytes]:
        """Everything that the worker's process holds and may write to, piece by piece (Linux)."""
        with open(f"/proc/{self.worker}/maps") as maps, open(f"/proc/{self.worker}/mem", "rb", 0) as memory:
            for line in maps:
                place, rights = line.split()[:2]
                if not rights.startswith("rw") or "[v" in line:
                    continue
                first, last = (int(end, 16) for end in place.split("-"))
                memory.seek(first)
                yield memory.read(last - first)


@contextmanager
def serving(settings: Settings, folder: Path, temporary: Path, first: str = "") -> Iterator[Served]:
    """The portal with these settings and one worker; its log goes into `folder`, what it keeps for a moment into
    `temporary`. `first` is Python that is run before: to take a defence away, and see that it is missed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log, config = folder / "gunicorn.log", folder / "first.conf.py"
    config.write_text(f"FOLDER = {str(folder)!r}\n{_LOOK}\n{first}")
    environment = {**{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
                   "PORTAL_DATABASE_URL": settings.database_url, "PORTAL_KEYS_FILE": str(settings.keys_file),
                   "PORTAL_OFFICE_PHONE": settings.office_phone, "PORTAL_SECURE_COOKIES": "0",
                   "PORTAL_PHOTOS_DIR": str(settings.photos_dir), "TMPDIR": str(temporary),
                   "PORTAL_PAGES_A_MINUTE": "0", "PORTAL_FORMS_A_MINUTE": "0", "PORTAL_FILES_A_MINUTE": "0"}
    with log.open("wb") as output:
        master = subprocess.Popen(
            [*dies_with_us(), sys.executable, "-m", "gunicorn", "--config", config, "--bind", f"127.0.0.1:{port}",
             "--threads", "4", "--no-control-socket", "--log-level", "debug", "wsgi:app"],
            cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield Served(port, log, _worker_of(master, port))
    finally:
        master.terminate()
        master.wait(timeout=_PATIENCE)


def _worker_of(master: subprocess.Popen[bytes], port: int) -> int:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert master.poll() is None, "the portal did not start"
        try:
            Served(port, Path(), 0).get("/masuk", {})
            return int(Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()[0])
        except (OSError, IndexError):
            time.sleep(0.2)
    raise AssertionError("the portal did not answer in time")
