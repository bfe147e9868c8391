"""Which counters a try to sign in moves: by what the person holds, else by where she tries from."""

from dataclasses import dataclass
from uuid import UUID

from portal.accounts import sealed, throttle
from portal.accounts.throttle import Counter
from portal.base.settings import ServerKeys


@dataclass(frozen=True)
class Try:
    """One try: the counters of the person's own, which a success clears, the network's, and the one that
    stops what she holds."""

    own: list[Counter]
    network: Counter
    held: Counter | None = None

    @property
    def all(self) -> list[Counter]:
        """Every counter that this try moves."""
        return [*self.own, self.network]


def with_held(keys: ServerKeys, what: str, which: object, network: str) -> Try:
    """By somebody who holds a thing of hers: `what` is `device`, `card`, `sign-in` or `browser`."""
    held = Counter(sealed.try_tag(keys, what, str(which)), throttle.FREE_HELD)
    return Try([held], _network(keys, network), held)


def with_nothing(keys: ServerKeys, who: str, network: str) -> Try:
    """By somebody who knows a name or number at most."""
    pair = Counter(sealed.try_tag(keys, "pair", who, network), throttle.FREE_PAIR)
    return Try([pair], _network(keys, network))


def by_name(keys: ServerKeys, who: str, network: str) -> Try:
    """For staff in a browser that does not know them: counted for the account from everywhere too."""
    account = Counter(sealed.try_tag(keys, "account", who), throttle.FREE_ACCOUNT)
    plain = with_nothing(keys, who, network)
    return Try([*plain.own, account], plain.network)


def known_browser(keys: ServerKeys, cookie: str, account_id: UUID) -> str:
    """The mark in the cookie that says this account was signed in to from this browser, or an empty text."""
    for entry in cookie.split("~"):
        random, _, mark = entry.partition(".")
        if random and sealed.is_known_browser_mark(keys, random, account_id, mark):
            return random
    return ""


def _network(keys: ServerKeys, network: str) -> Counter:
    return Counter(sealed.try_tag(keys, "network", network), throttle.FREE_NETWORK)
