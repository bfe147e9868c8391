"""What officers write while they work on a concern, and the little beside it that must stand in clear."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import NO_ORDER, Base, new_id

_UNDECIDED = text("decided_at IS NULL")
_UNREVIEWED = text("reviewed_at IS NULL")


class Note(Base):
    """Anything an officer writes, sealed under the concern's own key; of what kind it is lies sealed too.

    Notes are only added. One that corrects another comes after it, so nothing written is ever lost.
    """

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_flag", "flag_id", "written_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    written_at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)


class Proposal(Base):
    """What one officer wants to do and another must agree to. What it is lies sealed; that somebody is
    waited for, by when, and who has agreed, does not. A concern has one at a time.

    `outcome`: confirmed, declined, withdrawn (by whoever proposed), lapsed (nobody came in time), void (the
    concern went elsewhere meanwhile).
    """

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="decided_has_outcome"),
        CheckConstraint("outcome IS NULL OR outcome IN ('confirmed','declined','withdrawn','lapsed','void')",
                        name="outcome"),
        CheckConstraint("outcome IS NULL OR outcome NOT IN ('confirmed','declined') "
                        "OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)", name="never_the_same"),
        Index("ix_proposals_flag", "flag_id", "proposed_at"),
        Index("uq_proposals_undecided", "flag_id", unique=True, sqlite_where=_UNDECIDED,
              postgresql_where=_UNDECIDED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    proposed_at: Mapped[datetime]
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    lapses_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    outcome: Mapped[str | None] = mapped_column(String(10))
    sealed_content: Mapped[bytes] = mapped_column(LargeBinary)


class BreakGlass(Base):
    """That one officer acted alone, until when, and who looked at it afterwards; why is the note's. In clear,
    because it must be seen by whoever has her keys locked too."""

    __tablename__ = "break_glass"
    __table_args__ = (
        CheckConstraint("until > at", name="holds_for_a_time"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewed_by_id IS NULL)", name="reviewed_by_somebody"),
        CheckConstraint("reviewed_by_id IS NULL OR reviewed_by_id <> by_id", name="never_by_herself"),
        Index("ix_break_glass_flag", "flag_id", "at"),
        Index("ix_break_glass_unreviewed", "at", sqlite_where=_UNREVIEWED, postgresql_where=_UNREVIEWED),
    )

    note_id: Mapped[UUID] = mapped_column(ForeignKey("notes.id", ondelete="CASCADE"), primary_key=True)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    until: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    reviewed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Hold(Base):
    """That a concern must not be forgotten when its time is over; why is the note's, sealed. The database itself
    refuses to delete a concern under a hold: this reference does not cascade."""

    __tablename__ = "holds"

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id"), primary_key=True)
    placed_at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class EarlyDeletion(Base):
    """That a closed concern is deleted before its time: two of the unit agreed, and on that day it goes, unless
    somebody stops it. Why is the notes', sealed. Those with one `root_id`, the concern on which it was agreed, go
    together or not at all; that one may be gone sooner."""

    __tablename__ = "early_deletions"
    __table_args__ = (CheckConstraint("agreed_by_id <> asked_by_id", name="never_the_same"),)

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True)
    root_id: Mapped[UUID] = mapped_column(index=True)
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    agreed_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    due_on: Mapped[date]


class MonthlyFact(Base):
    """The codes of one assessment, for counting, without a way back to the concern: its random id stands
    nowhere but in the concern's sealed part. Corrected, it is taken out and put in anew under another id.

    The table has no row numbers on SQLite, because they would say in which order concerns were assessed.
    """

    __tablename__ = "monthly_facts"
    __table_args__ = (
        CheckConstraint("forms <> ''", name="some_form"),
        Index("ix_monthly_facts_month", "month", "kecamatan_id"),
        NO_ORDER,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kecamatan_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    month: Mapped[date]
    forms: Mapped[str] = mapped_column(String(160))
    age: Mapped[str] = mapped_column(String(24))
    sex: Mapped[str] = mapped_column(String(24))
    disability: Mapped[str] = mapped_column(String(24))
    place: Mapped[str] = mapped_column(String(24))
    relation: Mapped[str] = mapped_column(String(24))


class Mark(Base):
    """A blind mark of something by which the same person might be met twice (a phone, a name with area and
    age): equal for equal things, and unreadable without the unit's own private key."""

    __tablename__ = "marks"

    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    flag_id: Mapped[UUID] = mapped_column(
        ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True, index=True)
