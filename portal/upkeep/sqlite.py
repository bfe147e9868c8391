"""SQLite: a copy taken while the portal serves, in two files, and made one again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from portal.upkeep.apart import TABLES, Counts, split
from portal.upkeep.archives import BadArchive

_URL = "sqlite:///"


def file_of(url: str) -> Path:
    """The file behind a URL."""
    return Path(url.removeprefix(_URL))


def require(url: str) -> None:
    """Raises `BadArchive` where there is no database."""
    if not file_of(url).exists():
        raise BadArchive(f"There is no database at {file_of(url)}.")


def take_apart(url: str, content: Path, keys: Path) -> Counts:
    """Copy the database as it is at one moment into two new files; what was counted in it at that moment.

    The copies are checked: whole, and with exactly these rows. Raises `BadArchive` where they are not, or where
    there is no database.
    """
    require(url)
    with _in_a_sentence():
        counts = _copy(file_of(url), content)
        _split(content, keys)
        first, second = split(counts)
        if _checked(content) != first or _checked(keys) != second:
            raise BadArchive("The copy of the database does not have the rows that were counted. Try again.")
        return counts


def _split(content: Path, keys: Path) -> None:
    """Move the wraps of a copy into a file of their own."""
    with closing(_open_copy(content)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute("ATTACH ? AS apart", (str(keys),))
        for table in TABLES:
            copy.execute(f"CREATE TABLE apart.{table} AS SELECT * FROM main.{table}")  # noqa: S608 - our own names
            copy.execute(f"DELETE FROM main.{table}")  # noqa: S608


def put_together(content: Path, keys: Path, *, same: bool) -> tuple[Counts, int, int]:
    """Make `content` the whole database again. Gives its counts, how many concerns no key is left for, and how many
    rows refer to what is not there: only a hand in the database itself makes such, and they are no reason to
    withhold all others.

    Where the two are not of the `same` backup, wraps of what the content does not have are left out. Raises
    `BadArchive` when the file is not sound.
    """
    with _in_a_sentence(), closing(_open_copy(content)) as whole:
        whole.execute("ATTACH ? AS apart", (str(keys),))
        whole.execute("BEGIN")
        for table in TABLES:
            whole.execute(f"INSERT INTO main.{table} SELECT * FROM apart.{table}")  # noqa: S608 - our own names
            if not same:
                _leave_out_strangers(whole, table)
        whole.execute("COMMIT")
        whole.execute("DETACH apart")
        astray = len(whole.execute("PRAGMA foreign_key_check").fetchall())
        locked = whole.execute("SELECT count(*) FROM flags WHERE id NOT IN (SELECT id FROM content_keys)")
        unreadable = int(locked.fetchone()[0])
    with _in_a_sentence():
        return _checked(content), unreadable, astray


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """A disk that is full, a file that is broken: SQLite's own words name no row."""
    try:
        yield
    except sqlite3.Error as error:
        raise BadArchive(f"The database could not be copied: {error}.") from error


def _copy(source: Path, target: Path) -> Counts:
    """The backup API inside a read transaction: what is counted and what is copied is the same moment."""
    with closing(_open(source)) as live, closing(_open_copy(target)) as copy:
        target.chmod(0o600)
        live.execute("BEGIN")
        counts = _counted(live)
        live.backup(copy)
        live.execute("COMMIT")
        return counts


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 5000")
    return connection


def _open_copy(file: Path) -> sqlite3.Connection:
    """A copy in the making: it is synced as a whole once it is done, not at each step."""
    connection = _open(file)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _checked(file: Path) -> Counts:
    with closing(_open_copy(file)) as copy:
        if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise BadArchive("The copy of the database is not sound. Is the disk?")
        return _counted(copy)


def _counted(connection: sqlite3.Connection) -> Counts:
    return {table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
            for table in _tables(connection)}


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]


def _leave_out_strangers(whole: sqlite3.Connection, table: str) -> None:
    rows = [(row,) for _table, row, _parent, _key in whole.execute(f"PRAGMA foreign_key_check({table})")]
    whole.executemany(f"DELETE FROM main.{table} WHERE rowid = ?", rows)  # noqa: S608
