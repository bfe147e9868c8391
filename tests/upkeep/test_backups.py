"""Backups: whole or not there at all, opened by the paper alone, and the way back from them."""

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
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import BadSettings, ServerKeys, Settings
from portal.cli import backup as commands
from portal.flags import commands as flags
from portal.flags.models import ContentKey, Flag
from portal.upkeep import archives, backups, paper, sealed, sqlite
from portal.upkeep.archives import BadArchive
from tests.conftest import settings_for
from tests.factories import ring_of, viewer_of
from tests.followup.at_desk import sent
from tests.support.postgres import Unavailable, temporary_postgres
from tests.upkeep.at_upkeep import PAIR, back_up, restore, settings_of

STORY = "Terdengar teriakan tiap malam"


def test_an_officer_opens_a_concern_from_a_restored_backup(city, tmp_path):
    flag_id = sent(city, story=STORY)
    settings = settings_of(city, tmp_path)
    settings.photos_dir.mkdir()
    (settings.photos_dir / "a.jpg").write_bytes(b"picture")

    restored = restore(back_up(settings), tmp_path / "new")

    assert (restored.counts["flags"], restored.photos, restored.unreadable) == (1, 1, 0)
    assert (tmp_path / "new/photos/a.jpg").read_bytes() == b"picture"
    assert ServerKeys.read(tmp_path / "new/keys.json") == city.keys
    assert story_in(f"sqlite:///{tmp_path}/new/portal.sqlite", city, flag_id) == STORY


@pytest.mark.postgres
def test_the_same_on_postgresql(postgres_city, tmp_path):
    flag_id = sent(postgres_city, story=STORY)
    settings = settings_of(postgres_city, tmp_path)
    made = back_up(settings)
    try:
        with temporary_postgres() as url:
            restored = restore(made, tmp_path / "new", url)

            assert (restored.counts, restored.unreadable) == (made.manifest.counts, 0)
            assert story_in(url, postgres_city, flag_id) == STORY
            with pytest.raises(BadArchive, match="needs an empty PostgreSQL"):
                restore(made, tmp_path / "again", url)
            assert not (tmp_path / "again").exists()
    except Unavailable as missing:
        pytest.skip(str(missing))


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


def test_the_wraps_of_today_open_the_content_of_last_week_as_far_as_nothing_was_forgotten(city, tmp_path):
    kept, forgotten = sent(city, story=STORY), sent(city)
    settings = settings_of(city, tmp_path)
    before = back_up(settings)
    with writing(city.db):
        city.db.execute(text("DELETE FROM content_keys WHERE flag_id = :id"), {"id": forgotten.hex})
    sent(city)  # its wrap belongs to nothing in the content of last week
    after = back_up(settings)

    restored = restore(backups.Backup(before.content, after.keys, before.manifest), tmp_path / "new")

    assert (restored.counts["flags"], restored.counts["content_keys"], restored.unreadable) == (2, 1, 1)
    assert story_in(f"sqlite:///{tmp_path}/new/portal.sqlite", city, kept) == STORY


def test_another_key_opens_nothing_and_leaves_nothing_behind(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))

    with pytest.raises(BadArchive, match="does not open with this key"):
        restore(made, tmp_path / "new", private=sealed.new_backup_pair().private)

    assert sorted(path.name for path in tmp_path.iterdir() if "new" in path.name) == []


@pytest.mark.parametrize("part", ["content", "keys"])
@pytest.mark.parametrize("harm", ["cut", "cut to a chunk", "one bit", "longer", "empty", "other head"])
def test_a_harmed_archive_is_refused_and_nothing_is_restored(city, tmp_path, part, harm):
    sent(city)
    made = back_up(settings_of(city, tmp_path))
    file = getattr(made, part)
    data = file.read_bytes()
    body = data.index(b"\n", len(archives._MAGIC)) + 1
    file.write_bytes({
        "cut": data[:-100], "cut to a chunk": data[:body],
        "one bit": data[:-30] + bytes([data[-30] ^ 1]) + data[-29:],
        "longer": data + data[-1000:], "empty": b"", "other head": data.replace(b"2026", b"2025", 1)}[harm])

    with pytest.raises(BadArchive):
        restore(made, tmp_path / "new")

    assert [path for path in tmp_path.iterdir() if "new" in path.name] == []


def test_nothing_is_restored_into_a_folder_with_anything_in_it(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "there/portal.sqlite").write_bytes(b"live")

    with pytest.raises(BadArchive, match="a portal may be running there"):
        restore(made, tmp_path / "there")

    assert all_files(tmp_path / "there") == ["portal.sqlite"]


def test_a_portal_that_came_up_meanwhile_is_not_overwritten(city, tmp_path, monkeypatch):
    made = back_up(settings_of(city, tmp_path))

    def put(*_args):
        (tmp_path / "new").mkdir()
        (tmp_path / "new/portal.sqlite").write_bytes(b"live")
        return put_together(*_args)

    monkeypatch.setattr(sqlite, "put_together", put)

    with pytest.raises(BadArchive, match="could not be restored"):
        restore(made, tmp_path / "new")

    assert (tmp_path / "new/portal.sqlite").read_bytes() == b"live"


def test_the_two_archives_cannot_be_given_the_wrong_way_round(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))

    with pytest.raises(BadArchive, match="is the archive of the content"):
        restore(backups.Backup(made.keys, made.content, made.manifest), tmp_path / "new")


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


def test_a_restore_that_was_killed_leaves_nothing_that_the_next_one_does_not_take_away(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))
    left = tmp_path / ".new-restoring"
    left.mkdir()
    (left / "keys.json").write_text("half")

    restore(made, tmp_path / "new")

    assert not left.exists()
    assert ServerKeys.read(tmp_path / "new/keys.json") == city.keys


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


copy, counted, put_together = sqlite._copy, sqlite._counted, sqlite.put_together


def full_disk(*_args, **_more):
    raise OSError(28, "No space left on device")


def story_in(url: str, city, flag_id) -> str:
    """What an officer reads there with the passphrase she has."""
    engine = engine_for(url)
    with session_for(engine) as session, writing(session):
        flag = session.get_one(Flag, flag_id)
        story = flags.open_flag(session, ring_of(session, city.rina), flag, by=viewer_of(session, city.rina)).story
    engine.dispose()
    return story


def all_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def ages(folder: Path, at) -> list[tuple[int, int]]:
    """How many days before `at` each archive was made, and how many hours after that."""
    noon = at.replace(microsecond=0)
    gaps = [moment - noon for moment in map(backups._moment, sorted(folder.iterdir())) if moment]
    return [(-gap.days, gap.seconds // 3600) for gap in gaps]
