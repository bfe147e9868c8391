"""PostgreSQL: the same with its own programs, `pg_dump` and `psql`. The server's password is never an argument."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import Connection, inspect, make_url, text

from portal.base.db import engine_for
from portal.upkeep.apart import TABLES, Counts, split
from portal.upkeep.archives import BadArchive

_VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "passfile": "PGPASSFILE", "dbname": "PGDATABASE", "service": "PGSERVICE", "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslcrl": "PGSSLCRL",
}
"""By what name these programs take what may stand in an address: they must reach the same server as the portal, and
not speak more openly with it."""
_HOMES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")


def take_apart(url: str, content: Path, keys: Path) -> Counts:
    """Two dumps of one moment, read back and counted. Raises `BadArchive` when a program is missing or fails."""
    engine = engine_for(url).execution_options(isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            counts = _counted(connection)
            moment = connection.scalar(text("SELECT pg_export_snapshot()"))
            wraps = [f"--table={table}" for table in TABLES]
            without = [f"--exclude-table-data={table}" for table in TABLES]
            _dump(url, content, f"--snapshot={moment}", *without)
            _dump(url, keys, f"--snapshot={moment}", "--data-only", *wraps)
    finally:
        engine.dispose()
    first, second = split(counts)
    if _dumped(content, first) != first or _dumped(keys, second) != second:
        raise BadArchive("The dump of the database does not have the rows that were counted. Try again.")
    return counts


def put_together(url: str, content: Path, keys: Path) -> tuple[Counts, int]:
    """Load both into an empty database, in one transaction. Raises `BadArchive` when it cannot be done."""
    _run("psql", url, "--no-psqlrc", "--quiet", "--output=/dev/null", "--single-transaction",
         "--set=ON_ERROR_STOP=1", f"--file={content}", f"--file={keys}")
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            lost = connection.scalar(text("SELECT count(*) FROM flags WHERE id NOT IN (SELECT id FROM content_keys)"))
            return _counted(connection), int(lost or 0)
    finally:
        engine.dispose()


def is_empty(url: str) -> bool:
    """Whether the database has no tables."""
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            return not inspect(connection).get_table_names()
    finally:
        engine.dispose()


def may_make_tables(url: str) -> bool:
    """Whether the role in the address could restore anything; the portal's own may not."""
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT has_schema_privilege('public', 'CREATE')")))
    finally:
        engine.dispose()


def _dump(url: str, file: Path, *options: str) -> None:
    _run("pg_dump", url, "--no-owner", "--no-privileges", f"--file={file}", *options)
    file.chmod(0o600)


def _dumped(file: Path, wanted: Counts) -> Counts:
    """The rows that stand in a dump, by table: each `COPY … FROM stdin;` up to its `\\.`."""
    counts, table = dict.fromkeys(wanted, 0), ""
    with file.open("rb") as dump:
        for line in dump:
            if table and line == b"\\.\n":
                table = ""
            elif table:
                counts[table] += 1
            elif line.startswith(b"COPY public.") and line.endswith(b" FROM stdin;\n"):
                table = line.split(b" ")[1].decode().removeprefix("public.").strip('"')
    return counts


def _counted(connection: Connection) -> Counts:
    return {table: connection.scalar(text(f'SELECT count(*) FROM "{table}"'))  # noqa: S608 - our own names
            for table in sorted(inspect(connection).get_table_names())}


def environment(url: str) -> dict[str, str]:
    """What leads PostgreSQL's own programs to the database of an address, wherever in it something stands."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    _arguments, given = address.get_dialect()().create_connect_args(address)
    return os.environ | {_VARIABLES[name]: str(value) for name, value in given.items() if name in _VARIABLES}


def _run(program: str, url: str, *arguments: str) -> None:
    done = subprocess.run([_program(program), *arguments], env=environment(url), stdin=subprocess.DEVNULL,  # noqa: S603
                          capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise BadArchive(f"{program} could not do its work: {said}")


def _program(name: str) -> str:
    """Where PostgreSQL's own program is; the newest, if there are several."""
    homes = sorted((home for pattern in _HOMES for home in Path("/").glob(pattern)), key=_version, reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, homes), os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise BadArchive(f"PostgreSQL's program {name} is not installed; on Debian: apt install postgresql-client")
    return found


def _version(home: Path) -> int:
    return int("".join(letter for letter in home.parent.name if letter.isdigit()) or 0)
