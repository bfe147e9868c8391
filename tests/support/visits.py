"""A demo city, and every page of every role in it: found by following the links from the first one.

The pictures of `make gallery` and the checks of accessibility walk the same pages.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import BrowserContext, Error, Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.accounts.demo import demo_people
from portal.app import create_app
from portal.base.settings import Settings
from tests.support import live

ROLES = ["public", "cadre", "school", "coordinator", "officer", "head", "leadership", "admin"]
IN_THE_FIELD = {"cadre", "school"}
FOR_EVERYBODY = ["/masuk", "/masuk/petugas", "/mulai", "/bantuan", "/aman"]
MOST = 60
"""Pages of one person at most; there are fewer kinds than that."""
_STEP_BY_STEP = {"flags.new"}
"""Its script asks for what is missing step by step; `tests/flags/test_form_in_browser.py` looks at each of them."""
_EMPTY_FORM = """() => {
  const asks = "input:not([type=hidden]):not([type=submit]), select, textarea";
  const form = [...document.querySelectorAll("main form[method=post]")].find((one) => one.querySelector(asks));
  if (!form) return false;
  for (const field of form.querySelectorAll(asks)) {
    if (field.type === "radio" || field.type === "checkbox") field.checked = false; else field.value = "";
  }
  form.noValidate = true;
  const button = [...form.querySelectorAll("button:not([type=button])")].at(-1);
  form.dataset.sentEmpty = "";
  form.requestSubmit(button);
  return true;
}"""
_ANSWERED = """() => !document.querySelector("[data-sent-empty]")
  || document.querySelector(".galat:not([hidden]), p.salah")"""


@contextmanager
def demo_environment() -> Iterator[dict[str, str]]:
    """The settings of a demo city that has just been made in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PORTAL_DEMO": "1", "PORTAL_DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite'}",
                       "PORTAL_KEYS_FILE": str(folder / "keys.json"),
                       "PORTAL_DEMO_PEOPLE_FILE": str(folder / "people.json")}
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--fresh"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield environment


@contextmanager
def demo_city() -> Iterator[tuple[Flask, str]]:
    """The app of a demo city of its own, and where it answers."""
    with demo_environment() as environment:
        app = create_app(Settings.from_environment(environment))
        with live.serving(app) as base:
            yield app, base
        app.extensions["engine"].dispose()


def visited(app: Flask, context: BrowserContext, base: str, role: str) -> Iterator[tuple[str, Page]]:
    """Every page of the demo's person of this role (or of nobody, for "public"), as (kind, page)."""
    page = context.new_page()
    starts = FOR_EVERYBODY
    if role != "public":
        enter(app, page, base, role)
        starts = [urlsplit(page.url).path, "/setelan", "/cakupan", *FOR_EVERYBODY[3:]]
    for kind in walk(app, page, base, starts):
        yield kind, page


def enter(app: Flask, page: Page, base: str, role: str) -> None:
    """Sign in as the demo person of this role."""
    person = next(one for one in demo_people(app.config["SETTINGS"]) if one["role"] == role)
    page.goto(f"{base}/masuk")
    page.locator(f"button[name=person][value='{person['account_id']}']").click()
    page.wait_for_load_state()


def walk(app: Flask, page: Page, base: str, starts: list[str]) -> Iterator[str]:
    """Open one page of each kind that links lead to; gives each kind while its page is open. What is done with
    the page meanwhile does not matter."""
    seen, waiting = set(), [base + start for start in starts]
    while waiting and len(seen) < MOST:
        at = waiting.pop(0)
        kind = kind_of(app, at)
        if not kind or kind in seen:
            continue
        seen.add(kind)
        try:
            page.goto(at)
        except Error:
            continue  # a file to keep, not a page
        led_to = kind_of(app, page.url)
        links = page.eval_on_selector_all("a[href]", "links => links.map((link) => link.href)")
        waiting += [link for link in links if link.startswith(base)]
        if led_to == kind or led_to not in seen:
            seen.add(led_to)
            yield led_to


def sent_empty(page: Page, kind: str) -> bool:
    """Send the page's form with nothing in it, where it has one; returns whether it came back with faults."""
    if kind in _STEP_BY_STEP or not page.evaluate(_EMPTY_FORM):
        return False
    page.wait_for_function(_ANSWERED, timeout=30_000)
    page.wait_for_load_state()
    return page.locator(".galat:not([hidden])").count() > 0


def kind_of(app: Flask, address: str) -> str:
    """Which view an address leads to; empty where there is none that can be looked at."""
    try:
        endpoint, _ = app.url_map.bind("localhost").match(urlsplit(address).path, method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    return "" if endpoint in {"static", "web.manifest"} else str(endpoint)
