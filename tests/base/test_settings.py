"""What a city sets: an unknown or impossible setting, or unsafe keys, mean no start and one sentence why."""

import json
import os
from dataclasses import fields
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.base.settings import BadSettings, ServerKeys, ServiceHours, Settings, host_cookie

NO_KEYS = {"PORTAL_KEYS_FILE": "/nowhere/keys.json"}


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "keys.json"
    ServerKeys.fresh().write(path)
    return path


def test_nothing_need_be_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # away from a developer's own instance/

    settings = Settings.from_environment({})

    assert settings.name == "Catatan Kader"
    assert settings.service_hours == ServiceHours(frozenset(range(5)), time(8), time(16))
    assert (settings.high_risk_minutes, settings.medium_risk_hours, settings.low_risk_days) == (60, 6, 3)
    assert settings.secure_cookies


def test_what_is_set_is_read_in_its_own_kind():
    settings = Settings.from_environment({
        **NO_KEYS, "PORTAL_NAME": "Buku Warga", "PORTAL_TIMEZONE": "Asia/Makassar",
        "PORTAL_LANGUAGES": "en, id", "PORTAL_MEDIUM_RISK_HOURS": "4", "PORTAL_SECURE_COOKIES": "0",
        "PORTAL_HOLIDAYS_COUNTRY": "",
        "HOME": "/root", "OTHER_NAME": "not ours",
    })

    assert (settings.name, settings.timezone) == ("Buku Warga", ZoneInfo("Asia/Makassar"))
    assert settings.languages == ("en", "id")
    assert (settings.medium_risk_hours, settings.secure_cookies) == (4, False)
    assert settings.holidays_country == ""


def test_every_setting_but_the_keys_themselves_can_be_set():
    named = {field.name for field in fields(Settings)} - {"keys"}

    refused = [name for name in sorted(named) if "Unknown" in _said(f"PORTAL_{name.upper()}", "\x00")]

    assert refused == []


def _said(name: str, value: str) -> str:
    try:
        Settings.from_environment({**NO_KEYS, name: value})
    except (BadSettings, ValueError) as error:
        return str(error)
    return ""


def test_an_unknown_setting_is_named():
    with pytest.raises(BadSettings, match=r"Unknown setting PORTAL_NAMME\."):
        Settings.from_environment({**NO_KEYS, "PORTAL_NAMME": "Buku"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_TIMEZONE", "Asia/Bekasi"),
        ("PORTAL_TIMEZONE", ""),
        ("PORTAL_HOLIDAYS_COUNTRY", "Indonesia"),
        ("PORTAL_HIGH_RISK_MINUTES", "soon"),
        ("PORTAL_HIGH_RISK_MINUTES", "0"),
        ("PORTAL_LOW_RISK_DAYS", "-3"),
        ("PORTAL_MEDIUM_RISK_HOURS", "1.5"),
        ("PORTAL_SECURE_COOKIES", "maybe"),
        ("PORTAL_PASSPHRASE_MEMORY_KIB", "65535"),
        ("PORTAL_PASSPHRASE_MEMORY_KIB", "1048577"),
        ("PORTAL_SERVICE_HOURS", "08:00-16:00"),
        ("PORTAL_SERVICE_HOURS", "1-5 16:00-08:00"),
        ("PORTAL_SERVICE_HOURS", "5-1 08:00-16:00"),
        ("PORTAL_SERVICE_HOURS", "0-5 08:00-16:00"),
        ("PORTAL_SERVICE_HOURS", "1-8 08:00-16:00"),
        ("PORTAL_SERVICE_HOURS", "1-5 8-16"),
        ("PORTAL_SERVICE_HOURS", "always"),
    ],
)
def test_an_impossible_value_is_refused_and_the_setting_named(name, value):
    with pytest.raises(BadSettings, match=f"The setting {name} cannot be "):
        Settings.from_environment({**NO_KEYS, name: value})


@pytest.mark.parametrize("memory", [65536, 1048576])
def test_a_guess_at_a_passphrase_may_cost_more_and_never_less(memory):
    settings = Settings.from_environment({**NO_KEYS, "PORTAL_PASSPHRASE_MEMORY_KIB": str(memory)})

    assert settings.passphrase_memory_kib == memory


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("1-5 08:00-16:00", ServiceHours()),
        ("1-7 08:00-20:30", ServiceHours(frozenset(range(7)), time(8), time(20, 30))),
        ("6-6 09:00-12:00", ServiceHours(frozenset({5}), time(9), time(12))),
        ("1-7 00:00-24:00", ServiceHours(frozenset(range(7)), time(0), time.max)),
    ],
)
def test_service_hours_are_read_as_days_and_times(text, hours):
    settings = Settings.from_environment({**NO_KEYS, "PORTAL_SERVICE_HOURS": text})

    assert settings.service_hours == hours


def test_the_demo_speaks_plain_http_unless_told_otherwise():
    assert not Settings.from_environment({**NO_KEYS, "PORTAL_DEMO": "1"}).secure_cookies
    assert Settings.from_environment(
        {**NO_KEYS, "PORTAL_DEMO": "1", "PORTAL_SECURE_COOKIES": "1"}).secure_cookies


def test_keys_are_read_back_as_they_were_made(tmp_path):
    keys, path = ServerKeys.fresh(), tmp_path / "new folder" / "keys.json"

    keys.write(path)

    assert ServerKeys.read(path) == keys
    assert Settings.from_environment({"PORTAL_KEYS_FILE": str(path)}).require_keys() == keys
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.asvs("V13.2.3")
def test_fresh_keys_are_all_different():
    names = ServerKeys.names()

    keys = [getattr(made, name) for made in (ServerKeys.fresh(), ServerKeys.fresh()) for name in names]

    assert len(set(keys)) == 2 * len(names)
    assert {len(key) for key in keys} == {32}


def test_an_existing_key_file_is_never_replaced(keys_file):
    before = keys_file.read_bytes()

    with pytest.raises(FileExistsError):
        ServerKeys.fresh().write(keys_file)

    assert keys_file.read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files to somebody")
def test_a_key_file_that_root_makes_belongs_to_whom_its_folder_belongs(tmp_path):
    os.chown(tmp_path, 1234, 1234)

    ServerKeys.fresh().write(tmp_path / "keys.json")

    made = (tmp_path / "keys.json").stat()
    assert (made.st_uid, made.st_mode & 0o777) == (1234, 0o600)


@pytest.mark.asvs("V13.2.3")
def test_without_a_key_file_there_is_no_start_and_the_way_to_make_one_is_said(tmp_path):
    settings = Settings.from_environment({"PORTAL_KEYS_FILE": str(tmp_path / "keys.json")})

    assert settings.keys is None
    with pytest.raises(BadSettings, match="There is no key file at .*init"):
        settings.require_keys()


@pytest.mark.asvs("V13.3.1")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_key_file_that_others_can_reach_is_refused(keys_file, mode):
    keys_file.chmod(mode)

    with pytest.raises(BadSettings, match="can be read by others.*chmod 600"):
        Settings.from_environment({"PORTAL_KEYS_FILE": str(keys_file)})


def _without_one(stored: dict) -> str:
    return json.dumps({name: key for name, key in stored.items() if name != "told"})


@pytest.mark.parametrize(
    "broken",
    [
        lambda stored: "",
        lambda stored: "not JSON",
        lambda stored: "[]",
        lambda stored: "null",
        _without_one,
        lambda stored: json.dumps(stored)[:-10],
        lambda stored: json.dumps(stored | {"people": 5}),
        lambda stored: json.dumps(stored | {"people": ""}),
        lambda stored: json.dumps(stored | {"people": stored["people"][:24]}),
        lambda stored: json.dumps(stored | {"people": "*" + stored["people"]}),
        lambda stored: "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
def test_a_broken_key_file_is_refused_rather_than_half_read(keys_file, broken):
    content = broken(json.loads(keys_file.read_text()))
    keys_file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(BadSettings, match="cannot be read as keys"):
        ServerKeys.read(keys_file)


def test_a_folder_in_place_of_the_key_file_is_refused(tmp_path):
    folder = tmp_path / "keys.json"
    folder.mkdir(mode=0o700)

    with pytest.raises(BadSettings, match="cannot be read as keys"):
        ServerKeys.read(folder)


@pytest.mark.asvs("V13.3.1", "V16.2.5")
def test_nothing_secret_shows_when_settings_or_keys_are_printed(keys_file):
    settings = Settings.from_environment({
        "PORTAL_KEYS_FILE": str(keys_file), "PORTAL_DATABASE_URL":
            "postgresql://portal:kata-sandi@db/portal?sslmode=verify-full"})
    keys = settings.require_keys()

    printed = [repr(settings), str(settings), repr(keys), str(keys), f"{keys}"]

    stored = json.loads(keys_file.read_text())
    names = ServerKeys.names()
    secrets = [*(stored[name] for name in names), *(repr(getattr(keys, name))[2:-1] for name in names), "kata-sandi"]
    assert not [secret for secret in secrets for text in printed if secret in text]


def test_the_key_file_stays_where_it_is_set():
    assert Settings.from_environment(NO_KEYS).keys_file == Path("/nowhere/keys.json")


@pytest.mark.parametrize(("name", "value"), [("LANGUAGES", " , "), ("PROXIES", "-1"),
                                             ("EXIT_URL", "javascript:alert(1)"), ("EXIT_URL", "http://x")])
def test_more_settings_that_cannot_stand(name, value):
    with pytest.raises(BadSettings, match=name):
        Settings.from_environment({f"PORTAL_{name}": value})


@pytest.mark.parametrize(("given", "missing"), [
    ({}, "OFFICE_PHONE"), ({"office_phone": "021"}, "TRUSTED_HOSTS"),
    ({"office_phone": "021", "trusted_hosts": ("kota.example",), "mail_server": "mail.example"}, "MAIL_FROM"),
])
def test_a_city_does_not_go_online_without_what_it_must_have(given, missing):
    with pytest.raises(BadSettings, match=missing):
        Settings(keys=ServerKeys.fresh(), **given).check_serving()


@pytest.mark.parametrize("given", [
    {"office_phone": "021", "trusted_hosts": ("kota.example",)}, {"demo": True},
    {"office_phone": "021", "secure_cookies": False},
])
def test_what_is_safe_or_is_not_online_may_start(given):
    Settings(keys=ServerKeys.fresh(), **given).check_serving()


@pytest.mark.parametrize(("secure", "name"), [(True, "__Host-s"), (False, "s")])
def test_a_secure_cookie_is_bound_to_its_host(secure, name):
    assert host_cookie("s", Settings(secure_cookies=secure)) == name


VERIFIED = "?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem"


@pytest.mark.parametrize("url", [
    "sqlite:////var/lib/portal.sqlite", "postgresql:///portal", "postgresql://portal@localhost/portal",
    "postgresql://portal@127.0.0.1:5433/portal", "postgresql://portal@[::1]/portal",
    "postgresql:///portal?host=/run/postgresql", "postgresql+psycopg://portal@/portal?host=/run/postgresql",
    f"postgresql://portal:x@db.kota.example/portal{VERIFIED}", f"postgresql://a.example,b.example/portal{VERIFIED}",
])
def test_a_database_here_or_one_whose_certificate_is_checked_is_taken(url, monkeypatch):
    monkeypatch.delenv("PGHOST", raising=False)

    assert Settings.from_environment({**NO_KEYS, "PORTAL_DATABASE_URL": url}).database_url == url


@pytest.mark.asvs("V12.3.1", "V12.3.2")
@pytest.mark.parametrize("url", [
    "postgresql://portal:kata-sandi@db.kota.example/portal", "postgresql://portal:kata-sandi@10.0.0.5/portal",
    "postgresql+psycopg://portal:kata-sandi@db/portal?sslmode=require",
    "postgresql://portal:kata-sandi@db/portal?sslmode=verify-ca",
    "postgresql://portal:kata-sandi@/portal?host=db.kota.example",
    "postgresql://portal:kata-sandi@localhost/portal?hostaddr=10.0.0.5",
    "postgresql://portal:kata-sandi@/portal?host=localhost&host=db.kota.example",
    "postgresql://portal:kata-sandi@/portal?host=localhost,db.kota.example",
    "postgresql://portal:kata-sandi@/portal?service=other",
    "postgresql://portal:kata-sandi@127.0.0.1.evil.example/portal",
])
def test_a_database_elsewhere_is_refused_unless_its_certificate_is_checked(url):
    with pytest.raises(BadSettings, match="verify-full") as said:
        Settings.from_environment({**NO_KEYS, "PORTAL_DATABASE_URL": url})

    assert "kata-sandi" not in str(said.value)


@pytest.mark.parametrize(("name", "value"), [
    ("PGHOST", "db.kota.example"), ("PGSERVICE", "other"), ("PGHOSTADDR", "10.0.0.5")])
def test_what_the_environment_adds_to_an_address_counts_too(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(BadSettings, match="verify-full"):
        Settings.from_environment({**NO_KEYS, "PORTAL_DATABASE_URL": "postgresql:///portal"})


def test_what_is_no_address_is_refused_without_being_quoted():
    with pytest.raises(BadSettings, match="no address") as said:
        Settings.from_environment({**NO_KEYS, "PORTAL_DATABASE_URL": "portal:kata-sandi@db"})

    assert "kata-sandi" not in str(said.value)
