"""A picture of every page, in both languages, as each of the demo people sees it.

    python -m benchmarks.gallery [--out build/gallery] [--people cadre officer …] [--languages id en]

Makes a demo city of its own, signs in as one person of each role, follows every link of her pages to one page of
each kind, and writes the pictures with an `index.html` to look at them side by side. People in the field hold a
phone (360×640), the others sit at a computer (1280×800); the pages for everybody are taken on both.
"""

import argparse
import html
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import BrowserContext, Error, Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.support import live

ROLES = ["public", "cadre", "school", "coordinator", "officer", "head", "leadership", "admin"]
IN_THE_FIELD = {"cadre", "school"}
SHAPES = {"hp": live.PHONE, "pc": live.PC}
MOST = 60
"""Pages of one person at most; there are fewer kinds than that."""


def environment(folder: Path) -> dict[str, str]:
    """The settings of a demo city that lies in this folder alone."""
    return {**os.environ, "PORTAL_DEMO": "1", "PORTAL_DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite'}",
            "PORTAL_KEYS_FILE": str(folder / "keys.json"), "PORTAL_DEMO_PEOPLE_FILE": str(folder / "people.json")}


def kind_of(app: Flask, address: str) -> str:
    """Which view an address leads to; empty where there is none that can be looked at."""
    try:
        endpoint, _ = app.url_map.bind("localhost").match(urlsplit(address).path, method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    return "" if endpoint in {"static", "web.manifest"} else str(endpoint)


def walk(app: Flask, page: Page, base: str, starts: list[str]) -> Iterator[str]:
    """Open one page of each kind that links lead to; gives each kind while its page is open."""
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
        if led_to == kind or led_to not in seen:
            seen.add(led_to)
            yield led_to
        links = page.eval_on_selector_all("a[href]", "links => links.map((link) => link.href)")
        waiting += [link for link in links if link.startswith(base)]


def enter(page: Page, base: str, role: str, people: list[dict[str, str]]) -> None:
    """Sign in as the demo person of this role."""
    person = next(one for one in people if one["role"] == role)
    page.goto(f"{base}/masuk")
    page.locator(f"button[name=person][value='{person['account_id']}']").click()
    page.wait_for_load_state()


def visited(app: Flask, context: BrowserContext, base: str, role: str,
            people: list[dict[str, str]]) -> Iterator[tuple[str, Page]]:
    """Every page of one person as (kind, page)."""
    page = context.new_page()
    starts = ["/masuk", "/masuk/petugas", "/mulai", "/bantuan", "/aman"]
    if role != "public":
        enter(page, base, role, people)
        starts = [urlsplit(page.url).path, "/setelan", "/cakupan"]
    for kind in walk(app, page, base, starts):
        yield kind, page


def photograph(page: Page, file: Path) -> bool:
    """One picture of the whole page, its bars at its edges; returns whether it is wider than the screen."""
    screen = page.viewport_size
    assert screen is not None
    height, wide = page.evaluate("(({ scrollHeight, scrollWidth }) => [scrollHeight, scrollWidth > innerWidth])"
                                 "(document.documentElement)")
    page.set_viewport_size({"width": screen["width"], "height": max(height, screen["height"])})
    page.screenshot(path=file)
    page.set_viewport_size(screen)
    return bool(wide)


def take(app: Flask, base: str, out: Path, roles: list[str], languages: list[str], people: list) -> list[Path]:
    """All the pictures, in the order in which they are taken."""
    taken: list[Path] = []
    with live.chromium() as browser:
        for role in roles:
            shapes = ["hp", "pc"] if role == "public" else ["hp"] if role in IN_THE_FIELD else ["pc"]
            for shape, language in ((shape, language) for shape in shapes for language in languages):
                context = browser.new_context(**SHAPES[shape])
                context.add_cookies([{"name": "b", "value": language, "url": base}])
                for kind, page in visited(app, context, base, role, people):
                    file = out / f"{role}-{shape}-{kind.replace('.', '-')}-{language}.png"
                    wide = photograph(page, file)
                    print(f"{file.name}{'  WIDER THAN THE SCREEN' if wide else ''}", flush=True)
                    taken.append(file)
                context.close()
    return taken


def write_index(out: Path, taken: list[Path], languages: list[str]) -> None:
    """One page with every picture, the languages beside each other."""
    rows = []
    for stem in dict.fromkeys(file.stem.rsplit("-", 1)[0] for file in taken):
        files = [f"{stem}-{code}.png" for code in languages if out / f"{stem}-{code}.png" in taken]
        cells = "".join(f'<a href="{file}"><img src="{file}" loading="lazy" alt="{file}"></a>' for file in files)
        rows.append(f"<h2>{html.escape(stem)}</h2><p>{cells}</p>")
    (out / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>Gallery</title><style>img{max-width:48%;border:1px solid #999;'
        f"margin:4px;vertical-align:top}}</style><h1>Every page</h1>{''.join(rows)}")


def main() -> None:
    """Make the city, take the pictures, write the index."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--out", type=Path, default=Path("build/gallery"))
    words.add_argument("--people", nargs="+", choices=ROLES, default=ROLES)
    words.add_argument("--languages", nargs="+", choices=["id", "en"], default=["id", "en"])
    asked = words.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for old in asked.out.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(Path(folder)))
        subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--fresh"], check=True)  # noqa: S603
        os.environ.pop("FLASK_RUN_FROM_CLI", None)
        from portal.accounts.demo import demo_people  # noqa: PLC0415 - after the settings above
        from portal.app import create_app  # noqa: PLC0415

        app = create_app()
        with live.serving(app) as base:
            taken = take(app, base, asked.out, asked.people, asked.languages, demo_people(app.config["SETTINGS"]))
    write_index(asked.out, taken, asked.languages)
    print(f"{len(taken)} pictures: {asked.out / 'index.html'}")


if __name__ == "__main__":
    main()
