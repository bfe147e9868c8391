"""How long each kind of data is kept, and what is over its time. docs/backup.md says on which legal ground.

The trail is no kind of these: it has no content, and only grows.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from portal.accounts import news, throttle
from portal.accounts.models import Account, AccountNews, Device, FailedTry, Invitation, SignIn, UsedChallenge
from portal.audit.models import AuditEntry, DoneOnce
from portal.base.db import Base
from portal.base.settings import Settings
from portal.casework.models import BreakGlass, EarlyDeletion, Hold, Proposal
from portal.flags.life import Status
from portal.flags.models import Flag
from portal.followup.models import Presence
from portal.outreach.models import Outreach, OutreachCorrection, OutreachImport, OutreachPhoto

GONE = "gone-"
"""How the sign-in name of a forgotten account begins. Nobody can sign in with it."""


class Kind(StrEnum):
    """The kinds of data that have an end."""

    CONCERNS = "concerns"
    EARLY = "early"
    SESSIONS = "sessions"
    PHOTOS = "photos"
    ACCOUNTS = "accounts"
    FORMS = "forms"
    TRACES = "traces"


@dataclass(frozen=True)
class Moment:
    """When it is asked what is over its time: by the clock, and by the city's calendar."""

    at: datetime
    today: date

    def years_ago(self, years: int) -> date:
        """The same day some years before; the 1st of March for a 29th of February."""
        try:
            return self.today.replace(year=self.today.year - years)
        except ValueError:
            return date(self.today.year - years, 3, 1)


def rule(kind: Kind, settings: Settings) -> str:
    """How long a kind is kept, as the trail says it."""
    if kind is Kind.EARLY:
        return "as two agreed"
    years = {Kind.CONCERNS: settings.keep_concerns_years, Kind.SESSIONS: settings.keep_sessions_years,
             Kind.PHOTOS: settings.keep_photos_years, Kind.ACCOUNTS: settings.keep_accounts_years}
    days = {Kind.FORMS: settings.keep_forms_days, Kind.TRACES: 1}
    return f"after {years[kind]} years" if kind in years else f"after {days[kind]} days"


def old_concerns(settings: Settings, moment: Moment) -> Select[Any]:
    """Concerns that ended so long ago, on which nothing is open and no hold lies."""
    return select(Flag.id).where(_ended_long_ago(settings, moment), ~_something_open(), ~_held())


def early_concerns(moment: Moment) -> Select[Any]:
    """Concerns that two agreed to delete before their time, whose last day to stop it is over; but none on which
    something is open or a hold lies. With one of these stays what was to go with it (`forgetting`)."""
    return select(Flag.id).where(_to_be_deleted_early(moment), ~_something_open(), ~_held())


def passed_over(session: Session, settings: Settings, moment: Moment) -> tuple[int, int]:
    """How many concerns are over their time and stay all the same: under a hold, and because something is open."""
    over = select(Flag.id).where(or_(_ended_long_ago(settings, moment), _to_be_deleted_early(moment)))
    return _count(session, over.where(_held())), _count(session, over.where(~_held(), _something_open()))


def old_sessions(settings: Settings, moment: Moment) -> Select[Any]:
    """Sessions so old that nobody is named by them any more; what was counted of them stays."""
    named = or_(Outreach.speaker != "", Outreach.note != "", exists().where(
        OutreachCorrection.outreach_id == Outreach.id))
    return select(Outreach.id).where(Outreach.held_on < moment.years_ago(settings.keep_sessions_years), named)


def old_photos(settings: Settings, moment: Moment) -> Select[Any]:
    """Photos of sessions that are so old."""
    return (select(OutreachPhoto.id).join(Outreach, Outreach.id == OutreachPhoto.outreach_id)
            .where(Outreach.held_on < moment.years_ago(settings.keep_photos_years)))


def old_accounts(session: Session, settings: Settings, moment: Moment) -> list[UUID]:
    """Accounts that were switched off so long ago, by the trail."""
    off = session.scalars(select(Account.id).where(
        ~Account.active, or_(Account.sign_in_name.is_(None), ~Account.sign_in_name.startswith(GONE)))).all()
    before = moment.years_ago(settings.keep_accounts_years)
    return [account_id for account_id in off if _last_touched(session, account_id, moment) < before]


def old_forms(settings: Settings, moment: Moment) -> ColumnElement[bool]:
    """Marks of forms that nobody can send again."""
    return DoneOnce.done_on < moment.today - timedelta(days=settings.keep_forms_days)


def old_traces(moment: Moment) -> list[tuple[type[Base], ColumnElement[bool]]]:
    """What only serves the moment. What was stopped after too many tries stays stopped."""
    yesterday, at = moment.today - timedelta(days=1), moment.at
    return [
        (Presence, Presence.seen_at < at - timedelta(days=1)),
        (UsedChallenge, UsedChallenge.used_on < yesterday),
        (FailedTry, and_(FailedTry.last_at < at - timedelta(days=2), FailedTry.count < throttle.STOP)),
        (SignIn, SignIn.ends_on < yesterday),
        (Invitation, Invitation.ends_at < at - timedelta(days=30)),
        (AccountNews, AccountNews.happened_on < moment.today - news.SHOWN),
        (Device, Device.ended_on < moment.years_ago(1)),
        (OutreachImport, and_(OutreachImport.state == "preview",
                              OutreachImport.made_on < moment.today - timedelta(days=30))),
    ]


def due(session: Session, settings: Settings, moment: Moment) -> dict[Kind, int]:
    """How much of each kind is over its time now."""
    forms = select(DoneOnce.mark).where(old_forms(settings, moment))
    return {
        Kind.CONCERNS: _count(session, old_concerns(settings, moment)),
        Kind.EARLY: _count(session, early_concerns(moment)),
        Kind.SESSIONS: _count(session, old_sessions(settings, moment)),
        Kind.PHOTOS: _count(session, old_photos(settings, moment)),
        Kind.ACCOUNTS: len(old_accounts(session, settings, moment)),
        Kind.FORMS: _count(session, forms),
        Kind.TRACES: sum(_count(session, select(table).where(condition)) for table, condition in old_traces(moment)),
    }


def _count(session: Session, rows: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _ended_long_ago(settings: Settings, moment: Moment) -> ColumnElement[bool]:
    end = datetime.combine(moment.years_ago(settings.keep_concerns_years), datetime.min.time(), settings.timezone)
    return and_(Flag.status == Status.CLOSED, Flag.closed_at < end)


def _to_be_deleted_early(moment: Moment) -> ColumnElement[bool]:
    agreed = exists().where(EarlyDeletion.flag_id == Flag.id, EarlyDeletion.due_on <= moment.today)
    return and_(Flag.status == Status.CLOSED, agreed)


def _something_open() -> ColumnElement[bool]:
    """A service that still has to answer, a second officer who is waited for, an act alone nobody looked at."""
    return or_(Flag.referrals_out > 0,
               exists().where(Proposal.flag_id == Flag.id, Proposal.decided_at.is_(None)),
               exists().where(BreakGlass.flag_id == Flag.id, BreakGlass.reviewed_at.is_(None)))


def _held() -> ColumnElement[bool]:
    return exists().where(Hold.flag_id == Flag.id)


def _last_touched(session: Session, account_id: UUID, moment: Moment) -> date:
    """The last day on which something was done to an account, by the trail; today if it knows of none."""
    last = session.scalar(select(func.max(AuditEntry.at)).where(
        AuditEntry.subject == str(account_id), AuditEntry.action.startswith("account.")))
    return last.date() if last else moment.today
