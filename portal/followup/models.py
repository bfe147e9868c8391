"""Who has a sheet open. What officers write is kept one floor below, where casework writes too."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import Base
from portal.casework.models import Note

__all__ = ["Note", "Presence"]


class Presence(Base):
    """Who has a sheet open, and since when. Older than a few minutes it says nothing, and is swept away."""

    __tablename__ = "presences"
    __table_args__ = (CheckConstraint("seen_at >= since", name="forward"),)

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
