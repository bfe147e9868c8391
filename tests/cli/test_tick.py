"""What is done by the clock: twice is as good as once, and a message says a number and nothing else."""

import smtplib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.base.clock import now, telling
from portal.base.settings import BadSettings, Settings
from portal.casework.models import Proposal
from portal.cli import tick
from portal.flags.life import Move, Risk
from portal.upkeep import erasing, forgetting, order
from tests.casework.at_work import WHY, closes, flag_of
from tests.followup.at_desk import Officer, sent
from tests.upkeep.at_forgetting import an_old_concern

MAIL = {"mail_server": "mail.example:2525", "mail_from": "catatan@kota.example", "mail_to": ("antrean@kota.example",)}


@pytest.fixture
def outbox(monkeypatch):
    """A mail server that keeps what it is given; `sent.broken` makes it refuse."""
    messages = []

    class Server:
        broken = False

        def __init__(self, host, port, timeout):
            self.where = (host, port)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def send_message(self, message):
            if Server.broken:
                raise smtplib.SMTPServerDisconnected("gone")
            messages.append((self.where, message))

    monkeypatch.setattr(smtplib, "SMTP", Server)
    return messages, Server


@pytest.fixture
def ticks(city):
    """Runs the command in the city, with these settings on top of its own; gives what it printed."""
    def run(**settings):
        city.app.config["SETTINGS"] = replace(city.settings, **settings)
        return city.app.test_cli_runner().invoke(tick.tick)
    return run


def a_waiting_proposal(city):
    rina = Officer(city, city.rina)
    flag_id = sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.HIGH, WHY)
    closes(rina, flag_id, "mutiara")
    return flag_id


def test_the_message_says_how_many_and_nothing_else_and_is_sent_once(city, ticks, outbox):
    messages, _ = outbox
    flag_id = a_waiting_proposal(city)

    first, second = ticks(**MAIL), ticks(**MAIL)

    assert (first.exit_code, second.exit_code, len(messages)) == (0, 0, 1)
    where, message = messages[0]
    assert where == ("mail.example", 2525)
    assert message["Subject"] == "Antrean: 1 hal menunggu"
    assert message.get_content().strip() == "Antrean: 1 hal menunggu."
    assert flag_of(city, flag_id).code not in message.as_string()


def test_another_number_is_told_the_same_day_and_the_same_number_the_next_day(city, ticks, outbox):
    messages, _ = outbox
    a_waiting_proposal(city)
    ticks(**MAIL)
    a_waiting_proposal(city)
    ticks(**MAIL)
    with telling(now() + timedelta(hours=23)):
        ticks(**MAIL)

    assert len(messages) == 3


@pytest.mark.asvs("V16.5.2")
def test_a_message_that_could_not_be_sent_is_tried_again(city, ticks, outbox):
    messages, server = outbox
    a_waiting_proposal(city)

    server.broken = True
    failed = ticks(**MAIL)
    server.broken = False
    ticks(**MAIL)

    assert failed.exit_code == 1
    assert "SMTPServerDisconnected" in failed.output
    assert len(messages) == 1


def test_without_a_mail_server_or_without_anything_waiting_nothing_is_sent(city, ticks, outbox):
    messages, _ = outbox
    assert "0 matters wait" in ticks(**MAIL).output
    a_waiting_proposal(city)

    assert "1 matters wait" in ticks().output
    assert messages == []


def test_lapsed_proposals_are_written_down_once(city, ticks):
    a_waiting_proposal(city)

    with telling(now() + timedelta(hours=25)):
        outputs = [ticks().output for _ in range(2)]

    assert ["1 proposals lapsed" in output for output in outputs] == [True, False]
    assert city.db.scalars(select(Proposal.outcome)).all() == ["lapsed"]


@pytest.mark.parametrize(("name", "value"), [
    ("MAIL_SERVER", ":25"), ("MAIL_SERVER", "host:port"), ("MAIL_SERVER", "host:99999"), ("MAIL_FROM", "nobody"),
    ("MAIL_FROM", "a@b\nBcc: c@d"), ("MAIL_TO", "a@b,nobody"), ("MAIL_TO", "a@b@c"),
])
def test_a_mail_setting_that_cannot_stand_is_refused(name, value):
    with pytest.raises(BadSettings):
        Settings.from_environment({f"PORTAL_{name}": value})


def test_a_mail_server_without_addresses_does_not_go_online(city):
    with pytest.raises(BadSettings):
        replace(city.settings, mail_server="mail.example").check_serving()


def test_the_order_of_rows_is_taken_away_once_an_hour(city, ticks, monkeypatch):
    taken, at = [], now().replace(minute=5)
    monkeypatch.setattr(order, "take_away", lambda engine: taken.append(engine) or True)

    for minutes in (0, 15, 45, 60):
        with telling(at + timedelta(minutes=minutes)):
            ticks()

    assert taken == [city.app.extensions["engine"]] * 2


def test_where_the_database_was_in_use_all_the_time_the_order_is_taken_away_the_next_time(city, ticks, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(order, "take_away", lambda engine: False)
        first = ticks()

    assert "taken away the next time" in first.output
    assert "taken away the next time" not in ticks().output


def test_what_could_not_be_erased_is_said_and_tried_again_the_same_day(city, ticks, monkeypatch):
    an_old_concern(city)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "erase_rests", lambda engine: False)
        refused, again = ticks(), ticks()

    done = ticks()

    city.db.rollback()
    assert [answer.exit_code for answer in (refused, again, done)] == [1, 1, 0]
    assert "deploy/postgres-roles.sql" in refused.output
    assert "deploy/postgres-roles.sql" in again.output
    assert not forgetting.rests_are_left(city.db)
