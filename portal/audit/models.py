"""What was done, in tables that only grow, and when somebody last looked whether they are whole."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import NO_ORDER, Base


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


class AuditLink(Base):
    """An entry's place in the chain: `hash` covers the entry and the hash before it (`audit/chain.py`).

    `seq` has no gaps and is the order of the commits; an entry's own id is taken earlier, and may be lost.
    """

    __tablename__ = "audit_links"

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entries.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditCheck(Base):
    """That the whole trail was looked through, and what came of it."""

    __tablename__ = "audit_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    holds: Mapped[bool]
    anchored: Mapped[bool]


class DoneOnce(Base):
    """An act that was acknowledged, found again by its form's one-use key. It names nobody, but for the account that
    an invitation was used for.

    The digest is keyed with the one-use key itself, which is not stored: the few possible answers of
    a form could otherwise be guessed from it.
    """

    __tablename__ = "done_once"
    __table_args__ = NO_ORDER

    mark: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    outcome: Mapped[str] = mapped_column(String(80))
    done_on: Mapped[date]
