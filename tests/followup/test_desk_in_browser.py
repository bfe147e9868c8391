"""The desk in a real Chromium: with the keyboard alone, on a phone, two officers at once, accessible throughout."""

import re

import pytest
from playwright.sync_api import expect

from portal.accounts import own
from portal.base.db import writing
from portal.base.reference import spoken
from portal.flags.answers import Danger
from portal.flags.life import Move, Status
from portal.flags.models import Flag
from tests.factories import some_answers
from tests.followup.at_desk import Officer, cadre_answers, sent
from tests.support import live

pytestmark = pytest.mark.browser
ENOUGH_TABS = 80


@pytest.fixture
def visit(chromium, city, address):
    def opening(person, device=live.PC, **how):
        return live.visiting(chromium, city, address, person, device=device, **how)
    return opening


def flag_of(city, flag_id):
    city.db.rollback()
    return city.db.get_one(Flag, flag_id, populate_existing=True)


def code_of(city, flag_id):
    return spoken(flag_of(city, flag_id).code)


def sheet_of(city, address, flag_id):
    return f"{address}/k/{code_of(city, flag_id)}/kerja"


def open_assessment(page):
    page.locator("details:has(form[data-move=assess]) summary").click()


def tab_to(page, selector):
    """Press Tab until it is there, as somebody without a mouse does; what has the focus is always to be seen."""
    for _press in range(ENOUGH_TABS):
        page.keyboard.press("Tab")
        seen = page.evaluate("""() => { const e = document.activeElement, b = e.getBoundingClientRect();
            return b.bottom > 0 && b.top < innerHeight }""")
        assert seen, page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no way to {selector} with Tab")


def looked_at(page):
    """Nothing for axe to find, nothing wider than the window, nothing too small to hit."""
    size = page.viewport_size
    page.set_viewport_size({**size, "height": 4000})  # sticky bars must not hide what axe looks at
    page.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true; })")
    live.assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], page.url
    small = page.locator("main :is(a.tbl, button, summary, .pilih, select):visible").evaluate_all(
        "all => all.map(e => [e.textContent.trim(), e.getBoundingClientRect().height]).filter(([, h]) => h < 24)")
    assert small == [], page.url
    page.set_viewport_size(size)


def test_with_the_keyboard_alone_from_the_queue_to_a_note(city, visit, address):
    first, second = (sent(city, answers=some_answers(danger=Danger.NOW)) for _number in range(2))
    sent(city)
    with visit(city.rina) as context:
        page = context.new_page()
        page.goto(f"{address}/antrean")
        tab_to(page, "[data-tombol]")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(page.locator("#pratinjau h2")).to_have_text(code_of(city, first))
        assert flag_of(city, first).status == Status.NEW  # at a glance is not reading

        page.keyboard.press("j")
        page.keyboard.press("a")  # the next concern is mine with two keys
        page.wait_for_url(f"**/k/{code_of(city, second)}/kerja")
        assert flag_of(city, second).assignee_id == city.rina.account_id

        tab_to(page, "details:has(form[data-move=ask]) summary")
        page.keyboard.press("Enter")
        tab_to(page, "[name=template]")
        page.keyboard.press("Space")
        tab_to(page, "form[data-move=ask] button")
        page.keyboard.press("Enter")
        expect(page.locator("form[data-move=ask] [data-fokus]")).to_be_focused()
        expect(page.locator("form[data-move=ask] .sisip")).to_contain_text("When can we call you?")
        assert flag_of(city, second).status == Status.ASSIGNED  # nothing is sent yet
        tab_to(page, "form[data-move=ask] button[value=send]")
        page.keyboard.press("Enter")
        expect(page.locator("#lembar > [data-fokus]")).to_be_focused()
        assert flag_of(city, second).status == Status.WAITING

        tab_to(page, "details:has(form[data-move=act]) summary")
        page.keyboard.press("Enter")
        for field in ("way", "result"):
            tab_to(page, f"[name={field}]")
            page.keyboard.press("Space")
        for field, text in (("note", "mutiara"), ("next_step", "Kunjungan")):
            tab_to(page, f"[name={field}]")
            page.keyboard.type(text)
        tab_to(page, "form[data-move=act] button")
        page.keyboard.press("Enter")
        expect(page.locator("#lembar > [data-fokus]")).to_be_focused()
        expect(page.locator(".log")).to_contain_text("mutiara")
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_keys_do_nothing_outside_the_list(city, visit, address):
    flag_id = sent(city)
    with visit(city.rina) as context:
        page = context.new_page()
        page.goto(f"{address}/antrean")
        page.locator("h1").click()
        for key in ("j", "a"):
            page.keyboard.press(key)
        page.locator("[data-tombol]").focus()
        page.keyboard.press("/")
        expect(page.locator("#kode")).to_be_focused()
        page.keyboard.type("ja")
        expect(page.locator("#daftar")).to_contain_text("Nothing matches.")
        expect(page.locator("#kode")).to_be_focused()
        expect(page.locator("#jumlah")).to_have_text("Nothing matches.")
        assert "kode=ja" in page.url

        page.locator("#kode").fill("")
        page.locator("#risiko").select_option("medium")
        expect(page.locator("#jumlah")).to_have_text("1 concern in the list.")
        page.locator("[data-tombol]").focus()
        page.keyboard.press("?")
        expect(page.locator("#tombol summary")).to_be_focused()
    assert flag_of(city, flag_id).status == Status.NEW


def test_a_filter_that_fails_says_so_until_the_list_is_filtered(city, visit, address):
    sent(city)
    with visit(city.rina) as context:
        page = context.new_page()
        page.goto(f"{address}/antrean")
        said = page.locator("#belum-disaring")
        page.route("**/antrean?*", lambda route: route.fulfill(status=503, body=""), times=1)
        page.locator("#kode").press_sequentially("j")
        expect(said).to_have_text(
            "The list is not filtered yet: there is a problem here with us.", use_inner_text=True)
        expect(page.locator("#kode")).to_be_focused()
        context.set_offline(True)
        page.locator("#kode").press_sequentially("a")
        expect(said).to_have_text("The list is not filtered yet: there is no network.", use_inner_text=True)
        looked_at(page)
        context.set_offline(False)
        page.locator("#kode").press_sequentially("t")

        expect(page.locator("#daftar")).to_contain_text("Nothing matches.")
        expect(said).to_be_hidden()


def test_who_has_switched_the_keys_off_gets_none(city, sign_in):
    sent(city)
    with_keys = sign_in(city.rina).get("/antrean")
    with writing(city.db):
        own.look(city.db, city.rina.account_id, text_size=100, shortcuts=False)

    without = sign_in(city.rina).get("/antrean")

    assert "data-tombol" in with_keys.html
    assert "data-tombol" not in without.html
    assert without.root.all("kbd") == []


def test_news_is_told_and_no_row_moves(city, visit, address):
    flag_id = sent(city)
    with visit(city.rina, language="id") as context:
        page = context.new_page()
        page.clock.install()
        page.goto(f"{address}/antrean")
        sent(city, answers=some_answers(danger=Danger.NOW))

        live.time_passes(page, "01:01")

        expect(page.locator("[data-segar]")).to_have_text("1 kabar baru.")
        assert page.locator("#daftar a.kd").all_inner_texts() == [code_of(city, flag_id)]
        page.get_by_role("link", name="Muat ulang daftar").click()
        expect(page.locator("#daftar a.kd")).to_have_count(2)
        expect(page.locator("[data-segar]")).to_have_text("")


@pytest.mark.parametrize("other", ["take", "identity"])
def test_what_is_half_written_in_one_form_outlives_the_act_of_another(city, visit, address, other):
    flag_id = sent(city)
    with visit(city.rina) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(sheet_of(city, address, flag_id))
        open_assessment(page)
        page.locator("[name=risk][value=high]").check()
        page.fill("[name=why_risk]", "mutiara pertama")

        if other == "identity":
            page.select_option("[name=why_open]", "emergency")
        with page.expect_response("**/kerja/*"):
            page.locator(f"form[data-move={other}] button").click()
        expect(page.locator("form[data-move=take] button") if other == "take" else page.get_by_text("Shown once")
               ).to_have_count(0 if other == "take" else 1)

        expect(page.locator("[name=why_risk]")).to_have_value("mutiara pertama")
        expect(page.locator("[name=why_risk]")).to_be_visible()
        expect(page.locator("[name=risk][value=high]")).to_be_checked()
        live.time_passes(page, "20:10")
        page.wait_for_selector("#lagi")
        page.fill("#secret", city.rina.secret)
        page.locator("#lagi button.tbl").click()
        page.get_by_role("button", name="Back to my answers").click()
        expect(page.locator("[name=why_risk]")).to_have_value("mutiara pertama")
        page.locator("form[data-move=assess] button").click()
        expect(page.locator("#lembar > [data-fokus]")).to_be_focused()
        expect(page.locator("[name=why_risk]")).to_have_value("")
    assert flag_of(city, flag_id).risk_assessed == "high"


def test_a_reason_that_was_chosen_above_takes_nothing_from_what_is_half_written_below(city, visit, address):
    flag_id = sent(city)
    with visit(city.rina) as context:
        page = context.new_page()
        page.goto(sheet_of(city, address, flag_id))
        page.select_option("[name=why_open]", "emergency")
        open_assessment(page)
        page.fill("[name=why_risk]", "mutiara pertama")

        page.locator("form[data-move=take] button").click()

        expect(page.locator("form[data-move=take] button")).to_have_count(0)
        expect(page.locator("[name=why_open]")).to_have_value("emergency")
        expect(page.locator("[name=why_risk]")).to_have_value("mutiara pertama")
        expect(page.locator("[name=why_risk]")).to_be_visible()


def test_what_was_sent_does_not_stand_in_the_form_again(city, visit, address):
    flag_id = sent(city)
    with visit(city.rina) as context:
        page = context.new_page()
        page.goto(sheet_of(city, address, flag_id))
        open_assessment(page)
        page.locator("[name=risk][value=high]").check()
        page.fill("[name=why_risk]", "mutiara pertama")

        page.locator("form[data-move=assess] button").click()

        expect(page.locator("#lembar > [data-fokus]")).to_be_focused()
        expect(page.locator("[name=why_risk]")).to_have_value("")
        expect(page.locator("[name=why_risk]")).to_be_hidden()


def test_two_officers_at_once_see_each_other_and_lose_nothing(city, visit, address):
    flag_id = sent(city)
    sheet = sheet_of(city, address, flag_id)
    with visit(city.rina) as hers, visit(city.dewi) as others:
        rina, dewi = hers.new_page(), others.new_page()
        rina.clock.install()
        rina.goto(sheet)
        expect(rina.locator(".hadir")).to_be_hidden()
        dewi.goto(sheet)
        expect(dewi.locator(".hadir")).to_have_text(re.compile(r"Rina A\. has this open since \d\d:\d\d\."))

        open_assessment(rina)
        rina.locator("[name=risk][value=high]").check()
        rina.fill("[name=why_risk]", "mutiara pertama")
        live.time_passes(rina, "01:01")
        expect(rina.locator(".hadir")).to_contain_text("Dewi K. has this open")
        assert rina.locator("[name=why_risk]").input_value() == "mutiara pertama"

        dewi.locator("form[data-move=take] button").click()
        expect(dewi.locator("#lembar > [data-fokus]")).to_be_focused()
        rina.locator("form[data-move=assess] button").click()
        expect(rina.locator(".beda")).to_be_focused()
        expect(rina.locator(".beda")).to_contain_text("Dewi K. just changed this.")
        assert rina.locator("[name=why_risk]").input_value() == "mutiara pertama"
        rina.locator("form[data-move=assess] button").click()
        expect(rina.locator("#lembar > [data-fokus]")).to_be_focused()
    assert (flag_of(city, flag_id).risk_assessed, flag_of(city, flag_id).assignee_id) == \
        ("high", city.dewi.account_id)


def test_on_a_phone_a_card_leads_to_the_sheet_and_a_call_is_written_down(city, visit, address):
    flag_id = sent(city)
    with visit(city.rina, device=live.PHONE, language="id") as context:
        page = context.new_page()
        page.goto(f"{address}/antrean")
        expect(page.locator("#pratinjau")).to_be_hidden()
        looked_at(page)
        page.locator("#daftar a.kd").tap()
        page.wait_for_url(f"**/k/{code_of(city, flag_id)}/kerja")
        page.locator("form[data-move=take] button").tap()
        expect(page.locator("#lembar > [data-fokus]")).to_be_focused()
        page.locator("details:has(form[data-move=ask]) summary").tap()
        page.locator("label.pilih", has=page.locator("[value=still_at_risk]")).tap()
        page.locator("form[data-move=ask] button").tap()
        expect(page.locator("form[data-move=ask] .sisip")).to_contain_text("Petugas ingin bicara")
        looked_at(page)
        page.locator("form[data-move=ask] button[value=send]").tap()
        expect(page.locator("form[data-move=ask]")).to_have_count(0)
        cadre_answers(city, flag_id, text="Ia di rumah neneknya.")
        page.reload()
        expect(page.locator(".aman")).to_contain_text("Jam aman: malam.")

        page.goto(f"{address}/k/telepon")
        looked_at(page)
        page.locator("form[action='/k/telepon'] > button[data-kirim]").tap()
        expect(page.locator("[role=alert]")).to_be_focused()
        looked_at(page)
        for value in ("resident", "now"):
            page.locator("label.pilih", has=page.locator(f"[value={value}]")).first.tap()
        page.select_option("#place", "Jatirahayu")
        page.locator("form[action='/k/telepon'] > button[data-kirim]").tap()
        page.wait_for_url("**/kerja")
        expect(page.locator("main")).to_contain_text("Dicatat petugas")
        looked_at(page)


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_desks_pages_are_accessible_on_a_wide_screen(city, visit, address, language):
    ratna = Officer(city, city.ratna)
    flag_id, mine = sent(city), sent(city)
    ratna.opens(mine)
    ratna.does(Move.TAKE, mine)
    code = code_of(city, flag_id)
    with visit(city.ratna, language=language) as context:
        page = context.new_page()
        page.goto(f"{address}/antrean")
        page.locator("#daftar a.kd").first.focus()
        expect(page.locator("#pratinjau h2")).to_be_visible()
        looked_at(page)
        page.keyboard.press("t")
        page.wait_for_url("**/tugaskan")
        expect(page.locator("select[name=officer]")).to_be_visible()
        for path in ("/antrean?risiko=low", "/tugas", "/k/telepon", f"/antrean/{code}/lihat", f"/k/{code}/kerja",
                     f"/k/{code}/kerja/mundur"):
            page.goto(address + path)
            looked_at(page)
        page.set_viewport_size({"width": 640, "height": 400})  # 200 % of 1280
        page.goto(f"{address}/antrean")
        looked_at(page)
