"""Whoever takes the files away, or a picture of the server's memory, reads nothing that anybody was told.

Canaries go in through the real pages: 31 to a life, in every field in which somebody types.
"""

import logging
import tempfile
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

import pyotp
import pytest
from flask import request

from portal.accounts import sealed
from portal.accounts.models import StaffKey
from portal.base import vault
from portal.base.clock import now
from portal.base.db import writing
from portal.flags import commands as flags
from portal.flags.models import Flag
from portal.upkeep import archives
from tests.accounts.test_staff_keys import opened_with_her_passphrase_alone
from tests.conftest import signed_in
from tests.factories import Person, a_flag, private_of, ring_of, some_answers, some_identity
from tests.proof.conftest import size
from tests.proof.lives import CONCERN, live
from tests.support import canary, served, typed
from tests.support.canary import Family
from tests.support.clients import Line
from tests.support.pages import Browser
from tests.support.phone import phone_of
from tests.upkeep.at_upkeep import back_up, settings_of

LIVES = size(short=8, long=323)
CONCERNS = 3
"""So many go through a server itself."""
KEEPS_ALL = """
import portal.flags.commands as c
kept = []
def receive(session, settings, concern, _real=c._receive, **more):
    kept.append(concern)
    return _real(session, settings, concern, **more)
c._receive = receive
"""
KEEPS_KEYS = """
import portal.accounts.sealed as s
kept = []
def open_ring(*given, _real=s.open_ring, **more):
    ring = _real(*given, **more)
    kept.extend({keep} for private in ring.privates.values())
    return ring
s.open_ring = open_ring
"""
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
    with typed.watching(canaries) as filled:
        for _ in range(LIVES):
            live(city, canaries)
    files = canary.database_files(city.url)
    settings = settings_of(city, tmp_path)
    made = back_up(settings)
    with served.serving(settings, tmp_path, temporary) as portal:
        visited = visit_with_locked_keys(city, portal)
        seen_in_memory = in_memory(portal, canaries)
        log = portal.log.read_bytes() + caplog.text.encode()

    assert typed.unfilled(filled) == []
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


def test_who_knows_every_passphrase_opens_no_officers_key_out_of_the_database_alone(city, claim):
    with_the_file = [sealed.unlock_staff_key(city.keys, key, secret) for key, secret in own_keys(city)]
    alone = [opened for key, secret in own_keys(city) if (opened := guessed(key, secret)) is not None]

    claim("a stolen database and every passphrase, without the key file: officers' own keys that open",
          f"{len(alone)} of {len(with_the_file)}; with the key file {len(with_the_file) - with_the_file.count(None)}",
          f"0; {len(with_the_file)}", holds=len(with_the_file) > 1 and not alone and None not in with_the_file)


def test_without_the_servers_lock_a_guess_would_open_it(city, monkeypatch):
    monkeypatch.setattr(sealed, "lock_for_server", lambda _keys, _whose, locked: locked)

    made = sealed.make_staff_key(city.keys, city.rina.account_id, city.rina.secret, memory_kib=8)

    assert guessed(made, city.rina.secret) is not None


def own_keys(city) -> list[tuple[StaffKey, str]]:
    """Every officer's own key as it lies in the database, with the passphrase that she chose."""
    secrets = {person.account_id: person.secret for person in vars(city).values() if isinstance(person, Person)}
    return [(key, secrets[key.account_id]) for key in city.db.query(StaffKey)]


def guessed(key: StaffKey, passphrase: str) -> bytes | None:
    """What somebody gets who has its row, and guesses right."""
    with suppress(vault.DoesNotOpen):
        return opened_with_her_passphrase_alone(key, key.twice_locked, passphrase)
    return None


def test_a_log_or_a_temporary_file_that_kept_a_form_would_be_found(city, canaries, temporary, caplog):
    def keep():
        logging.getLogger("portal").warning("got %s", dict(request.form))
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(str(dict(request.form)))

    city.app.before_request(keep)
    signed_in(city, city.siti).get("/k/baru").form("/k/baru").fill(story=canaries.marker()).submit("review")

    assert canaries.found_in(caplog.text.encode()) != []
    assert in_files(all_files(temporary), canaries) != []


def test_a_number_in_a_log_is_found_as_people_write_it(canaries):
    number = canaries.phone()
    groups = "-".join((number[:4], number[4:8], number[8:]))

    assert canaries.found_in(f"number {groups}".encode()) == ["phone in groups"]
    assert canaries.found_in(f"number {groups.replace('-', ' ')}".encode()) == ["phone in groups"]
    assert canaries.found_in(b"number 0857-0000-000") == []


def test_a_server_keeps_nothing_of_what_it_was_told_and_no_key(city, canaries, temporary, tmp_path, claim):
    kept, keys = kept_by_a_server(city, canaries, temporary, tmp_path)

    claim("a server through which concerns went, once who sent and read them has signed out, keeps nothing of them",
          f"{kept} places in living objects, {CONCERNS} concerns", 0, holds=kept == 0)
    claim("nor does it keep a key of the unit, an officer or a concern, in any form (bytes, hexadecimal, base64, "
          "number, object)", f"{keys} places in living objects", 0, holds=keys == 0)


def test_a_server_that_keeps_what_it_was_told_would_be_found(city, canaries, temporary, tmp_path):
    assert kept_by_a_server(city, canaries, temporary, tmp_path, first=KEEPS_ALL)[0] >= CONCERNS


@pytest.mark.parametrize("keep", [
    "private", "private.hex()", "int.from_bytes(private)",
    "__import__('cryptography.hazmat.primitives.asymmetric.ec').hazmat.primitives.asymmetric.ec.derive_private_key("
    "int.from_bytes(private), s.vault._CURVE)"], ids=["bytes", "hexadecimal", "number", "object"])
def test_a_server_that_keeps_a_key_would_be_found(city, canaries, temporary, tmp_path, keep):
    first = KEEPS_KEYS.replace("{keep}", keep)

    assert kept_by_a_server(city, canaries, temporary, tmp_path, first=first)[1] >= 1


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


def kept_by_a_server(city, canaries, temporary, folder, first="") -> tuple[int, int]:
    """In how many places a server's objects hold something of what it was told, and in how many a key, once everybody
    is gone."""
    phone = phone_of(city, city.siti)
    with served.serving(settings_of(city, folder), folder, temporary, first) as portal:
        live_through(city, portal, phone, canaries)
        go_on(city, portal)
        return (portal.held(canaries.sign.encode(), canaries.digits.encode()),
                portal.held(*(form for key in keys_of(city, city.rina) for form in forms_of(key))))


def keys_of(city, officer) -> list[bytes]:
    """Every key that an officer's passphrase opens: her own, the unit's, what follows from it, each concern's."""
    ring = ring_of(city, officer)
    concerns = [flags.content_key(city.db, ring, flag.id) for flag in city.db.query(Flag)]
    return [private_of(city, officer), *ring.privates.values(), *map(ring.symmetric, ring.privates), *concerns]


def forms_of(key: bytes) -> list[bytes]:
    """As it may lie about."""
    return [key, key.hex().encode(), b64encode(key), urlsafe_b64encode(key)]


def live_through(city, portal, phone, canaries) -> None:
    """Through this very server: a cadre signs in, logs a session, passes concerns on and adds to one; an officer
    signs in, opens it and writes a note; both sign out."""
    siti = browser_at(city, portal)
    assert phone.sign_in(siti, city.siti.secret).path == "/"
    assert siti.get("/s/baru").form("/s/baru").fill(topics=["internet"], women="12").submit().status == 203
    for _ in range(CONCERNS):
        form = siti.get("/k/baru").form("/k/baru").fill(**CONCERN, story=canaries.marker(),
                                                        nickname=canaries.marker(), person_phone=canaries.phone())
        receipt = form.submit("review").form("/k/baru").submit("send")
        assert receipt.path.startswith("/k/"), receipt.errors
    concern = receipt.path.partition("?")[0]
    assert siti.get(f"{concern}/tambah").form("/tambah").fill(text=canaries.marker()).submit().status == 203
    rina = browser_at(city, portal)
    rina.get("/masuk/petugas").form("/masuk/petugas").fill(
        name="rina", passphrase=city.rina.secret, code=pyotp.TOTP(city.rina.totp).at(now())).submit()
    assert canaries.sign in rina.get(f"{concern}/kerja").html
    rina.get(f"{concern}/kerja").form("/ambil").submit()
    noted = rina.get(f"{concern}/kerja").form("/nilai").fill(risk="low", why_risk=canaries.marker()).submit()
    assert noted.status == 203
    for browser in (siti, rina):
        token = browser.get("/setelan").root.all("input", name="csrf_token")[0].attrs["value"]
        assert browser.post("/keluar", [("csrf_token", token)]).path == "/masuk"


def browser_at(city, portal) -> Browser:
    """A browser that nobody has signed in to yet, at the server itself."""
    browser = Browser(city.app.test_client())
    browser.client.set_cookie("b", "en")
    browser.client = Line(portal.port, browser.client)
    return browser


def go_on(city, portal) -> None:
    """Others go on with their day, so that no thread still has the last one's form in its hands."""
    wati = signed_in(city, city.wati).client.get_cookie("s").value
    for page in ("/s", "/akun", "/cakupan", "/s/baru", "/masuk", "/bantuan") * 5:
        portal.get(page, {"s": wati, "b": "en"})


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
