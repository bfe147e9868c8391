"""`flask db …`: bringing the tables to the present shape."""

from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from flask.cli import AppGroup
from sqlalchemy import Connection, inspect
from sqlalchemy.orm import Session

from portal.accounts import resealing
from portal.web import config, db

ROOT = Path(__file__).parent.parent.parent
db_group = AppGroup("db", help="Tables and their changes.")


@db_group.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables up to REVISION (default: the newest)."""
    with db.engine().begin() as connection:
        unmarked = _has_keys_without_room_for_marks(connection)
        command.upgrade(alembic_config(connection), revision)
        if unmarked and not _has_keys_without_room_for_marks(connection):
            with Session(connection, join_transaction_mode="rollback_only") as session:
                resealing.mark_first(session, config.settings().require_keys())
                session.flush()


def _has_keys_without_room_for_marks(connection: Connection) -> bool:
    """Whether this is a database from before 0012, whose people's keys are to be marked this one time."""
    tables = inspect(connection)
    return tables.has_table("devices") and "mark" not in {one["name"] for one in tables.get_columns("devices")}


@db_group.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION."""
    with db.engine().begin() as connection:
        command.downgrade(alembic_config(connection), revision)


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
    """Make the folder that a SQLite file lies in."""
    url = config.settings().database_url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
