"""Logging and correcting sessions. The running totals change in the same transaction. None commits.

A cadre's logging is not written to the trail: its time beside a concern's would say who sent that one.
The row itself says who logged it, to the day.
"""

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.accounts.viewer import Viewer
from portal.areas import queries as areas
from portal.audit import once as done_once
from portal.base.db import insert_missing, new_id
from portal.base.errors import NotVisible, Refused, Stale
from portal.outreach import totals
from portal.outreach.models import HEADS, Outreach, OutreachCorrection, OutreachForthcoming, OutreachTopic
from portal.outreach.policy import may_correct, may_log
from portal.outreach.totals import Counted


@dataclass(frozen=True)
class Held:
    """What a session was: where, when, about what, for whom, and how many came by sex and age band.

    `funding` is a code of the list of sources, "" for one that was not named; `speaker` and `institution` are
    free text, as announced in public.
    """

    area_id: int
    held_on: date
    topics: tuple[str, ...]
    girls: int = 0
    boys: int = 0
    women: int = 0
    men: int = 0
    older_women: int = 0
    older_men: int = 0
    audiences: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    funding: str = ""
    speaker: str = ""
    institution: str = ""
    note: str = ""

    @property
    def attendance(self) -> int:
        """How many came, all together."""
        return sum(getattr(self, heads) for heads in HEADS)


def log_session(session: Session, held: Held, *, by: Viewer, once: str, body: str, today: date) -> UUID:
    """Keep a session; returns its key. The same form sent again gives the first one's.

    `today` is the day in the city. Raises `Refused` when the one-use key comes back with other answers, or
    this person logs no sessions.
    """
    before = done_once.outcome_of(session, once, body)
    if before is not None:
        return UUID(before)
    if not may_log(by):
        raise Refused("this role logs no sessions")
    outreach = Outreach(id=new_id(), logged_by_id=by.account_id, logged_on=today)
    _set(outreach, held)
    session.add(outreach)
    session.flush()
    totals.change(session, [_counted(held)])
    done_once.remember(session, once, body, str(outreach.id))
    return outreach.id


def correct_session(session: Session, outreach: Outreach, held: Held, *, by: Viewer, version: int,
                    today: date, once: str, body: str) -> None:
    """Change a session, keeping what it said before. The same form sent again changes nothing more, and one
    that says what stands already changes nothing at all.

    Raises `NotVisible` when this person may not, or no longer; `Stale` when `version` is not the one that
    the page showed.
    """
    if done_once.outcome_of(session, once, body) is not None:
        return
    if not may_correct(by, outreach, today):
        raise NotVisible
    if version != outreach.version:
        raise Stale("the page showed an older version")
    was = held_of(outreach)
    if was == held:
        return
    session.add(OutreachCorrection(outreach_id=outreach.id, version=version, corrected_on=today, by_id=by.account_id,
                                   before={**asdict(was), "held_on": was.held_on.isoformat()}))
    _set(outreach, held)
    session.flush()
    totals.change(session, [_counted(was, -1), _counted(held)])
    done_once.remember(session, once, body, str(outreach.id))


def answer_forthcoming(session: Session, *, by: Viewer, month: date, came: bool, once: str, body: str) -> None:
    """Count one answer to "did anybody come forward?" for her kelurahan and the month of the session.

    A number goes up, no more: neither she nor the session is written down (rulings 10). The same form sent
    again counts once. `month` is the first day of one.
    """
    if not may_log(by):
        raise Refused("this role logs no sessions")
    if done_once.outcome_of(session, once, body) is not None:
        return
    place = areas.get_area(session, by.area_id or 0)
    area_id = (areas.kelurahan_of(session, place) or place).id
    insert_missing(session, OutreachForthcoming, [{"area_id": area_id, "month": month, "yes": 0, "no": 0}])
    column = OutreachForthcoming.yes if came else OutreachForthcoming.no
    session.execute(
        update(OutreachForthcoming)
        .where(OutreachForthcoming.area_id == area_id, OutreachForthcoming.month == month)
        .values({column.key: column + 1}), execution_options={"synchronize_session": False})
    done_once.remember(session, once, body, "counted")


def _set(outreach: Outreach, held: Held) -> None:
    outreach.area_id, outreach.held_on, outreach.note = held.area_id, held.held_on, held.note
    outreach.audiences, outreach.materials = list(held.audiences), list(held.materials)
    outreach.funding, outreach.speaker, outreach.institution = held.funding, held.speaker, held.institution
    for heads in HEADS:
        setattr(outreach, heads, getattr(held, heads))
    kept = {topic.topic: topic for topic in outreach.topics}
    outreach.topics = [kept.get(code) or OutreachTopic(topic=code) for code in dict.fromkeys(held.topics)]
    for topic in outreach.topics:
        topic.area_id = held.area_id


def held_of(outreach: Outreach) -> Held:
    """A session as it stands, in the words of its form."""
    return Held(outreach.area_id, outreach.held_on, tuple(sorted(topic.topic for topic in outreach.topics)),
                **{heads: getattr(outreach, heads) for heads in HEADS}, audiences=tuple(outreach.audiences),
                materials=tuple(outreach.materials), funding=outreach.funding, speaker=outreach.speaker,
                institution=outreach.institution, note=outreach.note)


def _counted(held: Held, weight: int = 1) -> Counted:
    return Counted(held.area_id, held.held_on, held.topics, tuple(getattr(held, heads) for heads in HEADS), weight)
