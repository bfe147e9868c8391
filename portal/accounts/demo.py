"""The demo city's people, who may be entered with one tap: on this machine's own demo, nowhere else."""

import json
from ipaddress import ip_address
from typing import Any

from portal.base.settings import Settings

_AT_HOME = {"127.0.0.1", "localhost", "::1", "[::1]"}
_SENT_ON_BY = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


def is_at_home(settings: Settings, request: Any) -> bool:
    """Whether this is the demo, asked by a browser on the same machine and through nobody else.

    The address alone is not enough: a reverse proxy also asks from the same machine.
    """
    if not settings.demo or settings.proxies:
        return False
    try:
        near = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return near and name in _AT_HOME and not any(header in request.headers for header in _SENT_ON_BY)


def demo_people(settings: Settings) -> list[dict[str, str]]:
    """All that is needed to sign in as each invented person; empty where there is no demo."""
    try:
        people: list[dict[str, str]] = json.loads(settings.demo_people_file.read_text())
    except FileNotFoundError:
        return []
    return people


def demo_person(settings: Settings, account_id: str) -> dict[str, str] | None:
    """One of them."""
    return next((p for p in demo_people(settings) if p["account_id"] == account_id), None)
