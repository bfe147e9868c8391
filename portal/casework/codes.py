"""The unit's lists, as a city keeps them in `data/*.csv`: forms of violence, ages, services and the rest.

The column `simfoni` holds the words of the ministry's own lists, where they are known.
"""

from collections.abc import Mapping
from pathlib import Path

from portal.base.codelists import Entry, read_list
from portal.base.errors import Refused

SEXUAL = "seksual"
MEDIATION = "mediasi"
UNKNOWN = "unknown"

_DATA = Path(__file__).parent / "data"


def forms() -> Mapping[str, Entry]:
    """Forms of violence. The household is a place, not a form."""
    return read_list(_DATA / "forms.csv")


def ages() -> Mapping[str, Entry]:
    """Age bands of the person."""
    return read_list(_DATA / "ages.csv")


def sexes() -> Mapping[str, Entry]:
    """Sex of the person."""
    return read_list(_DATA / "sexes.csv")


def disabilities() -> Mapping[str, Entry]:
    """Kinds of disability (UU 8/2016, article 4)."""
    return read_list(_DATA / "disabilities.csv")


def places() -> Mapping[str, Entry]:
    """Where it happened."""
    return read_list(_DATA / "places.csv")


def relations() -> Mapping[str, Entry]:
    """What the suspected person is to the person of concern."""
    return read_list(_DATA / "relations.csv")


def services() -> Mapping[str, Entry]:
    """The services of the unit (Permen PPPA 2/2022; the accompaniments each by itself)."""
    return read_list(_DATA / "services.csv")


def stages(service: str = "") -> Mapping[str, Entry]:
    """The stages of a service, in their order; all of them without one."""
    found = read_list(_DATA / "stages.csv")
    return {code: entry for code, entry in found.items() if not service or entry.more["service"] == service}


def outcomes() -> Mapping[str, Entry]:
    """What came of a service."""
    return read_list(_DATA / "outcomes.csv")


def destinations() -> Mapping[str, Entry]:
    """To whom a person may be referred."""
    return read_list(_DATA / "destinations.csv")


def plan() -> Mapping[str, Entry]:
    """What a plan must not forget."""
    return read_list(_DATA / "plan.csv")


def criteria() -> Mapping[str, Entry]:
    """What speaks for each level of risk. No official text was found: these are for the unit to replace."""
    return read_list(_DATA / "criteria.csv")


def simfoni_fields() -> Mapping[str, Entry]:
    """The fields of the national system, in its order."""
    return read_list(_DATA / "simfoni.csv")


def is_adult(age: str) -> bool | None:
    """Whether an age band is that of an adult; None when it is not known."""
    entry = ages().get(age)
    return None if entry is None or not entry.more["adult"] else entry.more["adult"] == "yes"


def check(listed: Mapping[str, Entry], *codes: str) -> None:
    """Raises `Refused` for a code that is not in the list: forged, or taken out meanwhile."""
    if not set(codes) <= listed.keys():
        raise Refused("a code that is in no list")
