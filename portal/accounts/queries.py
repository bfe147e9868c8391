"""Looking up people. Only the sign-in itself asks without a viewer."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.accounts.models import Account, KeyGrant, SealingKey, SignIn, StaffKey, Unit
from portal.accounts.roles import UNIT, Role
from portal.accounts.viewer import Viewer
from portal.areas.models import Area


@dataclass(frozen=True)
class Colleague:
    """A member of the unit, and which of its keys she holds."""

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
    active: bool


def viewer_of(session: Session, token: str, token_hash: bytes) -> Viewer | None:
    """The person a sign-in belongs to; None when it has ended or she was switched off."""
    row = session.execute(
        select(Account.id, Account.role, Account.name, Account.title, Account.language, Account.area_id,
               Area.path, Account.unit_id, SignIn.locked_private)
        .join(SignIn, SignIn.account_id == Account.id)
        .outerjoin(Area, Area.id == Account.area_id)
        .where(SignIn.token_hash == token_hash, Account.active)
    ).one_or_none()
    if row is None:
        return None
    return Viewer(token=token, account_id=row.id, role=Role(row.role), name=row.name, title=row.title,
                  language=row.language, area_id=row.area_id, area_path=row.path or "",
                  unit_id=row.unit_id, locked_private=row.locked_private)


def by_phone_tag(session: Session, tag: bytes) -> Account | None:
    """The account with this phone, if it may sign in."""
    return session.scalar(select(Account).where(Account.phone_tag == tag, Account.active))


def by_sign_in_name(session: Session, name: str) -> Account | None:
    """The staff account with this name, if it may sign in. Capital letters do not matter."""
    return session.scalar(select(Account).where(Account.sign_in_name == name.strip().lower(), Account.active))


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
    """The key of this kind that seals now: the newest that is not retired."""
    return session.scalars(
        select(SealingKey)
        .where(SealingKey.unit_id == unit_id, SealingKey.kind == kind, SealingKey.retired_at.is_(None))
        .order_by(SealingKey.made_at.desc()).limit(1)
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
    for account_id, kind in session.execute(
        select(KeyGrant.account_id, SealingKey.kind).join(SealingKey, SealingKey.id == KeyGrant.key_id)
        .where(SealingKey.unit_id == viewer.unit_id)
    ):
        holds.setdefault(account_id, set()).add(kind)
    return [Colleague(id_, name, Role(role), own is not None, frozenset(holds.get(id_, ())))
            for id_, name, role, own in people]


def people_page(session: Session, after: str = "", size: int = 25) -> list[PersonRow]:
    """One page of all accounts by name, starting behind the name and id in `after`; `size` + 1 rows
    tell that there is more."""
    name, _, id_text = after.rpartition("|")
    query = (select(Account.id, Account.name, Account.role, Account.title, Area.name.label("area"),
                    Account.active)
             .outerjoin(Area, Area.id == Account.area_id).order_by(Account.name, Account.id).limit(size + 1))
    if name:
        query = query.where((Account.name > name) | ((Account.name == name) & (Account.id > UUID(id_text))))
    return [PersonRow(r.id, r.name, Role(r.role), r.title, r.area or "", r.active)
            for r in session.execute(query)]
