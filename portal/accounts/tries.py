"""Which counters a try to sign in moves: by what the person holds, else by where she tries from."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from portal.accounts import sealed, throttle
from portal.accounts.throttle import Counter
from portal.base.settings import ServerKeys

_ONE_LINE = 64
"""A provider gives each line a whole IPv6 network of this many bits: a single address in it counts for nothing."""


@dataclass(frozen=True)
class Try:
    """One try: the counters of the person's own, which a success clears; the network's, where nothing she holds says
    that it is she; and the one that stops what she holds."""

    own: list[Counter]
    network: Counter | None = None
    held: Counter | None = None

    @property
    def all(self) -> list[Counter]:
        """Every counter that this try moves."""
        return [*self.own, self.network] if self.network else self.own


def with_held(keys: ServerKeys, what: str, which: object) -> Try:
    """By somebody who holds a thing of hers: `what` is `device`, `card`, `sign-in` or `browser`. Where from does not
    matter: a mobile network shares one address among thousands, and none of them may make her wait."""
    held = Counter(sealed.try_tag(keys, what, str(which)), throttle.FREE_HELD)
    return Try([held], held=held)


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


def line(address: str) -> str:
    """The network that an address stands for: itself with IPv4, with IPv6 the line that it belongs to."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket's file, behind a web server that names no address
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((parsed, _ONE_LINE), strict=False))


def _network(keys: ServerKeys, network: str) -> Counter:
    return Counter(sealed.try_tag(keys, "network", network), throttle.FREE_NETWORK)
