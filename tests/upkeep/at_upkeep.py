"""A city whose backups can be made and opened, for the tests of upkeep."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from portal.base.settings import Settings
from portal.upkeep import backups, restoring, sealed
from portal.upkeep.backups import Backup
from portal.upkeep.restoring import Restored

PAIR = sealed.new_backup_pair()
REVISION = "test"


def settings_of(city: SimpleNamespace, folder: Path, **changes) -> Settings:
    """The city's settings with a place for backups, photos and the key file, which is written."""
    plain = {"backup_key": PAIR.public, "backup_dir": folder / "backups", "photos_dir": folder / "photos",
             "keys_file": folder / "keys.json"}
    settings = replace(city.settings, **{**plain, **changes})
    if not settings.keys_file.exists():
        city.keys.write(settings.keys_file)
    return settings


def by_hand(city: SimpleNamespace, statement: str) -> None:
    """As in SQLite's own shell, which by itself asks about no reference."""
    city.db.rollback()
    with closing(sqlite3.connect(city.url.removeprefix("sqlite:///"))) as shell, shell:
        shell.execute(statement)


def back_up(settings: Settings, *, trust_clock: bool = False) -> Backup:
    return backups.back_up(settings, REVISION, trust_clock=trust_clock)


def restore(made: Backup, folder: Path, url: str = "", *, private: bytes = PAIR.private) -> Restored:
    return restoring.restore(made.content, made.keys, private, folder, url or f"sqlite:///{folder}/portal.sqlite")
