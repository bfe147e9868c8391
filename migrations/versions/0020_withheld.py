"""From whom forgotten concerns were kept: the trail says no more of them than before."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withheld",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("kept_from", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("flag_id", "kept_from", name=op.f("pk_withheld")),
    )


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM withheld LIMIT 1")).first():
        raise RuntimeError("Without this table heads would read what was kept from them.")
    op.drop_table("withheld")
