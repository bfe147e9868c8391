"""Two commands on a fresh machine: what they say when they cannot, and what they do not do twice."""

import ast
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "bootstrap.py"

spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
Trouble = bootstrap.Trouble

PORTAL = """
import os
import pathlib
import click
from flask import Flask

app = Flask(__name__)

@app.get("/")
def where():
    return os.environ["PORTAL_DATABASE_URL"]

@app.cli.command("demo")
@click.option("--fresh", is_flag=True)
def demo(fresh):
    with open("asked", "a") as asked:
        print("fresh" if fresh else "plain", file=asked)
    if pathlib.Path("refuse").exists():
        raise SystemExit(3)
    for name in ("demo.sqlite", "keys.json"):
        pathlib.Path("instance", name).touch()
"""
WORDS = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

#, python-format
msgid "%(count)s households"
msgstr "{}"
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with nothing prepared, in a folder with a space in its name."""
    root = tmp_path / "Catatan Kader"
    (root / "tests").mkdir(parents=True)
    shutil.copytree(ROOT / "deploy", root / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    for lock in bootstrap.LOCKS.values():
        shutil.copy(ROOT / lock, root / lock)
    return root


@pytest.fixture
def venv(checkout):
    """A checkout with a `.venv` whose Python has all the packages, and notes in `calls` what it was asked."""
    python = bootstrap.venv_python(checkout)
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$*" >>"{checkout}/calls"\n[ "$2" = pip ] && exit ${{PIP_FAILS:-0}}\n'
                      f'exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return checkout


@pytest.fixture
def prepared(venv, monkeypatch):
    """A checkout after its installation, with a small portal of its own."""
    (venv / "wsgi.py").write_text(PORTAL)
    (venv / "migrations" / "versions").mkdir(parents=True)
    bootstrap.install(venv, "run")
    monkeypatch.chdir(venv)
    return venv


def times_installed(root):
    calls = root / "calls"
    return sum(" pip install " in f" {line}" for line in calls.read_text().splitlines()) if calls.exists() else 0


def run(root, *arguments, **environment):
    """What `deploy/bootstrap.py` did in `root`, with this machine's own pip settings left out."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PORTAL_"))}
    return subprocess.run([sys.executable, root / "deploy" / "bootstrap.py", *arguments], cwd=root, check=False,
                          capture_output=True, text=True, timeout=120, env={**ours, **environment})


def assert_one_sentence(result, words):
    assert result.returncode != 0
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stdout + result.stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def catalogue(root, translation):
    source = root / "translations" / "id" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(WORDS.format(translation))
    return source


# Which Python


def test_an_old_python_is_told_which_one_it_takes():
    with pytest.raises(Trouble, match=r"needs Python 3\.11 or newer, and this is Python 3\.9"):
        bootstrap.check_version((3, 9, 18))
    bootstrap.check_version((3, 11, 0))
    bootstrap.check_version((4, 0, 0))


def test_an_old_python_can_read_the_script_far_enough_to_say_so():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
    assert SCRIPT.read_text().isascii()


def test_a_newer_python_is_one_that_really_starts(tmp_path):
    shim, real, later = tmp_path / "python3.13", tmp_path / "python3.12", tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\necho 'not installed' >&2\nexit 127\n")
    real.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    shutil.copy(real, later)
    for program in (shim, real, later):
        program.chmod(0o755)
    assert bootstrap.newer_python(lambda name: shutil.which(name, path=str(tmp_path))) == str(real)
    real.unlink()
    later.unlink()
    assert bootstrap.newer_python(lambda name: shutil.which(name, path=str(tmp_path))) is None


@pytest.mark.parametrize("part", ["venv", "ensurepip"])
def test_a_python_packed_without_venv_names_the_missing_package(part):
    with pytest.raises(Trouble, match="apt install python3-venv"):
        bootstrap.check_venv(lambda name: None if name == part else name)


# What stands in the way is said in one sentence


def test_a_taken_port_is_named_with_the_way_out(checkout):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = run(checkout, "run", PORT=str(port))
    assert_one_sentence(result, f"Port {port} is in use")
    assert f"PORT={port + 1} make run" in result.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80.5", "٨٠"])
def test_a_port_that_is_none_is_refused(checkout, port):
    assert_one_sentence(run(checkout, "run", PORT=port), "PORT must be a number from 1 to 65535")


def test_an_empty_port_is_the_usual_one():
    assert bootstrap.port_from({"PORT": ""}) == bootstrap.port_from({}) == 8000


@pytest.mark.parametrize("arguments", [[], ["serve"], ["run", "fast"]])
def test_an_unknown_command_is_answered_with_the_known_ones(checkout, arguments):
    assert_one_sentence(run(checkout, *arguments), "run | test [pytest arguments] | prepare")


def test_without_a_connection_the_person_is_told_so_and_can_try_again(checkout):
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1",
               "PIP_RETRIES": "0"}
    result = run(checkout, "prepare", **nowhere)
    assert_one_sentence(result, "check the connection to the internet")
    assert not bootstrap.is_installed(checkout, "test")
    assert not bootstrap.begun(checkout).exists()  # the virtual environment itself is whole


def test_what_pip_refuses_is_told_in_its_last_error():
    said = "Collecting x\nERROR: No matching distribution found for x==1\n[notice] A new release of pip\n"
    assert bootstrap.pip_trouble(said).endswith("ERROR: No matching distribution found for x==1")


# What was done is not done again


def test_an_installation_is_done_once_per_lock(venv):
    bootstrap.install(venv, "run")
    bootstrap.install(venv, "run")
    assert times_installed(venv) == 1
    with (venv / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    bootstrap.install(venv, "run")
    assert times_installed(venv) == 2


def test_the_test_installation_serves_the_run_too_but_not_the_other_way(venv):
    bootstrap.install(venv, "run")
    assert not bootstrap.is_installed(venv, "test")
    bootstrap.install(venv, "test")
    bootstrap.install(venv, "run")
    assert times_installed(venv) == 2


def test_an_installation_for_another_python_does_not_count(venv):
    bootstrap.install(venv, "run")
    python = bootstrap.venv_python(venv)
    python.rename(python.with_name("python-newer"))
    python.symlink_to(python.with_name("python-newer"))
    assert not bootstrap.is_installed(venv, "run")


def test_a_failed_installation_is_begun_again_from_nothing(venv, monkeypatch):
    monkeypatch.setenv("PIP_FAILS", "1")
    with pytest.raises(Trouble, match="could not be installed"):
        bootstrap.install(venv, "run")
    assert not bootstrap.is_installed(venv, "run")
    leftover = venv / ".venv" / "half-copied"
    leftover.touch()
    bootstrap.make_venv(venv)
    assert not leftover.exists()
    assert not bootstrap.begun(venv).exists()
    assert subprocess.run([bootstrap.venv_python(venv), "-m", "pip", "--version"], check=False).returncode == 0


def test_a_whole_virtual_environment_is_left_alone(venv):
    before = bootstrap.venv_python(venv).read_text()
    bootstrap.make_venv(venv)
    assert bootstrap.venv_python(venv).read_text() == before


def test_translations_are_compiled_when_their_source_changes_also_to_an_older_one(venv):
    source = catalogue(venv, "%(count)s rumah")
    bootstrap.compile_catalogues(venv)
    compiled = source.with_suffix(".mo")
    assert b"rumah" in compiled.read_bytes()
    assert bootstrap.stale_catalogues(venv) == []
    catalogue(venv, "%(count)s keluarga")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    bootstrap.compile_catalogues(venv)
    assert b"keluarga" in compiled.read_bytes()


def test_a_broken_translation_leaves_the_last_good_one_in_place(venv):
    source = catalogue(venv, "%(count)s rumah")
    bootstrap.compile_catalogues(venv)
    catalogue(venv, "%(jumlah)s rumah")
    with pytest.raises(Trouble, match="could not be compiled: error: .*unknown named placeholder 'jumlah'"):
        bootstrap.compile_catalogues(venv)
    assert sorted(path.name for path in source.parent.iterdir()) == ["messages.mo", "messages.po"]
    assert b"%(count)s rumah" in source.with_suffix(".mo").read_bytes()


# The demo


def asked(root):
    return (root / "asked").read_text().split()


def test_the_demo_is_made_once_and_anew_when_what_it_is_made_from_changes(prepared, capsys):
    bootstrap.make_demo(prepared)
    bootstrap.make_demo(prepared)
    assert asked(prepared) == ["plain"]
    (prepared / "migrations" / "versions" / "0002_more.py").touch()
    bootstrap.make_demo(prepared)
    assert asked(prepared) == ["plain", "fresh"]
    assert "what they are made from has changed" in capsys.readouterr().out


def test_a_demo_that_was_not_finished_is_made_anew(prepared, capsys):
    (prepared / "refuse").touch()
    with pytest.raises(Trouble, match="exit code 3"):
        bootstrap.make_demo(prepared)
    (prepared / "refuse").unlink()
    bootstrap.make_demo(prepared)
    bootstrap.make_demo(prepared)
    assert asked(prepared) == ["plain", "fresh"]
    assert "they were not finished" in capsys.readouterr().out


def test_a_demo_whose_database_was_deleted_is_made_anew(prepared):
    bootstrap.make_demo(prepared)
    (prepared / "instance" / "demo.sqlite").unlink()
    bootstrap.make_demo(prepared)
    assert asked(prepared) == ["plain", "fresh"]


def test_the_demo_never_touches_the_database_of_a_real_installation(prepared, monkeypatch):
    monkeypatch.setenv("PORTAL_DATABASE_URL", "postgresql+psycopg://city/real")
    expected = f"sqlite:///{prepared}/instance/demo.sqlite"
    assert bootstrap.demo_environment(prepared)["PORTAL_DATABASE_URL"] == expected


def test_a_prepared_checkout_answers_where_it_says_and_ends_quietly(prepared):
    port = free_port()
    with subprocess.Popen([sys.executable, prepared / "deploy" / "bootstrap.py", "run"], text=True,
                          env={**os.environ, "PORT": str(port)}, start_new_session=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            said = _until_it_names_an_address(server.stdout)
            address = re.search(r"http://\S+", said[-1])[0]
            assert address == f"http://127.0.0.1:{port}/"
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
                assert answer.read().decode() == f"sqlite:///{prepared}/instance/demo.sqlite"
        finally:
            os.killpg(server.pid, signal.SIGINT)
        rest = server.stdout.read()
    assert server.returncode == 0
    assert "Traceback" not in "".join(said) + rest
    assert times_installed(prepared) == 1
    assert asked(prepared) == ["plain"]


def _until_it_names_an_address(lines):
    said = []
    deadline = time.monotonic() + 30
    for line in lines:
        said.append(line)
        if "http://" in line:
            return said
        assert time.monotonic() < deadline
    raise AssertionError("".join(said))


# What the repository may not hold


def kept_files():
    """The repository's files; in a tree without git, all but what is made in it."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            check=False, capture_output=True, text=True)
    if listed.returncode == 0:
        return filter(None, listed.stdout.split("\0"))
    made = {".git", ".venv", "instance", "build", "__pycache__"}
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
    return (str(path) for path in paths if not made & set(path.parts))


def text_files():
    for name in kept_files():
        path = ROOT / name
        if path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                yield name, content.decode(errors="replace")


@pytest.mark.asvs("V15.2.4")
def test_no_file_names_a_package_registry():
    hosts = ["--index" + "-url", "--find" + "-links", '"resol' + 'ved":', "files.python" + "hosted", "pypi" + ".org",
             "registry" + ".npmjs"]
    naming = [(name, host) for name, content in text_files() for host in hosts if host in content]
    assert naming == []


def pins(lock):
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.asvs("V15.1.2", "V15.2.4")
def test_every_locked_package_is_held_to_a_hash():
    for lock in bootstrap.LOCKS.values():
        entries = re.split(r"^(?=\S+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
        assert entries
        assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.asvs("V15.1.2")
def test_the_locks_hold_what_the_project_asks_for_and_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    run_wants = project["dependencies"] + extras["postgres"]
    assert names(run_wants) - pins("requirements.lock").keys() == set()
    assert names(run_wants + extras["test"]) - pins("tests/requirements.lock").keys() == set()
    assert pins("requirements.lock").items() - pins("tests/requirements.lock").items() == set()


def names(requirements):
    return {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in requirements}
