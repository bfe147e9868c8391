"""Commands of the portal that are killed: each runs in a fork of a process that has the app loaded, as if it had been
typed, so that hundreds of them take no longer than a few.

python -m tests.support.commanding: reads a command's words, a line each time; prints the number of the process that
does it, and how it ended. Settings come from the environment, as in a city.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from flask.cli import main as flask
from sqlalchemy.orm import configure_mappers

from tests.support.killing import ROOT, environment


class Commands:
    """A process whose forks do what is told them."""

    def __init__(self, city: SimpleNamespace, folder: Path, first: str = "", **settings: str):
        """`first` is Python that is run before: to take a defence away, and see that it is missed."""
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self._program = [sys.executable, "-c", f"{first}\nfrom tests.support.commanding import main; main()"]
        self._environment = environment(city, folder) | settings | dict.fromkeys(
            ("TMPDIR", "SQLITE_TMPDIR"), str(self.temporary))
        self._process: subprocess.Popen[str]

    def __enter__(self) -> "Commands":
        self._process = subprocess.Popen(self._program, cwd=ROOT, text=True, env=self._environment,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate(timeout=60)

    def run(self, *words: str, kill_after: float | None = None) -> tuple[int, float]:
        """Its exit code (-9 when it was killed in time), and how many seconds it took."""
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        pid, began = int(self._process.stdout.readline()), time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)  # nobody waits for it before the next line is read: it is there, or a zombie
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()), time.monotonic() - began


def main() -> None:
    import wsgi  # noqa: F401, PLC0415 - loaded once, for all forks; who uses the class above has an app of her own

    configure_mappers()
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            sys.argv = ["flask", "--app", "wsgi", *json.loads(line)]
            flask()
        print(child, flush=True)
        sys.stdin.readline()
        _pid, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
