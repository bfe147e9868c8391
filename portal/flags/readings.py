"""How many concerns one person opens within the hour, and who she is once they are very many.

A stranger at an unlocked desk, or a script with her cookies, would take them all. So every page that opens what was
sealed in one concern, and every act on one, counts here first.
"""

from uuid import UUID

from flask_login import current_user

from portal.accounts import signin
from portal.web import config, pace, watch


def count(flag_id: UUID) -> None:
    """Note that the person who is signed in opens this concern, by its id: however its code was typed, it is one.

    Raises `signin.SecretIsDue` when it is one of more than `concerns_an_hour` different ones within the hour (0: no
    limit) and her secret is older than `signin.FRESH`. Call it before anything is opened or changed.
    """
    most = config.settings().concerns_an_hour
    if most and pace.readings(current_user.account_id, flag_id) > most and not signin.is_fresh():
        watch.refused("reading very many")
        raise signin.SecretIsDue
