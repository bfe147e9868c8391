"""What happened to an account without its person perhaps knowing: wrong tries, changes to how she signs in, and to
the number by which she is known.

Kept to the day, told once at her next entry, and shown among her settings for `SHOWN`. None of these commits.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounts import sealed
from portal.accounts.models import Account, AccountNews, Device, FailedTry
from portal.accounts.tries import Try
from portal.base.clock import now
from portal.base.db import insert_missing
from portal.base.settings import ServerKeys

ODD = 3
"""Wrong tries, beside the one that fitted, of which a person is told; one or two are her own slips."""
SHOWN = timedelta(days=90)


class Kind(StrEnum):
    """What a person is told of."""

    TRIES = "tries"
    SECRET = "secret"  # noqa: S105 - a word, not one
    PASSKEY = "passkey"
    PASSKEY_OFF = "passkey_off"
    PHONE_OFF = "phone_off"
    CARD = "card"
    NUMBER = "number"


def note(session: Session, account_id: UUID, kind: Kind) -> None:
    """Keep that this happened today; once a day is enough."""
    insert_missing(session, AccountNews, [
        {"account_id": account_id, "kind": kind, "happened_on": now().date(), "told_on": None}])


def note_tries(session: Session, keys: ServerKeys, account_id: UUID, tried: Try | None) -> None:
    """Keep that others seem to have tried, by what was counted for anything that is hers. To be asked when she is in:
    a failed try must take as long for nobody as for her."""
    if tried is None or _tries(session, keys, account_id, tried) < ODD:
        return
    yesterday = now().date() - timedelta(days=1)
    known = select(AccountNews.kind).where(AccountNews.account_id == account_id, AccountNews.kind == Kind.TRIES,
                                           AccountNews.happened_on >= yesterday)
    if session.scalar(known) is None:
        note(session, account_id, Kind.TRIES)


def tell(session: Session, account_id: UUID) -> Sequence[tuple[str, date]]:
    """(kind, day) of what she was not told yet; from now on she was."""
    untold = session.execute(
        select(AccountNews.kind, AccountNews.happened_on)
        .where(AccountNews.account_id == account_id, AccountNews.told_on.is_(None))
        .order_by(AccountNews.happened_on, AccountNews.kind)).all()
    if untold:
        session.execute(update(AccountNews).where(AccountNews.account_id == account_id, AccountNews.told_on.is_(None))
                        .values(told_on=now().date()))
    return [(kind, day) for kind, day in untold]


def lately(session: Session, account_id: UUID) -> Sequence[tuple[str, date]]:
    """(kind, day) of all that is shown among her settings, newest first."""
    return [(kind, day) for kind, day in session.execute(
        select(AccountNews.kind, AccountNews.happened_on)
        .where(AccountNews.account_id == account_id, AccountNews.happened_on > now().date() - SHOWN)
        .order_by(AccountNews.happened_on.desc(), AccountNews.kind))]


def _tries(session: Session, keys: ServerKeys, account_id: UUID, tried: Try) -> int:
    """Wrong tries of the last day at her phones, her card and her name, without the one that fitted just now."""
    account = session.get_one(Account, account_id)
    phones = session.scalars(select(Device.id).where(Device.account_id == account_id, Device.ended_on.is_(None)))
    hers = [("card", str(account_id)), ("account", account.sign_in_name or ""), *(("device", one) for one in phones)]
    tags = {counter.tag for counter in tried.own} | {sealed.try_tag(keys, *one) for one in hers}
    counted = select(func.max(FailedTry.count)).where(FailedTry.tag.in_(tags),
                                                      FailedTry.last_at > now() - timedelta(days=1))
    most: int = session.scalar(counted) or 0
    return most - 1 if tried.own else most
