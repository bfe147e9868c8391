"""Chain the trail: each entry holds on to all before it, also those that were written before this.

The way in which an entry is spelled is written down here once more, as it was when this was made.
"""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BATCH = 5000
_ENTRIES = sa.table(
    "audit_entries", sa.column("id", sa.BigInteger()), sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor_id", sa.Uuid()), sa.column("action", sa.String()), sa.column("subject", sa.String()),
    sa.column("reason", sa.String()), sa.column("amount", sa.Integer()))
_LINKS = sa.table("audit_links", sa.column("seq", sa.BigInteger()), sa.column("entry_id", sa.BigInteger()),
                  sa.column("hash", sa.LargeBinary()))


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit_links",
        sa.Column("seq", number, autoincrement=False, nullable=False),
        sa.Column("entry_id", number, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_links_entry_id_audit_entries")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_links_entry_id")),
    )
    op.create_table(
        "audit_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("anchored", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checks")),
    )
    _chain_what_is_there()
    _forbid_changes()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_links_grow_only ON audit_links")
    else:
        op.execute("DROP TRIGGER audit_entries_no_replace")
    op.drop_table("audit_checks")
    op.drop_table("audit_links")


def _chain_what_is_there() -> None:
    connection, last, seq, before = op.get_bind(), 0, 0, bytes(32)
    if connection.dialect.name == "postgresql":
        op.execute("LOCK TABLE audit_entries IN SHARE MODE")  # nobody writes one that would stay unlinked
    while rows := connection.execute(
            sa.select(_ENTRIES).where(_ENTRIES.c.id > last).order_by(_ENTRIES.c.id).limit(_BATCH)).all():
        links = []
        for row in rows:
            seq, last, before = seq + 1, row.id, _hash(before, row)
            links.append({"seq": seq, "entry_id": row.id, "hash": before})
        connection.execute(sa.insert(_LINKS), links)


def _hash(before: bytes, row: sa.Row) -> bytes:
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    fields = [row.id, at.isoformat(timespec="microseconds"), str(row.actor_id) if row.actor_id else "", row.action,
              row.subject, row.reason, row.amount]
    return hashlib.sha256(before + json.dumps(fields, separators=(",", ":")).encode()).digest()


def _forbid_changes() -> None:
    """The database itself refuses to alter or remove a link. In SQLite, INSERT OR REPLACE would remove an entry
    without asking the triggers of 0001, so that is refused too."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER audit_links_grow_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_links "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_links_no_{act.lower()} BEFORE {act} ON audit_links "
            "BEGIN SELECT RAISE(ABORT, 'the trail only grows'); END"
        )
    for table, same in (("audit_entries", "id = NEW.id"), ("audit_links", "seq = NEW.seq OR entry_id = NEW.entry_id")):
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - only our own names
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
                   "BEGIN SELECT RAISE(ABORT, 'the trail only grows'); END")
