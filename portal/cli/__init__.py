"""The `flask` commands: setting up, loading areas, making accounts, the demo city,
and what is done by the clock."""

from flask import Flask

from portal.cli import audit, backup, database, demo, doctor, keys, people, purge, sessions, setup, tick


def init_app(app: Flask) -> None:
    """Register every command group with the app."""
    for command in (database.db_group, setup.init, setup.areas_group, setup.calendar_group,
                    people.accounts_group, keys.keys_group, sessions.sessions_group, audit.audit_group,
                    backup.backup_key, backup.backup, backup.restore, purge.purge,
                    doctor.doctor, demo.demo, demo.demo_accounts, tick.tick):
        app.cli.add_command(command)
