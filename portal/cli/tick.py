"""`flask tick`: what is done by the clock. A timer runs it; twice is as good as once."""

import smtplib
from contextlib import ExitStack
from email.message import EmailMessage

import click
from flask.cli import with_appcontext
from flask_babel import force_locale, ngettext
from sqlalchemy.exc import ProgrammingError

from portal.audit import once
from portal.base.clock import now, today
from portal.base.settings import Settings
from portal.casework import digest, proposals
from portal.cli import audit, purge
from portal.upkeep import order
from portal.web import config, db

_PATIENCE = 20  # seconds


@click.command()
@with_appcontext
def tick() -> None:
    """Write down which proposals have lapsed, tell by mail how many matters wait, if mail is set up, and once a
    day forget what is over its time. Then anchor the trail once an hour, if there is a file for anchors, and look
    through all of it once a day. Last, once an hour, take away in what order rows were written.

    The same number is told once a day. The message says no area, no risk, no code: what it is, is on the page.
    """
    settings = config.settings()
    with db.transaction() as session:
        lapsed = proposals.let_lapse(session)
        waiting = digest.waiting_matters(session)
        key = f"digest {today(settings.timezone)} {waiting}"
        told = once.outcome_of(session, key, "") is not None
    with ExitStack() as whatever_happens:  # a mail server that is away keeps nothing longer, and no trail loose
        whatever_happens.callback(_take_order_away_once_an_hour)
        whatever_happens.callback(audit.by_the_clock)
        whatever_happens.callback(_erase)
        whatever_happens.callback(_forget_once_a_day)
        if settings.mail_server and waiting and not told:
            _send(settings, waiting)  # outside: nobody's concern waits for a mail server
            with db.transaction() as session:
                once.remember(session, key, "", "mail")
        click.echo(f"{waiting} matters wait, {lapsed} proposals lapsed.")


def _forget_once_a_day() -> None:
    """The first time of a day. If it comes to no end, it is tried again the next time."""
    if purge.is_done_today():
        return
    purge.refuse_a_doubtful_clock()
    gone = purge.forget()
    click.echo(f"{sum(gone.values())} entries were over their time and are deleted.")


def _take_order_away_once_an_hour() -> None:
    """If it comes to no end, it is tried again the next time."""
    key = f"order {order.turn(db.engine(), now().astimezone(config.settings().timezone))}"
    if once.is_used(db.session(), key):
        return
    db.session().rollback()  # a reader of our own would hold the database, too
    try:
        done = order.take_away(db.engine())
    except ProgrammingError as error:
        raise click.ClickException("The portal's role may not write tables anew. Run deploy/postgres-roles.sql once "
                                   "more.") from error
    if not done:
        click.echo("The database was in use all the time: the order of its rows is taken away the next time.")
        return
    with db.transaction() as session:
        once.remember(session, key, "", "order")


def _erase() -> None:
    """What was deleted, today or before, to its last byte: each time, until it is done."""
    if not purge.erased():
        raise click.ClickException(purge.NOT_ERASED)


def _send(settings: Settings, waiting: int) -> None:
    with force_locale(settings.languages[0]):
        said = ngettext("Queue: %(num)s matter waits", "Queue: %(num)s matters wait", waiting)
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = said, settings.mail_from, ", ".join(settings.mail_to)
    message.set_content(f"{said}.\n")
    host, _, port = settings.mail_server.partition(":")
    try:
        with smtplib.SMTP(host, int(port or 25), timeout=_PATIENCE) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise click.ClickException(f"The mail could not be sent: {type(error).__name__}.") from error
