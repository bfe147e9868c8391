"""A passkey as a browser and its device hold it, for tests without a browser (WebAuthn Level 2, sections 6 and 7)."""

import hashlib
import json
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from portal.accounts.devices import to_text

HOST = "localhost"
"""Where Flask's test client believes to be."""
PRESENT, CHECKED, WITH_KEY = 0b1, 0b100, 0b1000000
"""Flags of the authenticator's data: somebody was there; the device checked who; the key comes with it."""
ES256, P_256, EC2 = -7, 1, 2
"""Numbers of COSE (RFC 9053)."""


class Authenticator:
    """One passkey for the portal, and what a page's script sends of it. `checks`: whether the device asks who is
    there."""

    def __init__(self, *, checks: bool = True) -> None:
        self.checks = checks
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)

    def make(self, challenge: str) -> str:
        """The answer to a page that asks to make it."""
        said = self._said("webauthn.create", challenge)
        attested = encode_cbor({"fmt": "none", "attStmt": {}, "authData": self._data(with_key=True)})
        return self._answer(clientDataJSON=said, attestationObject=attested)

    def show(self, challenge: str) -> str:
        """The answer to a page that asks for it."""
        said, data = self._said("webauthn.get", challenge), self._data(with_key=False)
        proof = self._key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=proof)

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": to_text(challenge.encode()), "origin": f"http://{HOST}",
                           "crossOrigin": False}).encode()

    def _data(self, *, with_key: bool) -> bytes:
        flags = PRESENT | (CHECKED if self.checks else 0) | (WITH_KEY if with_key else 0)
        head = hashlib.sha256(HOST.encode()).digest() + bytes([flags]) + bytes(4)
        return head + (bytes(16) + len(self.id).to_bytes(2, "big") + self.id + self._public() if with_key else b"")

    def _public(self) -> bytes:
        point = self._key.public_key().public_numbers()
        return encode_cbor({1: EC2, 3: ES256, -1: P_256, -2: point.x.to_bytes(32, "big"),
                            -3: point.y.to_bytes(32, "big")})

    def _answer(self, **parts: bytes) -> str:
        return json.dumps({"id": to_text(self.id), "rawId": to_text(self.id), "type": "public-key",
                           "response": {name: to_text(part) for name, part in parts.items()}})
