"""The session log and the coverage page in a real Chromium: without a network, without script, for everybody."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.outreach.models import Outreach
from tests.outreach.test_imports import GOOD
from tests.outreach.test_photos import with_everything
from tests.outreach.test_plans import planned
from tests.outreach.test_sessions import held_at, logged, number_of
from tests.support import live

pytestmark = pytest.mark.browser
SMALL = """() => [...document.querySelectorAll("main :is(a, button, summary, .pilih, .hitung input, select)")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML.slice(0, 90))"""


@pytest.fixture
def visit(chromium, city, address):
    def opening(person="siti", **how):
        return live.visiting(chromium, city, address, getattr(city, person), **how)
    return opening


def fill(page, address):
    page.goto(f"{address}/s/baru")
    page.locator("label.pilih", has=page.locator("[value=internet]")).click()
    page.fill("#women", "12")
    page.fill("#girls", "6")


def looked_at(page, narrowest=320):
    page.set_viewport_size({**page.viewport_size, "height": 3000})  # sticky bars must not hide what axe looks at
    live.assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= max(page.viewport_size["width"], narrowest)


def test_the_total_is_told_while_typing_and_the_date_shows_only_for_another_day(visit, address):
    with visit() as context:
        page = context.new_page()
        fill(page, address)

        expect(page.locator("#jumlah output")).to_have_text("18")
        expect(page.locator("#held_on")).to_be_hidden()
        page.fill("#men", "x1")
        expect(page.locator("#jumlah output")).to_have_text("18")
        page.locator("label.pilih", has=page.locator("[value=other]")).click()
        expect(page.locator("#held_on")).to_be_visible()


def test_a_date_that_was_hidden_again_is_not_meant(city, visit, address):
    with visit() as context:
        page = context.new_page()
        fill(page, address)
        page.locator("label.pilih", has=page.locator("[value=other]")).click()
        page.fill("#held_on", "2026-01-01")
        page.locator("label.pilih", has=page.locator("[value=today]")).click()
        page.locator("[data-kirim]").click()
        page.wait_for_url(re.compile("/s/[0-9a-f-]{36}"))

    assert number_of(city) == 1


def test_without_a_network_nothing_is_lost_and_another_try_keeps_one_session(city, visit, address):
    with visit() as context:
        page = context.new_page()
        fill(page, address)
        context.set_offline(True)
        page.locator("[data-kirim]").click()
        expect(page.locator("#belum-terkirim")).to_be_visible()
        assert page.input_value("#women") == "12"
        context.set_offline(False)
        page.locator("[data-lagi]").click()
        page.wait_for_url(re.compile("/s/[0-9a-f-]{36}"))

    assert number_of(city) == 1


def test_when_only_the_answer_was_lost_another_try_finds_the_same_session(city, visit, address):
    def lose_the_answer(route):
        route.fetch(max_redirects=0)
        route.abort()

    with visit() as context:
        page = context.new_page()
        fill(page, address)
        page.route("**/s/baru", lose_the_answer, times=1)
        page.locator("[data-kirim]").click()
        expect(page.locator("#belum-terkirim")).to_be_visible()
        assert number_of(city) == 1
        page.locator("[data-lagi]").click()
        page.wait_for_url(re.compile("/s/[0-9a-f-]{36}"))

    assert number_of(city) == 1


def test_faults_are_found_and_mended_without_leaving_the_page(city, visit, address):
    with visit() as context:
        page = context.new_page()
        page.goto(f"{address}/s/baru")
        page.locator("[data-kirim]").click()
        expect(page.locator(".galat:not([hidden])")).to_be_focused()
        assert page.title().startswith("Check: ")
        page.locator("label.pilih", has=page.locator("[value=internet]")).click()
        page.fill("#women", "340")
        expect(page.locator("#jumlah output")).to_have_text("340")
        page.locator("[data-kirim]").click()
        expect(page.get_by_role("heading", name="Really 340 people?")).to_be_focused()
        page.get_by_role("button", name="Change").click()
        page.fill("#women", "34")
        page.locator("[data-kirim]").click()
        page.wait_for_url(re.compile("/s/[0-9a-f-]{36}"))

    city.db.rollback()
    assert city.db.scalars(select(Outreach)).one().women == 34


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_page_of_sessions_is_accessible_and_fits_a_small_phone(city, visit, address, language):
    key = logged(city, held=held_at(city, note="Di balai RW.", audiences=("pkk",), speaker="dr. Ani", funding="dak"))
    planned(city)
    device = {**live.PHONE, "viewport": {"width": 320, "height": 2400}}
    with visit(language=language, device=device) as context:
        page = context.new_page()
        for path in ("/s", f"/s/{key}", f"/s/{key}?ok=1", f"/s/{key}?ok=2", f"/s/{key}/ubah", "/s/baru", "/cakupan",
                     f"/s/{key}/foto", "/s/rencana"):
            page.goto(address + path)
            page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
            looked_at(page)
            assert page.evaluate(SMALL) == [], path
        page.goto(f"{address}/s/baru")
        page.locator("[data-kirim]").click()
        expect(page.locator(".galat:not([hidden])")).to_be_focused()
        looked_at(page)
        fill(page, address)
        page.fill("#women", "340")
        page.locator("[data-kirim]").click()
        expect(page.locator("button[name=sure]")).to_be_visible()
        looked_at(page)


@pytest.mark.parametrize(("device", "language"), [(live.PHONE, "id"), (live.PC, "en")], ids=["phone", "pc"])
def test_every_page_of_coverage_is_accessible(city, visit, address, device, language):
    logged(city)
    with visit("lina", device=device, language=language) as context:
        page = context.new_page()
        for query in ("", "?w=98.01.01", "?w=98.01.01.1001", "?dari=2025-01&sampai=2025-02", "?lihat=peta",
                      "?lihat=cetak", "?w=98.01.01.1001.07", "/topik", "/daftar", "/bukti"):
            page.goto(f"{address}/cakupan{query}")
            page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
            looked_at(page, narrowest=360)


@pytest.mark.parametrize("device", [live.PHONE, live.PC], ids=["phone", "pc"])
def test_the_coordinators_pages_are_accessible(city, visit, address, device):
    key = logged(city)
    plan = planned(city)
    with visit("wati", device=device) as context:
        page = context.new_page()
        for path in ("/s", f"/s/{key}", "/s/rencana", "/s/rencana/baru", f"/s/rencana/{plan}/batal", "/s/berkas"):
            page.goto(address + path)
            looked_at(page, narrowest=360)


def test_a_photo_is_sent_and_a_file_is_read_as_a_browser_sends_them(city, visit, address, tmp_path):
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], photos_dir=tmp_path / "photos")
    key = logged(city)
    with visit() as context:
        page = context.new_page()
        page.goto(f"{address}/s/{key}/foto")
        page.set_input_files("#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": with_everything()})
        page.locator("label.pilih").click()
        page.locator("[data-kirim]").click()
        page.wait_for_url(re.compile("ok=3"))
    with visit("wati", script=False) as context:
        page = context.new_page()
        page.goto(f"{address}/s/{key}")
        assert page.locator("img").evaluate("(image) => image.naturalWidth") == 40
        looked_at_size = page.locator("img").bounding_box()["width"]
        page.goto(f"{address}/s/berkas")
        page.set_input_files("#file", {"name": "lama.csv", "mimeType": "text/csv", "buffer": GOOD.encode()})
        page.get_by_role("button", name="Check this file").click()
        page.get_by_role("button", name="Load them").click()
        expect(page.get_by_role("heading", name="2 sessions were loaded")).to_be_visible()
    assert looked_at_size == 320
    assert number_of(city) == 3


def test_printing_hides_what_is_for_the_screen_alone(city, visit, address):
    logged(city)
    with visit("lina", device=live.PC) as context:
        page = context.new_page()
        page.goto(f"{address}/cakupan?lihat=cetak")
        expect(page.locator("[data-cetak]")).to_be_visible()
        page.emulate_media(media="print")
        for hidden in (".atas", "nav.ringkas", ".masa", "[data-cetak]"):
            assert not page.locator(hidden).first.is_visible()
        expect(page.locator("svg[role=group]")).to_be_visible()
