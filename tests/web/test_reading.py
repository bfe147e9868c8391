"""What a cadre reads is short and plain, in both languages (`ux.md` 6.5, 8.1: A15 and A16)."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

CATALOGUE = Path(__file__).parents[2] / "translations/id/LC_MESSAGES/messages.po"
OF_THE_OFFICE = re.compile(
    r"portal/(followup|casework|reports|cli)/|import|plan|/(people|bulk|changes|keys|pages|library_words)\b|"
    r"accounts/templates/accounts/(person|new_|pending|recover|role|describe|many|slips|secret|sign_in_staff|"
    r"enrol_office)")
"""Files whose words only staff and coordinators read. What is not named here is read by cadres."""
SENTENCE_ENDS = re.compile(r"(?<=[.!?:])[\"”’]?\s+")
BUREAUCRATIC = {
    "id": "verifikasi disposisi asesmen intervensi terlapor pelaku klien penyintas korban form e-form submit login "
          "logout upload dashboard error valid aib oknum damai kekeluargaan ktp apabila sehubungan silahkan dimohon "
          "tersebut merupakan terkait guna perihal ditolak hoaks palsu terbukti",
    "en": "verification disposition assessment intervention perpetrator client survivor victim submit login logout "
          "upload dashboard error invalid pursuant regarding aforementioned hereby utilise utilize rejected unproven "
          "hoax",
}
ONE_LINE = 32
"""Letters on a line of 320 px, at the size of buttons and labels."""
LAW = "within 3x24 hours"
"""The one sentence that says what the law says, in its words."""


def texts_of(message, language):
    text = message.id if language == "en" else message.string
    return [text] if isinstance(text, str) else list(text)


@pytest.fixture(scope="module")
def read_by_cadres():
    """Messages of the catalogue that stand on a page which cadres see."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="id")
    return [message for message in catalogue if message.id
            and not all(OF_THE_OFFICE.search(place) for place, _line in message.locations)]


def sentences(messages, language):
    """Whole sentences, each with its number of words; a blank to fill counts as one."""
    whole = [part for message in messages for text in texts_of(message, language) if re.search("[.!?:]", text)
             for part in SENTENCE_ENDS.split(text)]
    return [(len(re.sub(r"%\(\w+\)[sd]", "x", part).split()), part) for part in whole]


def bureaucratic(messages, language):
    """Banned words, each with the text in which it stands."""
    banned = set(BUREAUCRATIC[language].split())
    return [(word, text) for message in messages if LAW not in str(message.id) for text in texts_of(message, language)
            for word in re.findall(r"[\w-]+", text.lower()) if word in banned]


@pytest.mark.parametrize("language", ["id", "en"])
def test_sentences_have_12_words_at_most_on_average_and_never_more_than_20(read_by_cadres, language):
    counted = sentences(read_by_cadres, language)

    assert len(counted) > 300
    assert sum(words for words, _ in counted) / len(counted) <= 12
    assert [said for words, said in counted if words > 20] == []


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_word_is_that_of_an_office(read_by_cadres, language):
    assert bureaucratic(read_by_cadres, language) == []


def test_few_indonesian_words_are_long(read_by_cadres):
    """Five syllables or more, by vowels: at most 8 in 100 words."""
    words = [word for message in read_by_cadres for text in texts_of(message, "id")
             for word in re.findall(r"[^\W\d_]+", re.sub(r"%\(\w+\)[sd]", "", text.lower()))]
    long = [word for word in words if len(re.findall(r"ai|au|oi|[aeiou]", word)) >= 5]

    assert len(long) / len(words) <= 0.08


def test_english_labels_need_little_more_room_than_indonesian_ones(read_by_cadres):
    """In all 135 % at most; and one by one, unless the label still stands on one line of 320 px."""
    labels = [(english, indonesian) for message in read_by_cadres
              for english, indonesian in zip(texts_of(message, "en"), texts_of(message, "id"), strict=False)
              if not re.search("[.!?:]", english)]
    too_long = [(english, indonesian) for english, indonesian in labels
                if len(english) > ONE_LINE and len(english) > 1.35 * len(indonesian)]

    assert sum(len(english) for english, _ in labels) <= 1.35 * sum(len(indonesian) for _, indonesian in labels)
    assert too_long == []


def test_the_detector_hears_a_long_sentence_and_a_word_of_the_office():
    class Message:
        id = "The dashboard shows " + "word " * 20 + "end."
        string = "Asesmen " + "kata " * 20 + "selesai."

    assert sentences([Message], "en") == [(24, Message.id)]
    assert bureaucratic([Message], "id") == [("asesmen", Message.string)]
    assert bureaucratic([Message], "en") == [("dashboard", Message.id)]
