"""What clients asked for and were told while everything was being killed, and what may be found afterwards.

Each operation carries a key of its own, under which the portal notes what came of it (`portal.audit.once`).
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


@dataclass(frozen=True)
class Operation:
    """One thing that was asked for, and how the last try of it ended."""

    kind: str
    key: str
    ended: str


@dataclass(frozen=True)
class Kept:
    """What the database holds at the end: which keys were dealt with, and per kind the records and their rows in
    the trail."""

    done: frozenset[str]
    records: Mapping[str, int]
    audited: Mapping[str, int]


@dataclass
class History:
    """All operations, written by many threads."""

    operations: list[Operation] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, key: str, ended: str) -> None:
        with self._lock:
            self.operations.append(Operation(kind, key, ended))

    def count(self, ended: str) -> int:
        """How many ended so."""
        return sum(operation.ended == ended for operation in self.operations)


@dataclass(frozen=True)
class Verdict:
    """How many of each fault there are; all must be 0."""

    lost: int
    doubled: int
    refused_but_done: int
    without_audit: int

    @property
    def clean(self) -> bool:
        return self == Verdict(0, 0, 0, 0)


def check(history: History, kept: Kept) -> Verdict:
    """Compare what was told with what is there.

    Lost: acknowledged and not done, or done and its record missing. Doubled: more records of a kind than keys that
    were done; a record that nobody asked for counts too.
    """
    lost = sum(o.ended == OK and o.key not in kept.done for o in history.operations)
    refused = sum(o.ended == REFUSED and o.key in kept.done for o in history.operations)
    wanted = Counter(o.kind for o in history.operations if o.key in kept.done)
    kinds = wanted.keys() | kept.records.keys()
    more = {kind: kept.records.get(kind, 0) - wanted[kind] for kind in kinds}
    return Verdict(
        lost=lost + sum(-n for n in more.values() if n < 0), doubled=sum(n for n in more.values() if n > 0),
        refused_but_done=refused,
        without_audit=sum(abs(kept.records.get(kind, 0) - kept.audited.get(kind, 0)) for kind in kinds))
