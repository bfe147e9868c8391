"""The `flask` commands: setting up, loading areas, making accounts, the demo city,
and what is done by the clock."""

import os
import sqlite3
from typing import Any

import click
from alembic.util import CommandError
from flask import Flask
from sqlalchemy.exc import DBAPIError

from portal.base.settings import BadSettings
from portal.cli import audit, backup, database, demo, doctor, keys, people, purge, sessions, setup, tick
from portal.upkeep.erasing import NOT_ALLOWED


def _carefully(command: click.Command) -> click.Command:
    """The command, whose files nobody else can read, and which tells its troubles in a sentence."""
    inner = command.invoke

    def invoke(context: click.Context) -> Any:
        before = os.umask(0o077)
        try:
            return inner(context)
        except BadSettings as error:
            raise click.ClickException(str(error)) from error
        except CommandError as error:  # Alembic's: a revision that is not known
            raise click.ClickException(str(error)) from error
        except (DBAPIError, sqlite3.Error) as error:
            raise click.ClickException(_about_the_database(error)) from error
        except OSError as error:
            what = f"{error.strerror or error}: {error.filename or 'the disk'}"
            raise click.ClickException(f"{what}. Does it belong to the account that serves, and is there room?"
                                       ) from error
        finally:
            os.umask(before)

    command.invoke = invoke  # type: ignore[method-assign]
    return command


def _about_the_database(error: DBAPIError | sqlite3.Error) -> str:
    """What a person can do about it."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") == NOT_ALLOWED:
        return (f"The database could not do it: {database.first_line(error)}. Tables are made and changed by their "
                "owner alone, and after that deploy/postgres-roles.sql is run once more.")
    return (f"The database could not do it: {database.first_line(error)}. Does it run, is there room on the disk, "
            "and are its tables of this version (flask --app wsgi db upgrade)?")


COMMANDS = tuple(map(_carefully, (
    database.db_group, setup.init, setup.areas_group, setup.calendar_group, people.accounts_group, keys.keys_group,
    sessions.sessions_group, audit.audit_group, backup.backup_key, backup.backup, backup.restore, purge.purge,
    doctor.doctor, demo.demo, demo.demo_accounts, tick.tick)))


def init_app(app: Flask) -> None:
    """Register every command group with the app."""
    for command in COMMANDS:
        app.cli.add_command(command)
