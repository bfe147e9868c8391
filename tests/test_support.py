"""What tests lean on must itself stand."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.conftest import give_up
from tests.support import postgres, proof_page
from tests.support.postgres import Unavailable, temporary_postgres

HOLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from tests.support.postgres import temporary_postgres
with temporary_postgres() as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def programs():
    try:
        return postgres.find_programs()
    except Unavailable as reason:
        give_up(str(reason))


def folder_of(url):
    return Path(make_url(url).query["host"])


def wait_until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def lock_of(url):
    """The file that a PostgreSQL server has for as long as it runs."""
    return folder_of(url) / "data" / "postmaster.pid"


@pytest.mark.postgres
def test_two_temporary_postgres_answer_at_once_and_leave_nothing_behind(programs):
    with temporary_postgres() as first, temporary_postgres() as second:
        assert first != second
        for url in (first, second):
            engine = create_engine(url)
            with engine.connect() as connection:
                assert connection.scalar(text("select 1")) == 1
                assert connection.scalar(text("show listen_addresses")) == ""
            engine.dispose()
        assert folder_of(first).is_dir()
    assert not folder_of(first).exists()
    assert not folder_of(second).exists()


@pytest.mark.postgres
def test_a_temporary_postgres_is_gone_after_a_failing_test(programs):
    seen = []

    def failing():
        with temporary_postgres() as url:
            seen.append((url, int(lock_of(url).read_text().split()[0])))
            os.kill(seen[0][1], 0)  # it runs
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    url, server = seen[0]
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
    assert not folder_of(url).exists()


@pytest.mark.postgres
@pytest.mark.skipif(not postgres.dies_with_us(), reason="needs Linux's setpriv")
def test_a_temporary_postgres_ends_when_its_test_run_is_killed(programs):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(Path(__file__).parents[1])],
                          stdout=subprocess.PIPE, text=True) as holder:
        url = holder.stdout.readline().strip()
        assert lock_of(url).exists()
        holder.send_signal(signal.SIGKILL)
    try:
        assert wait_until(lambda: not lock_of(url).exists())
    finally:
        postgres.remove(folder_of(url))


def test_a_machine_without_postgres_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "HOMES", ())
    with pytest.raises(Unavailable, match="apt install postgresql"), temporary_postgres():
        pass


@pytest.mark.postgres
def test_a_postgres_that_cannot_start_says_why(programs, monkeypatch):
    monkeypatch.setitem(postgres.SETTINGS, "shared_buffers", "a lot")
    with pytest.raises(Unavailable, match="shared_buffers"), temporary_postgres():
        pass


def test_a_claim_that_does_not_hold_fails_and_stands_on_the_page_all_the_same(tmp_path):
    folder = Path(__file__).parent / "proof"
    copied = tmp_path / "proof"
    copied.mkdir()
    (copied / "conftest.py").write_text((folder / "conftest.py").read_text())
    (copied / "test_two.py").write_text(
        "def test_true(claim):\n    claim('nothing is lost', '0 of 9', '0', holds=True)\n"
        "def test_false(claim):\n    claim('nothing is doubled', '1 of 9', '0', holds=False)\n")
    page = tmp_path / "proof.md"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "proof", "-o", "markers=proof", copied],
        cwd=folder.parent.parent, env={**os.environ, "PORTAL_PROOF_PAGE": str(page)},
        capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stdout
    assert "holds  nothing is lost: 0 of 9 (limit 0)" in done.stdout
    assert "FAILS  nothing is doubled: 1 of 9 (limit 0)" in done.stdout
    assert "| nothing is doubled | 1 of 9 | 0 | **no** |" in page.read_text()


def test_the_page_of_claims_keeps_what_a_run_of_a_part_did_not_ask_and_nothing_that_a_whole_run_did_not(tmp_path):
    page = tmp_path / "proof.md"
    lost, told = ("nothing is lost", "0 of 9", "0", True), ("nothing is told", "0 of 5", "0", True)

    def lines():
        return [line.split(" | ")[:2] for line in page.read_text().splitlines() if line.startswith("| nothing")]

    proof_page.write(page, [lost, told], long=False, part=False)
    proof_page.write(page, [("nothing is lost", "0 of 900", "0", True)], long=True, part=True)
    proof_page.write(page, [("nothing is told", "0 of 6", "0", True)], long=False, part=True)
    assert lines() == [
        ["| nothing is lost", "0 of 9"], ["| nothing is told", "0 of 6"], ["| nothing is lost", "0 of 900"]]

    proof_page.write(page, [told], long=False, part=False)
    assert lines() == [["| nothing is told", "0 of 5"], ["| nothing is lost", "0 of 900"]]
