"""`flask doctor`: is it safe to be online like this? One line a check, and what to do where it is not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click
from flask.cli import with_appcontext
from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from portal.base.settings import BadSettings, Settings
from portal.cli import doctor_city, doctor_server, doctor_tls
from portal.cli.database import first_line, there_is_none
from portal.cli.finding import Finding, bad
from portal.web import config, db

Check = Callable[[Settings, Session], Finding]


@dataclass(frozen=True)
class Examination:
    """A check and what its line begins with."""

    name: str
    look: Check


OF_THE_SERVER: Sequence[Examination] = (
    Examination("key file", doctor_server.key_file),
    Examination("https", doctor_server.https),
    Examination("demo", doctor_server.demo),
    Examination("debug", doctor_server.debug),
    Examination("names", doctor_server.hosts),
    Examination("proxies", doctor_server.proxies),
    Examination("administrators", doctor_server.admins),
    Examination("components", doctor_server.components),
    Examination("office", doctor_server.office),
    Examination("mail", doctor_server.mail),
    Examination("disk", doctor_server.disk),
    Examination("photos", doctor_server.photos),
    Examination("database files", doctor_server.database_files),
)
OF_THE_CITY: Sequence[Examination] = (
    Examination("database", doctor_server.database),
    Examination("tables", doctor_city.tables),
    Examination("server keys", doctor_city.server_keys),
    Examination("clock", doctor_city.clock),
    Examination("areas", doctor_city.areas),
    Examination("key holders", doctor_city.key_holders),
    Examination("recovery sheets", doctor_city.sheets),
    Examination("backups", doctor_city.backed_up),
    Examination("calendar", doctor_city.calendar),
    Examination("trail guards", doctor_city.trail_guards),
    Examination("trail", doctor_city.trail),
    Examination("anchors", doctor_city.anchored),
)
"""In the order of the page; these ask the database. Whoever builds something that can be unsafe adds its check."""
OF_THE_ADDRESS: Sequence[Examination] = (
    Examination("tls", lambda settings, _session: doctor_tls.tls(settings)),
    Examination("in clear", lambda settings, _session: doctor_tls.in_clear(settings)),
)


@click.command()
@click.option("--tls", "outside", is_flag=True, help="Look at the public address too, over the network.")
@with_appcontext
def doctor(outside: bool) -> None:
    """Look whether this server is safe to be online: ok, warn or bad a line. Ends with 1 when anything is bad."""
    settings, session = config.settings(), db.session()
    checks = [*OF_THE_SERVER, *_of_the_city(settings, session), *(OF_THE_ADDRESS if outside else ())]
    found = [(one.name, _examined(one, settings, session)) for one in checks]
    for name, finding in found:
        click.echo(f"{finding.state:<5} {name}: {finding.said}")
    unsafe = sum(finding.state == "bad" for _name, finding in found)
    if unsafe:
        raise click.ClickException(f"Not safe to be online: {unsafe} of {len(found)} checks are bad.")


def _of_the_city(settings: Settings, session: Session) -> Sequence[Examination]:
    """What can be asked of the database: all, of one without tables that alone, of one that is not there nothing."""
    if there_is_none(settings):
        return ()
    try:
        begun = inspect(session.connection()).has_table("accounts")
    except DatabaseError:
        session.rollback()
        return OF_THE_CITY  # each of them says so
    return OF_THE_CITY if begun else [Examination("tables", doctor_city.tables)]


def _examined(one: Examination, settings: Settings, session: Session) -> Finding:
    """What a check finds; one that cannot even be made is bad by that."""
    try:
        return one.look(settings, session)
    except BadSettings as error:
        return bad(str(error))
    except DatabaseError as error:
        session.rollback()
        return bad(f"cannot be looked at ({first_line(error)}). Mend the database first.")
