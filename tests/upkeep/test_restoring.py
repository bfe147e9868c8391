"""The way back from a backup: into an empty place, whole or not at all, by the paper alone."""






import os
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys
from portal.flags import commands as flags
from portal.flags.models import Flag
from portal.upkeep import archives, backups, sealed, sqlite
from portal.upkeep.archives import BadArchive
from tests.factories import ring_of, viewer_of
from tests.followup.at_desk import sent
from tests.support.postgres import Unavailable, temporary_postgres
from tests.upkeep.at_upkeep import back_up, restore, settings_of

STORY = "Terdengar teriakan tiap malam"
put_together = sqlite.put_together


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


def test_a_restore_that_was_killed_leaves_nothing_that_the_next_one_does_not_take_away(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))
    left = tmp_path / ".new-restoring"
    left.mkdir()
    (left / "keys.json").write_text("half")

    restore(made, tmp_path / "new")

    assert not left.exists()
    assert ServerKeys.read(tmp_path / "new/keys.json") == city.keys


def story_in(url: str, city, flag_id) -> str:
    """What an officer reads there with the passphrase she has."""
    engine = engine_for(url)
    with session_for(engine) as session, writing(session):
        flag, ring = session.get_one(Flag, flag_id), ring_of(city, city.rina, session)
        story = flags.open_flag(session, ring, flag, by=viewer_of(session, city.rina)).story
    engine.dispose()
    return story


def all_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files to somebody")


@as_root
@pytest.mark.parametrize("made_before", [True, False])
def test_what_root_restores_belongs_to_whom_the_place_belonged(city, tmp_path, made_before):
    made = back_up(settings_of(city, tmp_path))
    place = tmp_path / "srv"
    place.mkdir()
    os.chown(place, 4321, 4321)
    folder = place / "instance"
    if made_before:
        folder.mkdir()
        os.chown(folder, 1234, 1234)

    restore(made, folder if made_before else place / "more/instance")

    whose = {path.stat().st_uid for path in place.rglob("*")}
    assert whose == ({1234} if made_before else {4321})


def test_a_place_that_cannot_be_made_is_said_in_one_sentence(city, tmp_path, monkeypatch):
    made = back_up(settings_of(city, tmp_path))

    def refused(path, *_args, **_more):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refused)

    with pytest.raises(BadArchive, match=r"could not be restored: Permission denied \(.*new-restoring\)"):
        restore(made, tmp_path / "new")


def test_an_empty_disk_of_its_own_is_told_apart_and_a_folder_on_it_named(city, tmp_path, monkeypatch):
    made = back_up(settings_of(city, tmp_path))
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "disk")

    with pytest.raises(BadArchive, match=f"--into {tmp_path}/disk/portal"):
        restore(made, tmp_path / "disk")

    assert list((tmp_path / "disk").iterdir()) == []
    assert restore(made, tmp_path / "disk/portal").counts == made.manifest.counts
