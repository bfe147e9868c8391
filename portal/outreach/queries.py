"""Reading sessions. Each asks for the viewer; what she may not know of is absent."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.areas.models import Area, Level
from portal.areas.queries import AnyArea, Place, below
from portal.base.db import as_uuid
from portal.base.errors import NotVisible
from portal.outreach import codes
from portal.outreach.commands import Held, held_of
from portal.outreach.models import HEADS, Outreach, OutreachCorrection, OutreachLatest, OutreachTopic
from portal.outreach.policy import may_log, own, visible_to

PAGE = 25
_PATH_OF_KECAMATAN = "/province/city/kecamatan/".count("/")
_HANGS_UNDER = {Level.KELURAHAN: Level.RW, Level.RW: Level.RT}


@dataclass(frozen=True)
class Here:
    """How things stand in a cadre's own area. `last_attendance` counts everybody who came on that day;
    `missing_topic` is a code, "" where nothing was held yet or nothing is missing."""

    area_name: str
    level: str
    this_month: bool
    last_held_on: date | None
    last_attendance: int
    missing_topic: str


@dataclass(frozen=True)
class Change:
    """A correction: when, by whom, and (part, what it said before, what it says since) for each part."""

    on: date
    by: str
    parts: list[tuple[str, Any, Any]]


@dataclass(frozen=True)
class ListRow:
    """A session in a list."""

    id: UUID
    held_on: date
    place: Place
    topics: tuple[str, ...]
    attendance: int


@dataclass(frozen=True)
class ListPage:
    """A page of sessions, newest first, by the first day of their month. The next page is `before`, if any."""

    months: list[tuple[date, list[ListRow]]]
    before: str


def here(session: Session, *, viewer: Viewer, today: date) -> Here:
    """What was held in the viewer's own area. Raises `NotVisible` for somebody without one."""
    area = areas.get_area(session, viewer.area_id or 0)
    last = session.scalar(select(OutreachLatest.held_on).where(OutreachLatest.area_id == area.id))
    if last is None:
        return Here(area.name, area.level, this_month=False, last_held_on=None, last_attendance=0, missing_topic="")
    came = session.execute(
        select(*_heads()).join(Area, Area.id == Outreach.area_id)
        .where(Outreach.held_on == last, below(area.path)))
    return Here(area.name, area.level, this_month=last >= today.replace(day=1), last_held_on=last,
                last_attendance=sum(sum(row) for row in came), missing_topic=_missing_topic(session, area))


def sessions(session: Session, *, viewer: Viewer, before: str = "") -> ListPage:
    """The sessions this viewer may see, newest first, a page at a time; `before` is an earlier page's mark.

    Those of her area and her own are asked for apart, each by its index: "or" would read the whole table.
    """
    query = (select(Outreach.id, Outreach.held_on, Outreach.area_id, sum(_heads()[1:], _heads()[0]).label("came"))
             .order_by(Outreach.held_on.desc(), Outreach.id.desc()).limit(PAGE + 1))
    mark = _read_mark(before)
    if mark is not None:
        day, id_ = mark
        query = query.where(or_(Outreach.held_on < day, and_(Outreach.held_on == day, Outreach.id < id_)))
    found = {row.id: row for mine in (_in_area(viewer), own(viewer)) for row in session.execute(query.where(mine))}
    rows = sorted(found.values(), key=lambda row: (row.held_on, row.id), reverse=True)
    shown = rows[:PAGE]
    return ListPage(_by_month(_list_rows(session, shown)),
                    f"{shown[-1].held_on}_{shown[-1].id}" if len(rows) > PAGE else "")


def get_session(session: Session, outreach_id: UUID, *, viewer: Viewer) -> Outreach:
    """One session. Raises `NotVisible` when it is absent, or neither of this viewer's area nor her own."""
    found = session.scalar(select(Outreach).join(Area, Area.id == Outreach.area_id)
                           .where(Outreach.id == outreach_id, or_(visible_to(viewer), own(viewer))))
    if found is None:
        raise NotVisible
    return found


def logger_of(session: Session, outreach: Outreach) -> str:
    """The name of the person who logged a session."""
    return session.scalar(select(Account.name).where(Account.id == outreach.logged_by_id)) or ""


def history(session: Session, outreach: Outreach) -> list[Change]:
    """What was corrected in a session that the viewer may see, the newest first."""
    rows = session.execute(
        select(OutreachCorrection.corrected_on, Account.name, OutreachCorrection.before)
        .join(Account, Account.id == OutreachCorrection.by_id)
        .where(OutreachCorrection.outreach_id == outreach.id).order_by(OutreachCorrection.version)).all()
    states = [*(row.before for row in rows), {**asdict(held_of(outreach)), "held_on": outreach.held_on.isoformat()}]
    named = areas.full_names(session, {state["area_id"] for state in states})
    said = [_said_then(state, named) for state in states]
    changes = [Change(row.corrected_on, row.name,
                      [(part, old[part], new[part]) for part in new if old[part] != new[part]])
               for row, old, new in zip(rows, said, said[1:], strict=False)]
    return changes[::-1]


def _said_then(state: dict[str, Any], named: dict[int, Place]) -> dict[str, Any]:
    """What a session said at one time, by the parts that people know; older notes lack some."""
    place = named.get(state["area_id"])
    return {"day": date.fromisoformat(state["held_on"]), "place": place.name if place else "",
            "topics": sorted(state["topics"]), "people": sum(state[heads] for heads in HEADS),
            "heads": tuple(state[heads] for heads in HEADS), "audiences": sorted(state.get("audiences") or ()),
            "materials": sorted(state.get("materials") or ()), "funding": state.get("funding", ""),
            "speaker": ", ".join(filter(None, (state.get("speaker"), state.get("institution")))),
            "note": state.get("note", "")}


def last_topics(session: Session, *, viewer: Viewer) -> list[str]:
    """The topics of the session this person logged last: they are offered first."""
    last = session.scalars(select(Outreach).where(Outreach.logged_by_id == viewer.account_id)
                           .order_by(Outreach.held_on.desc(), Outreach.logged_on.desc()).limit(1)).first()
    return [topic.topic for topic in last.topics] if last else []


def places(session: Session, *, viewer: Viewer) -> list[Place]:
    """Where this person may say that a session was: her own place first, then what hangs on it; for a
    cadre also the schools of her kelurahan."""
    place = areas.get_area(session, viewer.area_id or 0)
    kelurahan = areas.kelurahan_of(session, place) if viewer.role is Role.CADRE else None
    return _places(session, place, kelurahan)


def places_around(session: Session, outreach: Outreach, *, viewer: Viewer) -> list[Place]:
    """Where this person may move a session to that she corrects: where it is, then where she could have logged
    it; for a coordinator, anywhere in its kelurahan."""
    here = areas.get_area(session, outreach.area_id)
    kelurahan = None if may_log(viewer) else areas.kelurahan_of(session, here)
    near = _places(session, kelurahan, kelurahan) if kelurahan else places(session, viewer=viewer)
    return [areas.full_name(session, here), *(place for place in near if place.area_id != here.id)]


def _places(session: Session, place: AnyArea, kelurahan: AnyArea | None) -> list[Place]:
    """A place, what hangs on it, and the schools of a kelurahan if one is named."""
    ids = [place.id]
    if place.level in _HANGS_UNDER:
        ids += [row.id for row in areas.children_of(session, place, _HANGS_UNDER[Level(place.level)])]
    if kelurahan is not None:
        ids += [row.id for row in areas.children_of(session, kelurahan, Level.SCHOOL)]
    named = areas.full_names(session, ids)
    return [named[id_] for id_ in ids]


def alike(session: Session, held: Held, *, viewer: Viewer) -> Outreach | None:
    """A session that this person logged for the same day and place with a topic in common."""
    return session.scalars(
        select(Outreach).join(OutreachTopic, OutreachTopic.outreach_id == Outreach.id)
        .where(Outreach.logged_by_id == viewer.account_id, Outreach.held_on == held.held_on,
               Outreach.area_id == held.area_id, OutreachTopic.topic.in_(held.topics)).limit(1)).first()


def _in_area(viewer: Viewer) -> ColumnElement[bool]:
    """The sessions of her area: of a few places by the index of places, of a kecamatan or more from the newest
    down, because there the first page is soon full."""
    places = select(Area.id).where(visible_to(viewer))
    if viewer.area_path.count("/") > _PATH_OF_KECAMATAN:
        return Outreach.area_id.in_(places)
    return places.where(Area.id == Outreach.area_id).exists()


def _heads() -> list[Any]:
    return [getattr(Outreach, heads) for heads in HEADS]


def _list_rows(session: Session, rows: Sequence[Row[Any]]) -> list[ListRow]:
    named = areas.full_names(session, {row.area_id for row in rows})
    topics: dict[UUID, list[str]] = {}
    for outreach_id, topic in session.execute(
            select(OutreachTopic.outreach_id, OutreachTopic.topic)
            .where(OutreachTopic.outreach_id.in_([row.id for row in rows])).order_by(OutreachTopic.topic)):
        topics.setdefault(outreach_id, []).append(topic)
    return [ListRow(row.id, row.held_on, named[row.area_id], tuple(topics.get(row.id, ())), row.came)
            for row in rows]


def _by_month(rows: list[ListRow]) -> list[tuple[date, list[ListRow]]]:
    return [(month, list(group)) for month, group in groupby(rows, key=lambda row: row.held_on.replace(day=1))]


def _read_mark(text: str) -> tuple[date, UUID] | None:
    """Where the next page begins; None for a mark that is none."""
    day, _, key = text.partition("_")
    id_ = as_uuid(key)
    try:
        return (date.fromisoformat(day), id_) if id_ else None
    except ValueError:
        return None


def _missing_topic(session: Session, area: Area) -> str:
    """The first topic of the list that was never spoken of in an area: a look into an index for each."""
    wanted = [code for code in codes.topics() if code != codes.OTHER]
    within = select(Area.id).where(below(area.path))
    spoken_of = session.execute(select(*(
        exists().where(OutreachTopic.area_id.in_(within), OutreachTopic.topic == code) for code in wanted))).one()
    return next((code for code, found in zip(wanted, spoken_of, strict=True) if not found), "")
