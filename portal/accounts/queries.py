"""Looking up people. Only the sign-in itself asks without a viewer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from portal.accounts import hands
from portal.accounts.models import (
    Account,
    Device,
    Invitation,
    KeyGrant,
    PendingChange,
    Posting,
    SealingKey,
    SignIn,
    StaffKey,
    Unit,
)
from portal.accounts.policy import agreed_by, looked_after_by
from portal.accounts.roles import UNIT, Role
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.areas.queries import below
from portal.base.clock import now
from portal.base.db import as_uuid
from portal.base.errors import NotVisible

PATIENCE = timedelta(days=7)
"""How long a change waits for its second person before it must be asked for again."""


@dataclass(frozen=True)
class Entrant:
    """Somebody who may be at the door: no more of her than the check needs, so that an answer about her takes
    hardly longer than one about nobody."""

    id: UUID
    role: Role
    secret_hash: str | None
    server_key: int


@dataclass(frozen=True)
class Colleague:
    """A member of the unit, and which of the keys that seal now she holds, by their kinds."""

    id: UUID
    name: str
    role: Role
    has_own_key: bool
    holds: frozenset[str]


@dataclass(frozen=True)
class PersonRow:
    """A line of the administrator's list of people."""

    id: UUID
    name: str
    role: Role
    title: str
    area: str
    state: str
    """As `state_of` says."""


@dataclass(frozen=True)
class WaitingChange:
    """A change that waits for a second person, as its page lists it."""

    account_id: UUID
    kind: str
    role: str
    asked_at: datetime
    name: str
    now: Role
    area: str
    to_area: str
    asked_by: str
    asked_by_me: bool
    tied_until: datetime | None
    """While this viewer is no second person to who asked (`hands.tied_until`)."""


@cache
def _whose() -> Select[Any]:
    """Made once, since every request asks it: to whom the sign-in `token_hash` belongs."""
    return (select(Account.id, Account.role, Account.name, Account.title, Account.language, Account.area_id,
                   Area.path, Account.unit_id, SignIn.locked_private, SignIn.device_id, Device.mine,
                   Account.text_size, Account.shortcuts, Account.quiet_until)
            .join(SignIn, SignIn.account_id == Account.id)
            .outerjoin(Area, Area.id == Account.area_id)
            .outerjoin(Device, Device.id == SignIn.device_id)
            .where(SignIn.token_hash == bindparam("token_hash"), Account.active))


def viewer_of(session: Session, token: str, token_hash: bytes) -> Viewer | None:
    """The person a sign-in belongs to; None when it has ended or she was switched off."""
    row = session.execute(_whose(), {"token_hash": token_hash}).one_or_none()
    if row is None:
        return None
    return Viewer(token=token, account_id=row.id, role=Role(row.role), name=row.name, title=row.title,
                  language=row.language, area_id=row.area_id, area_path=row.path or "",
                  unit_id=row.unit_id, locked_private=row.locked_private, device_id=row.device_id,
                  mine=bool(row.mine), text_size=row.text_size, shortcuts=row.shortcuts,
                  quiet_until=row.quiet_until)


def by_phone_tags(session: Session, tags: list[bytes]) -> Account | None:
    """The account with the phone to which these tags belong, if it may sign in."""
    return session.scalar(select(Account).where(Account.phone_tag.in_(tags), Account.active))


def by_sign_in_name(session: Session, name: str) -> Account | None:
    """The staff account with this name, if it may sign in. Capital letters do not matter."""
    return session.scalar(select(Account).where(Account.sign_in_name == name.strip().lower(), Account.active))


def entrant_by_phone_tags(session: Session, tags: list[bytes]) -> Entrant | None:
    """As `by_phone_tags`, for the sign-in."""
    return _entrant(session, Account.phone_tag.in_(tags))


def entrant_by_sign_in_name(session: Session, name: str) -> Entrant | None:
    """As `by_sign_in_name`, for the sign-in."""
    return _entrant(session, Account.sign_in_name == name.strip().lower())


def _entrant(session: Session, known_by: ColumnElement[bool]) -> Entrant | None:
    found = session.execute(select(Account.id, Account.role, Account.secret_hash, Account.server_key)
                            .where(known_by, Account.active)).first()
    return Entrant(*found) if found else None


def grants_of(session: Session, account_id: UUID) -> list[KeyGrant]:
    """Every key grant an account holds."""
    return list(session.scalars(select(KeyGrant).where(KeyGrant.account_id == account_id)))


def holders_of(session: Session, key_id: UUID) -> set[UUID]:
    """The accounts to which a sealing key was granted."""
    return set(session.scalars(select(KeyGrant.account_id).where(KeyGrant.key_id == key_id)))


def keys_held_by(viewer: Viewer) -> Select[tuple[UUID]]:
    """The ids of the sealing keys a viewer was granted: what she may know of follows from it."""
    return select(KeyGrant.key_id).where(KeyGrant.account_id == viewer.account_id)


def sealing_key(session: Session, unit_id: UUID, kind: str) -> SealingKey:
    """The key of this kind that seals now: the newest that is not retired. It is not retired before the
    caller has committed what is sealed to it."""
    return session.scalars(
        select(SealingKey)
        .where(SealingKey.unit_id == unit_id, SealingKey.kind == kind, SealingKey.retired_at.is_(None))
        .order_by(SealingKey.made_at.desc()).limit(1).with_for_update(read=True, key_share=True)
    ).one()


def unit_for_path(session: Session, path: str) -> Unit | None:
    """The unit that answers for an area, found by the city in the area's path."""
    codes = [code for code in path.split("/") if code]
    return session.scalar(select(Unit).join(Area, Area.id == Unit.area_id).where(Area.code.in_(codes)))


def colleagues(session: Session, viewer: Viewer) -> list[Colleague]:
    """The unit's active officers and heads, by name, with the keys they hold."""
    people = session.execute(
        select(Account.id, Account.name, Account.role, StaffKey.account_id)
        .outerjoin(StaffKey, StaffKey.account_id == Account.id)
        .where(Account.unit_id == viewer.unit_id, Account.role.in_(UNIT), Account.active)
        .order_by(Account.name)
    ).all()
    holds: dict[UUID, set[str]] = {}
    newer = aliased(SealingKey)
    replaced = select(newer.id).where(newer.unit_id == SealingKey.unit_id, newer.kind == SealingKey.kind,
                                      newer.retired_at.is_(None), newer.made_at > SealingKey.made_at).exists()
    for account_id, kind in session.execute(
        select(KeyGrant.account_id, SealingKey.kind).join(SealingKey, SealingKey.id == KeyGrant.key_id)
        .where(SealingKey.unit_id == viewer.unit_id, ~replaced)
    ):
        holds.setdefault(account_id, set()).add(kind)
    return [Colleague(id_, name, Role(role), own is not None, frozenset(holds.get(id_, ())))
            for id_, name, role, own in people]


def ever_of_unit(viewer: Viewer) -> Select[tuple[UUID]]:
    """The ids of all who work or once worked for the viewer's unit."""
    return select(Posting.account_id).where(Posting.unit_id == viewer.unit_id)


def began_in_unit(session: Session, viewer: Viewer) -> list[UUID]:
    """Those whose account was made for the viewer's unit, wherever they work now."""
    return list(session.scalars(
        select(Posting.account_id).where(Posting.unit_id == viewer.unit_id, Posting.since.is_(None))))


def of_unit_at(viewer: Viewer, who: ColumnElement[UUID | None], at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether an account (`who`, a column) worked for the viewer's unit at a moment: what she did there stays the
    unit's when she has gone or does something else, and what she did elsewhere does not come along."""
    return _posted(Posting.unit_id == viewer.unit_id, who, at)


def beside_units_at(city: str, who: ColumnElement[UUID | None], at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether an account that then belonged to no unit worked at a moment for a place in this city (its path) or for
    all: an administrator, a coordinator, the leadership."""
    here = or_(Posting.area_id.is_(None), Posting.area_id.in_(select(Area.id).where(below(city))))
    return _posted(and_(Posting.unit_id.is_(None), here), who, at)


def _posted(where: ColumnElement[bool], who: ColumnElement[UUID | None], at: ColumnElement[datetime]
            ) -> ColumnElement[bool]:
    then = exists().where(Posting.account_id == who, where, or_(Posting.since.is_(None), Posting.since <= at),
                          or_(Posting.until.is_(None), Posting.until >= at))
    # ever is asked once, then of each row; most rows of a long trail are done with by the first
    return and_(who.in_(select(Posting.account_id).where(where)), then)


def people_page(session: Session, viewer: Viewer, *, named: str = "", after: str = "", size: int = 25
                ) -> list[PersonRow]:
    """One page, by name, of the accounts that this viewer looks after, starting behind the name and id in
    `after`; `size` + 1 rows tell that there is more. `named` keeps those whose name has it in it."""
    name, _, id_text = after.rpartition("|")
    last = as_uuid(id_text)
    query = _people(viewer).order_by(Account.name, Account.id).limit(size + 1)
    if named:
        query = query.where(Account.name.icontains(named, autoescape=True))
    if name and last:
        query = query.where((Account.name > name) | ((Account.name == name) & (Account.id > last)))
    return [_row(row) for row in session.execute(query)]


def state_of(active: bool, entered: bool, invited: bool) -> str:
    """Where an account stands: `off`, `on`, `invited`, or `lapsed`: nobody has entered, and no code works."""
    if not active:
        return "off"
    if entered:
        return "on"
    return "invited" if invited else "lapsed"


def person(session: Session, account_id: UUID, viewer: Viewer) -> Account:
    """An account that this viewer looks after. Raises `NotVisible`."""
    account = session.scalar(select(Account).outerjoin(Area, Area.id == Account.area_id)
                             .where(Account.id == account_id, looked_after_by(viewer)))
    if account is None:
        raise NotVisible
    return account


def invitation_of(session: Session, account_id: UUID) -> Invitation | None:
    """The invitation that waits for this person, if it can still be used."""
    return session.scalar(select(Invitation).where(Invitation.account_id == account_id, Invitation.ends_at > now()))


def changes_of(session: Session, account_id: UUID) -> list[PendingChange]:
    """What waits for a second person about this account."""
    return list(session.scalars(select(PendingChange).where(
        PendingChange.account_id == account_id, PendingChange.asked_at > now() - PATIENCE)))


def waiting_changes(session: Session, viewer: Viewer) -> list[WaitingChange]:
    """The changes to which this viewer could agree, oldest first; her own askings too, which she can only
    take back."""
    asker, coming = aliased(Account), aliased(Area)
    rows = session.execute(
        select(PendingChange.account_id, PendingChange.kind, PendingChange.role, PendingChange.asked_at,
               PendingChange.asked_by_id, Account.name, Account.role.label("now"), Area.name.label("area"),
               coming.name.label("to_area"), asker.name.label("asker"))
        .join(Account, Account.id == PendingChange.account_id)
        .join(asker, asker.id == PendingChange.asked_by_id)
        .outerjoin(Area, Area.id == Account.area_id)
        .outerjoin(coming, coming.id == PendingChange.area_id)
        .where(agreed_by(viewer), PendingChange.asked_at > now() - PATIENCE, Account.id != viewer.account_id)
        .order_by(PendingChange.asked_at))
    return [WaitingChange(r.account_id, r.kind, r.role, r.asked_at, r.name, Role(r.now), r.area or "",
                          r.to_area or "", r.asker, r.asked_by_id == viewer.account_id,
                          hands.tied_until(session, r.asked_by_id, viewer.account_id)) for r in rows]


def _people(viewer: Viewer) -> Select[Any]:
    invited = select(Invitation.account_id).where(Invitation.ends_at > now()).correlate(None).scalar_subquery()
    return (select(Account.id, Account.name, Account.role, Account.title, Area.name.label("area"), Account.active,
                   Account.secret_hash != "", Account.id.in_(invited))
            .outerjoin(Area, Area.id == Account.area_id).where(looked_after_by(viewer)))


def _row(row: Any) -> PersonRow:
    id_, name, role, title, area, active, entered, invited = row
    return PersonRow(id_, name, Role(role), title, area or "", state_of(active, entered, invited))
