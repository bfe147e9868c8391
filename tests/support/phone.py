"""A phone's key as a browser would hold it, for tests without a browser."""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.accounts.devices import to_text
from portal.accounts.models import Device
from portal.accounts.sealed import key_mark
from portal.base.clock import now
from portal.base.db import writing
from tests.support.pages import Browser, Page


class Phone:
    """One key, and what a page's script does with it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public = self._key.public_key()
        self.point = self.public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.id = hashlib.sha256(self.point).hexdigest()[:32]

    def sign(self, purpose: str, challenge: str) -> str:
        """The key's answer to a challenge, in WebCrypto's form."""
        r, s = decode_dss_signature(self._key.sign(f"{purpose}|{challenge}".encode(), ec.ECDSA(SHA256())))
        return to_text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def enrol(self, browser: Browser, code: str, pin: str) -> Page:
        """From a code to the page that says she is in, as the script does it."""
        return self.enrol_on(self.enrol_page(browser, code), pin)

    def enrol_on(self, page: Page, pin: str) -> Page:
        """The same from the page that a code leads to."""
        form = page.form("/mulai")
        challenge = dict(form.values)["challenge"]
        return form.fill(secret=pin, key=to_text(self.point), proof=self.sign("enrol", challenge)).submit()

    def enrol_page(self, browser: Browser, code: str) -> Page:
        """What a code leads to."""
        return browser.get("/mulai").form("/mulai").fill(code=code).submit()

    def sign_in(self, browser: Browser, pin: str, page: Page | None = None, **changes: str) -> Page:
        """Sign in with key and PIN, from a fresh sign-in page unless one is given."""
        form = (page or browser.get("/masuk?lain")).form("/masuk", id="hp")
        answers = {"device": self.id, "proof": self.sign("sign-in", dict(form.values)["challenge"]), "pin": pin}
        return form.fill(**{**answers, **changes}).submit()

    def resume(self, page: Page, pin: str) -> Page:
        """Go on after a pause."""
        form = page.form("/masuk", id="lagi")
        challenge = dict(form.values)["challenge"]
        return form.fill(secret=pin, device=self.id, proof=self.sign("sign-in", challenge)).submit()


def phone_of(city, person, **changes) -> Phone:
    """A phone that this person has enrolled."""
    made, today = Phone(), now().date()
    with writing(city.db):
        city.db.add(Device(id=made.id, account_id=person.account_id, public=made.point, browser="Android, Chrome",
                           added_on=today, last_on=today,
                           mark=key_mark(city.keys, person.account_id, made.point), **changes))
    return made
