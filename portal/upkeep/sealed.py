"""The door to the vault for backups.

| what | sealed under | bound to |
|---|---|---|
| an archive | a key of its own, in chunks | kind, name and moment, as its head says them |
| that key | HPKE to the backup key, whose private half is on paper | the same |
"""

from typing import BinaryIO

from portal.base import vault
from portal.base.vault import DoesNotOpen, KeyPair, OpeningFile, SealingFile

__all__ = ["DoesNotOpen", "KeyPair", "OpeningFile", "SealingFile"]


def new_backup_pair() -> KeyPair:
    """A pair whose private half must never be kept on the server."""
    return vault.new_pair()


def public_half(private: bytes) -> bytes:
    """The half that belongs to the paper's."""
    return vault.public_of(private)


def new_archive_key(public: bytes, label: str) -> tuple[bytes, bytes]:
    """A key for one archive: in clear to seal with right now, and so that only the paper opens it again.
    Raises `ValueError` when `public` is no point of the curve."""
    key = vault.new_key()
    return key, vault.wrap_for(public, key, label=label)


def archive_key(private: bytes, wrapped: bytes, label: str) -> bytes:
    """The key of an archive. Raises `DoesNotOpen` for the wrong paper or an altered head."""
    return vault.unwrap_with(private, wrapped, label=label)


def sealing(file: BinaryIO, key: bytes, label: str) -> SealingFile:
    """The archive's body, to be written."""
    return SealingFile(file, key, label=label)


def opening(file: BinaryIO, key: bytes, label: str) -> OpeningFile:
    """The archive's body, to be read."""
    return OpeningFile(file, key, label=label)
