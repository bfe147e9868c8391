"""That a closed concern is deleted before its time, on which day, and which two agreed to it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "early_deletions",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("root_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_by_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.CheckConstraint("agreed_by_id <> asked_by_id", name=op.f("ck_early_deletions_never_the_same")),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_early_deletions_flag_id_flags"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["accounts.id"],
                                name=op.f("fk_early_deletions_asked_by_id_accounts")),
        sa.ForeignKeyConstraint(["agreed_by_id"], ["accounts.id"],
                                name=op.f("fk_early_deletions_agreed_by_id_accounts")),
        sa.PrimaryKeyConstraint("flag_id", name=op.f("pk_early_deletions")),
    )
    op.create_index(op.f("ix_early_deletions_root_id"), "early_deletions", ["root_id"])


def downgrade() -> None:
    op.drop_table("early_deletions")
