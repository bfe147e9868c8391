"""Every figure of coverage, topics and evidence, counted again here one session at a time."""

import random
from collections import Counter
from datetime import date, timedelta
from itertools import product

from sqlalchemy import select

from portal.areas import loading
from portal.areas.models import Area, Level
from portal.base.db import writing
from portal.outreach import commands, indicators
from portal.outreach.commands import Held
from portal.outreach.models import HEADS, Outreach
from portal.reports import periods
from portal.reports.coverage import Numbers, coverage
from portal.reports.coverage_evidence import activities, evidence
from portal.reports.coverage_topics import matrix
from tests.factories import area, viewer_of

TODAY = date(2026, 11, 24)
PLACES = ("98.01.01.1001.07", "98.01.01.1001.07.02", "98.01.01.1001.08", "98.01.01.1002.01", "98.01.02.1001.03",
          "npsn.90000001", "98.01.01.1001", "98.01.01", "98.02.01.1001.01")
TOPICS = ("mengenal", "hak_anak", "internet", "nikah_anak", "bantuan", "lainnya")


def hold(city, code, day, once, topics=("internet",), **heads):
    with writing(city.db):
        return commands.log_session(
            city.db, Held(area(city.db, code).id, day, topics, **(heads or {"women": 10})),
            by=viewer_of(city.db, city.siti), once=once, body="", today=day)


def five_years(city, seed=1, count=120):
    """Sessions of every kind over five years, also in an RT, a hall, and a neighbouring city."""
    chance = random.Random(seed)
    with writing(city.db):
        loading.load(city.db, ["code,level,name,parent", "98.01.01.1001.07.02,rt,RT 02,",
                               "98.01.02.1002,kelurahan,Jatisari,", "98.01.02.1002.01,rw,RW 01,"])
    siti = viewer_of(city.db, city.siti)
    ids = dict(city.db.execute(select(Area.code, Area.id)).all())
    with writing(city.db):
        for number in range(count):
            heads = {name: chance.randint(0, 40) for name in HEADS} | {"women": chance.randint(1, 40)}
            held = Held(ids[chance.choice(PLACES)], TODAY - timedelta(days=chance.randint(0, 1800)),
                        tuple(chance.sample(TOPICS, chance.randint(1, 3))), **heads)
            commands.log_session(city.db, held, by=siti, once=str(number), body="", today=TODAY)


def slow(city, path, first, after):
    """Sessions below a path between two days, one by one: (session, codes on the way, level of its place)."""
    city.db.rollback()
    for row, where, level in city.db.execute(select(Outreach, Area.path, Area.level)
                                             .join(Area, Area.id == Outreach.area_id)):
        if where.startswith(path) and first <= row.held_on < after:
            yield row, where.strip("/").split("/"), level


PERIODS = [
    periods.looking_back(TODAY, 6), periods.looking_back(TODAY, 60), periods.of_year(2025, TODAY),
    periods.Period(date(2024, 3, 1), date(2024, 3, 1), open=False),
    periods.Period(date(2022, 5, 1), date(2026, 11, 1), open=True),
]


def after(period):
    month = period.last
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)



# Figures against an independent count


def test_every_figure_of_coverage_is_what_counting_one_by_one_gives(any_city):
    five_years(any_city)
    viewer = viewer_of(any_city.db, any_city.lina)
    for code, period in product(("98.01", "98.01.01", "98.01.01.1001", "98.01.01.1001.07", "npsn.90000001"), PERIODS):
        seen = coverage(any_city.db, code, viewer=viewer, period=period)

        rows = list(slow(any_city, area(any_city.db, code).path, period.first, after(period)))
        expected = [len(rows), sum(row.attendance for row, _, _ in rows),
                    *(sum(getattr(row, name) for row, _, _ in rows) for name in HEADS)]
        assert [getattr(seen.area.numbers, name) for name in ("sessions", "attendance", *HEADS)] == expected
        level_of = dict(any_city.db.execute(select(Area.code, Area.level)).all())
        times = Counter(step for _, steps, _ in rows for step in steps)
        for level, reached in ((Level.RW, seen.area.rw), (Level.SCHOOL, seen.area.schools),
                               (Level.KELURAHAN, seen.area.kelurahan)):
            here = [n for step, n in times.items() if level_of[step] == level]
            under = [place for place in any_city.db.scalars(select(Area).where(Area.level == level))
                     if place.path.startswith(area(any_city.db, code).path)]
            wanted = (len(under), 0, 0) if not under else (len(under), len(here), sum(n > 1 for n in here))
            if level == Level.KELURAHAN and seen.level not in {"city", "kecamatan", "kelurahan"}:
                continue
            assert (reached.of, reached.reached, reached.again) == wanted, (code, level, period)
        assert seen.elsewhere == sum(not {"rw", "school"} & {level_of[step] for step in steps}
                                     for _, steps, _ in rows)


def test_the_last_day_ever_is_told_whatever_the_period(any_city):
    hold(any_city, "98.01.01.1001.07", date(2026, 11, 2), "new")
    hold(any_city, "98.01.01.1001.07", date(2024, 3, 5), "old")

    seen = coverage(any_city.db, "98.01.01.1001", viewer=viewer_of(any_city.db, any_city.lina),
                    period=periods.Period(date(2024, 3, 1), date(2024, 4, 1), open=False))

    rw = {place.name: place for place in seen.places}
    assert (rw["RW 07"].numbers.sessions, rw["RW 07"].last, rw["RW 07"].now) == (1, date(2026, 11, 2), True)
    assert (rw["RW 08"].numbers, rw["RW 08"].last) == (Numbers(), None)


def test_every_cell_of_the_matrix_is_what_counting_one_by_one_gives(any_city):
    five_years(any_city, seed=2)
    viewer = viewer_of(any_city.db, any_city.lina)
    for code, period in product(("98.01", "98.01.01", "98.01.01.1001"), PERIODS):
        seen = matrix(any_city.db, code, viewer=viewer, period=period)

        rows = list(slow(any_city, area(any_city.db, code).path, period.first, after(period)))
        for line in (seen.total, *seen.lines):
            within = [row for row, steps, _ in rows if line.code in steps]
            assert line.sessions == len(within)
            assert {topic: n for topic, n in line.by_topic.items() if n} == \
                dict(Counter(topic.topic for row in within for topic in row.topics))


def test_every_figure_of_the_evidence_is_what_counting_one_by_one_gives(any_city):
    five_years(any_city, seed=3)
    viewer = viewer_of(any_city.db, any_city.lina)
    level_of = dict(any_city.db.execute(select(Area.code, Area.level)).all())
    for code, year in (("98.01", 2024), ("98.01", 2025), ("98.01.01", 2025), ("98.01.01.1001", 2023)):
        for one in indicators.indicators().values():
            period = periods.of_year(year, TODAY)
            seen = evidence(any_city.db, code, one, viewer=viewer, period=period)
            held = activities(any_city.db, code, one, viewer=viewer, period=period)

            rows = [(row, steps) for row, steps, _ in slow(any_city, area(any_city.db, code).path, period.first,
                                                           after(period))
                    if {topic.topic for topic in row.topics} & one.topics
                    and (one.host is None or one.host in {level_of[step] for step in steps})]
            assert seen.whole.numbers.sessions == len(held) == len(rows)
            for name in HEADS:
                assert getattr(seen.whole.numbers, name) == sum(getattr(row, name) for row, _ in rows)
                assert sum(getattr(activity.numbers, name) for activity in held) == getattr(seen.whole.numbers, name)
            for part in seen.parts:
                assert part.numbers.attendance == sum(row.attendance for row, steps in rows if part.code in steps)
            assert {month: n.sessions for month, n in seen.months if n.sessions} == \
                dict(Counter(row.held_on.replace(day=1) for row, _ in rows))
            schools = {step for _, steps in rows for step in steps if level_of[step] == "school"}
            assert seen.whole.schools.reached == (0 if one.host == "rw" else len(schools))
