"""Past sessions from a table: every row is read and checked first, then all of them may be loaded, or none.

CSV (commas or semicolons, as Excel writes it here) or XLSX. Nothing in a file is run: a formula is refused by line,
as is a workbook that would unpack into too much or declares entities.
"""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.areas.models import Area, Level
from portal.areas.queries import below
from portal.outreach import codes
from portal.outreach.commands import Held
from portal.outreach.models import HEADS, Outreach

COLUMNS = ("tanggal", "kode", "topik", "anak_p", "anak_l", "dewasa_p", "dewasa_l", "lansia_p", "lansia_l", "peserta",
           "bahan", "pembicara", "instansi", "dana", "catatan")
"""The titles of the columns, in any order; the first three and one of the six numbers must be there."""

_HEADS = dict(zip(COLUMNS[3:9], HEADS, strict=True))
_TEXTS = {"pembicara": ("speaker", 60), "instansi": ("institution", 80), "catatan": ("note", 300)}
_LISTS = {"topik": codes.topics, "peserta": codes.audiences, "bahan": codes.materials, "dana": codes.funding_sources}
_WHERE = {Level.KECAMATAN, Level.KELURAHAN, Level.RW, Level.RT, Level.SCHOOL}
_OLDEST = timedelta(days=366 * 20)
_MOST_HEADS = 999
_WAYS_OF_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_LONGEST_CELL = 500


@dataclass(frozen=True)
class Limits:
    """How much a file may hold."""

    rows: int
    unpacked: int


PAGE = Limits(rows=3000, unpacked=20 * 1024 * 1024)
COMMAND = Limits(rows=200_000, unpacked=400 * 1024 * 1024)


class BadFile(ValueError):
    """Not a table that can be read; `why` is `kind`, `large`, `rows`, `columns`, `empty` or `letters`."""

    def __init__(self, why: str, about: str = "") -> None:
        super().__init__(f"{why} {about}".strip())
        self.why, self.about = why, about


@dataclass(frozen=True)
class Fault:
    """What is wrong on one line: a code, the column, and what stands there."""

    line: int
    why: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class Checked:
    """The sessions of a file and all that is wrong with it; with faults, nothing may be loaded."""

    sessions: list[Held]
    faults: list[Fault]


def read(data: bytes, limits: Limits) -> list[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of each row that is not blank. Raises `BadFile`."""
    lines = _of_workbook(data, limits) if data.startswith(b"PK\x03\x04") else _of_csv(data)
    rows: list[tuple[int, dict[str, str]]] = []
    titles: list[str] = []
    for number, cells in lines:
        if not any(cells):
            continue
        if not titles:
            titles = [cell.lower().replace(" ", "_") for cell in cells]
            _check_titles(titles)
            continue
        if len(rows) >= limits.rows:
            raise BadFile("rows", str(limits.rows))
        rows.append((number, dict(zip(titles, cells, strict=False))))
    if not rows:
        raise BadFile("empty")
    return rows


def check(session: Session, rows: Iterable[tuple[int, Mapping[str, str]]], *, within: str, today: date,
          tell: Callable[[int], None] = lambda _done: None) -> Checked:
    """Make sessions of the rows. `within` is the path of the area in which their places must lie, `tell` is called
    with the number of rows that were looked at."""
    places = {row.code: row.id for row in session.execute(
        select(Area.code, Area.id).where(below(within), Area.level.in_(_WHERE)))}
    sessions: list[Held] = []
    faults: list[Fault] = []
    first: dict[tuple[Any, ...], int] = {}
    for done, (line, cells) in enumerate(rows, 1):
        held, wrong = _session(line, cells, places, today)
        if held is not None:
            said_on = first.setdefault(_mark(held), line)
            if said_on != line:
                wrong = [Fault(line, "doubled", value=str(said_on))]
            else:
                sessions.append(held)
        faults += wrong
        tell(done)
    there = _there_already(session, sessions)
    faults += [Fault(first[mark], "there") for mark in there]
    return Checked(sessions, sorted(faults, key=lambda fault: fault.line))


def _there_already(session: Session, sessions: list[Held]) -> list[tuple[Any, ...]]:
    """Which of them are logged: the same place, day and numbers. It catches a file that is loaded a second time."""
    if not sessions:
        return []
    days = [held.held_on for held in sessions]
    logged = {tuple(row) for row in session.execute(
        select(Outreach.area_id, Outreach.held_on, *(getattr(Outreach, heads) for heads in HEADS))
        .where(Outreach.held_on.between(min(days), max(days))))}
    return [mark for mark in map(_mark, sessions) if mark in logged]


def _mark(held: Held) -> tuple[Any, ...]:
    return held.area_id, held.held_on, *(getattr(held, heads) for heads in HEADS)


def _of_csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile("letters") from error
    if "\x00" in text:
        raise BadFile("kind")
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    try:
        for row in reader:
            yield reader.line_num, [_cell(cell) for cell in row]
    except csv.Error as error:
        raise BadFile("kind", str(reader.line_num)) from error


def _of_workbook(data: bytes, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """The first sheet, row by row."""
    try:
        _check_parts(data, limits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl leaves out: validation, drawings
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # a file may say of itself what it likes
            for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=40), 1):
                yield number, [_cell(cell) for cell in row]
            book.close()
    except BadFile:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError,
            SyntaxError, NotImplementedError) as error:
        raise BadFile("kind") from error  # openpyxl says many things of a damaged file


def _check_parts(data: bytes, limits: Limits) -> None:
    """Refuse what would unpack into too much, and XML that brings declarations of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > limits.unpacked or len(parts.infolist()) > 200:  # noqa: PLR2004
            raise BadFile("large")
        for part in parts.infolist():
            if part.filename.endswith((".xml", ".rels")):
                with parts.open(part) as file:
                    head = file.read(4096).replace(b"\x00", b"").upper()
                if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                    raise BadFile("kind")


def _cell(cell: Any) -> str:
    """A cell as one line of text; whole numbers and days without what a spreadsheet adds to them."""
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = " ".join(str("" if cell is None else cell)[:_LONGEST_CELL].split())
    return "".join(sign for sign in text if sign.isprintable())


def _check_titles(titles: list[str]) -> None:
    missing = [title for title in COLUMNS[:3] if title not in titles]
    if not missing and not set(titles) & set(_HEADS):
        missing = [COLUMNS[3]]
    if missing:
        raise BadFile("columns", ", ".join(missing))
    doubled = [title for title in titles if title and titles.count(title) > 1]
    if doubled:
        raise BadFile("columns", doubled[0])


def _session(line: int, cells: Mapping[str, str], places: Mapping[str, int],
             today: date) -> tuple[Held | None, list[Fault]]:
    """One row as a session, or what is wrong with it."""
    faults = [Fault(line, "formula", column, cells[column]) for column in COLUMNS
              if cells.get(column, "").startswith(("=", "+", "@"))]
    if faults:
        return None, faults
    day = _day(line, cells.get("tanggal", ""), today, faults)
    place = places.get(cells.get("kode", ""))
    if place is None:
        faults.append(Fault(line, "place", "kode", cells.get("kode", "")))
    said = {column: _chosen(line, column, cells.get(column, ""), faults) for column in _LISTS}
    if not said["topik"] and not any(fault.column == "topik" for fault in faults):
        faults.append(Fault(line, "topic", "topik"))
    heads = {name: _number(line, column, cells.get(column, ""), faults) for column, name in _HEADS.items()}
    if not sum(heads.values()) and not any(fault.why == "number" for fault in faults):
        faults.append(Fault(line, "nobody"))
    texts = {}
    for column, (name, longest) in _TEXTS.items():
        texts[name] = cells.get(column, "") if cells.get(column) != "-" else ""
        if len(texts[name]) > longest:
            faults.append(Fault(line, "long", column, str(longest)))
    if faults or day is None or place is None:
        return None, faults
    return Held(place, day, said["topik"], **heads, audiences=said["peserta"], materials=said["bahan"],
                funding=next(iter(said["dana"]), ""), **texts), []


def _day(line: int, text: str, today: date, faults: list[Fault]) -> date | None:
    for way in _WAYS_OF_DATES:
        try:
            day = datetime.strptime(text, way).date()
        except ValueError:
            continue
        if today - _OLDEST <= day <= today:
            return day
        faults.append(Fault(line, "future" if day > today else "old", "tanggal", text))
        return None
    faults.append(Fault(line, "day", "tanggal", text))
    return None


def _number(line: int, column: str, text: str, faults: list[Fault]) -> int:
    if text in {"", "-"}:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) > _MOST_HEADS:  # noqa: PLR2004
        faults.append(Fault(line, "number", column, text))
        return 0
    return int(text)


def _chosen(line: int, column: str, text: str, faults: list[Fault]) -> tuple[str, ...]:
    """Codes of a list from codes or words in any language, apart by a comma, semicolon, slash or bar."""
    entries = _LISTS[column]()
    known = {word.casefold(): code for code, entry in entries.items() for word in (code, *entry.labels.values())}
    if text.casefold() in known:
        return (known[text.casefold()],)
    found = []
    for word in (word.strip() for word in re.split(r"[;,/|]", text)):
        if word and word != "-" and word.casefold() not in known:
            faults.append(Fault(line, "unknown", column, word))
        elif word and word != "-":
            found.append(known[word.casefold()])
    if column == "dana" and len(found) > 1:
        faults.append(Fault(line, "one", column, text))
    return tuple(dict.fromkeys(found))
