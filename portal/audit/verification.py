"""Looking through the whole trail, row by row: does every link hold, and does the chain go through its anchors?"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from portal.audit import anchors, chain
from portal.audit.anchors import Anchor
from portal.audit.models import AuditCheck, AuditEntry, AuditLink
from portal.base.clock import now

_AT_ONCE = 2000
MOST_FAULTS = 20
"""More than these are only counted."""


@dataclass
class Verdict:
    """What was found. `faults` are sentences without content; `links` is how many were looked at, `anchored` up to
    which of them an anchor vouches (None: there was no anchor to compare with)."""

    links: int = 0
    number_of_faults: int = 0
    faults: list[str] = field(default_factory=list)
    anchors: int = 0
    anchored: int | None = None

    @property
    def holds(self) -> bool:
        return self.number_of_faults == 0

    def fault(self, sentence: str) -> None:
        self.number_of_faults += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(sentence)


def verify(session: Session, lines: Iterable[str] | None = None, trusted: Collection[str] = ()) -> Verdict:
    """Look through the trail as it is now; with `lines` of anchors, signed under one of the `trusted` public keys,
    also whether the chain still goes through each of them. A million entries take no more memory than a few."""
    verdict = Verdict()
    waiting = _read(lines, trusted, verdict) if lines is not None else {}
    before = chain.BEGINNING
    _compare(waiting.pop(0, []), before, verdict)
    for row in _rows(session):
        if row.seq != verdict.links + 1:
            verdict.fault(f"Links {verdict.links + 1} to {row.seq - 1} are missing.")
        if row.id is None:
            verdict.fault(f"Link {row.seq}: its entry {row.entry_id} is missing.")
        elif chain.link_hash(before, row) != row.hash:
            verdict.fault(f"Link {row.seq} (entry {row.entry_id}) does not follow on the one before it.")
        before, verdict.links = row.hash, row.seq
        _compare(waiting.pop(row.seq, []), before, verdict)
    for seq in sorted(waiting):
        verdict.fault(f"The chain ends at {verdict.links}, but it was anchored at {seq} ({waiting[seq][0].at}).")
    unlinked = session.scalar(select(func.count()).select_from(AuditEntry).where(
        ~exists().where(AuditLink.entry_id == AuditEntry.id)))
    if unlinked:
        verdict.fault(f"{unlinked} entries are not in the chain.")
    return verdict


def keep_result(session: Session, verdict: Verdict) -> None:
    """Write down that the trail was looked through, for the head's page."""
    session.add(AuditCheck(at=now(), holds=verdict.holds, anchored=verdict.anchored is not None))


def last_result(session: Session) -> AuditCheck | None:
    """When the trail was last looked through, and what came of it."""
    return session.scalar(select(AuditCheck).order_by(AuditCheck.id.desc()).limit(1))


def _rows(session: Session) -> Iterable[Row[Any]]:
    query = (select(AuditLink.seq, AuditLink.entry_id, AuditLink.hash, AuditEntry.id, AuditEntry.at,
                    AuditEntry.actor_id, AuditEntry.action, AuditEntry.subject, AuditEntry.reason, AuditEntry.amount)
             .outerjoin(AuditEntry, AuditEntry.id == AuditLink.entry_id).order_by(AuditLink.seq))
    return session.execute(query, execution_options={"yield_per": _AT_ONCE})


def _read(lines: Iterable[str], trusted: Collection[str], verdict: Verdict) -> dict[int, list[Anchor]]:
    """The anchors by the link at which they stand. A line that is none of ours is a fault."""
    waiting: dict[int, list[Anchor]] = defaultdict(list)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            anchor = anchors.from_line(line, trusted)
        except anchors.BadAnchor as bad:
            verdict.fault(f"Line {number} of the anchors {bad}.")
            continue
        verdict.anchors += 1
        verdict.anchored = max(anchor.seq, verdict.anchored or 0)
        waiting[anchor.seq].append(anchor)
    return waiting


def _compare(standing: list[Anchor], head: bytes, verdict: Verdict) -> None:
    for anchor in standing:
        if anchor.head != head.hex() or anchor.count != anchor.seq:
            verdict.fault(f"At link {anchor.seq} the chain is another than the one anchored at {anchor.at}.")
