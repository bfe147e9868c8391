"""People, their sign-ins, and the unit's keys as each holder has them. Nothing here opens by itself."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.base.db import NO_ORDER, Base, new_id


class Unit(Base):
    """A protection unit. It has its own keys, staff and concerns; one installation may serve several."""

    __tablename__ = "units"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80))
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), unique=True)


class Account(Base):
    """A person who may sign in. The phone number and the second factor are sealed under a server key."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(
            "role IN ('cadre','school','coordinator','officer','head','leadership','admin')", name="role"
        ),
        CheckConstraint("role NOT IN ('officer','head') OR unit_id IS NOT NULL", name="unit_staff_has_unit"),
        CheckConstraint("role NOT IN ('cadre','school','coordinator') OR area_id IS NOT NULL",
                        name="field_has_area"),
        CheckConstraint("(phone_tag IS NULL) = (sealed_phone IS NULL)", name="phone_whole"),
        CheckConstraint("phone_tag IS NOT NULL OR sign_in_name IS NOT NULL", name="can_sign_in"),
        CheckConstraint("text_size IN (100,115,130)", name="text_size"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    role: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(60), default="")
    sign_in_name: Mapped[str | None] = mapped_column(String(40), unique=True)
    phone_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    sealed_phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"), index=True)
    # empty until she has chosen one: nobody signs in to such an account
    secret_hash: Mapped[str] = mapped_column(String(120), default="")
    # the number of the server's keys that were mixed into it
    server_key: Mapped[int] = mapped_column(default=1, server_default="1")
    sealed_totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(5), default="")
    text_size: Mapped[int] = mapped_column(default=100)
    shortcuts: Mapped[bool] = mapped_column(default=True)
    # once she has begun anew: until then what she sent before is not shown
    quiet_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_on: Mapped[date]


class Posting(Base):
    """That somebody worked at the office: for a unit, or beside the units for an area (None: for all), from when to
    when. Whose trail an act belongs to follows from it, whatever she has become since. `since` is None where it
    began with the account, or before this was kept.

    The field has none: these times are exact.
    """

    __tablename__ = "postings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]


class SignIn(Base):
    """One browser that is signed in. The cookie holds the token; here lies only its hash.

    Times are kept to the day: a finer one beside a concern's time would say who sent it. Idle and
    absolute limits are counted by the signed cookie.
    """

    __tablename__ = "sign_ins"
    __table_args__ = NO_ORDER

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    began_on: Mapped[date]
    ends_on: Mapped[date]
    locked_private: Mapped[bytes | None] = mapped_column(LargeBinary)
    device_id: Mapped[str | None] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)


class Device(Base):
    """A browser that holds a key of its own, which it cannot give away. The id is the key's fingerprint.

    One that was ended is kept, so that whoever still holds it can be told, and can do nothing.
    """

    __tablename__ = "devices"
    __table_args__ = NO_ORDER

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    public: Mapped[bytes] = mapped_column(LargeBinary(65))
    browser: Mapped[str] = mapped_column(String(40), default="")
    mine: Mapped[bool] = mapped_column(default=False)
    added_on: Mapped[date]
    last_on: Mapped[date]
    ended_on: Mapped[date | None]
    # under a key outside the database: whoever only writes here cannot put another key in its place
    mark: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class Passkey(Base):
    """A WebAuthn credential. With a device it is asked for on that phone, beside its key and the PIN;
    without one it takes the place of the code from a staff member's app."""

    __tablename__ = "passkeys"
    __table_args__ = NO_ORDER

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    device_id: Mapped[str | None] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public: Mapped[bytes] = mapped_column(LargeBinary(1000))
    sign_count: Mapped[int]
    added_on: Mapped[date]
    last_on: Mapped[date]
    mark: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # as a device's


class Invitation(Base):
    """The way into an account that waits for its person: a code that works once, for a day."""

    __tablename__ = "invitations"
    __table_args__ = NO_ORDER

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    code_tag: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    made_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    ends_at: Mapped[datetime]


class CardCode(Base):
    """One code of a printed card, for phones without script. It works once. `server_key` is the number of
    the server's keys under which it is found."""

    __tablename__ = "card_codes"
    __table_args__ = NO_ORDER

    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    used_on: Mapped[date | None]
    # of the whole card; none on cards of before, whose tags were made without a slow hash
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    server_key: Mapped[int] = mapped_column(default=1, server_default="1")


class PendingChange(Base):
    """What one person asked for and a second must agree to: a recovery, or a role with more power."""

    __tablename__ = "pending_changes"
    __table_args__ = (CheckConstraint("kind IN ('recovery','role','join')", name="kind"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    role: Mapped[str] = mapped_column(String(12), default="")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    asked_at: Mapped[datetime]


class UsedChallenge(Base):
    """A challenge that was answered and may not be answered again. It names nobody."""

    __tablename__ = "used_challenges"
    __table_args__ = NO_ORDER

    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    used_on: Mapped[date] = mapped_column(index=True)


class StaffKey(Base):
    """An officer's own key pair. The private half is locked under a key made from her passphrase, and that once
    more under a key of the server."""

    __tablename__ = "staff_keys"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    public: Mapped[bytes] = mapped_column(LargeBinary(65))
    twice_locked: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    memory_kib: Mapped[int]
    rounds: Mapped[int]


class SealingKey(Base):
    """A key of the unit to which concerns are sealed: the ordinary one, or the one for conflicts.

    The newest of a kind that is not retired seals; every one of them still opens.
    """

    __tablename__ = "sealing_keys"
    __table_args__ = (CheckConstraint("kind IN ('unit','conflict')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    public: Mapped[bytes] = mapped_column(LargeBinary(65))
    made_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class KeyGrant(Base):
    """The private half of a sealing key, wrapped for one holder: she may know of whatever it opens."""

    __tablename__ = "key_grants"

    key_id: Mapped[UUID] = mapped_column(ForeignKey("sealing_keys.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    wrapped_private: Mapped[bytes] = mapped_column(LargeBinary)
    granted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    granted_at: Mapped[datetime]


class KeyDeparture(Base):
    """That somebody held a key of the unit and gave it up. Until she is granted it again or the key is
    replaced, the unit is told that a new one is due."""

    __tablename__ = "key_departures"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("sealing_keys.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"), index=True)
    left_on: Mapped[date]


class RecoveryKit(Base):
    """That three sheets were made of a unit's keys, and checked. The fingerprint says of which keys; of the
    shares themselves nothing is kept."""

    __tablename__ = "recovery_kits"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(16))
    made_on: Mapped[date]


class AccountNews(Base):
    """That something happened to how a person signs in or is known, of which she is told (`news.py`)."""

    __tablename__ = "account_news"
    __table_args__ = (CheckConstraint(
        "kind IN ('tries','secret','passkey','passkey_off','phone_off','card','number')", name="kind"), NO_ORDER)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    happened_on: Mapped[date] = mapped_column(primary_key=True)
    told_on: Mapped[date | None]


class FailedTry(Base):
    """How often a sign-in failed for one account, network or pair of them, named by a keyed tag."""

    __tablename__ = "failed_tries"
    __table_args__ = NO_ORDER

    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    wait_until: Mapped[datetime | None]
