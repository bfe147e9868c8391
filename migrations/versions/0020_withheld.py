"""Which forgotten concerns were kept from somebody: the trail says of them no more than before."""

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
        sa.PrimaryKeyConstraint("flag_id", name=op.f("pk_withheld")),
    )


def downgrade() -> None:
    op.drop_table("withheld")
