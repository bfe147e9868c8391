"""Without a mouse, after a swap, in forced colours, and with a voice that reads aloud."""

import re

import pytest
from playwright.sync_api import expect

from portal.base.reference import spoken
from portal.flags.life import Status
from portal.flags.models import Flag
from portal.outreach.models import Outreach
from tests.followup.at_desk import Officer, sent
from tests.support import live

pytestmark = pytest.mark.browser
TABS = 120
WATCH = """(() => {
  window.covered = [];
  const seen = (at) => {
    const { left, top: up, width, height } = at.getBoundingClientRect();
    const top = document.elementFromPoint(left + Math.min(width, 8) / 2, up + Math.min(height, 8) / 2);
    return top && (at.contains(top) || top.contains(at) || [...at.labels || []].some((label) => label.contains(top)));
  };
  addEventListener("focusin", ({ target }) => requestAnimationFrame(() => {
    if (target === document.activeElement && !seen(target)) window.covered.push(target.outerHTML.slice(0, 90));
  }));
})()"""
"""Notes what has the focus and cannot be seen, as by a bar that lies over it."""
LOST = "() => document.activeElement === document.body || document.activeElement === document.documentElement"
ANNOUNCED = """() => {
  window.said = [];
  const regions = document.querySelectorAll("[role=status], [role=alert], [aria-live], output");
  for (const region of regions) new MutationObserver(() => {
    if (region.textContent.trim()) window.said.push(region.textContent.trim());
  }).observe(region, { childList: true, characterData: true, subtree: true });
}"""


class Keys:
    """A person at a keyboard. Each place where the focus comes to rest must be there to be seen."""

    def __init__(self, page):
        self.page, self.stops, self.covered = page, 0, []
        page.add_init_script(WATCH)

    def to(self, selector):
        """Tab until it is reached."""
        for _press in range(TABS):
            if self.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                self.covered += self.page.evaluate("window.covered.splice(0)")
                return self
            self.page.keyboard.press("Tab")
            self.stops += 1
        raise AssertionError(f"no way to {selector} by Tab")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def type(self, text):
        self.page.keyboard.type(text)
        return self


def page_of(context):
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def test_every_job_is_done_with_the_keyboard_alone(claim, chromium, city, address):
    keys = []
    with live.visiting(chromium, city, address, city.siti, device=live.PC) as context:
        hand = Keys(page_of(context))
        keys.append(hand)
        hand.page.goto(f"{address}/")
        hand.to("a[href='/s/baru']").press("Enter")
        hand.page.wait_for_url("**/s/baru")
        hand.to("[name=topics][value=internet]").press("Space").to("#women").type("12").to("[data-kirim]").press("Enter")
        hand.page.wait_for_url(re.compile(r"/s/[0-9a-f-]{36}"))
        hand.page.goto(f"{address}/k/baru")
        hand.to("#mulai").press("Enter")
        for answer in ("danger", "who", "signs][value=afraid", "known", "", "child_aware", ""):
            if answer:
                hand.to(f"[name={answer}]").press("ArrowDown" if answer == "danger" else "Space")
            hand.to("#lanjut").press("Enter")
        hand.to("[data-kirim]").press("Enter")
        hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))
        code = hand.page.url.rsplit("/", 1)[1]
    with live.visiting(chromium, city, address, city.rina, device=live.PC) as context:
        hand = Keys(page_of(context))
        keys.append(hand)
        hand.page.goto(f"{address}/antrean")
        hand.to("[data-tombol]").press("j", "Enter")
        hand.page.wait_for_url(f"**/k/{code}/kerja")
        hand.to("form[data-move=take] button").press("Enter")
        expect(hand.page.locator("#lembar > [data-fokus]")).to_be_focused()
        hand.to("details:has(form[data-move=assess]) > summary").press("Enter")
        hand.to("[name=risk]").press("ArrowDown").to("[name=why_risk]").type("Sudah di rumah neneknya.")
        hand.to("form[data-move=assess] button").press("Enter")
        expect(hand.page.locator("#lembar > [data-fokus]")).to_be_focused()
        hand.to("a[href$='/tutup']").press("Enter")
        hand.page.wait_for_url("**/tutup")
        hand.to("[name=reason]").press("Space").to("[name=closing]").press("Space")
        hand.to("button[value=check]").press("Enter")
        hand.page.locator("button[value=close]").wait_for()
        hand.to("button[value=close]").press("Enter")
        hand.page.wait_for_url(f"**/k/{code}/kerja")
    city.db.rollback()

    assert city.db.query(Outreach).one().women == 12
    assert city.db.query(Flag).one().status == Status.CLOSED
    covered = [what for hand in keys for what in hand.covered]
    claim("a session, a concern, taking, assessing and closing are done by key alone, and what has the focus is seen",
          f"{sum(hand.stops for hand in keys)} stops, {len(covered)} of them hidden {covered or ''}", "0 hidden",
          holds=not covered)


def test_focus_is_never_lost_and_each_message_is_said_once(claim, chromium, city, address):
    flag_id = sent(city)
    Officer(city, city.rina).opens(flag_id)
    lost, said = [], {}
    with live.visiting(chromium, city, address, city.siti, device=live.PC) as context:
        page = page_of(context)
        page.goto(f"{address}/s/baru")
        page.evaluate(ANNOUNCED)
        page.fill("#women", "12")
        page.wait_for_timeout(300)
        said["a total while typing"] = page.evaluate("window.said")
        page.locator("[data-kirim]").click()
        expect(page.locator(".galat:not([hidden])")).to_be_focused()
        lost.append(("a session without a topic", page.evaluate(LOST)))
        said["a fault"] = page.locator("[role=alert]:visible").all_inner_texts()
        context.set_offline(True)
        page.evaluate(ANNOUNCED)
        page.locator("[data-kirim]").click()
        expect(page.locator("#belum-terkirim")).to_be_focused()
        lost.append(("no network", page.evaluate(LOST)))
        said["no network"] = [text for text in page.evaluate("window.said") if "Not sent" in text]
    with live.visiting(chromium, city, address, city.rina, device=live.PC) as context:
        page = page_of(context)
        city.db.rollback()
        code = spoken(city.db.get_one(Flag, flag_id).code)
        page.goto(f"{address}/k/{code}/kerja")
        for form in ("take", "assess"):
            page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
            page.locator(f"form[data-move={form}] button").click()
            expect(page.locator("[data-fokus]:focus")).to_have_count(1)
            lost.append((f"the sheet after {form}", page.evaluate(LOST)))
        page.goto(f"{address}/antrean")
        page.fill("#kode", "zzz")
        expect(page.locator("#jumlah")).to_have_text("Nothing matches.")
        lost.append(("the queue after a filter", page.evaluate(LOST)))

    gone = [where for where, is_lost in lost if is_lost]
    claim("after each swap the focus is where the news is", f"{len(gone)} of {len(lost)} lost {gone or ''}", "0",
          holds=not gone)
    more = {what: texts for what, texts in said.items() if len(texts) > 1}
    claim("each message is said once", f"{len(more)} of {len(said)} said more often {more or ''}", "0",
          holds=not more)
    assert said["a total while typing"] == ["12"]
    assert len(said["a fault"]) == 1


def test_a_lost_focus_and_a_covered_one_are_noticed(chromium, city, address):
    with live.visiting(chromium, city, address, city.siti, device=live.PC) as context:
        hand = Keys(page_of(context))
        hand.page.goto(f"{address}/")
        hand.to("a[href='/s/baru']")
        assert (hand.covered, hand.page.evaluate(LOST)) == ([], False)
        hand.page.evaluate("""() => { const lid = document.createElement("div");
            Object.assign(lid.style, { position: "fixed", inset: "0", zIndex: "9" }); document.body.append(lid); }""")
        hand.to("a[href='/k/baru']")
        hand.page.wait_for_timeout(200)
        hand.to("a[href='/k/baru']")
        assert hand.covered
        hand.page.evaluate("document.querySelector('main').replaceChildren()")
        assert hand.page.evaluate(LOST)


# In forced colours

CONTRAST = {"forced_colors": "active"}
UNSEEN = """() => {
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 0;
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const told = [];
  for (const icon of document.querySelectorAll("svg"))
    if (seen(icon) && getComputedStyle(icon).color === behind(icon))
      told.push(icon.parentElement.outerHTML.slice(0, 90));
  for (const one of document.querySelectorAll("[aria-current], .pilih:has(:checked)"))
    if (seen(one) && getComputedStyle(one).outlineStyle === "none") told.push(one.outerHTML.slice(0, 90));
  return told;
}"""
"""Icons in the colour of what is behind them, and what is chosen or current without a line around it."""


def test_in_forced_colours_no_sign_is_lost(claim, chromium, city, address):
    flag_id = sent(city)
    code = spoken(city.db.get_one(Flag, flag_id).code)
    pages = {"siti": ("/", "/k", f"/k/{code}", "/k/baru", "/s", "/s/baru", "/setelan", "/bantuan"),
             "rina": ("/antrean", "/tugas", "/tenggat", f"/k/{code}/kerja"), "lina": ("/cakupan", "/s")}
    unseen = []
    for person, paths in pages.items():
        with live.visiting(chromium, city, address, getattr(city, person),
                           device={**live.PHONE, **CONTRAST}) as context:
            page = page_of(context)
            for path in paths:
                page.goto(f"{address}{path}")
                unseen += [f"{path}: {what}" for what in page.evaluate(UNSEEN)]

    claim("in forced colours every icon is seen, and what is chosen or current has a line around it",
          f"{len(unseen)} lost on {sum(map(len, pages.values()))} pages {unseen or ''}", "0 lost", holds=not unseen)


def test_a_sign_that_is_lost_in_forced_colours_is_noticed(chromium, city, address):
    with live.visiting(chromium, city, address, city.siti, device={**live.PHONE, **CONTRAST}) as context:
        page = page_of(context)
        page.goto(f"{address}/")
        assert page.evaluate(UNSEEN) == []
        page.evaluate("""() => {
          document.querySelector("main svg").style.setProperty("color", "Canvas", "important");
          document.querySelector("[aria-current]").style.setProperty("outline", "none", "important");
        }""")
        assert len(page.evaluate(UNSEEN)) == 2
