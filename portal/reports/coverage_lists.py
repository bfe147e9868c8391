"""Lists to act on: the RW and schools where nobody has been yet, or not since a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.outreach.models import OutreachLatest
from portal.reports.coverage import HOSTS, scope, up_from

PAGE = 50


@dataclass(frozen=True)
class Missing:
    """An RW or school where there was nothing since a day. `last` is None where there never was."""

    code: str
    name: str
    level: str
    kelurahan: str
    kecamatan: str
    last: date | None


@dataclass(frozen=True)
class List:
    """The places in one area, by kecamatan, kelurahan and name. `of` is how many there are in all."""

    area: str
    code: str
    level: str
    up: str
    since: date
    rows: tuple[Missing, ...]
    of: int

    @property
    def never(self) -> int:
        """How many never had a session."""
        return sum(row.last is None for row in self.rows)


@dataclass(frozen=True)
class Page:
    """A page of such a list; the next one begins behind the code `after`, if there is one. `first` counts from 1."""

    rows: tuple[Missing, ...]
    first: int
    after: str


def missing(session: Session, code: str, *, viewer: Viewer, since: date, kinds: Iterable[Level] = HOSTS,
            never: bool = False) -> List:
    """The RW and schools (or those of some kinds) in an area with no session on or after a day; with `never`, only
    those that had none at all.

    Raises `NotVisible` beyond what the viewer may see.
    """
    root, top = scope(session, code, viewer=viewer)
    kelurahan, kecamatan = aliased(Area), aliased(Area)
    wanted = [Level(kind) for kind in kinds]
    hosts = (areas.below(root.path), Area.level.in_(wanted))
    before = date.min if never else since
    found = session.execute(
        select(Area.code, Area.name, Area.level, kelurahan.name, kecamatan.name, OutreachLatest.held_on)
        .join(kelurahan, kelurahan.id == Area.parent_id).join(kecamatan, kecamatan.id == kelurahan.parent_id)
        .outerjoin(OutreachLatest, OutreachLatest.area_id == Area.id)
        .where(*hosts, or_(OutreachLatest.held_on.is_(None), OutreachLatest.held_on < before)))
    rows = sorted((Missing(*row) for row in found), key=_in_order)
    return List(root.name, root.code, root.level, up_from(root, top), since, tuple(rows),
                len(session.scalars(select(Area.id).where(*hosts)).all()))


def page(found: List, after: str = "") -> Page:
    """One page, behind the place with the code `after`; a code that is not there begins anew."""
    at = next((place + 1 for place, row in enumerate(found.rows) if row.code == after), 0)
    shown = found.rows[at:at + PAGE]
    return Page(shown, at + 1, shown[-1].code if at + PAGE < len(found.rows) else "")


def _in_order(row: Missing) -> tuple[object, ...]:
    return (areas.by_name(row.kecamatan), areas.by_name(row.kelurahan), row.level == Level.SCHOOL,
            areas.by_name(row.name), row.code)
