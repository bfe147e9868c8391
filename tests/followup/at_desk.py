"""An officer at work without a browser, for the tests of the desk."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from uuid import UUID

from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.clock import now, today
from portal.base.db import writing
from portal.flags import commands as flags
from portal.flags.life import Move, Risk
from portal.flags.models import Flag
from portal.followup import commands
from tests.factories import a_flag, ring_of, viewer_of

_numbers = count()
WHY = "Masih serumah dengan orang itu."


def an_action(city: SimpleNamespace, **changes) -> commands.Action:
    """An ordinary action, just done, with a next step for tomorrow."""
    plain = {"at": now(), "way": "phone", "result": "reached", "text": "Menelepon kader.",
             "next_step": "Kunjungan", "next_on": today(city.settings.timezone) + timedelta(days=1)}
    return commands.Action(**{**plain, **changes})


def sent(city: SimpleNamespace, person=None, **kwargs) -> UUID:
    """The id of a concern that this cadre (Bu Siti, if nobody is named) has just sent."""
    with writing(city.db):
        return a_flag(city.db, city.settings, person or city.siti, **kwargs).id


@dataclass
class Officer:
    """One of the unit's people, with her keys open. Each act is a transaction of its own."""

    city: SimpleNamespace
    person: object
    viewer: Viewer = field(init=False)
    ring: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        self.viewer = viewer_of(self.city.db, self.person)
        self.ring = ring_of(self.city, self.person)

    def opens(self, flag_id: UUID) -> flags.Opened:
        with writing(self.city.db):
            return flags.open_flag(self.city.db, self.ring, self._flag(flag_id), by=self.viewer)

    def does(self, move: Move, flag_id: UUID, *given, version: int | None = None, once: str = "",
             body: str = "") -> None:
        """Make a move; what is not given is ordinary."""
        with writing(self.city.db):
            flag, db, settings = self._flag(flag_id), self.city.db, self.city.settings
            how = {"by": self.viewer, "version": flag.version if version is None else version,
                   "once": once or f"key {next(_numbers)}", "body": body}
            match move:
                case Move.TAKE:
                    commands.take(db, flag, **how)
                case Move.ASSIGN:
                    commands.assign(db, self.ring, flag, *(given or (self.city.dewi.account_id, "")), **how)
                case Move.ASSESS:
                    commands.assess(db, settings, self.ring, flag, *(given or (Risk.MEDIUM, WHY)), **how)
                case Move.ACT:
                    commands.act(db, settings, self.ring, flag, *(given or (an_action(self.city),)), **how)
                case Move.ASK:
                    commands.ask(db, settings, flag, *(given or ("changed",)), **how)
                case Move.WITHDRAW_QUESTION:
                    commands.withdraw_question(db, flag, **how)
                case Move.CLOSE:
                    closing = commands.Closing("done", "", "done")
                    commands.close(db, settings, self.ring, flag, *(given or (closing,)), **how)
                case Move.REOPEN:
                    commands.reopen(db, settings, self.ring, flag, *(given or ("Ada kabar baru lagi.",)), **how)

    def handles(self, flag_id: UUID) -> None:
        """Open, take, assess and act: an ordinary concern in progress."""
        self.opens(flag_id)
        for move in (Move.TAKE, Move.ASSESS, Move.ACT):
            self.does(move, flag_id)

    def closes(self, flag_id: UUID) -> None:
        """The whole work, to its end."""
        self.handles(flag_id)
        self.does(Move.CLOSE, flag_id)

    def _flag(self, flag_id: UUID) -> Flag:
        return self.city.db.get_one(Flag, flag_id, populate_existing=True)


def cadre_adds(city: SimpleNamespace, flag_id: UUID, *, worse: bool = False, text: str = "mutiara") -> None:
    """The cadre adds something to her concern."""
    with writing(city.db):
        content = {"text": text, "worse": "yes" if worse else "no"}
        flags.add(city.db, city.settings, city.db.get_one(Flag, flag_id), content, worse=worse,
                  by=viewer_of(city.db, city.siti), once=f"key {next(_numbers)}", body="")


def cadre_answers(city: SimpleNamespace, flag_id: UUID, text: str = "mutiara") -> None:
    """The cadre answers the question that is out."""
    with writing(city.db):
        flags.answer(city.db, city.db.get_one(Flag, flag_id), {"text": text, "call_times": ["evening"]},
                     by=viewer_of(city.db, city.siti), once=f"key {next(_numbers)}", body="")
