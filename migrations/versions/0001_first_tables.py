"""The first tables: areas, people and keys, sessions, concerns, and a trail that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column(
            "path",
            sa.String(length=160).with_variant(sa.String(length=160, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "level IN ('province','city','kecamatan','kelurahan','rw','rt','school')",
            name=op.f("ck_areas_level"),
        ),
        sa.CheckConstraint("name <> '' AND code <> ''", name=op.f("ck_areas_named")),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("code", name=op.f("uq_areas_code")),
        sa.UniqueConstraint("path", name=op.f("uq_areas_path")),
    )
    op.create_index("ix_areas_parent_id", "areas", ["parent_id"], unique=False)

    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "done_once",
        sa.Column("mark", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_done_once")),
    )
    op.create_table(
        "failed_tries",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_failed_tries")),
    )
    op.create_table(
        "outreach_latest",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_latest_area_id_areas")),
        sa.PrimaryKeyConstraint("area_id", name=op.f("pk_outreach_latest")),
    )
    op.create_table(
        "outreach_tallies",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("attendance", sa.Integer(), nullable=False),
        sa.CheckConstraint("sessions >= 0 AND attendance >= 0", name=op.f("ck_outreach_tallies_counts")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_tallies_area_id_areas")),
        sa.PrimaryKeyConstraint("area_id", "month", name=op.f("pk_outreach_tallies")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_units_area_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("area_id", name=op.f("uq_units_area_id")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("sign_in_name", sa.String(length=40), nullable=True),
        sa.Column("phone_tag", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealed_phone", sa.LargeBinary(), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.String(length=120), nullable=False),
        sa.Column("sealed_totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_last", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "role IN ('cadre','school','coordinator','officer','head','leadership','admin')",
            name=op.f("ck_accounts_role"),
        ),
        sa.CheckConstraint(
            "role NOT IN ('cadre','school','coordinator') OR area_id IS NOT NULL",
            name=op.f("ck_accounts_field_has_area"),
        ),
        sa.CheckConstraint(
            "role NOT IN ('officer','head') OR unit_id IS NOT NULL",
            name=op.f("ck_accounts_unit_staff_has_unit"),
        ),
        sa.CheckConstraint(
            "(phone_tag IS NULL) = (sealed_phone IS NULL)", name=op.f("ck_accounts_phone_whole")
        ),
        sa.CheckConstraint(
            "phone_tag IS NOT NULL OR sign_in_name IS NOT NULL", name=op.f("ck_accounts_can_sign_in")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_accounts_area_id_areas")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_accounts_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("phone_tag", name=op.f("uq_accounts_phone_tag")),
        sa.UniqueConstraint("sign_in_name", name=op.f("uq_accounts_sign_in_name")),
    )
    op.create_index("ix_accounts_area_id", "accounts", ["area_id"], unique=False)
    op.create_index("ix_accounts_unit_id", "accounts", ["unit_id"], unique=False)

    op.create_table(
        "sealing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("public", sa.LargeBinary(length=65), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('unit','conflict')", name=op.f("ck_sealing_keys_kind")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_sealing_keys_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_keys")),
    )
    op.create_index("ix_sealing_keys_unit_id", "sealing_keys", ["unit_id"], unique=False)

    op.create_table(
        "audit_entries",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["accounts.id"], name=op.f("fk_audit_entries_actor_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject", "id"], unique=False)

    op.create_table(
        "flags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kelurahan_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("reporter_tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("risk_estimate", sa.String(length=8), nullable=False),
        sa.Column("risk_assessed", sa.String(length=8), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_news_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("sealed_answers", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_story", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_identity", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_closing", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_flags_closed_has_time")
        ),
        sa.CheckConstraint(
            "risk_assessed IS NULL OR risk_assessed IN ('high','medium','low')",
            name=op.f("ck_flags_risk_assessed"),
        ),
        sa.CheckConstraint("risk_estimate IN ('high','medium','low')", name=op.f("ck_flags_risk_estimate")),
        sa.CheckConstraint(
            "status <> 'assessed' OR risk_assessed IS NOT NULL", name=op.f("ck_flags_assessed_has_risk")
        ),
        sa.CheckConstraint(
            "status <> 'closed' OR sealed_closing IS NOT NULL", name=op.f("ck_flags_closed_has_text")
        ),
        sa.CheckConstraint("status = 'new' OR read_at IS NOT NULL", name=op.f("ck_flags_read_before_more")),
        sa.CheckConstraint(
            "status IN ('new','read','assessed','assigned','in_progress','waiting_for_cadre','referred','handed_over','merged','reopened','closed')",
            name=op.f("ck_flags_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('assigned','in_progress') OR assignee_id IS NOT NULL",
            name=op.f("ck_flags_worked_has_owner"),
        ),
        sa.CheckConstraint("rank BETWEEN 0 AND 2", name=op.f("ck_flags_rank")),
        sa.ForeignKeyConstraint(["assignee_id"], ["accounts.id"], name=op.f("fk_flags_assignee_id_accounts")),
        sa.ForeignKeyConstraint(["kelurahan_id"], ["areas.id"], name=op.f("fk_flags_kelurahan_id_areas")),
        sa.ForeignKeyConstraint(["key_id"], ["sealing_keys.id"], name=op.f("fk_flags_key_id_sealing_keys")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_flags_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
        sa.UniqueConstraint("code", name=op.f("uq_flags_code")),
    )
    op.create_index("ix_flags_assignee_id", "flags", ["assignee_id"], unique=False)
    op.create_index("ix_flags_key_id", "flags", ["key_id"], unique=False)
    op.create_index(
        "ix_flags_open_queue",
        "flags",
        ["unit_id", "rank", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_flags_closed",
        "flags",
        ["unit_id", "closed_at", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NOT NULL"),
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index("ix_flags_reporter", "flags", ["reporter_tag", "received_at"], unique=False)

    op.create_table(
        "key_grants",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped_private", sa.LargeBinary(), nullable=False),
        sa.Column("granted_by_id", sa.Uuid(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_key_grants_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["granted_by_id"], ["accounts.id"], name=op.f("fk_key_grants_granted_by_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["sealing_keys.id"], name=op.f("fk_key_grants_key_id_sealing_keys")
        ),
        sa.PrimaryKeyConstraint("key_id", "account_id", name=op.f("pk_key_grants")),
    )
    op.create_index("ix_key_grants_account_id", "key_grants", ["account_id"], unique=False)

    op.create_table(
        "outreach",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("girls", sa.Integer(), nullable=False),
        sa.Column("boys", sa.Integer(), nullable=False),
        sa.Column("women", sa.Integer(), nullable=False),
        sa.Column("men", sa.Integer(), nullable=False),
        sa.Column("older_women", sa.Integer(), nullable=False),
        sa.Column("older_men", sa.Integer(), nullable=False),
        sa.Column("audiences", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("logged_by_id", sa.Uuid(), nullable=False),
        sa.Column("logged_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "girls + boys + women + men + older_women + older_men >= 1",
            name=op.f("ck_outreach_somebody_came"),
        ),
        sa.CheckConstraint(
            "girls BETWEEN 0 AND 999 AND boys BETWEEN 0 AND 999 AND women BETWEEN 0 AND 999 AND men BETWEEN 0 AND 999 AND older_women BETWEEN 0 AND 999 AND older_men BETWEEN 0 AND 999",
            name=op.f("ck_outreach_heads"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_area_id_areas")),
        sa.ForeignKeyConstraint(
            ["logged_by_id"], ["accounts.id"], name=op.f("fk_outreach_logged_by_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach")),
    )
    op.create_index("ix_outreach_area_held", "outreach", ["area_id", "held_on"], unique=False)
    op.create_index("ix_outreach_held_on", "outreach", ["held_on"], unique=False)
    op.create_index("ix_outreach_logger_held", "outreach", ["logged_by_id", "held_on"], unique=False)

    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("locked_private", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sign_ins_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ins")),
    )
    op.create_index("ix_sign_ins_account_id", "sign_ins", ["account_id"], unique=False)

    op.create_table(
        "staff_keys",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("public", sa.LargeBinary(length=65), nullable=False),
        sa.Column("locked_private", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("memory_kib", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_staff_keys_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_staff_keys")),
    )
    op.create_table(
        "content_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("rewrapped", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_content_keys_flag_id_flags"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["sealing_keys.id"], name=op.f("fk_content_keys_key_id_sealing_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_keys")),
    )
    op.create_index("ix_content_keys_flag_id", "content_keys", ["flag_id"], unique=False)
    op.create_index("ix_content_keys_key_id", "content_keys", ["key_id"], unique=False)

    op.create_table(
        "flag_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("move", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "status IN ('new','read','assessed','assigned','in_progress','waiting_for_cadre','referred','handed_over','merged','reopened','closed')",
            name=op.f("ck_flag_steps_status"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_flag_steps_by_id_accounts")),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_flag_steps_flag_id_flags"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_steps")),
    )
    op.create_index("ix_flag_steps_flag", "flag_steps", ["flag_id", "at"], unique=False)

    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_notes_by_id_accounts")),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_notes_flag_id_flags"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_flag", "notes", ["flag_id", "written_at"], unique=False)

    op.create_table(
        "outreach_corrections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("outreach_id", sa.Uuid(), nullable=False),
        sa.Column("corrected_on", sa.Date(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["accounts.id"], name=op.f("fk_outreach_corrections_by_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["outreach_id"], ["outreach.id"], name=op.f("fk_outreach_corrections_outreach_id_outreach")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_corrections")),
    )
    op.create_index(
        "ix_outreach_corrections_outreach_id", "outreach_corrections", ["outreach_id"], unique=False
    )

    op.create_table(
        "outreach_topics",
        sa.Column("outreach_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_topics_area_id_areas")),
        sa.ForeignKeyConstraint(
            ["outreach_id"],
            ["outreach.id"],
            name=op.f("fk_outreach_topics_outreach_id_outreach"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("outreach_id", "topic", name=op.f("pk_outreach_topics")),
    )
    op.create_index("ix_outreach_topics_area_topic", "outreach_topics", ["area_id", "topic"], unique=False)

    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_template", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_questions_flag_id_flags"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index("ix_questions_flag", "questions", ["flag_id", "asked_at"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["flags.id"], name=op.f("fk_messages_flag_id_flags"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_messages_question_id_questions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_flag", "messages", ["flag_id", "sent_at"], unique=False)

    _forbid_changes_to_the_trail()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entries_grow_only ON audit_entries")
        op.execute("DROP FUNCTION refuse_change")

    op.drop_table("messages")

    op.drop_table("questions")

    op.drop_table("outreach_topics")

    op.drop_table("outreach_corrections")

    op.drop_table("notes")

    op.drop_table("flag_steps")

    op.drop_table("content_keys")
    op.drop_table("staff_keys")

    op.drop_table("sign_ins")

    op.drop_table("outreach")

    op.drop_table("key_grants")

    op.drop_table("flags")

    op.drop_table("audit_entries")

    op.drop_table("sealing_keys")

    op.drop_table("accounts")
    op.drop_table("units")
    op.drop_table("outreach_tallies")
    op.drop_table("outreach_latest")
    op.drop_table("failed_tries")
    op.drop_table("done_once")
    op.drop_table("calendar_days")

    op.drop_table("areas")


def _forbid_changes_to_the_trail() -> None:
    """The database itself refuses to alter or remove what was written to the trail."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the trail only grows'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_entries_grow_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entries_no_{act.lower()} BEFORE {act} ON audit_entries "
            "BEGIN SELECT RAISE(ABORT, 'the trail only grows'); END"
        )
