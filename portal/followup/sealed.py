"""The door to the vault for the desk.

| field | sealed under | bound to |
|---|---|---|
| an officer's note | the concern's content key | notes, its id |
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from portal.accounts.sealed import KeyRing
from portal.base import vault
from portal.flags import sealed as flags
from portal.flags.answers import Answers
from portal.flags.models import ContentKey
from portal.followup.models import Note


def seal_note(note: Note, key: bytes, content: Mapping[str, Any]) -> None:
    """Seal what an officer writes under its concern's content key."""
    note.sealed_text = vault.seal_text(key, json.dumps(content), label=_label(note.id))


def open_note(key: bytes, note: Note) -> dict[str, Any]:
    """What an officer wrote."""
    opened: dict[str, Any] = json.loads(vault.open_text(key, note.sealed_text, label=_label(note.id)))
    return opened


def open_answers(ring: KeyRing, row: ContentKey, sealed: bytes) -> Answers | None:
    """The coded answers of one concern in a list; None when they do not open, so that one altered row
    does not hide all the others."""
    try:
        return flags.open_answers(flags.content_key(ring, row), row.id, sealed)
    except vault.DoesNotOpen:
        return None


def _label(note_id: UUID) -> str:
    return f"notes|{note_id}|text"
