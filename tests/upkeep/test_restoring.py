"""The way back from a backup: into an empty place, whole or not at all, by the paper alone."""

import io
import json
import os
import tarfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select, text

from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys
from portal.casework.models import EarlyDeletion
from portal.flags import commands as flags
from portal.flags.models import Flag
from portal.upkeep import archives, backups, sealed, sqlite
from portal.upkeep.archives import BadArchive
from tests.casework.at_work import agree_to_delete, ended
from tests.factories import ring_of, viewer_of
from tests.followup.at_desk import Officer, sent
from tests.support.postgres import Unavailable, temporary_postgres
from tests.upkeep.at_upkeep import PAIR, back_up, by_hand, restore, settings_of

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


def test_what_was_to_be_deleted_early_stays_because_somebody_may_have_stopped_it_since(any_city, tmp_path):
    city = any_city
    rina = Officer(city, city.rina)
    flag_id = ended(rina)
    agree_to_delete(rina, Officer(city, city.ratna), flag_id)
    settings = settings_of(city, tmp_path)
    made = back_up(settings)
    empty = temporary_postgres() if city.url.startswith("postgresql") else nullcontext("")
    with empty as url:
        restored = restore(made, tmp_path / "new", url)

        assert restored.spared == 1
        engine = engine_for(url or f"sqlite:///{tmp_path}/new/portal.sqlite")
        with engine.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(EarlyDeletion)) == 0
            assert connection.scalar(select(Flag.id)) == flag_id
        engine.dispose()


def test_a_backup_of_before_anything_could_be_deleted_early_is_restored(city, tmp_path):
    with city.app.extensions["engine"].begin() as connection:
        connection.execute(text("DROP TABLE early_deletions"))

    assert restore(back_up(settings_of(city, tmp_path)), tmp_path / "new").spared == 0


@pytest.mark.postgres
def test_the_same_on_postgresql(postgres_city, tmp_path):
    flag_id = sent(postgres_city, story=STORY)
    settings = settings_of(postgres_city, tmp_path)
    made = back_up(settings)
    try:
        with temporary_postgres() as url:
            restored = restore(made, tmp_path / "new", url)

            assert (restored.counts, restored.unreadable) == (made.manifest.counts, 0)
            assert all_files(tmp_path / "new") == ["keys.json"]
            assert story_in(url, postgres_city, flag_id) == STORY
            with pytest.raises(BadArchive, match="needs an empty PostgreSQL"):
                restore(made, tmp_path / "again", url)
            assert not (tmp_path / "again").exists()
    except Unavailable as missing:
        pytest.skip(str(missing))


@pytest.mark.postgres
def test_a_role_that_may_not_make_tables_is_told_so(postgres_city, tmp_path):
    made = back_up(settings_of(postgres_city, tmp_path))
    try:
        with temporary_postgres() as url:
            engine = engine_for(url)
            with engine.begin() as connection:
                connection.execute(text("CREATE ROLE somebody LOGIN"))
                connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
            engine.dispose()

            with pytest.raises(BadArchive, match="This role may not make tables"):
                restore(made, tmp_path / "new", make_url(url).set(username="somebody").render_as_string(False))
            assert not (tmp_path / "new").exists()
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


def test_nothing_is_restored_over_a_file(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))
    (tmp_path / "there").write_bytes(b"live")

    with pytest.raises(BadArchive, match="a portal may be running there"):
        restore(made, tmp_path / "there")

    assert (tmp_path / "there").read_bytes() == b"live"


def test_of_what_was_unpacked_no_wrap_stays_beside_the_database(city, tmp_path):
    restore(back_up(settings_of(city, tmp_path)), tmp_path / "new")

    assert sorted(all_files(tmp_path / "new")) == ["keys.json", "portal.sqlite"]


def rewritten(archive: Path, change) -> Path:
    """The same archive, by whoever has the public key, with other things inside: `change` gets them by name."""
    with archives.reading(archive, PAIR.private) as (head, tar):
        inside = {member.name: tar.extractfile(member).read() for member in tar}
    change(inside)
    other = archive.with_suffix(".other")
    other.unlink(missing_ok=True)
    with archives.writing(other, head, PAIR.public) as tar:
        for name, data in inside.items():
            member = tarfile.TarInfo(name)
            if isinstance(data, str):
                member.type, member.linkname = tarfile.SYMTYPE, data
                tar.addfile(member)
            else:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return other


def says(**changes):
    """The manifest says something else."""
    def change(inside):
        inside["manifest.json"] = json.dumps(json.loads(inside["manifest.json"]) | changes).encode()
    return change


@pytest.mark.parametrize(("part", "change", "why"), [
    ("content", lambda inside: inside.update({"photos/a.jpg": "/etc/passwd"}), "something that is not a file"),
    ("content", lambda inside: inside.update({"photos/": "."}), "something that is not a file"),
    *((part, lambda inside, name=name: inside.update({name: b"x"}), "a file that this portal does not know")
      for part, name in (("content", "other/a.jpg"), ("content", "a.jpg"), ("content", "photos/a.sh"),
                         ("content", "photos/sub/a.jpg"), ("content", "photos/../a.jpg"), ("content", "/srv/a.jpg"),
                         ("content", "keys.json"), ("keys", "photos/a.jpg"), ("keys", "other"))),
    *((part, lambda inside, name=name: inside.pop(name), "is not complete") for part, name in (
        ("content", "manifest.json"), ("content", "database"), ("keys", "database"), ("keys", "keys.json"))),
    ("keys", says(database="postgresql"), "different kinds of database"),
    ("content", says(counts={"flags": 1}), "does not have the rows"),
])
def test_an_archive_with_something_else_in_it_is_refused_and_nothing_is_restored(city, tmp_path, part, change, why):
    made = back_up(settings_of(city, tmp_path))
    other = replace(made, **{part: rewritten(getattr(made, part), change)})

    with pytest.raises(BadArchive, match=why):
        restore(other, tmp_path / "new")

    assert [path for path in tmp_path.iterdir() if "new" in path.name] == []


def test_a_backup_of_postgresql_needs_one(city, tmp_path):
    made, of_postgresql = back_up(settings_of(city, tmp_path)), says(database="postgresql")
    other = replace(made, content=rewritten(made.content, of_postgresql), keys=rewritten(made.keys, of_postgresql))

    with pytest.raises(BadArchive, match="needs an empty PostgreSQL database"):
        restore(other, tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_rewritten_with_the_same_in_it_an_archive_is_restored(city, tmp_path):
    made = back_up(settings_of(city, tmp_path))

    assert restore(replace(made, content=rewritten(made.content, lambda inside: None)), tmp_path / "new")


def test_rows_that_refer_to_what_is_not_there_withhold_no_others(city, tmp_path):
    sent(city)
    by_hand(city, "DELETE FROM flags")
    made = back_up(settings_of(city, tmp_path))

    restored = restore(made, tmp_path / "new")

    assert (restored.counts, restored.counts["content_keys"]) == (made.manifest.counts, 1)
    assert restored.astray == 2


def test_a_portal_that_came_up_meanwhile_is_not_overwritten(city, tmp_path, monkeypatch):
    made = back_up(settings_of(city, tmp_path))

    def put(*_args, **_how):
        (tmp_path / "new").mkdir()
        (tmp_path / "new/portal.sqlite").write_bytes(b"live")
        return put_together(*_args, **_how)

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
