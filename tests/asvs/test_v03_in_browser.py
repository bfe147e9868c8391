"""ASVS 5.0 V3 and V6 where only a real browser can tell."""

import pytest

from tests.support.live import PC, visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
OURS = {"htmx", "phoneKeys"}
"""The only names that our pages put where every script sees them."""
CLOBBERED = ["htmx", "phoneKeys", "cookie", "forms", "fetch", "visibilityState"]
CLOBBERING = """names => new MutationObserver((_, watch) => {
  if (!document.head) return;
  watch.disconnect();
  for (const name of names) {
    const form = document.createElement("form");
    form.id = form.name = name;
    document.head.append(form);
  }
}).observe(document, { childList: true, subtree: true })"""


def names(page):
    return set(page.evaluate("Object.keys(window)")), set(page.evaluate("Object.keys(document)"))


@pytest.mark.asvs("V3.2.3")
def test_our_scripts_leave_no_names_about_and_heed_none_that_a_page_gives_itself(city, chromium, address):
    for person, paths in ((city.siti, ("/", "/k/baru", "/s/baru", "/setelan", "/cakupan")),
                          (city.rina, ("/antrean", "/setelan"))):
        with visiting(chromium, city, address, person, device=PC) as context:
            context.set_default_timeout(30_000)
            page = context.new_page()
            faults = []
            page.on("pageerror", lambda fault, faults=faults: faults.append(fault))
            page.goto(f"{address}/healthz")
            blank, bare = names(page)
            page.add_init_script(f"({CLOBBERING})({CLOBBERED})")
            for path in paths:
                page.goto(address + path, wait_until="load")
                windows, documents = names(page)
                assert {name for name in windows - blank if not name.isdigit()} <= OURS, path
                assert documents - bare <= set(CLOBBERED), path
                assert page.evaluate("document.forms instanceof HTMLElement"), path  # it was clobbered well
            assert faults == []


@pytest.mark.asvs("V6.2.6", "V6.2.7")
def test_a_secret_is_hidden_until_it_is_asked_for_and_takes_what_is_pasted(city, chromium, address):
    with visiting(chromium, city, address, device=PC) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{address}/masuk/petugas")
        field = page.locator("input[name=passphrase]")
        assert field.get_attribute("type") == "password"

        field.focus()
        page.evaluate("""() => {
            const pasted = new DataTransfer();
            pasted.setData("text/plain", "sawah hujan lampu meja");
            const event = new ClipboardEvent("paste", {clipboardData: pasted, bubbles: true, cancelable: true});
            window.letIn = document.activeElement.dispatchEvent(event);
        }""")
        page.keyboard.insert_text("sawah hujan lampu meja")
        show = page.locator("[data-show]")
        show.click()

        assert page.evaluate("window.letIn")  # nobody stood in the way
        assert (field.get_attribute("type"), field.input_value()) == ("text", "sawah hujan lampu meja")
        show.click()
        assert field.get_attribute("type") == "password"
