"""`flask keys rotate-server`: new keys for the server, while everybody goes on working."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from portal.accounts import resealing as people
from portal.accounts.resealing import Leaning
from portal.audit.anchors import REPLACED
from portal.audit.log import record
from portal.audit.sealed import public_key
from portal.base import key_file
from portal.base.clock import now
from portal.base.db import BREATH
from portal.base.settings import BadSettings, ServerKeys
from portal.flags import resealing as flags
from portal.web import config, db

LONGEST = timedelta(hours=25)
"""What the browser holds lives no longer: a sign-in 12 hours, a challenge 12, an invitation 24."""


@click.command("rotate-server")
@click.option("--wait", default=60, show_default=True, type=click.IntRange(min=0),
              help="Seconds that a request may last at most: so long each step waits for the workers.")
@click.option("--drop-now", is_flag=True, help="End the older keys at once: when the key file may have been seen.")
@with_appcontext
def rotate_server(wait: int, drop_now: bool) -> None:
    """Replace the server's keys. Nobody is signed out, and no form is lost.

    The older keys are kept until nothing needs them; give the command again, days later, to end them. Interrupted,
    it goes on from where it stopped. Run it as the user who owns the key file.
    """
    path = config.settings().keys_file
    try:
        with key_file.one_at_a_time(path):
            keys = _take_over(path, wait)
            _reseal(keys)
            _end(path, keys, drop_now)
    except BadSettings as error:
        raise click.ClickException(str(error)) from error


def _take_over(path: Path, wait: int) -> ServerKeys:
    """From one set to the next in two steps, or from wherever the file stands."""
    keys = ServerKeys.read(path)
    if not keys.others:
        keys = key_file.with_next(keys)
        _put(path, keys)
        click.echo(f"Set {keys.number + 1} is made. Waiting {wait} s until every worker reads it.")
    if key_file.next_of(keys) is not None:
        time.sleep(wait)
        with db.transaction() as session:
            record(session, REPLACED, public_key(keys), by=None)
        keys = key_file.promoted(keys, now())
        _put(path, keys)
        click.echo(f"Set {keys.number} is in charge. The backups of before do not hold it: make one now, with "
                   "flask --app wsgi backup")
        time.sleep(wait)
    else:
        config.take_keys(_app(), keys)
    return keys


def _reseal(keys: ServerKeys) -> None:
    """Everything that can be made anew without its owner, a little in each transaction."""
    _in_turn(lambda session, after: _people(session, keys, after))
    _in_turn(lambda session, after: flags.reseal_questions(session, keys, after=after))
    _in_turn(lambda session, after: flags.reseal_closings(session, keys, after=after))
    click.echo("Phone numbers, second factors, what lies around officers' own keys, marks of reporters, questions "
               "and closing texts are sealed anew.")


def _people(session: Session, keys: ServerKeys, after: UUID | None) -> UUID | None:
    done = people.reseal(session, keys, after=after)
    flags.mark_anew(session, keys, done)
    return done[-1] if done else None


def _in_turn(some: Callable[[Session, UUID | None], UUID | None]) -> None:
    after: UUID | None = None
    while True:
        with db.transaction() as session:
            after = some(session, after)
        if after is None:
            return
        time.sleep(BREATH)


def _end(path: Path, keys: ServerKeys, drop_now: bool) -> None:
    leaning = people.leaning(db.session(), keys)
    young = keys.since is None or now() - keys.since < LONGEST
    if (leaning or young) and not (drop_now and click.confirm(_loss(leaning))):
        click.echo(_still(leaning, keys))
        return
    with db.transaction() as session:
        people.void_older_cards(session, keys)
        record(session, "server_keys.ended", keys.number, by=None)
    _put(path, key_file.alone(keys))
    click.echo("The older keys are gone from the file. Destroy their copies when no older backup needs them.")


def _loss(leaning: Leaning) -> str:
    return (f"All sign-ins and open forms of before end. {leaning.field} people in the field and {leaning.office} at "
            f"the office must begin anew (recovery by two people), and {leaning.cards} need a new card. Whoever "
            "signs in now, before you answer, need not: first the head, an administrator, and all who hold the "
            "unit's keys. End them?")


def _still(leaning: Leaning, keys: ServerKeys) -> str:
    if not leaning:
        return f"The older keys are still read, for forms and sign-ins under way, until {LONGEST} after {keys.since}."
    return (f"The older keys are still read: {leaning.field} people in the field and {leaning.office} at the office "
            f"have not signed in since, {leaning.cards} have codes of an older card. Give the command again later.")


def _put(path: Path, keys: ServerKeys) -> None:
    key_file.put(path, keys)
    config.take_keys(_app(), keys)


def _app():  # type: ignore[no-untyped-def]
    return current_app._get_current_object()  # type: ignore[attr-defined]
