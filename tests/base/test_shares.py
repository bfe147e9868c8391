"""Shamir's scheme in the vault: any two shares give the secret, one gives nothing."""

from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.base import vault

BYTES = range(256)


@pytest.mark.parametrize(("one", "other", "product"), [
    (0x57, 0x83, 0xC1), (0x57, 0x13, 0xFE), (0x57, 0x02, 0xAE), (0x57, 0x04, 0x47), (0x57, 0x08, 0x8E),
    (0x57, 0x10, 0x07),
])
def test_products_are_those_of_fips_197(one, other, product):
    assert vault._times(one, other) == vault._times(other, one) == product


def test_shares_are_those_that_the_reference_code_of_slip_39_interpolates(monkeypatch):
    """From `shamir_mnemonic._interpolate` 0.3 through the secret at 0 and secret xor slope at 1."""
    secret, slope = bytes(range(0, 64, 4)), bytes.fromhex("fb1acd44962209a65826621210c03c0a")
    monkeypatch.setattr(vault.secrets, "token_bytes", lambda size: slope[:size])

    assert {number: share.hex() for number, share in vault.split(secret).items()} == {
        1: "fb1ec548863611ba78024a3e20f40436", 2: "ed30898427500a4b9068ec0810af4028",
        3: "162a44c0b17203edc84e8e1a006f7c22"}


@settings(database=None, max_examples=50)
@given(st.binary(min_size=1, max_size=80))
def test_any_two_shares_in_any_order_give_the_secret(secret):
    shares = vault.split(secret)

    assert {vault.join(one, other) for one, other in permutations(shares.items(), 2)} == {secret}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_with_one_share_every_secret_is_as_possible_as_any_other(number, monkeypatch):
    slopes_behind = {}
    for secret in BYTES:
        for slope in BYTES:
            share = secret ^ vault._times(slope, number)
            slopes_behind[share, secret] = slopes_behind.get((share, secret), 0) + 1

    assert set(slopes_behind.values()) == {1}
    assert len(slopes_behind) == 256 * 256
    monkeypatch.setattr(vault.secrets, "token_bytes", lambda size: b"\x83" * size)
    assert vault.split(b"\x57")[number][0] == 0x57 ^ vault._times(0x83, number)


def test_a_secret_split_twice_gives_other_shares():
    secret = bytes(64)

    assert set(vault.split(secret).values()).isdisjoint(vault.split(secret).values())


def test_shares_of_two_kits_give_something_else():
    secret = vault.new_key()
    one, other = vault.split(secret), vault.split(secret)

    assert all(vault.join((a, one[a]), (b, other[b])) != secret for a, b in combinations((1, 2, 3), 2))


@pytest.mark.parametrize("private", [bytes(32), b"\xff" * 32])
def test_a_number_that_is_no_private_key_has_no_public_half(private):
    with pytest.raises(vault.DoesNotOpen):
        vault.public_of(private)


def test_a_private_key_tells_its_public_half():
    pair = vault.new_pair()

    assert vault.public_of(pair.private) == pair.public
