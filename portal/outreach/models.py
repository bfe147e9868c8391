"""A session as it was logged, its corrections, and the running totals that keep pages fast."""

from datetime import date
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.base.db import NO_ORDER, Base, new_id

HEADS = ("girls", "boys", "women", "men", "older_women", "older_men")
"""The six head counts: children 0-17, adults 18-59, older people 60 and over, by sex."""


class Outreach(Base):
    """An awareness session. Logged to the day: a finer time beside a concern's would say who sent it."""

    __tablename__ = "outreach"
    __table_args__ = (
        CheckConstraint(" AND ".join(f"{heads} BETWEEN 0 AND 999" for heads in HEADS), name="heads"),
        CheckConstraint(f"{' + '.join(HEADS)} >= 1", name="somebody_came"),
        Index("ix_outreach_area_held", "area_id", "held_on"),
        Index("ix_outreach_logger_held", "logged_by_id", "held_on"),
        NO_ORDER,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    held_on: Mapped[date] = mapped_column(index=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    girls: Mapped[int]
    boys: Mapped[int]
    women: Mapped[int]
    men: Mapped[int]
    older_women: Mapped[int]
    older_men: Mapped[int]
    audiences: Mapped[list[str]] = mapped_column(JSON, default=list)
    materials: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    funding: Mapped[str] = mapped_column(String(24), default="", server_default="")
    speaker: Mapped[str] = mapped_column(String(60), default="", server_default="")
    institution: Mapped[str] = mapped_column(String(80), default="", server_default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    logged_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    logged_on: Mapped[date]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
    topics: Mapped[list["OutreachTopic"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="OutreachTopic.topic"
    )

    @property
    def attendance(self) -> int:
        """How many came, all together."""
        return sum(getattr(self, heads) for heads in HEADS)


class OutreachTopic(Base):
    """One topic of a session, by its code in the topics list. The area is repeated so that "never
    spoken of here" is one look into an index."""

    __tablename__ = "outreach_topics"
    __table_args__ = (Index("ix_outreach_topics_area_topic", "area_id", "topic"), NO_ORDER)

    outreach_id: Mapped[UUID] = mapped_column(
        ForeignKey("outreach.id", ondelete="CASCADE"), primary_key=True
    )
    topic: Mapped[str] = mapped_column(String(24), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))


class OutreachCorrection(Base):
    """What a session said before somebody corrected it."""

    __tablename__ = "outreach_corrections"
    __table_args__ = NO_ORDER

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    outreach_id: Mapped[UUID] = mapped_column(ForeignKey("outreach.id"), index=True)
    version: Mapped[int] = mapped_column(server_default="0")  # the one that it replaced: their order
    corrected_on: Mapped[date]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    before: Mapped[dict[str, object]] = mapped_column(JSON)


class OutreachTally(Base):
    """Running totals of one area (of any level) in one month, kept in the transaction of each write."""

    __tablename__ = "outreach_tallies"
    __table_args__ = (
        CheckConstraint("sessions >= 0 AND attendance >= 0", name="counts"),
        # the planner's way to "who was reached in these months" without touching the table's own order
        Index("ix_outreach_tallies_month", "month", "area_id"),
        NO_ORDER,
    )

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    sessions: Mapped[int]
    attendance: Mapped[int]
    girls: Mapped[int] = mapped_column(server_default="0")
    boys: Mapped[int] = mapped_column(server_default="0")
    women: Mapped[int] = mapped_column(server_default="0")
    men: Mapped[int] = mapped_column(server_default="0")
    older_women: Mapped[int] = mapped_column(server_default="0")
    older_men: Mapped[int] = mapped_column(server_default="0")


class OutreachSubjectTally(Base):
    """The same totals apart by what the sessions were about: `topics` is every topic of a session, in order.

    By whole combinations, because a session about two topics is one session: from them the totals of a topic,
    and of an indicator that several topics feed, are exact.
    """

    __tablename__ = "outreach_subject_tallies"
    __table_args__ = (
        CheckConstraint("sessions >= 0 AND attendance >= 0", name="counts"),
        Index("ix_outreach_subject_tallies_month", "month", "area_id"),
        NO_ORDER,
    )

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    topics: Mapped[str] = mapped_column(String(800), primary_key=True)
    sessions: Mapped[int]
    attendance: Mapped[int]
    girls: Mapped[int]
    boys: Mapped[int]
    women: Mapped[int]
    men: Mapped[int]
    older_women: Mapped[int]
    older_men: Mapped[int]


class OutreachLatest(Base):
    """When an area (of any level) last had a session."""

    __tablename__ = "outreach_latest"

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    held_on: Mapped[date]


class OutreachForthcoming(Base):
    """How often "did anybody come forward?" was answered in a kelurahan, by the month of the sessions.

    Only counts. No account, no session, no day: nobody may find out by which session somebody spoke up.
    """

    __tablename__ = "outreach_forthcoming"
    __table_args__ = (CheckConstraint("yes >= 0 AND no >= 0", name="counts"), NO_ORDER)

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    yes: Mapped[int]
    no: Mapped[int]


class OutreachPhoto(Base):
    """A picture of a session, drawn anew without anything that the camera wrote into it. The file lies in the
    folder for photos under this key; how it was called on the phone is not kept."""

    __tablename__ = "outreach_photos"
    __table_args__ = (CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="sizes"), NO_ORDER)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    outreach_id: Mapped[UUID] = mapped_column(ForeignKey("outreach.id", ondelete="CASCADE"), index=True)
    added_on: Mapped[date]
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]


class OutreachPlan(Base):
    """A session that a coordinator means to have held, and the one that came of it."""

    __tablename__ = "outreach_plans"
    __table_args__ = (
        CheckConstraint("outreach_id IS NULL OR NOT cancelled", name="held_or_cancelled"),
        Index("ix_outreach_plans_area_day", "area_id", "planned_for"),
        NO_ORDER,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    planned_for: Mapped[date]
    topic: Mapped[str] = mapped_column(String(24))
    spot: Mapped[str] = mapped_column(String(80))
    for_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    planned_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    planned_on: Mapped[date]
    cancelled: Mapped[bool] = mapped_column(default=False)
    outreach_id: Mapped[UUID | None] = mapped_column(ForeignKey("outreach.id", ondelete="SET NULL"), unique=True)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class OutreachImport(Base):
    """A file of past sessions: checked and shown first (its rows lie here meanwhile), then loaded, or undone."""

    __tablename__ = "outreach_imports"
    __table_args__ = (CheckConstraint("state IN ('preview','loaded','undone')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    made_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(8))
    file_name: Mapped[str] = mapped_column(String(80))
    row_count: Mapped[int]
    rows: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class OutreachImported(Base):
    """Which sessions came of which import."""

    __tablename__ = "outreach_imported"
    __table_args__ = NO_ORDER

    outreach_id: Mapped[UUID] = mapped_column(ForeignKey("outreach.id", ondelete="CASCADE"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("outreach_imports.id"), index=True)
