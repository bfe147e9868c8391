"""What people read for the codes of the lists, in their language."""

from collections.abc import Mapping
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.outreach import codes
from portal.web.locale import say_day


def topic_label(code: str) -> str:
    """A topic in plain words; its code when the city's list no longer has it."""
    entry = codes.topics().get(code)
    return _in_my_language(entry.labels) if entry else code


def topic_neutral(code: str) -> str:
    """The same for messages: words that tell nobody anything who reads along."""
    entry = codes.topics().get(code)
    return _in_my_language(entry.neutral or entry.labels) if entry else code


def audience_label(code: str) -> str:
    """An audience in plain words; its code when the city's list no longer has it."""
    entry = codes.audiences().get(code)
    return _in_my_language(entry.labels) if entry else code


def material_label(code: str) -> str:
    """What was shown or handed out, in plain words; its code when the city's list no longer has it."""
    entry = codes.materials().get(code)
    return _in_my_language(entry.labels) if entry else code


def funding_label(code: str) -> str:
    """A source of funds in plain words; its code when the city's list no longer has it."""
    entry = codes.funding_sources().get(code)
    return _in_my_language(entry.labels) if entry else code


def change_part(part: str) -> str:
    """What of a session was changed."""
    return {"day": _("Day"), "place": _("Where"), "topics": _("Topics"), "people": _("People"),
            "heads": _("Girls, boys, women, men, older women, older men"), "audiences": _("Who took part"),
            "materials": _("Materials"), "funding": _("Paid by"), "speaker": _("Speaker"), "note": _("Note")}[part]


def change_value(part: str, value: Any) -> str:
    """What it said, in words; a dash where it said nothing."""
    if part == "day":
        return say_day(value)
    label = {"topics": topic_label, "audiences": audience_label, "materials": material_label}.get(part, str)
    if isinstance(value, list | tuple):
        return ", ".join(label(one) for one in value) or "–"
    return funding_label(value) if part == "funding" and value else str(value) or "–"


def _in_my_language(words: Mapping[str, str]) -> str:
    """The words in the reader's language, else in the first that the list has."""
    return words.get(str(get_locale())) or next(iter(words.values()))
