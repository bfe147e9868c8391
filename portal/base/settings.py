"""What a city decides: read once from the environment, then fixed. An absent secret means no start."""

import json
import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from holidays import list_supported_countries
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from portal.base import disk

PREFIX = "PORTAL_"
_KEY_BYTES = 32
_POINT_BYTES, _UNCOMPRESSED = 65, 4
_LEAST_MEMORY, _MOST_MEMORY = 64 * 1024, 1024 * 1024  # KiB


class BadSettings(Exception):
    """A setting that cannot stand; the text is one sentence for the person who installs."""


@dataclass(frozen=True, repr=False)
class ServerKeys:
    """Secrets that live in a file outside the database. Losing the database alone gives none of them.

    cookies: signs Flask's session cookie. reporter: tags who sent a concern. people: seals phone
    numbers and second factors. forms: one-use keys and answers carried over a sign-in. told: seals the
    little that a cadre is told (an officer's question, a closing text).

    `number` tells one set from the next. `others` are the sets beside it while one takes over from another
    (`key_file.py`): what they sealed or marked is still read, nothing new is made with them. `since` is when
    this set took over.
    """

    cookies: bytes
    reporter: bytes
    people: bytes
    forms: bytes
    told: bytes
    number: int = 1
    since: datetime | None = None
    others: tuple["ServerKeys", ...] = ()

    @classmethod
    def names(cls) -> list[str]:
        """What the keys are called, without what is only said about them."""
        return [key.name for key in fields(cls) if key.name not in {"number", "since", "others"}]

    @classmethod
    def fresh(cls, number: int = 1) -> "ServerKeys":
        keys: dict[str, Any] = {name: secrets.token_bytes(_KEY_BYTES) for name in cls.names()}
        return cls(**keys, number=number)

    @property
    def readable(self) -> tuple["ServerKeys", ...]:
        """Every set with which something may have been made, this one first."""
        return (self, *self.others)

    def every(self, name: str) -> list[bytes]:
        """The key of this name from every set, this one's first."""
        return [getattr(one, name) for one in self.readable]

    def numbered(self, number: int) -> "ServerKeys | None":
        """The set with this number, if it is still kept."""
        return next((one for one in self.readable if one.number == number), None)

    @classmethod
    def read(cls, path: Path) -> "ServerKeys":
        """The keys in the file. Raises `BadSettings` when it is absent, readable by others, or broken."""
        if not path.exists():
            raise BadSettings(f"There is no key file at {path}. A new city makes it with: flask --app wsgi init. One "
                              "that has people brings its own back (docs/backup.md).")
        if path.stat().st_mode & 0o077:
            raise BadSettings(f"The key file {path} can be read by others. Run: chmod 600 {path}")
        try:
            return cls._from(json.loads(path.read_text()))
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise BadSettings(f"The key file {path} cannot be read as keys.") from error

    def write(self, path: Path) -> None:
        """Put the keys in a new file that only its owner can read: whoever owns its folder, also where root makes it.
        Once this returns, it and its name outlive a power cut. An existing file is never replaced."""
        disk.make_folder(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(json.dumps(self._as_stored()))
            file.flush()
            disk.hand_to_owner_of(path.parent, path)
            os.fsync(file.fileno())
        disk.sync(path.parent)

    @classmethod
    def _from(cls, stored: dict[str, Any]) -> "ServerKeys":
        """As they lie in the file; one that was never rotated has the keys alone."""
        since = stored.get("since")
        return cls(**{name: _key(stored[name]) for name in cls.names()}, number=int(stored.get("number", 1)),
                   since=datetime.fromisoformat(since) if since else None,
                   others=tuple(cls._from(other) for other in stored.get("others", ())))

    def _as_stored(self) -> dict[str, Any]:
        return {**{name: b64encode(getattr(self, name)).decode() for name in self.names()}, "number": self.number,
                "since": self.since.isoformat() if self.since else None,
                "others": [other._as_stored() for other in self.others]}


@dataclass(frozen=True)
class ServiceHours:
    """When officers are at work: days (Monday is 0) and the clock times between which they are.

    A service that ends at midnight closes at `time.max`: a clock time of 24:00 there is none.
    """

    days: frozenset[int] = frozenset(range(5))
    opens: time = time(8)
    closes: time = time(16)


@dataclass(frozen=True)
class Settings:
    """All that can be set, with the values that fit most cities. Names match `PORTAL_…` variables."""

    database_url: str = field(default="sqlite:///instance/portal.sqlite", repr=False)  # may hold a password
    keys_file: Path = Path("instance/keys.json")
    keys: ServerKeys | None = field(default=None, repr=False)
    name: str = "Catatan Kader"
    office_name: str = "UPTD PPA"
    office_phone: str = ""
    exit_url: str = "https://www.bmkg.go.id/"
    timezone: ZoneInfo = ZoneInfo("Asia/Jakarta")
    languages: tuple[str, ...] = ("id", "en")
    holidays_country: str = "ID"
    service_hours: ServiceHours = ServiceHours()
    high_risk_minutes: int = 60
    medium_risk_hours: int = 6
    low_risk_days: int = 3
    cadre_idle_minutes: int = 3
    own_phone_idle_minutes: int = 15
    staff_idle_minutes: int = 15
    cadre_hours: int = 12
    staff_hours: int = 8
    pages_a_minute: int = 300  # of one person; 0 is no limit. A concern is never counted
    forms_a_minute: int = 40
    files_a_minute: int = 10
    concerns_an_hour: int = 60  # that one officer opens before she is asked who she is; a busy day has fewer
    admin_networks: tuple[str, ...] = ()  # from which alone administrators may come; none: from anywhere
    trusted_hosts: tuple[str, ...] = ()
    proxies: int = 0
    secure_cookies: bool = True
    mail_server: str = ""
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()
    demo: bool = False
    demo_people_file: Path = Path("instance/demo-people.json")
    passphrase_memory_kib: int = _LEAST_MEMORY  # what one guess at an officer's passphrase costs, at least
    photos_dir: Path = Path("instance/photos")
    audit_anchors: Path | None = None
    backup_key: bytes = b""  # the public half (a point of P-256); its other half is on paper
    backup_dir: Path = Path("backups")
    backup_days: int = 90
    backup_key_days: int = 30
    keep_concerns_years: int = 5
    keep_sessions_years: int = 5
    keep_photos_years: int = 2
    keep_accounts_years: int = 2
    keep_forms_days: int = 90

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Settings from `PORTAL_…` variables. Raises `BadSettings` for an unknown or impossible one."""
        given = {key.removeprefix(PREFIX).lower(): value for key, value in environment.items()
                 if key.startswith(PREFIX) and key.removeprefix(PREFIX).lower() not in _NOT_OURS}
        unknown = given.keys() - _READERS.keys()
        if unknown:
            raise BadSettings(f"Unknown setting {PREFIX}{sorted(unknown)[0].upper()}.")
        values = {name: _read(name, text) for name, text in given.items()}
        keys_file = values.get("keys_file", cls.keys_file)
        if isinstance(keys_file, Path) and keys_file.exists():
            values["keys"] = ServerKeys.read(keys_file)
        if values.get("demo") and "secure_cookies" not in values:
            values["secure_cookies"] = False  # the demo speaks plain HTTP, on this machine alone
        if values.get("demo"):  # where one visitor tries everybody's pages, by script too
            values = {"pages_a_minute": 0, "forms_a_minute": 0, "files_a_minute": 0, "concerns_an_hour": 0,
                      **values}
        return cls(**values)  # type: ignore[arg-type]

    @property
    def sqlite_file(self) -> Path | None:
        """Where the database lies, if it is SQLite's."""
        url = make_url(self.database_url)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    def check_serving(self) -> None:
        """Raises `BadSettings` for what a city must not go online with."""
        self.require_keys()
        self._check_database()
        if self.mail_server and not (self.mail_from and self.mail_to):
            raise BadSettings(f"A mail server without {PREFIX}MAIL_FROM and {PREFIX}MAIL_TO can send nothing.")
        if not self.demo and not self.office_phone:
            raise BadSettings(f"The office's phone number is missing. Set {PREFIX}OFFICE_PHONE.")
        if not self.demo and self.secure_cookies and not self.trusted_hosts:
            raise BadSettings(f"Under which names the portal is reached is missing. Set {PREFIX}TRUSTED_HOSTS: "
                              "invitations would lead wherever a stranger's request says.")

    def _check_database(self) -> None:
        """SQLite writes into the folder too. Where it may not, every page would show, and every form fail."""
        file = self.sqlite_file
        if file and file.exists() and not all(os.access(path, os.W_OK) for path in (file, file.parent)):
            raise BadSettings(f"The database {file} cannot be written by this account. It and its folder belong to "
                              "the account that serves.")

    def require_keys(self) -> ServerKeys:
        """The server's keys. Raises `BadSettings` when they were never made."""
        return self.keys or ServerKeys.read(self.keys_file)


def host_cookie(name: str, settings: Settings) -> str:
    """`__Host-…` where cookies are secure: a browser takes such a one from no other host, and for all paths."""
    return f"__Host-{name}" if settings.secure_cookies else name


def _key(text: str) -> bytes:
    key = b64decode(text, validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError
    return key


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


def _up_to(most: int) -> Callable[[str], int]:
    """A number from 1 that a calendar can still go back by."""
    def read(text: str) -> int:
        if not 1 <= int(text) <= most:
            raise ValueError
        return int(text)

    return read


def _memory(text: str) -> int:
    """Memory in KiB for one guess at a passphrase: less than `docs/threats.md` promises is refused, and more than a
    server of this size has would let no officer in."""
    if not _LEAST_MEMORY <= int(text) <= _MOST_MEMORY:
        raise ValueError
    return int(text)


def _country(text: str) -> str:
    """An ISO code whose holidays are known, or nothing for a unit that works through them."""
    if text and text not in list_supported_countries():
        raise ValueError
    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[str, ...]:
    """Addresses or ranges, such as `10.20.0.0/16, 203.0.113.7`."""
    return tuple(str(ip_network(part)) for part in _list(text))


def _languages(text: str) -> tuple[str, ...]:
    """One language at least; the first is for whoever has chosen none."""
    languages = _list(text)
    if not languages:
        raise ValueError
    return languages


def _hops(text: str) -> int:
    if int(text) < 0:
        raise ValueError
    return int(text)


def _web_address(text: str) -> str:
    if not text.startswith("https://") or not urlsplit(text).netloc:
        raise ValueError
    return text


def _mail_server(text: str) -> str:
    """`host` or `host:port`; an empty one means that no mail is sent."""
    host, _, port = text.partition(":")
    if text and not (host and (not port or 0 < int(port) < 65536)):  # noqa: PLR2004
        raise ValueError
    return text


def _mail_address(text: str) -> str:
    """One plain address: nothing that could begin another line of a message's head."""
    if text and not (text.isprintable() and text.count("@") == 1 and " " not in text and "," not in text):
        raise ValueError
    return text


def _mail_addresses(text: str) -> tuple[str, ...]:
    return tuple(_mail_address(part) for part in _list(text))


def _private_folder(text: str) -> Path:
    """A folder that no address of the portal leads into."""
    folder, static = Path(text), Path(__file__).parent.parent / "web/static"
    if not text or folder.resolve().is_relative_to(static.resolve()):
        raise ValueError
    return folder


def _file(text: str) -> Path | None:
    """A file by its full path, whatever folder a timer starts in; an empty one means none."""
    if text and not Path(text).is_absolute():
        raise ValueError
    return Path(text) if text else None


def _point(text: str) -> bytes:
    """A public key as `flask backup-key` prints it: an uncompressed point, in base64."""
    point = b64decode(text, validate=True)
    if text and (len(point) != _POINT_BYTES or point[0] != _UNCOMPRESSED):
        raise ValueError
    return point


def _flag(text: str) -> bool:
    return {"1": True, "true": True, "0": False, "false": False, "": False}[text.lower()]


def _database(text: str) -> str:
    """A database's address. One on another machine is only spoken to by TLS with its certificate checked: a read
    line would give away who may sign in, a forged server everything that is sent. The address may hold a password,
    so no message quotes it."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise BadSettings(f"The setting {PREFIX}DATABASE_URL is no address of a database.") from error
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise BadSettings(f"The setting {PREFIX}DATABASE_URL begins with sqlite:/// or postgresql://.")
    if url.get_backend_name() == "postgresql" and url.query.get("sslmode") != "verify-full" \
            and not all(map(_is_here, _hosts(url))):
        raise BadSettings(f"The database in {PREFIX}DATABASE_URL is on another machine. Add ?sslmode=verify-full "
                          "and sslrootcert=/path/to/its/authority.pem to the address (docs/security.md).")
    return text


def _hosts(url: URL) -> list[str]:
    """Every machine that an address can lead to, also by what libpq takes from the environment where it is silent."""
    if url.query.get("service") or os.environ.get("PGSERVICE"):
        return ["named elsewhere"]
    said = [url.host, *(url.query.get(name) for name in ("host", "hostaddr"))]
    found = [part for one in said for given in ([one] if isinstance(one, str) else one or ()) for part in
             given.split(",")]
    return [*(found or [os.environ.get("PGHOST", "")]), os.environ.get("PGHOSTADDR", "")]


def _is_here(host: str) -> bool:
    """Whether a host is this very machine: a socket's folder, no name at all, or the loopback."""
    return not host or host[0] in "/@" or host in {"localhost", "::1"} or bool(re.fullmatch(r"127(\.\d+){3}", host))


def _hours(text: str) -> ServiceHours:
    """Reads `1-5 08:00-16:00`: days as Monday 1 to Sunday 7, then the times between which staff work.

    `1-7 00:00-24:00` is a unit that never closes.
    """
    days, times = text.split()
    first, last = (int(day) for day in days.split("-"))
    opens, closes = (_clock(clock) for clock in times.split("-"))
    if not (1 <= first <= last <= 7 and opens < closes):  # noqa: PLR2004
        raise ValueError
    return ServiceHours(frozenset(range(first - 1, last)), opens, closes)


def _clock(text: str) -> time:
    return time.max if text == "24:00" else time.fromisoformat(text)


_READERS = {
    "database_url": _database, "keys_file": Path, "name": str, "office_name": str, "office_phone": str,
    "exit_url": _web_address, "timezone": ZoneInfo, "languages": _languages, "holidays_country": _country,
    "service_hours": _hours, "high_risk_minutes": _count, "medium_risk_hours": _count,
    "low_risk_days": _count, "cadre_idle_minutes": _count, "own_phone_idle_minutes": _count,
    "staff_idle_minutes": _count,
    "mail_server": _mail_server, "mail_from": _mail_address, "mail_to": _mail_addresses,
    "pages_a_minute": _hops, "forms_a_minute": _hops, "files_a_minute": _hops, "concerns_an_hour": _hops,
    "cadre_hours": _count, "staff_hours": _count, "admin_networks": _networks, "trusted_hosts": _list,
    "proxies": _hops,
    "secure_cookies": _flag, "demo": _flag, "demo_people_file": Path, "passphrase_memory_kib": _memory,
    "photos_dir": _private_folder, "audit_anchors": _file, "backup_key": _point, "backup_dir": _private_folder,
    "backup_days": _up_to(3650), "backup_key_days": _up_to(3650), "keep_concerns_years": _up_to(100),
    "keep_sessions_years": _up_to(100), "keep_photos_years": _up_to(100), "keep_accounts_years": _up_to(100),
    "keep_forms_days": _up_to(3650),
}
_NOT_OURS = {"require_all", "test_database_url", "asvs_page", "proof", "proof_page"}  # the test run's own


def _read(name: str, text: str) -> object:
    try:
        return _READERS[name](text)  # type: ignore[operator]
    except (ValueError, KeyError, OSError) as error:
        raise BadSettings(f"The setting {PREFIX}{name.upper()} cannot be {text!r}.") from error
