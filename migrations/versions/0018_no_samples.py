"""PostgreSQL takes no samples of what is sealed, of keys and of names.

By itself it looks at each table now and then, and keeps up to a hundred values of each column in its own catalog
(`pg_statistic`), for planning. What was forgotten stayed there: names in clear, and wraps with which an old copy of
the sealed rows opens. Statistics of 0 mean that of such a column nothing is kept; what was kept already goes when its
type is set, to what it is. The planner needs none of them: they are looked up by indexes, or not at all.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = {
    "accounts": ("name", "phone_tag", "sealed_phone", "sealed_totp", "secret_hash", "sign_in_name", "title"),
    "card_codes": ("salt", "tag"),
    "content_keys": ("rewrapped", "wrapped"),
    "devices": ("browser", "mark", "public"),
    "done_once": ("digest", "mark"),
    "failed_tries": ("tag",),
    "flags": ("reporter_tag", "sealed_answers", "sealed_closing", "sealed_identity", "sealed_story"),
    "invitations": ("code_tag",),
    "key_grants": ("wrapped_private",),
    "marks": ("tag",),
    "messages": ("sealed_text",),
    "notes": ("sealed_text",),
    "outreach": ("institution", "note", "speaker"),
    "outreach_corrections": ("before",),
    "outreach_imports": ("file_name", "rows"),
    "passkeys": ("credential_id", "mark", "public"),
    "proposals": ("sealed_content",),
    "questions": ("sealed_template",),
    "sealing_keys": ("public",),
    "sign_ins": ("locked_private", "token_hash"),
    "staff_keys": ("public", "salt", "twice_locked"),
    "used_challenges": ("tag",),
}
_TYPE = sa.text("SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE attrelid = CAST(:table AS regclass) AND attname = :column")


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        for table, columns in COLUMNS.items():
            for column in columns:
                kind = bind.scalar(_TYPE, {"table": table, "column": column})
                op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE {kind}, '
                           f'ALTER COLUMN "{column}" SET STATISTICS 0')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in COLUMNS.items():
            for column in columns:
                op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET STATISTICS -1')
