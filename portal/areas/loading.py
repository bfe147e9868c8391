"""Filling the tree from a city's CSV: every row is checked first, then all of them are loaded or none.

A file has the columns code, level, name and parent in any order; an empty parent follows from the dotted
code. Files as Excel writes them here (semicolons, BOM, CRLF, blank lines) are read as they are.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.areas.models import Area, Level

_HANGS_ON = {
    Level.PROVINCE: None,
    Level.CITY: Level.PROVINCE,
    Level.KECAMATAN: Level.CITY,
    Level.KELURAHAN: Level.KECAMATAN,
    Level.RW: Level.KELURAHAN,
    Level.RT: Level.RW,
    Level.SCHOOL: Level.KELURAHAN,
}
_NOT_BY_CODE = {Level.PROVINCE, Level.SCHOOL}  # their codes do not tell what they hang on
_COLUMNS = ("code", "level", "name", "parent")
_CODE = re.compile(r"[0-9A-Za-z.-]+")  # no slash: codes are the steps of a path


class BadRows(Exception):
    """The file cannot be loaded. `rows` holds every fault as (line number, sentence), in file order."""

    def __init__(self, rows: list[tuple[int, str]]) -> None:
        super().__init__(f"{len(rows)} faults in the file of areas")
        self.rows = rows


@dataclass(frozen=True)
class Loaded:
    """How many of the file's areas are new, have another name or parent now, or were so already."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class _Row:
    line: int
    code: str
    level: str
    name: str
    parent: str
    cells_fit: bool


def load(session: Session, lines: Iterable[str]) -> Loaded:
    """Add the areas in `lines` (of a CSV file) and update those known by their code; never remove one.

    Whoever moves to another parent takes everything under it along. Does not commit. Raises `BadRows`
    before anything is changed.
    """
    rows = _read(lines)
    known = {area.code: area for area in session.scalars(select(Area))}
    faults = [(row.line, fault) for row, fault in _faults(rows, known)]
    if faults:
        raise BadRows(faults)
    return _store(session, rows, known)


def _read(lines: Iterable[str]) -> list[_Row]:
    """The file's rows, their parents completed. Raises `BadRows` when it is no table of areas at all."""
    cells = list(_cells(lines))
    if not cells:
        raise BadRows([(1, "The file is empty.")])
    (first_line, titles), *rows = cells
    titles = [title.lower() for title in titles]
    missing = [column for column in _COLUMNS if column not in titles]
    if missing:
        raise BadRows([(first_line, f"The first line must name the column {column}.") for column in missing])
    return [_row(line, titles, row) for line, row in rows]


def _cells(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not blank, blanks around and inside cells made one."""
    lines = list(lines)
    if lines:
        lines[0] = lines[0].removeprefix("\ufeff")
    titles = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=";" if ";" in titles else ",", strict=True)
    try:
        for row in reader:
            cells = [" ".join(cell.split()) for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadRows([(reader.line_num, "This line cannot be read: check its quotation marks.")]) from error


def _row(line: int, titles: list[str], cells: list[str]) -> _Row:
    said = dict.fromkeys(_COLUMNS, "") | dict(zip(titles, cells, strict=False))
    code, level = said["code"], said["level"].lower()
    by_code = "" if level in _NOT_BY_CODE else code.rpartition(".")[0]
    return _Row(line, code, level, said["name"], said["parent"] or by_code,
                cells_fit=not any(cells[len(titles):]))


def _faults(rows: list[_Row], known: Mapping[str, Area]) -> Iterator[tuple[_Row, str]]:
    """Every fault of every row. A row whose parent is itself faulty is not blamed for it."""
    levels = {code: area.level for code, area in known.items()} | {row.code: row.level for row in rows}
    first: dict[str, int] = {}
    for row in rows:
        said_on = first.setdefault(row.code, row.line)
        yield from ((row, fault) for fault in _own_faults(row))
        if row.code and said_on != row.line:
            yield row, f"The code {row.code} stands on line {said_on} already."
        elif row.code in known and row.level in _HANGS_ON and known[row.code].level != row.level:
            yield row, f"The code {row.code} is known as a {known[row.code].level}, not a {row.level}."
        if row.code and row.level in _HANGS_ON:
            yield from ((row, fault) for fault in _parent_faults(row, levels))


def _own_faults(row: _Row) -> Iterator[str]:
    """What is wrong with a row by itself."""
    if not row.cells_fit:
        yield "This line has more cells than the first line: put quotation marks around a name with commas."
    if not row.code:
        yield "The code is missing."
    elif not _CODE.fullmatch(row.code):
        yield f"The code {row.code} may hold only letters, digits, dots and dashes."
    if not row.name:
        yield "The name is missing."
    elif not row.name.isprintable():
        yield "The name holds a sign that cannot be shown."
    if row.level not in _HANGS_ON:
        yield f"The level {row.level or '(empty)'} is none of: {', '.join(_HANGS_ON)}."
    for column in ("code", "name"):
        longest = Area.__table__.c[column].type.length
        if len(getattr(row, column)) > longest:
            yield f"The {column} is longer than {longest} signs."


def _parent_faults(row: _Row, levels: Mapping[str, str]) -> Iterator[str]:
    """Whether a row can hang where it says. As each level hangs on one other, nothing can go in a circle."""
    above = _HANGS_ON[Level(row.level)]
    if above is None:
        if row.parent:
            yield f"A {row.level} has no parent."
    elif not row.parent:
        yield f"A {row.level} needs the code of its {above} in the column parent."
    elif row.parent not in levels:
        yield f"There is no area with the code {row.parent} for it to hang on."
    elif levels[row.parent] in _HANGS_ON and levels[row.parent] != above:
        yield f"A {row.level} hangs on a {above}, but {row.parent} is a {levels[row.parent]}."


def _store(session: Session, rows: list[_Row], known: dict[str, Area]) -> Loaded:
    """Write checked rows level by level from the top, so that every parent has its key and path first."""
    before = {code: (area.name, area.parent_id) for code, area in known.items()}
    for level in Level:
        for row in rows:
            if row.level == level:
                area = known.setdefault(row.code, Area(code=row.code, level=level))
                area.name = row.name
                area.parent_id = known[row.parent].id if row.parent else None
        _spell_paths(level, known)
        session.add_all(area for area in known.values() if area.level == level)
        session.flush()
    after = {row.code: (known[row.code].name, known[row.code].parent_id) for row in rows}
    added = len(after.keys() - before.keys())
    unchanged = sum(before.get(code) == now for code, now in after.items())
    return Loaded(added, len(after) - added - unchanged, unchanged)


def _spell_paths(level: Level, known: Mapping[str, Area]) -> None:
    """Give each area of one level the path of its parent and its own code; most have it already."""
    above = _HANGS_ON[level]
    paths: dict[int | None, str] = {area.id: area.path for area in known.values() if area.level == above}
    for area in known.values():
        if area.level == level:
            area.path = f"{paths.get(area.parent_id, '/')}{area.code}/"
