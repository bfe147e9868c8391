"""Make every script small that is served: `make scripts`. Needs npm; the outcome is kept in the tree.

The tool's version is fixed, so that the same sources give the same bytes to whoever wants to check them.
"""

import subprocess

from portal.web import assets

TERSER = "terser@5.44.1"


def main() -> None:
    """Write each script of `assets.SCRIPTS` under its sources' stamp."""
    for name in assets.SCRIPTS:
        small = subprocess.run(
            ["npx", "--yes", TERSER, *map(str, assets.sources(name)), "--ecma", "2020", "--mangle",
             "--compress", "passes=2,ecma=2020"],
            check=True, capture_output=True).stdout
        target = assets.FOLDER / name
        target.write_bytes(assets.stamp(name) + b"\n" + small)
        print(f"{name:16} {len(small):6,} bytes")


if __name__ == "__main__":
    main()
