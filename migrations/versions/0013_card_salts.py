"""A salt for each card of codes. Cards of before have none and still work until they are used up."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("card_codes", sa.Column("salt", sa.LargeBinary(16), nullable=True))


def downgrade() -> None:
    # what was made with a salt cannot be found without it
    op.execute(sa.text("DELETE FROM card_codes WHERE salt IS NOT NULL"))
    op.drop_column("card_codes", "salt")
