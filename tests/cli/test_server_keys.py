"""The server's keys are replaced while everybody works: nobody is signed out, nothing becomes unreadable."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pyotp
import pytest
from sqlalchemy import select

from portal.accounts import cards, challenges, invitations, queries, sealed, tries
from portal.accounts.models import Account, CardCode
from portal.app import create_app
from portal.audit import anchors
from portal.audit.models import AuditEntry
from portal.audit.sealed import public_key
from portal.base import key_file
from portal.base.clock import now, telling
from portal.base.db import engine_for, session_for, writing
from portal.base.settings import ServerKeys
from portal.flags import queries as flags
from portal.flags.life import Move
from portal.flags.models import Flag, Question
from portal.web import sealed as forms
from tests import factories
from tests.conftest import settings_for, signed_in
from tests.flags.test_views import CALM, fill
from tests.followup.at_desk import Officer, sent


@pytest.fixture
def filed(city, tmp_path):
    """The city with its keys in a file, an app that follows it, and a way to give the command."""
    path = tmp_path / "secret" / "keys.json"
    city.keys.write(path)
    app = create_app(settings_for(city.url, city.keys, keys_file=path))
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield SimpleNamespace(**{**vars(city), "app": app, "settings": app.config["SETTINGS"], "path": path})
    app.extensions["engine"].dispose()


def rotates(city, *args, typed=""):
    """The command, in an app of its own as at a command line."""
    done = runs(city, "rotate-server", "--wait", "0", *args, typed=typed)
    assert done.exit_code == 0, done.output
    city.db.rollback()
    return done.output


def runs(city, *args, typed=""):
    app = create_app(settings_for(city.url, ServerKeys.read(city.path), keys_file=city.path))
    done = app.test_cli_runner().invoke(args=["keys", *args], input=typed)
    app.extensions["engine"].dispose()
    return done


def keys_now(city):
    return ServerKeys.read(city.path)


def old_alone(city):
    return next(one for one in keys_now(city).readable if one.number == 1)


def test_a_sign_in_and_a_form_under_way_go_on_and_a_second_tap_is_still_the_same_concern(filed):
    browser = signed_in(filed, filed.siti)
    review = fill(browser, **CALM).submit("review").form("/k/baru")

    rotates(filed)

    receipt, again = review.submit("send"), review.submit("send")
    assert re.fullmatch(r"/k/\w{3}-\w{3}", receipt.path)
    assert again.path == receipt.path
    assert browser.get(receipt.path).status == 203
    assert filed.app.config["KEYS"].number == 2


def test_a_worker_that_slept_through_every_step_takes_a_cookie_that_another_signed(filed):
    other = create_app(settings_for(filed.url, filed.keys, keys_file=filed.path))
    browser = signed_in(filed, filed.siti)
    rotates(filed)
    browser.get("/")
    cookie = browser.client.get_cookie("s").value

    sleeper = other.test_client()
    sleeper.set_cookie("s", cookie)

    assert sleeper.get("/").status_code == 203
    other.extensions["engine"].dispose()


def test_a_key_file_that_cannot_be_read_changes_nothing(filed):
    browser = signed_in(filed, filed.siti)

    filed.path.write_text("{")

    assert browser.get("/").path == "/"
    assert filed.app.config["KEYS"] == filed.keys


def test_phones_second_factors_marks_questions_and_closings_are_under_the_new_keys_alone(filed):
    rina = Officer(filed, filed.rina)
    asked, closed = sent(filed), sent(filed)
    rina.handles(asked)
    rina.does(Move.ASK, asked)
    rina.closes(closed)

    rotates(filed)

    new = key_file.alone(keys_now(filed))
    siti, ratna = (filed.db.get_one(Account, one.account_id) for one in (filed.siti, filed.ratna))
    assert sealed.open_phone(new, siti).endswith("81200000001")
    assert queries.by_phone_tags(filed.db, sealed.phone_tags(new, sealed.open_phone(new, siti))) is siti
    assert sealed.open_totp(new, ratna) == filed.ratna.totp
    viewer = factories.viewer_of(filed.db, filed.siti)
    mine = flags.mine(filed.db, viewer=viewer, keys=new, size=5)
    assert len(mine) == 2
    seen = [flags.progress(filed.db, filed.db.get_one(Flag, one).code, viewer=viewer, keys=new)
            for one in (asked, closed)]
    assert seen[0].question.template == "changed"
    assert seen[1].closing == "done"


def test_versions_stand_so_that_no_open_sheet_is_disturbed(filed):
    rina = Officer(filed, filed.rina)
    flag_id = sent(filed)
    rina.closes(flag_id)
    version = filed.db.get_one(Flag, flag_id).version

    rotates(filed)

    assert filed.db.get_one(Flag, flag_id, populate_existing=True).version == version


def test_marks_of_others_are_not_mixed_up(filed):
    hers, his = sent(filed), sent(filed, filed.budi)

    rotates(filed)

    new = key_file.alone(keys_now(filed))
    found = {name: flags.mine(filed.db, viewer=factories.viewer_of(filed.db, person), keys=new, size=5)
             for name, person in (("hers", filed.siti), ("his", filed.budi))}
    codes = {name: [row.code for row in rows] for name, rows in found.items()}
    assert codes == {"hers": [filed.db.get_one(Flag, hers).code], "his": [filed.db.get_one(Flag, his).code]}


def test_what_is_made_with_the_new_keys_is_read_while_they_only_wait(filed):
    """Another worker may be a step ahead."""
    ahead = key_file.promoted(key_file.with_next(filed.keys), now())
    behind = key_file.with_next(filed.keys)
    behind = ServerKeys(**{**vars(behind), "others": (key_file.alone(ahead),)})
    once, challenge = forms.new_once(ahead, filed.siti.account_id), challenges.new_challenge(ahead)

    assert forms.is_once_of(behind, once, filed.siti.account_id)
    assert challenges.is_ours(behind, challenge)
    assert forms.open_answers(behind, "/k/baru", forms.seal_answers(ahead, "/k/baru", [("a", "b")])) == [("a", "b")]
    in_form = sealed.seal_new_totp(ahead, filed.siti.account_id, "x")
    assert sealed.open_new_totp(behind, filed.siti.account_id, in_form) == "x"


def test_a_challenge_that_was_answered_before_is_not_answered_again_afterwards(filed):
    challenge = challenges.new_challenge(filed.keys)
    with writing(filed.db):
        assert challenges.use(filed.db, filed.keys, challenge)

    rotates(filed)

    with writing(filed.db):
        assert not challenges.use(filed.db, keys_now(filed), challenge)
        assert challenges.use(filed.db, keys_now(filed), challenges.new_challenge(filed.keys))


def test_invitations_cards_and_known_browsers_of_before_still_work(filed):
    code = factories.invited_to(filed)
    mark = sealed.known_browser_mark(filed.keys, "abc", filed.ratna.account_id)

    rotates(filed)

    keys = keys_now(filed)
    assert invitations.invited(filed.db, keys, code).name == "Bu Ani"
    assert cards.is_hers(filed.db, cards.tags_of(filed.db, keys, filed.siti.account_id, filed.siti.card[0]))
    assert tries.known_browser(keys, f"abc.{mark}", filed.ratna.account_id) == "abc"


def test_a_pin_still_fits_and_is_then_kept_under_the_new_keys(filed, guest):
    rotates(filed)
    form = {"who": filed.siti.phone, "pin": filed.siti.secret, "code": filed.siti.card[0]}
    client = filed.app.test_client()
    page = factories_browser(client).get("/masuk")

    entered = page.form("/masuk/kartu").fill(**form).submit()

    account = filed.db.get_one(Account, filed.siti.account_id, populate_existing=True)
    assert not entered.path.startswith("/masuk")
    assert account.server_key == 2


def factories_browser(client):
    from tests.support.pages import Browser

    client.set_cookie("b", "en")
    return Browser(client)


def signs_in(city, person, name):
    """At the office, with passphrase and code."""
    return factories_browser(city.app.test_client()).get("/masuk/petugas").form("/masuk/petugas").fill(
        name=name, passphrase=person.secret, code=pyotp.TOTP(person.totp).now()).submit()


def test_a_wrong_pin_is_still_wrong_and_renews_nothing(filed):
    rotates(filed)
    page = factories_browser(filed.app.test_client()).get("/masuk").form("/masuk/kartu").fill(
        who=filed.siti.phone, pin="25831948", code=filed.siti.card[0]).submit()

    assert page.status == 422
    assert filed.db.get_one(Account, filed.siti.account_id, populate_existing=True).server_key == 1


def test_at_the_office_the_passphrase_and_the_code_still_fit(filed):
    rotates(filed)
    page = factories_browser(filed.app.test_client()).get("/masuk/petugas").form("/masuk/petugas").fill(
        name="ratna", passphrase=filed.ratna.secret, code=pyotp.TOTP(filed.ratna.totp).now()).submit()

    assert page.path == "/antrean"


def test_the_old_keys_stay_while_anybody_needs_them_and_the_command_says_whom(filed):
    said = rotates(filed)

    assert "have not signed in since" in said
    assert "set 2, set 1 is still read" in runs(filed, "status").output
    assert {one.number for one in keys_now(filed).readable} == {1, 2}


def test_given_again_it_makes_no_third_set(filed):
    rotates(filed)
    rotates(filed)

    assert {one.number for one in keys_now(filed).readable} == {1, 2}


@pytest.mark.parametrize("step", [1, 2])
def test_interrupted_it_goes_on_from_where_it_stopped(filed, step):
    keys = key_file.with_next(filed.keys)
    if step == 2:
        keys = key_file.promoted(keys, now())
    key_file.put(filed.path, keys)

    rotates(filed)

    assert keys_now(filed).cookies == (key_file.next_of(keys) or keys).cookies
    new = key_file.alone(keys_now(filed))
    assert sealed.open_phone(new, filed.db.get_one(Account, filed.siti.account_id))


def everybody_has_signed_in_since(city):
    with writing(city.db):
        for account in city.db.scalars(select(Account)):
            account.server_key = 2
        for code in city.db.scalars(select(CardCode)):
            city.db.delete(code)


def test_they_end_by_themselves_once_nobody_needs_them_and_a_day_has_passed(filed):
    rotates(filed)
    everybody_has_signed_in_since(filed)
    assert "for forms and sign-ins under way" in rotates(filed)
    keys = keys_now(filed)
    key_file.put(filed.path, ServerKeys(**{**vars(keys), "since": now() - timedelta(hours=26)}))

    said = rotates(filed)

    assert "are gone from the file" in said
    assert [one.number for one in keys_now(filed).readable] == [2]
    actions = filed.db.scalars(select(AuditEntry.action).where(AuditEntry.action.like("server_keys.%"))).all()
    assert actions == ["server_keys.replaced", "server_keys.ended"]


def test_where_they_may_have_been_seen_they_end_at_once_and_what_that_costs_is_asked_first(filed):
    said = rotates(filed, "--drop-now", typed="n\n")
    assert "must begin anew" in said
    assert len(keys_now(filed).readable) == 2

    rotates(filed, "--drop-now", typed="y\n")

    assert [one.number for one in keys_now(filed).readable] == [2]
    assert filed.db.scalar(select(CardCode)) is None
    assert signs_in(filed, filed.ratna, "ratna").status == 422


def test_who_signs_in_while_the_question_waits_need_not_begin_anew(filed, monkeypatch):
    def meanwhile(asked):
        assert "before you answer" in asked
        assert signs_in(filed, filed.ratna, "ratna").path == "/antrean"
        return True
    monkeypatch.setattr("click.confirm", meanwhile)

    rotates(filed, "--drop-now")

    assert [one.number for one in keys_now(filed).readable] == [2]
    filed.db.expire_all()
    behind = {account.sign_in_name for account in filed.db.scalars(
        select(Account).where(Account.active, Account.server_key < 2, Account.sign_in_name.is_not(None)))}
    assert "ratna" not in behind
    assert behind
    assert signed_in(filed, filed.ratna).get("/antrean").status == 203


@pytest.mark.asvs("V13.3.4")
def test_after_a_year_the_status_asks_for_new_ones_until_they_are_made(filed):
    asks = "they are older than a year: flask --app wsgi keys rotate-server"
    assert asks not in runs(filed, "status").output

    with telling(now() + timedelta(days=367)):
        assert asks in runs(filed, "status").output
        rotates(filed)
        assert asks not in runs(filed, "status").output


def test_an_anchor_of_before_still_counts_when_the_older_keys_are_gone(filed):
    line = anchors.to_line(filed.keys, anchors.present(filed.db))

    rotates(filed)
    rotates(filed, "--drop-now", typed="y\n")

    assert anchors.from_line(line, anchors.trusted(filed.db, keys_now(filed)))
    with pytest.raises(anchors.BadAnchor):
        anchors.from_line(line, {public_key(keys_now(filed))})


@pytest.mark.asvs("V11.2.2", "V13.3.4")
def test_afterwards_the_old_keys_open_nothing_that_was_sealed_anew(filed):
    rina, asked = Officer(filed, filed.rina), sent(filed)
    rina.opens(asked)
    rina.does(Move.TAKE, asked)
    rina.does(Move.ASK, asked)
    rotates(filed)
    old = old_alone(filed)

    engine = engine_for(filed.url)
    with session_for(engine) as session:
        siti, question = session.get_one(Account, filed.siti.account_id), session.scalars(select(Question)).one()
        for opens in (lambda: sealed.open_phone(old, siti),
                      lambda: factories.flags.sealed.open_question(old, question)):
            with pytest.raises(sealed.vault.DoesNotOpen):
                opens()
        assert flags.mine(session, viewer=factories.viewer_of(session, filed.siti), keys=old, size=5) == []
    engine.dispose()
