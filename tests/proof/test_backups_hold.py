"""A backup is whole or not there; and from it a city stands again on an empty machine."""

import os
import random
import signal
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

from portal.app import create_app
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys
from portal.flags import commands as flags
from portal.flags.models import Flag
from portal.upkeep import archives, backups
from portal.upkeep.archives import BadArchive
from tests.conftest import settings_for
from tests.factories import a_flag, ring_of, viewer_of
from tests.proof.conftest import size
from tests.support.postgres import dies_with_us
from tests.upkeep.at_upkeep import PAIR, back_up, restore, settings_of

CONCERNS = size(short=1000, long=100_000)
KILLS = size(short=10, long=1000)
CHANCE = random.Random(7)
ROOT = Path(__file__).parent.parent.parent
IN_A_LOOP = """
from portal.base.settings import Settings
from portal.upkeep import backups
settings = Settings.from_environment()
print("ready", flush=True)
while True:
    backups.back_up(settings, "test")
"""
IN_PLACE = """
import pathlib, time
def copy(part, place):
    with part.open("rb") as source, place.open("wb") as target:
        while piece := source.read(20_000):
            target.write(piece)
            target.flush()
            time.sleep(60 if place.parent.name == "content" else 0)
    return place
pathlib.Path.rename = copy
"""


def test_a_city_stands_again_on_an_empty_machine_within_a_minute(city, tmp_path, claim):
    fill(city, CONCERNS)
    began = time.monotonic()
    made = back_up(settings_of(city, tmp_path))
    backed_up = time.monotonic() - began

    began = time.monotonic()
    restored = restore(made, tmp_path / "new machine")
    took = time.monotonic() - began
    story = opened_there(city, tmp_path / "new machine")

    claim("an officer opens a concern after the restore drill, and none is lost",
          f"{restored.counts['flags']} of {CONCERNS}, backed up in {backed_up:.1f} s", CONCERNS,
          holds=restored.counts["flags"] == CONCERNS and restored.unreadable == 0 and story == f"kabar {CONCERNS}")
    claim(f"{CONCERNS} concerns stand again on an empty machine", f"{took:.1f} s", "60 s", holds=took < 60)


def test_a_kill_at_any_moment_leaves_the_whole_backup_or_none_and_the_old_ones(city, tmp_path, claim):
    fill(city, 200)
    broken, made = kill_often(city, tmp_path, IN_A_LOOP, KILLS)

    figure = f"{broken} broken of {made} after {KILLS} kills"
    claim("a backup that is killed at any moment is whole or not there", figure, 0, holds=broken == 0)


def test_a_backup_that_was_written_in_place_would_be_found_broken(city, tmp_path):
    fill(city, 200)

    broken, _made = kill_often(city, tmp_path, IN_PLACE + IN_A_LOOP, 1, when=begun)

    assert broken == 1


def begun(settings, _usual: float) -> None:
    """As soon as a third content archive has its name."""
    until = time.monotonic() + 60
    while len(backups.content_archives(settings.backup_dir)) < 3 and time.monotonic() < until:
        time.sleep(0.05)


def any_moment(_settings, usual: float) -> None:
    """At any moment of the first few backups, by how long one takes."""
    time.sleep(CHANCE.uniform(0, 3 * usual))


def kill_often(city, folder: Path, program: str, kills: int, when=any_moment) -> tuple[int, int]:
    """End a program that makes one backup after the other, again and again. Gives how many backups do not open, or
    have lost their keys or their bytes since, and how many there are."""
    settings, began = settings_of(city, folder), time.monotonic()
    before = {archive: archive.read_bytes() for archive in back_up_twice(settings)}
    usual = (time.monotonic() - began) / 2
    environment = {**os.environ, "PORTAL_DATABASE_URL": city.url, "PORTAL_KEYS_FILE": str(settings.keys_file),
                   "PORTAL_BACKUP_DIR": str(settings.backup_dir), "PORTAL_PHOTOS_DIR": str(settings.photos_dir),
                   "PORTAL_BACKUP_KEY": b64encode(PAIR.public).decode()}
    for _ in range(kills):
        process = subprocess.Popen([*dies_with_us(), sys.executable, "-c", program], cwd=ROOT, env=environment,
                                   stdout=subprocess.PIPE)
        process.stdout.readline()
        when(settings, usual)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    there = backups.content_archives(settings.backup_dir)
    broken = sum(not is_whole(content) for content in there)
    return broken + sum(archive.read_bytes() != data for archive, data in before.items()), len(there)


def back_up_twice(settings) -> list[Path]:
    both = [back_up(settings), back_up(settings)]
    return [part for made in both for part in (made.content, made.keys)]


def is_whole(content: Path) -> bool:
    """Whether the paper opens an archive and the one that belongs to it, to their ends."""
    try:
        for part in (content, content.parent.parent / backups.KEYS / content.name):
            with archives.reading(part, PAIR.private) as (_head, tar):
                assert backups.DATABASE in tar.getnames()
    except (BadArchive, OSError):
        return False
    return True


def fill(city, number: int) -> None:
    """That many concerns, a few hundred at a time."""
    for first in range(0, number, 200):
        with writing(city.db):
            for one in range(first, min(first + 200, number)):
                a_flag(city.db, city.settings, city.siti, story=f"kabar {one + 1}")
        city.db.expunge_all()


def opened_there(city, folder: Path) -> str:
    """What an officer reads in the last concern, with her passphrase, the restored database and its key file."""
    url = f"sqlite:///{folder}/portal.sqlite"
    app = create_app(settings_for(url, ServerKeys.read(folder / "keys.json")))
    app.extensions["engine"].dispose()
    engine = engine_for(url)
    with session_for(engine) as session, writing(session):
        flag = session.query(Flag).order_by(Flag.received_at.desc()).first()
        ring, by = ring_of(city, city.rina, session), viewer_of(session, city.rina)
        story = flags.open_flag(session, ring, flag, by=by).story
    engine.dispose()
    return story
