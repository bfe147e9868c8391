"""An officer at casework without a browser."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from portal.base.clock import now, today
from portal.base.db import writing
from portal.casework import commands, duplicates, early, records
from portal.casework.commands import Assessment, Closing, GivenService, Letter
from portal.casework.models import EarlyDeletion
from portal.casework.records import Codes
from portal.flags.life import Move, Risk
from portal.flags.models import Flag
from portal.followup import commands as followup
from tests.followup.at_desk import Officer, sent

A_TUESDAY = datetime(2026, 11, 23, 18, tzinfo=UTC)
"""An hour after midnight in the city, where it is Monday in UTC, before weeks without a holiday."""

WHY = "Sudah dibicarakan dengan orangnya."
CODES = Codes(("fisik",), "25_44", "p", "none", "rumah_tangga", "suami_istri")


def does(officer: Officer, act: Any, flag_id: UUID, *given: Any, version: int | None = None) -> None:
    """One command of casework in a transaction of its own, with what it asks for in front of what is given."""
    city = officer.city
    with writing(city.db):
        flag = city.db.get_one(Flag, flag_id, populate_existing=True)
        front = {"settings": city.settings, "ring": officer.ring}
        wanted = [front[name] for name in act.__code__.co_varnames[:act.__code__.co_argcount] if name in front]
        act(city.db, *wanted, flag, *given, by=officer.viewer, version=flag.version if version is None else version)


def taken(officer: Officer, risk: Risk, **given: Any) -> UUID:
    """The id of a concern that was just sent as `given`, and that this officer has taken and assessed so."""
    flag_id = sent(officer.city, **given)
    officer.opens(flag_id)
    officer.does(Move.TAKE, flag_id)
    officer.does(Move.ASSESS, flag_id, risk, WHY)
    return flag_id


def assesses(officer: Officer, flag_id: UUID, risk: Risk, codes: Codes | None = None, why: str = WHY) -> None:
    does(officer, commands.assess, flag_id, Assessment(risk, why, codes))


def closes(officer: Officer, flag_id: UUID, remark: str = "") -> None:
    does(officer, commands.close, flag_id, Closing("done", remark, "done"))


def ended(officer: Officer, **given: Any) -> UUID:
    """The id of a concern that was sent as `given`, and that this officer has taken, assessed as low and closed."""
    flag_id = taken(officer, Risk.LOW, **given)
    closes(officer, flag_id)
    return flag_id


def a_family(officer: Officer) -> tuple[UUID, UUID]:
    """A concern that ended, and one that ended under it."""
    main, under = taken(officer, Risk.LOW), taken(officer, Risk.LOW)
    merges(officer, under, main)
    closes(officer, main)
    return main, under


def begins_again(officer: Officer, flag_id: UUID) -> None:
    """It is opened again."""
    city = officer.city
    with writing(city.db):
        flag = city.db.get_one(Flag, flag_id, populate_existing=True)
        followup.reopen(city.db, city.settings, officer.ring, flag, WHY, by=officer.viewer, version=flag.version,
                        once=f"again {flag_id} {flag.version}", body="")


def asks_to_delete(officer: Officer, flag_id: UUID, **how: Any) -> None:
    does(officer, early.ask, flag_id, "asked", WHY, **how)


def agree_to_delete(first: Officer, second: Officer, flag_id: UUID) -> None:
    """In a week it goes."""
    asks_to_delete(first, flag_id)
    does(second, commands.confirm, flag_id)


def its_day(city: SimpleNamespace) -> datetime:
    """Early on the day on which the last of what is to be deleted early goes; else long after any could."""
    city.db.rollback()
    last = city.db.scalar(select(func.max(EarlyDeletion.due_on)))
    if last is None:
        return now() + timedelta(days=60)
    return datetime.combine(last, time(1), city.settings.timezone)


def merges(officer: Officer, flag_id: UUID, into_id: UUID) -> None:
    with writing(officer.city.db):
        db = officer.city.db
        flag, into = (db.get_one(Flag, one, populate_existing=True) for one in (flag_id, into_id))
        duplicates.merge(db, officer.ring, flag, into, by=officer.viewer, version=flag.version)


def a_service(officer: Officer, **changes: Any) -> GivenService:
    """An ordinary service of today."""
    day = today(officer.city.settings.timezone)
    plain = {"service": "psikologis", "stage": "", "outcome": "done", "day": day, "text": "Sesi pertama.",
             "next_step": "Sesi kedua", "next_on": day + timedelta(days=2)}
    return GivenService(**{**plain, **changes})


def a_letter(officer: Officer, **changes: Any) -> Letter:
    """An ordinary referral."""
    plain = {"to": "psikolog", "office": "Biro Contoh", "consent": "given", "request": "Mohon pendampingan.",
             "carried": [("Wilayah", "RW 07")], "next_on": today(officer.city.settings.timezone) + timedelta(days=2)}
    return Letter(**{**plain, **changes})


def written(officer: Officer, flag_id: UUID) -> list[records.Written]:
    """Everything written on a concern, oldest first."""
    db = officer.city.db
    db.rollback()
    return records.notes_of(db, officer.ring, db.get_one(Flag, flag_id, populate_existing=True))


def flag_of(city: Any, flag_id: UUID) -> Flag:
    """The concern as the database has it now."""
    city.db.rollback()
    return city.db.get_one(Flag, flag_id, populate_existing=True)
