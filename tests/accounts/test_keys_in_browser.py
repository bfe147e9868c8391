"""The head's pages of keys in a real browser: usable by everybody, in both languages, on a phone and on a PC."""

import pytest

from portal.accounts import changes
from portal.accounts.models import Account
from portal.base.db import writing
from tests.factories import viewer_of
from tests.support import live

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "device", "script"), [("id", live.PHONE, False), ("en", live.PC, True)])
def test_sheets_are_made_and_checked_and_a_key_is_replaced(city, address, chromium, language, device, script):
    with writing(city.db):
        changes.switch(city.db, city.db.get_one(Account, city.dewi.account_id), on=False,
                       by=viewer_of(city.db, city.agus))
    with live.visiting(chromium, city, address, city.ratna, language=language, device=device,
                       script=script) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{address}/kunci")
        looked_at(page, script)

        page.goto(f"{address}/kunci/lembar")
        looked_at(page, script)
        page.locator("main form button.penuh").click()
        page.locator(".lembar").first.wait_for()
        looked_at(page, script)
        sheets = [" ".join(one.locator(".kelompok li").all_text_contents()) for one in page.locator(".lembar").all()]

        page.goto(f"{address}/kunci/lembar/periksa")
        for name, groups in zip(("first", "second", "third"), [sheets[0], sheets[1], sheets[1]], strict=True):
            page.fill(f"#{name}", groups)
        page.locator("main form button.penuh").click()
        page.locator(".galat").first.wait_for()
        looked_at(page, script)
        page.fill("#third", sheets[2])
        page.locator("main form button.penuh").click()
        page.wait_for_url(f"{address}/kunci")

        page.goto(f"{address}/kunci/ganti/unit")
        looked_at(page, script)
        page.locator("main form button.penuh").click()
        page.locator(".sisip").wait_for()
        looked_at(page, script)
        page.locator("main form button.penuh").click()
        page.wait_for_url(f"{address}/kunci")
        assert page.locator(".kabar").count() == 1


def looked_at(page, script):
    """Axe finds nothing where script may run, and nothing is wider than the screen."""
    if script:
        live.assert_accessible(page)
    assert page.locator("main").bounding_box()["width"] <= page.viewport_size["width"]
