"""Backups: of one moment, whole or not there at all, and in two archives."""

import io
import os
import pwd
import shutil
import sqlite3
import stat
import tarfile
from contextlib import closing
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
from portal.upkeep import archives, backups, paper, postgres, sqlite
from portal.upkeep.archives import BadArchive
from tests.conftest import settings_for
from tests.followup.at_desk import sent
from tests.upkeep.at_upkeep import PAIR, back_up, by_hand, restore, settings_of

STORY = "Terdengar teriakan tiap malam"
copy, counted, split = sqlite._copy, sqlite._counted, sqlite._split


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


@pytest.mark.parametrize(("part", "harm", "why"), [
    ("content", "DELETE FROM flag_steps", "does not have the rows"),
    ("keys", "DELETE FROM content_keys", "does not have the rows"),
    ("content", "UPDATE flags SET status = 'none'", "is not sound"),
])
def test_a_copy_that_is_not_what_the_database_has_is_no_backup(city, tmp_path, monkeypatch, part, harm, why):
    sent(city)

    def split_and_harmed(content, keys):
        split(content, keys)
        with closing(sqlite3.connect(content if part == "content" else keys)) as copy:
            copy.execute("PRAGMA ignore_check_constraints = ON")
            assert copy.execute(harm).rowcount > 0
            copy.commit()

    monkeypatch.setattr(sqlite, "_split", split_and_harmed)

    with pytest.raises(BadArchive, match=why):
        back_up(settings_of(city, tmp_path))

    assert all_files(tmp_path / "backups") == []


@pytest.mark.postgres
@pytest.mark.parametrize(("file", "table"), [("database", "flag_steps"), ("wraps", "content_keys")])
def test_a_dump_that_lost_a_row_is_no_backup(postgres_city, tmp_path, monkeypatch, file, table):
    sent(postgres_city)
    dump = postgres._dump

    def dump_and_lose(url, place, *options):
        dump(url, place, *options)
        if place.name == file:
            head, copy, rows = place.read_bytes().partition(f"\nCOPY public.{table} ".encode())
            columns, first, others = rows.split(b"\n", 2)
            assert first != b"\\."
            place.write_bytes(b"\n".join((head + copy + columns, others)))

    monkeypatch.setattr(postgres, "_dump", dump_and_lose)

    with pytest.raises(BadArchive, match="does not have the rows that were counted"):
        back_up(settings_of(postgres_city, tmp_path))

    assert all_files(tmp_path / "backups") == []


@pytest.mark.parametrize("part", ["content", "keys"])
def test_what_the_disk_does_not_give_back_as_it_was_written_is_no_backup(city, tmp_path, monkeypatch, part):
    old = back_up(settings_of(city, tmp_path))
    sync, harmed = os.fsync, []

    def sync_and_harm(handle):
        sync(handle)
        file = Path(os.readlink(f"/proc/self/fd/{handle}"))
        if file.name == part and file.is_file():
            harmed.append(file.name)
            os.pwrite(handle, b"?", os.fstat(handle).st_size - 1)

    monkeypatch.setattr(os, "fsync", sync_and_harm)

    with pytest.raises(BadArchive, match="could not be read back from the disk"):
        back_up(settings_of(city, tmp_path))

    assert harmed == [part]
    assert sorted(all_files(tmp_path / "backups")) == sorted([old.content.name, old.keys.name])


def test_the_content_archive_alone_holds_no_wrap_and_no_server_key(city, tmp_path):
    sent(city)
    wraps = [bytes(row.wrapped) for row in city.db.scalars(select(ContentKey))]
    made = back_up(settings_of(city, tmp_path))

    with archives.reading(made.content, PAIR.private) as (_head, tar):
        inside = {member.name: tar.extractfile(member).read() for member in tar}

    assert set(inside) == {"manifest.json", "database"}
    assert wraps
    assert not any(wrap in inside["database"] for wrap in wraps)


def test_whoever_leaves_an_archive_before_its_end_is_told_all_the_same_that_it_is_harmed(tmp_path):
    file, data = tmp_path / "some.ckb", bytes(3 * 1024 * 1024)
    with archives.writing(file, archives.Head("content", "some", "", ""), PAIR.public) as tar:
        for name in ("first", "second"):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

    def first():
        with archives.reading(file, PAIR.private) as (_head, tar):
            return tar.next().name

    assert first() == "first"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BadArchive, match="damaged or not complete"):
        first()


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


def test_what_is_taken_apart_lies_in_the_backups_own_folder_alone(any_city, tmp_path, monkeypatch):
    sent(any_city)
    settings, seen = settings_of(any_city, tmp_path), []
    store = sqlite if settings.sqlite_file else postgres
    apart = store.take_apart
    monkeypatch.setattr(store, "take_apart", lambda url, *files: seen.extend(files) or apart(url, *files))

    back_up(settings)

    assert len(seen) == 2
    for file in seen:  # of one that is killed the next one takes it away
        assert file.is_relative_to(settings.backup_dir)
        assert not file.exists()


def test_a_content_archive_is_never_there_without_its_wraps(city, tmp_path, monkeypatch):
    settings, publish, published = settings_of(city, tmp_path), backups._publish, []

    def only_the_first(ready, place):
        if published:
            raise OSError(28, "No space left on device")
        published.append(place)
        return publish(ready, place)
    monkeypatch.setattr(backups, "_publish", only_the_first)

    with pytest.raises(OSError, match="No space"):
        back_up(settings)

    assert [place.parent.name for place in published] == ["keys"]
    assert backups.content_archives(settings.backup_dir) == []


def test_of_today_all_are_kept_of_a_day_before_the_last_and_wraps_for_a_month(city, tmp_path):
    settings = settings_of(city, tmp_path, backup_days=60, backup_key_days=30)
    noon = now().replace(hour=12)
    for days, hours in ((70, 0), (60, -5), (50, 0), (30, -5), (20, 0), (20, 3), (0, 1), (0, 2)):
        with telling(noon - timedelta(days=days) + timedelta(hours=hours)):
            back_up(settings, trust_clock=True)
    (settings.backup_dir / "content/mine.ckb").touch()

    kept = {part: ages(settings.backup_dir / part, noon) for part in ("content", "keys")}

    assert kept == {"content": [(50, 0), (31, 19), (20, 3), (0, 1), (0, 2)], "keys": [(20, 3), (0, 1), (0, 2)]}


def test_a_clock_that_ran_ahead_lets_go_of_no_backup_until_somebody_says_that_it_is_right(city, tmp_path):
    city.app.config["SETTINGS"] = settings = settings_of(city, tmp_path)
    run, old = city.app.test_cli_runner(), back_up(settings)
    with telling(now() + timedelta(days=6 * 365)):
        wrong = [run.invoke(commands.backup) for _ in range(2)]
    assert [answer.exit_code for answer in wrong] == [1, 1]
    assert all("Is the clock right?" in answer.output for answer in wrong)
    assert old.content.exists()
    assert old.keys.exists()
    assert run.invoke(commands.backup).exit_code == 0  # set right again

    with telling(now() + timedelta(days=100)):
        trusted, next_one = run.invoke(commands.backup, ["--trust-clock"]), run.invoke(commands.backup)

    assert (trusted.exit_code, next_one.exit_code, old.content.exists()) == (0, 0, False)


@pytest.mark.parametrize("put_down", [None, "nonsense"])
def test_where_no_time_was_put_down_the_newest_archive_tells_it(city, tmp_path, put_down):
    settings = settings_of(city, tmp_path)
    back_up(settings)
    if put_down is None:
        (settings.backup_dir / ".clock").unlink()
    else:
        (settings.backup_dir / ".clock").write_text(put_down)

    with telling(now() + timedelta(days=7, hours=1)):
        assert back_up(settings).doubt
    with telling(now() + timedelta(days=6, hours=23)):
        assert back_up(settings).doubt is None


def test_a_backup_that_is_ended_in_the_middle_is_no_witness_of_the_clock(city, tmp_path, monkeypatch):
    settings = settings_of(city, tmp_path)
    old = back_up(settings)
    (settings.backup_dir / ".clock").unlink()

    make = backups._make

    def make_and_end(*given):
        make(*given)
        raise KeyboardInterrupt

    with telling(now() + timedelta(days=6 * 365)):
        with monkeypatch.context() as patch:
            patch.setattr(backups, "_make", make_and_end)
            with pytest.raises(KeyboardInterrupt):
                back_up(settings)
        assert len(list((settings.backup_dir / "content").iterdir())) == 2
        assert back_up(settings).doubt
    assert old.content.exists()


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
    printed = [f"  line {number}:  {line}" for number, line in enumerate(lines, 1)]
    assert paper.read_lines("\n".join(printed)) == PAIR.private
    with pytest.raises(paper.BadLine):
        paper.read_line(2, printed[0])
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
    assert f"Set {setting}\n" in restored.output  # never another one: the paper would open no backup any more
    assert "PORTAL_KEEP_" in restored.output
    assert create_app(settings_for(f"sqlite:///{tmp_path}/new/portal.sqlite", city.keys)) is not None


def test_the_key_is_read_from_a_file_as_it_was_printed_and_from_no_other_kind_of_file(city, tmp_path):
    city.app.config["SETTINGS"] = settings_of(city, tmp_path)
    made = back_up(settings_of(city, tmp_path))
    key = tmp_path / "key.txt"
    run, asked = city.app.test_cli_runner(), [str(made.content), str(made.keys), "--key-file", str(key), "--into"]
    printed = [f"  line {number}:  {line}" for number, line in enumerate(paper.as_lines(PAIR.private), 1)]
    key.write_text("\n".join(printed), encoding="utf-8-sig")
    restored = run.invoke(commands.restore, [*asked, str(tmp_path / "new")])
    key.write_bytes(bytes(range(256)))
    refused = run.invoke(commands.restore, [*asked, str(tmp_path / "other")])

    assert (restored.exit_code, refused.exit_code) == (0, 1), restored.output
    assert "is no text with the eight lines" in refused.output
    assert "past the portal" not in restored.output
    assert f"All of it belongs to {pwd.getpwuid(os.geteuid()).pw_name}." in restored.output


def test_a_restore_says_what_a_hand_in_the_database_had_left(city, tmp_path):
    sent(city)
    by_hand(city, "DELETE FROM flags")
    city.app.config["SETTINGS"] = settings_of(city, tmp_path)
    made, key = back_up(settings_of(city, tmp_path)), tmp_path / "key.txt"
    key.write_text("\n".join(paper.as_lines(PAIR.private)))

    restored = city.app.test_cli_runner().invoke(commands.restore, [
        str(made.content), str(made.keys), "--key-file", str(key), "--into", str(tmp_path / "new")])

    assert restored.exit_code == 0, restored.output
    assert "2 rows refer to what is not there, as in the database that was backed up" in restored.output


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


@pytest.mark.parametrize("step", ["_copy", "_split", "_checked"])
def test_what_sqlite_cannot_do_is_said_in_one_sentence_and_leaves_nothing(city, tmp_path, monkeypatch, step):
    city.app.config["SETTINGS"] = settings_of(city, tmp_path)

    def full(*_args):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite, step, full)

    answer = city.app.test_cli_runner().invoke(commands.backup)

    assert answer.exit_code == 1
    assert "The database could not be copied: database or disk is full." in answer.output
    assert all_files(tmp_path / "backups") == []


def test_where_there_is_no_database_the_command_makes_none(city, tmp_path):
    nowhere = tmp_path / "none.sqlite"
    city.app.config["SETTINGS"] = settings_of(city, tmp_path, database_url=f"sqlite:///{nowhere}")

    answer = city.app.test_cli_runner().invoke(commands.backup)

    assert f"There is no database at {nowhere}." in answer.output
    assert not nowhere.exists()


def test_a_folder_that_lets_nobody_in_is_named(city, tmp_path, monkeypatch):
    city.app.config["SETTINGS"] = settings_of(city, tmp_path)
    monkeypatch.setattr(backups.disk, "make_folder", lambda path: refused(path / "content"))

    answer = city.app.test_cli_runner().invoke(commands.backup)

    assert f"No backup was made: Permission denied ({tmp_path}/backups/content)." in answer.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files to somebody")
def test_what_root_makes_belongs_to_whom_the_backups_belong(city, tmp_path):
    settings = settings_of(city, tmp_path)
    settings.backup_dir.mkdir()
    os.chown(settings.backup_dir, 1234, 1234)
    (settings.backup_dir / "content").mkdir()  # of a time when it was root's

    back_up(settings)

    assert {path.stat().st_uid for path in settings.backup_dir.rglob("*")} == {1234}
    assert len(all_files(settings.backup_dir)) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files to somebody")
def test_what_a_killed_one_of_roots_leaves_is_the_others_to_take_away(city, tmp_path, monkeypatch):
    settings = settings_of(city, tmp_path)
    settings.backup_dir.mkdir()
    os.chown(settings.backup_dir, 1234, 1234)
    found = []
    made = backups.Backup(tmp_path, tmp_path, backups.Manifest("sqlite", "", {}, 0))
    monkeypatch.setattr(backups, "_make", lambda _settings, work, _shape: found.append(work.stat().st_uid) or made)

    back_up(settings)

    assert found == [1234]


def refused(path: Path):
    raise PermissionError(13, "Permission denied", str(path))


def full_disk(*_args, **_more):
    raise OSError(28, "No space left on device")


def all_files(folder: Path) -> list[str]:
    """Of backups; when the last was made is written beside them."""
    return [path.name for path in folder.rglob("*") if path.is_file() and path.name != ".clock"]


def ages(folder: Path, at) -> list[tuple[int, int]]:
    """How many days before `at` each archive was made, and how many hours after that."""
    noon = at.replace(microsecond=0)
    gaps = [moment - noon for moment in map(backups._moment, sorted(folder.iterdir())) if moment]
    return [(-gap.days, gap.seconds // 3600) for gap in gaps]
