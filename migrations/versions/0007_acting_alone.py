"""That an officer acted alone in an emergency, until when, and who looked at it afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UNREVIEWED = sa.text("reviewed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "break_glass",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("until > at", name=op.f("ck_break_glass_holds_for_a_time")),
        sa.CheckConstraint("(reviewed_at IS NULL) = (reviewed_by_id IS NULL)",
                           name=op.f("ck_break_glass_reviewed_by_somebody")),
        sa.CheckConstraint("reviewed_by_id IS NULL OR reviewed_by_id <> by_id",
                           name=op.f("ck_break_glass_never_by_herself")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_break_glass_note_id_notes"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_break_glass_flag_id_flags"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_break_glass_by_id_accounts")),
        sa.ForeignKeyConstraint(["reviewed_by_id"], ["accounts.id"],
                                name=op.f("fk_break_glass_reviewed_by_id_accounts")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_break_glass")),
    )
    op.create_index("ix_break_glass_flag", "break_glass", ["flag_id", "at"], unique=False)
    op.create_index("ix_break_glass_unreviewed", "break_glass", ["at"], unique=False, sqlite_where=_UNREVIEWED,
                    postgresql_where=_UNREVIEWED)


def downgrade() -> None:
    op.drop_table("break_glass")
