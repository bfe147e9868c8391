"""What ends or changes an account: switching off, leaving, recovery, another role, and the second person
whom the graver of these need. None of these commits.

What must never be lost is refused first: the last head, the last administrator, the last who holds a key.
"""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.accounts import cards, commands, devices, policy, unit_keys
from portal.accounts.models import (
    Account,
    Invitation,
    KeyGrant,
    Passkey,
    PendingChange,
    StaffKey,
    Unit,
)
from portal.accounts.queries import PATIENCE
from portal.accounts.roles import FIELD, UNIT, Role
from portal.accounts.viewer import QUIET, Viewer
from portal.areas.models import Area
from portal.areas.queries import get_area
from portal.audit.log import record
from portal.base.clock import now
from portal.base.errors import NotVisible, Refused


class StillNeeded(Refused):
    """The account cannot go; `code` says what would be lost: `head`, `admin`, `key`."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def switch(session: Session, account: Account, *, on: bool, by: Viewer) -> None:
    """Switch an account off (all its sign-ins die at once) or on again. Nobody switches herself.

    An officer who is switched off gives up the unit's keys: back again, she is granted them anew.
    """
    if account.id == by.account_id:
        raise Refused("nobody switches herself off")
    if not on:
        check_can_go(session, account)
        commands.end_sign_ins(session, account.id)
        session.execute(delete(Invitation).where(Invitation.account_id == account.id))
        unit_keys.give_up(session, account.id)
    account.active = on
    record(session, "account.on" if on else "account.off", account.id, by=by.account_id)


def check_can_go(session: Session, account: Account) -> None:
    """Raises `StillNeeded` when somebody must be found first who can do what only she can."""
    if account.role == Role.HEAD and not _others(session, account, Account.unit_id == account.unit_id):
        raise StillNeeded("head")
    if account.role == Role.ADMIN and not _others(session, account):
        raise StillNeeded("admin")
    held = session.scalars(select(KeyGrant.key_id).where(KeyGrant.account_id == account.id)).all()
    for key_id in held:
        others = session.scalar(
            select(func.count()).select_from(KeyGrant).join(Account, Account.id == KeyGrant.account_id)
            .where(KeyGrant.key_id == key_id, Account.active, Account.id != account.id))
        if not others:
            raise StillNeeded("key")


def ask_recovery(session: Session, account: Account, *, by: Viewer) -> None:
    """A phone was lost or a PIN forgotten: ask a second person to let her begin anew."""
    if account.id == by.account_id or not account.active or not account.secret_hash:
        raise Refused("there is nothing to recover")
    check_can_go(session, account)
    _ask(session, account, "recovery", by=by)


def ask_role(session: Session, account: Account, role: Role, area: Area, *, by: Viewer) -> bool:
    """Give an account another role or place; at once, or after a second person where power comes or goes.

    Returns whether it is done already. Raises `Refused` for one's own account, `StillNeeded`.
    """
    if account.id == by.account_id:
        raise Refused("nobody changes her own role")
    if account.role != role:
        check_can_go(session, account)
    if {role, Role(account.role)} & policy.POWERFUL and account.role != role:
        _ask(session, account, "role", by=by, role=role, area_id=area.id)
        return False
    _change_role(session, account, role, area, by=by.account_id)
    return True


def ask_to_join(session: Session, account: Account, *, by: Viewer) -> None:
    """An account with power was made: nobody can be invited to it before a second person agrees."""
    _ask(session, account, "join", by=by)


def pending(session: Session, account_id: UUID, kind: str, *, viewer: Viewer) -> tuple[PendingChange, Account]:
    """A change that waits, with its account, for somebody who may agree to it. Raises `NotVisible`."""
    row = session.execute(
        select(PendingChange, Account).join(Account, Account.id == PendingChange.account_id)
        .outerjoin(Area, Area.id == Account.area_id)
        .where(PendingChange.account_id == account_id, PendingChange.kind == kind, policy.agreed_by(viewer))
    ).one_or_none()
    if row is None or row[0].asked_at < now() - PATIENCE:
        raise NotVisible
    return row[0], row[1]


def agree(session: Session, change: PendingChange, account: Account, *, by: Viewer) -> None:
    """The second person agrees, and it is done. Raises `Refused` for who asked, and for oneself."""
    if not policy.may_agree(by, asked_by=change.asked_by_id, about=account.id):
        raise Refused("a second person is somebody else")
    _settle(session, change)
    if change.kind == "recovery":
        check_can_go(session, account)
        begin_anew(session, account)
        account.quiet_until = now() + QUIET
    if change.kind == "role":
        check_can_go(session, account)
        area = get_area(session, change.area_id or 0)
        _change_role(session, account, Role(change.role), area, by=by.account_id)
    record(session, f"{change.kind}.agreed", account.id, by=by.account_id)


def refuse(session: Session, change: PendingChange, account: Account, *, by: Viewer) -> None:
    """The second person, or who asked, thinks better of it. An account that nobody may join is switched off."""
    _settle(session, change)
    if change.kind == "join":
        account.active = False
    record(session, f"{change.kind}.refused", account.id, by=by.account_id)


def begin_anew(session: Session, account: Account) -> None:
    """Everything that opened this account is worth nothing: phones, PIN, card, second factors, keys."""
    devices.end_all(session, account.id)
    commands.end_sign_ins(session, account.id)
    cards.void(session, account.id)
    session.execute(delete(Passkey).where(Passkey.account_id == account.id))
    _give_up_keys(session, account)
    account.secret_hash, account.sealed_totp, account.totp_last = "", None, 0


def hand_over(session: Session, old: Account, new: Account, *, by: Viewer) -> None:
    """A successor takes over the place. The history of sessions is the place's and stays with it; what
    the old cadre sent about anybody is tied to nobody else (rulings 6)."""
    if old.role not in FIELD or old.area_id != new.area_id or not old.active:
        raise Refused("only a place in the field is handed over")
    switch(session, old, on=False, by=by)
    record(session, "account.handed_over", f"{old.id}>{new.id}"[:80], by=by.account_id)


def _settle(session: Session, change: PendingChange) -> None:
    """Nothing waits any more. Raises `NotVisible` when somebody else decided a moment ago."""
    session.expunge(change)
    gone = session.execute(delete(PendingChange).where(PendingChange.account_id == change.account_id,
                                                       PendingChange.kind == change.kind))
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotVisible


def _ask(session: Session, account: Account, kind: str, *, by: Viewer, role: str = "",
         area_id: int | None = None) -> None:
    if session.get(PendingChange, (account.id, kind)) is not None:
        session.execute(delete(PendingChange).where(PendingChange.account_id == account.id,
                                                    PendingChange.kind == kind))
    session.add(PendingChange(account_id=account.id, kind=kind, role=role, area_id=area_id,
                              asked_by_id=by.account_id, asked_at=now()))
    record(session, f"{kind}.asked", account.id, by=by.account_id)


def _change_role(session: Session, account: Account, role: Role, area: Area, *, by: UUID) -> None:
    was = Role(account.role)
    if was in UNIT and role not in UNIT:
        _give_up_keys(session, account)
    if (was in FIELD) != (role in FIELD) or (role in UNIT and was not in UNIT):
        begin_anew(session, account)  # she chooses a PIN or passphrase again, and officers get their keys
    account.role, account.area_id = role, area.id
    account.unit_id = _unit_at(session, area) if role in UNIT else None
    commands.end_sign_ins(session, account.id)
    record(session, "account.role", account.id, by=by, reason=role)


def _unit_at(session: Session, area: Area) -> UUID:
    codes = [code for code in area.path.split("/") if code]
    unit = session.scalar(select(Unit.id).join(Area, Area.id == Unit.area_id).where(Area.code.in_(codes)))
    if unit is None:
        raise Refused("this place has no unit")
    return unit


def _give_up_keys(session: Session, account: Account) -> None:
    unit_keys.give_up(session, account.id)
    session.execute(delete(StaffKey).where(StaffKey.account_id == account.id))


def _others(session: Session, account: Account, *more: object) -> int:
    return session.scalar(
        select(func.count()).select_from(Account)
        .where(Account.role == account.role, Account.active, Account.secret_hash != "",
               Account.id != account.id, *more)) or 0  # type: ignore[arg-type]
