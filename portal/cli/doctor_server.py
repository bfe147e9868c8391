"""Checks of the machine and its settings: files, HTTPS, names, the database's own safety."""

import os
import shutil
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.base.clock import now
from portal.base.settings import Settings
from portal.cli.database import ROOT, no_keys
from portal.cli.finding import Finding, bad, ok, warn
from portal.upkeep import erasing

_MONTH, _OVERDUE = 31, 92  # days
_MIB = 1024 * 1024
_LEAST_FREE = 500 * _MIB
_PRAGMAS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1",
            "trusted_schema": "0"}
_POSTGRES = ("fsync", "full_page_writes", "synchronous_commit")
_OUT_OF_REACH = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND "
    "NOT (has_table_privilege(oid, 'SELECT') AND "
    "(relname = 'alembic_version' OR has_table_privilege(oid, 'INSERT'))) ORDER BY relname")
"""Tables that an upgrade made, and that nobody let the portal's role use since."""


def key_file(settings: Settings, _session: Session) -> Finding:
    """The server's keys are its own."""
    file = settings.keys_file
    if not file.exists():
        return bad(no_keys(settings))
    if file.stat().st_mode & 0o077:
        return bad(f"others can read it. Run: chmod 600 {file}")
    if file.stat().st_uid != (owner := _serving_account(settings)):
        return bad(f"it does not belong to the account that serves. Run: chown {owner} {file}")
    if file.resolve().parent.stat().st_mode & 0o022:
        return bad(f"others can put another in its place. Run: chmod go-w {file.resolve().parent}")
    return ok("only the server can read it")


def _serving_account(settings: Settings) -> int:
    """Whose files the portal's are. Root looks at the database, which it does not own where the portal is served by
    an account of its own."""
    file = settings.sqlite_file
    if os.geteuid() or file is None:
        return os.geteuid()
    return next(path for path in (file, *file.resolve().parents) if path.exists()).stat().st_uid


def https(settings: Settings, _session: Session) -> Finding:
    """Cookies travel over HTTPS alone."""
    if not settings.secure_cookies:
        return bad("cookies also travel in clear. Unset PORTAL_SECURE_COOKIES, and serve over HTTPS alone.")
    return ok("cookies travel over HTTPS alone; --tls looks at the address itself")


def demo(settings: Settings, _session: Session) -> Finding:
    """The demo lets anybody in."""
    return bad("anybody can enter as anybody. Unset PORTAL_DEMO.") if settings.demo else ok("off")


def debug(_settings: Settings, _session: Session) -> Finding:
    """Debug pages quote what people wrote."""
    return bad("on: it shows what people wrote. Unset FLASK_DEBUG.") if current_app.debug else ok("off")


def hosts(settings: Settings, _session: Session) -> Finding:
    """Under which names it answers."""
    if not settings.trusted_hosts:
        return bad("it answers under any name. Set PORTAL_TRUSTED_HOSTS to the name people type.")
    return ok(", ".join(settings.trusted_hosts))


def proxies(settings: Settings, _session: Session) -> Finding:
    """Whose word it takes for where a request comes from."""
    if not settings.proxies:
        return warn("none is set: behind a web server, all guessing seems to come from one place. "
                    "Set PORTAL_PROXIES=1.")
    return ok(f"{settings.proxies} in front")


def admins(settings: Settings, _session: Session) -> Finding:
    """From where administrators may come."""
    if not settings.admin_networks:
        return warn("administrators may come from anywhere. Set PORTAL_ADMIN_NETWORKS to the office's.")
    return ok(f"administrators come from {', '.join(settings.admin_networks)} alone")


def components(_settings: Settings, _session: Session) -> Finding:
    """The portal's packages were looked through not long ago (docs/security.md, Patches)."""
    age = (now().date() - _looked_through()).days
    if age > _OVERDUE:
        return bad(f"they were looked through {age} days ago: flaws are known by now. Bring the portal up to date.")
    return warn(f"they were looked through {age} days ago. Bring the portal up to date.") if age > _MONTH else \
        ok(f"they were looked through {age} days ago")


def _looked_through() -> date:
    stated: date = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["catatan-kader"]["looked-through"]
    return stated


def office(settings: Settings, _session: Session) -> Finding:
    """The number that people call when nothing else works."""
    return ok("its number is set") if settings.office_phone else \
        bad("its phone number is missing. Set PORTAL_OFFICE_PHONE.")


def mail(settings: Settings, _session: Session) -> Finding:
    """Whether anybody is told that matters wait."""
    return ok("matters that wait are told") if settings.mail_server else \
        warn("nobody is told what waits. Set PORTAL_MAIL_SERVER, PORTAL_MAIL_FROM and PORTAL_MAIL_TO.")


def disk(settings: Settings, _session: Session) -> Finding:
    """Room for what comes."""
    file = settings.sqlite_file
    folder = next(path for path in (file or Path.cwd()).resolve().parents if path.exists())
    usage = shutil.disk_usage(folder)
    said = f"{usage.free // _MIB} MiB free at {folder}"
    if usage.free < _LEAST_FREE:
        return bad(f"only {said}. Make room: a full disk takes no concern.")
    return ok(said) if usage.free > usage.total // 10 else warn(f"only {said}, less than a tenth. Make room soon.")


def photos(settings: Settings, _session: Session) -> Finding:
    """The folder of photos is the server's own."""
    folder = settings.photos_dir
    if folder.exists() and folder.stat().st_mode & 0o077:
        return bad(f"others can look into {folder}. Run: chmod 700 {folder}")
    return ok("nobody else can look into their folder" if folder.exists() else "none yet")


def database_files(settings: Settings, _session: Session) -> Finding:
    """SQLite's files are the server's own."""
    file = settings.sqlite_file
    if file is None:
        return ok("they are PostgreSQL's to keep")
    if not file.exists():
        return bad(f"there is none at {file}. Make it with: flask --app wsgi init")
    beside = [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]
    loose = [path for path in beside if path.exists() and path.stat().st_mode & 0o077]
    if loose:
        return bad(f"others can read {loose[0]}. Run: chmod 600 {' '.join(map(str, loose))}")
    return ok("nobody else can read them")


def database(_settings: Settings, session: Session) -> Finding:
    """It loses nothing, and forgets what is deleted."""
    if session.get_bind().dialect.name == "postgresql":
        return _postgres(session)
    wrong = [name for name, value in _PRAGMAS.items()
             if str(session.scalar(text(f"PRAGMA {name}"))).lower() != value]
    if wrong:
        return bad(f"SQLite is not set as it must be: {', '.join(wrong)}. Only the portal may open it.")
    if astray := Counter(row[0] for row in session.execute(text("PRAGMA foreign_key_check"))):
        return bad("somebody has written into the database past the portal. Rows that refer to what is not there: "
                   + ", ".join(f"{number} of {table}" for table, number in sorted(astray.items())) + ".")
    return ok("SQLite syncs before it answers, and overwrites what is deleted")


def _postgres(session: Session) -> Finding:
    set_to = {name: session.scalar(text("SELECT current_setting(:name)"), {"name": name}) for name in _POSTGRES}
    off = [name for name, value in set_to.items() if value != "on"]
    if off:
        return bad(f"PostgreSQL can lose what it has answered for: {', '.join(off)} must be on.")
    if wrong := _what_is_wrong_with_the_role(session):
        return bad(wrong)
    if session.scalar(text("SELECT current_setting('wal_recycle')")) == "on":
        return warn("PostgreSQL's log keeps what was forgotten. Set wal_recycle = off (docs/backup.md).")
    return ok("PostgreSQL syncs before it answers, and the portal's role cannot change the trail")


def _what_is_wrong_with_the_role(session: Session) -> str:
    if session.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        return "the portal is PostgreSQL's superuser. Give it the role of deploy/postgres-roles.sql."
    if session.scalar(text("SELECT has_table_privilege('audit_entries', 'UPDATE')")):
        return "the portal owns its tables: it could change the trail. Give it the role of deploy/postgres-roles.sql."
    if out_of_reach := session.scalars(_OUT_OF_REACH).all():
        return (f"the portal may not read or add to {', '.join(out_of_reach)}: no backup can be made. Run "
                "deploy/postgres-roles.sql once more.")
    return "" if erasing.owner_writes_anew(session) else \
        "what is deleted stays in the tables' files. Run deploy/postgres-roles.sql once more."
