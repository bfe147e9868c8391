"""Debian's own Firefox, through the remote protocol it has built in (Marionette).

Playwright drives a Firefox of its own making; what a browser leaves behind must be seen in the one people have.
The protocol is `length:[0, id, command, parameters]` over TCP, answered by `length:[1, id, error, result]`.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import give_up

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_PREFERENCES: dict[str, Any] = {
    "browser.sessionstore.interval": 500,  # keeps what the tabs show far more often than by itself
    "browser.sessionstore.resume_session_once": True,
    "browser.sessionstore.resume_from_crash": True,
    "browser.sessionstore.max_resumed_crashes": -1,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 3,  # last time's windows and tabs
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,  # nothing outside this machine is reached
    "network.proxy.no_proxies_on": "localhost,127.0.0.1", "network.proxy.allow_hijacking_localhost": False,
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """One running Firefox on a profile folder. What is asked of an element waits for it, up to 30 s."""

    def __init__(self, profile: Path, *, script: bool = True) -> None:
        self.profile, self.script = profile, script
        profile.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start on the profile as it lies there; a session that was left is restored."""
        program = shutil.which("firefox-esr")
        if program is None:
            give_up("no Firefox: apt install firefox-esr")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        wanted = {**_PREFERENCES, "marionette.port": port, "javascript.enabled": self.script}
        (self.profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items()))
        (self.profile / "Marionette").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [program, "--headless", "--marionette", "--remote-allow-system-access", "--profile", str(self.profile)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._socket = _patiently(lambda: socket.create_connection(("127.0.0.1", port), timeout=60))
        self._number = 0
        self._read()  # what it says of itself
        self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"pageLoadStrategy": "normal"}}})
        self._ask("WebDriver:SetTimeouts", {"pageLoad": 60_000, "script": 60_000, "implicit": 0})

    def kill(self) -> None:
        """As when the phone's battery ends."""
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def close(self) -> None:
        """Close it as a person does. A second time does nothing."""
        if self._process.poll() is not None:
            return
        self._ask("Marionette:Quit", {"flags": ["eAttemptQuit"]})
        self._process.wait(60)
        self._socket.close()

    def open(self, address: str) -> None:
        """Go to an address."""
        self._ask("WebDriver:Navigate", {"url": address})

    def back(self) -> None:
        """The browser's Back."""
        self._ask("WebDriver:Back")

    def forward(self) -> None:
        """The browser's Forward."""
        self._ask("WebDriver:Forward")

    def tap(self, selector: str) -> None:
        """Click an element."""
        _patiently(lambda: self._ask("WebDriver:ElementClick", {"id": self._find(selector)}))

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        _patiently(lambda: self._ask("WebDriver:ElementSendKeys", {"id": self._find(selector), "text": text}))

    def wait_for(self, selector: str) -> None:
        """Until an element is there."""
        _patiently(lambda: self._find(selector))

    def address(self) -> str:
        """Where it is."""
        return str(self._ask("WebDriver:GetCurrentURL")["value"])

    def shown(self) -> str:
        """All of the page as it stands in the browser now, with its title."""
        return str(self._ask("WebDriver:GetTitle")["value"]) + str(self._ask("WebDriver:GetPageSource")["value"])

    def evaluate(self, script: str) -> Any:
        """What a function in the page's own world gives."""
        return self._ask("WebDriver:ExecuteScript", {"script": f"return ({script})()", "args": [],
                                                     "sandbox": None})["value"]

    def remembers(self) -> bytes:
        """What it has noted of its windows and tabs, to bring them back; on disk it stands compressed."""
        return str(self._in_chrome("return SessionStore.getBrowserState()")).encode()

    def reopen_tab(self) -> None:
        """Close this tab, and bring it back as by Ctrl+Shift+T."""
        self._in_chrome("gBrowser.addTrustedTab('about:blank', { inBackground: false })")
        time.sleep(1)
        self._in_chrome("gBrowser.removeTab(gBrowser.tabs[0])")
        time.sleep(1)
        self._in_chrome("SessionStore.undoCloseTab(window, 0)")
        self._to_last_tab()

    def restored(self) -> None:
        """Killed, started again, and in the tab that was open."""
        time.sleep(1.5)  # it has written down what is open
        self.kill()
        self.start()
        self._to_last_tab()

    def _to_last_tab(self) -> None:
        time.sleep(2)
        handles = self._ask("WebDriver:GetWindowHandles")
        for handle in handles:
            self._ask("WebDriver:SwitchToWindow", {"handle": handle, "focus": True})
            if self.address() != "about:blank":
                return

    def _in_chrome(self, script: str) -> Any:
        self._ask("Marionette:SetContext", {"value": "chrome"})
        answer = self._ask("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]
        self._ask("Marionette:SetContext", {"value": "content"})
        return answer

    def _find(self, selector: str) -> str:
        found = self._ask("WebDriver:FindElement", {"using": "css selector", "value": selector})
        return str(found["value"][_ELEMENT])

    def _ask(self, command: str, parameters: dict[str, Any] | None = None) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters or {}]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _kind, _number, error, result = self._read()
        if error:
            raise MarionetteError(f"{command}: {error['error']}: {error['message']}")
        return result

    def _read(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            size += self._some(1)
        left, body = int(size[:-1]), b""
        while len(body) < left:
            body += self._some(left - len(body))
        return json.loads(body)

    def _some(self, most: int) -> bytes:
        some = self._socket.recv(most)
        if not some:
            raise MarionetteError("Firefox has gone")
        return some


class MarionetteError(Exception):
    """What Firefox said it could not do."""


def _patiently(what: Callable[[], Any], seconds: float = 30) -> Any:
    """Try again until it works."""
    end = time.monotonic() + seconds
    while True:
        try:
            return what()
        except (MarionetteError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
