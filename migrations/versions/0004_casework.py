"""Casework: what takes two officers, what is counted once a month, and blind marks of the same person.

Columns are added to `flags` without rebuilding it: on SQLite, rebuilding drops the old table, and with it by
ON DELETE CASCADE every key, step, note and message of every concern.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HIGH = "rank <> 0 OR ever_high"
_REFERRED = "referrals_out >= 0 AND (status <> 'referred' OR referrals_out > 0)"
_UNDECIDED = sa.text("decided_at IS NULL")


def upgrade() -> None:
    _remember_high_risk()

    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name=op.f("ck_proposals_decided_has_outcome")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('confirmed','declined','withdrawn','lapsed','void')",
            name=op.f("ck_proposals_outcome"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome NOT IN ('confirmed','declined') "
            "OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)",
            name=op.f("ck_proposals_never_the_same"),
        ),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_proposals_flag_id_flags"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["accounts.id"], name=op.f("fk_proposals_proposed_by_id_accounts")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["accounts.id"], name=op.f("fk_proposals_decided_by_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_flag", "proposals", ["flag_id", "proposed_at"], unique=False)
    op.create_index("uq_proposals_undecided", "proposals", ["flag_id"], unique=True, sqlite_where=_UNDECIDED,
                    postgresql_where=_UNDECIDED)

    op.create_table(
        "monthly_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kecamatan_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("forms", sa.String(length=160), nullable=False),
        sa.Column("age", sa.String(length=24), nullable=False),
        sa.Column("sex", sa.String(length=24), nullable=False),
        sa.Column("disability", sa.String(length=24), nullable=False),
        sa.Column("place", sa.String(length=24), nullable=False),
        sa.Column("relation", sa.String(length=24), nullable=False),
        sa.CheckConstraint("forms <> ''", name=op.f("ck_monthly_facts_some_form")),
        sa.ForeignKeyConstraint(["kecamatan_id"], ["areas.id"], name=op.f("fk_monthly_facts_kecamatan_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monthly_facts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_monthly_facts_month", "monthly_facts", ["month", "kecamatan_id"], unique=False)

    op.create_table(
        "marks",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_marks_flag_id_flags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag", "flag_id", name=op.f("pk_marks")),
    )
    op.create_index("ix_marks_flag_id", "marks", ["flag_id"], unique=False)


def downgrade() -> None:
    op.drop_table("marks")
    op.drop_table("monthly_facts")
    op.drop_table("proposals")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_flags_referred_somewhere"), "flags", type_="check")
        op.drop_constraint(op.f("ck_flags_high_is_remembered"), "flags", type_="check")
    op.execute("ALTER TABLE flags DROP COLUMN referrals_out")
    op.execute("ALTER TABLE flags DROP COLUMN ever_high")


def _remember_high_risk() -> None:
    """Whether a concern was ever high is not on record for those that were assessed twice: they keep the
    careful answer."""
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("flags", sa.Column("ever_high", sa.Boolean(), nullable=False, server_default=sa.true()))
        op.add_column("flags", sa.Column("referrals_out", sa.Integer(), nullable=False, server_default="0"))
        op.create_check_constraint(op.f("ck_flags_high_is_remembered"), "flags", _HIGH)
        op.create_check_constraint(op.f("ck_flags_referred_somewhere"), "flags", _REFERRED)
    else:
        op.execute("ALTER TABLE flags ADD COLUMN ever_high BOOLEAN DEFAULT 1 NOT NULL "
                   f"CONSTRAINT ck_flags_high_is_remembered CHECK ({_HIGH})")
        op.execute("ALTER TABLE flags ADD COLUMN referrals_out INTEGER DEFAULT 0 NOT NULL "
                   f"CONSTRAINT ck_flags_referred_somewhere CHECK ({_REFERRED})")
    op.execute(
        "UPDATE flags SET ever_high = (1 = 0) WHERE rank <> 0 AND risk_estimate <> 'high' "
        "AND (risk_assessed IS NULL OR risk_assessed <> 'high') AND "
        "(SELECT count(*) FROM flag_steps WHERE flag_steps.flag_id = flags.id AND flag_steps.move = 'assess') < 2"
    )
