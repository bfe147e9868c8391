"""Each entry of the trail holds on to all before it: SHA-256 over the hash before it and its own fields.

The chain itself needs no key, so that whoever holds a copy of the tables can check it with no secret at hand.
What it cannot know, that its end was cut off or that all of it was written anew, the anchors know
(`audit/anchors.py`): heads of the chain, signed, kept where the database is not.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import event, func, insert, select
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry, AuditLink

BEGINNING = bytes(32)
"""What stands before the first entry."""

_WAITING = "entries to be linked"
_LOCK = (0x7472, 0x61696C)
"""PostgreSQL's advisory lock by two numbers: a space that nothing else here uses."""


class Fields(Protocol):
    """What an entry says."""

    id: int
    at: datetime
    actor_id: UUID | None
    action: str
    subject: str
    reason: str
    amount: int


def link_hash(before: bytes, entry: Fields) -> bytes:
    """The hash of an entry that follows on `before`: one spelling for every entry, and no two share one."""
    fields = [entry.id, entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
              str(entry.actor_id) if entry.actor_id else "", entry.action, entry.subject, entry.reason, entry.amount]
    return hashlib.sha256(before + json.dumps(fields, separators=(",", ":")).encode()).digest()


def to_be_linked(session: Session, entry: AuditEntry) -> None:
    """Link the entry when its transaction ends."""
    session.info.setdefault(_WAITING, []).append(entry)


def head(session: Session) -> tuple[int, bytes]:
    """Number and hash of the last link; 0 and `BEGINNING` while there is none."""
    last = session.execute(select(AuditLink.seq, AuditLink.hash).order_by(AuditLink.seq.desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, BEGINNING)


@event.listens_for(Session, "before_commit")
def _link(session: Session) -> None:
    """Link what the transaction wrote, as the very last thing it does: one writer at a time holds the end of the
    chain, and whoever holds it waits for nobody's row any more, so that no two can wait for each other."""
    if session.in_nested_transaction():
        return  # only a savepoint ends here
    entries = [entry for entry in session.info.pop(_WAITING, []) if entry in session]  # the others were rolled back
    if not entries:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(select(func.pg_advisory_xact_lock(*_LOCK)))
    seq, before = head(session)
    rows = []
    for number, entry in enumerate(entries, seq + 1):
        before = link_hash(before, entry)
        rows.append({"seq": number, "entry_id": entry.id, "hash": before})
    session.execute(insert(AuditLink), rows)
