"""Fixtures: a small migrated city per test, on SQLite or PostgreSQL, and people who sign in to it."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from alembic import command
from argon2 import PasswordHasher
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Dialect, Engine, create_engine, text
from werkzeug.routing import Rule

from portal.accounts import commands as accounts
from portal.accounts import passwords, sealed
from portal.app import create_app
from portal.base import db as base_db
from portal.base.clock import now
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys, Settings
from portal.cli.database import alembic_config
from tests import factories
from tests.support import asvs, egress, workplace
from tests.support.pages import Browser
from tests.support.postgres import Unavailable, temporary_postgres

REQUIRE_ALL = os.environ.get("PORTAL_REQUIRE_ALL") == "1"


def pytest_configure(config: pytest.Config) -> None:
    """Compile the catalogue once, before the workers start, so that the words are those in the tree."""
    config.pluginmanager.register(asvs)
    egress.listen()
    if hasattr(config, "workerinput"):
        return
    if config.option.markexpr != "proof" and (folder := workplace.move_to_memory()):
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    catalogue = Path(__file__).parent.parent / "translations/id/LC_MESSAGES/messages.po"
    with catalogue.open("rb") as source, catalogue.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(source, locale="id"))
    made = catalogue.stat().st_mtime_ns
    os.utime(catalogue.with_suffix(".mo"), ns=(made, made))  # so that `make` need not do it again


def give_up(reason: str) -> None:
    """Skip with a line that says how to get what is missing; where all is required, fail."""
    if REQUIRE_ALL:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def keys() -> ServerKeys:
    return ServerKeys.fresh()


def settings_for(url: str, keys: ServerKeys, **changes) -> Settings:
    plain = {"secure_cookies": False, "passphrase_memory_kib": 8, "office_phone": "021-555-0100",
             # tests are faster than any hand
             "pages_a_minute": 0, "forms_a_minute": 0, "files_a_minute": 0, "concerns_an_hour": 0}
    return Settings(database_url=url, keys=keys, **{**plain, **changes})


def _build(url: str, keys: ServerKeys) -> dict[str, factories.Person]:
    engine = engine_for(url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    with session_for(engine) as session, writing(session):
        people = factories.build_city(session, settings_for(url, keys))
    engine.dispose()
    return people


@pytest.fixture(scope="session")
def _sqlite_city(tmp_path_factory: pytest.TempPathFactory, keys: ServerKeys):
    file = tmp_path_factory.mktemp("city") / "city.sqlite"
    people = _build(f"sqlite:///{file}", keys)
    return file, people


@pytest.fixture(scope="session")
def _postgres_city(keys: ServerKeys) -> Iterator[tuple[str, dict[str, factories.Person]] | str]:
    try:
        with temporary_postgres() as url:
            admin = engine_for(url).execution_options(isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text("CREATE DATABASE city"))
            admin.dispose()
            yield url, _build(_database(url, "city"), keys)
    except Unavailable as missing:
        yield str(missing)


def _database(url: str, name: str) -> str:
    """The same server's other database."""
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


class _Compiled(BytecodeCache):
    """Each page's template compiled once a worker: every test has an app of its own, and compiling takes longer
    than most tests."""

    kept: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(autouse=True)
def _loggers_speak() -> None:
    """import-linter, run by a test before, switches off whatever loggers there are: who then looks whether nothing
    was logged would look at nothing."""
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


@pytest.fixture(autouse=True)
def _nothing_goes_out() -> Iterator[None]:
    """Whatever a test does, no other machine is asked for anything."""
    yield
    egress.complain()


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """PINs cost next to nothing here; what they cost in a city is for `tests/accounts/test_rules.py` to say."""
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_HASHER", hasher)
        patch.setattr(passwords, "_NOBODY", hasher.hash("nobody"))
        patch.setattr(sealed, "CODE_COST", replace(sealed.CODE_COST, memory_kib=8, rounds=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> Iterator[None]:
    """Each test has an app of its own, and compiling how its addresses are built took a quarter of the whole run.
    What comes out depends on what stands in the key alone."""
    compile_builder, kept = Rule._compile_builder, {}

    def once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.host, rule.subdomain, rule.rule, repr(rule.defaults), append_unknown)
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Each test has engines of its own, and compiling their statements took a seventh of the whole run. What comes
    out depends on the statement and on how the database speaks; so both are shared, once the first has connected."""
    dialects: dict[str, Dialect] = {}
    compiled: dict[Any, Any] = {}

    def create(*given: Any, **more: Any) -> Engine:
        engine = create_engine(*given, **more)
        first = dialects.setdefault(engine.driver, engine.dialect)
        if first.server_version_info:
            engine.dialect = first
            engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_db, "create_engine", create)
        yield


def _city(url: str, keys: ServerKeys, people: dict[str, factories.Person]) -> Iterator[SimpleNamespace]:
    settings = settings_for(url, keys)
    app = create_app(settings)
    app.testing = True
    app.jinja_env.bytecode_cache = _Compiled()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    engine = engine_for(url)
    with session_for(engine) as session:
        yield SimpleNamespace(app=app, db=session, settings=settings, keys=keys, url=url, **people)
    engine.dispose()
    app.extensions["engine"].dispose()


@pytest.fixture
def city(_sqlite_city, keys: ServerKeys, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A city on SQLite of its own: app, db session, settings, keys, and the people by their keys."""
    file, people = _sqlite_city
    shutil.copy(file, tmp_path / "city.sqlite")
    yield from _city(f"sqlite:///{tmp_path}/city.sqlite", keys, people)


@pytest.fixture
def postgres_city(_postgres_city, keys: ServerKeys) -> Iterator[SimpleNamespace]:
    """The same city on a PostgreSQL database of its own."""
    if isinstance(_postgres_city, str):
        give_up(_postgres_city)
    url, people = _postgres_city
    admin = engine_for(url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE test_city TEMPLATE city"))
    yield from _city(_database(url, "test_city"), keys, people)
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE test_city WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_city(request: pytest.FixtureRequest) -> SimpleNamespace:
    """The city on each of the two databases in turn."""
    return request.getfixturevalue("city" if request.param == "sqlite" else "postgres_city")


@pytest.fixture
def db(city: SimpleNamespace):
    return city.db


@pytest.fixture
def app(city: SimpleNamespace) -> Flask:
    return city.app


@pytest.fixture
def guest(city: SimpleNamespace) -> Browser:
    """A browser that nobody has signed in to, in English."""
    client = city.app.test_client()
    client.set_cookie("b", "en")
    return Browser(client)


def signed_in(city: SimpleNamespace, person: factories.Person, language: str = "en") -> Browser:
    """A browser in which this person has signed in, with her keys unlocked if she has any."""
    with writing(city.db):
        private = factories.private_of(city, person)
        token, half = accounts.open_sign_in(city.db, person.account_id, hours=8, staff_private=private)
    client = city.app.test_client()
    with client.session_transaction() as cookie:
        cookie.update(_user_id=token, **dict.fromkeys(("began", "seen", "proved", "bound"), int(now().timestamp())))
    client.set_cookie("b", language)
    if half:
        client.set_cookie("k", half)
    return Browser(client)


@pytest.fixture
def sign_in(city: SimpleNamespace) -> Callable[..., Browser]:
    return lambda person, language="en": signed_in(city, person, language)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One Chromium for the tests of a file."""
    from tests.support import live  # only tests in a browser need what it imports

    with live.chromium() as browser:
        yield browser


@pytest.fixture
def address(city: SimpleNamespace) -> Iterator[str]:
    """Where the city's app answers on this machine."""
    from tests.support import live

    with live.serving(city.app) as address:
        yield address
