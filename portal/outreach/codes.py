"""The lists of topics, audiences, materials and funds, as a city keeps them in `data/*.csv`.

Only codes are stored. A code must not change its meaning: add a new row instead. A row that is taken out is
no longer offered; what was logged under it stays, and shows as its code.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from portal.base.codelists import Entry, read_list

OTHER = "lainnya"
"""The topic for whatever has none of its own: offered last, and never missed anywhere."""

MOST_TOPICS = 30
_DATA = Path(__file__).parent / "data"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,23}")


def topics() -> Mapping[str, Entry]:
    """What sessions are about, by code, in the order of the page. Raises `ValueError` for more than `MOST_TOPICS`:
    the totals name all that a session was about in one line."""
    found = read_list(_DATA / "topics.csv", _CODE)
    if len(found) > MOST_TOPICS:
        raise ValueError(f"topics.csv: at most {MOST_TOPICS} topics")
    return found


def audiences() -> Mapping[str, Entry]:
    """Who takes part, by code, in the order of the page."""
    return read_list(_DATA / "audiences.csv", _CODE)


def materials() -> Mapping[str, Entry]:
    """What was shown or handed out, by code, in the order of the page."""
    return read_list(_DATA / "materials.csv", _CODE)


def funding_sources() -> Mapping[str, Entry]:
    """Who paid, by code, in the order of the page. The office answers for each source apart."""
    return read_list(_DATA / "funding_sources.csv", _CODE)
