"""By whose hand an account came to be what it is: who made it, handed over its code, or gave it a role.

Whoever did that could be sitting there herself. So for some days two people are no first and second person to each
other when one set up the other's account, or one third person did both: one alone would be both of them.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.base.clock import now

SETTLES = timedelta(days=3)
"""How long it counts. In that time somebody else sees who is new, and a city's first days are soon over."""

_SET_UP = ("account.made", "account.invited", "account.role")


def tied_until(session: Session, one: UUID, other: UUID) -> datetime | None:
    """Until when these two cannot be first and second person; None when they can. By the trail, in which what was
    done at the server's command line has no hand."""
    ones, others = _hands(session, one), _hands(session, other)
    return max((min(ones[hand], others[hand]) for hand in ones.keys() & others.keys()), default=None)


def _hands(session: Session, account_id: UUID) -> dict[UUID, datetime]:
    """Each hand that set up this account lately, and until when that counts; her own for as long as any."""
    acts = session.execute(
        select(AuditEntry.actor_id, AuditEntry.at).order_by(AuditEntry.at)
        .where(AuditEntry.subject == str(account_id), AuditEntry.action.in_(_SET_UP),
               AuditEntry.at > now() - SETTLES, AuditEntry.actor_id.is_not(None)))
    return {**{actor: at + SETTLES for actor, at in acts}, account_id: now() + SETTLES}
