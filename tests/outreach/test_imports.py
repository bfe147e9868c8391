"""Past sessions from a file: looked at first, never half loaded, undone as a whole, and no harm in any file."""

import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import func, select, text
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.audit.models import AuditEntry
from portal.base.clock import today
from portal.base.db import writing
from portal.outreach import import_commands, importing, totals
from portal.outreach.models import Outreach, OutreachImport
from tests.conftest import signed_in
from tests.factories import area, viewer_of
from tests.outreach.test_photos import picture, send
from tests.outreach.test_sessions import number_of

TODAY = date(2026, 11, 24)
TITLES = "tanggal,kode,topik,anak_p,dewasa_p,dewasa_l,peserta,bahan,pembicara,instansi,dana,catatan"
GOOD = (f"{TITLES}\n2025-03-04,98.01.01.1001.07,\"Hak anak, internet\",3,12,,pkk,leaflet,dr. Ani,Puskesmas,apbd,\n"
        "05/06/2024,npsn.90000001,nikah_anak,30,2,1,Siswa,video,,,sekolah,\n")


def upload(browser, data, name="lama.csv"):
    form = browser.get("/s/berkas").form("/s/berkas")
    sent = FileStorage(io.BytesIO(data if isinstance(data, bytes) else data.encode()), filename=name)
    boundary, body = encode_multipart(dict(form.values) | {"file": sent})
    return browser._answer(browser.client.post(
        "/s/berkas", data=body, content_type=f"multipart/form-data; boundary={boundary}"), "/s/berkas")


def workbook(rows):
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def check(city, content, within="/98/98.01/"):
    data = content if isinstance(content, bytes) else content.encode()
    return importing.check(city.db, importing.read(data, importing.PAGE), within=within, today=TODAY)


def test_a_file_is_looked_at_then_loaded_then_undone(any_city):
    browser = signed_in(any_city, any_city.wati)
    looked = upload(browser, GOOD)

    assert "2 sessions would be loaded" in looked.text
    assert "48 people" in looked.text
    assert number_of(any_city) == 0
    loaded = looked.form().submit()
    assert "2 sessions were loaded" in loaded.text
    assert number_of(any_city) == 2
    kept = {row.held_on: row for row in any_city.db.scalars(select(Outreach))}
    first = kept[date(2025, 3, 4)]
    assert (first.girls, first.women, first.speaker, first.institution, first.funding, first.audiences,
            first.materials) == (3, 12, "dr. Ani", "Puskesmas", "apbd", ["pkk"], ["leaflet"])
    assert [topic.topic for topic in first.topics] == ["hak_anak", "internet"]
    assert totals.differences(any_city.db) == []

    undone = loaded.link("It was the wrong file").form("/urung").submit()

    assert "This file was undone" in undone.text
    assert number_of(any_city) == 0
    assert totals.differences(any_city.db) == []
    acts = select(AuditEntry.action).where(AuditEntry.action.startswith("outreach.")).order_by(AuditEntry.id)
    assert list(any_city.db.scalars(acts)) == ["outreach.imported", "outreach.import_undone"]


def test_a_workbook_is_read_like_a_list_with_commas(city):
    rows = [row.split(",") for row in GOOD.replace('"Hak anak, internet"', "Hak anak; internet").splitlines()]
    rows[1][0], rows[1][3], rows[1][4] = date(2025, 3, 4), 3, 12.0

    one, two = check(city, GOOD), check(city, workbook(rows))

    assert one.faults == two.faults == []
    assert one.sessions == two.sessions


def test_semicolons_a_mark_at_the_start_blank_lines_and_odd_titles_are_read(city):
    text_ = "\ufeff\r\n Tanggal ;KODE;Topik;Dewasa P\r\n\r\n24.11.2025;98.01.01.1001.07;hak anak / internet;7\r\n"

    checked = check(city, text_)

    assert checked.faults == []
    assert (checked.sessions[0].women, checked.sessions[0].topics) == (7, ("hak_anak", "internet"))


HERE = "98.01.01.1001.07"


@pytest.mark.parametrize(("row", "why", "column"), [
    (f"x,{HERE},internet,1", "day", "tanggal"), (f"2099-01-01,{HERE},internet,1", "future", "tanggal"),
    (f"1999-01-01,{HERE},internet,1", "old", "tanggal"), (f"2025-02-30,{HERE},internet,1", "day", "tanggal"),
    ("2025-01-01,98.02.01.1001.01,internet,1", "place", "kode"), ("2025-01-01,,internet,1", "place", "kode"),
    (f"2025-01-01,{HERE},,1", "topic", "topik"), (f"2025-01-01,{HERE},sihir,1", "unknown", "topik"),
    (f"2025-01-01,{HERE},internet,-1", "number", "anak_p"), (f"2025-01-01,{HERE},internet,1.5", "number", "anak_p"),
    (f"2025-01-01,{HERE},internet,1000", "number", "anak_p"), (f"2025-01-01,{HERE},internet,²", "number", "anak_p"),
    (f"2025-01-01,{HERE},internet,", "nobody", ""), (f"2025-01-01,{HERE},internet,1,,,pilot", "unknown", "peserta"),
    (f"2025-01-01,{HERE},internet,1,,,,,=1+1", "formula", "pembicara"),
    (f"2025-01-01,{HERE},internet,1,,,,,@SUM(A1)", "formula", "pembicara"),
    (f"2025-01-01,{HERE},internet,=1+1", "formula", "anak_p"),
    (f"2025-01-01,{HERE},internet,1,,,,,,,\"apbd,csr\"", "one", "dana"),
    (f"2025-01-01,{HERE},internet,1,,,,," + "x" * 61, "long", "pembicara"),
])
def test_a_faulty_line_is_named_and_nothing_is_kept(city, row, why, column):
    checked = check(city, f"{TITLES}\n2025-01-02,98.01.01.1001.08,internet,5\n{row}\n")

    assert [(fault.line, fault.why, fault.column) for fault in checked.faults] == [(3, why, column)]


def test_all_faults_are_shown_on_the_page_and_nothing_is_stored(city, sign_in):
    rows = "".join(f"x,nowhere,sihir,{n}\n" for n in range(1, 20))

    page = upload(sign_in(city.wati), f"{TITLES}\n{rows}2025-01-02,98.01.01.1001.08,internet,5\n<script>,<b>,x,1\n")

    assert page.status == 422
    assert page.title.startswith("Check: ")
    assert page.errors == ["60 lines have to be mended. Nothing was loaded."]
    assert "Line 2: tanggal: x is no day." in page.text
    assert "<script>," not in page.html
    assert number_of(city) == 0
    assert city.db.scalar(select(func.count()).select_from(OutreachImport)) == 0


def test_the_same_line_twice_and_a_file_loaded_before_are_noticed(city, sign_in):
    browser = sign_in(city.wati)
    twice = check(city, GOOD + GOOD.splitlines()[2] + "\n")
    upload(browser, GOOD).form().submit()
    city.db.rollback()

    again = upload(browser, GOOD)

    assert [(fault.line, fault.why, fault.value) for fault in twice.faults] == [(4, "doubled", "3")]
    assert again.errors == ["2 lines have to be mended. Nothing was loaded."]
    assert number_of(city) == 2


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    return file.getvalue()


def with_entities():
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([TITLES.split(",")]))) as old, zipfile.ZipFile(file, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                data = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data
            new.writestr(part.filename, data)
    return file.getvalue()


def many_parts():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        for number in range(300):
            parts.writestr(f"{number}.xml", b"")
    return file.getvalue()


@pytest.mark.asvs("V1.5.1", "V5.2.2", "V5.2.3")
@pytest.mark.parametrize(("data", "why"), [
    (bomb(), "large"), (many_parts(), "large"), (with_entities(), "kind"), (b"PK\x03\x04" + b"\0" * 99, "kind"),
    (workbook([]), "empty"), (workbook([TITLES.split(",")]), "empty"), (b"", "empty"), (b"\xff\xfe\x00", "letters"),
    (b"a\x00b", "kind"), (b'tanggal,kode,topik,anak_p\n"x', "kind"), (b"tanggal,kode\n1,2\n", "columns"),
    (b"tanggal,kode,topik\n1,2,3\n", "columns"), (b"tanggal,tanggal,kode,topik,anak_p\n1,1,2,3,4\n", "columns"),
    (TITLES.encode() + b"\n" + b"2025-01-01,x,y,1\n" * 3001, "rows"), (workbook([["=1+1"], ["x"]]), "columns"),
], ids=["zip bomb", "many parts", "entities", "damaged", "bare", "titles", "nothing", "utf-16", "nul", "open quote",
        "columns", "no numbers", "twice", "rows", "formula"])
def test_a_file_that_is_no_table_or_would_burst_is_refused(data, why):
    with pytest.raises(importing.BadFile) as bad:
        importing.read(data, importing.PAGE)

    assert bad.value.why == why


def test_a_bad_file_is_said_calmly_on_the_page(city, sign_in):
    page = upload(sign_in(city.wati), bomb(), "x.xlsx")

    assert (page.status, page.errors) == (422, ["This file holds too much."])


def test_a_formula_in_a_workbook_is_not_taken_for_its_value(city):
    data = workbook([["tanggal", "kode", "topik", "dewasa_p"], ["2025-01-01", HERE, "internet", "=6*7"]])

    assert [(fault.why, fault.column) for fault in check(city, data).faults] == [("formula", "dewasa_p")]


@pytest.mark.asvs("V8.2.2")
def test_an_import_is_its_makers_alone(city, sign_in):
    path = upload(sign_in(city.wati), GOOD).path
    with writing(city.db):
        city.db.execute(text("UPDATE accounts SET role = 'coordinator' WHERE name = 'Bu Lina'"))

    assert sign_in(city.lina).get(path).status == 404
    assert sign_in(city.lina).get(f"{path}/urung").status == 404


@pytest.mark.parametrize("who", ["siti", "guru", "rina", "agus", "lina"])
def test_only_coordinators_load_files(city, sign_in, who):
    assert sign_in(getattr(city, who)).get("/s/berkas").status == 404


def test_what_somebody_corrected_or_photographed_since_is_not_undone(city, sign_in, tmp_path):
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], photos_dir=tmp_path)
    browser = sign_in(city.wati)
    loaded = upload(browser, GOOD).form().submit()
    key = city.db.scalars(select(Outreach.id)).first()
    send(browser, key, picture())

    page = loaded.link("It was the wrong file").form("/urung").submit()

    assert page.status == 409
    assert "Nothing was undone" in page.text
    assert number_of(city) == 2


def test_a_preview_is_forgotten_with_the_next_and_loaded_once(city, sign_in):
    browser = sign_in(city.wati)
    first = upload(browser, GOOD)
    second = upload(browser, GOOD.replace("2025-03-04", "2025-03-05"))

    assert browser.get(first.path).status == 404
    form = second.form()
    form.submit()
    form.submit()
    assert number_of(city) == 2


@pytest.mark.asvs("V2.3.3")
def test_nothing_is_half_loaded_when_it_breaks_in_the_middle(city):
    viewer = viewer_of(city.db, city.wati)
    checked = check(city, GOOD)
    with pytest.raises(ZeroDivisionError), writing(city.db):
        import_commands.load_at_once(city.db, checked.sessions, file_name="x", by=viewer.account_id, today=TODAY,
                                     tell=lambda done: 1 // 0)

    assert number_of(city) == 0
    assert totals.differences(city.db) == []


def test_a_file_that_could_not_be_loaded_whole_is_still_to_be_loaded(city, sign_in, monkeypatch):
    form = upload(sign_in(city.wati), GOOD).form()
    with monkeypatch.context() as broken:
        broken.setattr(totals, "change", lambda *_given: 1 // 0)
        assert form.submit().status == 500
    assert number_of(city) == 0

    form.submit()

    assert number_of(city) == 2


def test_the_command_line_loads_a_large_file_and_undoes_it(city, tmp_path):
    day = today(city.settings.timezone)
    codes = ("98.01.01.1001.07", "98.01.01.1001.08", "npsn.90000001", "98.01.01.1002.01")
    lines = [f"{day - timedelta(days=n // 4)},{codes[n % 4]},internet,{n % 900 + 1}" for n in range(6000)]
    file = tmp_path / "lama.csv"
    file.write_text("tanggal,kode,topik,dewasa_p\n" + "\n".join(lines) + "\n")
    with writing(city.db):
        city.db.execute(text("UPDATE accounts SET area_id = :city WHERE name = 'Bu Lina'"),
                        {"city": area(city.db, "98.01").id})
    runner = city.app.test_cli_runner()

    loaded = runner.invoke(args=["sessions", "import", str(file), "--by", "lina"])

    assert loaded.exit_code == 0, loaded.output
    assert "6000 sessions loaded" in loaded.output
    assert number_of(city) == 6000
    assert totals.differences(city.db) == []
    undone = runner.invoke(args=["sessions", "undo", loaded.output.split()[-1]])
    assert "6000 sessions taken away." in undone.output
    assert number_of(city) == 0
    city.db.rollback()
    assert totals.differences(city.db) == []


@pytest.mark.parametrize(("content", "who", "said"), [
    (GOOD, "nobody", "There is no staff account nobody"), (b"\xff", "lina", "cannot be read"),
    (f"{TITLES}\nx,y,z,1\n", "lina", "Nothing was loaded"),
])
def test_the_command_line_says_what_is_wrong(city, tmp_path, content, who, said):
    file = tmp_path / "lama.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    answer = city.app.test_cli_runner().invoke(args=["sessions", "import", str(file), "--by", who])

    assert answer.exit_code == 1
    assert said in answer.output
    assert number_of(city) == 0


def test_an_unknown_import_cannot_be_undone(city):
    assert city.app.test_cli_runner().invoke(args=["sessions", "undo", "x"]).exit_code == 1
