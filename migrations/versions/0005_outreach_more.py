"""More of a session, its totals by sex and age and by subject, and the answers to "did anybody come forward?"."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

HEADS = ("girls", "boys", "women", "men", "older_women", "older_men")


def upgrade() -> None:
    op.add_column("outreach", sa.Column("materials", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("outreach", sa.Column("funding", sa.String(length=24), server_default="", nullable=False))
    op.add_column("outreach", sa.Column("speaker", sa.String(length=60), server_default="", nullable=False))
    op.add_column("outreach", sa.Column("institution", sa.String(length=80), server_default="", nullable=False))
    op.add_column("outreach_corrections", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    for heads in HEADS:
        op.add_column("outreach_tallies", sa.Column(heads, sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_outreach_tallies_month", "outreach_tallies", ["month", "area_id"], unique=False)
    op.create_table(
        "outreach_subject_tallies",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("topics", sa.String(length=800), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("sessions", "attendance", *HEADS)),
        sa.CheckConstraint(
            "sessions >= 0 AND attendance >= 0", name=op.f("ck_outreach_subject_tallies_counts")
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["areas.id"], name=op.f("fk_outreach_subject_tallies_area_id_areas")
        ),
        sa.PrimaryKeyConstraint("area_id", "month", "topics", name=op.f("pk_outreach_subject_tallies")),
    )
    op.create_index(
        "ix_outreach_subject_tallies_month", "outreach_subject_tallies", ["month", "area_id"], unique=False
    )
    op.create_table(
        "outreach_forthcoming",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("yes", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.CheckConstraint("yes >= 0 AND no >= 0", name=op.f("ck_outreach_forthcoming_counts")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outreach_forthcoming_area_id_areas")),
        sa.PrimaryKeyConstraint("area_id", "month", name=op.f("pk_outreach_forthcoming")),
    )
    _count_what_stands()


def downgrade() -> None:
    op.drop_table("outreach_forthcoming")
    op.drop_index("ix_outreach_subject_tallies_month", table_name="outreach_subject_tallies")
    op.drop_table("outreach_subject_tallies")
    op.drop_index("ix_outreach_tallies_month", table_name="outreach_tallies")
    for heads in reversed(HEADS):
        op.drop_column("outreach_tallies", heads)
    op.drop_column("outreach_corrections", "version")
    for column in ("institution", "speaker", "funding", "materials"):
        op.drop_column("outreach", column)


def _count_what_stands() -> None:
    """The sessions that were logged before: their heads and subjects, for their place and all above it."""
    connection = op.get_bind()
    ids, paths = {}, {}
    for id_, code, path in connection.execute(sa.text("SELECT id, code, path FROM areas")):
        ids[code], paths[id_] = id_, path
    outreach = sa.table("outreach", sa.column("id", sa.Uuid()), sa.column("held_on", sa.Date()), sa.column("area_id"),
                        *(sa.column(heads, sa.Integer()) for heads in HEADS))
    spoken = sa.table("outreach_topics", sa.column("outreach_id", sa.Uuid()), sa.column("topic"))
    topics = defaultdict(list)
    for outreach_id, topic in connection.execute(sa.select(spoken.c.outreach_id, spoken.c.topic)):
        topics[outreach_id].append(topic)
    totals = defaultdict(lambda: [0] * 8)
    for id_, held_on, area_id, *heads in connection.execute(sa.select(*outreach.c)):
        for code in paths[area_id].strip("/").split("/"):
            kept = totals[ids[code], held_on.replace(day=1), " ".join(sorted(topics[id_]))]
            kept[:] = [old + new for old, new in zip(kept, [1, sum(heads), *heads], strict=True)]
    if not totals:
        return
    numbers = ("sessions", "attendance", *HEADS)
    subjects = sa.table("outreach_subject_tallies", sa.column("area_id"), sa.column("month", sa.Date()),
                        sa.column("topics"), *(sa.column(name, sa.Integer()) for name in numbers))
    connection.execute(sa.insert(subjects), [
        {"area_id": area_id, "month": month, "topics": said, **dict(zip(numbers, kept, strict=True))}
        for (area_id, month, said), kept in totals.items()])
    by_month = defaultdict(lambda: [0] * 6)
    for (area_id, month, _), (_sessions, _attendance, *heads) in totals.items():
        kept = by_month[area_id, month]
        kept[:] = [old + new for old, new in zip(kept, heads, strict=True)]
    tallies = sa.table("outreach_tallies", sa.column("area_id", sa.Integer()), sa.column("month", sa.Date()),
                       *(sa.column(heads, sa.Integer()) for heads in HEADS))
    connection.execute(
        sa.update(tallies)
        .where(tallies.c.area_id == sa.bindparam("place"), tallies.c.month == sa.bindparam("then"))
        .values({heads: sa.bindparam(f"new_{heads}") for heads in HEADS}),
        [{"place": area_id, "then": month, **{f"new_{name}": n for name, n in zip(HEADS, kept, strict=True)}}
         for (area_id, month), kept in by_month.items()])
