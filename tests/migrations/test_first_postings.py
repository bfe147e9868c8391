"""Who works at the office when the table of postings comes has one without a beginning; nobody else has any."""

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select

from portal.accounts.models import Account, Posting
from portal.accounts.roles import FIELD, UNIT
from portal.base.db import engine_for
from portal.cli.database import alembic_config


def test_those_who_work_there_are_taken_over(any_city):
    any_city.db.close()
    engine = engine_for(any_city.url)

    with engine.begin() as connection:
        config = alembic_config(connection)
        before = ScriptDirectory.from_config(config).get_revision("0016").down_revision
        command.downgrade(config, before)
        command.upgrade(config, "head")
    engine.dispose()

    at_work = {account.id: (account.unit_id if account.role in UNIT else None, account.area_id)
               for account in any_city.db.scalars(select(Account)) if account.role not in FIELD}
    rows = any_city.db.scalars(select(Posting)).all()
    assert {row.account_id: (row.unit_id, row.area_id) for row in rows} == at_work
    assert len(rows) == len(at_work)
    assert {(row.since, row.until) for row in rows} == {(None, None)}
