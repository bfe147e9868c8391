"""What can be taken along: the same numbers, harmless in a spreadsheet, and written down."""

import csv
import io
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import select

from portal.areas import loading
from portal.audit.models import AuditEntry
from portal.base.clock import today
from portal.base.db import writing
from portal.reports import coverage_files as files
from tests.reports.test_coverage_figures import hold

# Files


def take(browser, page_path, what, form, **values):
    page_ = browser.get(page_path, query_string=values)
    return browser.client.post("/cakupan/unduh", data=dict([*page_.form("/cakupan/unduh").values, ("bentuk", form)]))


def rows_of(answer, separator=","):
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=separator))


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("csv-titik-koma", ";")])
def test_the_list_can_be_taken_along_and_that_is_written_down(city, sign_in, form, separator):
    now = today(city.settings.timezone)
    hold(city, "98.01.01.1001.07", now - timedelta(days=400), "a")

    answer = take(sign_in(city.lina), "/cakupan/daftar", "daftar", form)

    rows = rows_of(answer, separator)
    assert {row["RW or school"]: (row["Last session"], row["State"]) for row in rows}["RW 07"] == \
        ((now - timedelta(days=400)).isoformat(), "Not lately")
    assert {row["State"] for row in rows} == {"Never", "Not lately"}
    assert {row["Taken on"] for row in rows} == {now.isoformat()}
    assert answer.headers["Content-Disposition"] == f'attachment; filename="cakupan-daftar-98.01-{now:%Y%m%d}.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    entry = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "coverage.exported")).one()
    assert (entry.actor_id, entry.subject, entry.reason, entry.amount) == \
        (city.lina.account_id, "daftar 98.01", form, 5)


def test_a_workbook_says_what_it_holds_and_keeps_numbers_as_numbers(city, sign_in):
    hold(city, "98.01.01.1001.07", date(2026, 3, 3), "a", ("hak_anak", "internet"), girls=5, women=7)

    answer = take(sign_in(city.lina), "/cakupan/bukti", "bukti", "xlsx", tahun="2026", indikator="21")

    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["By area", "By month", "Activities", "About this file"]
    first = dict(zip(*list(book["By area"].values)[:2], strict=True))
    assert (first["Area"], first["Sessions"], first["Girls 0–17"], first["Women 18–59"], first["Female"]) == \
        ("Kota Contoh", 1, 5, 7, 12)
    about = dict(list(book["About this file"].values)[1:])
    assert about["Indicator"] == "21. Protection of children from violence and exploitation"
    assert about["Taken on"].date() == today(city.settings.timezone)
    assert (about["From month"], about["To month"]) == ("2026-01", "2026-12")
    assert list(book["Activities"].values)[1][3] == "RW 07"


@pytest.mark.parametrize("what", ["wilayah", "topik"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_coverage_and_topics_can_be_taken_along(city, sign_in, what, form):
    hold(city, "98.01.01.1001.07", today(city.settings.timezone), "a")

    answer = take(sign_in(city.lina), {"wilayah": "/cakupan", "topik": "/cakupan/topik"}[what], what, form)

    assert answer.status_code == 203
    if form == "csv":
        rows = {row["Area"]: row for row in rows_of(answer)}
        assert rows["Kota Contoh"]["All sessions" if what == "topik" else "Sessions"] == "1"
    else:
        assert openpyxl.load_workbook(io.BytesIO(answer.data)).sheetnames[-1] == "About this file"


HOSTILE = ["=1+1", "+62", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r=1", "\n=1", "＝1+1", "'=1",
           "=HYPERLINK(\"http://x\")",
           "a;b", 'a"b', "a\nb", "https://x.example", "\x00=1", "1e5"]


@pytest.mark.asvs("V1.2.10")
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_can_be_taken_for_a_formula(text):
    sheet = files.Sheet("S", ("name",), [[text]])

    written = csv.reader(io.StringIO(files.to_csv(sheet).decode("utf-8-sig"), newline=""))
    stored = openpyxl.load_workbook(io.BytesIO(files.to_xlsx([sheet])))["S"]["A2"]

    assert not list(written)[1][0].lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert stored.data_type == "s"
    assert stored.hyperlink is None


def test_no_title_of_a_column_can_be_taken_for_a_formula_either():
    sheet = files.Sheet("S", ("=1+1",), [["a"]])

    assert files.to_csv(sheet).decode("utf-8-sig").splitlines()[0] == "'=1+1"


@pytest.mark.asvs("V1.2.1", "V1.2.10")
def test_a_place_with_a_hostile_name_does_no_harm_in_page_or_file(city, sign_in):
    with writing(city.db):
        loading.load(city.db, ["code,level,name,parent", '98.01.01.1001.09,rw,"=cmd|\'/c calc\'!A1<script>",'])

    browser = sign_in(city.lina)
    page_ = browser.get("/cakupan/daftar")
    rows = rows_of(take(browser, "/cakupan/daftar", "daftar", "csv"))

    assert "&lt;script&gt;" in page_.html
    assert "<script>\"" not in page_.html
    assert [row["RW or school"] for row in rows if "calc" in row["RW or school"]] == ["'=cmd|'/c calc'!A1<script>"]


@pytest.mark.asvs("V8.3.3")
@pytest.mark.parametrize("forged", [{"bentuk": "exe"}, {"apa": "kabar"}, {"w": "98.02"}, {"w": "\x00"}, {"apa": ""}])
def test_a_forged_file_is_not_there_and_leaves_no_trace(city, sign_in, forged):
    browser = sign_in(city.lina)
    values = dict(browser.get("/cakupan/daftar").form("/cakupan/unduh").values) | {"bentuk": "csv"} | forged

    assert browser.client.post("/cakupan/unduh", data=values).status_code == 404
    city.db.rollback()
    assert city.db.scalars(select(AuditEntry).where(AuditEntry.action == "coverage.exported")).all() == []


@pytest.mark.asvs("V8.2.1")
def test_a_cadre_is_offered_no_file_and_gets_none(city, sign_in):
    browser = sign_in(city.siti)
    token = dict(browser.get("/s/baru").form("/s/baru").values)["csrf_token"]

    page_ = browser.get("/cakupan/daftar")
    answer = browser.client.post("/cakupan/unduh", data={"csrf_token": token, "apa": "daftar", "bentuk": "csv"})

    assert "Excel" not in page_.text
    assert answer.status_code == 404
