"""One table for every level of the tree. Codes are Kemendagri's; schools carry their NPSN."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import Base

# Compared byte by byte, as SQLite does anyway: "below" is a range (queries.below), and a language's own
# order would neither keep the range together nor let the index serve it.
_PATH = String(160).with_variant(String(160, collation="C"), "postgresql")


class Level(StrEnum):
    """The levels, from the top down. A school hangs on a kelurahan, beside its RW."""

    PROVINCE = "province"
    CITY = "city"
    KECAMATAN = "kecamatan"
    KELURAHAN = "kelurahan"
    RW = "rw"
    RT = "rt"
    SCHOOL = "school"


class Area(Base):
    """A place. `path` spells the way down from the root, so that "below" is one range of an index."""

    __tablename__ = "areas"
    __table_args__ = (
        CheckConstraint("level IN ('province','city','kecamatan','kelurahan','rw','rt','school')",
                        name="level"),
        CheckConstraint("name <> '' AND code <> ''", name="named"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(24), unique=True)
    level: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    path: Mapped[str] = mapped_column(_PATH, unique=True)
