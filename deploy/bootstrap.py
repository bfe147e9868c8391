"""From a fresh checkout to a served portal (`run`) or a test run (`test`), with Python alone.

    python3 deploy/bootstrap.py run                  serve the demo on http://127.0.0.1:$PORT/
    python3 deploy/bootstrap.py test [pytest args]   run the test suite
    python3 deploy/bootstrap.py prepare              only make `.venv` with all that tests and lint need

Every failure is one sentence on stderr and a non-zero exit. What was done once is not done again: stamps
say what is finished, and each is written last, so that whatever was interrupted is redone.

The file must *parse and load* on Python 3.6, so that an old Python meets a sentence, not a SyntaxError.
"""

import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OLDEST = (3, 11)
DEFAULT_PORT = 8000
LOCKS = {"run": "requirements.lock", "test": "tests/requirements.lock"}
ALSO_GIVES = {"run": ["run"], "test": ["run", "test"]}  # the test lock holds all that the run lock holds
NO_CONNECTION = ("NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "SSLError",
                 "NameResolutionError", "ConnectionResetError", "ProtocolError")
# As `python -m babel.messages.frontend`, which however ends with 0 whatever happened.
PYBABEL = "import sys; from babel.messages.frontend import main; sys.exit(main())"
UNFINISHED = "unfinished"
USAGE = "Usage: python3 deploy/bootstrap.py run | test [pytest arguments] | prepare"


class Trouble(Exception):
    """What stands in the way, as one sentence for the person at the terminal."""


# Which Python ---------------------------------------------------------------------------------------------


def check_version(version):
    """Raise `Trouble` when `version` (a tuple such as `sys.version_info`) is older than the portal needs."""
    if tuple(version[:2]) < OLDEST:
        raise Trouble("Catatan Kader needs Python 3.11 or newer, and this is Python {}.{}; "
                      "install a newer one, or name it: make run PYTHON=python3.12".format(*version[:2]))


def newer_python(find=shutil.which):
    """Path of a Python on PATH that is new enough and really starts (a version manager's shim may not)."""
    ask = "import sys; sys.exit(sys.version_info[:2] < {!r})".format(OLDEST)
    for name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        path = find(name)
        if path and subprocess.call([path, "-c", ask], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def use_new_enough_python(arguments):
    """Return when this Python will do, else go on as a newer one. Raises `Trouble` when there is none."""
    try:
        check_version(sys.version_info)
    except Trouble:
        path = newer_python()
        if path is None:
            raise
        os.execv(path, [path, os.path.abspath(__file__)] + arguments)  # noqa: S606


def check_venv(find=importlib.util.find_spec):
    """Raise `Trouble` when this Python cannot make virtual environments (Debian packs that apart)."""
    if find("venv") is None or find("ensurepip") is None:
        raise Trouble("This Python cannot make a virtual environment; install that part with: "
                      "sudo apt install python3-venv")


# One line per stage ---------------------------------------------------------------------------------------


def say(text, end="\n"):
    """Print at once, also into a pipe."""
    print(text, end=end, flush=True)


def run_stage(title, command, environment=None):
    """Run `command` while showing `title` and the seconds that passed. Returns (exit code, its output)."""
    start = time.monotonic()
    live = sys.stdout.isatty()

    def tick():
        if live:
            say("\r{} ... {:.0f} s".format(title, time.monotonic() - start), end="")

    say("{} ...".format(title), end="")
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   env=environment)
        try:
            _wait(process, tick)
        finally:  # what comes next, also an error or Ctrl-C, starts on its own line
            tick()
            say("" if live else " {:.0f} s".format(time.monotonic() - start))
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace")


def _wait(process, tick):
    try:
        while process.poll() is None:
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                tick()
    finally:
        if process.poll() is None:  # never leave an install running behind
            process.terminate()
            process.wait()


def last_line(output):
    """The last line that says something, an `ERROR` line before others."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    return (errors or lines or ["(nothing)"])[-1]


# The virtual environment ----------------------------------------------------------------------------------


def venv_python(root):
    """Path of the virtual environment's Python, whether or not it exists yet."""
    return root / ".venv" / "bin" / "python"


def begun(root):
    """Path of the mark that work on `.venv` was begun; where it is left, the work was not finished."""
    return root / ".venv" / "begun"


def make_venv(root):
    """Make `.venv` unless it is there and whole. Raises `Trouble`."""
    if os.access(str(venv_python(root)), os.X_OK) and not begun(root).exists():
        return
    check_venv()
    shutil.rmtree(str(root / ".venv"), ignore_errors=True)
    (root / ".venv").mkdir()
    begun(root).touch()
    code, output = run_stage("Making .venv", [sys.executable, "-m", "venv", str(root / ".venv")])
    if code:
        raise Trouble("The virtual environment could not be made: {}".format(last_line(output)))
    begun(root).unlink()


def stamp(root, kind):
    """Path of the stamp that says which lock `kind` ("run" or "test") was installed from."""
    return root / ".venv" / "installed-{}".format(kind)


def wanted(root, kind):
    """What the stamp must hold: the lock's sha256, and which Python it was installed for (a system upgrade
    can put another one behind the same link, where nothing is installed)."""
    lock = (root / LOCKS[kind]).read_bytes()
    return "{} {}\n".format(hashlib.sha256(lock).hexdigest(), os.path.realpath(str(venv_python(root))))


def is_installed(root, kind):
    """Whether `.venv` holds what the lock of `kind` names."""
    return stamp(root, kind).is_file() and stamp(root, kind).read_text() == wanted(root, kind)


def install(root, kind):
    """Install the lock of `kind` into `.venv`, unless its stamp says so already. Raises `Trouble`."""
    if is_installed(root, kind):
        return
    for name in LOCKS:  # installing one lock may move packages that the other one pins
        if stamp(root, name).exists():
            stamp(root, name).unlink()
    begun(root).touch()  # pip takes a half-copied package for an installed one: then `.venv` is made anew
    title = {"run": "Installing the packages", "test": "Installing the packages and the test tools"}[kind]
    code, output = run_stage(title, [
        str(venv_python(root)), "-m", "pip", "install", "--quiet", "--no-input", "--retries", "2",
        "--disable-pip-version-check", "--require-hashes", "--requirement", str(root / LOCKS[kind]),
    ], dict(os.environ, PIP_USER="0"))
    if code == 0 or offline(output):  # without a connection nothing was copied
        begun(root).unlink()
    if code:
        raise Trouble(pip_trouble(output))
    for name in ALSO_GIVES[kind]:
        stamp(root, name).write_text(wanted(root, name))


def offline(output):
    """Whether pip's output says that it could not reach the packages."""
    return any(sign in output for sign in NO_CONNECTION)


def pip_trouble(output):
    """One sentence for what pip said when it failed."""
    if offline(output):
        return ("The packages could not be downloaded; check the connection to the internet, "
                "then give the same command again.")
    return "The packages could not be installed. pip said: {}".format(last_line(output))


# Translations ---------------------------------------------------------------------------------------------


def stale_catalogues(root):
    """The `.po` files without a compiled form made from exactly them.

    A compiled file carries its source's modification time, so that an older source counts as changed too.
    """
    sources = sorted((root / "translations").glob("*/LC_MESSAGES/messages.po"))
    return [po for po in sources if _changed(po) != _changed(po.with_suffix(".mo"))]


def _changed(path):
    return path.stat().st_mtime_ns if path.exists() else None


def compile_catalogues(root):
    """Make each stale `.mo` anew, whole or not at all. Raises `Trouble` with Babel's last line."""
    for source in stale_catalogues(root):
        fresh = source.with_suffix(".new.mo")
        changed = _changed(source)
        code, output = run_stage("Compiling {}".format(source.relative_to(root)), [
            str(venv_python(root)), "-c", PYBABEL, "compile",
            "--input-file", str(source), "--output-file", str(fresh),
        ])
        if code or not fresh.exists():  # Babel leaves a catalogue marked fuzzy out, and calls that success
            if fresh.exists():
                fresh.unlink()
            raise Trouble("{} could not be compiled: {}".format(source.relative_to(root), last_line(output)))
        os.utime(str(fresh), ns=(changed, changed))
        os.replace(str(fresh), str(source.with_suffix(".mo")))


# Serving the demo -----------------------------------------------------------------------------------------


def port_from(environment):
    """The port number in `PORT`, 8000 when it is not set. Raises `Trouble` for what is no port."""
    text = environment.get("PORT") or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Trouble("PORT must be a number from 1 to 65535, not \"{}\"; for example: PORT=8001 make run"
                      .format(text))
    return int(text)


def check_port(port):
    """Raise `Trouble` when nothing can listen on `port` of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: just closed is free
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Trouble("Port {} needs administrator's rights; choose another: PORT=8001 make run"
                          .format(port)) from None
        except OSError:
            raise Trouble("Port {} is in use by another program; choose another: PORT={} make run"
                          .format(port, port + 1 if port < 65535 else DEFAULT_PORT)) from None


def demo_environment(root):
    """Variables that point the portal at the demo's own database and keys, whatever else was set."""
    instance = root / "instance"
    return dict(os.environ, PORTAL_DEMO="1", PORTAL_KEYS_FILE=str(instance / "keys.json"),
                PORTAL_DATABASE_URL="sqlite:///{}".format(instance / "demo.sqlite"))


def demo_sources(root):
    """A hash of what the demo is made from: the migrations' names and the content of its own files."""
    found = hashlib.sha256()
    for path in sorted((root / "migrations" / "versions").glob("*.py")):
        found.update(path.name.encode() + b"\0")
    portal = root / "portal"
    contents = list((portal / "cli").glob("demo*.py")) + list((portal / "areas" / "data").rglob("*"))
    for path in sorted(path for path in contents if path.is_file() and path.suffix != ".pyc"):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def make_demo(root):
    """Make the demo city, in the foreground, unless one made from the same sources is there.

    Raises `Trouble`. What the command itself prints is shown as it comes.
    """
    instance = root / "instance"
    mark = instance / "demo.stamp"
    before = mark.read_text().strip() if mark.exists() else None
    whole = (instance / "demo.sqlite").exists() and (instance / "keys.json").exists()
    if whole and before == demo_sources(root):
        return
    instance.mkdir(mode=0o700, exist_ok=True)
    if before is not None:
        why = "they were not finished" if before == UNFINISHED else "what they are made from has changed"
        say("The demo data are made anew, because {}.".format(why))
    mark.write_text(UNFINISHED)
    fresh = ["--fresh"] if before is not None else []
    code = subprocess.call([str(venv_python(root)), "-m", "flask", "--app", "wsgi", "demo"] + fresh,
                           env=demo_environment(root))
    if code:
        raise Trouble("The demo data could not be made (exit code {}); see above.".format(code))
    mark.write_text(demo_sources(root))


def serve(root, port):
    """Become the web server. `deploy/gunicorn.conf.py` says where to look once it answers."""
    become(root, ["gunicorn", "--config", str(root / "deploy" / "gunicorn.conf.py"), "--workers", "1",
                  "--bind", "127.0.0.1:{}".format(port), "--log-level", "warning", "wsgi:app"],
           demo_environment(root))


def become(root, module, environment):
    """Replace this process by `.venv`'s Python running `module` (a name and its arguments).

    Never through the scripts in `.venv/bin`: their first line names a path, wrong once the folder moves.
    """
    sys.stdout.flush()
    python = str(venv_python(root))
    os.execve(python, [python, "-m"] + module, environment)  # noqa: S606


# The commands ---------------------------------------------------------------------------------------------


def alone(root):
    """Wait until no other bootstrap works in this folder. The lock ends with this process, or when it becomes
    another one; the returned handle must be kept until then."""
    import fcntl  # noqa: PLC0415 - not on Windows, where the check before this says so

    handle = os.open(str(root), os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another `make` in this folder ...")
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # some network file systems cannot lock; then two at once is the person's own care
        pass
    return handle


def prepare(root, kind):
    """Make `.venv` hold what `kind` ("run" or "test") needs, and compile the translations."""
    make_venv(root)
    install(root, kind)
    compile_catalogues(root)


def run(root):
    """Serve the demo. Returns only by raising."""
    port = port_from(os.environ)
    check_port(port)  # before minutes of work, and once more after them
    prepare(root, "run")
    make_demo(root)
    check_port(port)
    serve(root, port)


def test(root, arguments):
    """Run the test suite on all cores. Returns only by raising."""
    prepare(root, "test")
    become(root, ["pytest", "-n", "auto"] + arguments, dict(os.environ))


def command(root, arguments):
    """Do what the command line asks. Raises `Trouble`."""
    if os.name != "posix":
        raise Trouble("On Windows, run this inside WSL (Windows Subsystem for Linux).")
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name not in ("run", "test", "prepare") or (rest and name != "test"):
        raise Trouble(USAGE)
    os.chdir(str(root))
    handle = alone(root)  # noqa: F841 - held, not used
    if name == "run":
        run(root)
    elif name == "test":
        test(root, rest)
    else:
        prepare(root, "test")


def main(arguments):
    """Returns the exit code: 0 done, 1 with one sentence on stderr, 130 after Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a stage's child is ended too
    try:
        use_new_enough_python(arguments)
        command(Path(__file__).resolve().parent.parent, arguments)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except OSError as error:
        print("{}: {}".format(error.filename or "The system", error.strerror or error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
