"""Forms that were sent twice: a second tap, a retry or a replay finds the first one's outcome."""

import hashlib
import hmac

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


def remember(session: Session, key: str, body: str, outcome: str) -> None:
    """Note, in the transaction of the act, that the form with this key has been dealt with."""
    session.add(DoneOnce(mark=_mark(key), digest=_digest(key, body), outcome=outcome, done_on=now().date()))


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
