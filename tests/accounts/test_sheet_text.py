"""What stands on a recovery sheet can be copied by hand, and a mistake is named by its group."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.accounts.sheet_text import DATA, GROUPS, SIGNS, BadSheet, Share, read, split_groups, written, wrong_groups

SHARE = Share(b"kit1", 2, bytes(range(100, 164)))


def with_group(at, group):
    groups = written(SHARE)
    groups[at - 1] = group
    return " ".join(groups)


def faults(typed):
    with pytest.raises(BadSheet) as bad:
        read(typed)
    return bad.value.groups


@settings(database=None, max_examples=100)
@given(st.binary(min_size=4, max_size=4), st.sampled_from([1, 2, 3]), st.binary(min_size=64, max_size=64))
def test_every_share_is_read_as_it_was_written(kit, number, share):
    whole = Share(kit, number, share)

    assert read("\n".join(written(whole))) == whole


@pytest.mark.parametrize("spaced", [
    " ".join, "".join, "-".join, lambda groups: "  \n ".join(groups).lower(), lambda groups: ". ".join(groups) + ".",
    lambda groups: " ".join(groups).replace("1", "l").replace("0", "o"),
])
def test_it_does_not_matter_how_it_is_spaced_or_whether_a_digit_looks_like_a_letter(spaced):
    assert read(spaced(written(SHARE))) == SHARE


def test_one_wrong_sign_anywhere_is_found_in_its_group():
    for at, group in enumerate(written(SHARE), 1):
        for place in range(DATA + 1):
            for sign in set(SIGNS) - {group[place]}:
                assert wrong_groups([group[:place] + sign + group[place + 1:]], at) == [at]


def test_two_swapped_signs_are_found_wherever_they_stand_in_the_group():
    for at, group in enumerate(written(SHARE), 1):
        for one in range(DATA + 1):
            for other in range(one):
                signs = list(group)
                signs[one], signs[other] = signs[other], signs[one]
                assert wrong_groups(["".join(signs)], at) == ([] if group[one] == group[other] else [at])


def test_a_group_in_anothers_place_is_found():
    groups = written(SHARE)

    for at in range(GROUPS):
        for place in range(1, GROUPS + 1):
            assert bool(wrong_groups([groups[at]], place)) is (place != at + 1)


@pytest.mark.parametrize("group", ["", "K7M4", "K7M4PXX", "K7U4PX", "K7M4P😀", "ABC\x00DE", "<scr>1"])
def test_what_cannot_be_a_group_is_named(group):
    assert 5 in faults(with_group(5, group)) or group == ""


def test_several_wrong_groups_are_all_named():
    groups = written(SHARE)
    groups[3], groups[9] = groups[9], groups[3]

    assert faults(" ".join(groups)) == [4, 10]


@pytest.mark.parametrize("typed", ["", " ", "0" * 144, "K7M4PX", "x" * 100_000, " ".join(["000000"] * 500)])
def test_anything_else_is_no_sheet(typed):
    faults(typed)


def test_a_group_too_few_is_no_sheet():
    faults(" ".join(written(SHARE)[:-1]))


def test_mistakes_that_hide_in_their_groups_are_still_found_by_the_whole():
    """Other signs, with a check that fits them: only the hash over everything knows."""
    other = written(Share(b"kit1", 2, bytes(64)))

    assert faults(with_group(8, other[7])) == []


def test_groups_are_read_line_by_line_too():
    groups = written(SHARE)

    assert wrong_groups(split_groups(" ".join(groups[4:8])), 5) == []
    assert wrong_groups(split_groups(" ".join(groups[4:8])), 1) == [1, 2, 3, 4]


def test_the_share_itself_is_never_shown_by_mistake():
    assert SHARE.share.hex() not in repr(SHARE)
    assert "100" not in repr(SHARE)
