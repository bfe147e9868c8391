"""The `flask` commands: setting up, loading areas, making accounts, the demo city,
and what is done by the clock."""

from flask import Flask

from portal.cli import backup, database, demo, people, purge, sessions, setup, tick


def init_app(app: Flask) -> None:
    """Register every command group with the app."""
    for command in (database.db_group, setup.init, setup.areas_group, setup.calendar_group,
                    people.accounts_group, sessions.sessions_group, demo.demo, demo.demo_accounts, tick.tick,
                    backup.backup_key, backup.backup, backup.restore, purge.purge):
        app.cli.add_command(command)
