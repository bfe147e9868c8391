"""A city's app on a port of this machine, and a real Chromium to visit it with."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Thread
from types import SimpleNamespace
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.conftest import give_up, signed_in

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "device_scale_factor": 2, "is_mobile": True,
                         "has_touch": True, "locale": "id-ID", "timezone_id": "Asia/Jakarta"}
PC: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "id-ID", "timezone_id": "Asia/Jakarta"}


AXE: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
                       "resultTypes": ["violations"]}
"""What axe is asked, and that it need gather no more than the faults."""


_NOTHING_TO_TOUCH_YET = """
  const shut = new CSSStyleSheet();
  shut.replaceSync("* { pointer-events: none !important; }");
  document.adoptedStyleSheets.push(shut);
  addEventListener("DOMContentLoaded", () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== shut);
  });
"""
"""Playwright waits until its tap would be received. All scripts are deferred: they have run by then."""


class _Quiet(WSGIRequestHandler):
    """As in a city: no log says who asked for what, and when."""

    def log(self, *_args: Any) -> None:
        """Nothing."""


def _whole(app: Flask) -> Callable[..., list[bytes]]:
    """The app with each answer made to its end before it is sent. A browser that leaves in the middle of a
    file would otherwise have werkzeug's server drop it open, and some later test pay for the warning."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        with closing(app(environ, start_response)) as parts:
            return [b"".join(parts)]

    return answer


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app behind a threaded server on a free port; gives its address, without a slash at the end."""
    server = make_server("127.0.0.1", 0, _whole(app), threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # a browser's idle connection must not hold up the end of a test
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """One Chromium, for all the tests of a worker. Skips, or fails where all is required, without one."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        give_up("no Chromium: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, city: SimpleNamespace, address: str, person: Any = None, *, language: str = "en",
             device: dict[str, Any] = PHONE, script: bool = True) -> Iterator[BrowserContext]:
    """A fresh browser profile, in which `person` has signed in. The way out leads to a page of ours, and
    nothing else can be reached. A hand can touch a page once its scripts have begun, however slow the
    machine (`tap_at_once`: before)."""
    context = browser.new_context(java_script_enabled=script, **device)
    if script:
        context.add_init_script(_NOTHING_TO_TOUCH_YET)
    context.set_default_timeout(10_000)
    context.route(lambda url: not url.startswith(address), _stand_in)
    cookies = {"b": language}
    if person is not None:
        client = signed_in(city, person).client
        cookies |= {name: client.get_cookie(name).value for name in ("s", "k") if client.get_cookie(name)}
    context.add_cookies([{"name": name, "value": value, "url": address, "httpOnly": True}
                         for name, value in cookies.items()])
    try:
        yield context
    finally:
        context.close()


def time_passes(page: Page, how_long: str) -> None:
    """Moves the clock of a page on that had its clock put in, once the scripts that look at it have begun: what a
    page shows can be seen sooner, and a script that begins after the jump knows nothing of it. `how_long`: mm:ss."""
    page.wait_for_load_state()
    page.clock.fast_forward(how_long)


def tap_at_once(button: Locator) -> None:
    """Taps what can be seen, though the page's scripts are still on their way."""
    button.evaluate("(button) => button.click()")


def assert_accessible(page: Page, *where: object) -> None:
    """Axe finds nothing on the page as it is now, once its style has arrived (a tap ends with the new page's first
    bytes): WCAG 2.2 AA and its best practice. `where` names the state."""
    page.wait_for_load_state()
    found = Axe().run(page, options=AXE)
    assert found.violations_count == 0, (page.url, *where, found.generate_report())


def _stand_in(route: Any) -> None:
    route.fulfill(status=200, content_type="text/html", body="<title>Cuaca</title><h1>Cuaca</h1>")
