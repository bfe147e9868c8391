"""Many people from one table: read whole, every fault named by its line, and made all together or not at all.

A table comes from a spreadsheet, pasted (tabs) or saved (commas or semicolons), with a heading line in
either language.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.accounts import commands, people
from portal.accounts.roles import Role
from portal.accounts.viewer import Viewer
from portal.areas.models import Area, Level
from portal.areas.queries import AreaRow
from portal.base.phones import normal_phone
from portal.base.settings import ServerKeys, Settings

MOST = 300
_HEADINGS = {
    "nama": "name", "name": "name", "rw": "rw", "sekolah": "school", "school": "school", "npsn": "school",
    "kelurahan": "kelurahan", "kode": "code", "kode wilayah": "code", "area": "code", "code": "code",
    "sebutan": "title", "jabatan": "title", "title": "title", "hp": "phone", "no hp": "phone", "nomor hp": "phone",
    "telepon": "phone", "phone": "phone",
}
_LONGEST = {"name": 60, "title": 60, "phone": 30}


class Unreadable(Exception):
    """Not a table that can be read; `code` says why: `empty`, `heading`, `many`."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Row:
    """One line of the table. `faults` are codes: `name`, `long`, `place`, `places`, `phone`, `phone twice`,
    `phone taken`."""

    line: int
    name: str
    title: str
    phone: str
    area: AreaRow | None
    said: str
    faults: tuple[str, ...]

    @property
    def role(self) -> Role:
        """Follows from the place."""
        return Role.SCHOOL if self.area is not None and self.area.level == Level.SCHOOL else Role.CADRE


def read(session: Session, keys: ServerKeys, table: str, viewer: Viewer) -> list[Row]:
    """The table's people, each with what is wrong with it. Raises `Unreadable`."""
    lines = _lines(table)
    places = people.rw_and_schools(session, viewer)
    rows, seen = [], set[str]()
    for line, said in lines:
        area, fault = _place(places, said)
        phone = normal_phone(said.get("phone", "")) or ""
        faults = [*_word_faults(said), *([fault] if fault else []), *_phone_faults(session, keys, said, phone, seen)]
        seen.add(phone)
        rows.append(Row(line, said.get("name", ""), said.get("title", ""), said.get("phone", ""), area,
                        " ".join(filter(None, (said.get("code"), said.get("rw"), said.get("school"),
                                               said.get("kelurahan")))), tuple(faults)))
    return rows


def make_all(session: Session, settings: Settings, rows: list[Row], *, by: Viewer) -> list[people.Newcomer]:
    """Every person of the table and an invitation each. Raises what `make_person` raises, and `ValueError`
    for a table with faults: nothing may be made by half."""
    if any(row.faults or row.area is None for row in rows):
        raise ValueError("a table with faults is not made")
    return [people.make_person(session, settings,
                               commands.NewAccount(row.role, row.name, title=row.title, phone=row.phone),
                               session.get_one(Area, row.area.id if row.area else 0), by=by) for row in rows]


def _lines(table: str) -> list[tuple[int, dict[str, str]]]:
    """(line number, its cells by their meaning) of every line that says anything."""
    text = table.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n").replace("\r", "\n")
    first = text.partition("\n")[0]
    if not first.strip():
        raise Unreadable("empty")
    mark = max("\t;,", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=mark)
    try:
        heading = [_HEADINGS.get(" ".join(cell.casefold().replace(".", "").split()), "") for cell in next(reader)]
        if "name" not in heading or not {"rw", "school", "code"} & set(heading):
            raise Unreadable("heading")
        return _said(reader, heading)
    except csv.Error as error:  # a quote that never ends, a cell of megabytes
        raise Unreadable("heading") from error


def _said(reader: Iterator[list[str]], heading: list[str]) -> list[tuple[int, dict[str, str]]]:
    found = []
    for cells in reader:
        said = {meaning: _plain(cell) for meaning, cell in zip(heading, cells, strict=False) if meaning}
        if any(said.values()):
            found.append((reader.line_num, said))  # type: ignore[attr-defined]
        if len(found) > MOST:
            raise Unreadable("many")
    if not found:
        raise Unreadable("empty")
    return found


def _place(places: dict[tuple[str, str], list[AreaRow]], said: dict[str, str]) -> tuple[AreaRow | None, str]:
    kelurahan = said.get("kelurahan", "").casefold()
    if said.get("code"):
        found = places.get(("", said["code"].casefold()), [])
    elif said.get("school"):
        found = places.get((kelurahan, people.plain_name(said["school"]))) or \
            places.get(("", said["school"].casefold()), [])
        found = [row for row in found if row.level == Level.SCHOOL]
    else:
        found = [row for row in places.get((kelurahan, people.plain_name(said.get("rw", ""))), [])
                 if row.level == Level.RW]
    if len(found) == 1:
        return found[0], ""
    return None, "places" if found else "place"


def _word_faults(said: dict[str, str]) -> list[str]:
    faults = [] if said.get("name") else ["name"]
    if any(len(said.get(word, "")) > most for word, most in _LONGEST.items()):
        faults.append("long")
    return faults


def _phone_faults(session: Session, keys: ServerKeys, said: dict[str, str], phone: str, seen: set[str]) -> list[str]:
    if not said.get("phone"):
        return []
    if not phone:
        return ["phone"]
    if phone in seen:
        return ["phone twice"]
    return ["phone taken"] if commands.phone_is_taken(session, keys, phone) else []


def _plain(cell: str) -> str:
    return "".join(c for c in " ".join(cell.split()) if ord(c) >= 32 and ord(c) != 127)
