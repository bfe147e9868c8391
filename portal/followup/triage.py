"""What an officer does before the work begins: take one from the list, ask its cadre, or step aside. None commits."""

from sqlalchemy.orm import Session

from portal.accounts.sealed import KeyRing
from portal.accounts.viewer import Viewer
from portal.audit import once as done_once
from portal.base.errors import Refused, Stale
from portal.base.settings import ServerKeys, Settings
from portal.casework import duplicates, sparing
from portal.flags import commands as flags
from portal.flags import queries as flag_queries
from portal.flags import sealed as flags_sealed
from portal.flags.life import Status
from portal.flags.models import Flag
from portal.followup import commands, presence


def pick_up(session: Session, ring: KeyRing, flag: Flag, *, by: Viewer, version: int, once: str, body: str) -> None:
    """Make one from the list hers, for the act "take and open". An unread one is read first, because nobody
    answers for what she has not seen. Raises `Stale` when it changed since the list was made."""
    if done_once.outcome_of(session, once, body) is not None:
        return
    if flag.status == Status.NEW:
        if version != flag.version:
            raise Stale("the list showed an older version")
        flags.open_flag(session, ring, flag, by=by)
        version = flag.version
    flags.take(session, flag, by=by, version=version)
    done_once.remember(session, once, body, flag.code)


def ask(session: Session, settings: Settings, ring: KeyRing, flag: Flag, template: str, *, by: Viewer,
        version: int, once: str, body: str) -> None:
    """Ask the cadre. Raises `Refused` where no account could answer: the question would wait for ever."""
    if no_account_answers(session, ring, flag):
        raise Refused("the caller has no account")
    commands.ask(session, settings, flag, template, by=by, version=version, once=once, body=body)


def no_account_answers(session: Session, ring: KeyRing, flag: Flag) -> bool:
    """Whether it was told on the phone by somebody without an account. Raises `NotVisible` without its key."""
    key = flags.content_key(session, ring, flag.id)
    return flags_sealed.open_answers(key, flag.id, flag.sealed_answers).by_stranger


def step_aside(session: Session, ring: KeyRing, code: str, *, by: Viewer, keys: ServerKeys, once: str, body: str
               ) -> None:
    """She has to do with somebody in it, and must not know of it from now on, nor of what it was put together with:
    which that is, lies sealed. Sent twice it is done once: the second time she could not find it any more.
    Raises `NotVisible`, and `Refused` when nobody else sees one of them."""
    if done_once.outcome_of(session, once, body) is not None:
        return
    flag = flag_queries.get_flag(session, code, viewer=by, keys=keys)
    all_of_it = [flag, *duplicates.together_with(session, ring, flag, by=by)]
    sparing.let_stand(session, ring, all_of_it, by=by)
    for one in all_of_it:
        if by.account_id not in flag_queries.excluded_from(session, one.id):
            flags.step_aside(session, one, by=by)
            presence.leave(session, one.id, by=by)
    done_once.remember(session, once, body, "stepped aside")
