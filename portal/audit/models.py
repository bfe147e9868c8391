"""One table that only grows."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import Base


class AuditEntry(Base):
    """What was done. `actor_id` is empty where naming the person would tie her to a concern."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(40), default="")
    amount: Mapped[int] = mapped_column(default=1)


class DoneOnce(Base):
    """An act that was acknowledged, found again by its form's one-use key. It names nobody.

    The digest is keyed with the one-use key itself, which is not stored: the few possible answers of
    a form could otherwise be guessed from it.
    """

    __tablename__ = "done_once"

    mark: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    outcome: Mapped[str] = mapped_column(String(80))
    done_on: Mapped[date]
