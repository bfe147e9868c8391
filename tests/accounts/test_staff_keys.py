"""An officer's own key takes her passphrase and the server's keys: who stole the database cannot guess at it."""

import pytest
from alembic import command
from sqlalchemy import text, update

from portal.accounts import resealing, sealed
from portal.accounts.models import StaffKey
from portal.base import vault
from portal.base.db import engine_for, writing
from portal.base.settings import ServerKeys
from portal.cli import setup
from portal.cli.database import alembic_config, downgrade, upgrade
from tests.factories import private_of


def own_key(city, person="rina"):
    city.db.expire_all()
    return city.db.get_one(StaffKey, getattr(city, person).account_id)


def opened_with_her_passphrase_alone(own, locked, passphrase):
    """As whoever has the database and guessed right."""
    guess = vault.from_passphrase(passphrase, own.salt, vault.PassphraseCost(own.memory_kib, own.rounds))
    return vault.unlock(guess, locked, label=f"staff_keys|{own.account_id}|private")


@pytest.mark.asvs("V11.4.4")
def test_her_passphrase_alone_does_not_open_what_lies_in_the_database(city):
    own = own_key(city)

    with pytest.raises(vault.DoesNotOpen):
        opened_with_her_passphrase_alone(own, own.twice_locked, city.rina.secret)
    assert sealed.unlock_staff_key(ServerKeys.fresh(), own, city.rina.secret) is None
    assert sealed.unlock_staff_key(city.keys, own, city.rina.secret) == private_of(city, city.rina)


def test_nor_do_the_servers_keys_without_her_passphrase(city):
    own = own_key(city)

    assert sealed.unlock_staff_key(city.keys, own, "sawah hujan lampu kursi") is None
    assert private_of(city, city.rina) not in sealed.unlock_for_server(city.keys, own.account_id, own.twice_locked)


def test_a_key_moved_to_another_account_opens_for_nobody(city):
    hers = own_key(city)
    with writing(city.db):
        city.db.execute(update(StaffKey).where(StaffKey.account_id == city.dewi.account_id)
                        .values(twice_locked=hers.twice_locked, salt=hers.salt))

    assert sealed.unlock_staff_key(city.keys, own_key(city, "dewi"), city.rina.secret) is None


def test_with_new_server_keys_it_is_locked_anew_and_the_older_ones_open_it_no_more(any_city):
    private, altered = private_of(any_city, any_city.rina), own_key(any_city, "dewi").twice_locked[:-1] + b"x"
    newer = ServerKeys.fresh(number=2)
    object.__setattr__(newer, "others", (any_city.keys,))
    with writing(any_city.db):
        any_city.db.execute(update(StaffKey).where(StaffKey.account_id == any_city.dewi.account_id)
                            .values(twice_locked=altered))

    with writing(any_city.db):
        after = None
        while ids := resealing.reseal(any_city.db, newer, after=after):
            after = ids[-1]

    object.__setattr__(newer, "others", ())
    assert sealed.unlock_staff_key(newer, own_key(any_city), any_city.rina.secret) == private
    assert sealed.unlock_staff_key(any_city.keys, own_key(any_city), any_city.rina.secret) is None
    assert own_key(any_city, "dewi").twice_locked == altered


def flask(city, act, *how):
    city.db.close()
    done = city.app.test_cli_runner().invoke(act, how)
    assert done.exit_code == 0, done.output


def locked_before(city, salt):
    """What lies in the tables of before 0014."""
    engine = engine_for(city.url)
    with engine.connect() as db:
        held = db.execute(text("SELECT locked_private FROM staff_keys WHERE salt = :salt"), {"salt": salt})
        locked = bytes(held.scalar_one())
    engine.dispose()
    return locked


def test_keys_of_before_are_locked_for_the_server_when_the_tables_are_brought_up(any_city):
    private, own = private_of(any_city, any_city.rina), own_key(any_city)
    any_city.db.expunge(own)

    flask(any_city, downgrade, "0013", "--yes")
    assert opened_with_her_passphrase_alone(own, locked_before(any_city, own.salt), any_city.rina.secret) == private

    flask(any_city, upgrade)
    assert own_key(any_city).twice_locked != own.twice_locked
    assert private_of(any_city, any_city.rina) == private


def test_bringing_the_tables_up_twice_locks_no_key_twice(any_city):
    private = private_of(any_city, any_city.rina)
    any_city.db.close()
    engine = engine_for(any_city.url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0013")  # by itself: the keys stay as they are
    engine.dispose()

    flask(any_city, upgrade)
    flask(any_city, upgrade)

    assert private_of(any_city, any_city.rina) == private


def test_init_on_a_city_of_before_does_it_too(city, monkeypatch):
    monkeypatch.setattr(setup, "make_server_keys", lambda: None)  # there are some
    private = private_of(city, city.rina)
    flask(city, downgrade, "0013", "--yes")

    flask(city, setup.init)

    assert private_of(city, city.rina) == private


def test_an_altered_key_holds_no_change_of_the_tables_up(any_city):
    private = private_of(any_city, any_city.rina)
    with writing(any_city.db):
        any_city.db.execute(update(StaffKey).where(StaffKey.account_id == any_city.dewi.account_id)
                            .values(twice_locked=b"altered"))

    flask(any_city, downgrade, "0013", "--yes")
    flask(any_city, upgrade)

    assert private_of(any_city, any_city.rina) == private
    assert sealed.unlock_staff_key(any_city.keys, own_key(any_city, "dewi"), any_city.dewi.secret) is None
