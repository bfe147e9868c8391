"""Phones that hold a key, invitations, cards of codes, passkeys, and what waits for a second person.

Columns are added, never a table rebuilt: to rebuild `accounts` in SQLite would carry off by cascade
what hangs on it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SIZES = "text_size IN (100,115,130)"


def upgrade() -> None:
    op.execute("ALTER TABLE accounts ADD COLUMN text_size INTEGER DEFAULT 100 NOT NULL "
               f"CONSTRAINT ck_accounts_text_size CHECK ({_SIZES})")
    op.add_column("accounts", sa.Column("shortcuts", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("accounts", sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("public", sa.LargeBinary(length=65), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=False),
        sa.Column("mine", sa.Boolean(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_devices_account_id_accounts"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
    )
    op.create_index("ix_devices_account_id", "devices", ["account_id"])
    _make_sign_ins_anew(sa.Column("device_id", sa.String(length=32), nullable=True))
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=True),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public", sa.LargeBinary(length=1000), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_passkeys_account_id_accounts"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_passkeys_device_id_devices"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index("ix_passkeys_account_id", "passkeys", ["account_id"])
    op.create_index("ix_passkeys_device_id", "passkeys", ["device_id"])
    op.create_table(
        "invitations",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_invitations_account_id_accounts"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["made_by_id"], ["accounts.id"], name=op.f("fk_invitations_made_by_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_tag", name=op.f("uq_invitations_code_tag")),
    )
    op.create_table(
        "card_codes",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_card_codes_account_id_accounts"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_card_codes")),
    )
    op.create_index("ix_card_codes_account_id", "card_codes", ["account_id"])
    op.create_table(
        "pending_changes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('recovery','role','join')", name=op.f("ck_pending_changes_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"],
                                name=op.f("fk_pending_changes_account_id_accounts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_pending_changes_area_id_areas")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["accounts.id"],
                                name=op.f("fk_pending_changes_asked_by_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_pending_changes")),
    )
    op.create_table(
        "used_challenges",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_used_challenges")),
    )
    op.create_index("ix_used_challenges_used_on", "used_challenges", ["used_on"])


def downgrade() -> None:
    op.drop_table("used_challenges")
    op.drop_table("pending_changes")
    op.drop_table("card_codes")
    op.drop_table("invitations")
    op.drop_table("passkeys")
    _make_sign_ins_anew()
    op.drop_table("devices")
    op.drop_column("accounts", "quiet_until")
    op.drop_column("accounts", "shortcuts")
    op.drop_column("accounts", "text_size")


def _make_sign_ins_anew(*more: sa.Column) -> None:
    """Everybody signs in again after this step, which costs less than to carry them over."""
    op.drop_table("sign_ins")
    links = [sa.ForeignKeyConstraint([column.name], ["devices.id"], name=op.f("fk_sign_ins_device_id_devices"),
                                     ondelete="CASCADE") for column in more]
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("locked_private", sa.LargeBinary(), nullable=True),
        *more,
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_ins_account_id_accounts"),
                                ondelete="CASCADE"),
        *links,
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ins")),
    )
    op.create_index("ix_sign_ins_account_id", "sign_ins", ["account_id"])
    for column in more:
        op.create_index(f"ix_sign_ins_{column.name}", "sign_ins", [column.name])
