"""A concern as the database knows it: clocks and stages in clear, everything else sealed.

Clear columns are those that queues and deadlines need (rulings, section 6). Nobody's account is
named here: the reporter is a keyed tag.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import Base, new_id
from portal.flags.life import Risk, Status


def _one_of(column: str, values: type) -> str:
    return f"{column} IN ({','.join(repr(str(value)) for value in values)})"  # type: ignore[attr-defined]


class Flag(Base):
    """One concern. `due_at` is the unit's own clock, `promised_at` what its reporter was told.

    `ever_high` remembers that it was high at any time, if only by the estimate: then nobody ends it alone.
    `referrals_out` counts the services that were asked and have not come to an end with it.
    """

    __tablename__ = "flags"
    __table_args__ = (
        CheckConstraint(_one_of("status", Status), name="status"),
        CheckConstraint(_one_of("risk_estimate", Risk), name="risk_estimate"),
        CheckConstraint("risk_assessed IS NULL OR " + _one_of("risk_assessed", Risk), name="risk_assessed"),
        CheckConstraint("status = 'new' OR read_at IS NOT NULL", name="read_before_more"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        CheckConstraint("status <> 'closed' OR sealed_closing IS NOT NULL", name="closed_has_text"),
        CheckConstraint("status <> 'assessed' OR risk_assessed IS NOT NULL", name="assessed_has_risk"),
        CheckConstraint("status NOT IN ('assigned','in_progress') OR assignee_id IS NOT NULL",
                        name="worked_has_owner"),
        CheckConstraint("rank BETWEEN 0 AND 2", name="rank"),
        CheckConstraint("rank <> 0 OR ever_high", name="high_is_remembered"),
        CheckConstraint("referrals_out >= 0 AND (status <> 'referred' OR referrals_out > 0)",
                        name="referred_somewhere"),
        Index("ix_flags_open_queue", "unit_id", "rank", "due_at", "id",
              sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
        Index("ix_flags_closed", "unit_id", "closed_at", "id",
              sqlite_where=text("closed_at IS NOT NULL"), postgresql_where=text("closed_at IS NOT NULL")),
        Index("ix_flags_reporter", "reporter_tag", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(6), unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kelurahan_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    key_id: Mapped[UUID] = mapped_column(ForeignKey("sealing_keys.id"), index=True)
    reporter_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[str] = mapped_column(String(20), default=Status.NEW)
    risk_estimate: Mapped[str] = mapped_column(String(8))
    risk_assessed: Mapped[str | None] = mapped_column(String(8))
    rank: Mapped[int]
    ever_high: Mapped[bool]
    referrals_out: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime]
    promised_at: Mapped[datetime]
    due_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    next_news_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    sealed_answers: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_story: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_identity: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_closing: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class ContentKey(Base):
    """The key of one sealed row, wrapped for the unit. Its id is the row's own id.

    Kept apart from the content, so that deleting it makes the content unreadable everywhere.
    `rewrapped` is the same key under the unit's symmetric key, made by the first unlocked reader.
    """

    __tablename__ = "content_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("sealing_keys.id"), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    rewrapped: Mapped[bytes | None] = mapped_column(LargeBinary)


class FlagStep(Base):
    """One move in a concern's life. `by_id` is empty for the reporter's own."""

    __tablename__ = "flag_steps"
    __table_args__ = (
        CheckConstraint(_one_of("status", Status), name="status"),
        Index("ix_flag_steps_flag", "flag_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    move: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Question(Base):
    """What an officer asks the reporter: a template's code, sealed under the server's key for cadres."""

    __tablename__ = "questions"
    __table_args__ = (Index("ix_questions_flag", "flag_id", "asked_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    sealed_template: Mapped[bytes] = mapped_column(LargeBinary)


class Message(Base):
    """What the reporter adds later, or answers to a question: sealed to the unit like the concern."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_flag", "flag_id", "sent_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    question_id: Mapped[UUID | None] = mapped_column(ForeignKey("questions.id"))
    sent_at: Mapped[datetime]
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)


class Exclusion(Base):
    """An officer who has to do with somebody in a concern: it does not exist for her any more."""

    __tablename__ = "exclusions"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True, index=True)
    made_at: Mapped[datetime]


class Withheld(Base):
    """From whom a concern that is gone was kept, so that what the trail says of it stays kept from her: an account
    that stepped aside, or a key for conflicts, which stands for everybody without it."""

    __tablename__ = "withheld"

    flag_id: Mapped[UUID] = mapped_column(primary_key=True)
    kept_from: Mapped[UUID] = mapped_column(primary_key=True)


class CalendarDay(Base):
    """The city's own calendar over the national one: an extra day off, or a holiday that is worked."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    closed: Mapped[bool]
    name: Mapped[str] = mapped_column(String(80), default="")
