"""The lists of topics, audiences, materials and funds, as a city keeps them in `data/*.csv`.

Only codes are stored. A code must not change its meaning: add a new row instead. A row that is taken out is
no longer offered; what was logged under it stays, and shows as its code.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

OTHER = "lainnya"
"""The topic for whatever has none of its own: offered last, and never missed anywhere."""

MOST_TOPICS = 30
_DATA = Path(__file__).parent / "data"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,23}")


@dataclass(frozen=True)
class Entry:
    """A line of a list: its code, and its words by language. `neutral` words, where there are any, are for
    messages that somebody else may read."""

    code: str
    labels: Mapping[str, str]
    neutral: Mapping[str, str]


def topics() -> Mapping[str, Entry]:
    """What sessions are about, by code, in the order of the page. Raises `ValueError` for more than `MOST_TOPICS`:
    the totals name all that a session was about in one line."""
    found = _read(_DATA / "topics.csv")
    if len(found) > MOST_TOPICS:
        raise ValueError(f"topics.csv: at most {MOST_TOPICS} topics")
    return found


def audiences() -> Mapping[str, Entry]:
    """Who takes part, by code, in the order of the page."""
    return _read(_DATA / "audiences.csv")


def materials() -> Mapping[str, Entry]:
    """What was shown or handed out, by code, in the order of the page."""
    return _read(_DATA / "materials.csv")


def funding_sources() -> Mapping[str, Entry]:
    """Who paid, by code, in the order of the page. The office answers for each source apart."""
    return _read(_DATA / "funding_sources.csv")


@lru_cache(maxsize=8)
def _read(file: Path) -> Mapping[str, Entry]:
    """The entries of a file. Raises `ValueError` with the faulty line for one that cannot be used."""
    entries: dict[str, Entry] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            entry = Entry(row["code"] or "", _words(row, "label_"), _words(row, "neutral_"))
            if not _CODE.fullmatch(entry.code) or entry.code in entries or not entry.labels:
                raise ValueError(f"{file.name}, line {reader.line_num}: code or words are missing or doubled")
            entries[entry.code] = entry
    return entries


def _words(row: Mapping[str, str | None], column: str) -> dict[str, str]:
    """The columns that begin so, by the language they end with; empty ones left out."""
    return {name.removeprefix(column): text.strip() for name, text in row.items()
            if name and name.startswith(column) and isinstance(text, str) and text.strip()}
