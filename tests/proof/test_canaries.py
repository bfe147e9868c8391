"""The world that the other proofs search has a marker wherever something could hurt somebody."""

from dataclasses import fields

import pytest
from sqlalchemy import JSON, LargeBinary, String, select, text

from portal.base.db import Base, engine_for
from portal.casework.commands import Closing, Letter
from portal.casework.records import GivenService
from portal.flags.answers import Answers, Identity
from portal.flags.life import Status
from portal.followup.commands import Action
from portal.outreach.commands import Held
from tests.support import canary

CODE, KEY, MARK, PUBLIC = "a code of a list", "a key or a public half", "a keyed mark or a hash", "public: a place"
PLAIN = {
    **dict.fromkeys(("areas.code", "areas.level", "areas.name", "areas.path", "units.name"), PUBLIC),
    **dict.fromkeys((
        "accounts.role", "accounts.language", "pending_changes.kind", "pending_changes.role", "sealing_keys.kind",
        "flags.status", "flags.risk_estimate", "flags.risk_assessed", "flags.sealed_closing", "flag_steps.move",
        "flag_steps.status", "questions.sealed_template", "proposals.outcome", "audit_entries.action",
        "audit_entries.reason", "monthly_facts.forms", "monthly_facts.age", "monthly_facts.sex",
        "monthly_facts.disability", "monthly_facts.place", "monthly_facts.relation", "outreach.audiences",
        "outreach.materials", "outreach.funding", "outreach_topics.topic", "outreach_subject_tallies.topics",
        "outreach_plans.topic", "outreach_imports.state", "account_news.kind"), CODE),
    **dict.fromkeys((
        "staff_keys.public", "staff_keys.twice_locked", "staff_keys.salt", "sealing_keys.public",
        "key_grants.wrapped_private", "content_keys.wrapped", "content_keys.rewrapped", "devices.public",
        "passkeys.public", "passkeys.credential_id", "sign_ins.locked_private", "card_codes.salt"), KEY),
    **dict.fromkeys((
        "accounts.phone_tag", "accounts.secret_hash", "card_codes.tag", "invitations.code_tag", "failed_tries.tag",
        "used_challenges.tag", "done_once.mark", "done_once.digest", "marks.tag", "flags.reporter_tag",
        "sign_ins.token_hash", "audit_links.hash", "recovery_kits.fingerprint",
        "devices.id", "devices.mark", "passkeys.device_id", "passkeys.mark", "sign_ins.device_id"), MARK),
    "accounts.sign_in_name": "chosen to be typed, and checked apart: no marker passes its rules",
    "accounts.sealed_phone": "a number, and so a marker of another kind: `phone of …`",
    "accounts.sealed_totp": "a random secret, which is its own marker: `totp of …`",
    "flags.code": "the concern's own address",
    "audit_entries.subject": "an id, or the name of a view",
    "done_once.outcome": "an id or a code",
}
"""Every text or binary column that holds no marker, and why it need not."""
CODED = {"way", "result", "service", "stage", "outcome", "reason", "text of Closing", "to", "consent", "funding"}
"""Texts of what is sealed whole that are codes of a list."""


def held(world):
    """What is in each column, as text: as it lies there, or as it was before it was sealed."""
    engine, found = engine_for(f"sqlite:///{world.file}"), {}
    with engine.connect() as connection:
        for column in columns():
            name = f"{column.table.name}.{column.name}"
            sealed = f"{column.table.name}.{column.name.removeprefix('sealed_')}"
            found[name] = world.sealed.get(sealed, "") if column.name.startswith("sealed_") else " ".join(
                str(value) for value in connection.scalars(select(column)))
    engine.dispose()
    return found


def columns():
    """Every column that could hold words."""
    return [column for table in Base.metadata.sorted_tables for column in table.columns
            if isinstance(column.type, String | LargeBinary | JSON)]


def names():
    return [f"{column.table.name}.{column.name}" for column in columns()]


def test_every_column_that_could_hurt_somebody_holds_a_marker(world, claim):
    missing = canary.unmarked(names(), held(world), PLAIN)

    claim("every text and sealed column holds a marker, or stands in the table of those that need none",
          f"{len(missing)} of {len(names())} columns without {missing or ''}".strip(), "0", holds=not missing)
    assert sorted(PLAIN.keys() - set(names())) == []


@pytest.mark.parametrize("gone", ["outreach.note", "flags.sealed_story", "notes.sealed_text", "devices.browser"])
def test_a_column_without_a_marker_is_found(world, gone):
    assert canary.unmarked(names(), held(world) | {gone: "plain words"}, PLAIN) == [gone]
    assert canary.unmarked([*names(), "flags.sealed_new"], held(world), PLAIN) == ["flags.sealed_new"]


@pytest.mark.parametrize("kind", [Answers, Identity, Action, Letter, GivenService, Closing, Held])
def test_every_text_that_is_sealed_whole_has_its_own_marker(world, kind):
    texts = {field.name for field in fields(kind) if field.type in {str, "str"}}
    own = {what.split(" of ")[0].split()[-1] for what in world.marks} | {"text"}
    renamed = {"next_step": "step", "remark": "remark"}

    missing = {name for name in texts if name not in CODED and f"{name} of {kind.__name__}" not in CODED
               and renamed.get(name, name) not in own}

    assert missing == set()


def test_no_marker_lies_in_clear_where_it_should_be_sealed(world):
    """The same search as for stolen files, here to show that the world is made as a city would be."""
    clear = {what for what in world.marks if what.split(" of ")[0] in {
        "name", "title", "speaker", "institution", "note", "new note", "spot", "file name", "browser"}}
    sealed = {what: marker for what, marker in world.marks.items() if what not in clear}

    assert canary.found_in(world.file, {what: world.marks[what] for what in clear} | sealed) != []
    assert canary.found_in(world.file, sealed) == []
    assert canary.found_in(world.file.read_bytes() + sealed["story of new"][::-1].encode(), sealed) == [
        "story of new as reversed"]


def test_the_world_has_every_stage_and_every_person(world):
    engine = engine_for(f"sqlite:///{world.file}")
    with engine.connect() as connection:
        stages = set(connection.scalars(text("SELECT DISTINCT status FROM flags")))
        empty = [table.name for table in Base.metadata.sorted_tables
                 if connection.scalar(select(text("1")).select_from(table).limit(1)) is None]
    engine.dispose()

    assert stages == set(Status) - {Status.REOPENED}
    assert set(empty) <= {  # no words in any of these
        "sign_ins", "failed_tries", "used_challenges", "audit_checks", "recovery_kits", "key_departures", "holds",
        "account_news", "withheld"}
    assert len(world.people) == 36
