"""What people read for the codes of topics and audiences, in their language."""

from collections.abc import Mapping

from flask_babel import get_locale

from portal.outreach import codes


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


def _in_my_language(words: Mapping[str, str]) -> str:
    """The words in the reader's language, else in the first that the list has."""
    return words.get(str(get_locale())) or next(iter(words.values()))
