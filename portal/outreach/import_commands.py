"""Loading a file of past sessions that was checked, and undoing it. Nothing is half loaded. None commits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.orm import Session

from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.audit import once as done_once
from portal.audit.log import record
from portal.base.db import new_id
from portal.base.errors import NotVisible, Refused
from portal.outreach import totals
from portal.outreach.commands import Held, held_of
from portal.outreach.models import (
    HEADS,
    Outreach,
    OutreachCorrection,
    OutreachImport,
    OutreachImported,
    OutreachPhoto,
    OutreachTopic,
)
from portal.outreach.totals import Counted

_AT_ONCE = 1000
_REBUILD_FROM = 5000
"""From so many sessions on it is quicker to count all totals anew than to change each."""


def may_import(viewer: Viewer) -> bool:
    """Coordinators bring in what was held in their area before the portal."""
    return viewer.role is Role.COORDINATOR


def keep_preview(session: Session, sessions: Sequence[Held], *, file_name: str, by: Viewer, today: date, once: str,
                 body: str) -> UUID:
    """Keep the checked sessions of a file until they are loaded; returns the import's key. Earlier files of this
    person that were only looked at are forgotten. The same form sent again gives the first one's."""
    before = done_once.outcome_of(session, once, body)
    if before is not None:
        return UUID(before)
    session.execute(delete(OutreachImport).where(OutreachImport.by_id == by.account_id,
                                                 OutreachImport.state == "preview"))
    rows: list[dict[str, object]] = [{**asdict(held), "held_on": held.held_on.isoformat()} for held in sessions]
    kept = OutreachImport(id=new_id(), by_id=by.account_id, made_on=today, state="preview", file_name=file_name[:80],
                          row_count=len(rows), rows=rows)
    session.add(kept)
    session.flush()
    done_once.remember(session, once, body, str(kept.id))
    return kept.id


def get_import(session: Session, import_id: UUID, *, viewer: Viewer) -> OutreachImport:
    """An import of this viewer. Raises `NotVisible` for any other."""
    found = session.scalar(select(OutreachImport).where(OutreachImport.id == import_id,
                                                        OutreachImport.by_id == viewer.account_id))
    if found is None:
        raise NotVisible
    return found


def imports_of(session: Session, *, viewer: Viewer) -> list[OutreachImport]:
    """What this viewer loaded, the newest first."""
    return list(session.scalars(
        select(OutreachImport).where(OutreachImport.by_id == viewer.account_id, OutreachImport.state != "preview")
        .order_by(OutreachImport.made_on.desc(), OutreachImport.id).limit(20)))


def sessions_of(kept: OutreachImport) -> list[Held]:
    """The sessions of a file that was looked at and not loaded yet."""
    rows: list[dict[str, Any]] = list(kept.rows)
    return [Held(**{**row, "held_on": date.fromisoformat(row["held_on"]), "topics": tuple(row["topics"]),
                    "audiences": tuple(row["audiences"]), "materials": tuple(row["materials"])}) for row in rows]


def load_preview(session: Session, import_id: UUID, *, by: Viewer, today: date) -> None:
    """Load what was looked at. One that is loaded stays so. Raises `Refused` when it was undone meanwhile."""
    kept = get_import(session, import_id, viewer=by)
    if kept.state == "loaded":
        return
    if kept.state != "preview" or not may_import(by):
        raise Refused("this file was undone")
    sessions = sessions_of(kept)
    kept.state, kept.rows = "loaded", []
    session.flush()
    _load(session, kept.id, sessions, by=by.account_id, today=today, tell=lambda _done: None)


def load_at_once(session: Session, sessions: Sequence[Held], *, file_name: str, by: UUID, today: date,
                 tell: Callable[[int], None]) -> UUID:
    """Load the checked sessions of a large file, as the command line does; returns the import's key."""
    kept = OutreachImport(id=new_id(), by_id=by, made_on=today, state="loaded", file_name=file_name[:80],
                          row_count=len(sessions), rows=[])
    session.add(kept)
    session.flush()
    _load(session, kept.id, sessions, by=by, today=today, tell=tell)
    return kept.id


def undo(session: Session, kept: OutreachImport, *, by: UUID | None) -> None:
    """Take all sessions of an import away again. One that was undone stays so.

    Raises `Refused` when somebody corrected one of them since, or added a photo: then they are more than the file.
    """
    if kept.state == "undone":
        return
    if kept.state != "loaded":
        raise Refused("this file was not loaded")
    ids = select(OutreachImported.outreach_id).where(OutreachImported.import_id == kept.id)
    touched = or_(exists().where(OutreachCorrection.outreach_id == Outreach.id),
                  exists().where(OutreachPhoto.outreach_id == Outreach.id))
    if session.scalar(select(Outreach.id).where(Outreach.id.in_(ids), touched).limit(1)) is not None:
        raise Refused("sessions of this file were changed since")
    gone = [Counted(held.area_id, held.held_on, held.topics, tuple(getattr(held, heads) for heads in HEADS), -1)
            for held in map(held_of, session.scalars(select(Outreach).where(Outreach.id.in_(ids))))]
    session.expunge_all()
    kept = session.get_one(OutreachImport, kept.id)
    session.execute(delete(Outreach).where(Outreach.id.in_(ids)), execution_options={"synchronize_session": False})
    _count(session, gone)
    kept.state = "undone"
    record(session, "outreach.import_undone", kept.id, by=by, amount=len(gone))


def _load(session: Session, import_id: UUID, sessions: Sequence[Held], *, by: UUID, today: date,
          tell: Callable[[int], None]) -> None:
    done = 0
    for part in _parts(sessions):
        rows = [_row(held, by, today) for held in part]
        session.execute(insert(Outreach), rows)
        session.execute(insert(OutreachTopic), [
            {"outreach_id": row["id"], "topic": topic, "area_id": held.area_id}
            for row, held in zip(rows, part, strict=True) for topic in held.topics])
        session.execute(insert(OutreachImported),
                        [{"outreach_id": row["id"], "import_id": import_id} for row in rows])
        done += len(part)
        tell(done)
    _count(session, [Counted(held.area_id, held.held_on, held.topics,
                             tuple(getattr(held, heads) for heads in HEADS)) for held in sessions])
    record(session, "outreach.imported", import_id, by=by, amount=len(sessions))


def _row(held: Held, by: UUID, today: date) -> dict[str, Any]:
    said = asdict(held)
    said.pop("topics")
    return {**said, "audiences": list(held.audiences), "materials": list(held.materials), "id": new_id(),
            "logged_by_id": by, "logged_on": today, "version": 1}


def _count(session: Session, counted: list[Counted]) -> None:
    if len(counted) < _REBUILD_FROM:
        totals.change(session, counted)
    else:
        totals.rebuild(session)


def _parts(sessions: Sequence[Held]) -> Iterator[Sequence[Held]]:
    return (sessions[first:first + _AT_ONCE] for first in range(0, len(sessions), _AT_ONCE))
