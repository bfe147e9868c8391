"""What somebody does with her phone's browser at the door, and what it keeps: for the tests of getting in."""

from tests.support import live

PIN, OTHER_PIN = "25831947", "77203914"
KEYS = """() => new Promise((yes) => {
  const asked = indexedDB.open("k", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("k", { keyPath: "id" });
  asked.onsuccess = () => {
    const all = asked.result.transaction("k").objectStore("k").getAll();
    all.onsuccess = () => {
      asked.result.close();
      yes(all.result.map((e) => ({ id: e.id, name: e.name, fresh: e.fresh || false, out: e.key.extractable })));
    };
  };
})"""


def enrol(page, address, code, pin=PIN):
    """From the link in the QR code to the home page: taps are the link, the PIN field, Begin, and Home."""
    page.goto(f"{address}/mulai#{code}")
    page.locator("#pertama #secret").tap()
    page.keyboard.type(pin)
    page.locator("#pertama button.tbl").tap()
    page.wait_for_url("**/mulai/siap")
    mine = page.locator("body").get_attribute("data-hp")
    until(page, KEYS, lambda keys: not any(key["fresh"] for key in keys if key["id"] == mine))
    page.locator("main button.tbl.penuh").first.tap()
    page.wait_for_url(f"{address}/")


def until(page, question, right):
    """Waits for what the page's script does in its own time, such as writing to the phone's store."""
    while not right(page.evaluate(question)):
        page.wait_for_timeout(50)


def begun(context, address, code):
    """The page of somebody who has begun just now, with a clock that can be moved on (`live.time_passes`)."""
    page = context.new_page()
    page.clock.install()
    enrol(page, address, code)
    return page


def sign_out(page, address):
    page.goto(f"{address}/setelan")
    page.locator("form[action='/keluar'] button").tap()
    page.wait_for_url("**/masuk")


def looked_at(page):
    live.assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def virtual_authenticator(context, page):
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})
    return devtools
