"""The door to the vault for the unit's own records.

| field | sealed under | bound to |
|---|---|---|
| an officer's note of any kind | the concern's content key | notes, its id |
| a proposal | the concern's content key | proposals, its id |
| a blind mark | HMAC under a key that follows from the unit's private key | |
| content keys at a hand-over | HPKE to the other unit's key | content_keys, its id |
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from portal.accounts.models import SealingKey
from portal.accounts.sealed import KeyRing
from portal.base import vault
from portal.casework.models import Note, Proposal
from portal.flags import sealed as flags
from portal.flags.models import ContentKey


def seal_note(note: Note, key: bytes, content: Mapping[str, Any]) -> None:
    """Seal what an officer writes under its concern's content key."""
    note.sealed_text = vault.seal_text(key, json.dumps(content), label=f"notes|{note.id}|text")


def open_note(key: bytes, note: Note) -> dict[str, Any]:
    """What an officer wrote."""
    return _opened(key, note.sealed_text, f"notes|{note.id}|text")


def seal_proposal(proposal: Proposal, key: bytes, content: Mapping[str, Any]) -> None:
    """Seal what an officer proposes under its concern's content key."""
    proposal.sealed_content = vault.seal_text(key, json.dumps(content), label=f"proposals|{proposal.id}|content")


def open_proposal(key: bytes, proposal: Proposal) -> dict[str, Any]:
    """What an officer proposes."""
    return _opened(key, proposal.sealed_content, f"proposals|{proposal.id}|content")


def mark(ring: KeyRing, key_id: UUID, kind: str, value: str) -> bytes:
    """A blind mark of a value under one of the unit's keys. Only who holds that key can make or compare it."""
    key = vault.derived(ring.privates[key_id], purpose="marks")
    return vault.tag(key, value, purpose=kind)


def hand_on(ring: KeyRing, row: ContentKey, target: SealingKey) -> None:
    """Wrap a content key for another unit: from then on only that one can open it."""
    key = flags.content_key(ring, row)
    row.wrapped, row.rewrapped, row.key_id = flags.wrapped_for(target, row.id, key), None, target.id


def _opened(key: bytes, sealed: bytes, label: str) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(vault.open_text(key, sealed, label=label))
    return opened
