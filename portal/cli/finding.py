"""What a check of `flask doctor` says: one sentence, and in it what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`state` is ok, warn (should be better) or bad (not safe to be online)."""

    state: str
    said: str


def ok(said: str) -> Finding:
    """As it should be."""
    return Finding("ok", said)


def warn(said: str) -> Finding:
    """It works, and should be better."""
    return Finding("warn", said)


def bad(said: str) -> Finding:
    """Not safe to be online."""
    return Finding("bad", said)
