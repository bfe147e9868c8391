"""The way to 0004 and back with concerns in the tables: nothing of them is lost, and the careful answer is kept."""

from alembic import command
from sqlalchemy import text

from portal.base.db import engine_for
from portal.cli.database import alembic_config
from portal.flags.answers import Danger
from portal.flags.life import Move, Risk
from tests.casework.at_work import WHY
from tests.factories import some_answers
from tests.followup.at_desk import Officer, sent

KEPT = ("flags", "content_keys", "flag_steps", "notes", "audit_entries")


def test_concerns_their_keys_steps_and_notes_outlive_the_change_and_high_ones_are_remembered(any_city):
    city = any_city
    rina = Officer(city, city.rina)
    once, twice, high = (sent(city) for _ in range(3))
    urgent = sent(city, answers=some_answers(danger=Danger.NOW))
    for flag_id, risks in ((once, [Risk.LOW]), (twice, [Risk.LOW, Risk.MEDIUM]), (high, [Risk.HIGH])):
        rina.opens(flag_id)
        for risk in risks:
            rina.does(Move.ASSESS, flag_id, risk, WHY)
    city.db.close()
    engine = engine_for(city.url)

    with engine.begin() as connection:
        before = {table: _count(connection, table) for table in KEPT}
        command.downgrade(alembic_config(connection), "0001")
        between = {table: _count(connection, table) for table in KEPT}
        command.upgrade(alembic_config(connection), "head")
        after = {table: _count(connection, table) for table in KEPT}
        remembered = {str(row.id).replace("-", "") for row in connection.execute(
            text("SELECT id FROM flags WHERE ever_high"))}
    engine.dispose()

    assert before == between == after
    assert remembered == {flag_id.hex for flag_id in (twice, high, urgent)}


def _count(connection, table):
    return connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - our own names
