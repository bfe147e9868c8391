"""What concerns have marked or sealed under the server's keys, made anew when these are replaced. None of these
commits, and none changes a version: nobody who has a sheet open is disturbed."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.base.settings import ServerKeys
from portal.flags import sealed
from portal.flags.models import Flag, Question

AT_ONCE = 50
"""Questions or closing texts in one transaction."""


def mark_anew(session: Session, keys: ServerKeys, account_ids: Iterable[UUID]) -> None:
    """Give the concerns of these people their reporter's mark under the present keys. Which concerns have the same
    reporter, and no more, is what the database knew before and knows afterwards."""
    for account_id in account_ids:
        present, *older = sealed.reporter_tags(keys, account_id)
        session.execute(update(Flag.__table__).where(Flag.reporter_tag.in_(older)).values(reporter_tag=present))


def reseal_questions(session: Session, keys: ServerKeys, *, after: UUID | None) -> UUID | None:
    """Seal the next questions, by id, under the present keys. Returns the last one's id; None when there was none."""
    query = select(Question).order_by(Question.id).limit(AT_ONCE)
    questions = session.scalars(query.where(Question.id > after) if after else query).all()
    for question in questions:
        question.sealed_template = sealed.seal_question(keys, question.id, sealed.open_question(keys, question))
    session.flush()
    return questions[-1].id if questions else None


def reseal_closings(session: Session, keys: ServerKeys, *, after: UUID | None) -> UUID | None:
    """The same for the closing texts of concerns. One that was opened again meanwhile keeps none."""
    query = select(Flag.id, Flag.sealed_closing).where(Flag.sealed_closing.is_not(None)) \
        .order_by(Flag.id).limit(AT_ONCE)
    rows = session.execute(query.where(Flag.id > after) if after else query).all()
    for flag_id, old in rows:
        new = sealed.seal_closing(keys, flag_id, sealed.open_closing(keys, flag_id, old))
        session.execute(update(Flag.__table__).where(Flag.id == flag_id, Flag.sealed_closing == old)
                        .values(sealed_closing=new))
    return rows[-1].id if rows else None
