"""How long does a page of coverage take, and does it grow with the sessions?

    python benchmarks/coverage.py [--years 5] [--times 1 10] [--url postgresql://…]

Makes a city of 1,020 RW and 1,460 schools with two sessions a year in each RW and one in each school (`--times`
multiplies that), then asks for each page as the leadership does: CPU of the whole request, database and template
together, in one process, the median of nine. Everything stands in a temporary database and is thrown away.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

from alembic import command
from flask import Flask
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from portal.accounts import commands as accounts
from portal.accounts.roles import Role
from portal.app import create_app
from portal.areas import loading
from portal.areas.models import Area, Level
from portal.base.clock import now
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys, Settings
from portal.cli.database import alembic_config
from portal.outreach import codes, totals
from portal.outreach.models import HEADS, Outreach, OutreachTopic

RW, SCHOOLS, KECAMATAN, KELURAHAN = 1020, 1460, 12, 56
PAGES = ("/cakupan", "/cakupan?bulan=60", "/cakupan?lihat=cetak&bulan=60", "/cakupan/topik?bulan=60",
         "/cakupan/daftar", "/cakupan/bukti?indikator=21", "/cakupan?w=97.01.01.1001&bulan=60")
ROUNDS = 9


def city() -> Iterator[str]:
    """The lines of an area file with as many places as Kota Bekasi has, all invented."""
    yield from ("code,level,name,parent", "97,province,Provinsi,", "97.01,city,Kota,")
    kelurahan = []
    for number in range(KECAMATAN):
        yield f"97.01.{number + 1:02},kecamatan,Kecamatan {number + 1},"
    for number in range(KELURAHAN):
        kelurahan.append(f"97.01.{number % KECAMATAN + 1:02}.{1001 + number // KECAMATAN}")
        yield f"{kelurahan[-1]},kelurahan,Kelurahan {number + 1},"
    for number in range(RW):
        yield f"{kelurahan[number % KELURAHAN]}.{number // KELURAHAN + 1:02},rw,RW {number // KELURAHAN + 1:02},"
    for number in range(SCHOOLS):
        yield f"npsn.{70000000 + number},school,Sekolah {number + 1},{kelurahan[number % KELURAHAN]}"


def hold(session: Session, by: object, years: int, times: int) -> int:
    """Sessions in bulk, as an import makes them; returns how many."""
    chance, today = random.Random(7), date.today()
    hosts = session.execute(select(Area.id, Area.level).where(Area.level.in_([Level.RW, Level.SCHOOL]))).all()
    topics = [code for code in codes.topics() if code != codes.OTHER]
    rows, spoken = [], []
    for host in hosts:
        for _ in range((2 if host.level == Level.RW else 1) * years * times):
            day = today - timedelta(days=chance.randrange(years * 365))
            heads = {name: chance.randrange(1, 30) for name in HEADS}
            rows.append({"id": uuid4(), "area_id": host.id, "held_on": day, "logged_by_id": by, "logged_on": day,
                         "version": 1, "audiences": [], "note": "", **heads})
            spoken += [{"outreach_id": rows[-1]["id"], "topic": topic, "area_id": host.id}
                       for topic in chance.sample(topics, chance.choice((1, 1, 2)))]
    session.execute(insert(Outreach), rows)
    session.execute(insert(OutreachTopic), spoken)
    totals.rebuild(session)
    return len(rows)


def measured(app: Flask, token: str) -> None:
    """Print a line for each page."""
    client, statements = app.test_client(), []
    with client.session_transaction() as cookie:
        cookie.update(_user_id=token, began=int(now().timestamp()), seen=int(now().timestamp()))
    event.listen(app.extensions["engine"], "before_cursor_execute", lambda *given: statements.append(given[2]))
    for path in PAGES:
        spent = []
        for _ in range(ROUNDS):
            statements.clear()
            before = time.process_time()
            answer = client.get(path)
            spent.append((time.process_time() - before) * 1000)
            assert answer.status_code == 203, (path, answer.status_code)
        print(f"  {path:36} {statistics.median(spent):7.1f} ms  {len(statements):3} queries "
              f"{len(answer.data) / 1000:7.1f} kB")


def run(url: str, years: int, times: int) -> None:
    """One city of one size, from making it to measuring it."""
    settings = Settings(database_url=url, keys=ServerKeys.fresh(), office_phone="1", secure_cookies=False,
                        passphrase_memory_kib=8)
    engine = engine_for(url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    with session_for(engine) as session:
        with writing(session):
            loading.load(session, city())
            session.flush()
            place = session.scalars(select(Area).where(Area.level == Level.CITY)).one()
            leader = accounts.add_account(session, settings, accounts.NewAccount(
                Role.LEADERSHIP, "Pimpinan", "sawah hujan lampu meja", sign_in_name="lead", area_id=place.id,
                totp_secret="JBSWY3DPEHPK3PXP"), by=None)
            count = hold(session, leader.id, years, times)
        with writing(session):
            token, _ = accounts.open_sign_in(session, leader.id, hours=8, staff_private=None)
        before = time.perf_counter()
        wrong = totals.differences(session)
        print(f"{count:,} sessions; totals {'are equal' if not wrong else f'DIFFER: {wrong[:3]}'} "
              f"to a count of every session ({time.perf_counter() - before:.1f} s)")
    measured(create_app(settings), token)
    engine.dispose()


def main() -> None:
    """Each size in a database of its own; on another server the database named is used once, for the first size."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--years", type=int, default=5)
    words.add_argument("--times", type=int, nargs="+", default=[1, 10])
    words.add_argument("--url", default="", help="an empty database of its own; the default is SQLite")
    asked = words.parse_args()
    os.environ.pop("FLASK_RUN_FROM_CLI", None)
    for times in asked.times[:1] if asked.url else asked.times:
        with tempfile.TemporaryDirectory() as folder:
            run(asked.url or f"sqlite:///{Path(folder) / 'city.sqlite'}", asked.years, times)


if __name__ == "__main__":
    main()
