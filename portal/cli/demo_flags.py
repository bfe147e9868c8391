"""Sixty concerns in every stage, each brought there by the steps that lead there in life."""

import random
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.areas.models import Area
from portal.base.clock import now, telling
from portal.cli import demo_casework
from portal.cli.demo_cast import Cast, ring_of, viewer_of
from portal.cli.demo_stories import ADDITIONS, ANSWERS, CONFLICTS, NOTES, STORIES, Story
from portal.flags import commands as flags
from portal.flags.answers import Identity, estimate
from portal.flags.deadlines import furthest_step
from portal.flags.life import Risk
from portal.flags.models import Flag
from portal.flags.words import CLOSINGS
from portal.followup import commands as desk
from portal.followup.commands import Action, Closing
from portal.web import db

STAGES = {"new": 7, "read": 6, "assessed": 5, "assigned": 6, "added": 2, "acted": 9, "overdue": 3, "waiting": 5,
          "answered": 3, "closed": 11, "reopened": 3}
"""How many concerns stand where. Together sixty."""

_AGE_HOURS = {"new": (0.2, 5), "read": (0.3, 6), "assessed": (1, 8), "assigned": (2, 10), "added": (3, 9),
              "acted": (30, 300), "overdue": (120, 200), "waiting": (20, 80), "answered": (30, 90),
              "closed": (300, 7000), "reopened": (600, 1400)}
_DUPLICATED = {"new", "acted", "closed"}
_REASON = "Dari jawaban kader dan percakapan pertama."


class _Case:
    """One concern on its way: the officer who works on it, and a clock that moves on with each step."""

    def __init__(self, session: Session, cast: Cast, flag: Flag, officer: Viewer, ring: KeyRing):
        self.session, self.cast, self.flag, self.officer, self.ring = session, cast, flag, officer, ring
        self.second: tuple[Viewer, KeyRing] | None = None
        self.at = flag.received_at
        self.last = datetime.max.replace(tzinfo=self.at.tzinfo)

    def step(self, minutes: float, do, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        """Do one thing some minutes later, but never in the future."""
        self.at = min(self.at + timedelta(minutes=minutes), self.last)
        with telling(self.at):
            do(*args, by=self.officer, **kwargs)
            self.session.flush()

    def step_on(self, day: datetime) -> date:
        """That day in the city, or the last one that a next step may be set to from where it is."""
        here = self.cast.settings.timezone
        furthest = furthest_step(self.at.astimezone(here).date(), ever_high=bool(self.flag.ever_high))
        return min(day.astimezone(here).date(), furthest)

    def once(self) -> dict[str, object]:
        """What every act at the desk carries."""
        return {"version": self.flag.version, "once": secrets.token_hex(12), "body": ""}


def pass_on(cast: Cast) -> Iterator[str]:
    """Make the concerns; says how far it is."""
    chance, done = random.Random(7), 0
    senders = cast.keys_of(Role.CADRE, Role.SCHOOL)
    rings = _rings(cast)
    for stage, count in STAGES.items():
        for number in range(count):
            story = _story(chance, stage, number)
            sender = chance.choice(senders[:12]) if chance.random() < 0.7 else chance.choice(senders)
            _one(cast, chance, rings, stage, story, sender)
            done += 1
    yield f"{done} concerns, sealed, in every stage."


def _rings(cast: Cast) -> dict[str, KeyRing]:
    session = db.session()
    return {key: ring_of(session, cast, key) for key, person in cast.people.items() if person.keys}


def _story(chance: random.Random, stage: str, number: int) -> Story:
    """An ordinary story, a conflict now and then, and in some stages the same one twice."""
    if number == 1 and stage in {"new", "read", "acted", "waiting", "closed"}:
        return chance.choice(CONFLICTS)
    if number in {2, 3} and stage in _DUPLICATED:
        return STORIES[7]  # two neighbours saw the same
    return chance.choice(STORIES)


def _one(cast: Cast, chance: random.Random, rings: dict[str, KeyRing], stage: str, story: Story, sender: str) -> None:
    low, high = _AGE_HOURS[stage]
    urgent = estimate(story.answers) is Risk.HIGH
    age = chance.uniform(low, min(high, low + 1.2) if urgent and high < 24 else high)
    with db.transaction() as session:
        flag = _send(session, cast, story, sender, now() - timedelta(hours=age))
        officer = "ratna" if story.answers.keep_from else chance.choice(("rina", "dewi"))
        case = _Case(session, cast, flag, viewer_of(session, cast, officer), rings[officer])
        case.last = now() - timedelta(minutes=2)
        case.second = _second(session, cast, rings, flag, officer)
        _live(case, chance, stage, sender)


def _second(session: Session, cast: Cast, rings: dict[str, KeyRing], flag: Flag, first: str
            ) -> tuple[Viewer, KeyRing] | None:
    """A colleague who may open it too, to agree to what takes two; nobody for some conflicts of interest."""
    others = [key for key, ring in rings.items() if key != first and flag.key_id in ring]
    return (viewer_of(session, cast, others[0]), rings[others[0]]) if others else None


def _send(session: Session, cast: Cast, story: Story, sender: str, at: datetime) -> Flag:
    by = viewer_of(session, cast, sender)
    account = session.get_one(Account, by.account_id)
    place = cast.areas[sender]
    identity = Identity(account.name, account.title, cast.people[sender].phone, cast.said(sender),
                        landmark=story.landmark, nickname=story.nickname)
    concern = flags.Concern(replace(story.answers, place=place.name), story.text, identity,
                            session.get_one(Area, place.area_id))
    with telling(at):
        code = flags.send(session, cast.settings, concern, by=by, once=secrets.token_hex(12), body="")
        session.flush()
    return session.scalars(select(Flag).where(Flag.code == code)).one()


def _live(case: _Case, chance: random.Random, stage: str, sender: str) -> None:
    """The steps that lead to a stage."""
    if stage == "new":
        return
    case.step(chance.uniform(4, 25), flags.open_flag, case.session, case.ring, case.flag)
    if stage == "read":
        return
    risk = Risk(case.flag.risk_estimate)
    case.step(6, desk.assess, case.session, case.cast.settings, case.ring, case.flag, risk, _REASON, **case.once())
    if stage == "assessed":
        return
    case.step(2, desk.take, case.session, case.flag, **case.once())
    if stage == "assigned":
        return
    if stage == "added":
        _add(case, chance, sender)
        return
    if stage in {"waiting", "answered"} and chance.random() < 0.5:
        _ask(case, chance, sender, answered=stage == "answered")
        return
    _act(case, chance, late=stage == "overdue")
    if stage == "acted":
        demo_casework.go_on(case, chance)
    if stage in {"waiting", "answered"}:
        _ask(case, chance, sender, answered=stage == "answered")
    if stage in {"closed", "reopened"}:
        _act(case, chance, late=False)
        closing = Closing("done", "", chance.choice(CLOSINGS))
        case.step(60 * 24 * 3, desk.close, case.session, case.cast.settings, case.ring, case.flag, closing,
                  **case.once())
        demo_casework.agree(case)
    if stage == "reopened" and case.flag.closed_at is not None:
        case.at = now() - timedelta(hours=chance.uniform(0.5, 5))
        case.step(1, desk.reopen, case.session, case.cast.settings, case.ring, case.flag,
                  "Kader menelepon: terjadi lagi.", **case.once())


def _act(case: _Case, chance: random.Random, *, late: bool) -> None:
    day = now() + timedelta(days=-2 if late else chance.randint(1, 5))
    minutes = chance.uniform(20, 400)
    at = min(case.at + timedelta(minutes=minutes), case.last)
    action = Action(at, "phone", "reached", chance.choice(NOTES), "Telepon lagi", case.step_on(day))
    case.step(minutes, desk.act, case.session, case.cast.settings, case.ring, case.flag, action, **case.once())


def _ask(case: _Case, chance: random.Random, sender: str, *, answered: bool) -> None:
    case.step(30, desk.ask, case.session, case.cast.settings, case.flag, "when_call", **case.once())
    if answered:
        officer, case.officer = case.officer, viewer_of(case.session, case.cast, sender)
        content = {"text": chance.choice(ANSWERS), "call_times": ["afternoon"]}
        case.step(90, flags.answer, case.session, case.flag, content, once=secrets.token_hex(12), body="")
        case.officer = officer


def _add(case: _Case, chance: random.Random, sender: str) -> None:
    officer, case.officer = case.officer, viewer_of(case.session, case.cast, sender)
    worse = chance.random() < 0.5
    content = {"text": ADDITIONS[0 if worse else 1], "worse": "yes" if worse else "no"}
    case.step(15, flags.add, case.session, case.cast.settings, case.flag, content, worse=worse,
              once=secrets.token_hex(12), body="")
    case.officer = officer
