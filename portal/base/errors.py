"""What a command may say no with. Each is mapped to one calm page in `web/errors.py`."""


class Refused(Exception):
    """The rules do not allow this now (409). The text is for developers and logs: no content, no names."""


class Stale(Refused):
    """Somebody else was faster; the page shows what changed and keeps what was typed (409)."""


class NotVisible(Exception):
    """The thing is absent, or this person may not know of it: the two look alike (404)."""


class TooFast(Exception):
    """One person asks for more within a minute than a hand does (429). `seconds`: when it is worth asking again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too fast")
        self.seconds = seconds


class Overloaded(Exception):
    """More is asked than can be served at this moment, and this can wait (503)."""
