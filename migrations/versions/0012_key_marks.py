"""Marks of the keys that people show, under a server key. Older rows get theirs by `flask db upgrade` (cli/database.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("devices", "passkeys"):
        op.add_column(table, sa.Column("mark", sa.LargeBinary(32), nullable=True))


def downgrade() -> None:
    for table in ("passkeys", "devices"):
        op.drop_column(table, "mark")
