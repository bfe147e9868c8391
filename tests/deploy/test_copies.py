"""Backups on another machine, fetched as docs/backup.md says: who holds the server takes nothing away there."""

import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import give_up

DOC = Path(__file__).parent.parent.parent / "docs/backup.md"
DAY = 24 * 60 * 60
SSH = """#!/bin/sh
shift  # the name of the server
SSH_ORIGINAL_COMMAND="$*" exec {forced}
"""


@pytest.fixture
def fetched(tmp_path):
    """A server's folder with an archive of each kind, and what the other machine does each hour."""
    if shutil.which("rsync") is None or shutil.which("rrsync") is None:
        give_up("no rsync: apt install rsync")
    server, copies, ssh = tmp_path / "server", tmp_path / "backup", tmp_path / "ssh"
    lines = [line.strip() for line in DOC.read_text().splitlines() if line.startswith(("    rsync", "    find"))]
    assert len(lines) == 4
    forced = re.search(r'command="(rrsync [^"]*)"', DOC.read_text())[1]
    ssh.write_text(SSH.format(forced=forced.replace("/srv/catatan-kader/backups", shlex.quote(str(server)))))
    ssh.chmod(0o700)
    for kind in ("keys", "content"):
        (server / kind).mkdir(parents=True)
        (copies / kind).mkdir(parents=True)
        (server / kind / "new.ckb").write_bytes(b"as it was made")

    def fetch(*more):
        for line in [*lines, *more]:
            subprocess.run(["sh", "-c", line.replace("/backup/", f"{copies}/")], check=True,
                           env={**os.environ, "RSYNC_RSH": str(ssh)})
    fetch.server, fetch.copies, fetch.ssh = server, copies, ssh
    return fetch


def held(fetched):
    return {str(file.relative_to(fetched.copies)): file.read_bytes() for file in fetched.copies.rglob("*.ckb")}


def test_what_is_emptied_or_overwritten_at_the_server_stays_there(fetched):
    fetched()
    (fetched.server / "keys/new.ckb").write_bytes(b"nothing that opens")
    (fetched.server / "content/new.ckb").unlink()
    (fetched.server / "content/next.ckb").write_bytes(b"the next one")

    fetched()

    assert held(fetched) == {"keys/new.ckb": b"as it was made", "content/new.ckb": b"as it was made",
                             "content/next.ckb": b"the next one"}


def test_keys_go_after_thirty_days_and_content_after_ninety_whatever_the_server_keeps(fetched):
    for kind, days in (("keys", 31), ("keys", 29), ("content", 91), ("content", 89)):
        file = fetched.server / kind / f"{days}.ckb"
        file.write_bytes(b"x")
        os.utime(file, (0, time.time() - days * DAY - 60))

    fetched()
    fetched()

    assert sorted(held(fetched)) == ["content/89.ckb", "content/new.ckb", "keys/29.ckb", "keys/new.ckb"]


def test_with_the_key_of_the_other_machine_nothing_can_be_written_to_the_server(fetched, tmp_path):
    (tmp_path / "forged.ckb").write_bytes(b"x")

    wrote = subprocess.run(["rsync", "-a", "-e", str(fetched.ssh), str(tmp_path / "forged.ckb"), "server:keys/"],
                           capture_output=True, check=False)

    assert wrote.returncode != 0
    assert not (fetched.server / "keys/forged.ckb").exists()


def test_of_older_days_one_hour_alone_may_be_kept(fetched):
    thin = re.search(r"^`(find /backup/content .*?)`", DOC.read_text(), re.MULTILINE)[1]
    for name in ("20260101T160000Z-a.ckb", "20260101T150000Z-b.ckb"):
        (fetched.server / "content" / name).write_bytes(b"x")
        os.utime(fetched.server / "content" / name, (0, time.time() - 3 * DAY))

    fetched(thin)

    assert sorted(held(fetched)) == ["content/20260101T160000Z-a.ckb", "content/new.ckb", "keys/new.ckb"]
