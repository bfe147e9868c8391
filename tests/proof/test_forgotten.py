"""What was forgotten stands in no file, and in no backup that is older than the wraps' month."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select, update

from portal.base import db as base
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.cli import purge
from portal.flags.models import ContentKey, Flag
from portal.upkeep import backups, erasing
from portal.upkeep.backups import Backup
from tests.factories import a_flag
from tests.proof.conftest import size
from tests.support import canary
from tests.upkeep.at_upkeep import back_up, restore, settings_of

CONCERNS = size(short=300, long=20_000)
LONG_AGO = timedelta(days=6 * 365)


def test_no_byte_of_a_forgotten_concern_stands_in_any_file(city, claim):
    secrets = ended_long_ago(city, CONCERNS)
    assert left_in(city, secrets) > len(secrets)

    forget(city)
    left = left_in(city, secrets)

    assert remaining(city) == CONCERNS // 2
    claim("what was forgotten stands in no file of the database", f"{left} pieces of {len(secrets)} sealed values", 0,
          holds=left == 0)


def test_without_overwriting_and_writing_anew_it_would_be_found(city, monkeypatch):
    secrets = ended_long_ago(city, 60)
    monkeypatch.setattr(base, "_PRAGMAS", tuple(p.replace("secure_delete = ON", "secure_delete = OFF")
                                                for p in base._PRAGMAS))
    monkeypatch.setattr(erasing, "_written_anew", lambda connection: True)
    city.app.extensions["engine"].dispose()

    forget(city)

    assert left_in(city, secrets) > 0


def test_what_was_forgotten_is_forgotten_in_the_backups_too(city, tmp_path, claim):
    ended_long_ago(city, CONCERNS)
    settings = settings_of(city, tmp_path)
    with telling(now() - timedelta(days=31)):
        old = back_up(settings)
    forget(city)
    new = back_up(settings, trust_clock=True)

    restored = restore(Backup(old.content, new.keys, old.manifest), tmp_path / "new")

    assert old.content.exists()
    assert [file.name for file in (settings.backup_dir / backups.KEYS).iterdir()] == [new.keys.name]
    claim("an old content archive opens nothing that was forgotten since",
          f"{CONCERNS - restored.unreadable} of {CONCERNS} open, {CONCERNS // 2} were not forgotten", CONCERNS // 2,
          holds=restored.unreadable == CONCERNS - CONCERNS // 2)


def ended_long_ago(city, number: int) -> list[bytes]:
    """So many concerns, of which every other one ended years ago. Gives all sealed values and wraps of those."""
    with telling(now() - LONG_AGO), writing(city.db):
        ids = [a_flag(city.db, city.settings, city.siti, story="x" * (one % 7 * 700)).id for one in range(number)]
        ended = ids[::2]
        for one in range(0, len(ended), 500):
            city.db.execute(update(Flag).where(Flag.id.in_(ended[one:one + 500])).values(
                status="closed", read_at=now(), closed_at=now(), sealed_closing=b"x"))
    city.db.expunge_all()
    sealed = select(Flag.sealed_answers, Flag.sealed_story, Flag.sealed_identity).where(Flag.closed_at.is_not(None))
    wraps = select(ContentKey.wrapped).join(Flag, Flag.id == ContentKey.flag_id).where(Flag.closed_at.is_not(None))
    found = [bytes(value) for query in (sealed, wraps) for row in city.db.execute(query) for value in row]
    city.db.rollback()
    return found


def forget(city) -> None:
    city.app.config["SETTINGS"] = replace(city.settings, keep_concerns_years=5)
    answer = city.app.test_cli_runner().invoke(purge.purge, ["--really"])
    assert answer.exit_code == 0, answer.output


def remaining(city) -> int:
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(Flag)) or 0


def left_in(city, secrets: list[bytes]) -> int:
    """How many pieces of 16 bytes of the secrets stand in the database's files."""
    pieces = {secret[first:first + 16] for secret in secrets for first in range(0, len(secret) - 15, 8)}
    count = 0
    for file in canary.database_files(city.url):
        data = file.read_bytes()
        count += sum(data[at:at + 16] in pieces for at in range(len(data)))
    return count
