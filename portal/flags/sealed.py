"""The door to the vault for concerns.

| field | sealed under | bound to |
|---|---|---|
| answers, story, identity | the concern's content key | flags, its id, the field |
| a later message | the message's own content key | messages, its id |
| officers' notes and proposals (`casework/sealed.py`) | the concern's content key | their row |
| each content key | HPKE to the unit's or the conflict key; AES-GCM after the first reading | content_keys, its id |
| a question, a closing text | server key `told` | its row |
| who sent it | never stored: HMAC of the account under server key `reporter` | |
| who told it on the phone without having an account | never stored: a random mark | |
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from portal.accounts.models import SealingKey
from portal.accounts.sealed import KeyRing
from portal.base import vault
from portal.base.settings import ServerKeys
from portal.flags.answers import Answers, Identity
from portal.flags.models import ContentKey, Flag, Message, Question


def reporter_tag(keys: ServerKeys, account_id: UUID) -> bytes:
    """How "my concerns" are found: without the key file nobody can tell whose they are."""
    return vault.tag(keys.reporter, str(account_id), purpose="reporter")


def reporter_tags(keys: ServerKeys, account_id: UUID) -> list[bytes]:
    """Every tag under which her concerns may lie while the server's keys are replaced; the present one first."""
    return [reporter_tag(one, account_id) for one in keys.readable]


def nobodys_tag() -> bytes:
    """In place of a reporter's mark for a caller without an account: as long, tied to nobody, and nobody
    without the key file can tell it from the others."""
    return vault.new_key()


def new_content_key(row_id: UUID, flag_id: UUID, unit_key: SealingKey) -> tuple[ContentKey, bytes]:
    """A key for one row's content: wrapped so that this server cannot use it again, and in clear to
    seal with right now."""
    key = vault.new_key()
    return ContentKey(id=row_id, flag_id=flag_id, key_id=unit_key.id,
                      wrapped=wrapped_for(unit_key, row_id, key)), key


def wrapped_for(unit_key: SealingKey, row_id: UUID, key: bytes) -> bytes:
    """A row's content key so that only the holders of a unit's key can have it."""
    return vault.wrap_for(unit_key.public, key, label=_wrap_label(row_id))


def content_key(ring: KeyRing, row: ContentKey) -> bytes:
    """The content key of a row, for an officer whose keys are unlocked.

    The first reading rewraps it symmetrically, so that lists need no public-key work later; the caller
    decides, by committing or not, whether that is kept.
    """
    quick = _rewrapped_key(ring, row)
    if quick is not None:
        return quick
    key = ring.open_wrap(row.key_id, row.wrapped, label=_wrap_label(row.id))
    row.rewrapped = vault.lock(ring.symmetric(row.key_id), key, label=_wrap_label(row.id))
    return key


def move_content_key(ring: KeyRing, row: ContentKey, target: SealingKey) -> bool:
    """Put a content key under a newer key of the same unit, both ways. False when it does not open, and then
    it stays as it is."""
    try:
        key = content_key(ring, row)
    except vault.DoesNotOpen:
        return False
    row.wrapped, row.key_id = wrapped_for(target, row.id, key), target.id
    row.rewrapped = vault.lock(ring.symmetric(target.id), key, label=_wrap_label(row.id))
    return True


def seal_flag(flag: Flag, key: bytes, answers: Answers, story: str, identity: Identity) -> None:
    """Seal what a concern says into its row."""
    flag.sealed_answers = vault.seal_text(key, _as_text(answers), label=f"flags|{flag.id}|answers")
    flag.sealed_story = vault.seal_text(key, story, label=f"flags|{flag.id}|story")
    flag.sealed_identity = vault.seal_text(key, _as_text(identity), label=f"flags|{flag.id}|identity")


def open_answers(key: bytes, flag_id: UUID, sealed: bytes) -> Answers:
    """The coded answers."""
    return _from_text(Answers, vault.open_text(key, sealed, label=f"flags|{flag_id}|answers"))


def open_story(key: bytes, flag_id: UUID, sealed: bytes) -> str:
    """The reporter's own words, often empty."""
    return vault.open_text(key, sealed, label=f"flags|{flag_id}|story")


def open_identity(key: bytes, flag_id: UUID, sealed: bytes) -> Identity:
    """Names, phones and the way to the door."""
    return _from_text(Identity, vault.open_text(key, sealed, label=f"flags|{flag_id}|identity"))


def seal_message(message: Message, key: bytes, content: Mapping[str, Any]) -> None:
    """Seal what a reporter adds or answers."""
    message.sealed_text = vault.seal_text(key, json.dumps(content), label=f"messages|{message.id}|text")


def open_message(key: bytes, message: Message) -> dict[str, Any]:
    """What a reporter added or answered."""
    opened: dict[str, Any] = json.loads(
        vault.open_text(key, message.sealed_text, label=f"messages|{message.id}|text"))
    return opened


def seal_question(keys: ServerKeys, question_id: UUID, template: str) -> bytes:
    """The code of a question's template: told to the cadre, so under a server key, not the unit's."""
    return vault.seal_text(keys.told, template, label=f"questions|{question_id}|template")


def open_question(keys: ServerKeys, question: Question) -> str:
    """The code of a question's template."""
    return vault.open_text_with_any(keys.every("told"), question.sealed_template,
                                    label=f"questions|{question.id}|template")


def seal_closing(keys: ServerKeys, flag_id: UUID, text: str) -> bytes:
    """The code of the closing text that the reporter will read."""
    return vault.seal_text(keys.told, text, label=f"flags|{flag_id}|closing")


def open_closing(keys: ServerKeys, flag_id: UUID, sealed: bytes) -> str:
    """The code of a closing text."""
    return vault.open_text_with_any(keys.every("told"), sealed, label=f"flags|{flag_id}|closing")


def _rewrapped_key(ring: KeyRing, row: ContentKey) -> bytes | None:
    """The key by the quick way. None where nobody has read it yet, or where a first reader rewrapped it under an
    older key while it was moved to this one."""
    if row.rewrapped is None:
        return None
    try:
        return vault.unlock(ring.symmetric(row.key_id), row.rewrapped, label=_wrap_label(row.id))
    except vault.DoesNotOpen:
        return None


def _wrap_label(row_id: UUID) -> str:
    return f"content_keys|{row_id}|wrapped"


def _as_text(value: Answers | Identity) -> str:
    return json.dumps(asdict(value))


def _from_text(kind: type[Any], text: str) -> Any:
    stored, hints = json.loads(text), get_type_hints(kind)
    return kind(**{f.name: _typed(hints[f.name], stored[f.name]) for f in fields(kind) if f.name in stored})


def _typed(kind: Any, value: Any) -> Any:
    """A JSON value as the enum or tuple of enums that the field holds."""
    if get_origin(kind) is tuple:
        return tuple(_typed(get_args(kind)[0], item) for item in value)
    if get_origin(kind) is UnionType:
        return None if value is None else _typed(get_args(kind)[0], value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, StrEnum) else value
