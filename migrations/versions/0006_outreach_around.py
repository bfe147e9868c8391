"""What stands around a session: its photos, the plan it came of, the file it was loaded from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outreach_photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("outreach_id", sa.Uuid(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name=op.f("ck_outreach_photos_sizes")),
        sa.ForeignKeyConstraint(
            ["outreach_id"], ["outreach.id"], name=op.f("fk_outreach_photos_outreach_id_outreach"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_photos")),
    )
    op.create_index("ix_outreach_photos_outreach_id", "outreach_photos", ["outreach_id"], unique=False)
    op.create_table(
        "outreach_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("planned_for", sa.Date(), nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("spot", sa.String(length=80), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.Column("planned_by_id", sa.Uuid(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("outreach_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outreach_id IS NULL OR NOT cancelled", name=op.f("ck_outreach_plans_held_or_cancelled")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_plans_area_id_areas")),
        sa.ForeignKeyConstraint(["for_id"], ["accounts.id"], name=op.f("fk_outreach_plans_for_id_accounts")),
        sa.ForeignKeyConstraint(
            ["planned_by_id"], ["accounts.id"], name=op.f("fk_outreach_plans_planned_by_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["outreach_id"], ["outreach.id"], name=op.f("fk_outreach_plans_outreach_id_outreach"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_plans")),
        sa.UniqueConstraint("outreach_id", name=op.f("uq_outreach_plans_outreach_id")),
    )
    op.create_index("ix_outreach_plans_area_day", "outreach_plans", ["area_id", "planned_for"], unique=False)
    op.create_table(
        "outreach_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("file_name", sa.String(length=80), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('preview','loaded','undone')", name=op.f("ck_outreach_imports_state")),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_outreach_imports_by_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_imports")),
    )
    op.create_index("ix_outreach_imports_by_id", "outreach_imports", ["by_id"], unique=False)
    op.create_table(
        "outreach_imported",
        sa.Column("outreach_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outreach_id"], ["outreach.id"], name=op.f("fk_outreach_imported_outreach_id_outreach"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["outreach_imports.id"], name=op.f("fk_outreach_imported_import_id_outreach_imports")
        ),
        sa.PrimaryKeyConstraint("outreach_id", name=op.f("pk_outreach_imported")),
    )
    op.create_index("ix_outreach_imported_import_id", "outreach_imported", ["import_id"], unique=False)


def downgrade() -> None:
    op.drop_table("outreach_imported")
    op.drop_table("outreach_imports")
    op.drop_table("outreach_plans")
    op.drop_table("outreach_photos")
