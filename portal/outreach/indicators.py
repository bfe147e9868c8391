"""Which sessions are evidence for which indicator of the child-friendly city (KLA), from `data/kla_indicators.csv`.

The eight indicators are those that awareness sessions feed (domain.md 8, after the 24 indicators of Permen PPPA on
KLA); no published rule says which topic proves which, so the office decides in the file: topics, and whether
sessions anywhere, in RW or at schools count.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from portal.areas.models import Level
from portal.outreach import codes

_FILE = Path(__file__).parent / "data/kla_indicators.csv"
_HOSTS = {"any": None, "rw": Level.RW, "school": Level.SCHOOL}


@dataclass(frozen=True)
class Indicator:
    """An indicator by its number, the topics that feed it, and the kind of place that counts (None: any)."""

    number: int
    topics: frozenset[str]
    host: Level | None
    labels: Mapping[str, str]

    def is_fed_by(self, topics: Iterable[str]) -> bool:
        """Whether a session about these topics counts."""
        return not self.topics.isdisjoint(topics)


@lru_cache(maxsize=1)
def indicators() -> Mapping[int, Indicator]:
    """All of the file, by number, in its order."""
    return read(_FILE)


def read(file: Path) -> Mapping[int, Indicator]:
    """The indicators of a file. Raises `ValueError` with the faulty line for one that cannot be used."""
    found: dict[int, Indicator] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            topics = frozenset((row["topics"] or "").split())
            labels = {name.removeprefix("label_"): text for name, text in row.items()
                      if name and name.startswith("label_") and text}
            fits = (row["number"] or "").isdecimal() and topics and topics <= codes.topics().keys() \
                and row["hosts"] in _HOSTS and labels and int(row["number"]) not in found
            if not fits:
                raise ValueError(f"{file.name}, line {reader.line_num}: number, topics, place or words do not fit")
            found[int(row["number"])] = Indicator(int(row["number"]), topics, _HOSTS[row["hosts"]], labels)
    return found
