"""The server's keys are replaced in their file step by step, whole or not at all."""

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.base import key_file
from portal.base.settings import BadSettings, ServerKeys

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    ServerKeys.fresh().write(tmp_path / "keys.json")
    return tmp_path / "keys.json"


def test_a_file_from_before_there_were_numbers_is_the_first_set(path):
    stored = json.loads(path.read_text())
    for more in ("number", "since", "others"):
        del stored[more]
    path.write_text(json.dumps(stored))

    keys = ServerKeys.read(path)

    assert (keys.number, keys.since, keys.others) == (1, None, ())


def test_at_every_step_what_the_step_before_made_and_what_the_next_will_make_can_be_read():
    first = ServerKeys.fresh()
    waiting = key_file.with_next(first)
    taken = key_file.promoted(waiting, AT)
    end = key_file.alone(taken)

    assert [one.cookies for one in waiting.readable] == [first.cookies, key_file.next_of(waiting).cookies]
    assert taken.cookies == key_file.next_of(waiting).cookies
    assert {one.number for one in taken.readable} == {1, 2}
    assert [one.number for one in key_file.older_than(taken)] == [1]
    assert end == replace(taken, others=())
    assert end.since == AT


def test_without_a_next_set_nothing_takes_over():
    with pytest.raises(ValueError, match="waiting"):
        key_file.promoted(ServerKeys.fresh(), AT)


def test_every_step_is_read_from_the_file_as_it_was_put(path):
    keys = ServerKeys.read(path)
    for step in (key_file.with_next, lambda k: key_file.promoted(k, AT), key_file.alone):
        keys = step(keys)

        key_file.put(path, keys)

        assert ServerKeys.read(path) == keys
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(path.parent) == ["keys.json"]


def test_new_keys_are_on_the_disk_before_they_have_the_files_name_and_the_name_after(path, monkeypatch):
    steps, sync, rename = [], os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (
        steps.append("file" if stat.S_ISREG(os.fstat(handle).st_mode) else "folder"), sync(handle)))
    monkeypatch.setattr(Path, "replace", lambda draft, name: (steps.append("name"), rename(draft, name)))

    key_file.put(path, key_file.with_next(ServerKeys.read(path)))

    assert steps == ["file", "folder", "name", "folder"]  # the draft's own name is kept too


def test_when_it_cannot_be_written_the_old_file_stands_and_nothing_lies_about(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr(key_file.os, "chown", lambda *_, **_more: (_ for _ in ()).throw(OSError("full")))

    with pytest.raises(OSError, match="full"):
        key_file.put(path, key_file.with_next(ServerKeys.read(path)))

    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["keys.json"]


def test_two_cannot_replace_the_keys_at_once(path):
    with key_file.one_at_a_time(path), pytest.raises(BadSettings, match="another command"), \
            key_file.one_at_a_time(path):
        pass

    with key_file.one_at_a_time(path):
        pass


def test_no_key_is_shown_by_mistake():
    keys = key_file.with_next(ServerKeys.fresh())

    assert "cookies" not in repr(keys)
