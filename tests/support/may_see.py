"""Who may ever read which marker of the world, and on which pages: by hand, without asking the portal's rules."""

from tests.factories import Person
from tests.support.expected import FIELD, LETTERS, TIES, UNIT, city_of, covers
from tests.support.world import Thing, World

IDENTITY = {"reporter_name", "reporter_title", "reporter_area", "reporter_phone", "rt", "landmark", "nickname",
            "school", "person_phone", "person_time"}
"""What identifies somebody in a concern: shown only where a reason was given for it."""
CONCERN = {"story", "message", "why", "action", "next step", "service", "service next", "remark", "proposal",
           "ground", "heard", "ticket", "reason", "request", "office", "carried", "place"}
SESSION = {"speaker", "institution", "note", "new note", "picture"}
DESK = ("followup.", "casework.")
IDENTITY_PAGES = {"followup.identity", "casework.letter"}


def may_see(world: World, mark: str, person: Person | None, route: str) -> bool:  # noqa: PLR0911 - one a family
    """Whether this person may be shown this marker by this route."""
    if person is None:
        return False
    family, _, name = mark.partition(" of ")
    if family in CONCERN | IDENTITY:
        pages = route in IDENTITY_PAGES if family in IDENTITY else route.startswith(DESK)
        return pages and TIES["knows"](person, world.things[name])
    if family in SESSION:
        return _sees_session(world, person, name)
    if family == "spot":
        return LETTERS[person.role] in "cskl" and TIES["sees_plan"](person, world.things[name])
    if family == "file name":
        return world.things[name].owner == person.key
    if family == "browser":
        return person.key == name
    if family in {"name", "title"}:
        handed_on = person.role in UNIT and name.split("_")[0] in UNIT and route.startswith(DESK)  # its history
        return handed_on or _knows_of(world.things[f"account {name}"], person)
    if family == "phone":
        return person.key == name or person.role == "admin" or (
            person.role == "coordinator" and covers(person, world.things[f"account {name}"].place))
    return False  # second factors, codes of cards and invitations


def _sees_session(world: World, person: Person, name: str) -> bool:
    return LETTERS[person.role] in "cskl" and TIES["sees_session"](person, world.things[name])


def _knows_of(account: Thing, person: Person) -> bool:
    """Names: everybody of one's own city for the staff; for a cadre those of her own place, herself included."""
    if person.role == "admin" or account.owner == person.key:
        return True
    if person.role in FIELD:
        role = account.owner.split("_")[0]
        return role in FIELD | {"coordinator"} and covers(person, account.place)
    if account.owner.startswith("admin"):
        return True  # whoever asked for a change is named to the second person
    if person.role in UNIT:
        return city_of(account.place) == city_of(person.area) or account.owner.split("_")[0] not in FIELD | UNIT
    return city_of(account.place) == city_of(person.area)
