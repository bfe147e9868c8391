"""Forms that were sent twice: a second tap, a retry or a replay finds the first one's outcome."""

import hashlib
import hmac
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.models import DoneOnce
from portal.base.clock import now
from portal.base.errors import Refused


def outcome_of(session: Session, key: str, body: str) -> str | None:
    """What came of the form with this one-use key, or None when it was never sent.

    Raises `Refused` when the same key comes back with other answers: neither may silently win.
    """
    _one_at_a_time(session, key)
    done = session.get(DoneOnce, _mark(key))
    if done is None:
        return None
    if not hmac.compare_digest(done.digest, _digest(key, body)):
        raise Refused("the same form was sent before with other answers")
    return done.outcome


def is_repeat(session: Session, key: str, body: str) -> bool:
    """Whether exactly this form was dealt with before. To be asked before anything else is checked: what was open
    to the first tap may be closed to the second, and whoever sent it must be told the same."""
    done = session.get(DoneOnce, _mark(key))
    return done is not None and hmac.compare_digest(done.digest, _digest(key, body))


def is_used(session: Session, key: str) -> bool:
    """Whether a form with this one-use key was dealt with before, whatever its answers."""
    return session.get(DoneOnce, _mark(key)) is not None


def outcome_since(session: Session, key: str, day: date) -> str | None:
    """What came of the act with this key, whatever its answers; None when it was never done, or before that day."""
    done = session.get(DoneOnce, _mark(key))
    return done.outcome if done is not None and done.done_on >= day else None


def remember(session: Session, key: str, body: str, outcome: str) -> None:
    """Note, in the transaction of the act, that the form with this key has been dealt with."""
    session.add(DoneOnce(mark=_mark(key), digest=_digest(key, body), outcome=outcome, done_on=now().date()))


def last_day_of(session: Session, outcome: str) -> date | None:
    """The newest day on which something came to this outcome, as far as it is still remembered."""
    return session.scalar(select(func.max(DoneOnce.done_on)).where(DoneOnce.outcome == outcome))


def _one_at_a_time(session: Session, key: str) -> None:
    """Two taps at the same instant: the second waits until the first is committed, then finds it.

    SQLite's writing transactions wait for each other anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(_mark(key)[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _mark(key: str) -> bytes:
    return hashlib.sha256(f"once\x00{key}".encode()).digest()


def _digest(key: str, body: str) -> bytes:
    return hmac.digest(key.encode(), body.encode(), "sha256")
