"""The door to the vault for the trail: the key that signs its anchors.

It follows from the server key `people`; its public half stands in every anchor and is no secret. When the server's
keys are replaced, the trail itself keeps the public half of those before, so that their anchors stay worth something.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from portal.base import vault
from portal.base.settings import ServerKeys


def sign(keys: ServerKeys, text: bytes) -> bytes:
    """The server's Ed25519 signature of an anchor."""
    return _private(keys).sign(text)


def public_key(keys: ServerKeys) -> str:
    """By which anybody can check a signature, as 64 hexadecimal digits."""
    return _private(keys).public_key().public_bytes_raw().hex()


def is_signed(public: str, text: bytes, signature: bytes) -> bool:
    """Whether the owner of `public` signed this text."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(keys: ServerKeys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(vault.derived(keys.people, purpose="anchors of the trail"))
