"""The recovery kit: any two of three sheets give the keys back, and one gives nothing."""

from itertools import combinations

from portal.accounts import kits, sealed, sheet_text
from portal.accounts.models import Account
from portal.base import vault
from tests.factories import ring_of
from tests.proof.conftest import size

KITS = size(short=100, long=20_000)


def keys_from(shares):
    """The private keys that two sheets give, through what stands on paper."""
    one, other = (sheet_text.read(" ".join(sheet_text.written(share))) for share in shares)
    return set(sealed.join_privates(one.point, other.point).values())


def failing_pairs(city):
    ring, unit_id = ring_of(city, city.ratna), city.db.get_one(Account, city.ratna.account_id).unit_id
    kits_made = [kits.make(city.db, ring, unit_id) for _ in range(KITS)]
    return sum(keys_from(pair) != set(ring.privates.values()) for kit in kits_made for pair in combinations(kit, 2))


def secrets_ruled_out():
    """How many values of a byte of the key somebody who sees one sheet can rule out, over all shares she may see."""
    ruled_out = 0
    for number in (1, 2, 3):
        possible = [set() for _share in range(256)]
        for secret in range(256):
            for slope in range(256):
                possible[vault._on_lines(bytes([secret]), bytes([slope]), number)[0]].add(secret)
        ruled_out += sum(256 - len(secrets) for secrets in possible)
    return ruled_out


def test_any_two_of_three_sheets_give_both_keys(city, claim):
    failed = failing_pairs(city)

    claim("any two of three recovery sheets give both keys back", f"{failed} of {3 * KITS} pairs fail", "0",
          holds=failed == 0)


def test_one_sheet_rules_out_no_secret(claim):
    ruled_out = secrets_ruled_out()

    claim("one recovery sheet rules out no value of any byte of a key", f"{ruled_out} of {3 * 256 * 256}", "0",
          holds=ruled_out == 0)


def test_a_mistake_in_copying_is_named_by_its_group(claim):
    share = sheet_text.Share(b"kit1", 1, bytes(range(64)))
    groups, missed, tried = sheet_text.written(share), 0, 0
    for at, group in enumerate(groups, 1):
        for place, right in enumerate(group):
            for sign in set(sheet_text.SIGNS) - {right}:
                missed += sheet_text.wrong_groups([group[:place] + sign + group[place + 1:]], at) != [at]
                tried += 1

    claim("a wrong sign on a recovery sheet is named by its group", f"{missed} of {tried} missed", "0",
          holds=missed == 0)


def test_a_scheme_that_tells_something_would_be_seen(monkeypatch):
    honest = vault._on_lines
    monkeypatch.setattr(vault, "_on_lines", lambda secret, slopes, at: honest(
        secret, bytes(slope & 0x7F for slope in slopes), at))

    assert secrets_ruled_out() > 0


def test_sheets_that_do_not_fit_would_be_seen(city, monkeypatch):
    monkeypatch.setattr(vault, "_inverse", lambda one: one)

    assert failing_pairs(city) > 0
