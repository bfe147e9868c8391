"""Questions that a browser's key answers: each is ours, half a day old at most, and answered once.

A page that lay open for hours still works, and a phone whose clock is wrong too: only the server's counts.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.accounts import sealed
from portal.accounts.models import UsedChallenge
from portal.base.clock import now
from portal.base.settings import ServerKeys

LIFE = timedelta(hours=12)


def new_challenge(keys: ServerKeys) -> str:
    """A fresh challenge, as it stands in a page."""
    body = f"{int(now().timestamp())}.{secrets.token_urlsafe(16)}"
    return f"{body}.{sealed.challenge_mark(keys, body)}"


def is_ours(keys: ServerKeys, challenge: str) -> bool:
    """Whether this server gave out the challenge, no longer than `LIFE` ago."""
    body, _, mark = challenge.rpartition(".")
    moment = body.partition(".")[0]
    if not sealed.is_challenge_mark(keys, body, mark) or not moment.isdecimal():
        return False
    return -1 <= now().timestamp() - int(moment) <= LIFE.total_seconds()


def use(session: Session, keys: ServerKeys, challenge: str) -> bool:
    """Whether the challenge is ours and is answered for the first time; from now on it is used.

    Marks that nobody could use any more are cleared away on the occasion.
    """
    if not is_ours(keys, challenge):
        return False
    today = now().date()
    session.execute(delete(UsedChallenge).where(UsedChallenge.used_on < today - timedelta(days=1)))
    try:
        with session.begin_nested():
            session.add(UsedChallenge(tag=sealed.used_tag(keys, challenge), used_on=today))
            session.flush()
    except IntegrityError:
        return False
    return True
