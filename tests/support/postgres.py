"""A PostgreSQL of its own for a test run: made in a temporary folder, gone afterwards, never on the network."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

HOMES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin",
         "/usr/local/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin")
OWNER = "portal"
PATIENCE = 20  # seconds; a start takes less than one
SETTINGS = {
    "listen_addresses": "",  # the socket alone
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",  # nothing here outlives a test
    "shared_buffers": "16MB", "max_connections": "60", "logging_collector": "off",
    "timezone": "UTC",
}


class Unavailable(Exception):
    """There is no PostgreSQL to start; the text says how to get it."""


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """A SQLAlchemy URL of an empty database, of whose server the caller may make and drop others.

    The server listens on a Unix socket in its own folder, so many can run at once. Raises `Unavailable`
    when the server's programs are missing or will not start.
    """
    with _cluster() as (programs, folder, identity), _serving(programs, folder, identity):
        yield _url_in(folder)


@contextmanager
def encrypted_postgres(certificate: bytes, key: bytes) -> Iterator[str]:
    """A server on this machine's own network, by TLS with this certificate; gives its address without any
    `sslmode`. Raises `Unavailable`."""
    with _cluster() as (programs, folder, identity):
        for name, content in (("server.crt", certificate), ("server.key", key)):
            (folder / "data" / name).write_bytes(content)
            (folder / "data" / name).chmod(0o600)
            if identity:
                os.chown(folder / "data" / name, identity["user"], identity["group"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with _serving(programs, folder, identity, listen_addresses="localhost", port=str(port), ssl="on"):
            yield f"postgresql+psycopg://{OWNER}@localhost:{port}/postgres"


@contextmanager
def _cluster() -> Iterator[tuple[Path, Path, dict[str, Any]]]:
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-", dir=_short_temporary_folder()))
    try:
        identity = _identity(folder)
        _make_cluster(programs, folder, identity)
        yield programs, folder, identity
    finally:
        remove(folder)


def _url_in(folder: Path) -> str:
    return URL.create("postgresql+psycopg", username=OWNER, database="postgres",
                      query={"host": str(folder)}).render_as_string(hide_password=False)


class Crashing:
    """A PostgreSQL that can be made to crash; what it had promised to keep it must still have."""

    def __init__(self, programs: Path, folder: Path, identity: dict[str, Any], **more: str):
        self.url = _url_in(folder)
        self._serve = lambda: _serving(programs, folder, identity, **more)
        self._running = ExitStack()

    def start(self) -> None:
        """Start it, and wait until it has recovered."""
        self._running.enter_context(self._serve())

    def crash(self) -> None:
        """Stop at once, nothing put in order; then start again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Stop at once, as `pg_ctl stop -m immediate`."""
        self._running.close()

    def kill_backend(self) -> None:
        """SIGKILL to the process of one connection: the server ends all others, and recovers."""
        with suppress(psycopg.OperationalError, IndexError, ProcessLookupError):
            with psycopg.connect(self.url.replace("+psycopg", "")) as db:
                pids = db.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                                  "AND pid <> pg_backend_pid()").fetchall()
            os.kill(random.choice(pids)[0], signal.SIGKILL)


@contextmanager
def crashing_postgres(**more: str) -> Iterator[Crashing]:
    """A server of one's own to be crashed, with an empty database and `more` settings. Raises `Unavailable`."""
    with _cluster() as (programs, folder, identity):
        server = Crashing(programs, folder, identity, **more)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def remove(folder: Path) -> None:
    """Remove a temporary server's folder. Files that the ending server still takes away itself are no error."""
    shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """The folder with PostgreSQL's `initdb` and `postgres`, the newest one if several. Raises `Unavailable`."""
    found = [Path(program).resolve().parent for program in [shutil.which("initdb")] if program]
    for pattern in HOMES:
        found += sorted(Path("/").glob(pattern[1:]), key=_version, reverse=True)
    for folder in found:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise Unavailable("PostgreSQL's server is not installed; on Debian: sudo apt install postgresql")


def _version(folder: Path) -> int:
    return int("".join(letter for letter in folder.parent.name if letter.isdigit()) or 0)


def _short_temporary_folder() -> str | None:
    """A socket's path has room for about 100 bytes, which some temporary folders use up by themselves."""
    return None if len(tempfile.gettempdir()) <= 60 else "/tmp"  # noqa: S108 - mkdtemp makes a private one


def _identity(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: hand the folder to another user and say how to become that one."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "env": _plain_environment()}
    raise Unavailable("PostgreSQL does not run as root, and this machine has no user postgres or nobody")


def _plain_environment() -> dict[str, str]:
    """Without what belongs to root, such as its home, and without what would steer PostgreSQL elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _make_cluster(programs: Path, folder: Path, identity: dict[str, Any]) -> None:
    made = subprocess.run(
        [programs / "initdb", "--pgdata", folder / "data", "--username", OWNER, "--auth", "trust",
         "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **identity)
    if made.returncode:
        raise Unavailable(f"PostgreSQL could not make a database: {_last_line(made.stderr)}")


@contextmanager
def _serving(programs: Path, folder: Path, identity: dict[str, Any], **more: str) -> Iterator[None]:
    settings = [part for name, value in {**SETTINGS, **more}.items() for part in ("-c", f"{name}={value}")]
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*dies_with_us(), programs / "postgres", "-D", folder / "data", "-k", folder, *settings],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            **identity)
    try:
        _await_answer(server, folder, log, more.get("port"))
        yield
    finally:
        _end(server)


def dies_with_us() -> list[str]:
    """What to put before a command so that a test run killed outright leaves no server (Linux only)."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "QUIT"] if setpriv else []


def _await_answer(server: subprocess.Popen[bytes], folder: Path, log: Path, port: str | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(host=str(folder), user=OWNER, dbname="postgres", port=port,
                            connect_timeout=PATIENCE).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL did not start: {_last_line(log.read_text())}") from None
            time.sleep(0.05)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Stop at once: SIGQUIT leaves no data files in order, and none are wanted."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["it said nothing"])[-1]
