"""`flask sessions …`: totals of awareness sessions checked and counted anew, past ones loaded, photos swept."""

from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.accounts import queries as accounts
from portal.accounts.models import Account
from portal.areas.models import Area
from portal.base.db import as_uuid
from portal.base.errors import Refused
from portal.outreach import import_commands, importing, photos, totals
from portal.outreach.models import OutreachImport, OutreachPhoto
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


@sessions_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", "name", required=True, help="Sign-in name of the staff member who answers for the file.")
def import_file(file: Path, name: str) -> None:
    """Load past sessions from FILE (CSV or XLSX): all of them, or none with every faulty line named."""
    account = accounts.by_sign_in_name(db.session(), name)
    area = db.session().get(Area, account.area_id) if account and account.area_id else None
    if account is None or area is None:
        raise click.ClickException(f"There is no staff account {name} with an area of its own.")
    try:
        rows = importing.read(file.read_bytes(), importing.COMMAND)
    except importing.BadFile as bad:
        raise click.ClickException(f"{file} cannot be read: {bad}. Nothing was loaded.") from bad
    key = _load(file, rows, account, area)
    click.echo(f"{len(rows)} sessions loaded. To undo it: flask sessions undo {key}")


def _load(file: Path, rows: list[tuple[int, dict[str, str]]], account: Account, area: Area) -> object:
    with db.transaction() as session:
        with click.progressbar(length=len(rows), label="Checked") as bar:
            checked = importing.check(session, rows, within=area.path, today=config.today(),
                                      tell=lambda done: bar.update(1))
        if checked.faults:
            for fault in checked.faults[:200]:
                click.echo(f"{file}, line {fault.line}: {fault.column} {fault.why} {fault.value}".rstrip(), err=True)
            raise click.ClickException(f"{len(checked.faults)} faults. Nothing was loaded.")
        with click.progressbar(length=len(rows), label="Loaded ") as bar:
            return import_commands.load_at_once(session, checked.sessions, file_name=file.name, by=account.id,
                                                today=config.today(), tell=lambda done: bar.update(done - bar.pos))


@sessions_group.command("undo")
@click.argument("key")
def undo_import(key: str) -> None:
    """Take all sessions of the import KEY away again."""
    import_id = as_uuid(key)
    with db.transaction() as session:
        kept = session.get(OutreachImport, import_id) if import_id else None
        if kept is None:
            raise click.ClickException("There is no such import.")
        try:
            import_commands.undo(session, kept, by=None)
        except Refused as refused:
            raise click.ClickException(f"Nothing was undone: {refused}.") from refused
        count = kept.row_count
    click.echo(f"{count} sessions taken away.")
