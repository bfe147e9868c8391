"""Who has a sheet open, and who stepped aside from a concern."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seen_at >= since", name=op.f("ck_presences_forward")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_presences_account_id_accounts"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_presences_flag_id_flags"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("flag_id", "account_id", name=op.f("pk_presences")),
    )
    op.create_table(
        "exclusions",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_exclusions_account_id_accounts"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_exclusions_flag_id_flags"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "flag_id", name=op.f("pk_exclusions")),
    )
    op.create_index("ix_exclusions_flag_id", "exclusions", ["flag_id"], unique=False)


def downgrade() -> None:
    op.drop_table("exclusions")
    op.drop_table("presences")
