"""What travels through a person's own browser and must come back unread and unaltered."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from portal.base import vault
from portal.base.settings import ServerKeys

_NUMBER = 8


def new_once(keys: ServerKeys, account_id: object) -> str:
    """A fresh one-use key for a form, good for this account alone."""
    random = secrets.token_urlsafe(18)
    return f"{random}.{_once_mark(keys, random, account_id)}"


def is_once_of(keys: ServerKeys, once: str, account_id: object) -> bool:
    """Whether this server issued the one-use key to this account."""
    random, _, mark = once.partition(".")
    return any(vault.same(mark.encode(), _once_mark(one, random, account_id).encode()) for one in keys.readable)


def seal_answers(keys: ServerKeys, path: str, answers: list[tuple[str, str]]) -> str:
    """A form's answers, unreadable, to be kept by the browser over a sign-in."""
    text = json.dumps(answers)
    return vault.seal_text(keys.forms, text, label=f"carried|{path}").hex()


def open_answers(keys: ServerKeys, path: str, sealed: str) -> list[tuple[str, str]] | None:
    """The answers that `seal_answers` sealed for this path; None when they are not ours."""
    try:
        text = vault.open_text_with_any(keys.every("forms"), bytes.fromhex(sealed), label=f"carried|{path}")
    except (vault.DoesNotOpen, ValueError):
        return None
    return [(name, value) for name, value in json.loads(text)]


def seal_place(keys: ServerKeys, list_: str, account_id: object, number: int) -> str:
    """A row's running number (0 to 2^64 - 1), unreadable, for the address of the next page of a list: a number that
    counts what somebody must not know of would tell her of it. It is good for this list and this account alone."""
    place = number.to_bytes(_NUMBER)  # of one length, whatever the number
    return urlsafe_b64encode(vault.lock(keys.forms, place, label=_place(list_, account_id))).decode().rstrip("=")


def open_place(keys: ServerKeys, list_: str, account_id: object, sealed: str) -> int | None:
    """The number that `seal_place` sealed; None when it is not ours, or another's."""
    try:
        place = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        return int.from_bytes(vault.unlock_with_any(keys.every("forms"), place, label=_place(list_, account_id)))
    except (vault.DoesNotOpen, ValueError):
        return None


def _place(list_: str, account_id: object) -> str:
    return f"place|{list_}|{account_id}"


def _once_mark(keys: ServerKeys, random: str, account_id: object) -> str:
    return vault.tag(keys.forms, f"{random}|{account_id}", purpose="once").hex()[:32]
