"""Writing: every officer's word passes through here, sealed under its concern's own key."""

from typing import Any

from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.base.clock import now
from portal.base.db import new_id
from portal.casework import sealed
from portal.casework.models import Note
from portal.flags import commands as flags
from portal.flags.life import Move
from portal.flags.models import Flag


def write(session: Session, ring: KeyRing, flag: Flag, kind: Move, *, by: Viewer, **content: Any) -> Note:
    """Keep what an officer wrote beside the move of the same kind that follows at once."""
    note = Note(id=new_id(), flag_id=flag.id, written_at=now(), by_id=by.account_id)
    sealed.seal_note(note, flags.content_key(session, ring, flag.id), {"kind": kind, **content})
    session.add(note)
    return note
