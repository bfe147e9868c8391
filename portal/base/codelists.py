"""Lists of codes that a city keeps in CSV files: a code, and its words by language. Only codes are stored.

A code must not change its meaning: add a new row instead. One that is taken out is no longer offered; what
was stored under it stays, and shows as its code.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CODE = re.compile(r"[a-z0-9][a-z0-9_]{0,23}")

_SAID = ("label_", "small_", "neutral_")


@dataclass(frozen=True)
class Entry:
    """A line of a list. `labels` are its words by language, `small` a second line in small print and `neutral`
    words for messages that somebody else may read, both by language; `more` the file's other columns by name."""

    code: str
    labels: Mapping[str, str]
    small: Mapping[str, str]
    neutral: Mapping[str, str]
    more: Mapping[str, str]

    def label(self, language: str) -> str:
        """Its words in a language, else in the file's first one."""
        return self.labels.get(language) or next(iter(self.labels.values()))


@lru_cache(maxsize=64)
def read_list(file: Path, code: re.Pattern[str] = CODE) -> Mapping[str, Entry]:
    """The entries of a file by code, in the order of the page. `code` is what a code must look like.

    Raises `ValueError` with the faulty line for one without code or words, or with a code that was there.
    """
    entries: dict[str, Entry] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            key = row.pop("code", None) or ""
            words = {name: (text or "").strip() for name, text in row.items() if name}
            labels, small, neutral = (_by_language(words, column) for column in _SAID)
            entry = Entry(key, labels, small, neutral,
                          {name: text for name, text in words.items() if not name.startswith(_SAID)})
            if not code.fullmatch(entry.code) or entry.code in entries or not entry.labels:
                raise ValueError(f"{file.name}, line {reader.line_num}: code or words are missing or doubled")
            entries[entry.code] = entry
    return entries


def _by_language(words: Mapping[str, str], column: str) -> dict[str, str]:
    return {name.removeprefix(column): text for name, text in words.items() if name.startswith(column) and text}
