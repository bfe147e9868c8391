"""PostgreSQL keeps samples of columns in its catalog: of none that could hurt somebody (0018)."""

import re
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import JSON, LargeBinary, String, text

from portal.base.db import Base
from portal.cli.database import alembic_config

CLASSES = Path(__file__).parent.parent.parent / "docs/data.md"
JOINED_BY = {("audit_links", "hash"), ("account_news", "kind"), ("accounts", "role"), ("devices", "id"),
             ("passkeys", "device_id"), ("pending_changes", "kind"), ("pending_changes", "role"),
             ("sign_ins", "device_id")}
"""Random keys of rows, kinds and roles: they name nobody and open nothing."""
_KEPT = text("SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public'")


def telling():
    """Every column with a text or bytes that docs/data.md calls sealed, secret or personal."""
    found = set()
    for table, sealed, secret, personal in re.findall(
            r"^\| (\w+) \|([^|]*)\|([^|]*)\|[^|]*\|([^|]*)\|[^|]*\|$", CLASSES.read_text(), re.MULTILINE):
        if table in Base.metadata.tables:
            columns = Base.metadata.tables[table].c
            found |= {(table, name) for name in re.findall(r"\w+", f"{sealed} {secret} {personal}")
                      if isinstance(columns[name].type, String | LargeBinary | JSON)}
    return found - JOINED_BY


@pytest.mark.asvs("V14.2.7")
@pytest.mark.postgres
def test_of_no_column_that_could_hurt_somebody_postgresql_keeps_a_sample(postgres_city):
    engine = postgres_city.db.get_bind()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        kept = {tuple(row) for row in connection.execute(_KEPT)}

    assert ("accounts", "role") in kept
    assert len(telling()) > 40
    assert kept & telling() == set()


@pytest.mark.postgres
def test_what_was_kept_before_goes_with_the_upgrade(postgres_city):
    engine = postgres_city.db.get_bind()
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0017")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        before = {tuple(row) for row in connection.execute(_KEPT)}
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    with engine.connect() as connection:
        after = {tuple(row) for row in connection.execute(_KEPT)}

    assert {("accounts", "name"), ("staff_keys", "twice_locked")} <= before
    assert after & telling() == set()
