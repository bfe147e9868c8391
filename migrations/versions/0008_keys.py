"""When a recovery kit was made, who held a key and holds it no more, and under which of the server's keys a
PIN or a card was made."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery_kits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_recovery_kits_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_kits")),
    )
    op.create_index(op.f("ix_recovery_kits_unit_id"), "recovery_kits", ["unit_id"], unique=False)
    op.create_table(
        "key_departures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["sealing_keys.id"], name=op.f("fk_key_departures_key_id_sealing_keys")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_departures_account_id_accounts"),
                                ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_departures")),
    )
    op.create_index(op.f("ix_key_departures_key_id"), "key_departures", ["key_id"], unique=False)
    op.create_index(op.f("ix_key_departures_account_id"), "key_departures", ["account_id"], unique=False)
    # Added without rebuilding the table: what hangs on accounts would go with it on SQLite
    op.add_column("accounts", sa.Column("server_key", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("card_codes", sa.Column("server_key", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("card_codes", "server_key")
    op.drop_column("accounts", "server_key")
    op.drop_table("key_departures")
    op.drop_table("recovery_kits")
