"""A city in which something of every kind is over its time and something is not, and what of it is found later."""

import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, func, select, text, update

from portal.accounts import changes
from portal.accounts.models import Account, FailedTry, KeyGrant
from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import now, telling, today
from portal.base.db import Base, engine_for, new_id, writing
from portal.casework import holds
from portal.flags.models import ContentKey, Flag
from portal.outreach import commands as outreach
from portal.outreach.models import Outreach, OutreachPhoto
from tests.casework.at_work import does
from tests.factories import a_flag, area, invited_to, viewer_of
from tests.followup.at_desk import Officer
from tests.support import canary
from tests.upkeep.at_forgetting import an_old_concern

KINDS = ("concerns", "sessions", "photos", "accounts", "forms")
GROWING = {"audit_entries", "audit_links", "audit_checks", "done_once"}
"""Tables to which a purge adds rows of its own."""
LONG_AGO, NOT_SO_LONG_AGO = timedelta(days=5 * 366 + 2), timedelta(days=3 * 365)
A_DAY = 24 * 60 * 60

Thing = tuple[str, object]
"""Something that goes as a whole: its kind and its key. `("", "")` is all that is not over its time."""
KEPT: Thing = ("", "")
Held = dict[Thing, dict[tuple[str, ...], str]]
"""Every row of the database by the thing to which it belongs, under its table and key."""


@dataclass
class Overdue:
    """What is over its time, and everything as it was before."""

    due: set[Thing] = field(default_factory=set)
    codes: dict[str, UUID] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """What was typed into concerns: it must stand in clear nowhere, at no time."""
    names: list[bytes] = field(default_factory=list)
    """What stands in clear: names, and what lies in a photo's file."""
    sealed: list[bytes] = field(default_factory=list)
    wraps: list[bytes] = field(default_factory=list)
    before: Held = field(default_factory=dict)
    began: float = field(default_factory=time.time)

    def thing_of(self, table: Table, row: Row[Any]) -> Thing:
        """To what a row belongs."""
        values = dict(row._mapping)
        for kind, key in (
            ("concerns", values["id"] if table.name == "flags" else values.get("flag_id")),
            ("concerns", self.codes.get(values.get("outcome", ""))),
            ("photos", values["id"] if table.name == "outreach_photos" else None),
            ("sessions", values["id"] if table.name == "outreach" else values.get("outreach_id")),
            ("accounts", values["id"] if table.name == "accounts" else values.get("account_id")),
            ("forms", values.get("mark")), ("traces", values.get("tag")),
        ):
            if (kind, key) in self.due:
                return kind, key
        return KEPT

    def held(self, city: SimpleNamespace) -> Held:
        """Every row as it is now."""
        found: Held = defaultdict(dict)
        engine = engine_for(city.url)
        with engine.connect() as db:
            for table in Base.metadata.sorted_tables:
                for row in db.execute(select(table)):
                    key = (table.name, *(str(row._mapping[column.name]) for column in table.primary_key))
                    found[self.thing_of(table, row)][key] = str(row)
        engine.dispose()
        return found


def make(city: SimpleNamespace, photos: Path, *, bulk: int) -> Overdue:
    """Fill the city. `bulk` concerns more are over their time, so that forgetting takes several transactions."""
    world = Overdue(texts={f"story {number}": canary.marker() for number in range(3)})
    concerns = [an_old_concern(city, story=text + "x" * 3000) for text in world.texts.values()]
    concerns += _many_old_concerns(city, bulk)
    kept = an_old_concern(city)
    does(Officer(city, city.ratna), holds.place, kept, "court", "")
    an_old_concern(city, before=NOT_SO_LONG_AGO)
    with writing(city.db):
        for number in range(5):
            a_flag(city.db, city.settings, city.budi, story=f"muda {number}")
    world.due |= {("concerns", one) for one in concerns}
    world.codes = {code: key for key, code in city.db.execute(select(Flag.id, Flag.code)) if key in concerns}
    _sessions_and_photos(city, world, photos)
    world.due |= {("accounts", _old_account(city, world, number)) for number in range(2)}
    _forms_and_traces(city, world)
    _secrets(city, world)
    world.before = world.held(city)
    city.db.rollback()
    city.db.get_bind().dispose()
    city.app.extensions["engine"].dispose()
    return world


def faults(city: SimpleNamespace, world: Overdue, after: Held, photos: Path) -> list[str]:
    """What is wrong in the middle: something changed that was not over its time, something went by half, the trail
    does not say how much went, or a photo has no file. `after` is how a purge that nobody ended leaves it."""
    there = world.held(city)
    found = [f"{key[0]} is gone or changed" for key, row in world.before[KEPT].items() if there[KEPT].get(key) != row]
    more = there[KEPT].keys() - world.before[KEPT].keys()
    found += [f"{key[0]} has a row more" for key in more if key[0] not in GROWING]
    gone = defaultdict(int)
    for thing in world.due:
        gone[thing[0]] += there.get(thing) != world.before[thing]
        if there.get(thing) not in (world.before[thing], after.get(thing)):
            found.append(f"{thing[0]}: one by half")
    for kind, said in _said(city).items():
        if said != gone[kind]:
            found.append(f"the trail says {said} {kind}, and {gone[kind]} are gone")
    for key in [*there[KEPT], *(key for thing in there if thing[0] == "photos" for key in there[thing])]:
        if key[0] == "outreach_photos" and not (photos / f"{key[1]}.jpg").exists():
            found.append("a photo has no file")
    return found


def left(city: SimpleNamespace, world: Overdue, *folders: Path) -> int:
    """How many pieces of what was over its time still stand in a file: of the database, or in these folders."""
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    if city.url.startswith("sqlite"):
        return pieces_in(files + canary.database_files(city.url), world.names + world.wraps + world.sealed)
    written = [file for file in files_of_database(city) if _written_at(file) >= world.began - 1]
    return pieces_in(files + written, world.names + world.wraps)


def pieces_in(files: list[Path], secrets: list[bytes]) -> int:
    """How many pieces of 16 bytes of the secrets stand in these files. Only every eighth place of a file is looked
    at, for every piece there is: what is 23 bytes long is found wherever it stands."""
    pieces = {secret[first:first + 16] for secret in secrets for first in range(len(secret) - 15)}
    data = b"\0".join(map(_read, files))
    return sum(data[at:at + 16] in pieces for at in range(0, len(data), 8))


def _read(file: Path) -> bytes:
    """What a file holds: nothing, where the server has taken it away meanwhile."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0


def files_of_database(city: SimpleNamespace) -> list[Path]:
    """The files in which PostgreSQL has this database, as they are on the disk after a checkpoint."""
    city.db.rollback()
    number = city.db.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return [file for file in files_of_server(city) if file.parent.name == str(number)]


def files_of_server(city: SimpleNamespace) -> list[Path]:
    """Every file of the PostgreSQL server after a checkpoint: of all databases, its log (`pg_wal`), and the rest."""
    city.db.rollback()
    city.db.execute(text("CHECKPOINT"))
    folder = Path(city.db.scalar(text("SELECT current_setting('data_directory')")))
    city.db.rollback()
    city.db.get_bind().dispose()
    return [file for file in sorted(folder.rglob("*")) if file.is_file()]


def _many_old_concerns(city: SimpleNamespace, number: int) -> list[UUID]:
    with telling(now() - LONG_AGO), writing(city.db):
        ids = [a_flag(city.db, city.settings, city.siti, story="x" * 40).id for _ in range(number)]
        city.db.execute(update(Flag).where(Flag.id.in_(ids)).values(
            status="closed", read_at=now(), closed_at=now(), sealed_closing=b"x"))
    city.db.expunge_all()
    return ids


def _sessions_and_photos(city: SimpleNamespace, world: Overdue, photos: Path) -> None:
    """Old ones with names in clear and what they said before; some whose photos alone are over their time."""
    photos.mkdir(exist_ok=True)
    day, names, db = today(city.settings.timezone), canary.Family(), city.db
    for number, ago in enumerate((LONG_AGO, LONG_AGO, NOT_SO_LONG_AGO, NOT_SO_LONG_AGO, timedelta(days=1))):
        speaker, before = names.marker(), names.marker()
        held = {"area_id": area(city.db, "98.01.01.1001.07").id, "held_on": day - ago, "topics": ("internet",),
                "women": 12 + number}
        with telling(now() - ago):
            then, by = today(city.settings.timezone), viewer_of(city.db, city.siti)
            with writing(db):
                key = outreach.log_session(db, outreach.Held(**held, speaker=before), by=by, once=f"s {number}",
                                           body="", today=then)
            with writing(db):
                outreach.correct_session(db, db.get_one(Outreach, key), outreach.Held(**held, speaker=speaker), by=by,
                                         version=1, today=then, once=f"c {number}", body="")
        with writing(db):
            photo = OutreachPhoto(id=new_id(), outreach_id=key, added_on=then, width=1, height=1, bytes=1)
            db.add(photo)
        picture = os.urandom(64)
        file = photos / f"{photo.id}.jpg"
        file.write_bytes(picture)
        os.utime(file, (time.time() - 2 * A_DAY,) * 2)
        if ago >= LONG_AGO:
            world.due.add(("sessions", key))
            world.names += [speaker.encode(), before.encode()]
        if ago >= NOT_SO_LONG_AGO:
            world.due.add(("photos", photo.id))
            world.names.append(picture)


def _old_account(city: SimpleNamespace, world: Overdue, number: int) -> UUID:
    name = canary.marker()
    with telling(now() - LONG_AGO):
        invited_to(city, name, phone=f"0812 0000 77{number:02}")
        with writing(city.db):
            account = city.db.scalars(select(Account).where(Account.name == name)).one()
            city.db.add(KeyGrant(key_id=city.db.scalar(select(ContentKey.key_id)), account_id=account.id,
                                 wrapped_private=os.urandom(80), granted_at=now()))
            changes.switch(city.db, account, on=False, by=viewer_of(city.db, city.agus))
    world.names += [name.encode(), bytes(account.phone_tag)]
    world.sealed.append(bytes(account.sealed_phone))
    return account.id


def _forms_and_traces(city: SimpleNamespace, world: Overdue) -> None:
    with writing(city.db):
        for number in range(4):
            long_ago = timedelta(days=365 * (number % 2))
            mark = DoneOnce(mark=os.urandom(32), digest=bytes(32), done_on=(now() - long_ago).date(), outcome="")
            tried = FailedTry(tag=os.urandom(32), count=1, last_at=now() - long_ago)
            city.db.add_all([mark, tried])
            if long_ago:
                world.due |= {("forms", mark.mark), ("traces", tried.tag)}
        old = (now() - timedelta(days=100)).date()
        world.due |= {("forms", mark) for mark in city.db.scalars(select(DoneOnce.mark).where(
            DoneOnce.done_on < old, DoneOnce.outcome.not_in(world.codes)))}


def _secrets(city: SimpleNamespace, world: Overdue) -> None:
    concerns = [key for kind, key in world.due if kind == "concerns"]
    for flag in city.db.scalars(select(Flag).where(Flag.id.in_(concerns))):
        world.sealed += [bytes(flag.sealed_answers), bytes(flag.sealed_story), bytes(flag.sealed_identity)]
    wraps = select(ContentKey.wrapped).where(ContentKey.flag_id.in_(concerns))
    grants = select(KeyGrant.wrapped_private).where(KeyGrant.account_id.in_(
        [key for kind, key in world.due if kind == "accounts"]))
    world.wraps += [bytes(wrap) for query in (wraps, grants) for wrap in city.db.scalars(query)]


def _said(city: SimpleNamespace) -> dict[str, int]:
    """How much of each kind the trail says is gone."""
    engine = engine_for(city.url)
    with engine.connect() as db:
        said = {kind: db.scalar(select(func.coalesce(func.sum(AuditEntry.amount), 0)).where(
            AuditEntry.action == f"purge.{kind}")) for kind in KINDS}
    engine.dispose()
    return said
