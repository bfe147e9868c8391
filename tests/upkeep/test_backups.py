"""Backups: of one moment, whole or not there at all, and in two archives."""

import os
import shutil
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from portal.app import create_app
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.settings import BadSettings, Settings
from portal.cli import backup as commands
from portal.flags.models import ContentKey
from portal.upkeep import archives, backups, paper, sqlite
from portal.upkeep.archives import BadArchive
from tests.conftest import settings_for
from tests.followup.at_desk import sent
from tests.upkeep.at_upkeep import PAIR, back_up, restore, settings_of

STORY = "Terdengar teriakan tiap malam"
copy, counted = sqlite._copy, sqlite._counted


def test_the_copy_is_of_one_moment_while_others_write(city, tmp_path, monkeypatch):
    sent(city)
    late = iter([city])

    def counted_just_before_another_writes(connection):
        counts = counted(connection)
        for busy in late:
            sent(busy)
        return counts

    monkeypatch.setattr(sqlite, "_counted", counted_just_before_another_writes)

    made = back_up(settings_of(city, tmp_path))

    assert made.manifest.counts["flags"] == 1
    assert restore(made, tmp_path / "new").counts["flags"] == 1


def test_a_copy_without_the_rows_that_were_counted_is_no_backup(city, tmp_path, monkeypatch):
    sent(city)
    monkeypatch.setattr(sqlite, "_copy", lambda source, target: {**copy(source, target), "flags": 2})

    with pytest.raises(BadArchive, match="does not have the rows"):
        back_up(settings_of(city, tmp_path))

    assert all_files(tmp_path / "backups") == []


def test_the_content_archive_alone_holds_no_wrap_and_no_server_key(city, tmp_path):
    sent(city)
    wraps = [bytes(row.wrapped) for row in city.db.scalars(select(ContentKey))]
    made = back_up(settings_of(city, tmp_path))

    with archives.reading(made.content, PAIR.private) as (_head, tar):
        inside = {member.name: tar.extractfile(member).read() for member in tar}

    assert set(inside) == {"manifest.json", "database"}
    assert wraps
    assert not any(wrap in inside["database"] for wrap in wraps)


def test_only_the_server_may_read_them_and_no_copy_in_clear_is_left(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))

    assert [stat.S_IMODE(os.stat(file).st_mode) for file in (made.content, made.keys)] == [0o600, 0o600]
    assert sorted(all_files(tmp_path / "backups")) == sorted([made.content.name, made.keys.name])


def test_what_a_killed_backup_left_is_taken_away_by_the_next(city, tmp_path):
    settings = settings_of(city, tmp_path)
    left = settings.backup_dir / ".work-abc"
    left.mkdir(parents=True)
    (left / "database").write_bytes(b"half a copy")

    back_up(settings)

    assert not left.exists()


def test_two_at_once_are_refused(city, tmp_path):
    settings = settings_of(city, tmp_path)
    back_up(settings)

    with backups._alone(settings.backup_dir), pytest.raises(BadArchive, match="Another backup"):
        back_up(settings)


def test_of_today_all_are_kept_of_a_day_before_the_last_and_wraps_for_a_month(city, tmp_path):
    settings = settings_of(city, tmp_path, backup_days=60, backup_key_days=30)
    noon = now().replace(hour=12)
    for days, hours in ((70, 0), (50, 0), (20, 0), (20, 3), (0, 1), (0, 2)):
        with telling(noon - timedelta(days=days) + timedelta(hours=hours)):
            back_up(settings)
    (settings.backup_dir / "content/mine.ckb").touch()

    kept = {part: ages(settings.backup_dir / part, noon) for part in ("content", "keys")}

    assert kept == {"content": [(50, 0), (20, 3), (0, 1), (0, 2)], "keys": [(20, 3), (0, 1), (0, 2)]}


def test_without_a_key_or_without_a_database_there_is_no_backup(city, tmp_path):
    with pytest.raises(BadSettings, match="backup-key"):
        back_up(settings_of(city, tmp_path, backup_key=b""))
    with pytest.raises(BadArchive, match="no database"):
        back_up(settings_of(city, tmp_path, database_url=f"sqlite:///{tmp_path}/none.sqlite"))


@pytest.mark.parametrize("text_", ["x", "AAAA", "BA" + "A" * 84])
def test_a_backup_key_that_is_none_is_refused(text_):
    with pytest.raises(BadSettings):
        Settings.from_environment({"PORTAL_BACKUP_KEY": text_})


def test_the_paper_gives_back_the_key_and_names_a_mistyped_or_swapped_line():
    lines = paper.as_lines(PAIR.private)

    assert paper.read_lines("\n\n".join(line.upper().replace(" ", "-") for line in lines)) == PAIR.private
    with pytest.raises(paper.BadLine) as typo:
        paper.read_line(3, lines[2][:-1] + ("0" if lines[2][-1] != "0" else "1"))
    with pytest.raises(paper.BadLine) as swapped:
        paper.read_lines("\n".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(paper.BadLine) as missing:
        paper.read_lines("\n".join(lines[:7]))
    assert (typo.value.number, swapped.value.number, missing.value.number) == (3, 1, 0)


def test_from_the_key_to_a_restored_city_at_the_command_line(city, tmp_path):
    sent(city, story=STORY)
    run = city.app.test_cli_runner()
    printed = run.invoke(commands.backup_key).output
    setting = next(line for line in printed.splitlines() if line.startswith("PORTAL_BACKUP_KEY="))
    point = Settings.from_environment(dict([setting.split("=", 1)])).backup_key
    lines = [line.partition(":")[2].strip() for line in printed.splitlines() if line.startswith("  line ")]
    city.app.config["SETTINGS"] = settings_of(city, tmp_path, backup_key=point)

    made = run.invoke(commands.backup)
    files = [str(next((tmp_path / "backups" / part).iterdir())) for part in ("content", "keys")]
    refused = run.invoke(commands.restore, files, input="\n".join(lines))
    restored = run.invoke(commands.restore, [*files, "--into", str(tmp_path / "new")],
                          input="\n".join([lines[0], "mistyped", *lines[1:]]))

    assert (made.exit_code, refused.exit_code, restored.exit_code) == (0, 1, 0), (made.output, restored.output)
    assert "1 concerns" in made.output
    assert "is not empty" in refused.output
    assert "That line is mistyped" in restored.output
    assert "keys recover" in restored.output
    assert f"PORTAL_DATABASE_URL=sqlite:///{tmp_path}/new/portal.sqlite" in restored.output
    assert create_app(settings_for(f"sqlite:///{tmp_path}/new/portal.sqlite", city.keys)) is not None


def test_a_server_without_its_keys_or_its_tables_says_so(city, tmp_path):
    run = city.app.test_cli_runner()
    city.app.config["SETTINGS"] = replace(settings_of(city, tmp_path), keys=None, keys_file=tmp_path / "none.json")
    without_keys = run.invoke(commands.backup)
    city.app.config["SETTINGS"] = settings_of(city, tmp_path)
    city.db.rollback()
    with writing(city.db):
        city.db.execute(text("DROP TABLE alembic_version"))
    without_tables = run.invoke(commands.backup)

    assert "There is no key file" in without_keys.output
    assert "the database cannot be read" in without_tables.output


def test_trouble_is_said_in_one_sentence(city, tmp_path, monkeypatch):
    city.app.config["SETTINGS"] = settings_of(city, tmp_path)
    monkeypatch.setattr(shutil, "copyfileobj", full_disk)
    monkeypatch.setattr(backups.tarfile, "copyfileobj", full_disk)

    answer = city.app.test_cli_runner().invoke(commands.backup)

    assert answer.exit_code == 1
    assert "No backup was made: No space left on device." in answer.output


def full_disk(*_args, **_more):
    raise OSError(28, "No space left on device")


def all_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def ages(folder: Path, at) -> list[tuple[int, int]]:
    """How many days before `at` each archive was made, and how many hours after that."""
    noon = at.replace(microsecond=0)
    gaps = [moment - noon for moment in map(backups._moment, sorted(folder.iterdir())) if moment]
    return [(-gap.days, gap.seconds // 3600) for gap in gaps]
