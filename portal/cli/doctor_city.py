"""Checks of what a city needs: tables, areas, who holds keys, sheets and backups, the days off, the trail."""

from collections import Counter
from datetime import timedelta

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.accounts import kits, sealed
from portal.accounts.models import Account, KeyGrant, SealingKey, StaffKey, Unit
from portal.areas.models import Area
from portal.audit import anchors, verification
from portal.audit.models import AuditEntry
from portal.base.clock import now, today
from portal.base.settings import Settings
from portal.cli.database import alembic_config
from portal.cli.finding import Finding, bad, ok, warn
from portal.flags import deadlines
from portal.flags import queries as flag_queries
from portal.upkeep.backups import content_archives

_GUARDS = {
    "sqlite": {f"{table}_{rule}" for table in ("audit_entries", "audit_links")
               for rule in ("no_update", "no_delete", "no_replace")},
    "postgresql": {"audit_entries_grow_only", "audit_links_grow_only"},
}
_TRIGGERS = {
    "sqlite": text("SELECT name FROM sqlite_master WHERE type = 'trigger'"),
    "postgresql": text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"),
}
_SOME = 20
_ENOUGH = 2  # holders of a key: one can fall ill
_LATEST = timedelta(hours=3)
_NEXT_YEAR_FROM = 11  # November


def tables(_settings: Settings, session: Session) -> Finding:
    """The tables are those of this version."""
    connection = session.connection()
    newest = set(ScriptDirectory.from_config(alembic_config(connection)).get_heads())
    there = set(MigrationContext.configure(connection).get_current_heads())
    if not there:
        return bad("there are none. A new city begins with: flask --app wsgi init")
    if there != newest:
        return bad("they are of another version. Run: flask --app wsgi db upgrade")
    return ok("as this version wants them")


def server_keys(settings: Settings, session: Session) -> Finding:
    """The key file is the one with which this database was begun: officers' keys are locked for it too."""
    locked = session.execute(select(StaffKey.account_id, StaffKey.twice_locked).limit(_SOME)).all()
    if any(sealed.unlock_for_server(settings.require_keys(), *one) is None for one in locked):
        return bad(f"{settings.keys_file} holds the keys of another database. Bring its own back, or take them from "
                   "a backup in keys/ (docs/backup.md).")
    return ok("they are this database's" if locked else "nothing was locked with them yet")


def clock(_settings: Settings, session: Session) -> Finding:
    """The clock stands behind nothing that was written down already."""
    newest = session.scalar(select(func.max(AuditEntry.at)))
    if newest and newest > now() + timedelta(minutes=2):
        return bad(f"it says {now():%Y-%m-%d %H:%M} UTC, but the trail goes to {newest:%Y-%m-%d %H:%M}. Set it.")
    return ok(f"{now():%Y-%m-%d %H:%M} UTC")


def areas(_settings: Settings, session: Session) -> Finding:
    """Somebody answers for places that are known."""
    count = session.scalar(select(func.count()).select_from(Area).where(Area.level == "kelurahan"))
    units = session.scalar(select(func.count()).select_from(Unit))
    if not count or not units:
        return bad("no kelurahan or no unit is known. Run: flask --app wsgi init")
    return ok(f"{count} kelurahan, {units} units")


def key_holders(_settings: Settings, session: Session) -> Finding:
    """No key hangs on one person."""
    holders = Counter({key: 0 for key in session.scalars(
        select(SealingKey.id).where(SealingKey.retired_at.is_(None)))})
    holders.update(session.scalars(
        select(KeyGrant.key_id).join(SealingKey, SealingKey.id == KeyGrant.key_id)
        .join(Account, Account.id == KeyGrant.account_id).where(SealingKey.retired_at.is_(None), Account.active)))
    if not holders or not min(holders.values()):
        return bad("there is a unit whose concerns nobody can open. Run: flask --app wsgi init")
    if few := sum(count < _ENOUGH for count in holders.values()):
        return bad(f"{few} of {len(holders)} keys are held by one person alone: ill, and nobody can read. "
                   "Hand them on (page Keys).")
    return ok(f"at least {min(holders.values())} for each of {len(holders)} keys")


def calendar(settings: Settings, session: Session) -> Finding:
    """The days of joint leave of this year, and towards its end of the next, are known."""
    if not settings.holidays_country:
        return ok("the unit works through all holidays")
    here, known = today(settings.timezone), flag_queries.calendar(session, settings)
    years = [here.year, *([here.year + 1] if here.month >= _NEXT_YEAR_FROM else [])]
    unknown = [year for year in years if not deadlines.knows_joint_leave(settings.holidays_country, year)
               and not any(day.year == year for day in known.overrides)]
    if unknown:
        return warn(f"no joint leave is known of {unknown[0]}: promises may fall on it. "
                    "Update the package holidays, or: flask --app wsgi calendar set")
    return ok(", ".join(map(str, years)))


def trail_guards(_settings: Settings, session: Session) -> Finding:
    """The database itself refuses to change the trail."""
    kind = session.get_bind().dialect.name
    missing = _GUARDS[kind] - set(session.scalars(_TRIGGERS[kind]))
    if missing:
        return bad(f"somebody took away {', '.join(sorted(missing))}. Find out who, and run: "
                   "flask --app wsgi audit verify")
    return ok("the database refuses to change it")


def trail(settings: Settings, session: Session) -> Finding:
    """All of it holds."""
    file = settings.audit_anchors
    lines = file.read_text(errors="replace").splitlines() if file and file.exists() else None
    verdict = verification.verify(session, lines, anchors.trusted(session, settings.require_keys()))
    if not verdict.holds:
        return bad(f"it was changed: {verdict.faults[0]} See: flask --app wsgi audit verify")
    return ok(f"all {verdict.links} links hold")


def backed_up(settings: Settings, _session: Session) -> Finding:
    """A broken disk takes an hour with it, not the city."""
    if not settings.backup_key:
        return bad("nothing is backed up: a broken disk takes every concern with it. See docs/backup.md")
    made = [archive.stat().st_mtime for archive in content_archives(settings.backup_dir)]
    if not made or now().timestamp() - max(made) > _LATEST.total_seconds():
        return bad("the newest backup is older than three hours. Does the timer run? See "
                   "deploy/catatan-kader-backup.timer")
    return ok(f"the newest of {len(made)} backups is less than three hours old")


def sheets(_settings: Settings, session: Session) -> Finding:
    """What is sealed can still be opened when every passphrase is lost."""
    without = [unit.name for unit in session.scalars(select(Unit).order_by(Unit.name))
               if not kits.is_of_present_keys(session, unit.id)]
    if without:
        return warn(f"no recovery sheets of the present keys: {', '.join(without)}. Make them with: "
                    "flask --app wsgi keys kit")
    return ok("every unit has recovery sheets of its present keys")


def anchored(settings: Settings, session: Session) -> Finding:
    """Its head was carried outside lately."""
    file = settings.audit_anchors
    if file is None:
        return warn("its end could be cut off unseen. Set PORTAL_AUDIT_ANCHORS to a file that is carried elsewhere.")
    try:
        newest = anchors.last(file, anchors.trusted(session, settings.require_keys()))
    except (anchors.BadAnchor, OSError) as error:
        return bad(f"{file} cannot be read ({type(error).__name__}). See: flask --app wsgi audit verify")
    if newest is None or now() - newest.moment > _LATEST:
        return bad("the newest is older than three hours. Does the timer run? See deploy/catatan-kader-tick.timer")
    return ok(f"the newest is of {newest.moment:%H:%M} UTC")
