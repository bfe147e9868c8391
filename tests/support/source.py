"""The portal's own source as trees, for rules that hold everywhere and that no single page can show."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PORTAL = Path(__file__).parent.parent.parent / "portal"


@lru_cache
def modules() -> dict[str, ast.Module]:
    """Every module of the portal, by its path below `portal`."""
    return {str(file.relative_to(PORTAL)): ast.parse(file.read_text()) for file in sorted(PORTAL.rglob("*.py"))}


def templates() -> dict[str, str]:
    """Every template, by its path below `portal`."""
    return {str(file.relative_to(PORTAL)): file.read_text() for file in sorted(PORTAL.rglob("*.html"))}


def scripts() -> dict[str, str]:
    """Every script of our own, by its name, without comments."""
    return {file.name: "\n".join(line for line in file.read_text().splitlines() if not line.strip().startswith("//"))
            for file in sorted((PORTAL / "web/scripts").glob("*.js"))}


def imported(tree: ast.AST) -> set[str]:
    """The dotted names of what a tree imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call with the words before its parenthesis: `re.compile`, `session.execute`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def is_fixed(node: ast.expr) -> bool:
    """Whether a text stands in the source, alone or as one of two."""
    if isinstance(node, ast.IfExp):
        return is_fixed(node.body) and is_fixed(node.orelse)
    return isinstance(node, ast.Constant)
