"""The door to the vault for the desk's lists. What officers write is sealed in `casework/sealed.py`."""

from portal.accounts.sealed import KeyRing
from portal.base.vault import DoesNotOpen
from portal.casework.sealed import open_note, seal_note
from portal.flags import sealed as flags
from portal.flags.answers import Answers
from portal.flags.models import ContentKey

__all__ = ["DoesNotOpen", "open_answers", "open_note", "seal_note"]


def open_answers(ring: KeyRing, row: ContentKey, sealed: bytes) -> Answers | None:
    """The coded answers of one concern in a list; None when they do not open, so that one altered row
    does not hide all the others."""
    try:
        return flags.open_answers(flags.content_key(ring, row), row.id, sealed)
    except DoesNotOpen:
        return None

