"""Passkeys (WebAuthn Level 2), always with the person's own check on the device: fingerprint, face or lock.

The library checks; here stands what this portal asks for. A passkey never stands alone: a phone's lock may
be known to whoever shares the phone.
"""

import json
from dataclasses import dataclass
from uuid import UUID

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.accounts import news, sealed
from portal.accounts.devices import from_text
from portal.accounts.models import Passkey
from portal.base.clock import now
from portal.base.errors import NotVisible
from portal.base.settings import ServerKeys


@dataclass(frozen=True)
class Site:
    """Where the browser believes to be: `host` without a port, and the whole origin."""

    host: str
    origin: str
    name: str


class BadPasskey(Exception):
    """What the browser sent proves nothing."""


def options(site: Site, account_id: UUID, challenge: str, *, known: list[Passkey]) -> str:
    """What a browser needs to make a new passkey, as JSON. The name that it may show says no more than
    the portal's."""
    wanted = webauthn.generate_registration_options(
        rp_id=site.host, rp_name=site.name, user_id=account_id.bytes, user_name=site.name,
        challenge=challenge.encode(),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key.credential_id) for key in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED))
    return webauthn.options_to_json(wanted)


def add(session: Session, keys: ServerKeys, site: Site, account_id: UUID, *, answer: str, challenge: str,
        device_id: str | None) -> Passkey:
    """A new passkey of the account. Raises `BadPasskey`."""
    try:
        made = webauthn.verify_registration_response(
            credential=json.loads(answer), expected_challenge=challenge.encode(), expected_rp_id=site.host,
            expected_origin=site.origin, require_user_verification=True)
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadPasskey from error
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)) is not None:
        raise BadPasskey
    today = now().date()
    passkey = Passkey(account_id=account_id, device_id=device_id, credential_id=made.credential_id,
                      public=made.credential_public_key, sign_count=made.sign_count, added_on=today, last_on=today,
                      mark=sealed.key_mark(keys, account_id, made.credential_public_key))
    session.add(passkey)
    session.flush()
    news.note(session, account_id, news.Kind.PASSKEY)
    return passkey


def proven(session: Session, keys: ServerKeys, site: Site, *, answer: str, challenge: str) -> Passkey:
    """The passkey whose holder answered the challenge just now. Raises `BadPasskey`."""
    try:
        said = json.loads(answer)
        passkey = session.scalar(select(Passkey).where(Passkey.credential_id == from_text(said["rawId"])))
        if passkey is None or not sealed.is_key_mark(keys, passkey.mark, passkey.account_id, passkey.public):
            raise BadPasskey
        shown = webauthn.verify_authentication_response(
            credential=said, expected_challenge=challenge.encode(), expected_rp_id=site.host,
            expected_origin=site.origin, credential_public_key=passkey.public,
            credential_current_sign_count=passkey.sign_count, require_user_verification=True)
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadPasskey from error
    passkey.sign_count, passkey.last_on = shown.new_sign_count, now().date()
    return passkey


def of_account(session: Session, account_id: UUID) -> list[Passkey]:
    """The passkeys of an account."""
    return list(session.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.added_on)))


def of_device(session: Session, device_id: str) -> list[Passkey]:
    """The passkeys, one of which this phone must show beside its own key."""
    return list(session.scalars(select(Passkey).where(Passkey.device_id == device_id)))


def remove(session: Session, account_id: UUID, passkey_id: UUID) -> None:
    """Forget one of the account's own passkeys. Raises `NotVisible` for any other."""
    gone = session.execute(delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account_id))
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotVisible
    news.note(session, account_id, news.Kind.PASSKEY_OFF)
