"""Every page of every role, empty, filled and with faults: axe, reflow, large text, targets to hit."""

from dataclasses import dataclass, field
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.proof.conftest import LONG
from tests.support import live
from tests.support.visits import FOR_EVERYBODY, IN_THE_FIELD, ROLES, demo_city, sent_empty, visited, walk

pytestmark = pytest.mark.browser
WAYS = list(product(("id", "en"), ("phone", "pc")))
"""Each language on each screen. At every change each role takes one of them in turn, in the long run all."""
DEVICES = {"phone": live.PHONE, "pc": live.PC}
SMALL = """(least) => {
  const inline = (e) => getComputedStyle(e).display === "inline"; // a link within a sentence: WCAG 2.5.8 lets it be
  const box = (e) => (e.matches("input") && e.closest("label") || e).getBoundingClientRect();
  return [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
    .filter((e) => e.checkVisibility() && !e.closest(".sr, .lewati") && !inline(e))
    .filter((e) => box(e).width < least - 0.5 || box(e).height < least - 0.5)
    .map((e) => `${e.outerHTML.slice(0, 80)} ${Math.round(box(e).width)}x${Math.round(box(e).height)}`);
}"""
TOO_WIDE = "(width) => document.documentElement.scrollWidth > width"  # a phone's innerWidth grows with the page


@dataclass
class Seen:
    """What was looked at, and what was found on it, by kind of fault."""

    pages: int = 0
    faulty: int = 0
    found: dict[str, list] = field(default_factory=lambda: {"axe": [], "narrow": [], "large": [], "small": []})

    def look(self, page, where, in_the_field):
        """Everything that is checked on one page as it is now."""
        self.pages += 1
        size = page.viewport_size
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        page.set_viewport_size({**size, "height": 4000})  # sticky bars must not hide what axe looks at
        self.found["axe"] += [(*where, *fault) for fault in axe_faults(page, in_the_field)]
        self.found["small"] += [(*where, what) for what in page.evaluate(SMALL, 44 if in_the_field else 24)]
        for kind, width in (("narrow", 320), ("large", 180 if in_the_field else 640)):
            page.set_viewport_size({"width": width, "height": 4000})
            if page.evaluate(TOO_WIDE, width):
                self.found[kind].append(where)
        page.set_viewport_size(size)

    def look_at_faults(self, page, where, in_the_field):
        """The same page after its form was sent with nothing in it, where it has one."""
        if sent_empty(page, where[1]):
            self.faulty += 1
            self.look(page, (*where, "with faults"), in_the_field)


def axe_faults(page, in_the_field):
    """What axe finds, as (rule, element). On a cadre's page contrast is that of AAA."""
    options = live.AXE
    if in_the_field:
        options = {**options, "rules": {"color-contrast-enhanced": {"enabled": True}}}
    found = Axe().run(page, options=options).response["violations"]
    return [(fault["id"], node["html"][:100]) for fault in found for node in fault["nodes"]]


def state(claim, seen, what):
    """The four claims about the pages that were seen."""
    for kind, sentence in (
            ("axe", "axe finds nothing (WCAG 2.2 AA, best practice; AAA contrast for cadres)"),
            ("narrow", "no page scrolls sideways at 320 px"),
            ("large", "no page scrolls sideways at 200 % (180 px for cadres, 640 px for others)"),
            ("small", "every target is 44 px for cadres, 24 px for others")):
        found = seen.found[kind]
        for one in found:
            print(kind, *one)
        claim(f"{sentence}, {what}", f"{len(found)} faults on {seen.pages} pages, {seen.faulty} of them with faults",
              "0", holds=not found)


def ways_of(role):
    """In which languages and on which screens this role's pages are looked at in this run."""
    turn = ROLES.index(role)
    return WAYS if LONG else [WAYS[turn % len(WAYS)]]


@pytest.fixture(scope="module")
def demo():
    """The demo city, once for all roles."""
    with demo_city() as (app, base):
        yield app, base


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_every_role_can_be_used_by_everybody(claim, chromium, demo, role):
    app, base = demo
    seen, in_the_field = Seen(), role in IN_THE_FIELD | {"public"}
    for language, screen in ways_of(role):
        context = chromium.new_context(**DEVICES[screen])
        context.add_cookies([{"name": "b", "value": language, "url": base}])
        for kind, page in visited(app, context, base, role):
            page.set_default_timeout(60_000)
            where = (role, kind, language, screen)
            seen.look(page, where, in_the_field)
            seen.look_at_faults(page, where, in_the_field)
        context.close()

    state(claim, seen, f"pages of {role}, filled and with faults")
    assert seen.faulty >= (1 if role != "leadership" else 0)  # forms were found and sent


def test_every_page_where_nothing_has_happened_yet_too(claim, chromium, city, address):
    seen = Seen()
    for turn, who in enumerate(("siti", "guru", "wati", "rina", "ratna", "lina", "agus")):
        for language, screen in WAYS if LONG else [WAYS[(turn + 1) % len(WAYS)]]:
            person = getattr(city, who)
            with live.visiting(chromium, city, address, person, language=language, device=DEVICES[screen]) as context:
                page = context.new_page()
                for kind in walk(city.app, page, address, ["/", *FOR_EVERYBODY[3:], "/setelan", "/cakupan"]):
                    seen.look(page, (who, kind, language, screen), person.role in IN_THE_FIELD)

    state(claim, seen, "on pages without anything on them")


def test_the_detectors_find_what_is_planted(chromium, city, address):
    seen = Seen()
    with live.visiting(chromium, city, address, city.siti) as context:
        page = context.new_page()
        page.goto(f"{address}/")
        page.evaluate("""() => {
          const main = document.querySelector("main");
          const [button, wide] = ["button", "p"].map((name) => document.createElement(name));
          button.id = "a"; button.style.width = "30px"; wide.textContent = "Pale";
          wide.style.width = "500px"; wide.style.color = "#5a6972";
          main.append(button, document.createElement("input"), wide);
        }""")
        seen.look(page, (), in_the_field=True)

    assert {rule for rule, _element in seen.found["axe"]} >= {"button-name", "label", "color-contrast-enhanced"}
    assert seen.found["narrow"]
    assert seen.found["large"]
    assert any("id=\"a\"" in what for what, in seen.found["small"])
