"""Whoever takes the files away, or a picture of the server's memory, reads nothing that anybody was told.

Canaries go in through the real pages: 31 to a life, in every field in which somebody types.
"""

import logging
import tempfile
from pathlib import Path

import pytest
from flask import request

from portal.base import vault
from portal.base.db import writing
from portal.flags.models import Flag
from portal.upkeep import archives
from tests.conftest import signed_in
from tests.factories import a_flag, some_answers, some_identity
from tests.proof.conftest import size
from tests.proof.lives import live
from tests.support import canary, served
from tests.support.canary import Family
from tests.upkeep.at_upkeep import back_up, settings_of

LIVES = size(short=8, long=323)
PAGES = ("/", "/k", "/k/{code}", "/k/baru", "/k/telepon", "/antrean", "/k/{code}/kerja", "/tenggat", "/tugas", "/s",
         "/akun", "/setelan")


@pytest.fixture
def canaries():
    return Family()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where everything goes that is kept for a moment."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_nobody_who_takes_the_files_or_the_memory_reads_what_was_told(city, canaries, temporary, tmp_path, caplog,
                                                                      claim):
    caplog.set_level(logging.DEBUG)
    for _ in range(LIVES):
        live(city, canaries)
    files = canary.database_files(city.url)
    settings = settings_of(city, tmp_path)
    made = back_up(settings)
    with served.serving(settings, tmp_path, temporary) as portal:
        visited = visit_with_locked_keys(city, portal)
        seen_in_memory = in_memory(portal, canaries)
        log = portal.log.read_bytes() + caplog.text.encode()

    assert len(files) > 1
    assert {("Bu Siti", "/k"), ("Rina A.", "/antrean"), ("Bu Ratna", "/antrean"), ("Bu Wati", "/akun")} <= visited
    state(claim, "the database, its log and its shared memory file", canaries, in_files(files, canaries))
    state(claim, "both archives of a backup", canaries, in_files([made.content, made.keys], canaries))
    state(claim, "the logs, at their most talkative", canaries, canaries.found_in(log))
    state(claim, "the folder for temporary files", canaries, in_files(all_files(temporary), canaries))
    state(claim, "the memory of a server in which nobody is unlocked", canaries, seen_in_memory)


def test_without_the_sealing_the_database_would_tell(city, canaries, monkeypatch):
    monkeypatch.setattr(vault, "lock", lambda _key, secret, *, label: b"\x01" + secret)

    told(city, canaries)

    assert {"text as utf-8", "phone as utf-8"} <= set(in_files(canary.database_files(city.url), canaries))


def test_without_its_own_sealing_a_backup_would_tell_what_the_database_has_in_clear(city, tmp_path, monkeypatch):
    settings, name = settings_of(city, tmp_path), {"name": "Bu Siti"}  # in clear in the database, by design
    sealed = back_up(settings)
    monkeypatch.setattr(vault.AESGCM, "encrypt", lambda _self, _nonce, data, _label: data + b"\0" * 16)
    monkeypatch.setattr(archives, "_read_back", lambda *_: None)

    open_ = back_up(settings)

    assert canary.found_in(canary.database_files(city.url)[0], name) == ["name as utf-8"]
    assert canary.found_in(sealed.content, name) == []
    assert canary.found_in(open_.content, name) == ["name as utf-8"]


def test_a_log_or_a_temporary_file_that_kept_a_form_would_be_found(city, canaries, temporary, caplog):
    def keep():
        logging.getLogger("portal").warning("got %s", dict(request.form))
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(str(dict(request.form)))

    city.app.before_request(keep)
    signed_in(city, city.siti).get("/k/baru").form("/k/baru").fill(story=canaries.marker()).submit("review")

    assert canaries.found_in(caplog.text.encode()) != []
    assert in_files(all_files(temporary), canaries) != []


def test_a_server_in_which_somebody_is_unlocked_would_be_found(city, canaries, temporary, tmp_path):
    code = told(city, canaries)
    desk = signed_in(city, city.rina).client
    cookies = {name: desk.get_cookie(name).value for name in ("s", "k")}

    with served.serving(settings_of(city, tmp_path), tmp_path, temporary) as portal:
        status, page = portal.get(f"/k/{code}/kerja", cookies)
        found = in_memory(portal, canaries)

    assert status in {200, 203}
    assert canaries.sign in page
    assert found != []


def visit_with_locked_keys(city, portal) -> set[tuple[str, str]]:
    """Everybody opens her pages, as after a night: signed in, keys locked. Gives which were shown to whom."""
    city.db.rollback()
    codes = [flag.code for flag in city.db.query(Flag).limit(3)]
    shown = set()
    for person in (city.siti, city.wati, city.rina, city.ratna, city.agus):
        client = signed_in(city, person).client
        for page in {page.format(code=code) for page in PAGES for code in codes}:
            status, _text = portal.get(page, {"s": client.get_cookie("s").value, "b": "en"})
            assert status < 500, (person.name, page)
            if status in {200, 203}:
                shown.add((person.name, page))
    return shown


def told(city, canaries) -> str:
    """The code of a concern with canaries in it."""
    with writing(city.db):
        return a_flag(city.db, city.settings, city.siti, answers=some_answers(), story=canaries.marker(),
                      identity=some_identity(nickname=canaries.marker(), person_phone=canaries.phone())).code


def state(claim, where: str, canaries: Family, found: list[str]) -> None:
    figure = f"{len(found)} findings of {canaries.born} canaries"
    claim(f"{where}: what was told is not found there, in 8 encodings", figure, 0, holds=not found)


def in_files(files: list[Path], canaries: Family) -> list[str]:
    return [found for file in files for found in canaries.found_in(file)]


def in_memory(portal, canaries) -> list[str]:
    return [found for piece in portal.memory() for found in canaries.found_in(piece)]


def all_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
