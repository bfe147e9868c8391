"""`flask db …`: bringing the tables to the present shape."""

import sqlite3
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from flask.cli import AppGroup
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.accounts import resealing
from portal.accounts.models import Account
from portal.base import disk
from portal.base.settings import Settings
from portal.upkeep import erasing
from portal.web import config, db

ROOT = Path(__file__).parent.parent.parent
db_group = AppGroup("db", help="Tables and their changes.")


@db_group.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables up to REVISION (default: the newest)."""
    if there_is_none(config.settings()):
        raise click.ClickException(f"There is no database at {config.settings().sqlite_file}. Are the settings "
                                   "loaded? A new city begins with: flask --app wsgi init")
    before = _standing_at()
    bring_up(revision)
    click.echo(f"Tables: {before or 'none'} before, {_standing_at()} now.")


def bring_up(revision: str = "head") -> None:
    """Bring the tables up, and do what then takes the server's keys: all of it, or nothing. What older tables leave
    in a SQLite file is taken away after that."""
    with db.engine().begin() as connection:
        _refuse_another_encoding(connection)
        before, shape = _yet_to_come(connection), _shape(connection)
        command.upgrade(alembic_config(connection), revision)
        for column in before - _yet_to_come(connection):
            with Session(connection, join_transaction_mode="rollback_only") as session:
                _FIRST[column](session, config.settings().require_keys())
        changed = shape not in {None, _shape(connection)}
    if changed and db.engine().dialect.name == "sqlite":
        erasing.erase_rests(db.engine())


def _shape(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


_MARKS, _LOCKS = ("devices", "mark"), ("staff_keys", "twice_locked")
_FIRST = {_MARKS: resealing.mark_first, _LOCKS: resealing.lock_first}
"""What is done once, when a column comes, and takes the server's keys, which a migration has not."""


def _yet_to_come(connection: Connection) -> set[tuple[str, str]]:
    """Which of these columns tables that are there have not yet: with a new database, none."""
    tables = inspect(connection)
    return {(table, column) for table, column in _FIRST
            if tables.has_table(table) and column not in {one["name"] for one in tables.get_columns(table)}}


@db_group.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
def downgrade(revision: str, yes: bool) -> None:
    """Take the tables back to REVISION. What only newer versions keep is deleted: make a backup first."""
    if not yes:
        click.confirm("What only newer versions keep is deleted. Is there a backup, and is the portal stopped?",
                      abort=True)
    before = _standing_at()
    take_back(revision)
    click.echo(f"Tables: {before or 'none'} before, {_standing_at() or 'none'} now.")


def take_back(revision: str) -> None:
    """Take the tables back to a revision, and what needs the server's keys with them: all of it, or nothing."""
    with db.engine().begin() as connection:
        before = _yet_to_come(connection)
        command.downgrade(alembic_config(connection), revision)
        if _LOCKS in _yet_to_come(connection) - before:
            resealing.unlock_last(connection, config.settings().require_keys())


@db_group.command()
@click.argument("message")
def revise(message: str) -> None:
    """Write a new migration from what changed in the models."""
    with db.engine().connect() as connection:
        command.revision(alembic_config(connection), message, autogenerate=True)


def alembic_config(connection: object) -> Config:
    """Alembic's settings, bound to an open connection so that a migration is one transaction."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["connection"] = connection
    return config


def prepare_folder() -> None:
    """Make the folder that a SQLite file lies in, for nobody else to look into."""
    file = config.settings().sqlite_file
    if file is not None:
        disk.make_folder(file.parent)


def there_is_none(settings: Settings) -> bool:
    """Whether there is no database yet: asking SQLite anything would make an empty one."""
    file = settings.sqlite_file
    return file is not None and not file.exists()


def has_accounts(settings: Settings) -> bool:
    """Whether the database was begun: then it belongs to the keys that it was begun with."""
    if there_is_none(settings):
        return False
    with db.engine().connect() as connection:
        begun = inspect(connection).has_table("accounts")
        return begun and connection.scalar(select(Account.id).limit(1)) is not None


def no_keys(settings: Settings) -> str:
    """What to do when the key file is not where the settings say."""
    if has_accounts(settings):
        return (f"There is no key file at {settings.keys_file}, and this database belongs to one. Make no other: "
                "bring it back, or take it from a backup in keys/ (docs/backup.md).")
    return f"There is no key file at {settings.keys_file}. Make it with: flask --app wsgi init"


def first_line(error: DBAPIError | sqlite3.Error) -> str:
    """What the database says; of it only the first line, because further ones quote values."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    return said[0] if said else "it said nothing"


def _refuse_another_encoding(connection: Connection) -> None:
    """PostgreSQL keeps text as it comes where its database knows no encoding, and counts bytes for letters."""
    if connection.dialect.name == "postgresql":
        encoding = connection.scalar(text("SELECT current_setting('server_encoding')"))
        if encoding != "UTF8":
            raise click.ClickException(f"This database's encoding is {encoding}. Make another, which is empty: "
                                       "createdb -E UTF8 -T template0 portal")


def _standing_at() -> str:
    with db.engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""
