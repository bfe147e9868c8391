"""One person's whole handling in a real Chromium: assess, serve, refer and print, close with a second officer.

Axe looks at every page on the way; nothing is left behind in the browser.
"""

import re

import pytest

from portal.base.reference import spoken
from portal.flags.answers import Contact
from portal.flags.life import Move, Risk, Status
from tests.casework.at_work import WHY, closes, flag_of, taken
from tests.factories import some_answers
from tests.followup.at_desk import Officer, sent
from tests.support.live import PC, PHONE, assert_accessible, visiting

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("device", "script"), [(PC, True), (PHONE, False)], ids=["pc-script", "phone-no-script"])
def test_a_person_is_assessed_served_referred_and_the_work_ended_by_two(city, chromium, address, device, script):
    officer, flag_id = Officer(city, city.rina), sent(city)
    officer.opens(flag_id)
    officer.does(Move.TAKE, flag_id)
    officer.does(Move.ASSESS, flag_id, Risk.HIGH, WHY)
    code = spoken(flag_of(city, flag_id).code)
    how = {"language": "id", "device": device, "script": script}
    with visiting(chromium, city, address, city.rina, **how) as first, \
            visiting(chromium, city, address, city.dewi, **how) as second:
        rina, dewi = first.new_page(), second.new_page()
        sheet = f"{address}/k/{code}/kerja"
        rina.goto(sheet)

        rina.get_by_role("link", name="Penilaian lengkap…").click()
        looked_at(rina, script)
        fill(rina, {"why": WHY}, {"forms": "fisik", "sex": "p"},
             {"age": "25_44", "disability": "none", "place": "rumah_tangga", "relation": "suami_istri"})
        rina.get_by_role("button", name="Simpan penilaian").click()
        rina.wait_for_url(f"**/k/{code}/kerja")

        rina.get_by_role("link", name="Catat layanan…").click()
        looked_at(rina, script)
        fill(rina, {"note": "Sesi pertama.", "next_step": "Sesi kedua"}, {"service": "psikologis", "outcome": "done"})
        rina.get_by_role("button", name="Simpan layanan").click()
        rina.wait_for_url(f"**/k/{code}/kerja")
        assert "Layanan psikologis" in rina.inner_text("main")

        rina.get_by_role("link", name="Rujuk…").click()
        looked_at(rina, script)
        fill(rina, {"office": "RSUD Contoh", "request": "Mohon visum."}, {"to": "rumah_sakit", "consent": "given"})
        rina.get_by_role("button", name="Catat rujukan").click()
        rina.wait_for_url(f"**/k/{code}/kerja")
        assert "Rujukan tercatat. Cetak dan serahkan langsung." in rina.inner_text("main")
        looked_at(rina, script)
        rina.get_by_role("link", name="Cetak surat").click()
        rina.wait_for_url("**/rujukan/*")
        the_letter_prints(rina, code, script)

        rina.goto(f"{sheet}/tutup")
        fill(rina, {}, {"reason": "done", "closing": "done"})
        rina.locator("button[value=check]").click()
        assert "Petugas lain harus setuju dalam 24 jam" in rina.inner_text("main")
        rina.locator("button[value=close]").click()
        rina.wait_for_url(f"**/k/{code}/kerja")
        assert flag_of(city, flag_id).status == Status.REFERRED

        dewi.goto(f"{address}/tenggat")
        looked_at(dewi, script)
        dewi.get_by_role("link", name=re.compile(code)).first.click()
        dewi.wait_for_url("**/persetujuan")
        looked_at(dewi, script)
        dewi.get_by_role("button", name="Saya setuju").click()
        dewi.wait_for_url(f"**/k/{code}/kerja")
        assert flag_of(city, flag_id).status == Status.CLOSED

        for act in ("rencana", "salinan"):
            dewi.goto(f"{sheet}/{act}")
            looked_at(dewi, script)
        assert not script or dewi.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


@pytest.mark.parametrize("device", [PC, PHONE], ids=["pc", "phone"])
def test_who_acts_alone_at_night_is_looked_at_by_the_head(city, chromium, address, device):
    flag_id = taken(Officer(city, city.rina), Risk.HIGH, answers=some_answers(contact=Contact.NOBODY))
    sheet = f"{address}/k/{spoken(flag_of(city, flag_id).code)}/kerja"
    with visiting(chromium, city, address, city.rina, language="id", device=device) as first, \
            visiting(chromium, city, address, city.ratna, language="id", device=device) as second:
        rina, ratna = first.new_page(), second.new_page()
        rina.goto(f"{sheet}/hubungi/sendirian")
        looked_at(rina, True)
        rina.locator("main form .tbl").click()
        rina.locator(".salah").first.wait_for()
        looked_at(rina, True)
        rina.fill("[name=why]", "Suaminya mengancam dengan parang malam ini.")
        rina.locator("label:has([name=tried])").click()
        rina.locator("main form .tbl").click()
        rina.wait_for_url("**/kerja")
        looked_at(rina, True)

        ratna.goto(f"{address}/antrean")
        looked_at(ratna, True)
        ratna.goto(f"{sheet}/hubungi/sendirian/periksa")
        looked_at(ratna, True)
        ratna.get_by_role("button", name="Sudah saya periksa").click()
        ratna.wait_for_url("**/kerja")


def fill(page, texts, ticks=None, chosen=None):
    for name, text in texts.items():
        page.fill(f"main [name={name}]", text)
    for name, value in (ticks or {}).items():
        page.locator(f"main [name={name}][value={value}]").check()
    for name, value in (chosen or {}).items():
        page.select_option(f"main [name={name}]", value)


def looked_at(page, script):
    """Axe finds nothing, and nothing hangs over the edge."""
    if not script:
        return  # axe is itself a script; the same pages are looked at with one
    size = page.viewport_size
    page.set_viewport_size({**size, "height": 3000})  # sticky bars must not hide what axe looks at
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(size)


def the_letter_prints(page, code, script):
    assert page.title() == f"surat-{code}"
    assert "Mohon visum." in page.inner_text("main")
    if not script:
        return
    looked_at(page, script)
    assert page.locator("[data-cetak]").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="screen")


@pytest.mark.parametrize(("device", "script"), [(PC, True), (PHONE, False)], ids=["pc-script", "phone-no-script"])
def test_a_closed_concern_is_deleted_early_by_two_and_stopped_by_a_third(city, chromium, address, device, script):
    flag_id = taken(Officer(city, city.rina), Risk.LOW)
    closes(Officer(city, city.rina), flag_id)
    sheet = f"{address}/k/{spoken(flag_of(city, flag_id).code)}/kerja"
    how = {"language": "id", "device": device, "script": script}
    with visiting(chromium, city, address, city.rina, **how) as first, \
            visiting(chromium, city, address, city.ratna, **how) as second, \
            visiting(chromium, city, address, city.dewi, **how) as third:
        rina, ratna, dewi = first.new_page(), second.new_page(), third.new_page()

        rina.goto(sheet)
        rina.get_by_role("link", name="Hapus sebelum waktunya…").click()
        rina.get_by_role("button", name="Usulkan").click()
        looked_at(rina, script)
        fill(rina, {"why": "Ibu itu sendiri datang ke kantor."}, {"ground": "asked"})
        rina.get_by_role("button", name="Usulkan").click()
        rina.wait_for_url(sheet)

        ratna.goto(sheet)
        ratna.get_by_role("link", name="Putuskan…").click()
        looked_at(ratna, script)
        ratna.get_by_role("button", name="Saya setuju").click()
        ratna.wait_for_url(sheet)
        assert "Diusulkan Rina A., disetujui Bu Ratna." in ratna.inner_text("main")
        looked_at(ratna, script)

        dewi.goto(sheet)
        dewi.get_by_role("link", name="Batalkan penghapusan…").click()
        fill(dewi, {"why": "Polisi mungkin memerlukannya."}, {})
        looked_at(dewi, script)
        dewi.get_by_role("button", name="Simpan sampai waktunya").click()
        dewi.wait_for_url(sheet)
        assert "Penghapusan dibatalkan" in dewi.inner_text("main")
        assert "Akan dihapus" not in dewi.inner_text("main")
