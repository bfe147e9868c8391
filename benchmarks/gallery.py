"""A picture of every page, in both languages and on both screens, as each of the demo people sees it.

    python -m benchmarks.gallery [--out build/gallery] [--people cadre …] [--languages id en] [--screens hp pc]

Makes a demo city of its own, signs in as one person of each role, follows every link of her pages to one page of
each kind, and writes the pictures with an `index.html` to look at them side by side: on a phone (360×640) and at a
computer (1280×800), and each form once more after it was sent with nothing in it.
"""

import argparse
import html
from itertools import product
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page

from tests.support import live
from tests.support.visits import ROLES, demo_city, sent_empty, visited

SCREENS = {"hp": live.PHONE, "pc": live.PC}


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


def take(app: Flask, base: str, out: Path, asked: argparse.Namespace) -> list[Path]:
    """All the pictures, in the order in which they are taken."""
    taken: list[Path] = []
    with live.chromium() as browser:
        for role, screen, language in product(asked.people, asked.screens, asked.languages):
            context = browser.new_context(**SCREENS[screen])
            context.add_cookies([{"name": "b", "value": language, "url": base}])
            for kind, page in visited(app, context, base, role):
                name = f"{role}-{screen}-{kind.replace('.', '-')}"
                taken.append(_taken(page, out / f"{name}-{language}.png"))
                if sent_empty(page, kind):
                    taken.append(_taken(page, out / f"{name}-faults-{language}.png"))
            context.close()
    return taken


def _taken(page: Page, file: Path) -> Path:
    wide = photograph(page, file)
    print(f"{file.name}{'  WIDER THAN THE SCREEN' if wide else ''}", flush=True)
    return file


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
    words.add_argument("--screens", nargs="+", choices=list(SCREENS), default=list(SCREENS))
    asked = words.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for old in asked.out.glob("*.png"):
        old.unlink()
    with demo_city() as (app, base):
        taken = take(app, base, asked.out, asked)
    write_index(asked.out, taken, asked.languages)
    print(f"{len(taken)} pictures: {asked.out / 'index.html'}")


if __name__ == "__main__":
    main()
