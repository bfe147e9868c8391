"""Getting in with a real phone's browser: keys that cannot leave it, several people on one phone, and every
awkward way: no script, no WebCrypto, an emptied storage, a wrong clock, a page left lying."""

import re
from contextlib import suppress
from datetime import date

import pytest
from playwright.sync_api import Error, expect
from sqlalchemy import select

from portal.accounts.models import Account, Device, Passkey
from portal.base.db import writing
from tests.accounts.on_a_phone import KEYS, OTHER_PIN, PIN, begun, enrol, looked_at, sign_out, virtual_authenticator
from tests.factories import invited_to
from tests.support import live

pytestmark = pytest.mark.browser
EMPTY = "() => new Promise((yes) => { indexedDB.deleteDatabase('k').onsuccess = yes; })"
REST = """(mark) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/istirahat";
  form.append(Object.assign(document.createElement("input"), { name: "csrf_token", value: mark }));
  document.body.append(form);
  form.submit();
}"""


def test_from_the_code_to_home_in_four_taps_with_a_key_that_cannot_leave_the_phone(city, visit, address):
    with visit() as context:
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        code = invited_to(city)

        enrol(page, address, code)

        assert "Bu Ani" in page.inner_text("main")
        keys = page.evaluate(KEYS)
        assert [(key["name"], key["out"]) for key in keys] == [("Bu Ani", False)]
        assert not [url for url in asked if code in url.replace("#", "").split("/mulai")[0]]
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        assert not any(key["fresh"] for key in keys)
    city.db.rollback()
    device = city.db.scalars(select(Device)).one()
    assert device.browser


def test_two_people_share_a_phone_and_choose_by_names_of_their_own(city, visit, address):
    with visit() as context:
        page = context.new_page()
        for name, pin in (("Bu Ani", PIN), ("Pak Joko", OTHER_PIN)):
            enrol(page, address, invited_to(city, name), pin)
            if name == "Pak Joko":
                page.goto(f"{address}/setelan")
                page.fill("#nama-di-hp", "Kucing")
                page.locator("#nama-hp button").tap()
                expect(page.locator("#nama-hp [role=status]")).to_have_text("The change is saved.")
            sign_out(page, address)
            page.go_back()
            assert "Account code" not in page.inner_text("body")  # what was on her settings
            page.goto(f"{address}/masuk")
        expect(page.locator("#siapa label")).to_have_count(2)
        assert sorted(page.locator("#siapa label").all_inner_texts()) == ["Bu Ani", "Kucing"]  # by key, not by name
        assert "Cadre" not in page.inner_text("main")
        looked_at(page)

        page.locator("#siapa label", has_text="Kucing").tap()
        page.fill("#pin", OTHER_PIN)
        page.locator("#hp button.tbl").tap()
        page.wait_for_url(f"{address}/")
        assert "Pak Joko" in page.inner_text("main")
        sign_out(page, address)
        page.locator("#siapa label", has_text="Bu Ani").tap()
        page.fill("#pin", OTHER_PIN)  # his PIN with her key
        page.locator("#hp button.tbl").tap()
        expect(page.locator(".galat")).to_contain_text("does not match")
        page.go_back()
        assert "Pak Joko" not in page.content()


def test_a_name_for_this_phone_is_saved_at_once_and_waits_for_no_server(city, visit, address):
    with visit() as context:
        page = context.new_page()
        enrol(page, address, invited_to(city))
        page.goto(f"{address}/setelan")
        button = page.locator("#nama-hp button")
        before = button.inner_text()
        page.fill("#nama-di-hp", "Kucing")
        button.tap()
        expect(page.locator("#nama-hp [role=status]")).to_have_text("The change is saved.")
        page.wait_for_timeout(600)  # longer than a form waits before it says that it is being sent

        expect(button).to_have_text(before)
        expect(button).to_be_enabled()
        assert [key["name"] for key in page.evaluate(KEYS)] == ["Kucing"]


def test_a_phone_whose_storage_was_emptied_says_what_to_do(city, visit, address):
    with visit() as context:
        page = context.new_page()
        enrol(page, address, invited_to(city))
        sign_out(page, address)
        page.evaluate(EMPTY)

        page.goto(f"{address}/masuk")

        expect(page.locator("#dengan-kartu")).to_be_visible()
        expect(page.locator("#dengan-hp")).to_be_hidden()
        looked_at(page)


def test_a_resting_sign_in_on_an_emptied_phone_says_so_too(city, visit, address):
    with visit() as context:
        page = context.new_page()
        enrol(page, address, invited_to(city))
        page.evaluate(EMPTY)
        mark = page.locator("[name=csrf_token]").first.get_attribute("value")
        page.evaluate(REST, mark)

        expect(page.locator("#hilang")).to_be_visible()


@pytest.mark.asvs("V3.7.5")
@pytest.mark.parametrize("broken", ["Object.defineProperty(crypto, 'subtle', { value: undefined })",
                                    "Object.defineProperty(window, 'indexedDB', { value: undefined })",
                                    "indexedDB.open = () => { throw new Error('private'); }"])
def test_where_a_phone_can_keep_no_key_she_gets_a_card_and_signs_in_with_it(city, visit, address, broken):
    with visit() as context:
        context.add_init_script(broken)
        page = context.new_page()
        page.goto(f"{address}/mulai")
        page.fill("#code", invited_to(city))
        page.locator("#undangan button.tbl").tap()
        page.fill("#secret", PIN)
        page.locator("#pertama button.tbl").tap()
        expect(page.locator(".kode-kartu li")).to_have_count(20)
        code = page.locator(".kode-kartu li").nth(4).inner_text()
        looked_at(page)
        sign_out(page, address)

        page.fill("#who", account_code(city, "Bu Ani"))
        page.fill("#card-pin", PIN)
        page.locator("#dengan-kartu [name=code]").fill(code)
        page.locator("#dengan-kartu button.tbl.penuh").tap()
        page.wait_for_url(f"{address}/")


def test_a_tap_before_the_pages_script_is_here_uses_nothing_up_and_the_next_one_binds_the_phone(city, visit, address):
    with visit() as context:
        page, held, over = context.new_page(), [], []

        def hold(route):
            if over:
                route.continue_()
            else:
                held.append(route)

        page.route(re.compile(r"/begin\b.*\.js"), hold)
        page.goto(f"{address}/mulai", wait_until="commit")
        page.fill("#code", invited_to(city))
        live.tap_at_once(page.locator("#undangan button.tbl"))
        page.fill("#secret", PIN)
        live.tap_at_once(page.locator("#pertama button.tbl"))

        expect(page.locator(".galat")).to_contain_text("try once more")
        expect(page.locator("#pertama button[name=card]")).to_be_visible()
        over.append(True)  # that of the last page may not even have been asked for yet
        for route in held:
            with suppress(Error):  # of a page that is gone
                route.continue_()
        page.wait_for_load_state()
        looked_at(page)
        page.fill("#secret", PIN)
        page.locator("#pertama button.tbl").first.tap()
        page.wait_for_url("**/mulai/siap")


def test_a_tap_before_the_phones_store_has_answered_binds_the_phone_too(city, visit, address):
    with visit() as context:
        context.add_init_script("""
            const open = indexedDB.open.bind(indexedDB);
            IDBFactory.prototype.open = (...given) => {
              const late = {};
              setTimeout(() => {
                const asked = open(...given);
                for (const name of ["onupgradeneeded", "onsuccess", "onerror"]) {
                  asked[name] = () => { late.result = asked.result; late[name]?.(); };
                }
              }, 1500);
              return late;
            };""")
        page = context.new_page()

        enrol(page, address, invited_to(city))


@pytest.mark.asvs("V3.7.5")
def test_without_script_everything_from_the_code_to_the_card_works(city, visit, address):
    with visit(script=False) as context:
        page = context.new_page()
        page.goto(f"{address}/mulai")
        page.fill("#code", invited_to(city))
        page.locator("#undangan button.tbl").tap()
        page.fill("#secret", PIN)
        page.locator("#pertama button.tbl").tap()
        expect(page.locator(".kode-kartu li")).to_have_count(20)
        codes = page.locator(".kode-kartu li").all_inner_texts()
        page.locator("main a.tbl").tap()
        expect(page.locator("main")).to_contain_text("Bu Ani")
        sign_out(page, address)
        page.go_back()
        assert "Bu Ani" not in page.content()
        page.goto(f"{address}/masuk")
        page.fill("#who", account_code(city, "Bu Ani"))
        page.fill("#card-pin", PIN)
        page.locator("#dengan-kartu [name=code]").fill(codes[0])
        page.locator("#dengan-kartu button.tbl.penuh").tap()
        page.wait_for_url(f"{address}/")


@pytest.mark.parametrize("year", [2019, 2041])
def test_a_phone_whose_clock_is_wrong_gets_in_all_the_same(city, visit, address, year):
    with visit() as context:
        page = context.new_page()
        page.clock.install(time=date(year, 1, 1).isoformat())
        enrol(page, address, invited_to(city))
        sign_out(page, address)
        page.fill("#pin", PIN)
        page.locator("#hp button.tbl").tap()
        page.wait_for_url(f"{address}/")


def test_a_page_that_lies_untouched_locks_and_key_and_pin_bring_her_answers_back(city, visit, address):
    with visit() as context:
        page = begun(context, address, invited_to(city))
        page.goto(f"{address}/k/baru")
        page.locator("#mulai").tap()
        page.locator("label.pilih", has=page.locator("[name=danger][value=again]")).tap()
        page.locator("#lanjut").tap()
        page.locator("label.pilih", has=page.locator("[name=who][value=girl]")).tap()

        live.time_passes(page, "03:10")

        page.wait_for_selector("#lagi")
        assert "girl" not in page.inner_text("body")
        looked_at(page)
        page.fill("#secret", PIN)
        page.locator("#lagi button.tbl").tap()
        page.locator("main button.tbl.penuh").tap()
        page.wait_for_url("**/k/baru")
        expect(page.locator("[name=who][value=girl]")).to_be_checked()
        page.go_back()
        live.time_passes(page, "00:01")


def test_who_goes_on_typing_is_not_locked_out(city, visit, address):
    with visit() as context:
        page = begun(context, address, invited_to(city))
        page.goto(f"{address}/s/baru")
        for number in range(4):
            live.time_passes(page, "02:00")
            with page.expect_request("**/di-sini"):  # each time, however long the key takes to sign
                page.fill("#women", str(number + 1))

        expect(page.locator("#women")).to_have_value("4")


@pytest.mark.asvs("V6.5.7")
def test_a_passkey_is_asked_for_beside_key_and_pin_and_without_it_nobody_gets_in(city, visit, address):
    with visit() as context:
        page = context.new_page()
        devtools = virtual_authenticator(context, page)
        enrol(page, address, invited_to(city))
        page.goto(f"{address}/setelan/kunci-layar")
        page.locator("#passkey-baru button").tap()
        page.wait_for_url("**/setelan")
        expect(page.locator("main")).to_contain_text("Remove the passkey")
        page.wait_for_timeout(300)
        sign_out(page, address)
        page.fill("#pin", PIN)
        page.locator("#hp button.tbl").tap()
        page.wait_for_url(f"{address}/")
        sign_out(page, address)

        devtools.send("WebAuthn.disable")  # the phone's own lock does not answer
        page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no')); }")
        page.fill("#pin", PIN)
        page.locator("#hp button.tbl").tap()

        expect(page.locator(".galat")).to_contain_text("does not match")
    city.db.rollback()
    assert city.db.scalars(select(Passkey)).one().device_id


@pytest.mark.asvs("V6.5.7")
def test_at_the_office_a_passkey_takes_the_place_of_the_code_but_not_of_the_passphrase(city, visit, address):
    with visit("rina", device=live.PC) as context:
        page = context.new_page()
        virtual_authenticator(context, page)
        page.goto(f"{address}/setelan/kunci-layar")
        page.locator("#passkey-baru button").click()
        page.wait_for_url("**/setelan")
        page.locator("header form button").click()
        page.goto(f"{address}/masuk/petugas")
        page.fill("#name", "rina")
        page.fill("#passphrase", "a wrong long passphrase")
        page.locator("#passkey-tombol").click()
        expect(page.locator(".galat")).to_contain_text("does not match")

        page.fill("#name", "rina")
        page.fill("#passphrase", city.rina.secret)
        page.locator("#passkey-tombol").click()
        page.wait_for_url("**/antrean")


def test_the_pages_for_looking_after_people_hold_on_a_phone_and_print_slips(city, visit, address):
    with visit("wati") as context:
        page = context.new_page()
        for path in ("/akun", "/akun/baru", "/akun/banyak", f"/akun/{city.siti.account_id}", "/persetujuan",
                     f"/akun/{city.siti.account_id}/pulihkan", "/setelan", "/setelan/rahasia"):
            page.goto(f"{address}{path}")
            looked_at(page)
        page.goto(f"{address}/akun/baru")
        page.fill("#name", "Bu Ani")
        page.locator("main button.tbl.penuh").tap()
        page.wait_for_selector(".secarik")
        looked_at(page)
        assert re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", page.inner_text(".secarik"))
        assert page.locator("svg.qr").bounding_box()["width"] >= 160
        page.emulate_media(media="print")
        expect(page.locator(".layar")).to_be_hidden()
        expect(page.locator(".secarik")).to_be_visible()


def account_code(city, name):
    with writing(city.db):
        return city.db.scalars(select(Account.sign_in_name).where(Account.name == name)).one().upper()
