"""The lists that a city keeps in files: whole, in both languages, and refused where they cannot be used."""

import pytest

from portal.outreach import codes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(codes, "_DATA", tmp_path)
    return tmp_path


@pytest.mark.parametrize("entries", [codes.topics, codes.audiences, codes.materials, codes.funding_sources])
def test_every_entry_has_words_in_both_languages(entries):
    assert entries()
    assert all({"id", "en"} <= entry.labels.keys() for entry in entries().values())


def test_more_topics_than_the_totals_can_name_are_refused(folder):
    lines = [f"t{number},Kata,Words" for number in range(codes.MOST_TOPICS + 1)]
    (folder / "topics.csv").write_text("\n".join(["code,label_id,label_en", *lines]))

    with pytest.raises(ValueError, match="at most 30"):
        codes.topics()


@pytest.mark.parametrize("line", ["X,a,b", ",a,b", "a b,a,b", "a,,", "a,b,c\na,b,c", f"{'a' * 25},b,c"])
def test_a_faulty_line_is_named(folder, line):
    (folder / "materials.csv").write_text(f"code,label_id,label_en\n{line}\n")

    with pytest.raises(ValueError, match=r"materials\.csv, line [23]"):
        codes.materials()
