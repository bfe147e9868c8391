"""The demo city: lively enough to judge by, made by one command, and sealed like a real one."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from portal.accounts.models import Account, Posting, SealingKey
from portal.accounts.roles import FIELD, UNIT, Role
from portal.app import create_app
from portal.base.db import engine_for, session_for
from portal.base.settings import Settings
from portal.cli.demo_stories import CONFLICTS, NOTES, STORIES
from portal.flags.life import Status
from portal.flags.models import Flag
from portal.outreach.models import Outreach
from tests.support.canary import found_in


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The command's runner, its folder, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(database_url=f"sqlite:///{folder}/demo.sqlite", keys_file=folder / "keys.json", demo=True,
                        demo_people_file=folder / "people.json", passphrase_memory_kib=8, office_phone="1",
                        secure_cookies=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_RUN_FROM_CLI", "true")
        app = create_app(settings)
        runner = app.test_cli_runner()
        said = runner.invoke(args=["demo"])
        assert said.exit_code == 0, said.output
        yield runner, folder, said.output, settings
        app.extensions["engine"].dispose()


@pytest.fixture
def rows(demo):
    engine = engine_for(demo[3].database_url)
    with session_for(engine) as session:
        yield session
    engine.dispose()


def test_somebody_of_every_role_three_hundred_sessions_and_sixty_concerns(rows):
    assert {Role(role) for role in rows.scalars(select(Account.role))} == set(Role)
    assert rows.scalar(select(func.count()).select_from(Outreach)) == 300
    assert rows.scalar(select(func.count()).select_from(Flag)) == 60


def test_everybody_at_its_office_has_her_posting_and_nobody_in_the_field(rows):
    posted = rows.execute(select(Account.role, Posting.unit_id).join(Posting, Posting.account_id == Account.id)).all()

    assert len(posted) == len([role for role in rows.scalars(select(Account.role)) if role not in FIELD])
    assert all((row.role in UNIT) == (row.unit_id is not None) for row in posted)


def test_concerns_stand_in_every_stage_that_can_be_reached(rows):
    stages = Counter(Status(status) for status in rows.scalars(select(Flag.status)))

    assert set(stages) == set(Status) - {Status.HANDED_OVER, Status.MERGED}


def test_there_are_conflicts_and_overdue_ones(rows):
    conflicts = rows.scalar(select(func.count()).select_from(Flag).join(SealingKey, SealingKey.id == Flag.key_id)
                            .where(SealingKey.kind == "conflict"))
    late = rows.scalar(select(func.count()).select_from(Flag)
                       .where(Flag.closed_at.is_(None), Flag.due_at < datetime.now(UTC)))

    assert conflicts >= 3
    assert 3 <= late <= 30


@pytest.mark.asvs("V14.2.4")
def test_no_word_of_any_concern_lies_in_database_wal_or_output(demo):
    _, folder, said, _ = demo
    texts = [story.text for story in STORIES + CONFLICTS if story.text] + list(NOTES)
    texts += [story.landmark for story in STORIES if len(story.landmark) > 8]
    words = {text[:12]: text for text in texts}
    files = [file for file in folder.iterdir() if file.name != "people.json"]

    assert [file.name for file in files if found_in(file, words)] == []
    assert not found_in(said.encode(), words)


def test_everything_needed_to_sign_in_is_printed_for_scripts(demo):
    printed = demo[0].invoke(args=["demo-accounts", "--json"])

    people = json.loads(printed.output)
    assert {person["role"] for person in people} == {role.value for role in Role}
    assert all(person["secret"] and (person["phone"] or (person["sign_in_name"] and person["totp_secret"]))
               for person in people)


def test_a_second_time_nothing_is_made_and_fresh_makes_it_anew(demo, rows):
    before = rows.scalar(select(func.min(Account.id)))

    assert "is there" in demo[0].invoke(args=["demo"]).output
    rows.rollback()
    assert rows.scalar(select(func.min(Account.id))) == before


def test_outside_the_demo_the_commands_refuse(demo, tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    app = create_app(replace(demo[3], demo=False, database_url=f"sqlite:///{tmp_path}/real.sqlite",
                             demo_people_file=tmp_path / "none.json"))

    for command in ("demo", "demo-accounts"):
        refused = app.test_cli_runner().invoke(args=[command])
        assert refused.exit_code == 1
    assert not (tmp_path / "real.sqlite").exists()
    app.extensions["engine"].dispose()
