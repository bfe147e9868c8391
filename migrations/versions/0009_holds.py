"""That a concern is kept from deletion. No cascade: the database refuses to delete it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_holds_flag_id_flags")),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_holds_by_id_accounts")),
        sa.PrimaryKeyConstraint("flag_id", name=op.f("pk_holds")),
    )


def downgrade() -> None:
    op.drop_table("holds")
