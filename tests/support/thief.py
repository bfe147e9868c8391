"""Somebody who has the database alone, and asks in what order its rows were written: who was at her phone then?"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pyotp
from sqlalchemy import Table, inspect, literal_column, select, text

from portal.accounts.models import Account, SignIn
from portal.audit.models import DoneOnce
from portal.base.clock import now
from portal.flags.models import Flag
from portal.outreach.models import Outreach
from tests.support.pages import Browser
from tests.support.phone import phone_of
from tests.support.writings import CONCERN

CADRES = ("siti", "budi", "guru")
STAFF = ("rina", "dewi", "ratna")


def an_afternoon(city, chance: Random, besides: Collection[str] = ()) -> dict[str, str]:
    """Cadres sign in, log a session, say that somebody came forward and pass a concern on; officers sign in between.
    Gives who sent which code (but those that are there already): nobody may find that out."""
    coming, sent = [*CADRES, *STAFF], {}
    days = len(besides) // len(CADRES)  # a day of its own for each afternoon: she is asked nothing more
    held = (now() - timedelta(days=days)).date().isoformat()
    chance.shuffle(coming)
    phones = {name: phone_of(city, getattr(city, name)) for name in CADRES}
    for name in coming:
        browser, person = Browser(city.app.test_client()), getattr(city, name)
        if name in STAFF:
            browser.get("/masuk/petugas").form("/masuk/petugas").fill(
                name=person.sign_in_name, passphrase=person.secret, code=pyotp.TOTP(person.totp).at(now())).submit()
            continue
        phones[name].sign_in(browser, person.secret)
        logged = browser.get("/s/baru").form("/s/baru").fill(
            topics=["internet"], women="12", when="other", held_on=held).submit()
        logged.form("/s/jawab").submit("yes")
        browser.get("/k/baru").form("/k/baru").fill(**CONCERN).submit("send")
        city.db.rollback()
        (code,) = set(city.db.scalars(select(Flag.code))) - sent.keys() - set(besides)
        sent[code] = person.name
    city.db.rollback()
    return sent


def as_they_lie(city, table: Table) -> list[tuple]:
    """The keys of a table's rows, in the order in which the files have them."""
    city.db.rollback()
    keys = list(table.primary_key)
    if city.url.startswith("postgresql"):
        found = city.db.execute(select(*keys).order_by(literal_column("ctid"))).all()
    elif table.name in row_numbers(city):
        found = city.db.execute(select(*keys).order_by(literal_column("rowid"))).all()
    else:
        found = _by_place(city, table, [tuple(row) for row in city.db.execute(select(*keys))])
    city.db.rollback()
    return [tuple(row) for row in found]


def by_key(city, table: Table) -> list[tuple]:
    """The same keys in the order that they themselves have."""
    city.db.rollback()
    found = [tuple(row) for row in city.db.execute(select(*table.primary_key).order_by(*table.primary_key))]
    city.db.rollback()
    return found


def guesses_by_forms(city, lying: list[tuple]) -> dict[str, str]:
    """Whom the thief takes for a concern's sender: in the order of used forms, whoever logged the session before."""
    outcomes = dict(city.db.execute(select(DoneOnce.mark, DoneOnce.outcome)).all())
    codes = set(city.db.scalars(select(Flag.code)))
    logged = {str(session): name for session, name in city.db.execute(
        select(Outreach.id, Account.name).join(Account, Account.id == Outreach.logged_by_id))}
    city.db.rollback()
    last, guessed = "", {}
    for (mark,) in lying:
        last = logged.get(outcomes[mark], last)
        if outcomes[mark] in codes:
            guessed[outcomes[mark]] = last
    return guessed


def guesses_by_transactions(city) -> dict[str, str]:
    """Whom she takes for it on PostgreSQL: whoever's sign-in or session was written next to a concern. Where several
    people lie equally near, she can say nothing."""
    near = [(int(x), name) for table, account in ((SignIn, SignIn.account_id), (Outreach, Outreach.logged_by_id))
            for x, name in city.db.execute(select(text(f"{table.__tablename__}.xmin::text"), Account.name)
                                           .select_from(table).join(Account, Account.id == account))]
    concerns = [(int(x), code) for x, code in city.db.execute(select(text("flags.xmin::text"), Flag.code))]
    city.db.rollback()
    guessed = {}
    for at, code in concerns:
        nearest = min(abs(at - x) for x, _name in near)
        if len(names := {name for x, name in near if abs(at - x) == nearest}) == 1:
            guessed[code] = names.pop()
    return guessed


def transactions(city, table: Table) -> set[tuple[str, str]]:
    """Which transactions wrote a table's rows, and locked them last."""
    city.db.rollback()
    found = {tuple(row) for row in city.db.execute(
        text(f"SELECT DISTINCT xmin::text, xmax::text FROM {table.name}"))}  # noqa: S608 - only our own names
    city.db.rollback()
    return found


def row_numbers(city) -> set[str]:
    """The SQLite tables whose rows have a hidden number, in the order in which they came."""
    with closing(sqlite3.connect(_file(city))) as file:
        numbered = set()
        for table in inspect(city.db.connection()).get_table_names():
            try:
                file.execute(f"SELECT rowid FROM {table}")  # noqa: S608
                numbered.add(table)
            except sqlite3.OperationalError:
                continue
    city.db.rollback()
    return numbered


def _file(city) -> Path:
    return Path(city.url.removeprefix("sqlite:///"))


def _by_place(city, table: Table, keys: list[tuple]) -> list[tuple]:
    """In a page the first row lies last. Only for a table that has no more than one page."""
    with closing(sqlite3.connect(_file(city))) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table.name,)).fetchone()
        (size,) = file.execute("PRAGMA page_size").fetchone()
    page = _file(city).read_bytes()[(root - 1) * size:root * size]
    assert page[0] == 10, f"{table.name} has more than one page"  # a leaf
    places = {key: page.find(b"".join(map(_spelled, key))) for key in keys}
    assert -1 not in places.values(), table.name
    return sorted(keys, key=lambda key: -places[key])


def _spelled(part: object) -> bytes:
    match part:
        case bytes():
            return part
        case UUID():
            return part.hex.encode()
        case _:
            return str(part).encode()
