"""Who worked at the office, where, from when to when. Of those who work there now it is not known since when."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ACCOUNTS = sa.table("accounts", sa.column("id", sa.Uuid()), sa.column("role", sa.String()),
                     sa.column("unit_id", sa.Uuid()), sa.column("area_id", sa.Integer()))


def upgrade() -> None:
    postings = op.create_table(
        "postings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE",
                                name=op.f("fk_postings_account_id_accounts")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_postings_unit_id_units")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_postings_area_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
    )
    op.create_index("ix_postings_account_id", "postings", ["account_id"], unique=False)
    at_the_office = op.get_bind().execute(
        sa.select(_ACCOUNTS.c.id, _ACCOUNTS.c.role, _ACCOUNTS.c.unit_id, _ACCOUNTS.c.area_id)
        .where(_ACCOUNTS.c.role.in_(["officer", "head", "coordinator", "leadership", "admin"]))).all()
    if at_the_office:
        op.bulk_insert(postings, [
            {"id": uuid4(), "account_id": row.id, "area_id": row.area_id, "since": None, "until": None,
             "unit_id": row.unit_id if row.role in {"officer", "head"} else None} for row in at_the_office])


def downgrade() -> None:
    op.drop_table("postings")
