"""What does each page of a cadre weigh, and is that within the budget?

    python -m benchmarks.budget

Prints a line a page in both languages, bytes after gzip -9 and, for comparison, after brotli; a part that is too
heavy is marked with ! and its limit, and then the command fails. Pages are measured as a phone that holds its
owner's key sees them. What that key needs of script (key.js, half a kilobyte) other pages fetch once, when it must
show itself, after all else.
"""

import os
import sys
import tempfile
from pathlib import Path

from portal.base.settings import ServerKeys
from tests.conftest import _build, _city
from tests.support.weight import Weight, cadre_pages

PARTS = ("html", "css", "html+css", "script", "htmx", "first")


def line(weight: Weight) -> str:
    """One page as it is printed."""
    cells = [f"{weight.name:18}"]
    for part in PARTS:
        over = f"!{weight.limits[part]:5}" if part in weight.broken else " " * 6
        cells.append(f"{weight.gzip[part]:6,}/{weight.brotli[part]:6,}{over}")
    return " ".join(cells) + f"{weight.requests:3} ({weight.blocking} before the first paint)"


def main() -> int:
    """The exit code: 1 past a limit."""
    os.environ.pop("FLASK_RUN_FROM_CLI", None)
    broken = 0
    print(f"{'gzip/brotli':18} " + " ".join(f"{part:19}" for part in PARTS) + " requests")
    for language in ("id", "en"):
        print(language)
        with tempfile.TemporaryDirectory() as folder:
            url, keys = f"sqlite:///{Path(folder) / 'city.sqlite'}", ServerKeys.fresh()
            for city in _city(url, keys, _build(url, keys)):
                for weight in cadre_pages(city, language):
                    print(line(weight), flush=True)
                    broken += len(weight.broken)
    print(f"{broken} past their limit" if broken else "all within their limits")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
