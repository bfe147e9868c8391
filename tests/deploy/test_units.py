"""The units for systemd: it reads them, each service is shut in, and needs nothing that is shut out."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import give_up
from tests.followup.at_desk import sent
from tests.support.killing import environment
from tests.upkeep.at_upkeep import PAIR

ROOT = Path(__file__).parent.parent.parent
UNITS = sorted(path for path in (ROOT / "deploy").iterdir() if path.suffix in {".service", ".timer"})
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
WEB, BACKUP, TICK = (ROOT / f"deploy/catatan-kader{name}.service" for name in ("", "-backup", "-tick"))
HOME = "/srv/catatan-kader"
_MOST_EXPOSED = 20  # tenths of systemd's own measure, where 100 shuts out nothing
_PATIENCE = 60  # seconds


@pytest.fixture
def analyze():
    """systemd's own program that reads units."""
    def ask(*what):
        if shutil.which("systemd-analyze") is None:
            give_up("no systemd-analyze: apt install systemd")
        return subprocess.run(["systemd-analyze", *what], capture_output=True, text=True, check=False)
    return ask


def settings_of(unit):
    """What the unit says, as pairs: some names come more than once."""
    return re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_every_unit_without_a_word(analyze, tmp_path, unit):
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("gunicorn", "flask"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    for one in UNITS:
        (tmp_path / one.name).write_text(one.read_text().replace(HOME, str(tmp_path)))

    found = analyze("verify", tmp_path / unit.name)

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_whatever_the_documents_enable_comes_back_after_a_restart_of_the_machine():
    said = "\n".join(file.read_text() for file in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *UNITS])
    enabled = {name if "." in name else f"{name}.service"
               for line in re.findall(r"systemctl enable --now ([\w. -]+)", said) for name in line.split()
               if name.startswith("catatan-kader")}

    assert enabled == {"catatan-kader.service", "catatan-kader-tick.timer", "catatan-kader-backup.timer"}
    for name in enabled:
        assert re.search(r"^\[Install\]\nWantedBy=[\w-]+\.target$", (ROOT / "deploy" / name).read_text(), re.M), name


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_each_service_is_shut_in(analyze, unit):
    found = analyze("security", "--offline=yes", f"--threshold={_MOST_EXPOSED}", unit)

    assert found.returncode == 0, found.stdout[-300:]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_lies_in_its_memory_reaches_no_disk_and_nobody_else_reads_its_files(unit):
    said = dict(settings_of(unit))

    assert (said["MemorySwapMax"], said["LimitCORE"]) == ("0", "0")
    assert said["UMask"] == "0077"


def test_only_the_web_server_reaches_the_socket():
    said = dict(settings_of(WEB))

    bound = re.search(r"--bind unix:(/run/(\S+?)/\S+)", said["ExecStart"])
    assert said["RuntimeDirectory"] == bound[2]
    assert f"server unix:{bound[1]} " in (ROOT / "deploy/nginx.conf").read_text()


@pytest.mark.slow
def test_gunicorn_makes_no_call_to_the_system_that_its_unit_forbids(analyze, city, tmp_path):
    made = calls_of_gunicorn(city, tmp_path)

    assert {"chown", "accept4"} <= made
    assert made - allowed_to(analyze, WEB) == set()
    assert "reboot" not in allowed_to(analyze, WEB)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [BACKUP, TICK], ids=lambda unit: unit.name)
def test_what_runs_by_the_clock_makes_no_call_that_its_unit_forbids(analyze, any_city, tmp_path, unit):
    sent(any_city)
    _program, *words = dict(settings_of(unit))["ExecStart"].split()

    done = traced(tmp_path, [Path(sys.executable).parent / "flask", *words], {
        **environment(any_city, tmp_path), "PORTAL_BACKUP_DIR": str(tmp_path / "backups"),
        "PORTAL_BACKUP_KEY": b64encode(PAIR.public).decode()})
    assert done.wait(_PATIENCE) == 0
    made = calls_in(tmp_path)

    assert {"openat", "fsync" if unit == BACKUP else "write"} <= made
    assert made - allowed_to(analyze, unit) == set()


def allowed_to(analyze, unit):
    """The calls that a unit leaves open."""
    allowed = set()
    for name, value in settings_of(unit):
        if name == "SystemCallFilter":
            group = named(analyze, value.removeprefix("~"))
            allowed = allowed - group if value.startswith("~") else allowed | group
    return allowed


def named(analyze, group):
    """Every call in one of systemd's groups."""
    lines = {line.strip() for line in analyze("syscall-filter", group).stdout.splitlines()[1:]}
    groups = {line for line in lines if line.startswith("@")}
    return {line for line in lines if re.match(r"\w", line)}.union(*(named(analyze, one) for one in groups))


def traced(folder, command, variables):
    """Start it under strace."""
    if shutil.which("strace") is None:
        give_up("no strace: apt install strace")
    return subprocess.Popen(["strace", "-f", "-qq", "-o", folder / "trace", *command], cwd=ROOT, env=variables,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def calls_in(folder):
    """The names of the calls that were made."""
    made = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", re.MULTILINE)
    return set(made.findall((folder / "trace").read_text(errors="replace")))


def calls_of_gunicorn(city, folder):
    """What it calls as the unit starts it, from its start over one page to its end."""
    where = folder / "web.sock"
    command = [word for word in dict(settings_of(WEB))["ExecStart"].split() if not word.startswith(("/", "unix:"))]
    serving = traced(folder, [Path(sys.executable).parent / "gunicorn", *command[:command.index("--bind") + 1],
                              f"unix:{where}", command[-1]], environment(city, folder))
    try:
        assert b"HTTP/1.1 200" in asked(where)
    finally:
        children = Path(f"/proc/{serving.pid}/task/{serving.pid}/children")
        os.kill(int(children.read_text()), signal.SIGTERM)
        serving.wait(_PATIENCE)
    return calls_in(folder)


def asked(where):
    """The first page of the portal, once it serves."""
    until = time.monotonic() + _PATIENCE
    while True:
        with closing(socket.socket(socket.AF_UNIX)) as line:
            line.settimeout(_PATIENCE)
            try:
                line.connect(str(where))
            except OSError:
                assert time.monotonic() < until, "gunicorn does not serve"
                time.sleep(0.1)
                continue
            line.sendall(b"GET /masuk HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: line.recv(65536), b""))
