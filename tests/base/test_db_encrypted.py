"""A database on another machine: by TLS, and only with the server that the authority vouches for."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from portal.base.db import engine_for
from portal.upkeep import postgres
from portal.upkeep.archives import BadArchive
from tests.conftest import give_up
from tests.support.certificates import self_signed
from tests.support.postgres import Unavailable, encrypted_postgres

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Gives the server's address with the authority of this name: `ours` made its certificate, `other` did not."""
    folder = tmp_path_factory.mktemp("authorities")
    certificate, key = self_signed()
    (folder / "ours.pem").write_bytes(certificate)
    (folder / "other.pem").write_bytes(self_signed()[0])
    try:
        with encrypted_postgres(certificate, key) as url:
            yield lambda authority, host="localhost": (
                f"{url.replace('localhost', host)}?sslmode=verify-full&sslrootcert={folder}/{authority}.pem")
    except Unavailable as missing:
        give_up(str(missing))


@pytest.mark.asvs("V12.3.1")
def test_what_is_said_to_it_is_encrypted(address):
    engine = engine_for(address("ours"))
    with engine.connect() as connection:
        version = connection.scalar(text("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"))
    engine.dispose()

    assert version in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.asvs("V12.3.2")
@pytest.mark.parametrize(("authority", "host"), [("other", "localhost"), ("ours", "127.0.0.1")])
def test_a_server_of_another_authority_or_name_is_refused(address, authority, host):
    engine = engine_for(address(authority, host))

    with pytest.raises(OperationalError, match="certificate"):
        engine.connect()

    engine.dispose()


@pytest.mark.asvs("V12.3.2")
def test_the_programs_of_the_backup_refuse_it_too(address, tmp_path):
    postgres._dump(address("ours"), tmp_path / "good.sql")
    with pytest.raises(BadArchive, match="certificate"):
        postgres._dump(address("other"), tmp_path / "bad.sql")
