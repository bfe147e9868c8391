"""Who may ask for what, said once more and by hand: nothing here asks the portal's own rules.

A line of `TABLE` is a route, the roles that may use it (`cadre`, `school`, `koordinator`, `officer`, `head`,
`leadership`, `admin` by their first letters; `*` everybody who is signed in; `-` everybody), and what ties the person
to the thing in the address (a rule of `TIES`; nothing where the address names no thing).
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.factories import Person
from tests.support.world import KEYLESS, SCHOOLS, Thing

LETTERS = {"cadre": "c", "school": "s", "coordinator": "k", "officer": "o", "head": "h", "leadership": "l",
           "admin": "a"}
FIELD, UNIT = {"cadre", "school"}, {"officer", "head"}

TABLE = """
static                        -
web.help_page                 -
web.safe_phone                -
web.manifest                  -
web.pulse                     -
web.breach                    -
accounts.sign_in              -
accounts.sign_in_staff        -
accounts.sign_in_with_card    -
accounts.sign_out             -
accounts.quick_exit           -
accounts.rest                 -
accounts.set_language         -
accounts.enrol                -
accounts.enter_as_demo_person -       never
accounts.still_here           *
accounts.ready                *
accounts.settings_page        *
accounts.change_look          *
accounts.change_phone         *
accounts.change_secret        *
accounts.add_passkey          *
accounts.sign_out_everywhere  *
accounts.new_card             cs
accounts.end_device           *       owns
accounts.remove_passkey       *       owns
accounts.people_page          ka
accounts.new_person           ka
accounts.many                 ka
accounts.make_many            ka
accounts.person               ka      looks_after
accounts.describe             ka      looks_after
accounts.invite               ka      looks_after
accounts.hand_over            ka      looks_after
accounts.switch               ka      looks_after
accounts.recover              ka      looks_after
accounts.change_role          a       looks_after
accounts.pending_changes      kha
accounts.decide               kha     agrees
accounts.keys                 h
accounts.grant_key            h
accounts.kit                  h
accounts.make_kit             h
accounts.check_kit            h
casework.replace_key          h
casework.begin_key            h
casework.move_to_key          h
casework.hold                 h       knows
casework.release              h       knows
flags.home                    *
flags.new                     cs      in_kelurahan
flags.mine                    cs
flags.progress                cs      sent
flags.answer                  cs      sent
flags.add                     cs      sent
followup.queue                oh
followup.tasks                oh
followup.newer                oh
followup.unlock               oh
followup.call                 oh
followup.preview              oh      knows
followup.pick_up              oh      knows
followup.sheet                oh      knows
followup.identity             oh      knows
followup.take                 oh      knows
followup.assign               h       knows
followup.assess               oh      knows
followup.act                  oh      knows
followup.ask                  oh      knows
followup.withdraw_question    oh      knows
followup.close                oh      knows
followup.reopen               oh      knows
followup.step_aside           oh      knows
followup.still_here           oh      knows
casework.due                  oh
casework.decide               oh      knows
casework.pause                oh      knows
casework.set_aside            oh      knows
casework.act_alone            oh      knows
casework.delete_early         oh      knows
casework.spare                oh      knows
casework.review_alone         oh      knows
casework.law                  oh      knows
casework.stop_clock           oh      knows
casework.assess               oh      knows
casework.serve                oh      knows
casework.plan                 oh      knows
casework.copy                 oh      knows
casework.keep_ticket          oh      knows
casework.refer                oh      knows
casework.letter               oh      knows
casework.hear_back            oh      knows
casework.hand_over            oh      knows
casework.merge                oh      knows
casework.unmerge              oh      knows
outreach.sessions             cskl
outreach.log                  cs
outreach.forthcoming          cs
outreach.show                 cskl    sees_session
outreach.correct              cskl    corrects
outreach.add_photo            cskl    corrects
outreach.photo                cskl    sees_photo
outreach.take_photo_away      cskl    corrects
outreach.plan_list            cskl
outreach.new_plan             k
outreach.cancel_plan          k       sees_plan
outreach.plan_entry           cskl    sees_plan
outreach.import_file          k
outreach.import_preview       k       brought
outreach.import_undo          k       brought
reports.coverage              cskohl
reports.coverage_topics       cskohl
reports.coverage_list         cskohl
reports.coverage_evidence     kohl
reports.coverage_file         kohl
reports.trail                 h
"""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    roles: str
    tie: str

    def admits(self, person: Person | None, thing: Thing | None) -> bool:
        """Whether this person may do it with this thing. None is nobody, or nothing."""
        if self.tie == "never":
            return False
        if self.roles == "-":
            return True
        if person is None or (self.roles != "*" and LETTERS[person.role] not in self.roles):
            return False
        return not self.tie or (thing is not None and TIES[self.tie](person, thing))


def lines() -> dict[str, Line]:
    """The table by route."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return {row[0]: Line(row[1], row[2] if len(row) > 2 else "") for row in rows}


def covers(person: Person, place: str) -> bool:
    """Whether a place is the person's own or lies under it."""
    above = next((kelurahan for kelurahan, school in SCHOOLS.items() if school == place), place)
    return place == person.area or f"{above}.".startswith(f"{person.area}.")


def same_city(person: Person, place: str) -> bool:
    """Whether a place is in the person's city."""
    return city_of(person.area) == city_of(place)


def city_of(place: str) -> str:
    """The city of a place; both schools are of the first."""
    return "98.01" if place.startswith("npsn") else place[:5]


def _role_of(thing: Thing) -> str:
    return "cadre" if thing.owner in {"off", "invited"} else thing.owner.split("_")[0]


def _looks_after(person: Person, thing: Thing) -> bool:
    return person.role == "admin" or (_role_of(thing) in FIELD and covers(person, thing.place))


def _agrees(person: Person, thing: Thing) -> bool:
    if person.role != "head":
        return _looks_after(person, thing)
    role = _role_of(thing)
    return role not in FIELD and (role not in UNIT or same_city(person, thing.place))


def _corrects(person: Person, thing: Thing) -> bool:
    return thing.owner == person.key or (person.role == "coordinator" and covers(person, thing.place))


def _sees_photo(person: Person, thing: Thing) -> bool:
    return thing.owner == person.key or (person.role not in FIELD and covers(person, thing.place))


def _sees_plan(person: Person, thing: Thing) -> bool:
    if person.role in FIELD:
        return thing.owner == person.key or (not thing.owner and covers(person, thing.place))
    return covers(person, thing.place)


TIES: dict[str, Callable[[Person, Thing], bool]] = {
    "in_kelurahan": lambda person, _nothing: person.area.count(".") > 2 or person.area.startswith("npsn"),  # noqa: PLR2004
    "owns": lambda person, thing: thing.owner == person.key,
    "brought": lambda person, thing: thing.owner == person.key,
    "sent": lambda person, thing: thing.owner == person.key,
    "knows": lambda person, thing: person.key != KEYLESS and person.key in thing.known_to,
    "sees_session": lambda person, thing: thing.owner == person.key or covers(person, thing.place),
    "corrects": _corrects,
    "sees_photo": _sees_photo,
    "sees_plan": _sees_plan,
    "looks_after": _looks_after,
    "agrees": _agrees,
}
