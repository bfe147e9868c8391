"""The power fails when a command has just ended well: the keys it made, the anchor it added, the backup it wrote and
the city it restored lie on the disk under their names. And a cut in the middle leaves no file that stops the next."""

import random
import sys
from base64 import b64encode
from dataclasses import replace

import pytest

from portal.audit import anchors
from portal.audit.log import record
from portal.base.db import writing
from portal.cli import audit
from portal.upkeep import paper
from tests.factories import AREAS, PASSPHRASE
from tests.proof.conftest import size
from tests.support.killing import ROOT, environment
from tests.support.powercut import Disk
from tests.support.traced import Sync, Write, events, not_synced, traced
from tests.upkeep.at_upkeep import PAIR

FLASK = "from flask.cli import main; main()"
BY_SQLITE = ("-wal", "-shm", "-journal")
"""What SQLite names beside a database, it syncs the folder for where it matters."""
CUTS = size(short=40, long=400)
NO_SYNC = """
import os, types
import portal.{module} as m
m.{what} = types.SimpleNamespace(**{{**vars(m.{what}), "{call}": lambda *_given: None}})
"""
WEAKER = {
    "the anchor's bytes": ("anchor", NO_SYNC.format(module="audit.anchors", what="os", call="fsync")),
    "the anchors' name": ("anchor", NO_SYNC.format(module="audit.anchors", what="disk", call="sync")),
    "the keys' bytes": ("init", NO_SYNC.format(module="base.settings", what="os", call="fsync")),
    "the keys' name": ("init", NO_SYNC.format(module="base.settings", what="disk", call="sync")),
    "the replaced keys' name": ("rotate", NO_SYNC.format(module="base.key_file", what="disk", call="sync")
                                + NO_SYNC.format(module="base.settings", what="disk", call="sync")),
    "the backup's bytes": ("backup", NO_SYNC.format(module="upkeep.archives", what="os", call="fsync")),
}


class Machine:
    """A folder in which commands are run, each watched to its end."""

    def __init__(self, city, folder):
        self.folder, self.new = folder, folder / "new"
        self._city = {**environment(city, folder), "PORTAL_AUDIT_ANCHORS": str(folder / "anchors.txt"),
                      "PORTAL_BACKUP_DIR": str(folder / "backups"),
                      "PORTAL_BACKUP_KEY": b64encode(PAIR.public).decode()}
        self._empty = {**self._city, "PORTAL_DATABASE_URL": f"sqlite:///{self.new}/portal.sqlite",
                       "PORTAL_KEYS_FILE": str(self.new / "keys/keys.json")}
        (folder / "areas.csv").write_text(AREAS)
        (folder / "paper.txt").write_text("\n".join(paper.as_lines(PAIR.private)))
        self._words = {
            "init": lambda: ["init", "--areas", folder / "areas.csv", "--city", "98.01", "--unit", "UPTD", "--head",
                             "Bu Ratna", "--sign-in-name", "ratna"],
            "anchor": lambda: ["audit", "anchor"],
            "backup": lambda: ["backup"],
            "restore": lambda: ["restore", *self._archives(), "--into", folder / "restored", "--key-file",
                                folder / "paper.txt"],
            "rotate": lambda: ["keys", "rotate-server", "--wait", "0"],
        }

    def runs(self, name, weaker=""):
        """What of it was not synced when it ended well."""
        there, log = {str(file) for file in self.folder.rglob("*")}, self.folder.parent / "trace"
        command = [sys.executable, "-c", f"{weaker}\n{FLASK}", "--app", "wsgi", *self._words[name]()]
        ended = traced(command, log, cwd=ROOT, env=self._empty if name == "init" else self._city, text=True,
                       input=f"{PASSPHRASE}\n" * 2, start_new_session=True)  # asked at no terminal, but here
        assert ended == 0, name
        with log.open() as lines:
            return sorted(not_synced(list(events(lines, self._is_ours, there))))

    def _is_ours(self, file):
        return file.startswith(f"{self.folder}/") and not file.endswith(BY_SQLITE)

    def _archives(self):
        return [sorted((self.folder / "backups" / part).iterdir())[-1] for part in ("content", "keys")]


@pytest.fixture
def machine(city, tmp_path):
    city.db.rollback()
    city.db.get_bind().dispose()
    city.app.extensions["engine"].dispose()
    return Machine(city, tmp_path)


def test_what_a_command_made_lies_on_the_disk_when_it_ends_well(machine, claim):
    commands = ("init", "anchor", "backup", "restore", "rotate")

    left = {name: found for name in commands if (found := machine.runs(name))}

    claim("keys, anchors, backups and restored cities are synced under their names before the command ends",
          f"{len(commands)} commands, not synced: {left or 'nothing'}", "nothing", holds=not left)


@pytest.mark.parametrize("what", WEAKER)
def test_what_is_not_synced_would_be_seen(machine, what):
    name, weaker = WEAKER[what]

    assert machine.runs(name, weaker)


@pytest.fixture
def file(city, tmp_path):
    """A file of anchors with one line, of a trail that has grown since."""
    file = tmp_path / "anchors.txt"
    city.app.config["SETTINGS"] = replace(city.settings, audit_anchors=file)
    assert anchoring(city).exit_code == 0
    return file


def anchoring(city, command=audit.anchor):
    with writing(city.db):
        record(city.db, "test.act", "x", by=None)
    return city.app.test_cli_runner().invoke(command)


def cuts_of_the_next_line(city, file):
    """The file as a power cut while a line is added may leave it: any of its sectors, in any order."""
    before, chance = file.read_bytes(), random.Random(3)
    assert anchoring(city).exit_code == 0
    added = Write(str(file), len(before), file.read_bytes().removeprefix(before))
    for _ in range(CUTS):
        shift = chance.randrange(512)  # where in a sector the line begins
        disk = Disk({str(file): bytearray(shift) + before})
        disk.take(replace(added, at=shift + len(before), data=added.data[:chance.randint(0, len(added.data))]))
        yield bytes(disk.after_the_cut(chance)[str(file)][shift:])
    disk = Disk({str(file): bytearray(before)})
    disk.take(added)
    disk.take(Sync(str(file)))
    yield bytes(disk.after_the_cut()[str(file)])


def stopped_by_cuts(city, file):
    """How often a cut left part of a line, and what went wrong after it."""
    before, torn, found = file.read_bytes(), 0, []
    for left in cuts_of_the_next_line(city, file):
        file.write_bytes(left)
        torn += left != before
        verified, added, again = (anchoring(city, command) for command in (audit.verify, audit.anchor, audit.verify))
        if [verified.exit_code, added.exit_code, again.exit_code] != [0, 0, 0]:
            found.append(verified.output + added.output + again.output)
        if not file.read_bytes().startswith(before):
            found.append("an earlier line is gone")
    return torn, found


def test_after_a_power_cut_the_anchors_are_read_as_they_were_and_the_next_one_is_added(city, file, claim):
    torn, found = stopped_by_cuts(city, file)

    claim("a power cut while an anchor is added costs no earlier one, and stops neither the next nor verifying",
          f"{len(found)} of {CUTS + 1} cuts, {torn} with part of a line", 0, holds=torn > CUTS / 4 and not found)


def test_a_torn_line_that_is_taken_for_an_anchor_would_be_seen(city, file, monkeypatch):
    monkeypatch.setattr(anchors, "whole", lambda file: file.read_bytes())

    _torn, found = stopped_by_cuts(city, file)

    assert any("is no anchor" in said for said in found)


def test_a_line_that_is_no_anchor_is_no_torn_one(city, file):
    for line in (b"no anchor\n", b"no anchor", b'{"seq": 1}\n', b'{"seq": 1}'):
        left = file.read_bytes()
        file.write_bytes(left + line)

        assert anchoring(city, audit.verify).exit_code == 1
        assert anchors.whole(file) == left + line
        file.write_bytes(left)
