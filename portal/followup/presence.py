"""Who has a sheet open. It is a courtesy among colleagues and stops nobody: versions do that.

A row lives by being touched: when a sheet is opened, and every minute while it stands open with script. One
that was not touched for some minutes is over, so nobody has to say goodbye.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.db import insert_missing
from portal.flags.commands import able_to_work_on
from portal.flags.models import Flag
from portal.followup.models import Presence

LASTS = timedelta(minutes=4)
"""Longer than three times the minute after which an open page says that it is still there."""


@dataclass(frozen=True)
class Here:
    """A colleague who has the sheet open, and since when."""

    name: str
    since: datetime


def touch(session: Session, flag_id: UUID, *, by: Viewer) -> None:
    """She has this sheet open now. What is over is swept away on the occasion."""
    session.execute(delete(Presence).where(Presence.flag_id == flag_id, Presence.seen_at <= now() - LASTS))
    insert_missing(session, Presence, [{"flag_id": flag_id, "account_id": by.account_id, "since": now(),
                                        "seen_at": now()}])
    session.execute(update(Presence).where(Presence.flag_id == flag_id, Presence.account_id == by.account_id)
                    .values(seen_at=now()))


def leave(session: Session, flag_id: UUID, *, by: Viewer) -> None:
    """She must not be seen here any more."""
    session.execute(delete(Presence).where(Presence.flag_id == flag_id, Presence.account_id == by.account_id))


def others(session: Session, flag: Flag, *, viewer: Viewer) -> list[Here]:
    """The colleagues who have this sheet open too, the longest first. Only those for whom it exists: somebody
    whose key was taken away, or who was switched off, is not there either."""
    rows = session.execute(
        select(Account.name, Presence.since).join(Account, Account.id == Presence.account_id)
        .where(Presence.flag_id == flag.id, Presence.seen_at > now() - LASTS,
               Presence.account_id != viewer.account_id,
               Presence.account_id.in_(able_to_work_on(session, flag, by=viewer)))
        .order_by(Presence.since, Account.name))
    return [Here(name, since) for name, since in rows]
