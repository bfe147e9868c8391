"""Codes for a bad phone line: whatever is misheard in one place, the code notices."""

import re

import pytest

from portal.base.reference import ALPHABET, LENGTH, new_reference, read_reference, spoken


def test_no_symbol_is_a_vowel_or_looks_like_another():
    look_alikes = ("0O", "1IL", "5S", "8B", "2Z")

    assert not set(ALPHABET) & set("AEIOU")
    assert all(len(set(ALPHABET) & set(group)) <= 1 for group in look_alikes)
    assert len(set(ALPHABET)) == len(ALPHABET) == 25


def test_ten_thousand_fresh_codes_are_valid_and_nearly_all_different():
    codes = [new_reference() for _ in range(10_000)]

    assert all(read_reference(code) == code for code in codes)
    assert all(re.fullmatch(f"[{ALPHABET}]{{{LENGTH}}}", code) for code in codes)
    assert len(set(codes)) > 9_950  # ten million codes: some five repeats are expected


def test_every_single_wrong_symbol_is_caught():
    for code in [new_reference() for _ in range(100)]:
        wrong = [code[:place] + symbol + code[place + 1:]
                 for place in range(LENGTH) for symbol in ALPHABET if symbol != code[place]]

        assert len(wrong) == LENGTH * (len(ALPHABET) - 1)
        assert [other for other in wrong if read_reference(other)] == []


def test_every_swap_of_two_neighbours_is_caught():
    for code in [new_reference() for _ in range(2_000)]:
        swapped = [code[:place] + code[place + 1] + code[place] + code[place + 2:]
                   for place in range(LENGTH - 1) if code[place] != code[place + 1]]

        assert [other for other in swapped if read_reference(other)] == []


def test_a_code_is_read_however_it_is_spaced_or_written():
    code = new_reference()

    spellings = [spoken(code), code.lower(), f" {code[:3]} {code[3:]} ", ".".join(code), f"#{code}"]

    assert [read_reference(spelling) for spelling in spellings] == [code] * len(spellings)


@pytest.mark.parametrize(
    "text", ["", "K7M", "K7M4PXX", "AAAAAA", "K7M-4P!", "²²²²²²", "\x00" * 6, "K" * 10_000])
def test_what_cannot_be_a_code_is_none(text):
    assert read_reference(text) is None


def test_a_code_is_said_in_two_halves():
    assert spoken("K7M4PX") == "K7M-4PX"
