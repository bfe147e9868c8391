"""The role that the portal works with on PostgreSQL: enough for all its work, and nothing against the trail."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from portal.audit import verification
from portal.base.db import engine_for, session_for, writing
from portal.cli import doctor_server
from portal.cli.database import alembic_config
from tests import factories
from tests.conftest import give_up, settings_for
from tests.support.postgres import Unavailable, temporary_postgres

ROLES = (Path(__file__).parent.parent.parent / "deploy/postgres-roles.sql").read_text()


@pytest.fixture(scope="module")
def app_url():
    """A database as the file says it is made; gives its address for the portal's own role."""
    try:
        with temporary_postgres() as url:
            superuser, owner = engine_for(url), engine_for(_as(url, "portal_owner"))
            for engine in (superuser, owner, superuser, superuser):
                with engine.begin() as connection:
                    if engine is owner:
                        command.upgrade(alembic_config(connection), "head")
                    else:
                        connection.exec_driver_sql(ROLES.replace("%", "%%"))
            superuser.dispose()
            owner.dispose()
            yield _as(url, "portal_app")
    except Unavailable as missing:
        give_up(str(missing))


@pytest.mark.asvs("V13.2.2")
@pytest.mark.postgres
def test_it_can_do_all_the_work(app_url, keys):
    engine = engine_for(app_url)
    with session_for(engine) as session:
        with writing(session):
            people = factories.build_city(session, settings_for(app_url, keys))
        with writing(session):
            factories.a_flag(session, settings_for(app_url, keys), people["siti"])
        found = doctor_server.database(settings_for(app_url, keys), session)

        assert verification.verify(session).holds
        assert (found.state, "superuser" in found.said) == ("bad", False)  # a test's server does not sync
    engine.dispose()


@pytest.mark.asvs("V13.2.2", "V16.4.2")
@pytest.mark.postgres
@pytest.mark.parametrize("act", [
    "UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries CASCADE",
    "DELETE FROM audit_links", "UPDATE audit_links SET seq = 1", "DELETE FROM audit_checks",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL", "DROP TABLE audit_links",
    "SET session_replication_role = replica", "CREATE TABLE mine (x int)",
    "UPDATE alembic_version SET version_num = '1'",
])
def test_it_can_do_nothing_against_the_trail(app_url, act):
    engine = engine_for(app_url)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.execute(text(act))
    engine.dispose()


def _as(url, role):
    return make_url(url).set(username=role).render_as_string(hide_password=False)
