"""Reading the tree: what lies under a place, where a place lies, and how it is called."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from portal.areas import queries
from portal.areas.loading import load
from portal.areas.models import Area, Level
from portal.areas.queries import Place
from portal.base.errors import NotVisible

# Noise on purpose: 11.1 and 11.10 begin alike, as do the two kelurahan, and another city has an RW 01 too.
TWO_CITIES = """\
code,level,name,parent
11,province,Provinsi Uji,
11.1,city,Kota Uji,
11.10,city,Kota Sebelah,
11.1.01,kecamatan,Utara,
11.10.01,kecamatan,Selatan,
11.1.01.1001,kelurahan,Mawar,
11.1.01.10010,kelurahan,Anggrek,
11.10.01.1001,kelurahan,Mawar,
11.1.01.1001.01,rw,RW 1,
11.1.01.1001.02,rw,RW 2,
11.1.01.1001.10,rw,RW 10,
11.1.01.1001.01.001,rt,RT 001,
11.1.01.10010.01,rw,RW 1,
11.10.01.1001.01,rw,RW 1,
npsn.91000001,school,SDN Contoh Mawar 2,11.1.01.1001
npsn.91000002,school,SDN Contoh Mawar 10,11.1.01.1001
npsn.91000003,school,SDN Contoh Mawar 1,11.1.01.1001
"""


@pytest.fixture
def db(city):
    """A session on SQLite, with two more cities beside the ones that every test has."""
    return with_two_cities(city)


@pytest.fixture
def each_db(any_city):
    """The same on each database in turn, where it is the database that decides."""
    return with_two_cities(any_city)


def with_two_cities(city) -> Session:
    load(city.db, TWO_CITIES.splitlines())
    city.db.commit()
    return city.db


def codes_below(db, path: str) -> list[str]:
    return list(db.scalars(select(Area.code).where(queries.below(path)).order_by(Area.path)))


@contextmanager
def asked_of(db) -> Iterator[list[str]]:
    """The statements that reach the database inside the block."""
    asked: list[str] = []

    def note(*told):
        asked.append(told[2])

    event.listen(db.get_bind(), "before_cursor_execute", note)
    yield asked
    event.remove(db.get_bind(), "before_cursor_execute", note)


def test_below_is_the_place_and_everything_under_it_and_no_neighbour_with_a_like_code(each_db):
    mawar = queries.by_code(each_db, "11.1.01.1001")

    assert codes_below(each_db, mawar.path) == [
        "11.1.01.1001", "11.1.01.1001.01", "11.1.01.1001.01.001", "11.1.01.1001.02", "11.1.01.1001.10",
        "npsn.91000001", "npsn.91000002", "npsn.91000003"]


def test_below_a_city_is_not_below_the_city_whose_code_begins_alike(each_db):
    city = queries.by_code(each_db, "11.1")

    assert not any(code.startswith("11.10") for code in codes_below(each_db, city.path))
    assert len(codes_below(each_db, city.path)) == 12


def test_below_the_root_is_everything_and_below_no_place_is_nothing(each_db):
    assert len(codes_below(each_db, "/")) == each_db.scalar(select(func.count()).select_from(Area))
    assert len(codes_below(each_db, "/11/")) == 17
    assert codes_below(each_db, "") == []


def test_below_is_a_range_of_the_index(each_db):
    engine = each_db.get_bind()
    query = select(Area.id).where(queries.below("/11/11.1/"))
    sql = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    if engine.dialect.name == "sqlite":
        told, expected = f"EXPLAIN QUERY PLAN {sql}", "(path>? AND path<?)"
    else:
        each_db.execute(text("SET LOCAL enable_seqscan = off"))  # a small table is read whole otherwise
        told, expected = f"EXPLAIN {sql}", "Index Cond: (((path)::text >= "

    plan = each_db.connection().exec_driver_sql(told).all()

    assert expected in " ".join(row[-1] for row in plan)


@pytest.mark.postgres
def test_paths_are_compared_by_their_bytes_whatever_the_databases_own_order(postgres_city):
    collation = postgres_city.db.scalar(text("SELECT collation_name FROM information_schema.columns "
                                             "WHERE table_name = 'areas' AND column_name = 'path'"))

    assert collation == "C"


def test_an_area_is_found_by_its_key_and_an_absent_one_is_not_visible(db):
    mawar = queries.by_code(db, "11.1.01.1001")

    assert queries.get_area(db, mawar.id).name == "Mawar"
    with pytest.raises(NotVisible):
        queries.get_area(db, mawar.id + 1000)


def test_an_unknown_code_is_nobodys(db):
    assert queries.by_code(db, "11.1.01.9999") is None


def test_children_come_in_the_order_in_which_people_count(each_db):
    mawar = queries.by_code(each_db, "11.1.01.1001")

    rows = queries.children_of(each_db, mawar, Level.RW)
    schools = queries.children_of(each_db, mawar, Level.SCHOOL)

    assert [row.name for row in rows] == ["RW 1", "RW 2", "RW 10"]
    assert [row.code for row in schools] == ["npsn.91000003", "npsn.91000001", "npsn.91000002"]


def test_children_are_found_any_number_of_levels_down_and_include_the_place_itself(db):
    city = queries.by_code(db, "11.1")
    mawar = queries.by_code(db, "11.1.01.1001")

    assert [row.name for row in queries.children_of(db, city, Level.KELURAHAN)] == ["Anggrek", "Mawar"]
    assert [row.code for row in queries.children_of(db, mawar, Level.KELURAHAN)] == ["11.1.01.1001"]
    assert queries.children_of(db, mawar, Level.CITY) == []


def test_ancestors_come_from_the_top_down_in_one_query(db):
    neighbourhood = queries.by_code(db, "11.1.01.1001.01.001")

    with asked_of(db) as asked:
        above = queries.ancestors(db, neighbourhood)

    assert [row.code for row in above] == ["11", "11.1", "11.1.01", "11.1.01.1001", "11.1.01.1001.01"]
    assert len(asked) == 1
    assert queries.ancestors(db, queries.by_code(db, "11")) == []


@pytest.mark.parametrize(
    ("code", "kelurahan", "in_city"),
    [
        ("11.1.01.1001.01.001", "11.1.01.1001", "11.1"),
        ("11.10.01.1001.01", "11.10.01.1001", "11.10"),
        ("npsn.91000001", "11.1.01.1001", "11.1"),
        ("11.1.01.1001", "11.1.01.1001", "11.1"),
        ("11.1.01", None, "11.1"),
        ("11.1", None, "11.1"),
        ("11", None, None),
    ],
)
def test_the_kelurahan_and_the_city_of_a_place(db, code, kelurahan, in_city):
    area = queries.by_code(db, code)

    assert getattr(queries.kelurahan_of(db, area), "code", None) == kelurahan
    assert getattr(queries.city_of(db, area), "code", None) == in_city


def test_a_row_of_a_list_can_be_asked_about_like_the_area_itself(db):
    row = queries.children_of(db, queries.by_code(db, "11.1"), Level.RT)[0]

    assert queries.kelurahan_of(db, row).name == "Mawar"
    assert queries.full_name(db, row).kecamatan_name == "Utara"


@pytest.mark.parametrize(
    ("code", "name", "kelurahan", "kecamatan"),
    [
        ("11.1.01.1001.01.001", "RT 001", "Mawar", "Utara"),
        ("11.1.01.10010.01", "RW 1", "Anggrek", "Utara"),
        ("11.10.01.1001.01", "RW 1", "Mawar", "Selatan"),
        ("npsn.91000003", "SDN Contoh Mawar 1", "Mawar", "Utara"),
        ("11.1.01.1001", "Mawar", "Mawar", "Utara"),
        ("11.1.01", "Utara", "", "Utara"),
        ("11.1", "Kota Uji", "", ""),
        ("11", "Provinsi Uji", "", ""),
    ],
)
def test_the_parts_of_a_full_name(db, code, name, kelurahan, kecamatan):
    area = queries.by_code(db, code)

    place = queries.full_name(db, area)

    assert place == Place(area.id, code, area.level, name, kelurahan, kecamatan)


def test_many_full_names_cost_one_query(each_db):
    ids = list(each_db.scalars(select(Area.id).where(Area.level == Level.RW)))

    with asked_of(each_db) as asked:
        places = queries.full_names(each_db, [*ids, *ids, max(ids) + 1000])

    assert places.keys() == set(ids)
    assert len(asked) == 1
    assert queries.full_names(each_db, []) == {}
