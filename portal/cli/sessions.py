"""`flask sessions …`: the running totals of awareness sessions, checked and counted anew."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.outreach import photos, totals
from portal.outreach.models import OutreachPhoto
from portal.web import config, db

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


@sessions_group.command("sweep-photos")
def sweep_photos() -> None:
    """Remove files that no session knows of, as a power cut between two steps may leave them."""
    known = set(db.session().scalars(select(OutreachPhoto.id)))
    left = photos.left_over(config.settings().photos_dir, known)
    for file in left:
        file.unlink(missing_ok=True)
    click.echo(f"{len(left)} files removed.")
