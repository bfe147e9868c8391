"""What the people of the world wrote: concerns at every stage, sessions, plans, photos, files, changes of accounts.

Every text in it is a marker of its own (`tests/support/world.py`)."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy import select

from portal.accounts import cards, changes, invitations, roles
from portal.accounts import commands as accounts
from portal.accounts.models import Account, Device, Passkey
from portal.base.clock import now, today
from portal.base.db import new_id, writing
from portal.base.reference import spoken
from portal.casework import break_glass, duplicates
from portal.casework import commands as casework
from portal.flags import commands as flags
from portal.flags.answers import CallTime, Contact, Danger, Identity, KeepFrom
from portal.flags.life import Move, Risk
from portal.flags.models import CalendarDay, Flag
from portal.followup import presence
from portal.outreach import commands as outreach
from portal.outreach import import_commands, photo_commands, photos, plans
from portal.outreach.models import Outreach
from tests.casework.at_work import CODES, a_letter, a_service, assesses, does, merges, written
from tests.factories import area, some_answers, viewer_of
from tests.followup.at_desk import Officer, an_action
from tests.support.world import CONFLICT_HOLDERS, KEYLESS, PLACES, Thing, World


def make(world: World, city: SimpleNamespace) -> None:
    """Everything, in the order in which it could have come about."""
    maker = Maker(world, city)
    maker.concerns()
    maker.sessions()
    maker.files_and_plans()
    maker.accounts()


class Maker:
    """Makes things in the world and keeps their names."""

    def __init__(self, world: World, city: SimpleNamespace):
        self.world, self.city, self.db = world, city, city.db
        self.desk = {key: Officer(city, person) for key, person in world.people.items()
                     if person.role in roles.UNIT and key != KEYLESS and not key.startswith("officer_other")}
        self.today = today(city.settings.timezone)

    # concerns

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

    # sessions

    def sessions(self) -> None:
        """One in each place, logged by who is there; one corrected, with a photo."""
        for name, who in (("held", "cadre_child"), ("held beside", "cadre_sibling"),
                          ("held elsewhere", "cadre_other"), ("held at school", "school_own")):
            with writing(self.db):
                key = outreach.log_session(self.db, self.held(who, name), by=viewer_of(self.db, self.who(who)),
                                           today=self.today, once=uuid4().hex, body="")
            self.world.things[name] = Thing("session", key, self.who(who).area, who)
            self.photo(name, key, who)
        self.correct(self.world.things["held"].id)
        with writing(self.db):
            outreach.answer_forthcoming(self.db, by=viewer_of(self.db, self.city.cadre_child), came=True,
                                        month=self.today.replace(day=1), once=uuid4().hex, body="")

    def held(self, who: str, name: str) -> outreach.Held:
        return outreach.Held(area(self.db, self.who(who).area).id, self.today, ("mengenal",), women=12,
                             speaker=self.mark(f"speaker of {name}"), institution=self.mark(f"institution of {name}"),
                             note=self.mark(f"note of {name}"))

    def correct(self, key: UUID) -> None:
        """The old words stay in the history of corrections; who sees the session sees only the new ones."""
        kept = self.db.get_one(Outreach, key, populate_existing=True)
        held = replace(outreach.held_of(kept), note=self.mark("new note of held"))
        with writing(self.db):
            kept = self.db.get_one(Outreach, key, populate_existing=True)
            outreach.correct_session(self.db, kept, held, by=viewer_of(self.db, self.city.cadre_child),
                                     version=kept.version, today=self.today, once=uuid4().hex, body="")

    def photo(self, name: str, key: UUID, who: str) -> None:
        file, word = BytesIO(), self.mark(f"picture of {name}")
        Image.new("RGB", (8, 8), (200, 30, 30)).save(file, "JPEG", comment=word.encode())
        with writing(self.db):
            kept = self.db.get_one(Outreach, key, populate_existing=True)
            photo_id, _new = photo_commands.add_photo(
                self.db, kept, photos.Drawn(file.getvalue(), 8, 8), by=viewer_of(self.db, self.who(who)),
                today=self.today, once=uuid4().hex, body="")
        photos.put(self.city.settings.photos_dir, photo_id, file.getvalue())
        self.world.things[f"photo of {name}"] = replace(self.world.things[name], kind="photo", id=(key, photo_id))

    def files_and_plans(self) -> None:
        """Past sessions that were only looked at, and some that were loaded; plans for one person and for nobody."""
        for name, who, load in (("file", "coordinator_own", False), ("file elsewhere", "coordinator_other", True)):
            held = self.held(f"cadre_{who.removeprefix('coordinator_')}", name)
            with writing(self.db):
                by = viewer_of(self.db, self.who(who))
                key = import_commands.keep_preview(
                    self.db, [held], file_name=self.mark(f"file name of {name}"), by=by, today=self.today,
                    once=uuid4().hex, body="")
                if load:
                    import_commands.load_preview(self.db, key, by=by, today=self.today)
            self.world.things[name] = Thing("file", key, self.who(who).area, who)
        for name, by, place, who in (("plan", "coordinator_own", PLACES["child"], "cadre_child"),
                                     ("plan for anybody", "coordinator_own", PLACES["child"], ""),
                                     ("plan elsewhere", "coordinator_other", PLACES["other"], "")):
            planned = plans.Planned(area(self.db, place).id, self.today + timedelta(days=3), "mengenal",
                                    self.mark(f"spot of {name}"), self.who(who).account_id if who else None)
            with writing(self.db):
                key = plans.make_plan(self.db, planned, by=viewer_of(self.db, self.who(by)), today=self.today,
                                      once=uuid4().hex, body="")
            self.world.things[name] = Thing("plan", key, place, who)

    # accounts

    def accounts(self) -> None:
        """Invited, waiting for a second person, switched off; with phones, cards and passkeys."""
        admin = viewer_of(self.db, self.city.admin_own)
        with writing(self.db):
            for person in (self.city.cadre_child, self.city.officer_own):
                self.holds(person)
            account = self.db.get_one(Account, self.city.school_other.account_id)
            changes.ask_recovery(self.db, self.db.get_one(Account, self.city.cadre_own.account_id), by=admin)
            changes.ask_recovery(self.db, account, by=admin)
            changes.ask_role(self.db, self.db.get_one(Account, self.city.officer_sibling.account_id), roles.Role.HEAD,
                             area(self.db, "98.01"), by=admin)
            changes.ask_recovery(self.db, self.db.get_one(Account, self.city.officer_parent.account_id), by=admin)
            for name, who in (("pending own", "cadre_own"), ("pending at the unit", "officer_parent"),
                              ("pending elsewhere", "school_other")):
                person = self.who(who)
                self.world.things[name] = Thing("pending", person.account_id, person.area, who)
            changes.switch(self.db, self.db.get_one(Account, self.city.off.account_id), on=False, by=admin)
            self.invite()
            self.db.add(CalendarDay(day=date(2027, 8, 18), closed=True, name=self.mark("name of a day")))

    def invite(self) -> None:
        place = area(self.db, PLACES["child"])
        new = accounts.NewAccount(roles.Role.CADRE, self.mark("name of invited"), area_id=place.id)
        account = accounts.add_account(self.db, self.city.settings, new, by=None)
        self.world.marks["code of invited"] = invitations.invite(self.db, self.city.keys, account,
                                                                 by=self.city.coordinator_own.account_id)
        self.world.things["account invited"] = Thing("account", account.id, PLACES["child"], "invited")

    def holds(self, person: Any) -> None:
        """A phone and a passkey; in the field a card too."""
        device, public = uuid4().hex, uuid4().bytes * 4
        self.db.add(Device(id=device, account_id=person.account_id, public=public, added_on=now().date(),
                           browser=self.mark(f"browser of {person.key}"), last_on=now().date()))
        passkey = Passkey(id=new_id(), account_id=person.account_id, device_id=None, credential_id=uuid4().bytes,
                          public=public, sign_count=0, added_on=now().date(), last_on=now().date())
        self.db.add(passkey)
        self.world.things[f"phone of {person.key}"] = Thing("phone", device, person.area, person.key)
        self.world.things[f"passkey of {person.key}"] = Thing("passkey", passkey.id, person.area, person.key)
        if person.role in roles.FIELD:
            for number, code in enumerate(cards.new_card(self.db, self.city.keys, person.account_id, by=None)):
                self.world.marks[f"card code {number} of {person.key}"] = code

    # short ways

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

