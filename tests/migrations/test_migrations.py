"""The migrations lead to exactly the models, and the way back leaves nothing behind."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DatabaseError

from portal.accounts import news
from portal.accounts.models import AccountNews
from portal.audit.log import record
from portal.base.db import Base, engine_for, new_id, writing
from portal.cli.database import alembic_config
from portal.flags.models import Withheld


def test_the_newest_tables_are_those_of_the_models(any_city):
    engine = engine_for(any_city.url)

    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    engine.dispose()
    assert difference == []


def test_down_and_up_again_leaves_the_tables_as_they_were(any_city):
    engine = engine_for(any_city.url)
    with engine.connect() as connection:
        before = _shape(connection)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]

    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")

    with engine.connect() as connection:
        assert _shape(connection) == before
    engine.dispose()


@pytest.mark.parametrize("change", ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"])
def test_the_database_itself_refuses_to_change_the_trail(any_city, change):
    with writing(any_city.db):
        record(any_city.db, "test.act", "thing", by=None)

    with pytest.raises(DatabaseError, match="the trail only grows"), writing(any_city.db):
        any_city.db.execute(text(change))


def _shape(connection):
    inspector = inspect(connection)
    return {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)),
            sorted(str(i["name"]) for i in inspector.get_indexes(table)),
            sorted(str(c["name"]) for c in inspector.get_check_constraints(table)),
        )
        for table in inspector.get_table_names()
    }


def test_what_somebody_is_to_be_told_stays_on_the_way_down_and_up_again(any_city):
    with writing(any_city.db):
        for kind in (news.Kind.CARD, news.Kind.NUMBER):
            news.note(any_city.db, any_city.siti.account_id, kind)
    any_city.db.close()
    engine = engine_for(any_city.url)

    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0017-1")
        before = connection.scalars(text("SELECT kind FROM account_news")).all()
        command.upgrade(alembic_config(connection), "0017")
    with writing(any_city.db):
        news.note(any_city.db, any_city.siti.account_id, news.Kind.NUMBER)

    assert before == ["card"]  # the older tables have no word for the other
    assert set(any_city.db.scalars(select(AccountNews.kind))) == {"card", "number"}
    engine.dispose()


def test_from_whom_forgotten_concerns_were_kept_is_not_thrown_away(any_city):
    with writing(any_city.db):
        any_city.db.add(Withheld(flag_id=new_id(), kept_from=any_city.dewi.account_id))

    engine = any_city.app.extensions["engine"]
    with engine.connect() as connection, pytest.raises(RuntimeError, match="kept from them"):
        command.downgrade(alembic_config(connection), "0019")
