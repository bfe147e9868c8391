"""A real phone on a bad line: scripts that come late, answers that never come, a way out that never arrives."""

import re
import socket
from contextlib import closing

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from portal.accounts.models import Device, SignIn
from tests.accounts.on_a_phone import KEYS, OTHER_PIN, PIN, begun, enrol, sign_out, until, virtual_authenticator
from tests.factories import invited_to
from tests.support import live

pytestmark = pytest.mark.browser


@pytest.fixture
def lose(city):
    """Give a path whose next answer is lost once the server has done its work: the line drops before it."""
    lost, inner = [], city.app.wsgi_app

    def on_a_bad_line(environ, start):
        kept = []

        def begin(status, headers, _exc=None):
            kept.append((status, headers))
            return lambda _body: None

        with closing(inner(environ, begin)) as parts:
            body = b"".join(parts)
        key = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if key in lost:
            lost.remove(key)
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        start(*kept[0])
        return (part for part in [body])  # which a server can close

    city.app.wsgi_app = on_a_bad_line
    return lambda path, times=1: lost.extend([("POST", path)] * times)


def sign_ins(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(SignIn))


def pin(page, secret=PIN):
    """Sign in as one who is known on this phone."""
    page.wait_for_selector("#hp button.tbl")
    page.fill("#pin", secret)
    page.locator("#hp button.tbl").tap()


def hold(context, name):
    """Let a script never come until it is asked to."""
    held = []

    def keep(route):
        held.append(route)

    context.route(re.compile(rf"/static/{name}"), keep)
    return held


@pytest.mark.asvs("V7.4.1")
def test_quick_exit_on_a_dead_network_is_done_when_the_network_is_back(city, visit, address):
    with visit("siti") as context:
        page = context.new_page()
        page.goto(f"{address}/")
        context.set_offline(True)
        page.locator("#keluar-cepat button").tap()
        page.wait_for_timeout(500)
        context.set_offline(False)
        assert sign_ins(city) == 1

        page = context.new_page()
        page.goto(f"{address}/")

        assert "/masuk" in page.url
        assert "Bu Siti" not in page.inner_text("body")
        assert sign_ins(city) == 0
        assert "x" not in {cookie["name"] for cookie in context.cookies()}


@pytest.mark.parametrize("how", ["exit", "out", "everywhere"])
def test_who_leaves_in_one_tab_has_left_in_all(city, visit, address, how):
    with visit("siti") as context:
        other, page = context.new_page(), context.new_page()
        other.goto(f"{address}/")
        page.goto(f"{address}/setelan")
        page.locator({"exit": "#keluar-cepat button", "out": "form[action='/keluar'] button",
                      "everywhere": "form[action='/setelan/keluar-semua'] button"}[how]).tap()

        if how == "exit":
            other.wait_for_url(lambda url: not url.startswith(address))
            expect(other.locator("h1")).to_have_text("Cuaca")
        else:
            other.wait_for_url("**/masuk")
            page.wait_for_url("**/masuk")
        assert "Bu Siti" not in other.inner_text("body")
        assert sign_ins(city) == 0


def test_at_the_desk_too(city, visit, address):
    with visit("rina", device=live.PC) as context:
        other, page = context.new_page(), context.new_page()
        other.goto(f"{address}/antrean")
        page.goto(f"{address}/antrean")

        page.locator("header form button").click()

        other.wait_for_url("**/masuk")
        page.wait_for_url("**/masuk")


def test_where_tabs_cannot_hear_each_other_she_leaves_all_the_same(visit, address):
    with visit("siti") as context:
        context.add_init_script("delete window.BroadcastChannel")
        page = context.new_page()
        page.goto(f"{address}/")

        page.locator("#keluar-cepat button").tap()

        page.wait_for_url(lambda url: not url.startswith(address))


def test_another_persons_first_time_leaves_her_key_alone(visit, address, city):
    with visit() as context:
        held = hold(context, "ready")
        page = context.new_page()
        page.goto(f"{address}/mulai#{invited_to(city)}", wait_until="commit")
        page.locator("#pertama #secret").fill(PIN)
        page.wait_for_load_state()
        page.locator("#pertama button.tbl").tap(no_wait_after=True)
        page.wait_for_url("**/mulai/siap", wait_until="commit")
        live.tap_at_once(page.locator("main button.tbl.penuh").first)
        page.wait_for_url(f"{address}/", wait_until="commit")
        page.wait_for_load_state()
        assert held
        context.unroute_all()
        sign_out(page, address)

        enrol(page, address, invited_to(city, "Pak Joko"), OTHER_PIN)

        assert sorted(key["name"] for key in page.evaluate(KEYS)) == ["Bu Ani", "Pak Joko"]


def test_a_key_that_has_let_her_in_is_no_longer_new(visit, address, city):
    with visit() as context:
        hold(context, "ready")
        page = context.new_page()
        page.clock.install()
        page.goto(f"{address}/mulai#{invited_to(city)}", wait_until="commit")
        page.locator("#pertama #secret").fill(PIN)
        page.wait_for_load_state()
        page.locator("#pertama button.tbl").tap(no_wait_after=True)
        page.wait_for_url("**/mulai/siap", wait_until="commit")
        page.goto(f"{address}/s/baru")
        assert [bool(key["fresh"]) for key in page.evaluate(KEYS)] == [True]

        live.time_passes(page, "01:30")
        with page.expect_request("**/di-sini"):
            page.fill("#women", "1")

        assert [bool(key["fresh"]) for key in page.evaluate(KEYS)] == [False]


def test_a_key_whose_answer_was_lost_is_shown_again_and_leads_in(visit, address, city, lose):
    with visit() as context:
        page, code = context.new_page(), invited_to(city)
        page.goto(f"{address}/mulai#{code}")
        page.wait_for_selector("#pertama #secret")
        waiting = context.new_page()
        waiting.goto(f"{address}/mulai#{code}")
        waiting.wait_for_selector("#pertama #secret")
        page.bring_to_front()
        page.fill("#pertama #secret", PIN)
        lose("/mulai", 2)  # the browser sends it once more by itself
        page.locator("#pertama button.tbl").tap(no_wait_after=True)
        page.wait_for_timeout(1500)

        waiting.bring_to_front()
        waiting.fill("#pertama #secret", PIN)
        waiting.locator("#pertama button.tbl").tap()

        waiting.wait_for_url("**/mulai/siap")
        assert len(waiting.evaluate(KEYS)) == 1
    city.db.rollback()
    assert len(city.db.scalars(select(Device)).all()) == 1


def test_a_first_time_that_the_browser_itself_sends_again_leads_in(visit, address, city, lose):
    with visit() as context:
        page = context.new_page()
        page.goto(f"{address}/mulai#{invited_to(city)}")
        page.wait_for_selector("#pertama #secret")
        page.fill("#pertama #secret", PIN)
        lose("/mulai")

        page.locator("#pertama button.tbl").tap(no_wait_after=True)

        page.wait_for_url("**/mulai/siap")


def test_without_script_a_card_that_was_asked_for_twice_is_seen(visit, address, city, lose):
    with visit(script=False) as context:
        page = context.new_page()
        page.goto(f"{address}/mulai")
        page.fill("#code", invited_to(city))
        page.locator("#undangan button.tbl").tap()
        page.fill("#secret", PIN)
        lose("/mulai")

        page.locator("#pertama button.tbl").tap(no_wait_after=True)

        expect(page.locator(".kode-kartu li")).to_have_count(20)


def test_the_page_of_a_used_code_holds_on_a_phone(visit, address, city):
    with visit() as context:
        page, code = context.new_page(), invited_to(city)
        enrol(page, address, code)
        page.goto(f"{address}/mulai#{code}")
        page.wait_for_selector(".galat")

        live.assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_sign_in_that_the_browser_itself_sends_again_asks_once_more(visit, address, city, lose):
    with visit() as context:
        page = context.new_page()
        enrol(page, address, invited_to(city))
        sign_out(page, address)
        lose("/masuk")
        pin(page)
        expect(page.locator(".galat")).to_contain_text("Please enter your PIN once more")

        pin(page)

        page.wait_for_url(f"{address}/")


def test_who_has_not_said_who_she_is_stays_where_she_is(visit, address, city):
    with visit() as context:
        page = context.new_page()
        for name, secret in (("Bu Ani", PIN), ("Pak Joko", OTHER_PIN)):
            enrol(page, address, invited_to(city, name), secret)
            sign_out(page, address)
        asked = []
        page.on("request", lambda request: asked.append(request.method))

        pin(page)
        page.wait_for_timeout(300)

        assert "POST" not in asked
        assert page.locator("#pin").input_value() == PIN


def set_up_passkey(context, page, address, held):
    """Ask for the phone's own lock too; the settings' script, which would see to it, comes too late."""
    page.goto(f"{address}/setelan/kunci-layar")
    held.extend(hold(context, "settings"))
    page.locator("#passkey-baru button").tap(no_wait_after=True)


def test_a_phone_asks_for_its_own_lock_though_the_settings_script_came_too_late(visit, address, city):
    with visit() as context:
        page = context.new_page()
        virtual_authenticator(context, page)
        enrol(page, address, invited_to(city))
        set_up_passkey(context, page, address, [])
        page.wait_for_url("**/setelan", wait_until="commit")
        page.goto(f"{address}/k")
        context.unroute_all()
        page.evaluate("""() => fetch("/keluar", { method: "POST", body: new URLSearchParams({
            csrf_token: document.querySelector("[name=csrf_token]").value }) })""")
        page.goto(f"{address}/masuk")

        pin(page)

        page.wait_for_url(f"{address}/")


def test_a_lock_of_the_phone_that_the_server_refused_is_forgotten_and_shuts_nobody_out(visit, address, city):
    credential = """() => new Promise((yes) => { indexedDB.open("k", 1).onsuccess = ({ target }) => {
        target.result.transaction("k").objectStore("k").getAll().onsuccess = (event) => {
          target.result.close();
          yes(event.target.result[0].credential || "");
        }; }; })"""
    with visit() as context:
        page = context.new_page()
        virtual_authenticator(context, page)
        enrol(page, address, invited_to(city))
        page.goto(f"{address}/setelan/kunci-layar")
        page.evaluate("document.querySelector('#passkey-baru [name=challenge]').value = 'another'")
        page.locator("#passkey-baru button").tap()
        page.wait_for_selector(".galat")
        expect(page.locator(".galat")).to_contain_text("did not work")
        until(page, credential, lambda kept: kept == "")
        page.evaluate("""() => new Promise((yes) => { indexedDB.open("k", 1).onsuccess = ({ target }) => {
            const store = target.result.transaction("k", "readwrite").objectStore("k");
            store.getAll().onsuccess = (event) => {
              store.put({ ...event.target.result[0], credential: "AAAA" }).onsuccess = () => {
                target.result.close();
                yes();
              };
            }; }; })""")  # as if that page had never come
        page.goto(f"{address}/k")
        sign_out_quietly(page)
        page.goto(f"{address}/masuk")

        pin(page)

        page.wait_for_url(f"{address}/")


def sign_out_quietly(page):
    """Without the settings, whose script would put things right."""
    page.evaluate("""() => fetch("/keluar", { method: "POST", body: new URLSearchParams({
        csrf_token: document.querySelector("[name=csrf_token]").value }) })""")


def test_before_the_script_a_known_phone_is_told_to_wait_and_what_was_typed_stays(visit, address, city):
    with visit() as context:
        page = context.new_page()
        enrol(page, address, invited_to(city))
        sign_out(page, address)
        held = hold(context, "sign-in")
        page.goto(f"{address}/masuk", wait_until="commit")
        expect(page.locator("#tunggu")).to_contain_text("Wait a moment, the field for your PIN will appear")
        page.locator("#who").focus()
        page.keyboard.type("0812")

        held[-1].continue_()
        page.wait_for_selector("#hp button.tbl")
        page.keyboard.type("0000")

        expect(page.locator("#who")).to_have_value("08120000")
        expect(page.locator("#tunggu")).to_be_hidden()
        page.locator("#pin").fill(PIN)
        page.locator("#hp button.tbl").tap()
        page.wait_for_url(f"{address}/")


def test_a_phone_that_nobody_used_is_told_where_to_begin(visit, address):
    for script in (True, False):
        with visit(script=script) as context:
            page = context.new_page()
            page.goto(f"{address}/masuk")

            expect(page.locator("#dengan-kartu")).to_contain_text("This phone is not known yet.")
            expect(page.locator("#dengan-kartu")).not_to_contain_text("will appear", use_inner_text=True)


def test_the_page_of_a_new_card_closes_to_the_home_page_and_not_to_a_false_sentence(visit, address, city):
    with visit() as context:
        page = begun(context, address, invited_to(city))
        page.goto(f"{address}/setelan")
        page.locator("form[action='/setelan/kartu'] button").tap()
        expect(page.locator("main")).to_contain_text("This page closes by itself")

        live.time_passes(page, "03:10")

        page.wait_for_url(f"{address}/")
        assert "Bu Ani" in page.inner_text("main")


def test_a_store_that_never_answers_holds_nobody_up(visit, address, city):
    with visit() as context:
        page = context.new_page()
        page.clock.install()
        context.add_init_script("IDBFactory.prototype.open = () => ({})")
        page.goto(f"{address}/mulai#{invited_to(city, 'Pak Joko')}")
        page.wait_for_selector("#pertama #secret")
        page.fill("#pertama #secret", OTHER_PIN)
        page.locator("#pertama button.tbl").tap(no_wait_after=True)
        page.wait_for_timeout(300)

        live.time_passes(page, "00:06")

        expect(page.locator(".kode-kartu li")).to_have_count(20)
