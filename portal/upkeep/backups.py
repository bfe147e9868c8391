"""Making a backup while the portal serves: two archives, whole and read back, or none; and letting old ones go.

`content/` may be kept long. `keys/` holds what opens it, and is kept for a month: so what was forgotten in the
portal is forgotten in its backups a month later.
"""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from portal.base import disk
from portal.base.clock import LONGEST_AWAY, now
from portal.base.settings import BadSettings, Settings
from portal.upkeep import apart, archives, postgres, sqlite
from portal.upkeep.apart import Counts
from portal.upkeep.archives import ENDING, BadArchive, Head

CONTENT, KEYS = "content", "keys"
MANIFEST, DATABASE, PHOTOS = "manifest.json", "database", "photos"
_WORK, _CLOCK = ".work-", ".clock"
_NAMED = "%Y%m%dT%H%M%SZ"
_ALL_OF = timedelta(days=1)
"""Of the last day every backup is kept, of the days before the last one of each."""


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself, inside the seal. `database` is `sqlite` or `postgresql`."""

    database: str
    revision: str
    counts: Counts
    photos: int


@dataclass(frozen=True)
class Backup:
    """A backup that was made. `doubt`: no old one was let go of, because the last one before this was made as long
    ago as that, and the clock may have run ahead."""

    content: Path
    keys: Path
    manifest: Manifest
    doubt: datetime | None = None


def back_up(settings: Settings, revision: str, *, trust_clock: bool = False) -> Backup:
    """Make one backup of database, photos and server keys, then let go of old ones.

    `revision` is the shape of the tables. With `trust_clock` somebody says that the clock is right, however long ago
    the last backup was. Raises `BadSettings` without a backup key, `BadArchive` when anything
    could not be copied, checked, or read back; then there is no new backup and all old ones are as they were.
    What root makes belongs to the owner of the backups' folder, so that the timer's account goes on with it.
    """
    if not settings.backup_key:
        raise BadSettings("There is no backup key. Make one with: flask --app wsgi backup-key")
    folder = settings.backup_dir
    for place in (folder, folder / CONTENT, folder / KEYS):
        disk.make_folder(place)
    disk.hand_to_owner_of(folder, folder / CONTENT, folder / KEYS)
    with _alone(folder):
        _sweep(folder)
        last = _last_time(folder)
        if last:
            _put_down(folder, last)  # before there is an archive whose name may say a wrong time
        with TemporaryDirectory(dir=folder, prefix=_WORK) as work:
            disk.hand_to_owner_of(folder, Path(work))  # so that the next one, by another account, can sweep it
            made = _make(settings, Path(work), revision)
        doubt = last if last and now() - last > LONGEST_AWAY and not trust_clock else None
        if not doubt:
            _rotate(folder, settings, now())
            _put_down(folder, now())
    return replace(made, doubt=doubt)


def content_archives(folder: Path) -> list[Path]:
    """The backups that are there, oldest first."""
    return sorted((folder / CONTENT).glob(f"*{ENDING}"))


def _make(settings: Settings, work: Path, revision: str) -> Backup:
    store = postgres if settings.database_url.startswith("postgresql") else sqlite
    database, wraps = work / "database", work / "wraps"
    counts = store.take_apart(settings.database_url, database, wraps)
    photos = sorted(settings.photos_dir.glob("*.jpg"))
    manifest = Manifest(store.__name__.rpartition(".")[2].replace("postgres", "postgresql"), revision, counts,
                        len(photos))
    made_at = now()
    name = f"{made_at:{_NAMED}}-{uuid4().hex[:8]}"
    public = settings.backup_key

    def put_content(tar: tarfile.TarFile) -> None:
        tar.add(database, DATABASE)
        for photo in photos:
            _add_if_there(tar, photo)

    def put_keys(tar: tarfile.TarFile) -> None:
        tar.add(wraps, DATABASE)
        tar.add(settings.keys_file, apart.KEYS_FILE)

    for kind, put in ((KEYS, put_keys), (CONTENT, put_content)):
        head = Head(kind, name, made_at.isoformat(), archives.fingerprint(public))
        _archive(work / kind, head, public, manifest, put)
        disk.hand_to_owner_of(settings.backup_dir, work / kind)
    keys, content = (_publish(work / kind, settings.backup_dir / kind / f"{name}{ENDING}")
                     for kind in (KEYS, CONTENT))  # in this order: a content archive that is there has its wraps
    return Backup(content, keys, manifest)


def _archive(path: Path, head: Head, public: bytes, manifest: Manifest,
             put: Callable[[tarfile.TarFile], None]) -> None:
    with archives.writing(path, head, public) as tar:
        said = json.dumps(asdict(manifest)).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(said)
        tar.addfile(info, io.BytesIO(said))
        put(tar)


def _publish(ready: Path, place: Path) -> Path:
    ready.rename(place)
    disk.sync(place.parent)
    return place


def _add_if_there(tar: tarfile.TarFile, photo: Path) -> None:
    """A photo; one that was taken away a moment ago is not missed."""
    try:
        tar.add(photo, f"{PHOTOS}/{photo.name}")
    except FileNotFoundError:
        return


def _rotate(folder: Path, settings: Settings, at: datetime) -> None:
    """Let go of what is too old, and of all but the last of each day before today's."""
    for part, days in ((CONTENT, settings.backup_days), (KEYS, settings.backup_key_days)):
        moments = {file: moment for file in sorted((folder / part).glob(f"*{ENDING}")) if (moment := _moment(file))}
        last_of = {moment.date(): file for file, moment in moments.items()}
        for file, moment in moments.items():
            age = at - moment
            if age > timedelta(days=days) or (age > _ALL_OF and last_of[moment.date()] != file):
                file.unlink()
        disk.sync(folder / part)


def _last_time(folder: Path) -> datetime | None:
    """When the last backup was made whose clock was not doubted. One that was doubted proves nothing by its name."""
    put_down = folder / _CLOCK
    if put_down.exists() and (moment := _read(put_down.read_text(errors="replace"))):
        return moment
    return max(filter(None, map(_moment, content_archives(folder))), default=None)


def _put_down(folder: Path, moment: datetime) -> None:
    draft = folder / f"{_CLOCK}-new"
    draft.write_text(f"{moment:{_NAMED}}")
    disk.sync(draft)
    disk.hand_to_owner_of(folder, draft)
    draft.replace(folder / _CLOCK)
    disk.sync(folder)


def _moment(file: Path) -> datetime | None:
    """When an archive was made, by its name; None for a file of another name, which is left alone."""
    return _read(file.name.partition("-")[0])


def _read(named: str) -> datetime | None:
    try:
        return datetime.strptime(f"{named}+0000", f"{_NAMED}%z")
    except ValueError:
        return None


def _sweep(folder: Path) -> None:
    """Take away what a backup that was ended in the middle left."""
    for left in folder.glob(f"{_WORK}*"):
        for file in left.iterdir():
            file.unlink()
        left.rmdir()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time."""
    try:
        with disk.alone_in(folder):
            yield
    except BlockingIOError as error:
        raise BadArchive("Another backup is being made just now.") from error
