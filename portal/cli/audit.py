"""`flask audit …`: the trail's head carried out of the house, and the whole trail looked through."""

from collections.abc import Collection
from pathlib import Path

import click
from flask.cli import AppGroup

from portal.audit import anchors, once, verification
from portal.base.settings import ServerKeys, Settings
from portal.web import config, db

audit_group = AppGroup("audit", help="The trail of what was done: anchored outside, and checked.")


@audit_group.command("anchor")
def anchor() -> None:
    """Print the trail's present head, signed, and add it to the file PORTAL_AUDIT_ANCHORS if that is set.

    Keep the line where whoever can change this server cannot change it: printed, mailed, on another machine.
    """
    click.echo(_anchor(config.settings(), config.settings().require_keys()))


@audit_group.command("verify")
@click.option("--anchors", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A file of anchors as it was kept elsewhere; left out, the one of PORTAL_AUDIT_ANCHORS.")
@click.option("--public-key", "public_keys", multiple=True, metavar="HEX",
              help="Whose signature to trust, instead of this server's own keys; may be given several times.")
def verify(file: Path | None, public_keys: tuple[str, ...]) -> None:
    """Look through the whole trail: 0 when every link holds and the chain goes through every anchor, else 1."""
    settings = config.settings()
    trusted = public_keys or anchors.trusted(db.session(), settings.require_keys())
    verdict = _look(file or settings.audit_anchors, trusted)
    for sentence in verdict.faults:
        click.echo(sentence, err=True)
    if not verdict.holds:
        raise click.ClickException(f"The trail was changed: {verdict.number_of_faults} faults found.")
    click.echo(_said(verdict))


def by_the_clock() -> None:
    """What `flask tick` does for the trail."""
    settings = config.settings()
    if settings.audit_anchors and _is_due(settings.audit_anchors, settings.require_keys()):
        _anchor(settings, settings.require_keys())
        click.echo("The trail was anchored.")
    key = f"trail looked through {config.today()}"
    with db.transaction() as session:
        if once.outcome_of(session, key, "") is not None:
            return
    verdict = _look(settings.audit_anchors, anchors.trusted(db.session(), settings.require_keys()))
    with db.transaction() as session:
        once.remember(session, key, "", "done")
    if not verdict.holds:
        raise click.ClickException("The trail was changed. See: flask --app wsgi audit verify")


def _anchor(settings: Settings, keys: ServerKeys) -> str:
    """Sign the present head. Where the chain does not go through the newest anchor any more, nothing is added."""
    session, file = db.session(), settings.audit_anchors
    newest = _newest(file, keys) if file else None
    if newest is not None and not anchors.stands(session, newest):
        raise click.ClickException(f"The trail is another than the one anchored at {newest.at}. Nothing was added; "
                                   "see: flask --app wsgi audit verify")
    line = anchors.to_line(keys, anchors.present(session))
    if file:
        try:
            anchors.append(file, line)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
    return line


def _is_due(file: Path, keys: ServerKeys) -> bool:
    return anchors.is_due(_newest(file, keys))


def _newest(file: Path, keys: ServerKeys) -> anchors.Anchor | None:
    try:
        return anchors.last(file, anchors.trusted(db.session(), keys))
    except (anchors.BadAnchor, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise click.ClickException(f"The last line of {file} {why}.") from error


def _look(file: Path | None, trusted: Collection[str]) -> verification.Verdict:
    """Look through the trail, and write down for the head's page that it was done."""
    there = file is not None and file.exists()
    verdict = verification.verify(db.session(), anchors.lines(file) if file and there else None, trusted)
    with db.transaction() as session:
        verification.keep_result(session, verdict)
    return verdict


def _said(verdict: verification.Verdict) -> str:
    if verdict.anchored is None:
        return (f"All {verdict.links} links hold. Without anchors nobody can see whether the end was cut off, "
                "or all of it written anew.")
    since = verdict.links - verdict.anchored
    return (f"All {verdict.links} links hold, and the chain goes through all {verdict.anchors} anchors. "
            + (f"What was written anew after the last anchor cannot be seen: {since} links." if since else
               "The last anchor is its end."))
