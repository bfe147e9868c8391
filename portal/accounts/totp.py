"""The code of the moment from an authenticator app (RFC 6238): one step early or late, and never twice."""

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.accounts import sealed
from portal.accounts.models import Account
from portal.base.clock import now
from portal.base.settings import ServerKeys

_STEP = 30  # seconds


def step_of(secret: str, code: str) -> int:
    """The step for which the code stands, of the three around now; 0 when it stands for none."""
    totp, here = pyotp.TOTP(secret), int(now().timestamp()) // _STEP
    wanted = code.replace(" ", "")
    return next((step for step in (here - 1, here, here + 1)
                 if pyotp.utils.strings_equal(totp.generate_otp(step), wanted)), 0)


def use(session: Session, keys: ServerKeys, account: Account, code: str) -> bool:
    """Whether `code` is the account's second factor of now, and is used the first time: a code that was seen
    over a shoulder is worth nothing."""
    secret = sealed.open_totp(keys, account)
    step = step_of(secret, code) if secret else 0
    if not step:
        return False
    used = session.execute(update(Account).where(Account.id == account.id, Account.totp_last < step)
                           .values(totp_last=step))
    return bool(used.rowcount)  # type: ignore[attr-defined]
