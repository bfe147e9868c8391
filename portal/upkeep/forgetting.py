"""Forgetting what is over its time: the key first, then everything that it opened, then a proof without content.

Each function does a part, so that nobody waits long for the database, and says how many it was; none commits.
"""

from collections.abc import Collection, Iterable
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import (
    Account,
    AccountNews,
    CardCode,
    Device,
    Invitation,
    KeyGrant,
    Passkey,
    PendingChange,
    Posting,
    SealingKey,
    SignIn,
    StaffKey,
)
from portal.accounts.roles import FIELD
from portal.audit.log import record
from portal.audit.models import AuditEntry, DoneOnce
from portal.base.settings import Settings
from portal.casework.models import EarlyDeletion
from portal.flags.models import ContentKey, Exclusion, Flag, Withheld
from portal.outreach.models import Outreach, OutreachCorrection, OutreachPhoto
from portal.upkeep import retention
from portal.upkeep.retention import GONE, Kind, Moment

AT_ONCE = 200
_NOBODY = "–"
_PERSONAL = (Kind.CONCERNS, Kind.EARLY, Kind.SESSIONS, Kind.ACCOUNTS)
_ERASED = "purge.erased"
_OF_A_PERSON = (AccountNews, Device, Passkey, CardCode, SignIn, Invitation, PendingChange, StaffKey, KeyGrant)


def some(session: Session, settings: Settings, kind: Kind, moment: Moment) -> int:
    """Forget up to `AT_ONCE` of a kind (traces: all), and prove it in the trail; how many it was. The proof is a
    digest of their keys, by which whoever has a list of them can show that it was exactly these."""
    if kind is Kind.TRACES:
        gone, proof = _traces(session, moment), str(kind)
    else:
        ids = {Kind.CONCERNS: _concerns, Kind.EARLY: _early, Kind.SESSIONS: _sessions, Kind.PHOTOS: _photos,
               Kind.ACCOUNTS: _accounts, Kind.FORMS: _forms}[kind](session, settings, moment)
        gone, proof = len(ids), _digest(ids)
    if gone:
        record(session, f"purge.{kind}", proof, by=None, reason=retention.rule(kind, settings), amount=gone)
    return gone


def rests_are_left(session: Session) -> bool:
    """Whether rows about people were deleted since the database's files were last written anew."""
    def last(*actions: str) -> int:
        return session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.action.in_(actions))) or 0

    return last(*(f"purge.{kind}" for kind in _PERSONAL)) > last(_ERASED)


def note_erased(session: Session) -> None:
    """Put on record that no byte of what was deleted is left in the database's files."""
    record(session, _ERASED, "files", by=None)


def _concerns(session: Session, settings: Settings, moment: Moment) -> list[str]:
    return _forget(session, retention.old_concerns(settings, moment))


def _early(session: Session, _settings: Settings, moment: Moment) -> list[str]:
    return _forget(session, retention.early_concerns(moment), together=True)


def _forget(session: Session, concerns: Select[tuple[UUID]], *, together: bool = False) -> list[str]:
    """With a concern goes by cascade all that hangs on it: steps, notes, messages, questions, proposals, marks.

    What the months' facts counted stays: it has no way back to a concern. Whoever works on one of them at this moment
    is let be until another day; from then on nobody can, and what she has just stopped, kept or begun again stays.
    `together`: and so does what was to go with one that stays, for whatever reason.
    """
    locked = concerns.order_by(Flag.closed_at).limit(AT_ONCE).with_for_update(of=Flag, skip_locked=True)
    ids = session.scalars(concerns.where(Flag.id.in_(session.scalars(locked).all()))).all()
    if together:
        apart = select(EarlyDeletion.root_id).where(EarlyDeletion.flag_id.not_in(ids))
        ids = session.scalars(select(EarlyDeletion.flag_id).where(EarlyDeletion.root_id.not_in(apart))).all()
    codes = session.scalars(select(Flag.code).where(Flag.id.in_(ids))).all()
    _withhold(session, ids)
    session.execute(delete(ContentKey).where(ContentKey.flag_id.in_(ids)))
    session.execute(delete(Flag).where(Flag.id.in_(ids)))
    session.execute(delete(DoneOnce).where(DoneOnce.outcome.in_(codes)))
    return _named(ids)


def _withhold(session: Session, ids: Collection[UUID]) -> None:
    """With a concern goes who must not know of it, and what others did on it would come into her sight."""
    conflicts = select(SealingKey.id).where(SealingKey.kind == "conflict")
    for kept in (select(Exclusion.flag_id, Exclusion.account_id).where(Exclusion.flag_id.in_(ids)),
                 select(Flag.id, Flag.key_id).where(Flag.id.in_(ids), Flag.key_id.in_(conflicts))):
        session.execute(insert(Withheld).from_select(["flag_id", "kept_from"], kept))


def _sessions(session: Session, settings: Settings, moment: Moment) -> list[str]:
    ids = session.scalars(retention.old_sessions(settings, moment).limit(AT_ONCE)).all()
    session.execute(delete(OutreachCorrection).where(OutreachCorrection.outreach_id.in_(ids)))
    session.execute(update(Outreach).where(Outreach.id.in_(ids)).values(speaker="", note=""))
    return _named(ids)


def _photos(session: Session, settings: Settings, moment: Moment) -> list[str]:
    """Their files go afterwards: `portal.outreach.photos.left_over` finds them."""
    ids = session.scalars(retention.old_photos(settings, moment).limit(AT_ONCE)).all()
    session.execute(delete(OutreachPhoto).where(OutreachPhoto.id.in_(ids)))
    return _named(ids)


def _accounts(session: Session, settings: Settings, moment: Moment) -> list[str]:
    """The row stays, because what was done refers to it. Who stood in the trail keeps her name, else it could not
    say who acted; nobody in the field stands there."""
    ids = retention.old_accounts(session, settings, moment)[:AT_ONCE]
    for table in _OF_A_PERSON:
        session.execute(delete(table).where(table.account_id.in_(ids)))
    for account in session.scalars(select(Account).where(Account.id.in_(ids))):
        account.sign_in_name = f"{GONE}{account.id.hex}"
        account.phone_tag = account.sealed_phone = account.sealed_totp = None
        account.secret_hash = account.title = ""
        if account.role in FIELD and not session.scalar(select(exists().where(Posting.account_id == account.id))):
            account.name = _NOBODY
    session.flush()
    return _named(ids)


def _forms(session: Session, settings: Settings, moment: Moment) -> list[str]:
    marks = session.scalars(select(DoneOnce.mark).where(retention.old_forms(settings, moment)).limit(AT_ONCE)).all()
    session.execute(delete(DoneOnce).where(DoneOnce.mark.in_(marks)))
    return [mark.hex() for mark in marks]


def _traces(session: Session, moment: Moment) -> int:
    """All at once; of what they were is kept only how many."""
    return sum(session.execute(delete(table).where(condition)).rowcount  # type: ignore[attr-defined]
               for table, condition in retention.old_traces(moment))


def _named(ids: Iterable[UUID]) -> list[str]:
    return [str(one) for one in ids]


def _digest(ids: list[str]) -> str:
    return sha256("\n".join(sorted(ids)).encode()).hexdigest()
