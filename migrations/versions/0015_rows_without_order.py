"""No order of rows where it would say when somebody was at her phone, and so which concern is hers.

On SQLite these tables lose their hidden row numbers. PostgreSQL has none; there `portal/upkeep/order.py` does it.

Each table is copied as it is. All are copied before the first is dropped, and those that refer to others are dropped
first: on SQLite dropping a table deletes, by ON DELETE CASCADE, what refers to it.
"""

import re

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_REFERRED_TO = ("devices", "outreach")
_TABLES = (
    *_REFERRED_TO, "sign_ins", "passkeys", "invitations", "card_codes", "used_challenges", "account_news", "failed_tries",
    "done_once", "outreach_topics", "outreach_corrections", "outreach_photos", "outreach_plans", "outreach_imported",
    "outreach_tallies", "outreach_subject_tallies", "outreach_forthcoming")
_WITHOUT = " WITHOUT ROWID"
_NEW = "new_"


def upgrade() -> None:
    _make_anew(lambda definition: definition + _WITHOUT)


def downgrade() -> None:
    _make_anew(lambda definition: re.sub(rf"\s*{_WITHOUT.strip()}\s*$", "", definition))


def _make_anew(changed) -> None:
    database = op.get_bind()
    if database.dialect.name == "postgresql":  # its rows have no numbers
        return
    indexes = [_definition_of(name) for table in _TABLES for (name,) in database.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?", (table,)).all()]
    for table in _TABLES:
        database.exec_driver_sql(changed(_renamed(table, _definition_of(table))))
        database.exec_driver_sql(f"INSERT INTO {_NEW}{table} SELECT * FROM {table}")  # noqa: S608 - only our own names
    for table in reversed(_TABLES):
        database.exec_driver_sql(f"DROP TABLE {table}")
    for table in _TABLES:
        database.exec_driver_sql(f"ALTER TABLE {_NEW}{table} RENAME TO {table}")  # and in what refers to it
    for index in indexes:
        database.exec_driver_sql(index)


def _definition_of(name: str) -> str:
    return op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar_one()


def _renamed(table: str, definition: str) -> str:
    named = re.sub(rf'^CREATE TABLE "?{table}"?', f'CREATE TABLE "{_NEW}{table}"', definition)
    return re.sub(rf'REFERENCES "?({"|".join(_REFERRED_TO)})"?(?=\s*\()', rf'REFERENCES "{_NEW}\1"', named)
