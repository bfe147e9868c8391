"""Reading the tree. Lists are plain columns; what lies under a place is one range of an index."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, select
from sqlalchemy.orm import Session, aliased

from portal.areas.models import Area, Level
from portal.base.errors import NotVisible


@dataclass(frozen=True)
class AreaRow:
    """The columns of an area, under the same names, with nothing behind them that could be changed."""

    id: int
    code: str
    level: str
    name: str
    path: str


@dataclass(frozen=True)
class Place:
    """What is needed to say where a place is; templates put the words together.

    `kelurahan_name` and `kecamatan_name` are of those it is or lies in, empty for places above them.
    """

    area_id: int
    code: str
    level: str
    name: str
    kelurahan_name: str
    kecamatan_name: str


AnyArea = Area | AreaRow


def get_area(session: Session, area_id: int) -> Area:
    """The area with this key. Raises `NotVisible` when there is none."""
    area = session.get(Area, area_id)
    if area is None:
        raise NotVisible
    return area


def by_code(session: Session, code: str) -> Area | None:
    """The area with this Kemendagri code or `npsn.` and a school's number; None when there is none."""
    return session.scalar(select(Area).where(Area.code == code))


def below(path: str) -> ColumnElement[bool]:
    """The condition for a place and everything under it, by its path; nothing for somebody without one.

    Every path ends in `/`, and the next sign after it in the order of bytes is `0`: one range of the
    index on both databases, where LIKE would depend on collation. `/` stands for everything.
    """
    if not path:
        return false()
    return and_(Area.path >= path, Area.path < path[:-1] + "0")


def children_of(session: Session, area: AnyArea, level: Level) -> list[AreaRow]:
    """The areas of one level in `area`, itself if it is of that level, as people look for them by name."""
    rows = _listed(session, _columns().where(below(area.path), Area.level == level))
    return sorted(rows, key=lambda row: (by_name(row.name), row.code))


def ancestors(session: Session, area: AnyArea) -> list[AreaRow]:
    """The areas in which `area` lies, from the top down; not `area` itself."""
    rows = _listed(session, _columns().where(Area.code.in_(_codes(area)[:-1])))
    return sorted(rows, key=lambda row: len(row.path))


def kelurahan_of(session: Session, area: AnyArea) -> AreaRow | None:
    """The kelurahan that `area` is or lies in; None for places above one."""
    return _on_the_way(session, area, Level.KELURAHAN)


def city_of(session: Session, area: AnyArea) -> AreaRow | None:
    """The city that `area` is or lies in; None for a province."""
    return _on_the_way(session, area, Level.CITY)


def full_name(session: Session, area: AnyArea) -> Place:
    """The parts of which a page composes where `area` is."""
    return full_names(session, [area.id])[area.id]


def full_names(session: Session, area_ids: Iterable[int]) -> dict[int, Place]:
    """The same for many areas at once, by their keys, in one query: for lists."""
    rows = session.execute(_with_those_above(), {"ids": list(set(area_ids))})
    return {row[0]: _place(*row) for row in rows}


@cache
def _with_those_above() -> Select[Any]:
    """Made once, since most pages name a place: the areas of the keys `ids`, and what they lie in."""
    one, two, three = aliased(Area), aliased(Area), aliased(Area)  # an RT lies three steps under a kecamatan
    return (
        select(Area.id, Area.code, Area.level, Area.name,
               one.level, one.name, two.level, two.name, three.level, three.name)
        .outerjoin(one, one.id == Area.parent_id)
        .outerjoin(two, two.id == one.parent_id)
        .outerjoin(three, three.id == two.parent_id)
        .where(Area.id.in_(bindparam("ids", expanding=True)))
    )


def _columns() -> Select[Any]:
    return select(Area.id, Area.code, Area.level, Area.name, Area.path)


def _listed(session: Session, query: Select[Any]) -> list[AreaRow]:
    return [AreaRow(*row) for row in session.execute(query)]


def _on_the_way(session: Session, area: AnyArea, level: Level) -> AreaRow | None:
    found = _listed(session, _columns().where(Area.code.in_(_codes(area)), Area.level == level))
    return found[0] if found else None


def _codes(area: AnyArea) -> list[str]:
    return area.path.strip("/").split("/")


def _place(area_id: int, code: str, level: str, name: str, *above: str | None) -> Place:
    names = {level: name, **dict(zip(above[::2], above[1::2], strict=True))}
    return Place(area_id, code, level, name,
                 names.get(Level.KELURAHAN) or "", names.get(Level.KECAMATAN) or "")


def by_name(name: str) -> list[tuple[int, str]]:
    """Orders names as people do, on both databases alike: RW 9 before RW 10."""
    return [(int(word), "") if word.isdecimal() else (-1, word.casefold()) for word in name.split()]
