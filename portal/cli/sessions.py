"""`flask sessions …`: the running totals of awareness sessions, checked and counted anew."""

import click
from flask.cli import AppGroup

from portal.outreach import totals
from portal.web import db

sessions_group = AppGroup("sessions", help="Awareness sessions and their totals.")


@sessions_group.command()
@click.option("--check", is_flag=True, help="Only compare: change nothing, and fail when they differ.")
def recount(check: bool) -> None:
    """Count all totals anew from the sessions themselves, and prove that they are equal now."""
    with db.transaction() as session:
        before = totals.differences(session)
        if before and not check:
            totals.rebuild(session)
        left = totals.differences(session) if before and not check else before
    for line in before[:20]:
        click.echo(line)
    if left:
        raise click.ClickException(f"{len(left)} totals are not what the sessions say. Run: flask sessions recount")
    click.echo(f"{len(before)} totals were wrong and are right now." if before else "All totals are right.")
