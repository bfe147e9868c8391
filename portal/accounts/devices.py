"""Phones that prove themselves: each holds a P-256 key that its browser made and cannot give away.

The key signs with ECDSA and SHA-256 (WebCrypto's form: r and s, 32 bytes each). A device is named by the
first half of its public key's SHA-256, which the browser works out for itself.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.accounts import news, sealed
from portal.accounts.models import Device, SignIn
from portal.base.clock import now
from portal.base.errors import NotVisible
from portal.base.settings import ServerKeys

_HALF = 32  # bytes of r and of s
_POINT = 65  # bytes of an uncompressed P-256 point


class BadKey(Exception):
    """What was sent as a public key is none, or its holder did not prove that she has it."""


class KnownKey(BadKey):
    """A key that is somebody's already: the phone must make another."""


def from_text(text: str) -> bytes:
    """The bytes of unpadded base64url; empty for what is none."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def to_text(data: bytes) -> str:
    """Bytes as unpadded base64url, as scripts write them."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def device_id(public: bytes) -> str:
    """How a device is named: by its key."""
    return hashlib.sha256(public).hexdigest()[:32]


def is_signed(public: bytes, proof: str, purpose: str, challenge: str) -> bool:
    """Whether `proof` is this key's signature over the challenge for this purpose and no other."""
    signature = from_text(proof)
    if len(signature) != 2 * _HALF:
        return False
    r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        key.verify(encode_dss_signature(r, s), f"{purpose}|{challenge}".encode(), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def shows(keys: ServerKeys, device: Device, proof: str, purpose: str, challenge: str) -> bool:
    """Whether `proof` is made by the very key that this device had when it was added: one that was put in its place
    in the database has no mark of the server's."""
    return (sealed.is_key_mark(keys, device.mark, device.account_id, device.public)
            and is_signed(device.public, proof, purpose, challenge))


def add(session: Session, keys: ServerKeys, account_id: UUID, *, public: str, proof: str, challenge: str,
        browser: str) -> Device:
    """A new device of the account. Raises `BadKey` unless its holder proves the key by the challenge."""
    point = from_text(public)
    if len(point) != _POINT or not is_signed(point, proof, "enrol", challenge):
        raise BadKey
    if session.get(Device, device_id(point)) is not None:
        raise KnownKey
    today = now().date()
    device = Device(id=device_id(point), account_id=account_id, public=point, browser=browser[:40],
                    added_on=today, last_on=today, mark=sealed.key_mark(keys, account_id, point))
    session.add(device)
    session.flush()
    return device


def of_account(session: Session, account_id: UUID) -> list[Device]:
    """The devices that an account may sign in with, newest first."""
    return list(session.scalars(
        select(Device).where(Device.account_id == account_id, Device.ended_on.is_(None))
        .order_by(Device.added_on.desc(), Device.id)))


def end(session: Session, device: Device) -> None:
    """From now on this device proves nothing, and whoever is signed in with it is out."""
    device.ended_on = now().date()
    session.execute(delete(SignIn).where(SignIn.device_id == device.id))


def end_one(session: Session, account_id: UUID, wanted: str) -> None:
    """End one of the account's own devices. Raises `NotVisible` for any other."""
    device = session.get(Device, wanted)
    if device is None or device.account_id != account_id or device.ended_on is not None:
        raise NotVisible
    end(session, device)
    news.note(session, account_id, news.Kind.PHONE_OFF)


def end_all(session: Session, account_id: UUID) -> None:
    """End every device of the account, as when a phone was lost. Its sign-ins are ended apart."""
    session.execute(update(Device).where(Device.account_id == account_id, Device.ended_on.is_(None))
                    .values(ended_on=now().date()))
