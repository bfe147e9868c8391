"""What the unit types into the national system (SIMFONI PPA), in the words of its own public lists.

The order and the names of the fields stand in `data/simfoni.csv`; nobody outside has seen the real form
(domain, section 2), so a unit sorts them as its screen does. Values are in Indonesian whatever the reader's
language: they are typed into an Indonesian form.
"""

from collections.abc import Iterable, Mapping

from flask_babel import get_locale

from portal.base.codelists import Entry
from portal.casework import codes
from portal.casework.cases import Case
from portal.casework.records import Codes
from portal.flags.commands import Opened
from portal.flags.models import Flag
from portal.web.locale import local

_WOMAN = "p"


def lines(flag: Flag, opened: Opened, case: Case, area: str) -> list[tuple[str, str]]:
    """(name of the field, value) in order; an empty value is one that the unit must ask for or does not know."""
    made = case.assessed.codes if case.assessed else None
    values = {
        "tanggal": f"{local(flag.received_at):%d-%m-%Y}", "kanal": "Dilaporkan pihak lain", "wilayah": area,
        "jenis_kasus": _kind(made), "kronologi": opened.story,
        "layanan": _theirs(codes.services(), dict.fromkeys(service.service for service in case.services)),
    }
    if made:
        values |= {
            "jenis_kelamin": _theirs(codes.sexes(), [made.sex]), "usia": _theirs(codes.ages(), [made.age]),
            "bentuk": _theirs(codes.forms(), made.forms), "tempat": _theirs(codes.places(), [made.place]),
            "hubungan": _theirs(codes.relations(), [made.relation]),
            "disabilitas": "" if made.disability == codes.UNKNOWN
            else codes.disabilities()[made.disability].label("id"),
        }
    return [(entry.label(str(get_locale())), values.get(code, "")) for code, entry in codes.simfoni_fields().items()]


def _kind(made: Codes | None) -> str:
    """Violence against a woman, or a child that needs special protection; an adult man is neither."""
    adult = codes.is_adult(made.age) if made else None
    if made is None or adult is None:
        return ""
    if not adult:
        return "AMPK (anak yang memerlukan perlindungan khusus)"
    return "Kekerasan terhadap perempuan" if made.sex == _WOMAN else ""


def _theirs(listed: Mapping[str, Entry], some: Iterable[str]) -> str:
    """Codes in the words of the ministry's list; those that it has no word for are left out."""
    words = [listed[code].more["simfoni"] for code in some if code in listed]
    return ", ".join(word for word in words if word)
