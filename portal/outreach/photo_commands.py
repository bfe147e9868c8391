"""Adding a photo to a session and taking it away. None commits; the files are written by the one who calls."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.viewer import Viewer
from portal.audit import once as done_once
from portal.base.db import new_id
from portal.base.errors import NotVisible, Refused
from portal.outreach import photos
from portal.outreach.models import Outreach, OutreachPhoto
from portal.outreach.photos import Drawn
from portal.outreach.policy import may_correct, may_see_photos


def photos_of(session: Session, outreach: Outreach, *, viewer: Viewer) -> list[UUID]:
    """The keys of a session's photos, none for somebody who may see the session but not them."""
    if not may_see_photos(viewer, outreach):
        return []
    return list(session.scalars(select(OutreachPhoto.id).where(OutreachPhoto.outreach_id == outreach.id)
                                .order_by(OutreachPhoto.added_on, OutreachPhoto.id)))


def add_photo(session: Session, outreach: Outreach, drawn: Drawn, *, by: Viewer, today: date, once: str,
              body: str) -> tuple[UUID, bool]:
    """Note a photo of a session; returns its key, and whether it is new: the same form sent again gives the first.

    Raises `NotVisible` for who may not (any more), `Refused` when the session has as many as it may.
    """
    before = done_once.outcome_of(session, once, body)
    if before is not None:
        return UUID(before), False
    if not may_correct(by, outreach, today):
        raise NotVisible
    have = session.scalar(select(func.count()).select_from(OutreachPhoto)
                          .where(OutreachPhoto.outreach_id == outreach.id)) or 0
    if have >= photos.MOST or has_many(session, outreach.logged_by_id):
        raise Refused("this session, or whoever logged it, has as many photos as there may be")
    photo = OutreachPhoto(id=new_id(), outreach_id=outreach.id, added_on=today, width=drawn.width,
                          height=drawn.height, bytes=len(drawn.data))
    session.add(photo)
    session.flush()
    done_once.remember(session, once, body, str(photo.id))
    return photo.id, True


def has_many(session: Session, account_id: UUID) -> bool:
    """Whether the sessions of one person have as many photos as there may be: a disk is for everybody's."""
    hers = select(OutreachPhoto.id).join(Outreach).where(Outreach.logged_by_id == account_id)
    return (session.scalar(select(func.count()).select_from(hers.limit(photos.MOST_OF_ONE).subquery())) or 0) \
        >= photos.MOST_OF_ONE


def take_away(session: Session, outreach: Outreach, photo_id: UUID, *, by: Viewer, today: date, once: str) -> None:
    """Forget a photo; the same form again does nothing. Raises `NotVisible` when it is not this session's, or she may
    not (any more)."""
    if done_once.outcome_of(session, once, "") is not None:
        return
    photo = session.get(OutreachPhoto, photo_id)
    if photo is None or photo.outreach_id != outreach.id or not may_correct(by, outreach, today):
        raise NotVisible
    session.delete(photo)
    done_once.remember(session, once, "", "taken away")
