"""The page of claims, `docs/proof.md`: what `make prove` and `make prove-long` last said, and when."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

HEAD = ("# Proof", "", "One line a claim, with the day and the commit at which it was last seen. What a section has "
        "not, was not asked at that size. A commit that is not in this history was put on top of others before it "
        "landed: its day says between which it stood.")
SIZES = {False: "make prove", True: "make prove-long"}

Stated = tuple[str, str, str, bool]
"""Claim, figure, limit, and whether it holds."""


def write(page: Path, stated: list[Stated], *, long: bool, part: bool) -> None:
    """Put these claims into the section of their size. After a run of a part of them, the other lines stay with the
    day and commit of theirs; after a run of all, none that was not stated is left."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    seen = f"{datetime.now(UTC):%Y-%m-%d}, {commit.stdout.strip()}"
    held = {size: _lines(page, size) for size in SIZES}
    new = {claim: f"| {claim} | {figure} | {limit} | {'yes' if holds else '**no**'} | {seen} |"
           for claim, figure, limit, holds in stated}
    held[long] = {**(held[long] if part else {}), **new}
    sections = [line for size, lines in held.items() if lines for line in _section(size, lines)]
    page.write_text("\n".join([*HEAD, *sections, ""]), encoding="utf-8")


def _section(size: bool, lines: dict[str, str]) -> list[str]:
    return ["", f"## `{SIZES[size]}`", "", "| claim | figure | limit | holds | seen |", "|---|---|---|---|---|",
            *(lines[claim] for claim in sorted(lines))]


def _lines(page: Path, size: bool) -> dict[str, str]:
    """The lines of a section as they stand, by claim."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    _, _, section = text.partition(f"## `{SIZES[size]}`\n")
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}
