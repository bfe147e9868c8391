"""What travels through a person's own browser and must come back unread and unaltered."""

import json
import secrets

from portal.base import vault
from portal.base.settings import ServerKeys


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


def _once_mark(keys: ServerKeys, random: str, account_id: object) -> str:
    return vault.tag(keys.forms, f"{random}|{account_id}", purpose="once").hex()[:32]
