"""Reading an nginx configuration: enough of the language for the sample in `deploy/`."""

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Directive:
    """One line of it: its name, what follows, and what stands in its braces, if it has any."""

    name: str
    args: tuple[str, ...]
    inner: list["Directive"] = field(default_factory=list)

    def all(self, name: str) -> list["Directive"]:
        """What is called so directly inside."""
        return [one for one in self.inner if one.name == name]

    def values(self, name: str) -> list[str]:
        """Every word that follows this name inside."""
        return [arg for one in self.all(name) for arg in one.args]


def read(file: Path) -> Directive:
    """The whole file as one block. Raises `ValueError` for braces that do not fit each other."""
    found = re.finditer(r'#[^\n]*|"(?P<quoted>[^"]*)"|(?P<sign>[;{}])(?=\s|$)|(?P<word>[^\s;]+)', file.read_text())
    tokens = [(one["sign"] or "", one["quoted"] if one["quoted"] is not None else one["word"] or "")
              for one in found if one.lastgroup]
    block, rest = _block(tokens, 0)
    if rest != len(tokens):
        raise ValueError("a brace too many")
    return Directive("", (), block)


def _block(tokens: list[tuple[str, str]], at: int) -> tuple[list[Directive], int]:
    found, words = [], []
    while at < len(tokens):
        kind, word = tokens[at]
        at += 1
        if kind == "}":
            return found, at
        if kind == "{":
            inner, at = _block(tokens, at)
            found.append(Directive(words[0], tuple(words[1:]), inner))
            words = []
        elif kind == ";":
            found.append(Directive(words[0], tuple(words[1:])))
            words = []
        else:
            words.append(word)
    return found, at


def status_in(server: Directive, method: str, path: str) -> int:
    """The status with which a server that passes nothing on answers."""
    locations = server.all("location")
    place = next((one for one in locations if one.args[0] == "~" and re.search(one.args[1], path)),
                 next(one for one in locations if one.args == ("/",)))
    for one in place.inner:
        if one.name == "if":
            variable, operator, pattern = one.args
            if (variable, operator) != ("($request_method", "!~"):
                raise ValueError(one.args)
            if not re.search(pattern.removesuffix(")"), method):
                return int(one.values("return")[0])
        elif one.name == "return":
            return int(one.args[0])
    raise ValueError(f"no answer to {path}")
