"""Every word that people read is there in both languages, with the same blanks to fill."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import wtforms
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
_BLANK = re.compile(r"%\(\w+\)[sd]")


@pytest.fixture(scope="module")
def indonesian():
    with (ROOT / "translations/id/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="id")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    template = tmp_path_factory.mktemp("words") / "messages.pot"
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "pyproject.toml",
                    "-k", "_l", "-k", "lazy_gettext", "-o", str(template), "portal"], cwd=ROOT, check=True)
    with template.open("rb") as file:
        return read_po(file)


def test_every_source_text_has_its_indonesian(source, indonesian):
    missing = [m.id for m in source if m.id and not _said(indonesian.get(m.id))]

    assert missing == []


def test_no_indonesian_text_has_lost_its_source(source, indonesian):
    left_over = [m.id for m in indonesian if m.id and m.id not in source]

    assert left_over == []


def test_no_text_is_guessed(indonesian):
    assert [m.id for m in indonesian if m.id and m.fuzzy] == []


def test_both_languages_fill_the_same_blanks(indonesian):
    for message in indonesian:
        if not message.id:
            continue
        wanted = {frozenset(_BLANK.findall(text)) for text in _texts(message.id)}
        for text in _texts(message.string):
            assert frozenset(_BLANK.findall(text)) in wanted, message.id


def test_the_form_librarys_own_messages_are_there_too(indonesian):
    with (Path(wtforms.__file__).parent / "locale/wtforms.pot").open("rb") as file:
        library = read_po(file)

    missing = [m.id for m in library if m.id and not _said(indonesian.get(m.id))]

    assert missing == []


def _said(message):
    return message is not None and all(_texts(message.string)) and not message.fuzzy


def _texts(value):
    return [value] if isinstance(value, str) else list(value)
