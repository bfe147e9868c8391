"""Nothing asks another machine for anything: every test runs with a guard at the interpreter's own door to sockets.

Whoever looks up or speaks to a name or address that is not this machine's is stopped, and the test fails, also where
the code would have swallowed the fault. Sockets in the file system and the loopback are this machine. Programs that a
test starts, and libpq, which speaks to PostgreSQL, do not pass this door: `tests/asvs/test_outward.py` serves the
portal where there is no network.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

_LOOKING_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_SPEAKING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_OVER_A_NETWORK = {socket.AF_INET, socket.AF_INET6}
_HERE = {"", "localhost", "localhost.localdomain", "ip6-localhost"}

tried: list[str] = []
"""What this process tried since somebody last looked."""


class Outward(OSError):
    """Somebody else's machine was to be asked for something."""


def listen() -> None:
    """Stand at the door from now on; a guard that stands there cannot be sent away."""
    if not _standing:
        _standing.append(True)
        sys.addaudithook(_guard)


_standing: list[bool] = []


def _guard(event: str, said: tuple[Any, ...]) -> None:
    if event in _SPEAKING:
        line, address = said[0], said[1]
        host = address[0] if address and line.family in _OVER_A_NETWORK else None
    elif event in _LOOKING_UP:
        host = said[0]
    else:
        return
    if host is not None and not _is_here(host):
        tried.append(f"{event} {host}")
        raise Outward(f"{host} is not this machine")


def _is_here(host: Any) -> bool:
    name = host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name.lower() in _HERE


def complain() -> None:
    """Fail when something was tried, and forget it: the next test is not to blame."""
    found = list(tried)
    tried.clear()
    assert found == [], f"another machine was asked for: {found}"


@contextmanager
def expected() -> Iterator[list[str]]:
    """What is tried in here is wanted: it is stopped all the same, and told."""
    tried_before, told = len(tried), list[str]()
    try:
        yield told
    finally:
        told += tried[tried_before:]
        del tried[tried_before:]
