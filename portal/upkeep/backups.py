"""Making a backup while the portal serves: two archives, whole and read back, or none; and letting old ones go.

`content/` may be kept long. `keys/` holds what opens it, and is kept for a month: so what was forgotten in the
portal is forgotten in its backups a month later.
"""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from portal.base import disk
from portal.base.clock import now
from portal.base.settings import BadSettings, Settings
from portal.upkeep import apart, archives, postgres, sqlite
from portal.upkeep.apart import Counts
from portal.upkeep.archives import ENDING, BadArchive, Head

CONTENT, KEYS = "content", "keys"
MANIFEST, DATABASE, PHOTOS = "manifest.json", "database", "photos"
_WORK = ".work-"
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
    """A backup that was made."""

    content: Path
    keys: Path
    manifest: Manifest


def back_up(settings: Settings, revision: str) -> Backup:
    """Make one backup of database, photos and server keys, then let go of old ones.

    `revision` is the shape of the tables. Raises `BadSettings` without a backup key, `BadArchive` when anything
    could not be copied, checked, or read back; then there is no new backup and all old ones are as they were.
    """
    if not settings.backup_key:
        raise BadSettings("There is no backup key. Make one with: flask --app wsgi backup-key")
    folder = settings.backup_dir
    for place in (folder, folder / CONTENT, folder / KEYS):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        _sweep(folder)
        with TemporaryDirectory(dir=folder, prefix=_WORK) as work:
            made = _make(settings, Path(work), revision)
        _rotate(folder, settings, now())
    return made


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
    name = f"{made_at:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
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


def _moment(file: Path) -> datetime | None:
    """When an archive was made, by its name; None for a file of another name, which is left alone."""
    try:
        return datetime.strptime(f"{file.name.partition('-')[0]}+0000", "%Y%m%dT%H%M%SZ%z")
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
