"""ASVS 5.0 V9 and V11: which tools are used for what is secret, and that none of them bends."""

import ast
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from math import log2

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.sessions import TaggedJSONSerializer
from itsdangerous import URLSafeTimedSerializer

from portal.accounts import cards, challenges, invitations, sealed
from portal.base import vault
from portal.base.reference import ALPHABET
from portal.base.settings import ServerKeys
from portal.web import sealed as web_sealed
from tests.support.source import calls, imported, modules

TOOLS = {"cryptography", "argon2", "hmac", "hashlib", "secrets", "jwt", "jose", "nacl", "Crypto", "OpenSSL", "ssl"}
HANDS = {
    "base/vault.py": {"cryptography", "argon2", "hmac", "hashlib", "secrets"},
    "accounts/devices.py": {"cryptography", "hashlib"},  # a phone's signature; the fingerprint that is its id
    "accounts/passwords.py": {"argon2"},
    "accounts/sealed.py": {"hashlib", "secrets"},
    "accounts/sheet_text.py": {"hashlib"}, "upkeep/paper.py": {"hashlib"},  # whether it was typed as it was printed
    "audit/chain.py": {"hashlib"}, "audit/sealed.py": {"cryptography"},  # links of the trail; its anchors' Ed25519
    "audit/once.py": {"hashlib", "hmac"},
    "upkeep/archives.py": {"hashlib"}, "upkeep/forgetting.py": {"hashlib"},  # whether a file is whole; what is gone
    "web/assets.py": {"hashlib"},  # marks of static files, nothing secret
    "web/signing.py": {"hashlib"},
    "cli/doctor_tls.py": {"ssl"},  # greets the portal's own address
    "outreach/import_views.py": {"hashlib"}, "outreach/photo_forms.py": {"hashlib"},  # whether a file is the same
}
DRAWS = {"accounts/cards.py", "accounts/challenges.py", "accounts/invitations.py", "accounts/signin.py",
         "accounts/commands.py", "accounts/kits.py", "base/reference.py", "base/settings.py", "web/sealed.py"}
"""Who draws random numbers for itself: nothing but `secrets`."""


@pytest.mark.asvs("V11.1.3", "V11.2.1")
def test_only_named_modules_touch_cryptography_and_only_with_proven_tools():
    used = {file: {name.partition(".")[0] for name in imported(tree)} & TOOLS for file, tree in modules().items()
            if not file.startswith("cli/demo")}
    expected = HANDS | {file: {"secrets"} for file in DRAWS}

    assert {file: tools for file, tools in used.items() if tools - expected.get(file, set())} == {}


@pytest.mark.asvs("V11.3.1", "V11.3.2", "V11.4.1")
def test_no_weak_cipher_mode_padding_or_hash_stands_in_the_source():
    weak = r"\b(ECB|CBC|PKCS1v15|MD5|md5|SHA1|sha1|DES|RC4|ARC4|Blowfish)\b"
    found = [(file, node.attr if isinstance(node, ast.Attribute) else node.id)
             for file, tree in modules().items() for node in ast.walk(tree)
             if isinstance(node, ast.Attribute | ast.Name)
             and re.search(weak, node.attr if isinstance(node, ast.Attribute) else node.id)]
    ciphers = {name for name, _call in calls(modules()["base/vault.py"]) if name in {"AESGCM", "Suite", "HKDF"}}

    assert found == []
    assert ciphers == {"AESGCM", "Suite", "HKDF"}


@pytest.mark.asvs("V6.5.3", "V11.5.1")
def test_nothing_secret_comes_from_a_generator_that_can_be_foretold():
    foretellable = [file for file, tree in modules().items()
                    if "random" in imported(tree) and not file.startswith("cli/demo")]
    sizes = [len(vault.new_key()), len(vault.tag(bytes(32), "x", purpose="y")), len(sealed.token_hash("x"))]

    assert foretellable == []
    assert sizes == [32, 32, 32]
    assert len(sealed.new_token()) >= 43  # 256 bits, six to a letter


@pytest.mark.asvs("V11.2.3", "V11.4.3")
def test_every_key_tag_and_curve_has_128_bits_of_strength_or_more(keys):
    pair = vault.new_pair()
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), pair.public)

    assert (vault.KEY_BYTES, public.curve.key_size) == (32, 256)
    assert all(len(getattr(keys, name)) == 32 for name in ("cookies", "reporter", "people", "forms", "told"))
    assert len(web_sealed.new_once(keys, "x").rpartition(".")[2]) * 4 >= 128
    assert len(challenges.new_challenge(keys).rpartition(".")[2]) * 4 >= 128


@pytest.mark.asvs("V6.4.1", "V6.5.4")
def test_a_code_that_is_handed_over_cannot_be_guessed_within_its_life():
    assert invitations.LENGTH * log2(len(ALPHABET)) >= 55
    assert cards.LENGTH * log2(len(ALPHABET)) >= 37  # more than the 20 bits asked for


@pytest.mark.asvs("V11.2.4")
def test_no_secret_is_compared_in_a_time_that_tells_where_it_differs():
    telling = [(file, ast.unparse(node)) for file, tree in modules().items() for node in ast.walk(tree)
               if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq)
               and re.search(r"_mark\(|_tag\(|digest|token_hash\(|hexdigest", ast.unparse(node))
               and not re.search(r"\b[A-Z]\w+\.\w+", ast.unparse(node))]  # a column: the database looks it up

    assert telling == []


@pytest.mark.asvs("V11.2.4")
def test_what_the_house_compares_tags_with_is_the_libraries_own_comparison_in_equal_time(monkeypatch):
    asked = []
    monkeypatch.setattr(vault.hmac, "compare_digest", lambda *two: bool(asked.append(two)) or "its own answer")

    assert vault.same(b"one", b"other") == "its own answer"
    assert asked == [(b"one", b"other")]


@pytest.mark.asvs("V11.3.4", "V11.5.2")
def test_no_nonce_and_no_key_comes_twice_however_many_are_made_at_once():
    key = vault.new_key()
    with ThreadPoolExecutor(8) as many:
        locked = list(many.map(lambda _n: vault.lock(key, b"x", label="l"), range(20_000)))
        made = list(many.map(lambda _n: vault.new_key(), range(20_000)))

    assert len({one[1:13] for one in locked}) == 20_000
    assert len(set(made)) == 20_000


@pytest.mark.asvs("V11.5.2")
def test_a_forked_worker_draws_other_numbers_than_its_parent():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        os.write(writing, vault.new_key())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)

    assert os.read(reading, 32) != vault.new_key()
    os.close(reading)


@pytest.mark.asvs("V11.6.1")
def test_a_pair_is_a_point_of_the_curve_and_its_own_number():
    pair = vault.new_pair()

    private = ec.derive_private_key(int.from_bytes(pair.private, "big"), ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    assert pair.public == b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


@pytest.mark.asvs("V11.6.2")
@pytest.mark.parametrize("public", [b"\x04" + bytes(64), b"\x04" + b"\x01" * 64, b"\x00", b"\xff" * 65, b""],
                         ids=range(5))
def test_nothing_is_wrapped_for_what_is_no_point_of_the_curve(public):
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words differ by fault
        vault.wrap_for(public, b"secret", label="x")


@pytest.mark.asvs("V11.4.4")
def test_an_officers_key_costs_64_mib_and_three_rounds_a_guess():
    cost = vault.PassphraseCost()

    assert cost.memory_kib >= 65536
    assert cost.rounds >= 3


def cookie(app, secret, digest=hashlib.sha256, **said):
    """A session cookie as somebody else would make it."""
    interface = app.session_interface
    return URLSafeTimedSerializer(
        secret, salt=interface.salt, serializer=TaggedJSONSerializer(),
        signer_kwargs={"key_derivation": interface.key_derivation, "digest_method": digest}).dumps(said)


@pytest.mark.asvs("V9.1.1", "V9.1.2", "V9.1.3", "V7.2.1")
def test_a_cookie_opens_only_under_our_own_key_and_only_as_we_sign(city, sign_in):
    client = sign_in(city.siti).client
    ours = client.get_cookie("s").value
    with client.session_transaction() as session:
        said = dict(session)
    forged = [cookie(city.app, os.urandom(32), **said), cookie(city.app, city.keys.cookies, hashlib.sha1, **said),
              cookie(city.app, city.keys.cookies, hashlib.sha512, **said), cookie(city.app, b"", **said),
              ours.rpartition(".")[0] + ".", "x" + ours,
              ours[:-2] + ("A" if ours[-2] != "A" else "B") + ours[-1]]  # not the last: some of its bits say nothing

    for value in forged:
        stranger = city.app.test_client()
        stranger.set_cookie("s", value)
        assert stranger.get("/setelan").status_code == 302, value

    stranger.set_cookie("s", cookie(city.app, city.keys.cookies, **said))  # what was forged was forged well
    assert client.get("/setelan").status_code == stranger.get("/setelan").status_code == 203


@pytest.mark.asvs("V11.4.1")
def test_the_token_of_a_form_is_signed_with_sha_256(city, guest):
    token = guest.get("/masuk").root.all("input", name="csrf_token")[0].attrs["value"]
    signer = URLSafeTimedSerializer(city.keys.cookies, salt="wtf-csrf-token",
                                    signer_kwargs={"digest_method": hashlib.sha256})

    assert signer.loads(token)


@pytest.mark.asvs("V9.1.1", "V9.2.2")
def test_every_bit_of_a_token_counts_and_none_serves_for_another(city):
    keys, account = city.keys, city.siti.account_id
    once, challenge = web_sealed.new_once(keys, account), challenges.new_challenge(keys)

    for at in range(len(once)):
        assert not web_sealed.is_once_of(keys, once[:at] + ("a" if once[at] != "a" else "b") + once[at + 1:], account)
    for at in range(len(challenge)):
        other = challenge[:at] + ("1" if challenge[at] != "1" else "2") + challenge[at + 1:]
        assert not challenges.is_ours(keys, other)
    assert not challenges.is_ours(keys, once)
    assert not web_sealed.is_once_of(keys, challenge, account)
    assert not web_sealed.is_once_of(ServerKeys.fresh(), once, account)
    assert not web_sealed.is_once_of(keys, once, city.budi.account_id)


@pytest.mark.asvs("V6.7.2")
def test_no_challenge_comes_twice(keys):
    made = {challenges.new_challenge(keys).split(".")[1] for _ in range(10_000)}

    assert len(made) == 10_000
    assert min(map(len, made)) >= 22  # 128 bits
