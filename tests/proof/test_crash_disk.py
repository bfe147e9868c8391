"""The disk is full, the database is gone, the clock has jumped: it is said, nothing is lost, and when the trouble
ends the portal goes on by itself."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.base.clock import now
from portal.base.db import engine_for
from portal.flags.models import Flag
from portal.upkeep import erasing
from tests.conftest import _city, give_up, signed_in
from tests.support.killing import whole
from tests.support.writings import CONCERN

A_YEAR = timedelta(days=365)


@pytest.fixture
def siti(city):
    return signed_in(city, city.siti)


def asked(browser, story="mutiara"):
    """A concern's form, filled in."""
    return browser.get("/k/baru").form("/k/baru").fill(**CONCERN, story=story)


def kept(city):
    """How many concerns there are, seen from elsewhere."""
    engine = engine_for(city.url)
    with engine.connect() as db:
        number = db.scalar(select(func.count()).select_from(Flag))
    engine.dispose()
    return number


def is_given_back(page):
    """Whether the page says that it was not sent, and holds the answers."""
    return page.status == 503 and "Not sent yet" in page.text and bool(page.root.all("input", name="carried"))


@contextmanager
def small_disk(city):
    """No room for more: the database may grow by a few pages only."""
    engine = city.app.extensions["engine"]
    assert erasing.erase_rests(engine)  # no room in it either, as older tables left it
    with engine.connect() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    try:
        yield
    finally:
        with engine.connect() as db:
            db.exec_driver_sql("PRAGMA max_page_count = 1000000")


def test_a_full_database_is_said_and_goes_on_when_there_is_room(city, siti, claim):
    forms = [asked(siti) for _ in range(30)]
    with small_disk(city):
        pages = [form.submit("send") for form in forms]
    told = [page for page in pages if page.status == 203]
    refused = [page for page in pages if page.status != 203]
    held = kept(city)
    again = [page.form("/k/baru").submit().form("/k/baru").submit("send").status for page in refused]

    claim("on a full disk every concern is either kept or given back, and is sent when there is room again",
          f"{len(told)} acknowledged, {held} kept, {len(refused)} given back, {again.count(203)} of them sent later",
          "as many kept as acknowledged, all of the others given back and sent",
          holds=len(told) == held and refused and all(map(is_given_back, refused)) and set(again) == {203}
          and kept(city) == 30)


def test_what_would_be_acknowledged_and_not_kept_is_noticed(city, siti, monkeypatch):
    form = asked(siti)
    monkeypatch.setattr(Session, "commit", Session.rollback)

    page = form.submit("send")

    assert (is_given_back(page), kept(city)) == (False, 0)


def test_answers_that_would_not_be_given_back_are_noticed(city, siti, monkeypatch):
    form = asked(siti)
    monkeypatch.setattr("portal.web.carry.sealed_answers", lambda *_args: "")
    with small_disk(city):
        pages = [form.submit("send"), *(asked(siti).submit("send") for _ in range(20))]

    assert not all(map(is_given_back, (page for page in pages if page.status != 203)))


@pytest.mark.parametrize("trouble", ["moved away", "no database", "not readable"])
def test_a_database_that_is_gone_is_said_and_found_again(city, siti, tmp_path, claim, trouble):
    form, file = asked(siti), tmp_path / "city.sqlite"
    city.db.rollback()
    _move(tmp_path, tmp_path / "away")
    if trouble == "no database":
        file.write_bytes(b"this is no database, only bytes" * 500)
    elif trouble == "not readable":
        file.mkdir()

    page, numbers = form.submit("send"), siti.get("/bantuan")
    if file.is_dir():
        file.rmdir()
    _move(tmp_path, tmp_path / "strange")
    _move(tmp_path / "away", tmp_path)
    again = page.form("/k/baru").submit().form("/k/baru").submit("send")

    claim(f"database {trouble}: the concern is given back, the numbers are shown, and it is sent when it is back",
          f"{page.status}, {numbers.status}, then {again.status}, {kept(city)} kept", "503, 200, then 203, 1 kept",
          holds=is_given_back(page) and numbers.status == 200 and "112" in numbers.text and again.status == 203
          and kept(city) == 1)


@contextmanager
def three_megabytes(folder):
    """A disk of its own that is soon full."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False).returncode == 0
    if not mounted:
        give_up("a small disk can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_is_said_and_what_was_acknowledged_is_on_it(request, keys, tmp_path, claim):
    source, people = request.getfixturevalue("_sqlite_city")
    with three_megabytes(tmp_path / "small"):
        shutil.copy(source, tmp_path / "small/city.sqlite")
        for city in _city(f"sqlite:///{tmp_path}/small/city.sqlite", keys, people):
            siti = signed_in(city, city.siti)
            form = asked(siti)
            ballast = tmp_path / "small/ballast"
            ballast.write_bytes(bytes(os.statvfs(ballast.parent).f_bavail * 4096 - 300_000))
            pages = [asked(siti).submit("send") for _ in range(12)]
            told, held = sum(page.status == 203 for page in pages), kept(city)
            refused = [page for page in pages if page.status != 203]
            broken = whole(city)
            ballast.unlink()
            again = form.submit("send")

    claim("on a disk without room every concern is kept or given back, and the file stays whole",
          f"{told} acknowledged, {held} kept, {len(refused)} given back, broken: {broken}, then {again.status}",
          "as many kept as acknowledged, the others given back, nothing broken",
          holds=told == held and refused and all(map(is_given_back, refused)) and not broken and again.status == 203)


@pytest.mark.postgres
def test_a_postgresql_that_is_stopped_is_said_and_found_again(crashing_city, claim):
    city = crashing_city
    siti = signed_in(city, city.siti)
    form = asked(siti)
    city.server.stop()
    page, numbers = form.submit("send"), siti.get("/bantuan")
    city.server.start()
    again = page.form("/k/baru").submit().form("/k/baru").submit("send")

    claim("PostgreSQL stopped: the concern is given back, the numbers are shown, and it is sent when it is back",
          f"{page.status}, {numbers.status}, then {again.status}, {kept(city)} kept", "503, 200, then 203, 1 kept",
          holds=is_given_back(page) and numbers.status == 200 and again.status == 203 and kept(city) == 1)


def test_a_clock_that_jumps_loses_no_answer(city, siti, claim):
    other = signed_in(city, city.siti)
    forward, back = asked(siti), asked(other)
    with time_machine.travel(now() + A_YEAR, tick=False):
        later = forward.submit("send")
    with time_machine.travel(now() - A_YEAR, tick=False):
        earlier = back.submit("send")
    carried = [bool(page.root.all("input", name="carried")) for page in (later, earlier)]

    arrived = [sent_after_signing_in(city, page, code)
               for page, code in zip((later, earlier), city.siti.card, strict=False)]

    claim("a clock that jumps by a year, forward or back, loses no answer: they are carried over a new sign-in",
          f"carried: {carried}, then {arrived}, {kept(city)} kept", "both carried, then 203, 2 kept",
          holds=all(carried) and arrived == [203, 203] and kept(city) == 2)


def sent_after_signing_in(city, page, code):
    """Her answers, carried over a sign-in, and sent then."""
    while page.status == 403:  # a cookie of another time is worth nothing: she is asked once more
        page = page.form("/masuk").submit("ask")
    card = page.form("/masuk/kartu")
    signed = card.fill(who=city.siti.phone, pin=city.siti.secret, code=code).submit()
    return signed.form("/k/baru").submit().form("/k/baru").submit("send").status


def _move(here, there):
    """The database with all that lies beside it."""
    there.mkdir(exist_ok=True)
    for file in here.glob("city.sqlite*"):
        file.rename(there / file.name)
