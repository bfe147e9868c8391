"""A vault that remembers what was opened, and an app whose every request is compared with the trail.

What is opened under the server's own key (a question, a closing text, a phone number) is no concern's content.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base import vault
from portal.casework.models import Note, Proposal
from portal.flags.models import Message

CONTENT = {"flags": {"answers", "story", "identity"}, "messages": {"text"}, "notes": {"text"},
           "proposals": {"content"}}
_OF_A_FLAG = {"messages": Message, "notes": Note, "proposals": Proposal}
READS = {"flag.opened", "flag.identity_opened", "flag.letter_opened", "flag.compared"}
LIST = "flags.summaries_opened"


@dataclass
class Seen:
    """One request: the concerns that were opened, those that the trail names, and how many a list's row counts."""

    what: str
    status: int
    opened: set[UUID]
    read: set[UUID]
    acted: set[UUID]
    counted: int
    body: bytes = field(repr=False)
    identity_read: bool = False

    @property
    def without_row(self) -> int:
        """Concerns that were opened and that no row of this request accounts for."""
        return max(0, len(self.opened - self.read - self.acted) - self.counted)

    @property
    def without_opening(self) -> int:
        """Rows that say of a concern that it was read, though it was not."""
        return len(self.read - self.opened) + max(0, self.counted - len(self.opened - self.read - self.acted))


@contextmanager
def watched(city: SimpleNamespace) -> Iterator[list[Seen]]:
    """Inside, each request to the city's app is added to the list."""
    seen: list[Seen] = []
    opened: list[str] = []
    plain_open, plain_app = vault.open_text, city.app.wsgi_app

    def open_text(key: bytes, sealed: bytes, *, label: str) -> str:
        text = plain_open(key, sealed, label=label)
        opened.append(label)
        return text

    def wsgi(environ: dict[str, Any], start: Any) -> list[bytes]:
        opened.clear()
        last, status = _last_entry(city), []
        answer = plain_app(environ, lambda line, *rest: status.append(int(line[:3])) or start(line, *rest))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        seen.append(_compared(city, what, status[0], list(opened), last, body))
        return [body]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vault, "open_text", open_text)
        patch.setattr(city.app, "wsgi_app", wsgi)
        yield seen


def _last_entry(city: SimpleNamespace) -> int:
    city.db.rollback()
    return city.db.scalar(select(func.max(AuditEntry.id))) or 0


def _compared(city: SimpleNamespace, what: str, status: int, labels: list[str], last: int, body: bytes) -> Seen:
    city.db.rollback()
    rows = city.db.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.amount)
                           .where(AuditEntry.id > last)).all()
    about = [(row.action, UUID(row.subject), row.amount) for row in rows if _is_id(row.subject)]
    return Seen(
        what, status, {flag for label in labels if (flag := _concern(city, label))},
        {flag for action, flag, _ in about if action in READS | {LIST}},
        {flag for action, flag, _ in about if action.startswith("flag.") and action not in READS},
        sum(row.amount for row in rows if row.action == LIST and not _is_id(row.subject)), body,
        any(row.action in {"flag.identity_opened", "flag.letter_opened"} for row in rows))


def _concern(city: SimpleNamespace, label: str) -> UUID | None:
    """Whose content it was; None for what is no concern's content."""
    table, _, rest = label.partition("|")
    row_id, _, name = rest.partition("|")
    if name not in CONTENT.get(table, ()):
        return None
    if table == "flags":
        return UUID(row_id)
    model = _OF_A_FLAG[table]
    return city.db.scalar(select(model.flag_id).where(model.id == UUID(row_id)))


def _is_id(subject: str) -> bool:
    try:
        UUID(subject)
    except ValueError:
        return False
    return True
