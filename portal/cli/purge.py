"""`flask purge`: forgetting what is over its time. `flask tick` does the same once a day."""

import time

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.base import clock
from portal.base.settings import Settings
from portal.outreach import photos
from portal.outreach.models import OutreachPhoto
from portal.upkeep import erasing, forgetting, retention
from portal.upkeep.retention import Kind, Moment
from portal.web import config, db

_A_DAY = 24 * 60 * 60  # a photo's file is written a moment before its row


@click.command()
@click.option("--really", is_flag=True, help="Delete. Without it, only what would be deleted is counted.")
@with_appcontext
def purge(really: bool) -> None:
    """Delete what was kept for as long as the settings say, with its keys first, so that no byte of it stays."""
    if really:
        gone, erased = forget()
    else:
        gone, erased = retention.due(db.session(), config.settings(), _moment()), True
    for kind, count in gone.items():
        click.echo(f"{kind:9} {retention.rule(kind, config.settings()):15} "
                   f"{count} {'deleted' if really else 'would be deleted'}")
    held, open_ = retention.passed_over(db.session(), config.settings(), _moment())
    click.echo(f"{held} concerns stay under a hold, {open_} because something on them is still open.")
    if not erased:
        raise click.ClickException("Deleted; but the database's files were in use all the time and could not be "
                                   "written anew. Parts of it may stand in them until this has run again.")


def forget() -> tuple[dict[Kind, int], bool]:
    """Forget all that is over its time, part by part. Gives how much it was, and whether its last byte is gone."""
    settings: Settings = config.settings()
    moment, gone = _moment(), dict.fromkeys(Kind, 0)
    for kind in Kind:
        while True:
            with db.transaction() as session:
                some = forgetting.some(session, settings, kind, moment)
            gone[kind] += some
            if some < forgetting.AT_ONCE or kind is Kind.TRACES:
                break
    _remove_photos(settings)
    return gone, _erased()


def _erased() -> bool:
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


def _moment() -> Moment:
    return Moment(clock.now(), config.today())
