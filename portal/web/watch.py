"""What was refused, in the process's own log: a word of ours, the route's name, who, and nothing of the request.

At the office "who" is the account; in the field the role alone: a time beside a concern says too much.
An address that does not exist is not said; machines try thousands.
"""

import logging

from flask import g, request

_log = logging.getLogger("portal")


def refused(what: str) -> None:
    """Say that something was refused: `what` stands in docs/rules.md, under "What is refused and written down"."""
    _log.warning("refused, %s: %s %s by %s", what, request.method, request.endpoint or "-", _who())


def _who() -> str:
    """Whoever this request has found to be signed in. Asks no database: a refusal must cost as little as it can."""
    viewer = g.get("_login_user")
    if viewer is None or not viewer.is_authenticated:
        return "nobody"
    return str(viewer.account_id) if viewer.is_staff else str(viewer.role)
