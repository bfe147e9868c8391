"""Writing the trail: append only. There is no function here that changes or removes an entry."""

from uuid import UUID

from sqlalchemy.orm import Session

from portal.audit import chain
from portal.audit.models import AuditEntry
from portal.base.clock import now


def record(session: Session, action: str, subject: object, *, by: UUID | None,
           reason: str = "", amount: int = 1) -> None:
    """Add what was done to `subject`, in the transaction of the act itself.

    `by` is the account that acted; None where a cadre acts on a concern, because the trail must not
    say who sent one. `reason` is a code from a list, never a person's words. `amount` counts things
    opened by one act, such as the summaries of a queue page.
    """
    entry = AuditEntry(at=now(), actor_id=by, action=action, subject=str(subject)[:80], reason=reason,
                       amount=amount)
    session.add(entry)
    chain.to_be_linked(session, entry)
