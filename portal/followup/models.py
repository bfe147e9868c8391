"""What officers write while they work on a concern, and who has it open."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import Base, new_id


class Note(Base):
    """An action, an assessment's reason or a closing's reason, sealed under the concern's own key."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_flag", "flag_id", "written_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    written_at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)


class Presence(Base):
    """Who has a sheet open, and since when. Older than a few minutes it says nothing, and is swept away."""

    __tablename__ = "presences"
    __table_args__ = (CheckConstraint("seen_at >= since", name="forward"),)

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
