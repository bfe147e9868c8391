"""The concerns of the world: one at every stage of its life, and one of each kind that some must not know of.

Every text in them is a marker of its own (`tests/support/world.py`)."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from portal.accounts import roles
from portal.base.clock import today
from portal.base.db import writing
from portal.base.reference import spoken
from portal.casework import break_glass, duplicates, early
from portal.casework import commands as casework
from portal.flags import commands as flags
from portal.flags.answers import CallTime, Contact, Danger, Identity, KeepFrom
from portal.flags.life import Move, Risk
from portal.flags.models import Flag
from portal.followup import presence
from tests.casework.at_work import CODES, a_letter, a_service, assesses, does, merges, written
from tests.factories import area, some_answers, viewer_of
from tests.followup.at_desk import Officer, an_action
from tests.support.world import CONFLICT_HOLDERS, KEYLESS, PLACES, Thing, World


class Concerns:
    """Makes concerns in the world, and keeps their names."""

    def __init__(self, world: World, city: SimpleNamespace):
        self.world, self.city, self.db = world, city, city.db
        self.desk = {key: Officer(city, person) for key, person in world.people.items()
                     if person.role in roles.UNIT and key != KEYLESS and not key.startswith("officer_other")}
        self.today = today(city.settings.timezone)

    def concerns(self) -> None:
        """One at every stage of its life; one of each kind that some people must not know of."""
        self.send("new", who="cadre_child")
        self.send("neighbours", who="cadre_own")
        read = self.send("read")
        self.own.opens(read)
        self.worked = self.send("worked")
        self.work(self.worked, "worked")
        self.work(self.send("busy"), "busy")
        assessed = self.send("assessed")
        self.own.opens(assessed)
        self.own.does(Move.ASSESS, assessed, Risk.LOW, self.mark("why of assessed"))
        waiting = self.send("waiting")
        self.work(waiting, "waiting")
        self.own.does(Move.ASK, waiting)
        closed = self.send("closed")
        self.work(closed, "closed")
        does(self.own, casework.close, closed, casework.Closing("done", self.mark("remark of closed"), "done"))
        proposed = self.send("proposed", danger=Danger.NOW)
        self.own.opens(proposed)
        self.own.does(Move.TAKE, proposed)
        assesses(self.own, proposed, Risk.HIGH, why=self.mark("why of proposed"))
        does(self.own, casework.pause, proposed, self.today + timedelta(days=2), self.mark("proposal of proposed"))
        self.alone()
        self.law()
        self.ending()
        self.merged()
        self.hidden()
        with writing(self.db):
            duplicates.keep_marks(self.db, self.own.ring, self.db.get_one(Flag, self.worked, populate_existing=True))

    def work(self, flag_id: UUID, name: str) -> None:
        """Take, assess in codes, act, give a service, refer."""
        self.own.opens(flag_id)
        self.own.does(Move.TAKE, flag_id)
        assesses(self.own, flag_id, Risk.MEDIUM, CODES, why=self.mark(f"why of {name}"))
        self.own.does(Move.ACT, flag_id, an_action(self.city, text=self.mark(f"action of {name}"),
                                                   next_step=self.mark(f"next step of {name}")))
        does(self.own, casework.serve, flag_id, a_service(self.own, text=self.mark(f"service of {name}"),
                                                          next_step=self.mark(f"service next of {name}")))
        if name == "worked":
            self.refer(flag_id, name)
            self.add(flag_id, name)

    def refer(self, flag_id: UUID, name: str) -> None:
        letter = a_letter(self.own, office=self.mark(f"office of {name}"), request=self.mark(f"request of {name}"),
                          carried=[("Alamat", self.mark(f"carried of {name}"))])
        does(self.own, casework.refer, flag_id, letter)
        letters = [one for one in written(self.own, flag_id) if one.kind is Move.REFER]
        concern = self.world.things[name]
        self.world.things[f"referral of {name}"] = replace(concern, kind="referral", id=(concern.id, letters[-1].id))

    def add(self, flag_id: UUID, name: str) -> None:
        with writing(self.db):
            content = {"text": self.mark(f"message of {name}"), "worse": "no", "who": None, "age": None, "signs": []}
            flags.add(self.db, self.city.settings, self.db.get_one(Flag, flag_id), content, worse=False,
                      by=viewer_of(self.db, self.city.cadre_child), once=uuid4().hex, body="")

    def alone(self) -> None:
        flag_id = self.send("alone", danger=Danger.NOW, contact=Contact.NOBODY)
        self.own.opens(flag_id)
        self.own.does(Move.TAKE, flag_id)
        self.own.does(Move.ASSESS, flag_id, Risk.HIGH, self.mark("why of alone"))
        does(self.own, break_glass.act_alone, flag_id, self.mark("reason of alone"))
        self.ready("ready alone", danger=Danger.NOW, contact=Contact.NOBODY)

    def ready(self, name: str, **answers: Any) -> None:
        """One that an officer assessed as high."""
        flag_id = self.send(name, **answers)
        self.own.opens(flag_id)
        self.own.does(Move.TAKE, flag_id)
        self.own.does(Move.ASSESS, flag_id, Risk.HIGH, self.mark(f"why of {name}"))

    def law(self) -> None:
        flag_id = self.send("law")
        self.own.opens(flag_id)
        self.own.does(Move.TAKE, flag_id)
        self.own.does(Move.ASSESS, flag_id, Risk.MEDIUM, self.mark("why of law"))
        does(self.own, casework.hear_victim, flag_id, self.mark("heard of law"))
        does(self.own, casework.keep_ticket, flag_id, self.mark("ticket of law", 30))

    def ending(self) -> None:
        """Closed, and two agreed to delete it before its time."""
        flag_id = self.send("ending")
        self.own.opens(flag_id)
        self.own.does(Move.TAKE, flag_id)
        self.own.does(Move.ASSESS, flag_id, Risk.LOW, self.mark("why of ending"))
        does(self.own, casework.close, flag_id, casework.Closing("done", self.mark("remark of ending"), "done"))
        does(self.own, early.ask, flag_id, "asked", self.mark("ground of ending"))
        does(self.head, casework.confirm, flag_id)

    def merged(self) -> None:
        under = self.send("merged")
        self.own.opens(under)
        merges(self.own, under, self.worked)

    def hidden(self) -> None:
        """With a conflict of interest; stepped aside from; of the other unit; handed over to it."""
        self.send("conflict", keep_from=(KeepFrom.RT_RW,))
        handled = self.send("conflict worked", keep_from=(KeepFrom.CADRES,))
        self.head.opens(handled)
        self.head.does(Move.TAKE, handled)
        self.head.does(Move.ASSESS, handled, Risk.HIGH, self.mark("why of conflict worked"))
        aside = self.send("aside", who="cadre_own", without=("officer_sibling",))
        self.desk["officer_sibling"].opens(aside)
        self.desk["officer_sibling"].does(Move.TAKE, aside)
        with writing(self.db):
            flag = self.db.get_one(Flag, aside, populate_existing=True)
            presence.touch(self.db, aside, by=self.desk["officer_sibling"].viewer)
            flags.step_aside(self.db, flag, by=self.desk["officer_sibling"].viewer)
        self.send("elsewhere", who="cadre_other")
        given = self.send("handed over")
        self.own.opens(given)
        self.own.does(Move.ASSESS, given, Risk.MEDIUM, self.mark("why of handed over"))
        unit = viewer_of(self.db, self.city.head_other).unit_id
        does(self.own, casework.hand_over, given, unit, self.mark("reason of handed over"))
        self.knows("handed over", given)

    def send(self, name: str, *, who: str = "cadre_child", without: tuple[str, ...] = (), **answers: Any) -> UUID:
        """A concern with a marker in each of its texts; who may know of it is written down."""
        person = self.world.people[who]
        texts = {what: self.mark(f"{what} of {name}", 10 if what == "rt" else 40)
                 for what in ("reporter_name", "reporter_title", "reporter_area", "reporter_phone", "rt", "landmark",
                              "nickname", "school", "person_phone", "person_time")}
        concern = flags.Concern(
            some_answers(place=self.mark(f"place of {name}"), call_times=(CallTime.EVENING,), **answers),
            self.mark(f"story of {name}"), Identity(**texts), area(self.db, person.area))
        with writing(self.db):
            code = flags.send(self.db, self.city.settings, concern, by=viewer_of(self.db, person), once=uuid4().hex,
                              body="")
        flag = self.db.scalar(select(Flag).where(Flag.code == code))
        self.world.things[name] = Thing("concern", spoken(code), person.area, who, key=flag.id)
        self.knows(name, flag.id, without)
        return flag.id

    def knows(self, name: str, flag_id: UUID, without: tuple[str, ...] = ()) -> None:
        """Who may open it, said by hand: the unit's people with its key, without whoever stepped aside."""
        thing = self.world.things[name]
        if name in {"elsewhere", "handed over"}:
            known = {"head_other", "officer_other"}
        elif name.startswith("conflict"):
            known = set(CONFLICT_HOLDERS)
        else:
            known = {f"{role}_{place}" for role in ("officer", "head") for place in PLACES if place != "other"}
        self.world.things[name] = replace(thing, known_to=frozenset(known - {KEYLESS, *without}))

    @property
    def own(self) -> Officer:
        return self.desk["officer_own"]

    @property
    def head(self) -> Officer:
        return self.desk["head_own"]

    def who(self, key: str) -> Any:
        return self.world.people[key]

    def mark(self, what: str, size: int = 40) -> str:
        return self.world.mark(what, size)

