"""`flask purge`: forgetting what is over its time. `flask tick` does the same once a day."""

import time
from datetime import timedelta

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from portal.audit import once
from portal.audit.models import AuditEntry
from portal.base import clock
from portal.base.settings import Settings
from portal.outreach import photos
from portal.outreach.models import OutreachPhoto
from portal.upkeep import erasing, forgetting, retention
from portal.upkeep.retention import Kind, Moment
from portal.web import config, db

_FORGOTTEN = "purged"
_A_DAY = 24 * 60 * 60  # a photo's file is written a moment before its row
NOT_ERASED = ("Deleted; but the database's files could not be written anew, and parts of it may stand in them until "
              "this has run again. Either they were in use all the time: flask tick does it the next time. Or, on "
              "PostgreSQL, the portal's role may not have it done: then run deploy/postgres-roles.sql once more.")


@click.command()
@click.option("--really", is_flag=True, help="Delete. Without it, only what would be deleted is counted.")
@click.option("--trust-clock", is_flag=True, help="The clock is right, though nothing was forgotten for long.")
@with_appcontext
def purge(really: bool, trust_clock: bool) -> None:
    """Delete what was kept for as long as the settings say, with its keys first, so that no byte of it stays."""
    if really and not trust_clock:
        refuse_a_doubtful_clock()
    waits = really and _was_away()
    gone = forget() if really else retention.due(db.session(), config.settings(), _moment())
    for kind, count in gone.items():
        click.echo(f"{kind:9} {retention.rule(kind, config.settings()):15} "
                   f"{count} {'deleted' if really else 'would be deleted'}")
    if waits:
        click.echo("Nothing was deleted early: the machine was off for days, or its clock ran ahead. It waits for "
                   "the next day.")
    held, open_ = retention.passed_over(db.session(), config.settings(), _moment())
    click.echo(f"{held} concerns stay under a hold, {open_} because something on them is still open.")
    if really and not erased():
        raise click.ClickException(NOT_ERASED)


def refuse_a_doubtful_clock() -> None:
    """Where nothing was forgotten for longer than a server is off, the clock may have run ahead, and everything would
    seem over its time: then nothing is deleted before somebody has looked. Raises `ClickException`.

    Forgetting itself is the witness: its timer comes each day, and nothing else puts that down. Before the first time
    it is the trail.
    """
    session = db.session()
    newest = session.scalar(select(func.max(AuditEntry.at)))
    last = once.last_day_of(session, _FORGOTTEN) or (newest and newest.date())
    session.rollback()
    if last and clock.now().date() - last > clock.LONGEST_AWAY:
        raise click.ClickException(
            f"Nothing was deleted. The clock says {clock.now():%Y-%m-%d}, and the last time that this was done or "
            f"anything written down was {last}. Is the clock right? Then: flask --app wsgi purge --really "
            "--trust-clock")


def _was_away() -> bool:
    last = once.last_day_of(db.session(), _FORGOTTEN)
    db.session().rollback()
    return last is not None and clock.now().date() - last > timedelta(days=1)


def is_done_today() -> bool:
    """Whether all that is over its time was forgotten today already."""
    with db.transaction() as session:
        return once.outcome_of(session, _today(), "") is not None


def forget() -> dict[Kind, int]:
    """Forget all that is over its time, part by part. Gives how much it was; its last byte goes by `erased`.

    After days on which nothing was forgotten, the machine was off or its clock has run ahead: what two agreed to
    delete early waits for another day, on which it can be seen and stopped.
    """
    settings: Settings = config.settings()
    moment, gone = _moment(), dict.fromkeys(Kind, 0)
    for kind in [one for one in Kind if one is not Kind.EARLY or not _was_away()]:
        while True:
            with db.transaction() as session:
                some = forgetting.some(session, settings, kind, moment)
            gone[kind] += some
            if some < forgetting.AT_ONCE or kind is Kind.TRACES:
                break
    _remove_photos(settings)
    with db.transaction() as session:
        if once.outcome_of(session, _today(), "") is None:
            once.remember(session, _today(), "", _FORGOTTEN)
    return gone


def erased() -> bool:
    """Whether no byte of what was deleted is left, this time or another time before."""
    left = forgetting.rests_are_left(db.session())
    db.session().rollback()  # a reader of our own would hold the database, too
    if left:
        if not erasing.erase_rests(db.engine()):
            return False
        with db.transaction() as session:
            forgetting.note_erased(session)
    return True


def _remove_photos(settings: Settings) -> None:
    """The files that no session knows of any more."""
    known = set(db.session().scalars(select(OutreachPhoto.id)))
    for file in photos.left_over(settings.photos_dir, known):
        if time.time() - file.stat().st_mtime > _A_DAY:
            file.unlink()


def _today() -> str:
    return f"purge {config.today()}"


def _moment() -> Moment:
    return Moment(clock.now(), config.today())
