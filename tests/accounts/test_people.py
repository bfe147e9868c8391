"""Looking after people: a coordinator for those below her, the administrator for all; many at once; letting go."""

import re

import pytest
from sqlalchemy import func, select

from portal.accounts import bulk, cards
from portal.accounts.models import Account, CardCode, Invitation, KeyGrant
from portal.audit.models import AuditEntry
from portal.base.db import writing
from tests import factories
from tests.support.pages import Browser
from tests.support.phone import Phone

CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}")


def test_a_coordinator_makes_an_account_and_the_code_lets_its_person_in(city, sign_in, guest):
    page = make(sign_in(city.wati), name="Bu Ani", phone="0812 7777 1234")

    assert page.status == 203
    code = CODE.search(page.text)[0]
    assert Phone().enrol(guest, code, "25831947").path == "/mulai/siap"
    assert "Bu Ani" in guest.get("/").text


@pytest.mark.asvs("V14.2.1")
def test_the_secret_stands_in_no_address_that_a_server_sees(city, sign_in):
    page = make(sign_in(city.wati), name="Bu Ani")

    code = CODE.search(page.text)[0].replace("-", "")
    assert page.path == "/akun/baru"
    assert code not in re.findall(r'(?:href|action|src)="([^"]*)"', page.html)
    assert "<svg" in page.html.split('class="secarik"')[1]


def test_a_second_tap_makes_no_second_account(city, sign_in):
    browser = sign_in(city.wati)
    form = browser.get("/akun/baru").form().fill(name="Bu Ani", place="98.01.01.1001.07")

    form.submit()
    again = form.submit()

    assert again.path == "/akun"
    assert "made before" in again.text
    assert city.db.scalar(select(func.count()).where(Account.name == "Bu Ani")) == 1


@pytest.mark.parametrize(("change", "words"), [
    ({"name": ""}, "Enter a name."), ({"name": "x" * 61}, "60"), ({"phone": "123"}, "not a phone number"),
    ({"phone": "081200000002"}, "has an account already"), ({"role": "school"}, "does not fit"),
])
def test_what_cannot_be_is_said_and_nothing_is_made(city, sign_in, change, words):
    page = make(sign_in(city.wati), **{"name": "Bu Ani", **change})

    assert page.status == 422
    assert any(words in error for error in page.errors)
    assert page.title.startswith("Check: ")
    assert city.db.scalar(select(func.count()).where(Account.name == "Bu Ani")) == 0


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("change", [{"role": "head"}, {"role": "admin"}, {"role": "coordinator"},
                                    {"place": "98.01.02.1001.03"}, {"place": "98.01"}, {"role": "boss"}])
def test_a_coordinator_makes_nobody_above_or_beside_her(city, sign_in, change):
    browser = sign_in(city.wati)
    form = browser.get("/akun/baru").form()
    values = dict(form.fill(name="Bu Ani").values) | change

    page = browser.post("/akun/baru", list(values.items()))

    assert page.status in {404, 409, 422}
    city.db.rollback()
    assert city.db.scalar(select(func.count()).where(Account.name == "Bu Ani")) == 0


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize("who", ["far", "rina", "ratna", "agus", "wati"])
def test_who_is_not_below_her_does_not_exist_for_a_coordinator(city, sign_in, who):
    browser, account_id = sign_in(city.wati), getattr(city, who).account_id
    mark = token(browser.get("/akun"))
    absent = browser.get("/akun/00000000-0000-4000-8000-000000000000")

    for path in ("", "/ubah", "/pulihkan", "/penerus"):
        page = browser.get(f"/akun/{account_id}{path}")
        assert page.status == 404
        assert strip(page.html) == strip(absent.html)
    for path in ("/saklar", "/kode"):
        assert browser.post(f"/akun/{account_id}{path}", [("csrf_token", mark), ("on", "0")]).status == 404
    found = browser.get(f"/akun?nama={getattr(city, who).name[:4]}").root.all("th")
    assert getattr(city, who).name not in [cell.text for cell in found]


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("who", ["siti", "guru", "rina", "ratna", "lina"])
def test_nobody_else_looks_after_people(city, sign_in, who):
    browser = sign_in(getattr(city, who))

    for path in ("/akun", "/akun/baru", "/akun/banyak", f"/akun/{city.budi.account_id}"):
        assert browser.get(path).status == 404


def test_a_name_is_found_by_a_part_of_it(city, sign_in):
    page = sign_in(city.agus).get("/akun?nama=ti")

    assert "Bu Siti" in page.text
    assert "Pak Budi" not in page.text


@pytest.mark.parametrize("search", ["%", "_", "\x00", "'; DROP TABLE accounts;--", "<script>"])
def test_a_strange_search_finds_nobody_and_harms_nothing(city, sign_in, search):
    page = sign_in(city.agus).get("/akun", query_string={"nama": search})

    assert page.status == 203
    assert "<script>" not in page.html


def test_pages_of_people_go_on_by_name(any_city):
    from portal.accounts import queries

    viewer = factories.viewer_of(any_city.db, any_city.agus)

    first = queries.people_page(any_city.db, viewer, size=5)
    after = queries.people_page(any_city.db, viewer, after=f"{first[4].name}|{first[4].id}", size=50)

    names = [row.name for row in [*first[:5], *after]]
    assert len(names) == len(set(names)) == 12


def test_the_administrator_makes_an_officer_who_waits_for_no_second_person(city, sign_in):
    page = make(sign_in(city.agus), at="98.01", name="Nina", role="officer", place="98.01", sign_in_name="nina")

    assert CODE.search(page.text)
    account = city.db.scalars(select(Account).where(Account.name == "Nina")).one()
    assert account.unit_id == city.db.get_one(Account, city.rina.account_id).unit_id


@pytest.mark.asvs("V8.2.1")
def test_the_administrator_never_sees_a_concern_for_all_that(city, sign_in):
    admin = sign_in(city.agus)

    for path in ("/antrean", "/k", "/k/baru", "/kunci", "/jejak"):
        assert admin.get(path).status == 404


def test_an_account_of_the_office_needs_a_name_to_sign_in_with(city, sign_in):
    page = make(sign_in(city.agus), at="98.01", name="Nina", role="officer", place="98.01")

    assert page.errors == ["At the office everybody needs a sign-in name."]


@pytest.mark.asvs("V8.4.2")
def test_a_head_waits_for_a_second_person_who_is_not_the_first(city, sign_in):
    admin, head = sign_in(city.agus), sign_in(city.ratna)
    page = make(admin, at="98.01", name="Kepala Baru", role="head", place="98.01", sign_in_name="kepala")
    account = city.db.scalars(select(Account).where(Account.name == "Kepala Baru")).one()
    assert not CODE.search(page.text)
    assert "waiting for a second person" in page.text
    mark = token(page)
    assert admin.post(f"/akun/{account.id}/kode", [("csrf_token", mark)]).status == 409
    own = admin.post(f"/persetujuan/{account.id}/join", [("csrf_token", mark), ("agree", "1")])
    assert own.status == 409

    head.get("/persetujuan").form("/join").submit("1")
    code = CODE.search(admin.get(f"/akun/{account.id}").form("/kode").submit().text)

    assert code


def test_a_printed_card_comes_with_the_slip_when_it_is_wanted(city, sign_in):
    page = make(sign_in(city.wati), name="Bu Ani", card="y")

    assert len(page.root.all("ol", class_="kode-kartu angka")[0].all("li")) == 20
    assert city.db.scalar(select(func.count()).select_from(CardCode).join(
        Account, Account.id == CardCode.account_id).where(Account.name == "Bu Ani")) == 20


def test_a_new_code_for_somebody_who_has_not_come_yet(city, sign_in, guest):
    browser = sign_in(city.wati)
    first = CODE.search(make(browser, name="Bu Ani").text)[0]
    account = city.db.scalars(select(Account).where(Account.name == "Bu Ani")).one()

    second = CODE.search(browser.get(f"/akun/{account.id}").form("/kode").submit().text)[0]

    assert Phone().enrol_page(guest, first).status == 422
    assert Phone().enrol(guest, second, "25831947").path == "/mulai/siap"


def test_a_wrong_name_and_number_are_corrected(city, sign_in):
    browser = sign_in(city.wati)
    page = browser.get(f"/akun/{city.siti.account_id}/ubah")
    assert dict(page.form().values)["phone"] == "0812-0000-0001"

    saved = page.form().fill(name="Ibu Siti", phone="0812 9999 0001", title="PKK").submit()
    taken = browser.get(f"/akun/{city.siti.account_id}/ubah").form().fill(phone=city.budi.phone).submit()

    assert "Ibu Siti" in saved.text
    assert "0812-9999-0001" in saved.text
    assert taken.errors == ["That phone number has an account already."]


@pytest.mark.asvs("V7.4.2", "V7.4.5")
def test_switching_off_ends_every_sign_in_and_switching_on_lets_her_in_again(city, sign_in, guest):
    cadre, browser = sign_in(city.siti), sign_in(city.wati)

    off = browser.get(f"/akun/{city.siti.account_id}").form("/saklar").submit()

    assert cadre.get("/").path.startswith("/masuk")
    assert "Switched off" in off.text
    off.form("/saklar").submit()
    again = guest.get("/masuk").form("/masuk/kartu").fill(who=city.siti.phone, pin=city.siti.secret,
                                                          code=city.siti.card[0]).submit()
    assert again.path == "/"


def test_a_successor_takes_the_place_with_its_sessions_but_no_concern(city, sign_in, guest):
    with writing(city.db):
        flag = factories.a_flag(city.db, city.settings, city.siti)
    old = sign_in(city.siti)
    old.get("/s/baru").form().fill(topics=topic_of(old), women="12").submit()
    browser = sign_in(city.wati)

    page = browser.get(f"/akun/{city.siti.account_id}/penerus").form().fill(name="Bu Baru").submit()
    Phone().enrol(guest, CODE.search(page.text)[0], "77203914")

    assert old.get("/").path.startswith("/masuk")
    assert "RW 07" in guest.get("/").text
    assert guest.get(f"/k/{flag.code[:3]}-{flag.code[3:]}").status == 404
    assert flag.code[:3] not in guest.get("/k").text
    account = city.db.scalars(select(Account).where(Account.name == "Bu Baru")).one()
    assert account.area_id == city.db.get_one(Account, city.siti.account_id).area_id


TABLE = "nama\trw\thp\nBu Satu\t7\t0812 1111 0001\nPak Dua\tRW 08\t\nBu Tiga\t07\t081211110003\n"


def test_a_pasted_table_is_looked_at_first_and_then_made_with_a_slip_each(city, sign_in):
    browser = sign_in(city.wati)

    look = browser.get("/akun/banyak").form().fill(table=TABLE).submit()
    before = city.db.scalar(select(func.count()).select_from(Account))
    made = look.form("/buat").submit()

    city.db.rollback()
    assert "3 people in the table" in look.text
    assert before == 12
    assert len(set(CODE.findall(made.text))) == 3
    assert city.db.scalar(select(func.count()).select_from(Invitation)) == 3


def test_sending_the_looked_at_table_twice_makes_nobody_twice(city, sign_in):
    browser = sign_in(city.wati)
    form = browser.get("/akun/banyak").form().fill(table=TABLE).submit().form("/buat")

    form.submit()
    again = form.submit()

    assert again.path == "/akun"
    assert city.db.scalar(select(func.count()).select_from(Invitation)) == 3


@pytest.mark.parametrize(("row", "words"), [
    ("\t7\t", "The name is missing."), ("Bu X\t99\t", "not found below yours"), ("Bu X\t7\t12", "not a phone number"),
    ("Bu X\t7\t081200000002", "has an account already"), ("Bu X\t7\t081211110001", "stands twice"),
    (f"{'x' * 61}\t7\t", "too long"),
])
def test_every_fault_is_named_by_its_line_and_nobody_is_made(city, sign_in, row, words):
    browser = sign_in(city.wati)

    page = browser.get("/akun/banyak").form().fill(table=f"{TABLE}{row}\n").submit()

    assert page.status == 422
    assert words in page.text
    assert "1 row needs a correction" in page.text
    assert page.root.all("td")[0].text == "5"
    assert not [f for f in page.root.all("form") if f.attrs.get("action", "").endswith("/buat")]


@pytest.mark.parametrize("table", ["", "\n\n", "nama\n", "foo\tbar\n1\t2\n", "nama\trw\n", "\x00\x00",
                                   'nama\trw\n"unended\t7\n', "nama,rw\n" + "Bu,7\n" * 301])
def test_what_is_no_table_is_refused_calmly(city, sign_in, table):
    page = sign_in(city.wati).get("/akun/banyak").form().fill(table=table).submit()

    assert page.status == 422


def test_a_saved_file_serves_as_well_as_a_pasted_table(city, sign_in):
    import io

    browser = sign_in(city.wati)
    mark = token(browser.get("/akun/banyak"))
    content = "\ufeffNama;Sekolah;Sebutan\r\nBu Guru Baru;SMP Contoh 1;guru wali\r\n".encode()

    answer = browser.client.post("/akun/banyak", data={"csrf_token": mark, "table": "",
                                                       "file": (io.BytesIO(content), "guru.csv")})

    assert answer.status_code == 203
    assert "SMP Contoh 1" in answer.get_data(as_text=True)


def test_a_forged_table_with_faults_makes_nobody(city, sign_in):
    browser = sign_in(city.wati)
    form = browser.get("/akun/banyak").form().fill(table=TABLE).submit().form("/buat")

    form.fill(table=f"{TABLE}Bu X\t99\t\n").submit()

    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(Invitation)) == 0


@pytest.mark.parametrize(("said", "code"), [
    ({"rw": "7", "kelurahan": "jatirahayu"}, "98.01.01.1001.07"), ({"rw": "RW.07", "kelurahan": "Jatirahayu"},
                                                                    "98.01.01.1001.07"),
    ({"code": "98.01.02.1001.03"}, "98.01.02.1001.03"), ({"school": "90000001"}, "npsn.90000001"),
    ({"school": "smp contoh 1"}, "npsn.90000001"),
])
def test_a_place_is_found_however_it_is_written(any_city, said, code):
    from portal.accounts import people

    places = people.rw_and_schools(any_city.db, factories.viewer_of(any_city.db, any_city.agus))

    area, fault = bulk._place(places, said)

    assert (area and area.code, fault) == (code, "")


def test_a_name_that_several_places_have_asks_for_the_kelurahan(any_city):
    from portal.accounts import people

    places = people.rw_and_schools(any_city.db, factories.viewer_of(any_city.db, any_city.agus))

    assert bulk._place(places, {"rw": "1"}) == (None, "places")


def test_making_and_letting_go_leave_their_trace(city, sign_in):
    browser = sign_in(city.wati)
    make(browser, name="Bu Ani")
    browser.get(f"/akun/{city.siti.account_id}").form("/saklar").submit()

    city.db.rollback()
    acts = set(city.db.scalars(select(AuditEntry.action).where(AuditEntry.actor_id == city.wati.account_id)))
    assert {"account.made", "account.invited", "account.off"} <= acts


def test_nobody_switches_herself_off(city, sign_in):
    browser = sign_in(city.agus)

    page = browser.post(f"/akun/{city.agus.account_id}/saklar", [("csrf_token", token(browser.get("/akun"))),
                                                                 ("on", "0")])

    assert page.status == 409


@pytest.mark.parametrize(("who", "words"), [("ratna", "only head"), ("other", "only head")])
def test_the_last_head_cannot_be_removed(city, sign_in, who, words):
    page = sign_in(city.agus).get(f"/akun/{getattr(city, who).account_id}").form("/saklar").submit()

    assert page.status == 409
    assert words in page.text
    city.db.rollback()
    assert city.db.get_one(Account, getattr(city, who).account_id).active


def test_the_last_who_holds_a_key_cannot_be_removed(city, sign_in):
    with writing(city.db):
        for name in ("ratna", "dewi"):
            city.db.execute(KeyGrant.__table__.delete().where(
                KeyGrant.account_id == getattr(city, name).account_id))

    page = sign_in(city.agus).get(f"/akun/{city.rina.account_id}").form("/saklar").submit()

    assert page.status == 409
    assert "Hand the key on" in page.text


def test_an_officer_who_is_switched_off_gives_up_her_keys(city, sign_in):
    sign_in(city.agus).get(f"/akun/{city.rina.account_id}").form("/saklar").submit()

    city.db.rollback()
    assert city.db.scalar(select(func.count()).where(
        KeyGrant.account_id == city.rina.account_id)) == 0


def make(browser: Browser, at: str = "", **answers):
    form = browser.get(f"/akun/baru?di={at}" if at else "/akun/baru").form()
    if "place" not in answers:
        answers["place"] = "98.01.01.1001.07"
    return form.fill(**answers).submit()


def topic_of(browser):
    page = browser.get("/s/baru")
    return next(e.attrs["value"] for e in page.root.all("input") if e.attrs.get("name") == "topics")


def strip(html):
    return re.sub(r'name="csrf_token" value="[^"]*"|name="next" value="[^"]*"', "", html)


def token(page):
    return page.root.all("input", name="csrf_token")[0].attrs["value"]




def test_a_card_that_is_used_does_not_tell_the_coordinator_when_she_signs_in(city, sign_in):
    wati = sign_in(city.wati)

    def said():
        return wati.get(f"/akun/{city.siti.account_id}").text

    before = said()
    for number in range(cards.CODES - 4):
        assert "few left" not in said()
        with writing(city.db):
            cards.use(city.db, cards.tags_of(city.db, city.keys, city.siti.account_id, city.siti.card[number]))
        if number < cards.CODES - 5:
            assert said() == before

    assert "a card of codes, few left" in said()
