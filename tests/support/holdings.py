"""What the people of the world wrote beside concerns: sessions, plans, photos, files, changes of accounts.

Every text in it is a marker of its own (`tests/support/world.py`)."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from PIL import Image

from portal.accounts import cards, changes, invitations, roles
from portal.accounts import commands as accounts
from portal.accounts.models import Account, Device, Passkey
from portal.base.clock import now
from portal.base.db import new_id, writing
from portal.flags.models import CalendarDay
from portal.outreach import commands as outreach
from portal.outreach import import_commands, photo_commands, photos, plans
from portal.outreach.models import Outreach
from tests.factories import area, viewer_of
from tests.support.concerns import Concerns
from tests.support.world import PLACES, Thing, World


def make(world: World, city: SimpleNamespace) -> None:
    """Everything, in the order in which it could have come about."""
    maker = Maker(world, city)
    maker.concerns()
    maker.sessions()
    maker.files_and_plans()
    maker.accounts()


class Maker(Concerns):
    """Makes all the rest, and keeps its names."""

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
