"""A person is told when her number was changed: one more kind of news."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('tries','secret','passkey','passkey_off','phone_off','card')"
_NOW = "kind IN ('tries','secret','passkey','passkey_off','phone_off','card','number')"


def upgrade() -> None:
    _allow(_NOW)


def downgrade() -> None:
    op.execute("DELETE FROM account_news WHERE kind = 'number'")
    _allow(_BEFORE)


def _allow(kinds: str) -> None:
    """The same table with these kinds. SQLite changes no constraint: there it is made anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_account_news_kind"), "account_news", type_="check")
        op.create_check_constraint(op.f("ck_account_news_kind"), "account_news", kinds)
        return
    op.rename_table("account_news", "account_news_before")
    op.create_table(
        "account_news",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.CheckConstraint(kinds, name=op.f("ck_account_news_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE",
                                name=op.f("fk_account_news_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "kind", "happened_on", name=op.f("pk_account_news")),
        sqlite_with_rowid=False,  # as since 0015
    )
    op.execute("INSERT INTO account_news SELECT account_id, kind, happened_on, told_on FROM account_news_before")
    op.drop_table("account_news_before")
