"""Every command: files that nobody else reads, and a sentence in place of a traceback."""

import os
import re
import sqlite3
import stat

import click
import pytest
from click.testing import CliRunner
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal import cli
from portal.base.settings import BadSettings, Settings
from portal.cli import database, setup


def careful(act):
    """A command that does this, as the portal registers it."""
    return cli._carefully(click.Command("act", callback=act))


@pytest.mark.parametrize(("trouble", "said"), [
    (BadSettings("There is no key file."), "There is no key file."),
    (PermissionError(13, "Permission denied", "/x/keys.json"), "Permission denied: /x/keys.json. Does it belong"),
    (OSError(28, "No space left on device"), "No space left on device: the disk."),
    (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
    (OperationalError("SELECT", {"story": "secret"}, sqlite3.OperationalError("no such table: flags\nsecret")),
     "no such table: flags. Does it run"),
    (ProgrammingError("ALTER TABLE", {}, InsufficientPrivilege("must be owner of table flags\nsecret")),
     "must be owner of table flags. Tables are made and changed by their owner alone")])
def test_a_trouble_is_told_in_a_sentence_that_says_what_to_do(trouble, said):
    def act():
        raise trouble

    done = CliRunner().invoke(careful(act))

    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
    assert "secret" not in done.output
    assert isinstance(done.exception, SystemExit)


def test_nobody_else_can_read_what_a_command_makes_and_the_rest_goes_on_as_before(tmp_path):
    before = os.umask(0o022)
    try:
        CliRunner().invoke(careful(lambda: (tmp_path / "made").write_text("x")))
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


def test_every_command_is_registered_so(city):
    assert {command.invoke.__qualname__ for command in city.app.cli.commands.values()} == {
        "_carefully.<locals>.invoke"}


def _options(command, *names):
    if isinstance(command, click.Group):
        return {one for name, under in command.commands.items() for one in _options(under, *names, name)}
    return {f"{' '.join(names)} {option.name}" for option in command.params}


def test_no_secret_is_given_in_a_command_where_the_list_of_processes_shows_it(city):
    options = _options(city.app.cli)

    assert "accounts add phone" in options
    assert [one for one in options if re.search("secret|pass|pin$|code$", one)] == ["accounts add area_code"]


def test_tables_are_brought_up_only_where_there_is_a_database(city, tmp_path):
    object.__setattr__(city.app.config["SETTINGS"], "database_url", f"sqlite:///{tmp_path}/none.sqlite")

    done = city.app.test_cli_runner().invoke(database.upgrade)

    assert "There is no database" in done.output
    assert not (tmp_path / "none.sqlite").exists()


def test_tables_are_taken_back_only_by_who_says_so(any_city):
    any_city.db.close()

    done = any_city.app.test_cli_runner().invoke(database.downgrade, ["0013"], input="n\n")
    unknown = any_city.app.test_cli_runner().invoke(database.db_group, ["downgrade", "9999", "--yes"])

    assert "Aborted" in done.output
    assert unknown.exit_code == 1
    assert "9999" in unknown.output
    assert isinstance(unknown.exception, SystemExit)
    assert "Tables: " in any_city.app.test_cli_runner().invoke(database.upgrade).output


def test_a_database_that_cannot_be_written_serves_nobody(city, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, _mode: str(path) != str(tmp_path / "city.sqlite"))
    settings = city.settings

    with pytest.raises(BadSettings, match="cannot be written by this account"):
        settings.check_serving()


def test_a_database_of_another_kind_is_refused_before_it_is_asked():
    with pytest.raises(BadSettings, match="begins with sqlite:/// or postgresql://"):
        Settings.from_environment({"PORTAL_DATABASE_URL": "postgres://x/y"})


def test_the_folder_of_a_new_database_is_for_nobody_else(city, tmp_path):
    object.__setattr__(city.app.config["SETTINGS"], "database_url", f"sqlite:///{tmp_path}/new/portal.sqlite")
    with city.app.app_context():
        setup.prepare_folder()

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
