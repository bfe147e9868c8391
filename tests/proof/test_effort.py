"""How much a cadre has to do: every tap and every typed character of the three ways, counted in a browser."""

import re

import pytest

from portal.flags.models import Flag
from portal.outreach.models import Outreach
from tests.support import live

pytestmark = pytest.mark.browser
HEARD = """(() => {
  addEventListener("pointerdown", (event) => { if (event.isTrusted) heard("taps", 1); }, true);
  addEventListener("input", (event) => {
    if (event.isTrusted && event.inputType === "insertText") heard("typed", event.data.length);
  }, true);
})()"""


class Finger:
    """A person on a phone who only taps and types. The browser itself counts what it hears of her."""

    def __init__(self, page):
        self.page, self.counted = page, {"taps": 0, "typed": 0}
        page.expose_function("heard", self._heard)
        page.add_init_script(HEARD)

    def _heard(self, what, number):
        self.counted[what] += number

    def tap(self, *selectors):
        for selector in selectors:
            self.page.locator(selector).tap()

    def choose(self, *answers):
        for name, value in (answer.split("=") for answer in answers):
            self.tap(f"label:has([name={name}][value='{value}'])")

    def arrives(self, pattern):
        """At the page that says it is done: (taps, characters typed)."""
        self.page.wait_for_url(re.compile(pattern))
        return self.counted["taps"], self.counted["typed"]


@pytest.fixture
def finger(chromium, city, address):
    with live.visiting(chromium, city, address, city.siti) as context:
        page = context.new_page()
        finger = Finger(page)
        page.goto(f"{address}/")
        yield finger


def test_a_concern_takes_16_taps_and_no_typing(claim, finger, city):
    finger.tap("a[href='/k/baru']", "#mulai")
    for answers in (["danger=again"], ["who=girl", "age=13_17"], ["signs=afraid"], ["known=witnessed"], [],
                    ["child_aware=unknown"], []):
        finger.choose(*answers)
        finger.tap("#lanjut")
    finger.tap("[data-kirim]")
    taps, typed = finger.arrives(r"/k/\w{3}-\w{3}$")

    city.db.rollback()
    assert city.db.query(Flag).count() == 1
    claim("a concern takes 16 taps and no typing", f"{taps} taps, {typed} characters", "16, 0",
          holds=(taps, typed) == (16, 0))


def test_the_emergency_lane_takes_8_taps(claim, finger, city):
    finger.tap("a[href='/k/baru']", "#mulai")
    finger.choose("danger=now")
    finger.tap("#lanjut")
    finger.choose("called=yes")
    finger.tap("#lanjut", "#lanjut", "[data-kirim]")
    taps, typed = finger.arrives(r"/k/\w{3}-\w{3}$")

    city.db.rollback()
    assert city.db.query(Flag).one().risk_estimate == "high"
    claim("the emergency lane takes 8 taps and no typing", f"{taps} taps, {typed} characters", "8, 0",
          holds=(taps, typed) == (8, 0))


def test_a_session_takes_7_taps_and_6_digits(claim, finger, city):
    finger.tap("a[href='/s/baru']")
    finger.choose("topics=internet", "topics=hak_anak")
    for box, number in (("#girls", "12"), ("#women", "18"), ("#men", "10")):
        finger.tap(box)
        finger.page.keyboard.type(number)
    finger.tap("[data-kirim]")
    taps, typed = finger.arrives(r"/s/[0-9a-f-]{36}")

    city.db.rollback()
    assert city.db.query(Outreach).one().women == 18
    claim("a session takes 7 taps and 6 digits", f"{taps} taps, {typed} digits", "7, 6",
          holds=(taps, typed) == (7, 6))


def test_one_step_more_would_be_counted(finger):
    finger.tap("a[href='/k/baru']", "#mulai")
    finger.choose("danger=unknown", "danger=now")
    finger.tap("#lanjut")
    finger.choose("called=yes")
    finger.tap("#lanjut", "#lanjut", "[data-kirim]")
    taps, _typed = finger.arrives(r"/k/\w{3}-\w{3}$")

    assert taps == 9
