"""What ends or changes an account: switching off, leaving, recovery, another role, and the second person
whom the graver of these need. None of these commits.

What must never be lost is refused first: the last head, the last administrator, the last who holds a key.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.accounts import cards, commands, devices, hands, policy, queries, unit_keys
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


class SameHand(Refused):
    """Who asked and who would agree are not two yet (`hands.tied_until`); from `until` on they are."""

    def __init__(self, until: datetime):
        super().__init__("one hand set up who asked and who agrees")
        self.until = until


def switch(session: Session, account: Account, *, on: bool, by: Viewer) -> bool:
    """Switch an account off (all its sign-ins die at once) or on again. Nobody switches herself.

    An officer who is switched off gives up the unit's keys: back again, she is granted them anew. An account with
    power that is off and waits for its person needs a second person as if it was made now: it may be off because
    that one refused. Returns whether it is done, and nobody has to agree.
    """
    if account.id == by.account_id:
        raise Refused("nobody switches herself off")
    if not on:
        check_can_go(session, account)
        commands.end_sign_ins(session, account.id)
        session.execute(delete(Invitation).where(Invitation.account_id == account.id))
        unit_keys.give_up(session, account.id)
    waits = on and not account.active and account.role in policy.POWERFUL and not account.secret_hash
    if waits:
        ask_to_join(session, account, by=by)
    account.active = on
    record(session, "account.on" if on else "account.off", account.id, by=by.account_id)
    return not waits


def check_can_go(session: Session, account: Account) -> None:
    """Raises `StillNeeded` when somebody must be found first who can do what only she can.

    Until the transaction ends nobody else goes: of two heads at once, the second is the last one.
    """
    _hold_the_others(session, account)
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
    """A phone was lost or a PIN forgotten: ask a second person to let her begin anew. Also of somebody who is
    switched off: so a stolen phone is dead before she is back. She stays off until somebody switches her on."""
    if account.id == by.account_id or not account.secret_hash:
        raise Refused("there is nothing to recover")
    check_can_go(session, account)
    _ask(session, account, "recovery", by=by)


def ask_role(session: Session, account: Account, role: Role, area: Area, *, by: Viewer) -> bool:
    """Give an account another role or place; at once, or after a second person: where power comes or goes, and where
    somebody must begin anew, for whoever shows her the new code could use it herself. The same role in another
    unit is another role.

    Returns whether it is done already. Raises `Refused` for one's own account, `StillNeeded`.
    """
    if account.id == by.account_id:
        raise Refused("nobody changes her own role")
    was, unit_id = Role(account.role), _unit_at(session, role, area)
    leaves = was != role or account.unit_id != unit_id
    if leaves:
        check_can_go(session, account)
    power_moves = leaves and {role, was} & policy.POWERFUL
    if power_moves or (account.secret_hash and _begins_anew(was, role)):
        _ask(session, account, "role", by=by, role=role, area_id=area.id)
        return False
    _change_role(session, account, role, area, by=by.account_id)
    return True


def ask_to_join(session: Session, account: Account, *, by: Viewer) -> None:
    """An account with power was made: nobody can be invited to it before a second person agrees."""
    _ask(session, account, "join", by=by)


def ask_to_join_again(session: Session, account: Account, *, by: Viewer) -> bool:
    """Where nobody agreed to a new account within `PATIENCE`, ask anew: without that it could never be entered.
    Returns whether that was so."""
    change = session.get(PendingChange, (account.id, "join"))
    lapsed = change is not None and change.asked_at < now() - PATIENCE
    if lapsed:
        ask_to_join(session, account, by=by)
    return lapsed


def pending(session: Session, account_id: UUID, kind: str, *, viewer: Viewer) -> tuple[PendingChange, Account]:
    """A change that waits, with its account, for somebody who may agree to it. Raises `NotVisible`, also for whom it
    is about: she does not learn of it, and undoes it no more than she agrees to it."""
    row = session.execute(
        select(PendingChange, Account).join(Account, Account.id == PendingChange.account_id)
        .outerjoin(Area, Area.id == Account.area_id)
        .where(PendingChange.account_id == account_id, PendingChange.kind == kind, policy.agreed_by(viewer),
               PendingChange.account_id != viewer.account_id)
    ).one_or_none()
    if row is None or row[0].asked_at < now() - PATIENCE:
        raise NotVisible
    return row[0], row[1]


def agree(session: Session, change: PendingChange, account: Account, *, by: Viewer) -> None:
    """The second person agrees, and it is done. Raises `Refused` for who asked, and for oneself; `SameHand`."""
    if not policy.may_agree(by, asked_by=change.asked_by_id, about=account.id):
        raise Refused("a second person is somebody else")
    until = hands.tied_until(session, change.asked_by_id, by.account_id)
    if until is not None:
        raise SameHand(until)
    if change.kind != "join":
        check_can_go(session, account)
    _settle(session, change)
    if change.kind == "recovery":
        begin_anew(session, account)
    if change.kind == "role":
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
    """Everything that opened this account is worth nothing: phones, PIN, card, second factors, keys. What was sent
    with it stays hidden for a while: the day counts anew when somebody comes in (`invitations.accept`)."""
    if account.secret_hash:
        account.quiet_until = now() + QUIET
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
    was, unit_id = Role(account.role), _unit_at(session, role, area)
    if was in UNIT and role not in UNIT:
        _give_up_keys(session, account)
    elif unit_id != account.unit_id:
        unit_keys.give_up(session, account.id)  # her own pair stays hers: the other unit's head grants her theirs
    if _begins_anew(was, role):
        begin_anew(session, account)
    commands.place(session, account, role, area_id=area.id, unit_id=unit_id)
    commands.end_sign_ins(session, account.id)
    record(session, "account.role", account.id, by=by, reason=role)


def _begins_anew(was: Role, role: Role) -> bool:
    """Whether she chooses a PIN or passphrase again: between field and office, and where an officer gets her keys."""
    return (was in FIELD) != (role in FIELD) or (role in UNIT and was not in UNIT)


def _unit_at(session: Session, role: Role, area: Area) -> UUID | None:
    """The unit for which somebody in this role works at this place; none outside the units."""
    if role not in UNIT:
        return None
    unit = queries.unit_for_path(session, area.path)
    if unit is None:
        raise Refused("this place has no unit")
    return unit.id


def _hold_the_others(session: Session, account: Account) -> None:
    """Only one at a time asks who else could take over. It holds the rows of the units, also for an administrator,
    who serves them all; what a concern needs of them stays free. SQLite has one writer at a time anyhow."""
    if account.role in UNIT | {Role.ADMIN}:
        session.scalars(select(Unit.id).order_by(Unit.id).with_for_update(key_share=True)).all()
        session.refresh(account)  # whoever was first may have changed her too


def _give_up_keys(session: Session, account: Account) -> None:
    unit_keys.give_up(session, account.id)
    session.execute(delete(StaffKey).where(StaffKey.account_id == account.id))


def _others(session: Session, account: Account, *more: object) -> int:
    return session.scalar(
        select(func.count()).select_from(Account)
        .where(Account.role == account.role, Account.active, Account.secret_hash != "",
               Account.id != account.id, *more)) or 0  # type: ignore[arg-type]
