"""One phone, one spelling, however it was typed or pasted."""

import pytest

from portal.base.phones import local_phone, normal_phone


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("081234567890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("+6281234567890", "+6281234567890"),
        (" 0812-3456-7890 ", "+6281234567890"),
        ("0812 3456 7890", "+6281234567890"),
        ("0812.3456.7890", "+6281234567890"),
        ("+62 812-3456-7890", "+6281234567890"),
        ("(021) 8896-1234", "+622188961234"),
        ("0811234567", "+62811234567"),  # ten digits, the shortest mobile number
        ("0812345678901", "+62812345678901"),  # thirteen, the longest
        ("\u202a+62\u00a0812\u20113456\u20117890\u202c", "+6281234567890"),  # as WhatsApp copies it
        ("0812–3456–7890", "+6281234567890"),
    ],
)
def test_a_number_is_kept_in_one_shape(typed, normal):
    assert normal_phone(typed) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "-",
        "+",
        "81234567890",  # neither 0 nor 62 in front
        "08123456",  # too short
        "08123456789012",  # too long
        "0062812345678",
        "62081234567890",
        "+14155550123",
        "0812-3456-789O",
        "0812345678 ext 9",
        "budi",
        "08¹²34567890",  # digits that are none
        "٠٨١٢٣٤٥٦٧٨٩٠",
        "0812\n34567890",
        "0812345678\x0090",
    ],
)
def test_what_is_no_indonesian_number_is_none(typed):
    assert normal_phone(typed) is None


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+6281234567890", "0812-3456-7890"),
        ("+62812345678901", "0812-3456-78901"),
        ("+622188961234", "0218-8961-234"),
    ],
)
def test_a_number_is_shown_as_people_here_write_it_and_reads_back(number, shown):
    assert local_phone(number) == shown
    assert normal_phone(shown) == number
