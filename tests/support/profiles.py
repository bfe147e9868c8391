"""A browser on a profile folder of its own that can be left, reopened, killed and searched: Debian's Chromium, with
the same handful of acts as `marionette.Firefox`."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, Playwright
from playwright.sync_api import TimeoutError as TooLong

from tests.conftest import give_up

_WAIT, _START = 30_000, 90_000  # ms


class Chromium:
    """One running Chromium on a profile folder. What is asked of an element waits for it, up to 30 s."""

    page: Page

    def __init__(self, playwright: Playwright, profile: Path, *, script: bool = True) -> None:
        self._playwright, self.profile, self.script = playwright, profile, script
        self._start()

    def close(self) -> None:
        """Close it as a person does. A second time does nothing."""
        self._context.close()

    def open(self, address: str) -> None:
        """Go to an address."""
        self.page.goto(address)

    def back(self) -> None:
        """The browser's Back."""
        self.page.go_back(wait_until="commit")
        self._settle()

    def forward(self) -> None:
        """The browser's Forward."""
        self.page.go_forward(wait_until="commit")
        self._settle()

    def tap(self, selector: str) -> None:
        """Click an element."""
        self.page.locator(selector).first.click()

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.tap(selector)
        self.page.keyboard.type(text)

    def wait_for(self, selector: str) -> None:
        """Until an element is there."""
        self.page.locator(selector).first.wait_for(state="attached")

    def address(self) -> str:
        """Where it is."""
        self.page.wait_for_timeout(20)  # lets it hear what the browser has done meanwhile
        return self.page.url

    def shown(self) -> str:
        """All of the page as it stands in the browser now, with its title."""
        return self.page.title() + self.page.content()

    def evaluate(self, script: str) -> Any:
        """What a function in the page's own world gives."""
        return self.page.evaluate(script)

    def remembers(self) -> bytes:
        """What it has noted of its tabs lies in the profile as it is."""
        return b""

    def reopen_tab(self) -> None:
        """Close this tab, and bring it back as by Ctrl+Shift+T."""
        old, self.page = self.page, self._context.new_page()
        old.close()
        with self._context.expect_page() as reopened:
            self._worker().evaluate("() => chrome.sessions.restore()")
        self.page = reopened.value
        self._settle()

    def restored(self) -> None:
        """Closed, started again, and in the tab that was open."""
        time.sleep(1)
        self.close()
        self._start("--restore-last-session")
        pages = [page for page in self._context.pages if page.url != "about:blank"]
        assert pages, "no tab was restored"
        self.page = pages[-1]
        self._settle()

    def _start(self, *more: str) -> None:
        program = shutil.which("chromium")
        if program is None:
            give_up("no Chromium: apt install chromium")
        helper = self.profile.parent / "reopen"
        helper.mkdir(exist_ok=True)
        (helper / "manifest.json").write_text(
            '{"manifest_version": 3, "name": "reopen", "version": "1", "permissions": ["sessions"],'
            ' "background": {"service_worker": "empty.js"}}')
        (helper / "empty.js").write_text("")
        self._context = self._launched(
            executable_path=program, java_script_enabled=self.script, locale="id-ID",
            # Playwright switches off what people's browsers have: pages kept whole for the Back button
            ignore_default_args=["--disable-extensions", "--disable-back-forward-cache"],
            args=["--no-sandbox", f"--load-extension={helper}", "--host-resolver-rules=MAP * ~NOTFOUND, "
                  "EXCLUDE localhost, EXCLUDE 127.0.0.1", *more])
        self._context.set_default_timeout(_WAIT)
        self.page = self._context.pages[-1] if self._context.pages else self._context.new_page()

    def _launched(self, **how: Any) -> Any:
        """A browser of this profile. One that hangs while it starts, as Chromium was seen to
        on a busy machine, is started again with the profile as it was before: it has shown nothing yet."""
        before = self.profile.with_name(f"{self.profile.name}-before")
        shutil.rmtree(before, ignore_errors=True)
        if self.profile.exists():
            shutil.copytree(self.profile, before, symlinks=True)
        launch = self._playwright.chromium.launch_persistent_context
        try:
            return launch(self.profile, timeout=_START, **how)
        except TooLong:
            shutil.rmtree(self.profile)
            if before.exists():
                shutil.copytree(before, self.profile, symlinks=True)
            return launch(self.profile, timeout=_START, **how)
        finally:
            shutil.rmtree(before, ignore_errors=True)

    def _worker(self) -> Any:
        return self._context.service_workers[0] if self._context.service_workers else \
            self._context.wait_for_event("serviceworker")

    def _settle(self) -> None:
        """Also for a page that was kept whole, or cannot be had again: neither is loaded."""
        with suppress(Error):
            self.page.wait_for_load_state(timeout=5_000)
        self.page.wait_for_timeout(300)
