"""What a person is told of her own account: wrong tries, and changes to how she signs in."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_news",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('tries','secret','passkey','passkey_off','phone_off','card')",
                           name=op.f("ck_account_news_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE",
                                name=op.f("fk_account_news_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "kind", "happened_on", name=op.f("pk_account_news")),
    )


def downgrade() -> None:
    op.drop_table("account_news")
