"""Whatever is asked, by whomever, the answer says what a browser may do with it; and no page does anything else."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy.exc import OperationalError

from portal.web import assets
from portal.web.guard import public
from tests.conftest import signed_in
from tests.proof.conftest import size
from tests.support import live, walk

EVERYBODY = (None, "siti", "guru", "wati", "rina", "ratna", "lina", "agus")
METHODS = size(short=("GET", "POST", "OPTIONS", "PUT"),
               long=("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
EXACTLY = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
           "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
           "X-Robots-Tag": "noindex, nofollow"}
POLICY = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'",
          "require-trusted-types-for 'script'", "trusted-types default")
QUICK_EXIT = "/keluar-cepat"
"""The one way out: to the weather, which is set, not asked for."""
WATCH = """() => {
  window.broken = [];
  addEventListener("securitypolicyviolation", (e) => broken.push(`${e.effectiveDirective} ${e.blockedURI}`));
}"""


def faults(answer):
    """What the headers of an answer lack."""
    headers, policy = answer.headers, answer.headers.get("Content-Security-Policy", "")
    wrong = [name for name, value in EXACTLY.items() if headers.get(name) != value]
    wrong += [f"policy: {part}" for part in POLICY if part not in policy.split("; ")]
    wrong += ["unsafe"] if "unsafe" in policy else []
    wrong += [f"{feature} allowed" for feature in ("camera", "microphone", "geolocation")
              if f"{feature}=()" not in headers.get("Permissions-Policy", "")]
    kept = headers.get("Cache-Control", "")
    wrong += [] if kept == "no-store" or _is_file(answer) else [f"kept: {kept}"]
    way = urlsplit(headers.get("Location", ""))
    wrong += ["led away"] if way.netloc and answer.request.path != QUICK_EXIT else []
    wrong += [f"cookie: {cookie}" for cookie in headers.getlist("Set-Cookie") if _is_loose(cookie)]
    return wrong


def _is_file(answer):
    return answer.request.path.startswith("/static/") and answer.status_code in {200, 304}


def _is_loose(cookie):
    parts = {part.strip() for part in cookie.split(";")[1:]}
    return not {"HttpOnly", "Path=/"} <= parts or not parts & {"SameSite=Lax", "SameSite=Strict"}


@pytest.fixture
def values(city):
    """What the parts of addresses are, for one of each kind and for one that is not there."""
    made = walk.concerns(city)
    absent = "00000000-0000-4000-8000-000000000000"
    return {"code": [walk.codes(city, made)[1], "K7M-4PX"],
            "referral_id": [walk.referral_of(city, made["referred"])], "filename": ["app.css", "nowhere.css"],
            "kind": ["role"], "device": ["x"], "account_id": [city.siti.account_id, absent],
            **{name: [absent] for name in ("outreach_id", "plan_id", "import_id", "photo_id", "passkey_id")}}


def test_every_answer_of_every_route_carries_every_header(city, values, claim):
    number, wrong = 0, []
    addresses = {path for method in ("GET", "POST") for _endpoint, path in walk.paths(city.app, values, method)}
    addresses |= {"/nowhere", "/k/x/y/z", "/masuk?next=//evil.example", "/masuk?next=https://evil.example/",
                  "/k/baru/", "/static/", "/%00"}
    for who in size(short=(None, "ratna"), long=EVERYBODY):
        client = signed_in(city, getattr(city, who)).client if who else city.app.test_client()
        for path in sorted(addresses):
            for method in METHODS:
                if path in {"/keluar", "/setelan/keluar-semua"} and method == "POST":
                    continue  # the rest of the walk is signed in
                with client.open(path, method=method) as answer:
                    number += 1
                    wrong += [(who, method, path, answer.status_code, *found) for found in [faults(answer)] if found]

    claim("every answer of every route carries every header, and leads nowhere outside",
          f"{len(wrong)} of {number} answers without {wrong[:3] or ''}".strip(), "0",
          holds=not wrong and number > 500)


@pytest.mark.parametrize(("fault", "status"), [
    (KeyError("x"), 500), (OperationalError("x", {}, Exception("x")), 503)])
def test_also_when_something_breaks(city, fault, status, claim):
    @public
    def fails():
        raise fault
    city.app.add_url_rule("/fails", "fails", fails)
    city.app.config["TRUSTED_HOSTS"] = ["localhost"]
    client = city.app.test_client()

    answers = {status: client.get("/fails"), 400: client.get("/masuk", base_url="http://evil.example"),
               413: client.post("/masuk", data={"pin": "1" * 300_000}), 404: client.get("/nowhere")}

    wrong = [(code, answer.status_code, *faults(answer)) for code, answer in answers.items()
             if answer.status_code != code or faults(answer)]
    claim(f"an answer that says what went wrong carries every header (400, 404, 413, {status})",
          f"{len(wrong)} of {len(answers)} without {wrong or ''}".strip(), "0", holds=not wrong)


@pytest.mark.parametrize("name", [*EXACTLY, "Content-Security-Policy", "Permissions-Policy", "Cache-Control"])
def test_a_header_that_is_missing_would_be_noticed(city, name):
    @city.app.after_request
    def _forget(response):
        response.headers.pop(name, None)
        return response
    city.app.after_request_funcs[None].insert(0, city.app.after_request_funcs[None].pop())  # the last to be run

    assert faults(city.app.test_client().get("/bantuan"))


def pages_of(city, values, who):
    """The addresses that this person's browser can look at."""
    client = signed_in(city, getattr(city, who)).client if who else city.app.test_client()
    found = []
    for endpoint, path in walk.paths(city.app, values):
        if endpoint in {"static", "web.manifest", "web.pulse"} or "K7M-4PX" in path:
            continue
        answer = client.get(path)
        if answer.mimetype == "text/html" and answer.status_code in {200, 203}:
            found.append(path)
    return found


@pytest.mark.browser
def test_no_page_of_anybody_breaks_the_policy_in_a_browser(city, address, chromium, values, claim):
    looked, swapped, broken, said = 0, 0, [], []
    values = values | {"code": values["code"][:1]}
    for who in size(short=(None, "siti", "wati", "ratna", "lina"), long=EVERYBODY):
        person = getattr(city, who) if who else None
        with live.visiting(chromium, city, address, person, device=live.PC) as context:
            context.set_default_timeout(60_000)
            context.add_init_script(f"({WATCH})()")
            page = context.new_page()
            page.on("console", lambda line: said.append(line.text) if "olicy" in line.text else None)
            for path in pages_of(city, values, who):
                page.goto(address + path, wait_until="load")
                looked += 1
                swapped += _swaps(page)
                broken += [(who, path, one) for one in page.evaluate("() => window.broken")]

    claim("no page breaks the content security policy in a browser",
          f"{len(broken) + len(said)} violations on {looked} pages, {swapped} of them filled by htmx "
          f"{(broken + said)[:3] or ''}".strip(), "0", holds=not broken and not said and looked > 40 and swapped > 5)


def _swaps(page):
    """Whether htmx is on the page, and has put what it got into it."""
    return page.evaluate("""async () => {
      if (!window.htmx) return false;
      const part = document.getElementById("utama").appendChild(document.createElement("div"));
      await htmx.ajax("GET", location.href, { target: part, swap: "innerHTML" });
      return part.childElementCount > 0;
    }""")


@pytest.mark.browser
def test_a_page_that_breaks_it_would_be_noticed(city, address, chromium, monkeypatch):
    monkeypatch.setitem(assets.SCRIPTS, "trust.js", ())  # without the rule for htmx's markup
    assets.load.cache_clear()
    with live.visiting(chromium, city, address, city.siti, device=live.PC) as context:
        context.set_default_timeout(60_000)
        context.add_init_script(f"({WATCH})()")
        page = context.new_page()
        page.goto(f"{address}/s/baru", wait_until="load")
        markup = page.evaluate(
            "() => { try { new DOMParser().parseFromString('x', 'text/html'); } catch { return 'no'; } }")
        blocked = page.evaluate("() => window.broken")
        page.evaluate("() => { document.body.setAttribute('style', 'color: red'); }")
        styled = page.evaluate("() => window.broken")
        text = page.evaluate("() => { try { document.createElement('script').text = '1'; } catch { return 'no'; } }")
    assets.load.cache_clear()

    assert any(one.startswith("require-trusted-types-for") for one in blocked)
    assert any(one.startswith("style-src") for one in styled)
    assert markup == text == "no"
