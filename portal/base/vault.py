"""The one door through which plaintext passes. Only `*/sealed.py` may import this module.

Five things are done here and nowhere else:

* a secret is *wrapped* for a public key (HPKE, RFC 9180: P-256, HKDF-SHA256, AES-256-GCM), so that
  the server that received it cannot read it back;
* text is *sealed* under a symmetric key (AES-256-GCM), padded so that its length says nothing;
* a value is *tagged* (HMAC-SHA-256) so that equal values can be found without being readable;
* a secret is *split* into three shares (Shamir, over GF(2⁸)), any two of which give it back;
* a file of any length is *sealed in chunks*, so that it fits into little memory and no part of it can
  be cut off, swapped or repeated unnoticed.

What is wrapped or sealed is bound to a label that names table, row and field: moved elsewhere, it does not open.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_SMALLEST_PAD = 1024
_CHUNK = 1024 * 1024
_TAG_BYTES = 16
_CURVE = ec.SECP256R1()
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class DoesNotOpen(Exception):
    """Wrong key, wrong place, or altered bytes: which of them is not said."""


@dataclass(frozen=True)
class KeyPair:
    """A P-256 pair: public half as an uncompressed point (65 bytes), private half as its number (32)."""

    public: bytes
    private: bytes = field(repr=False)


@dataclass(frozen=True)
class PassphraseCost:
    """What one guess of a passphrase costs (Argon2id): memory in KiB, rounds. Stored beside the lock."""

    memory_kib: int = 65536
    rounds: int = 3


def new_key() -> bytes:
    """A random 256-bit key."""
    return secrets.token_bytes(KEY_BYTES)


def new_pair() -> KeyPair:
    """A fresh key pair for wrapping."""
    private = ec.generate_private_key(_CURVE)
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return KeyPair(point, private.private_numbers().private_value.to_bytes(KEY_BYTES, "big"))


def wrap_for(public: bytes, secret: bytes, *, label: str) -> bytes:
    """`secret` so that only the owner of `public` can have it (HPKE base mode: enc ‖ ciphertext)."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public)
    return _VERSION + _SUITE.encrypt(secret, key, info=label.encode())


def unwrap_with(private: bytes, wrapped: bytes, *, label: str) -> bytes:
    """The secret that `wrap_for` wrapped under the same label. Raises `DoesNotOpen`."""
    try:
        key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
        opened: bytes = _SUITE.decrypt(_body(wrapped), key, info=label.encode())
    except (InvalidTag, ValueError) as error:
        raise DoesNotOpen from error
    return opened


def lock(key: bytes, secret: bytes, *, label: str) -> bytes:
    """`secret` under a symmetric key, bound to `label`: version ‖ nonce ‖ ciphertext."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, secret, _VERSION + label.encode())


def unlock(key: bytes, locked: bytes, *, label: str) -> bytes:
    """What `lock` locked under the same key and label. Raises `DoesNotOpen`."""
    body = _body(locked)
    try:
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _VERSION + label.encode())
    except (InvalidTag, ValueError) as error:
        raise DoesNotOpen from error


def unlock_with_any(keys: Iterable[bytes], locked: bytes, *, label: str) -> bytes:
    """What `lock` locked under one of these keys and the label. Raises `DoesNotOpen`."""
    for key in keys:
        try:
            return unlock(key, locked, label=label)
        except DoesNotOpen:
            continue
    raise DoesNotOpen


def seal_text(key: bytes, text: str, *, label: str) -> bytes:
    """Text locked under `key`, padded to a power of two from 1 KiB so that length tells little."""
    return lock(key, _padded(text.encode()), label=label)


def open_text(key: bytes, sealed: bytes, *, label: str) -> str:
    """The text that `seal_text` sealed. Raises `DoesNotOpen`."""
    return open_text_with_any([key], sealed, label=label)


def open_text_with_any(keys: Iterable[bytes], sealed: bytes, *, label: str) -> str:
    """The text that `seal_text` sealed under one of these keys. Raises `DoesNotOpen`."""
    padded = unlock_with_any(keys, sealed, label=label)
    length = int.from_bytes(padded[:4], "big")
    return padded[4 : 4 + length].decode()


def derived(key: bytes, *, purpose: str) -> bytes:
    """Another 256-bit key that follows from `key` alone, for one purpose (HKDF-SHA256)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def from_passphrase(passphrase: str, salt: bytes, cost: PassphraseCost) -> bytes:
    """The 256-bit key that a passphrase stands for (Argon2id, RFC 9106)."""
    return hash_secret_raw(
        passphrase.encode(), salt, cost.rounds, cost.memory_kib, 1, KEY_BYTES, Type.ID
    )


def tag(key: bytes, value: str, *, purpose: str) -> bytes:
    """A keyed mark of `value` (HMAC-SHA-256): equal for equal values, unreadable without the key."""
    return hmac.digest(key, f"{purpose}\x00{value}".encode(), hashlib.sha256)


def public_of(private: bytes) -> bytes:
    """The public half that belongs to a private one. Raises `DoesNotOpen` when it can be none."""
    try:
        key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
    except ValueError as error:
        raise DoesNotOpen from error
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def split(secret: bytes) -> dict[int, bytes]:
    """Three shares of `secret` by their numbers, any two of which give it back while one says nothing.

    Shamir's scheme over GF(2⁸) with the polynomial of AES: for each byte a line through the secret at 0, with
    a random slope, of which the shares are the points at 1, 2 and 3.
    """
    slopes = secrets.token_bytes(len(secret))
    return {number: _on_lines(secret, slopes, number) for number in (1, 2, 3)}


def join(one: tuple[int, bytes], other: tuple[int, bytes]) -> bytes:
    """The secret from two shares with their numbers, which must differ. Shares that do not belong together give
    some other bytes: whoever asks must know the secret again."""
    (at, there), (at_other, there_other) = one, other
    over = _inverse(at ^ at_other)
    weight, weight_other = _times(at_other, over), _times(at, over)
    return bytes(_times(a, weight) ^ _times(b, weight_other) for a, b in zip(there, there_other, strict=True))


def same(one: bytes, other: bytes) -> bool:
    """Whether two tags are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def _on_lines(secret: bytes, slopes: bytes, at: int) -> bytes:
    return bytes(start ^ _times(slope, at) for start, slope in zip(secret, slopes, strict=True))


def _times(one: int, other: int) -> int:
    """The product in GF(2⁸), as FIPS 197 section 4.2 defines it."""
    product = 0
    while other:
        product ^= one if other & 1 else 0
        one = (one << 1) ^ (0x11B if one & 0x80 else 0)
        other >>= 1
    return product


def _inverse(one: int) -> int:
    return next(other for other in range(1, 256) if _times(one, other) == 1)


class SealingFile:
    """A file that is sealed while it is written, in chunks of 1 MiB, under a key that seals nothing else.

    The nonce counts the chunks and marks the last one (STREAM, Hoang et al. 2015, as `age` has it): what was cut
    off, swapped, repeated or taken from another file does not open.
    """

    def __init__(self, file: BinaryIO, key: bytes, *, label: str) -> None:
        self._file, self._cipher, self._label = file, AESGCM(key), _VERSION + label.encode()
        self._waiting, self._number = bytearray(), 0

    def write(self, data: bytes) -> int:
        """Take in some bytes; whole chunks go on to the file at once."""
        self._waiting += data
        while len(self._waiting) > _CHUNK:  # the last chunk waits for `finish`
            self._seal(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk. Without it the file does not open."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_chunk_nonce(self._number, last), chunk, self._label))
        self._number += 1


class OpeningFile:
    """What `SealingFile` wrote, opened while it is read. Every reading may raise `DoesNotOpen`; only who has
    read up to the end knows that nothing is missing."""

    def __init__(self, file: BinaryIO, key: bytes, *, label: str) -> None:
        self._file, self._cipher, self._label = file, AESGCM(key), _VERSION + label.encode()
        self._ready, self._given, self._number = b"", 0, 0
        self._next = file.read(_CHUNK + _TAG_BYTES)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none only at the true end."""
        while len(self._ready) - self._given < size and not self._ended:
            self._ready, self._given = self._ready[self._given:] + self._open_next(), 0
        given = self._ready[self._given:self._given + size]
        self._given += len(given)
        return given

    def read_to_the_end(self) -> None:
        """Make sure that the rest is whole."""
        while self.read(_CHUNK):
            pass

    def _open_next(self) -> bytes:
        sealed, self._next = self._next, self._file.read(_CHUNK + _TAG_BYTES)
        self._ended = not self._next
        try:
            chunk = self._cipher.decrypt(_chunk_nonce(self._number, self._ended), sealed, self._label)
        except (InvalidTag, ValueError) as error:
            raise DoesNotOpen from error
        self._number += 1
        return chunk


def _chunk_nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1, "big") + bytes([last])


def _padded(data: bytes) -> bytes:
    size = _SMALLEST_PAD
    while size < len(data) + 4:
        size *= 2
    return len(data).to_bytes(4, "big") + data.ljust(size - 4, b"\x00")


def _body(sealed: bytes) -> bytes:
    if sealed[:1] != _VERSION:
        raise DoesNotOpen
    return sealed[1:]
