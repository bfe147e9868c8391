"""The door: it opens with the right key in the right place, and in no other way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.base import vault
from portal.base.vault import DoesNotOpen, PassphraseCost

LABEL = "flags|1|story"
CHEAP = PassphraseCost(memory_kib=64, rounds=1)


def altered(sealed: bytes) -> list[bytes]:
    """`sealed` with one bit turned in each of its bytes, cut short at every place, and with more behind."""
    turned = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1:] for at in range(len(sealed))]
    return [*turned, *(sealed[:at] for at in range(len(sealed))), sealed + b"\x00"]


@pytest.mark.parametrize(
    "text", ["", "x", "Kejadian di RW 07 — kemarin malam 🌧", "a" * 5000, "\x00", "akhir\x00\x00"])
def test_a_text_comes_back_as_it_was(text):
    key = vault.new_key()

    assert vault.open_text(key, vault.seal_text(key, text, label=LABEL), label=LABEL) == text


@settings(database=None, max_examples=25)
@given(st.text())
def test_any_text_comes_back_as_it_was(text):
    key = vault.new_key()

    assert vault.open_text(key, vault.seal_text(key, text, label=LABEL), label=LABEL) == text


def test_a_text_opens_under_no_other_key():
    sealed = vault.seal_text(vault.new_key(), "rahasia", label=LABEL)

    with pytest.raises(DoesNotOpen):
        vault.open_text(vault.new_key(), sealed, label=LABEL)


@pytest.mark.parametrize("elsewhere", ["flags|2|story", "flags|1|answers", "messages|1|story", ""])
def test_a_text_opens_in_no_other_place(elsewhere):
    key = vault.new_key()
    sealed = vault.seal_text(key, "rahasia", label=LABEL)

    with pytest.raises(DoesNotOpen):
        vault.open_text(key, sealed, label=elsewhere)


def test_a_byte_altered_anywhere_in_a_locked_value_keeps_it_shut():
    key = vault.new_key()
    broken = altered(vault.lock(key, b"rahasia", label=LABEL))

    for one in broken:
        with pytest.raises(DoesNotOpen):
            vault.unlock(key, one, label=LABEL)


def test_a_byte_altered_anywhere_in_a_sealed_text_keeps_it_shut():
    key = vault.new_key()
    broken = altered(vault.seal_text(key, "rahasia", label=LABEL))

    for one in broken:
        with pytest.raises(DoesNotOpen):
            vault.open_text(key, one, label=LABEL)


@pytest.mark.asvs("V11.3.4")
def test_two_seals_of_one_text_differ():
    key = vault.new_key()

    seals = {vault.seal_text(key, "rahasia", label=LABEL) for _ in range(100)}

    assert len(seals) == 100


def test_the_length_of_a_sealed_text_tells_only_its_power_of_two():
    key = vault.new_key()
    around = len(vault.lock(key, b"", label=LABEL))  # version, nonce and tag
    sizes = {length: len(vault.seal_text(key, "x" * length, label=LABEL)) - around
             for length in (0, 1, 1020, 1021, 2044, 2045, 4092, 4093)}

    assert sizes == {0: 1024, 1: 1024, 1020: 1024, 1021: 2048, 2044: 2048, 2045: 4096, 4092: 4096, 4093: 8192}


def test_a_sealed_text_holds_nothing_readable():
    key = vault.new_key()

    sealed = vault.seal_text(key, "rahasia", label=LABEL)

    assert b"rahasia" not in sealed
    assert LABEL.encode() not in sealed


def test_a_wrapped_secret_opens_for_its_owner():
    pair, secret = vault.new_pair(), vault.new_key()

    wrapped = vault.wrap_for(pair.public, secret, label=LABEL)

    assert vault.unwrap_with(pair.private, wrapped, label=LABEL) == secret


def test_a_wrapped_secret_opens_for_nobody_else_and_nowhere_else():
    pair, other = vault.new_pair(), vault.new_pair()
    wrapped = vault.wrap_for(pair.public, vault.new_key(), label=LABEL)

    with pytest.raises(DoesNotOpen):
        vault.unwrap_with(other.private, wrapped, label=LABEL)
    with pytest.raises(DoesNotOpen):
        vault.unwrap_with(pair.private, wrapped, label="flags|2|story")


@pytest.mark.parametrize("private", [b"", b"\x00" * 32, b"\xff" * 32, b"\x01" * 33])
def test_what_is_no_private_key_opens_nothing(private):
    wrapped = vault.wrap_for(vault.new_pair().public, vault.new_key(), label=LABEL)

    with pytest.raises(DoesNotOpen):
        vault.unwrap_with(private, wrapped, label=LABEL)


@pytest.mark.parametrize("key", [b"", b"short", b"\x01" * 33])
def test_what_is_no_key_unlocks_nothing(key):
    locked = vault.lock(vault.new_key(), b"rahasia", label=LABEL)

    with pytest.raises(DoesNotOpen):
        vault.unlock(key, locked, label=LABEL)


def test_a_byte_altered_anywhere_in_a_wrapped_secret_keeps_it_shut():
    pair = vault.new_pair()
    broken = altered(vault.wrap_for(pair.public, vault.new_key(), label=LABEL))

    for one in broken:
        with pytest.raises(DoesNotOpen):
            vault.unwrap_with(pair.private, one, label=LABEL)


def test_two_wraps_of_one_secret_differ():
    pair, secret = vault.new_pair(), vault.new_key()

    assert len({vault.wrap_for(pair.public, secret, label=LABEL) for _ in range(50)}) == 50


def test_a_pair_has_the_sizes_that_its_columns_have_and_never_shows_its_private_half():
    pairs = [vault.new_pair() for _ in range(300)]  # one private number in 256 begins with a zero byte

    assert {(len(pair.public), len(pair.private)) for pair in pairs} == {(65, 32)}
    assert all("private" not in repr(pair) and repr(pair.private) not in repr(pair) for pair in pairs)


def test_a_derived_key_follows_from_its_key_and_purpose_alone():
    key = vault.new_key()

    assert vault.derived(key, purpose="rewrap") == vault.derived(key, purpose="rewrap")
    assert len({key, vault.derived(key, purpose="rewrap"), vault.derived(key, purpose="index"),
                vault.derived(vault.new_key(), purpose="rewrap")}) == 4


@pytest.mark.asvs("V11.4.4")
def test_a_passphrase_stands_for_one_key_with_its_salt_and_cost():
    salt = b"s" * 16

    key = vault.from_passphrase("sandi yang panjang", salt, CHEAP)

    assert len(key) == vault.KEY_BYTES
    assert key == vault.from_passphrase("sandi yang panjang", salt, CHEAP)
    assert key != vault.from_passphrase("sandi yang panjanG", salt, CHEAP)
    assert key != vault.from_passphrase("sandi yang panjang", b"t" * 16, CHEAP)
    assert key != vault.from_passphrase("sandi yang panjang", salt, PassphraseCost(memory_kib=128, rounds=1))


def test_a_tag_is_the_same_for_the_same_value_key_and_purpose_alone():
    key = vault.new_key()

    mark = vault.tag(key, "+6281234567890", purpose="phone")

    assert len(mark) == 32
    assert vault.same(mark, vault.tag(key, "+6281234567890", purpose="phone"))
    assert not vault.same(mark, vault.tag(key, "+6281234567891", purpose="phone"))
    assert not vault.same(mark, vault.tag(key, "+6281234567890", purpose="try"))
    assert not vault.same(mark, vault.tag(vault.new_key(), "+6281234567890", purpose="phone"))


@pytest.mark.asvs("V11.2.5")
def test_what_failed_to_open_says_nothing_of_why_or_what():
    key = vault.new_key()
    sealed = vault.seal_text(key, "rahasia", label=LABEL)

    with pytest.raises(DoesNotOpen) as refused:
        vault.open_text(vault.new_key(), sealed, label=LABEL)

    assert str(refused.value) == ""
