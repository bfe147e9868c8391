"""Loading a city's areas: forgiving about how Excel writes a file, strict about what stands in it."""

import time
from importlib.resources import files

import pytest
from sqlalchemy import event, func, select

from portal.areas.loading import BadRows, Loaded, load
from portal.areas.models import Area, Level
from portal.areas.queries import below

CITY = """\
code,level,name,parent
11,province,Provinsi Uji,
11.01,city,Kota Uji,
11.01.01,kecamatan,Utara,
11.01.02,kecamatan,Selatan,
11.01.01.1001,kelurahan,Mawar,
11.01.01.1002,kelurahan,Melati,
11.01.01.1001.01,rw,RW 01,
11.01.01.1001.01.001,rt,RT 001,
npsn.91000001,school,SDN Contoh Mawar 1,11.01.01.1001
"""


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def shipped(name: str) -> list[str]:
    return lines((files("portal.areas") / "data" / name).read_text(encoding="utf-8"))


def name_of(db, code: str) -> str:
    return db.scalar(select(Area.name).where(Area.code == code))


def paths(db) -> dict[str, str]:
    return dict(db.execute(select(Area.code, Area.path)).all())


def faults_of(db, *rows: str) -> list[tuple[int, str]]:
    """What is said about `rows`, which stand from line 2 on, when the test city is loaded already."""
    load(db, lines(CITY))
    with pytest.raises(BadRows) as refused:
        load(db, ["code,level,name,parent", *rows])
    return refused.value.rows


def test_a_city_is_loaded_with_paths_that_spell_the_way_down(db):
    loaded = load(db, lines(CITY))

    assert loaded == Loaded(added=9, changed=0, unchanged=0)
    assert paths(db)["11"] == "/11/"
    assert paths(db)["11.01.01.1001.01.001"] == (
        "/11/11.01/11.01.01/11.01.01.1001/11.01.01.1001.01/11.01.01.1001.01.001/")
    assert paths(db)["npsn.91000001"] == "/11/11.01/11.01.01/11.01.01.1001/npsn.91000001/"


def test_parents_follow_from_the_dotted_code(db):
    load(db, lines(CITY))

    parent = select(Area.id).where(Area.code == "11.01.01.1001").scalar_subquery()
    children = db.scalars(select(Area.code).where(Area.parent_id == parent).order_by(Area.code))
    assert list(children) == ["11.01.01.1001.01", "npsn.91000001"]


def test_loading_the_same_file_again_changes_nothing(db):
    load(db, lines(CITY))
    db.commit()
    written = []
    event.listen(db, "before_flush", lambda flushed, *_: written.extend(filter(flushed.is_modified, flushed)))

    again = load(db, lines(CITY))

    assert again == Loaded(added=0, changed=0, unchanged=9)
    assert written == []


def test_a_file_may_rename_and_add_without_listing_the_rest(db):
    load(db, lines(CITY))

    loaded = load(db, lines("code,level,name,parent\n"
                            "11.01.01.1001,kelurahan,Mawar Jaya,\n"
                            "11.01.01.1002,kelurahan,Melati,\n"
                            "11.01.01.1002.01,rw,RW 01,\n"))

    assert loaded == Loaded(added=1, changed=1, unchanged=1)
    assert name_of(db, "11.01.01.1001") == "Mawar Jaya"
    assert name_of(db, "11.01.01.1001.01") == "RW 01"
    assert db.scalar(select(func.count()).where(below("/11/"))) == 10


def test_who_moves_to_another_parent_takes_everything_below_along(db):
    load(db, lines(CITY))

    loaded = load(db, ["code,level,name,parent", "11.01.01.1001,kelurahan,Mawar,11.01.02"])

    south = "/11/11.01/11.01.02/11.01.01.1001/"
    assert loaded == Loaded(added=0, changed=1, unchanged=0)
    assert paths(db)["11.01.01.1001"] == south
    assert paths(db)["11.01.01.1001.01"] == f"{south}11.01.01.1001.01/"
    assert paths(db)["11.01.01.1001.01.001"] == f"{south}11.01.01.1001.01/11.01.01.1001.01.001/"
    assert paths(db)["npsn.91000001"] == f"{south}npsn.91000001/"
    assert paths(db)["11.01.01.1002"] == "/11/11.01/11.01.01/11.01.01.1002/"


def test_a_kelurahan_may_move_into_a_kecamatan_that_is_new_in_the_same_file(db):
    load(db, lines(CITY))

    loaded = load(db, ["code,level,name,parent",
                       "11.01.01.1001,kelurahan,Mawar,11.01.03",
                       "11.01.01.1001.02,rw,RW 02,",
                       "11.01.03,kecamatan,Timur,"])

    assert loaded == Loaded(added=2, changed=1, unchanged=0)
    assert paths(db)["11.01.01.1001.02"] == "/11/11.01/11.01.03/11.01.01.1001/11.01.01.1001.02/"
    assert paths(db)["npsn.91000001"] == "/11/11.01/11.01.03/11.01.01.1001/npsn.91000001/"


def test_the_order_of_rows_does_not_matter(db):
    header, *rows = lines(CITY)

    loaded = load(db, [header, *reversed(rows)])

    assert loaded.added == 9
    assert paths(db)["11.01.01.1001.01"] == "/11/11.01/11.01.01/11.01.01.1001/11.01.01.1001.01/"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + CITY,
        CITY.replace(",", ";"),
        "\ufeff" + CITY.replace(",", ";").replace("\n", "\r\n"),
        CITY.replace("\n", "\n\n"),
        CITY.replace("\n", "\n,,,\n"),
        "\n\n" + CITY,
        CITY.rstrip("\n"),
        CITY.replace("code,level,name,parent", " Code ,LEVEL,Name,Parent"),
        CITY.replace(",kelurahan,", ", Kelurahan ,"),
        CITY.replace("Kota Uji,", '"Kota Uji",'),
    ],
    ids=["BOM", "semicolons", "all of Excel", "blank lines", "lines of commas", "blank lines on top",
         "no last line end", "titles", "level in capitals", "quotation marks"],
)
def test_a_file_is_read_as_spreadsheets_write_it(db, text):
    loaded = load(db, lines(text))

    assert loaded.added == 9
    assert name_of(db, "11.01.01.1001") == "Mawar"


def test_columns_may_come_in_any_order_and_beside_others(db):
    load(db, ["note,parent,name,code,level", "old,,Provinsi Uji,11,province"])

    assert name_of(db, "11") == "Provinsi Uji"


def test_a_name_may_hold_a_comma_and_extra_blanks_become_one(db):
    load(db, ["code,level,name,parent", '11,province,"  Uji,   Provinsi ",'])

    assert name_of(db, "11") == "Uji, Provinsi"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (",kecamatan,Timur,", "The code is missing."),
        ("11.01.03,kecamatan,,", "The name is missing."),
        ("11.01.03,kecamatan", "The name is missing."),
        ("11.01.03,,Timur,", "The level (empty) is none of: "),
        ("11.01.03,district,Timur,", "The level district is none of: province, city, kecamatan, "),
        ("11.09.03,kecamatan,Timur,", "There is no area with the code 11.09 for it to hang on."),
        ("11.01.03,kecamatan,Timur,11.08", "There is no area with the code 11.08 for it to hang on."),
        ("11.01.01.1003,kelurahan,Anggrek,11.01", "A kelurahan hangs on a kecamatan, but 11.01 is a city."),
        ("npsn.9,school,SDN,11.01.01", "A school hangs on a kelurahan, but 11.01.01 is a kecamatan."),
        ("npsn.9,school,SDN,", "A school needs the code of its kelurahan in the column parent."),
        ("1103,city,Kota,", "A city needs the code of its province in the column parent."),
        ("12,province,Provinsi,11", "A province has no parent."),
        ("11.01.01,kelurahan,Utara,11.01.02", "The code 11.01.01 is known as a kecamatan, not a kelurahan."),
        ("11.01.01.1003,kelurahan," + "x" * 81 + ",", "The name is longer than 80 signs."),
        ("npsn." + "9" * 20 + ",school,SDN,11.01.01.1001", "The code is longer than 24 signs."),
        ("11.01.01/1003,kelurahan,Anggrek,11.01.01", "The code 11.01.01/1003 may hold only letters, "),
        ("11.01.03,kecamatan,Timur\x00,", "The name holds a sign that cannot be shown."),
        ("npsn.9,school,SDN 1, Contoh,11.01.01.1001", "This line has more cells than the first line: "),
        ('11.01.03,kecamatan,"Timur"Laut,', "This line cannot be read: check its quotation marks."),
        ('11.01.03,kecamatan,"Timur,', "This line cannot be read: check its quotation marks."),
    ],
)
def test_a_faulty_row_is_named_by_its_line_and_what_is_wrong_with_it(db, row, sentence):
    line, said = faults_of(db, row)[0]

    assert line == 2
    assert said.startswith(sentence)


def test_a_code_that_stands_twice_in_the_file_names_both_lines(db):
    faults = faults_of(db, "11.01.03,kecamatan,Timur,", "11.01.04,kecamatan,Barat,",
                       "11.01.03,kecamatan,Timur Laut,")

    assert faults == [(4, "The code 11.01.03 stands on line 2 already.")]


def test_rows_without_a_code_are_not_called_repeats_of_each_other(db):
    faults = faults_of(db, ",rw,RW 01,", ",rw,RW 02,")

    assert faults == [(2, "The code is missing."), (3, "The code is missing.")]


def test_every_bad_row_is_listed_not_only_the_first(db):
    faults = faults_of(db, "11.01.03,kecamatan,,", "11.01.04,kecamatan,Barat,", "", ",rw,,", "x,y,z,")

    assert [line for line, _ in faults] == [2, 5, 5, 6]


def test_rows_below_a_bad_row_are_not_blamed_for_it(db):
    faults = faults_of(db, "11.01.03,kecamatan,,", "11.01.03.1001,kelurahan,Dahlia,",
                       "11.01.04,kecamtan,Barat,", "11.01.04.1001,kelurahan,Kenanga,")

    assert [line for line, _ in faults] == [2, 4]


def test_a_circle_of_parents_is_refused(db):
    faults = faults_of(db, "a,kelurahan,A,b", "b,kelurahan,B,a")

    assert [line for line, _ in faults] == [2, 3]


@pytest.mark.parametrize("rows", [[], [""], ["\ufeff"], ["\n", "\r\n"]])
def test_an_empty_file_is_refused(db, rows):
    with pytest.raises(BadRows) as refused:
        load(db, rows)

    assert refused.value.rows == [(1, "The file is empty.")]


def test_missing_columns_are_named(db):
    with pytest.raises(BadRows) as refused:
        load(db, ["kode,level,nama,parent", "11,province,Provinsi Uji,"])

    assert refused.value.rows == [(1, "The first line must name the column code."),
                                  (1, "The first line must name the column name.")]


def test_nothing_is_half_loaded(db):
    load(db, lines(CITY))
    before = paths(db)

    with pytest.raises(BadRows):
        load(db, ["code,level,name,parent", "11.01.03,kecamatan,Timur,",
                  "11.01.01.1001,kelurahan,Mawar,11.01.02", "11.09.01,kecamatan,Hilang,"])
    db.commit()

    assert paths(db) == before


def test_the_longest_possible_path_fits_its_column():
    columns = Area.__table__.c
    levels_deep = len(Level) - 1  # a school stands beside its RW

    assert levels_deep * (columns.code.type.length + 1) + 1 <= columns.path.type.length


def test_the_shipped_city_and_its_demo_neighbourhoods_load_quickly(db):
    began = time.process_time()  # our own work: a machine may have more to do
    city = load(db, shipped("kota_bekasi.csv"))
    demo = load(db, shipped("demo_rw_schools.csv"))
    db.commit()
    took = time.process_time() - began

    counts = dict(db.execute(
        select(Area.level, func.count()).where(below("/32/")).group_by(Area.level)).all())
    assert city.added + demo.added + demo.changed == sum(counts.values())
    assert counts[Level.KECAMATAN] == 12
    assert counts[Level.KELURAHAN] == 56
    assert counts[Level.RW] == 1020
    assert took < 2


def test_demo_schools_are_clearly_made_up(db):
    load(db, shipped("kota_bekasi.csv"))
    load(db, shipped("demo_rw_schools.csv"))

    schools = db.execute(
        select(Area.code, Area.name).where(Area.level == Level.SCHOOL, below("/32/"))).all()
    assert len(schools) >= 120
    assert all(code.startswith("npsn.9") and " Contoh " in name for code, name in schools)
