"""What stood in the trail before there was a chain is chained by the migration, as the app itself would."""

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from portal.audit import verification
from portal.audit.log import record
from portal.audit.models import AuditEntry
from portal.base.db import engine_for, writing
from portal.cli.database import alembic_config
from tests.support import tampering


def test_older_entries_are_chained_and_newer_ones_follow(any_city):
    with writing(any_city.db):
        for number in range(30):
            record(any_city.db, "test.act", f'"{number}" ☂', by=None if number % 2 else any_city.rina.account_id,
                   reason="unit", amount=number)
    engine = engine_for(any_city.url)
    with engine.begin() as connection:
        config = alembic_config(connection)
        before = ScriptDirectory.from_config(config).get_revision("0010").down_revision
        command.downgrade(config, before)

    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    with writing(any_city.db):
        record(any_city.db, "test.act", "newer", by=None)

    verdict = verification.verify(any_city.db)
    assert verdict.faults == []
    assert verdict.links == any_city.db.scalar(select(func.count()).select_from(AuditEntry))
    any_city.db.rollback()
    tampering.tamper(any_city.url, tampering.alter)
    assert not verification.verify(any_city.db).holds
    any_city.db.rollback()
    engine.dispose()
