"""What browsers say a page tried against its policy: counted, and said once a minute in one word from a list.

Nothing a browser sends is kept or written down: addresses and excerpts of pages quote people. Anybody may send here,
so what it costs is bounded too.
"""

import json
import logging
from datetime import datetime, timedelta
from threading import Lock

from portal.base.clock import now

PATH = "/csp"
LONGEST = 16 * 1024
"""Bytes of one report that are looked at."""
_PAUSE = timedelta(minutes=1)
_KINDS = ("script-src", "style-src", "img-src", "connect-src", "form-action", "frame-ancestors", "base-uri",
          "manifest-src", "default-src", "require-trusted-types-for", "trusted-types")
_log = logging.getLogger("portal")


def kind_of(sent: bytes) -> str:
    """Which rule of the policy a report is about, in a word of ours; `other` for what is not one of them."""
    try:
        named = json.loads(sent)["csp-report"]["effective-directive"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "other"
    # browsers say script-src-elem or script-src-attr for what is one rule of ours
    return next((kind for kind in _KINDS if isinstance(named, str) and named.startswith(kind)), "other")


class Counted:
    """How many came since the last line that was written, in this process."""

    def __init__(self) -> None:
        self._lock, self._count, self._quiet_until = Lock(), 0, datetime.min.replace(tzinfo=now().tzinfo)

    def note(self, sent: bytes) -> None:
        """Count one report; at most once a minute say how many there were, and of which kind the last was."""
        with self._lock:
            self._count += 1
            if now() < self._quiet_until:
                return
            count, self._count, self._quiet_until = self._count, 0, now() + _PAUSE
        _log.warning("a page tried what its policy forbids: %s, %d reported", kind_of(sent), count)
