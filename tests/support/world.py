"""A world for proofs: two cities, a person of every role in every relation to one kelurahan, a concern at every
stage, and a unique marker in every field that could hurt somebody.

`build` makes it once; `opened` gives a test a copy of its file. The markers are in `marks`, by what they stand in:
`story of worked`, `phone of cadre_child`. `tests/support/holdings.py` makes what people wrote.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pyotp
import pytest
from alembic import command
from sqlalchemy import event

from portal.accounts import commands as accounts
from portal.accounts.roles import FIELD, UNIT, Role
from portal.app import create_app
from portal.areas import loading
from portal.base import vault
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys, Settings
from portal.cli.database import alembic_config
from tests.factories import PASSPHRASE, Person, area, ring_of, viewer_of
from tests.support import canary

AREAS = """code,level,name,parent
98,province,Provinsi Contoh,
98.01,city,Kota Contoh,
98.01.01,kecamatan,Pondok Melati,
98.01.01.1001,kelurahan,Jatirahayu,
98.01.01.1001.07,rw,RW 07,
98.01.01.1001.08,rw,RW 08,
98.01.01.1001.07.01,rt,RT 01,
98.01.01.1002,kelurahan,Jatiwarna,
98.01.01.1002.01,rw,RW 01,
98.01.02,kecamatan,Jatiasih,
98.01.02.1001,kelurahan,Jatikramat,
98.01.02.1001.03,rw,RW 03,
npsn.90000001,school,SMP Contoh 1,98.01.01.1001
npsn.90000002,school,SMP Contoh 2,98.01.01.1002
98.02,city,Kota Tetangga,
98.02.01,kecamatan,Tetangga Barat,
98.02.01.1001,kelurahan,Tetangga Satu,
98.02.01.1001.01,rw,RW 01,
"""
PLACES = {"own": "98.01.01.1001", "child": "98.01.01.1001.07", "sibling": "98.01.01.1002", "parent": "98.01.01",
          "other": "98.02.01.1001"}
"""Where the people are, by their relation to the kelurahan Jatirahayu."""
CONFLICT_HOLDERS = ("head_own", "officer_parent")
KEYLESS = "officer_child"
HEADS = {"98.01": "head_own", "98.02": "head_other"}
SWITCHED_OFF = "off"


@dataclass(frozen=True)
class Thing:
    """Something with an address: what kind, its address part, where it is, whose, and (a concern) who may know."""

    kind: str
    id: Any
    place: str = ""
    owner: str = ""
    known_to: frozenset[str] = frozenset()
    key: UUID | None = None


@dataclass
class World:
    """What was built. `things` by name; `marks` are the markers by what they stand in; `sealed` is what was put
    under each kind of label, in clear, while the world was made."""

    file: Path
    photos: Path
    keys: ServerKeys
    people: dict[str, Person]
    things: dict[str, Thing] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    sealed: dict[str, str] = field(default_factory=dict)

    def mark(self, what: str, size: int = 40) -> str:
        """A new marker, remembered as what it stands in."""
        self.marks[what] = canary.marker(size)
        return self.marks[what]

    def of_kind(self, kind: str) -> dict[str, Thing]:
        """The things of one kind, by name."""
        return {name: thing for name, thing in self.things.items() if thing.kind == kind}


def settings_for(file: Path, photos: Path, keys: ServerKeys) -> Settings:
    """As a served city has them, with cheap passphrases; and without limits of pace: these people ask thousands of
    times within a minute that does not pass."""
    return Settings(database_url=f"sqlite:///{file}", keys=keys, secure_cookies=False, passphrase_memory_kib=8,
                    office_phone="021-555-0100", photos_dir=photos, pages_a_minute=0, forms_a_minute=0,
                    files_a_minute=0, concerns_an_hour=0)


def build(folder: Path, keys: ServerKeys) -> World:
    """Make the world in this folder. It takes a few seconds."""
    from tests.support import holdings  # which asks for the people that are made here

    file, photos = folder / "world.sqlite", folder / "photos"
    settings, engine = settings_for(file, photos, keys), engine_for(f"sqlite:///{file}")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    world = World(file, photos, keys, {})
    with session_for(engine) as session, _writing_down(world.sealed):
        with writing(session):
            _people(world, session, settings)
        city = SimpleNamespace(db=session, settings=settings, keys=keys, **world.people)
        holdings.make(world, city)
        session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return world


@contextmanager
def opened(world: World, folder: Path) -> Iterator[SimpleNamespace]:
    """A city served from a copy of the world: `app`, `db`, `settings`, `keys`, `url`, the people by their keys, and
    `begin_anew()`, which puts everything back as it was made."""
    file, photos = folder / "world.sqlite", folder / "photos"
    settings = settings_for(file, photos, world.keys)
    shutil.copy(world.file, file)
    shutil.copytree(world.photos, photos, dirs_exist_ok=True)
    app = create_app(settings)
    app.testing, app.config["PROPAGATE_EXCEPTIONS"] = True, False
    engine = engine_for(settings.database_url)
    for one in (engine, app.extensions["engine"]):
        event.listen(one, "connect", _without_syncing)

    def begin_anew() -> None:
        session.close()
        for one in (engine, app.extensions["engine"]):
            one.dispose()
        for beside in canary.database_files(settings.database_url):
            beside.unlink()
        shutil.copy(world.file, file)
        shutil.copytree(world.photos, photos, dirs_exist_ok=True)

    with session_for(engine) as session:
        yield SimpleNamespace(app=app, db=session, settings=settings, keys=world.keys, url=settings.database_url,
                              begin_anew=begin_anew, **world.people)
    engine.dispose()
    app.extensions["engine"].dispose()


def _without_syncing(connection: Any, _record: Any) -> None:
    """What is asked here is who may do what, not whether it outlives the power."""
    connection.execute("PRAGMA synchronous = OFF")


def _people(world: World, session: Any, settings: Settings) -> None:
    loading.load(session, AREAS.splitlines())
    session.flush()
    units = {code: accounts.make_unit(session, name=f"UPTD {code}", area_id=area(session, code).id) for code in HEADS}
    for number, role in enumerate(Role):
        for other, (relation, code) in enumerate(PLACES.items()):
            key = f"{role}_{relation}"
            world.people[key] = _person(world, session, settings, key, role, code, units, 10 * number + other)
    off = SWITCHED_OFF
    world.people[off] = _person(world, session, settings, off, Role.CADRE, PLACES["child"], units, 99)
    session.flush()
    for city, head in HEADS.items():
        accounts.make_unit_keys(session, units[city], first_holder=world.people[head].account_id)
        session.flush()
        _grants(world, session, city, head)


def _grants(world: World, session: Any, city: str, head: str) -> None:
    """All of the unit but one get its key; the head and one named person have the one for conflicts."""
    here, person = SimpleNamespace(db=session, keys=world.keys), world.people[head]
    ring, by = ring_of(here, person), viewer_of(session, person)
    for key, person in world.people.items():
        if person.role in UNIT and person.area.startswith(city) and key not in {head, KEYLESS}:
            accounts.grant_key(session, ring, kind="unit", to=person.account_id, by=by)
            if key in CONFLICT_HOLDERS:
                accounts.grant_key(session, ring, kind="conflict", to=person.account_id, by=by)
    session.flush()


def _person(world: World, session: Any, settings: Settings, key: str, role: Role, place: str, units: Any,
            number: int) -> Person:
    in_field = role in FIELD
    if role is Role.SCHOOL and place in SCHOOLS:
        place = SCHOOLS[place]
    unit = units[place[:5]] if role in UNIT else None
    phone = f"0812{7_000_000 + number:08d}" if in_field else ""
    made = Person(key, role, world.mark(f"name of {key}"), place, phone, "" if in_field else f"{key}.zq",
                  "25831947" if in_field else PASSPHRASE, "" if in_field else pyotp.random_base32())
    if in_field:
        world.marks[f"phone of {key}"] = phone[1:]
    else:
        world.marks[f"totp of {key}"] = made.totp
    account = accounts.add_account(session, settings, accounts.NewAccount(
        role, made.name, made.secret, title=world.mark(f"title of {key}"), phone=phone,
        sign_in_name=made.sign_in_name, totp_secret=made.totp, area_id=area(session, place).id,
        unit_id=unit.id if unit else None), by=None)
    world.things[f"account {key}"] = Thing("account", account.id, place, key)
    return replace(made, account_id=account.id)


SCHOOLS = {"98.01.01.1001": "npsn.90000001", "98.01.01.1002": "npsn.90000002"}


@contextmanager
def _writing_down(sealed: dict[str, str]) -> Iterator[None]:
    """Keep what goes through the door to the vault, by the kind of its label (`flags|…|story` is `flags.story`)."""
    seal_text, lock = vault.seal_text, vault.lock

    def kind_of(label: str) -> str:
        parts = label.split("|")
        return f"{parts[0]}.{parts[-1]}"

    def seal_and_note(key: bytes, text: str, *, label: str) -> bytes:
        sealed[kind_of(label)] = sealed.get(kind_of(label), "") + text
        return seal_text(key, text, label=label)

    def lock_and_note(key: bytes, secret: bytes, *, label: str) -> bytes:
        sealed[kind_of(label)] = sealed.get(kind_of(label), "") + secret.decode("latin-1")
        return lock(key, secret, label=label)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vault, "seal_text", seal_and_note)
        patch.setattr(vault, "lock", lock_and_note)
        yield


