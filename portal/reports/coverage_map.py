"""A picture of the city with one tile a kelurahan, of the same size each: where they lie to each other, roughly.

Where a tile stands is written in `areas/data/tiles_*.csv` (code, column, row; both from 1). Any city puts its own
file there; kelurahan that no file names stand in rows of their own below, by kecamatan.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from portal.reports.coverage import Place

WIDTH, HEIGHT = 104, 70
"""Of a tile, in the picture's own units."""

_DATA = Path(__file__).parent.parent / "areas/data"
_SIDES = {(0, -1): (0, 0, 1, 0), (1, 0): (1, 0, 1, 1), (0, 1): (0, 1, 1, 1), (-1, 0): (0, 0, 0, 1)}
_LONGEST = 13


@dataclass(frozen=True)
class Tile:
    """A kelurahan in the picture: its place, the upper left corner of its tile, and its name in one or two lines."""

    place: Place
    x: int
    y: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """All tiles, the size of the whole, and the lines between kecamatan as an SVG path."""

    tiles: tuple[Tile, ...]
    width: int
    height: int
    borders: str


class BadTiles(ValueError):
    """A file of tiles that cannot be used; the text names file and line."""


def picture(places: Iterable[Place], positions: Mapping[str, tuple[int, int]] | None = None) -> Picture:
    """The picture of some kelurahan. `positions` are columns and rows by code; by default those of the data files."""
    at = _placed(sorted(places, key=lambda place: (place.within, place.name)),
                 standard_positions() if positions is None else positions)
    tiles = tuple(Tile(place, (column - 1) * WIDTH, (row - 1) * HEIGHT, in_lines(place.name))
                  for (column, row), place in sorted(at.items(), key=lambda item: (item[0][1], item[0][0])))
    return Picture(tiles, max((column for column, _ in at), default=1) * WIDTH,
                   max((row for _, row in at), default=1) * HEIGHT, _borders(at))


@lru_cache(maxsize=1)
def standard_positions() -> Mapping[str, tuple[int, int]]:
    """Columns and rows by code, of every city that has a file."""
    return {code: at for file in sorted(_DATA.glob("tiles_*.csv")) for code, at in read_positions(file).items()}


def read_positions(file: Path) -> dict[str, tuple[int, int]]:
    """The columns and rows in one file. Raises `BadTiles` for a line that cannot be, or a place taken twice."""
    found: dict[str, tuple[int, int]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            column, line = row.get("column") or "", row.get("row") or ""
            fits = all(number.isascii() and number.isdigit() and 0 < int(number) <= 60 for number in (column, line))
            if not row.get("code") or not fits or (int(column), int(line)) in found.values() or row["code"] in found:
                raise BadTiles(f"{file.name}, line {reader.line_num}: a code, a column and a row from 1, each once")
            found[row["code"]] = int(column), int(line)
    return found


def in_lines(name: str) -> tuple[str, ...]:
    """A name in at most two lines of a tile: broken between words, the longer rest cut with a mark."""
    words = name.split()
    if len(name) <= _LONGEST or len(words) == 1:
        return (_cut(name),)
    half = min(range(1, len(words)), key=lambda n: max(len(" ".join(words[:n])), len(" ".join(words[n:]))))
    return _cut(" ".join(words[:half])), _cut(" ".join(words[half:]))


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST + 2 else f"{line[:_LONGEST + 1]}…"


def _placed(places: list[Place], positions: Mapping[str, tuple[int, int]]) -> dict[tuple[int, int], Place]:
    """Every kelurahan at a place of its own."""
    at = {positions[place.code]: place for place in places if place.code in positions}
    if at:  # part of a city: begin at its own corner
        left, top = min(column for column, _ in at) - 1, min(row for _, row in at) - 1
        at = {(column - left, row - top): place for (column, row), place in at.items()}
    row = max((line for _, line in at), default=0)
    for _, group in groupby((place for place in places if place.code not in positions), lambda place: place.within):
        for number, place in enumerate(group):
            row += number % 8 == 0
            at[number % 8 + 1, row] = place
    return at


def _borders(at: Mapping[tuple[int, int], Place]) -> str:
    """A line wherever one kecamatan ends."""
    lines = set()
    for (column, row), place in at.items():
        for (right, down), (x1, y1, x2, y2) in _SIDES.items():
            beside = at.get((column + right, row + down))
            if beside is None or beside.within != place.within:
                lines.add(((column - 1 + x1) * WIDTH, (row - 1 + y1) * HEIGHT, (column - 1 + x2) * WIDTH,
                           (row - 1 + y2) * HEIGHT))
    return " ".join(f"M{x1} {y1}L{x2} {y2}" for x1, y1, x2, y2 in sorted(lines))
