"""The way back from a backup: into an empty place, checked, and there whole or not at all. Nothing is replaced."""

import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, inspect

from portal.base import disk
from portal.base.db import engine_for
from portal.casework.models import EarlyDeletion
from portal.upkeep import apart, archives, postgres, sqlite
from portal.upkeep.apart import Counts
from portal.upkeep.archives import BadArchive, Head
from portal.upkeep.backups import CONTENT, DATABASE, KEYS, MANIFEST, PHOTOS, Manifest

SQLITE_FILE, KEYS_FILE = "portal.sqlite", apart.KEYS_FILE
_WRAPS = "wraps"


@dataclass(frozen=True)
class Restored:
    """What was restored, from which moment. `unreadable`: concerns whose keys are not in the second archive;
    `astray`: rows that refer to what is not there; `spared`: concerns that were to be deleted early then."""

    content: Head
    keys: Head
    counts: Counts
    unreadable: int
    astray: int
    photos: int
    revision: str
    spared: int


def restore(content: Path, keys: Path, private: bytes, folder: Path, url: str) -> Restored:
    """Make `folder` hold what the two archives have: photos, the server's keys, and a SQLite database; a
    PostgreSQL one goes into the database `url`, which must be empty.

    Run as root, it all belongs to the owner of the folder, or where there is none yet of the one that it is made in.

    Raises `BadArchive`, and then nothing is there that was not before: when the folder holds anything or the
    database has tables (a portal may be running on them), and when an archive is not whole.
    """
    work = folder.parent / f".{folder.name}-restoring"
    try:
        _refuse_what_cannot_be_replaced(folder)
        shutil.rmtree(work, ignore_errors=True)  # of one that was ended in the middle
        disk.make_folder(folder.parent)
        work.mkdir(mode=0o700)
        restored = _unpack_and_join(content, keys, private, work, url)
        _sync(work)
        disk.hand_to_owner_of(folder if folder.exists() else folder.parent,
                              *work.rglob("*"), work)  # last the folder, which lets nobody in until then
        work.rename(folder)  # refuses a folder into which something came meanwhile
        disk.sync(folder.parent)
        return restored
    except OSError as error:
        raise BadArchive(f"The backup could not be restored: {disk.why(error)}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _refuse_what_cannot_be_replaced(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadArchive(f"{folder} is not empty: a portal may be running there. Name a new folder with --into.")
    if folder.is_mount():
        raise BadArchive(f"{folder} is a disk of its own, and cannot be put in place as a whole. Name a new folder "
                         f"on it: --into {folder / 'portal'}")


def _unpack_and_join(content: Path, keys: Path, private: bytes, work: Path, url: str) -> Restored:
    (work / PHOTOS).mkdir(mode=0o700)
    with_wraps = {DATABASE: work / _WRAPS, KEYS_FILE: work / KEYS_FILE}
    key_head, key_manifest = _unpack(keys, KEYS, private, with_wraps, None)
    head, manifest = _unpack(content, CONTENT, private, {DATABASE: work / SQLITE_FILE}, work / PHOTOS)
    if key_manifest.database != manifest.database:
        raise BadArchive("The two archives come from different kinds of database.")
    same = head.name == key_head.name
    counts, unreadable, astray, spared = _join(manifest, work, url, same=same)
    if same and counts != manifest.counts:
        raise BadArchive("What was restored does not have the rows that were backed up.")
    return Restored(head, key_head, counts, unreadable, astray, manifest.photos, manifest.revision, spared)


def _spared(address: str) -> int:
    """Nothing is deleted early that was to be when the backup was made: somebody may have stopped it since."""
    engine = engine_for(address)
    try:
        with engine.begin() as connection:
            if not inspect(connection).has_table(EarlyDeletion.__tablename__):
                return 0  # of an older version
            return connection.execute(delete(EarlyDeletion)).rowcount
    finally:
        engine.dispose()


def _join(manifest: Manifest, work: Path, url: str, *, same: bool) -> tuple[Counts, int, int, int]:
    database, wraps = work / SQLITE_FILE, work / _WRAPS
    if manifest.database == "sqlite":
        found, url = sqlite.put_together(database, wraps, same=same), f"sqlite:///{database}"
    else:
        if not url.startswith("postgresql") or not postgres.is_empty(url):
            raise BadArchive("This backup needs an empty PostgreSQL database. Set PORTAL_DATABASE_URL to one.")
        if not postgres.may_make_tables(url):
            raise BadArchive("This role may not make tables. For this command alone, set PORTAL_DATABASE_URL to the "
                             "database's owner: postgresql://portal_owner@…")
        found = (*postgres.put_together(url, database, wraps), 0)  # which itself lets nothing refer to nothing
        database.unlink()
    wraps.unlink()
    return (*found, _spared(url))


def _unpack(archive: Path, kind: str, private: bytes, wanted: dict[str, Path], photos: Path | None
            ) -> tuple[Head, Manifest]:
    """Write the files of an archive where they are wanted. Anything else in it is refused."""
    missing = {MANIFEST, *wanted}
    manifest: dict[str, Any] = {}
    with archives.reading(archive, private) as (head, tar):
        if head.kind != kind:
            raise BadArchive(f"{archive.name} is the archive of the {head.kind}, where that of the {kind} is needed.")
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is None:
                raise BadArchive(f"{archive.name} holds something that is not a file.")
            if member.name == MANIFEST:
                manifest = json.load(file)
            else:
                with _place(member, wanted, photos).open("xb") as target:
                    shutil.copyfileobj(file, target, 1024 * 1024)
            missing.discard(member.name)
    if missing:
        raise BadArchive(f"{archive.name} is not complete.")
    return head, Manifest(**manifest)


def _place(member: tarfile.TarInfo, wanted: dict[str, Path], photos: Path | None) -> Path:
    folder, _, name = member.name.rpartition("/")
    if member.name in wanted:
        return wanted[member.name]
    if photos is None or folder != PHOTOS or not name.endswith(".jpg"):
        raise BadArchive("The archive holds a file that this portal does not know.")
    return photos / name


def _sync(work: Path) -> None:
    """Everything on the disk, for the server's own account alone, before it gets its name."""
    for path in work.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        disk.sync(path)
    disk.sync(work)
