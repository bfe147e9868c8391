"""Concerns that ended long ago, and what is left of them in the files."""

from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import LargeBinary, func, select

from portal.base.clock import now, telling
from portal.base.db import Base
from portal.cli import purge
from portal.flags.life import Move, Risk
from tests.casework.at_work import CODES, assesses, closes, taken
from tests.followup.at_desk import Officer, cadre_adds
from tests.support import canary

LONG_AGO = timedelta(days=5 * 366 + 2)


@contextmanager
def back_then(before=LONG_AGO):
    with telling(now() - before):
        yield


def an_old_concern(city, before=LONG_AGO, by=None, **given):
    """One that ended more than five years ago, with something in every table that hangs on it."""
    with back_then(before):
        rina = Officer(city, by or city.rina)
        flag_id = taken(rina, Risk.LOW, **given)
        assesses(rina, flag_id, Risk.LOW, CODES)
        cadre_adds(city, flag_id)
        rina.does(Move.ACT, flag_id)
        rina.does(Move.ASK, flag_id)
        closes(rina, flag_id)
        return flag_id


def forgets(city, *, really=True, trust_clock=False):
    city.db.rollback()
    city.app.config["SETTINGS"] = city.settings
    return city.app.test_cli_runner().invoke(purge.purge, [
        *(["--really"] if really else []), *(["--trust-clock"] if trust_clock else [])])


def number_of(city, table, *conditions):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(table).where(*conditions))


def secrets_of(city, *flag_ids):
    """Every sealed byte, wrap and mark that hangs on these concerns; not the reporter's, who has others."""
    city.db.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        binary = [column for column in table.columns
                  if isinstance(column.type, LargeBinary) and column.name != "reporter_tag"]
        key = table.c.get("flag_id", table.c.id if table.name == "flags" else None)
        if binary and key is not None:
            rows = city.db.execute(select(*binary).where(key.in_(flag_ids)))
            found += [bytes(value) for row in rows for value in row if value is not None]
    return found


def left_in(url, secrets):
    """Which pieces of the secrets, of 16 bytes each, still stand in the database's files."""
    pieces = {secret[first:first + 16] for secret in secrets for first in range(0, len(secret) - 15, 8)}
    data = b"\0".join(file.read_bytes() for file in canary.database_files(url))
    return [data[at:at + 16] for at in range(len(data)) if data[at:at + 16] in pieces]
