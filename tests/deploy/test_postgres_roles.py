"""The role that the portal works with on PostgreSQL: enough for all its work, and nothing against the trail."""

import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import ProgrammingError

from portal.app import create_app
from portal.audit import verification
from portal.base.db import engine_for, session_for, writing
from portal.cli import doctor_server, tick
from portal.cli.database import alembic_config
from portal.flags.models import ContentKey, Flag
from portal.upkeep import erasing, forgetting, order, postgres
from portal.upkeep.archives import BadArchive
from tests import factories
from tests.conftest import _city, give_up, settings_for
from tests.followup.at_desk import sent
from tests.support.postgres import Unavailable, temporary_postgres
from tests.upkeep import at_upkeep
from tests.upkeep.at_forgetting import an_old_concern, forgets

ROLES = (Path(__file__).parent.parent.parent / "deploy/postgres-roles.sql").read_text()


@pytest.fixture(scope="module")
def app_url():
    """A database as the file says it is made; gives its address for the portal's own role."""
    try:
        with temporary_postgres() as url:
            superuser, owner = engine_for(url), engine_for(_as(url, "portal_owner"))
            run_roles(superuser)
            with owner.begin() as connection:
                command.upgrade(alembic_config(connection), "head")
            run_roles(superuser)
            run_roles(superuser)
            superuser.dispose()
            owner.dispose()
            yield _as(url, "portal_app")
    except Unavailable as missing:
        give_up(str(missing))


@pytest.fixture(scope="module")
def people(app_url, keys):
    engine = engine_for(app_url)
    with session_for(engine) as session, writing(session):
        people = factories.build_city(session, settings_for(app_url, keys))
    engine.dispose()
    return people


@pytest.fixture
def city(app_url, keys, people):
    """A city whose portal works with its own role."""
    yield from _city(app_url, keys, people)


@pytest.mark.asvs("V13.2.2")
@pytest.mark.postgres
def test_it_can_do_all_the_work(city):
    with writing(city.db):
        factories.a_flag(city.db, city.settings, city.siti)
    found = doctor_server.database(city.settings, city.db)

    assert verification.verify(city.db).holds
    assert (found.state, "superuser" in found.said) == ("bad", False)  # a test's server does not sync


@pytest.mark.asvs("V13.2.2")
@pytest.mark.postgres
def test_it_makes_a_backup_and_a_city_restored_by_the_owner_works_once_the_roles_were_set_again(city, tmp_path):
    flag_id = sent(city, story="Terdengar teriakan")
    made = at_upkeep.back_up(at_upkeep.settings_of(city, tmp_path))
    with another_database(city.url) as (superuser, url):
        run_roles(superuser)
        with pytest.raises(BadArchive, match="set PORTAL_DATABASE_URL to the database's owner"):
            at_upkeep.restore(made, tmp_path / "new", _as(url, "portal_app"))
        restored = at_upkeep.restore(made, tmp_path / "new", _as(url, "portal_owner"))
        run_roles(superuser)
        session = session_for(engine_for(_as(url, "portal_app")))

        assert restored.counts == made.manifest.counts
        with writing(session):
            assert factories.a_flag(session, city.settings, city.siti).id != flag_id
            assert session.get(Flag, flag_id) is not None
        session.get_bind().dispose()


@pytest.mark.postgres
def test_a_city_restored_by_a_superuser_belongs_to_the_owner_once_the_roles_were_set_again(city, tmp_path):
    made = at_upkeep.back_up(at_upkeep.settings_of(city, tmp_path))
    with another_database(city.url) as (superuser, url):
        at_upkeep.restore(made, tmp_path / "new", url)
        run_roles(superuser)
        with superuser.connect() as connection:
            owners = connection.scalars(text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"))

            assert owners.all() == ["portal_owner"]
        engine = engine_for(_as(url, "portal_app"))
        assert erasing.erase_rests(engine)
        engine.dispose()


@pytest.mark.asvs("V14.2.7")
@pytest.mark.postgres
def test_what_it_forgets_stands_in_no_file_of_the_tables_any_more(city):
    old = [an_old_concern(city) for _ in range(3)]
    young = sent(city)
    wraps = wraps_of(city, *old)
    assert wraps_found(city, wraps) == set(wraps)

    answer = forgets(city)

    assert answer.exit_code == 0, answer.output
    assert wraps_found(city, wraps) == set()
    assert wraps_found(city, wraps_of(city, young)) != set()
    assert not forgetting.rests_are_left(city.db)


@pytest.mark.asvs("V14.2.7")
@pytest.mark.postgres
@pytest.mark.parametrize("harm", [
    "DROP FUNCTION write_anew(text)",
    "REVOKE EXECUTE ON FUNCTION write_anew(text) FROM portal_app",
    "ALTER TABLE outreach OWNER TO portal",
])
def test_where_it_may_not_have_tables_written_anew_it_says_so_and_does_it_once_it_may(city, harm):
    wraps = wraps_of(city, an_old_concern(city))
    superuser = engine_for(_as(city.url, "portal"))
    with superuser.begin() as connection:
        connection.execute(text(harm))

    refused = forgets(city)
    left, noted = wraps_found(city, wraps), forgetting.rests_are_left(city.db)
    run_roles(superuser)
    superuser.dispose()
    done = forgets(city)

    assert (refused.exit_code, noted, done.exit_code) == (1, True, 0)
    assert "deploy/postgres-roles.sql" in refused.output
    assert left == set(wraps) or "outreach" in harm
    assert wraps_found(city, wraps) == set()


@pytest.mark.asvs("V14.2.7")
@pytest.mark.postgres
def test_a_deleted_row_that_somebody_can_still_see_is_not_said_to_be_gone(city):
    wraps = wraps_of(city, an_old_concern(city))
    engine = engine_for(city.url)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        reader.execute(text("SELECT 1 FROM areas"))  # from now on it sees every table as it is now
        told = forgets(city)
        left = wraps_found(city, wraps)
    engine.dispose()
    done = forgets(city)

    assert (told.exit_code, left, done.exit_code) == (1, set(wraps), 0)
    assert wraps_found(city, wraps) == set()


@pytest.mark.postgres
def test_a_table_that_is_being_read_is_left_for_the_next_time(city):
    an_old_concern(city)
    engine = engine_for(city.url)
    with engine.connect() as reader:
        reader.execute(text("SELECT 1 FROM staff_keys"))
        told = forgets(city)
    engine.dispose()

    assert (told.exit_code, forgets(city).exit_code) == (1, 0)


def test_the_roles_know_the_tables_that_are_written_anew():
    named = re.search(r"name NOT IN \(([^)]*)\)", ROLES)
    assert set(re.findall(r"'(\w+)'", named[1])) == {*erasing.TABLES, *(table.name for table in order.tables())}


@pytest.mark.postgres
def test_it_has_tables_written_anew_by_their_owner_and_can_do_so_in_no_other_way(app_url):
    engine = engine_for(app_url)

    assert order.take_away(engine)
    assert erasing.erase_rests(engine)

    with engine.connect() as connection, pytest.raises(ProgrammingError, match="must be owner"):
        connection.execute(text("CLUSTER sign_ins USING pk_sign_ins"))
    engine.dispose()


@pytest.mark.postgres
def test_where_it_may_not_have_the_order_of_rows_taken_away_the_tick_says_what_to_do(city):
    superuser = engine_for(_as(city.url, "portal"))
    with superuser.begin() as connection:
        connection.execute(text("DROP FUNCTION write_anew(text)"))

    answer = city.app.test_cli_runner().invoke(tick.tick)
    run_roles(superuser)
    superuser.dispose()

    assert answer.exit_code == 1
    assert "Run deploy/postgres-roles.sql once more." in answer.output


@pytest.mark.postgres
def test_the_doctor_says_what_is_missing_for_forgetting_to_be_whole(city, monkeypatch):
    monkeypatch.setattr(doctor_server, "_POSTGRES", ("synchronous_commit",))  # a test's server does not sync
    superuser, found = engine_for(_as(city.url, "portal")), []

    def look():
        city.db.rollback()
        city.db.get_bind().dispose()
        finding = doctor_server.database(city.settings, city.db)
        found.append((finding.state, finding.said))

    def superuser_says(*lines):
        with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for line in lines:
                connection.execute(text(line))

    look()
    superuser_says("ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf(), pg_sleep(0.5)")
    look()
    superuser_says("DROP FUNCTION write_anew(text)")
    look()
    run_roles(superuser)
    superuser_says("ALTER SYSTEM RESET wal_recycle", "SELECT pg_reload_conf()")
    superuser.dispose()

    assert [(state, found_in(said)) for state, said in found] == [
        ("warn", "wal_recycle"), ("ok", "syncs"), ("bad", "deploy/postgres-roles.sql")]


def found_in(said):
    return next(word for word in ("wal_recycle", "deploy/postgres-roles.sql", "syncs") if word in said)


@pytest.mark.asvs("V13.2.2", "V16.4.2")
@pytest.mark.postgres
@pytest.mark.parametrize("act", [
    "UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries CASCADE",
    "DELETE FROM audit_links", "UPDATE audit_links SET seq = 1", "DELETE FROM audit_checks",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL", "DROP TABLE audit_links",
    "SET session_replication_role = replica", "CREATE TABLE mine (x int)",
    "UPDATE alembic_version SET version_num = '1'",
    "SELECT write_anew('audit_entries')", "SELECT write_anew(NULL)",
    "DELETE FROM postings", "DELETE FROM exclusions", "DELETE FROM proposals", "DELETE FROM break_glass",
    "DELETE FROM accounts", "DELETE FROM withheld", "CREATE TEMPORARY TABLE mine (x int)",
])
def test_it_can_do_nothing_against_the_trail(app_url, act):
    engine = engine_for(app_url)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.execute(text(act))
    engine.dispose()


def run_roles(superuser):
    done = psql(superuser.url)
    assert done.returncode == 0, done.stderr


def psql(address, roles=ROLES):
    """The file, as the documents say that it is run."""
    url = address.render_as_string(hide_password=False)
    return subprocess.run([postgres._program("psql"), "-q", "-f", "-"], env=postgres.environment(url), input=roles,
                          capture_output=True, text=True, check=False)


@pytest.mark.postgres
def test_run_by_somebody_else_or_stopped_half_way_the_file_leaves_everything_as_it_was(app_url):
    superuser = make_url(_as(app_url, "portal"))
    as_owner = psql(make_url(_as(app_url, "portal_owner")))
    engine = engine_for(_as(app_url, "portal"))
    with engine.begin() as connection:
        connection.execute(text("REVOKE DELETE ON sign_ins FROM portal_app"))

    half_way = psql(superuser, ROLES.replace("COMMIT;", "SELECT 1 / 0;\nCOMMIT;"))
    with engine.connect() as connection:
        may_delete = connection.scalar(text("SELECT has_table_privilege('portal_app', 'sign_ins', 'DELETE')"))
        may_change = connection.scalar(text("SELECT has_table_privilege('portal_app', 'audit_entries', 'UPDATE')"))
    run_roles(engine)
    engine.dispose()

    assert as_owner.returncode != 0
    assert "superuser" in as_owner.stderr
    assert half_way.returncode != 0
    assert "division by zero" in half_way.stderr
    assert (may_delete, may_change) == (False, False)


@pytest.mark.postgres
def test_tables_that_an_upgrade_made_and_nobody_opened_to_it_are_said_by_doctor_and_by_the_backup(
        city, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_server, "_POSTGRES", ("synchronous_commit",))  # a test's server does not sync
    superuser = engine_for(_as(city.url, "portal"))
    with superuser.begin() as connection:
        connection.execute(text("REVOKE SELECT, INSERT ON postings FROM portal_app"))

    city.db.rollback()
    found = doctor_server.database(city.settings, city.db)
    city.db.rollback()
    city.app.config["SETTINGS"] = at_upkeep.settings_of(city, tmp_path)
    backup = city.app.test_cli_runner().invoke(args=["backup"])
    run_roles(superuser)
    superuser.dispose()

    assert (found.state, "postings" in found.said, "postgres-roles.sql" in found.said) == ("bad", True, True)
    assert backup.exit_code == 1
    assert "permission denied for table postings). After an upgrade deploy/postgres-roles.sql" in backup.output


@pytest.mark.postgres
def test_before_there_are_tables_the_doctor_speaks_of_that_alone(city):
    with another_database(city.url) as (superuser, url):
        run_roles(superuser)
        app = create_app(settings_for(_as(url, "portal_app"), city.keys))

        said = app.test_cli_runner().invoke(args=["doctor"]).output

        app.extensions["engine"].dispose()
    assert "bad   tables: there are none. A new city begins with: flask --app wsgi init" in said
    assert "trail guards" not in said


@pytest.mark.postgres
def test_a_database_that_knows_no_encoding_is_refused_before_anything_is_made(city):
    superuser = engine_for(_as(city.url, "portal")).execution_options(isolation_level="AUTOCOMMIT")
    with superuser.connect() as connection:
        connection.execute(text("CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' "
                                "LC_CTYPE 'C'"))
    app = create_app(settings_for(make_url(_as(city.url, "portal")).set(database="plain")
                                  .render_as_string(hide_password=False), city.keys))

    done = app.test_cli_runner().invoke(args=["db", "upgrade"])

    app.extensions["engine"].dispose()
    with superuser.connect() as connection:
        connection.execute(text("DROP DATABASE plain WITH (FORCE)"))
    superuser.dispose()
    assert done.exit_code == 1
    assert "encoding is SQL_ASCII" in done.output


@pytest.mark.parametrize(("address", "wanted"), [
    ("postgresql://portal_app@/portal?host=/run/pg&port=5433", {"PGHOST": "/run/pg", "PGPORT": "5433"}),
    ("postgresql://portal_app:secret@localhost:5433/portal", {"PGHOST": "localhost", "PGPASSWORD": "secret"}),
    ("postgresql:///portal?user=portal_app&passfile=/x", {"PGUSER": "portal_app", "PGPASSFILE": "/x"}),
    ("postgresql://portal_app@db/portal?hostaddr=127.0.0.1&sslmode=verify-full",
     {"PGHOSTADDR": "127.0.0.1", "PGSSLMODE": "verify-full"}),
    ("postgresql://portal_app@/?dbname=portal", {"PGDATABASE": "portal"}),
])
def test_postgresqls_own_programs_are_led_to_the_very_server_of_the_address(address, wanted):
    given = postgres.environment(address)

    assert {name: given.get(name) for name in wanted} == wanted
    assert given["PGDATABASE"] == "portal"
    assert given["PGUSER"] == "portal_app"


@contextmanager
def another_database(url):
    """A second, empty database of the same server: its superuser's engine and its address."""
    superuser = engine_for(_as(url, "portal")).execution_options(isolation_level="AUTOCOMMIT")
    with superuser.connect() as connection:
        connection.execute(text("CREATE DATABASE restored"))
    there = make_url(url).set(username="portal", database="restored").render_as_string(hide_password=False)
    engine = engine_for(there)
    try:
        yield engine, there
    finally:
        engine.dispose()
        with superuser.connect() as connection:
            connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
        superuser.dispose()


def wraps_of(city, *flag_ids):
    city.db.rollback()
    found = city.db.scalars(select(ContentKey.wrapped).where(ContentKey.flag_id.in_(flag_ids))).all()
    city.db.rollback()
    return [bytes(wrap) for wrap in found]


def wraps_found(city, wraps):
    """Which of these stand in any file of any table of the server."""
    superuser = engine_for(_as(city.url, "portal")).execution_options(isolation_level="AUTOCOMMIT")
    city.db.rollback()
    with superuser.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        folder = Path(connection.scalar(text("SELECT current_setting('data_directory')")))
    superuser.dispose()
    files = [file.read_bytes() for file in (folder / "base").rglob("*") if file.is_file()]
    return {wrap for wrap in wraps if any(wrap in data for data in files)}


def _as(url, role):
    return make_url(url).set(username=role).render_as_string(hide_password=False)
