"""Past many concerns within the hour no page of the desk opens another one before she has said who she is.

The routes come from the map of addresses, and what is sent to them from `tests.support.desk_writings`: a page that is
new is asked too.
"""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.reference import spoken
from portal.casework import commands, records
from portal.flags.life import Risk
from portal.flags.models import Flag
from portal.flags.policy import may_work
from tests.casework.at_work import a_letter, does, flag_of, taken
from tests.followup.at_desk import Officer, sent
from tests.support import desk_writings
from tests.support.writings import PREPARE, at, browsers_of

assert desk_writings

READINGS = ("flag.opened", "flag.identity_opened", "flag.letter_opened", "flag.compared")
"""What the trail says when something that was sealed in a concern was opened."""
OPENS_NOTHING = {"followup.preview", "followup.close", "followup.still_here", "followup.step_aside"}
"""Pages about one concern that show nothing that was sealed in it, or, the first, no more than the list does."""
ABOUT_NONE = {"followup.call", "followup.unlock", "casework.begin_key", "casework.move_to_key"}
"""Acts at the desk that name no concern."""
ACTS = sorted(name for name in PREPARE.keys() - ABOUT_NONE if name.startswith(("followup.", "casework.")))
WORDS = "Ia menangis setiap malam."


def routes(app, method):
    """The desk's addresses about one concern, by route."""
    return {rule.endpoint: rule for rule in app.url_map.iter_rules()
            if "code" in rule.arguments and method in rule.methods
            and may_work in (getattr(app.view_functions[rule.endpoint], "policies", None) or ())}


def readings(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).where(AuditEntry.action.in_(READINGS)))


def past_the_brake(city, browser):
    """She has opened more than many concerns, and her passphrase is older than five minutes."""
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], concerns_an_hour=0)
    noise = [at(city, sent(city), "/kerja") for _ in range(2)]
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], concerns_an_hour=1)
    assert [browser.get(path).status for path in noise] == [203, 203]
    with browser.client.session_transaction() as cookie:
        cookie["proved"] -= 301


def asks_for_the_passphrase(page):
    return page.path.startswith("/masuk") or bool(page.root.all("input", name="carried"))


def test_no_page_opens_another_concern(city, sign_in):
    rina = Officer(city, city.rina)
    flag_id = taken(rina, Risk.MEDIUM, story=WORDS)
    does(rina, commands.refer, flag_id, a_letter(rina))
    city.db.rollback()
    letter = records.referrals(records.notes_of(city.db, rina.ring, flag_of(city, flag_id)))[0].id
    asked, opened = {}, set()

    for route, rule in routes(city.app, "GET").items():
        browser = sign_in(city.ratna)  # the head, for whom every page is open
        past_the_brake(city, browser)
        before = readings(city)
        path = rule.build({"code": spoken(flag_of(city, flag_id).code), "referral_id": letter}, append_unknown=False)
        page = browser.get(path[1])
        opened |= {route} if readings(city) != before or WORDS in page.html else set()
        asked[route] = asks_for_the_passphrase(page)
        city.app.extensions["reading pace"]._given.clear()

    assert len(asked) > 25
    assert opened == set()
    assert {route for route, did in asked.items() if not did} <= OPENS_NOTHING


def test_every_act_on_a_concern_is_sent_here(city):
    assert routes(city.app, "POST").keys() == set(ACTS)


@pytest.mark.parametrize("route", ACTS)
def test_no_act_opens_another_concern_and_what_was_typed_comes_back(city, route):
    send = PREPARE[route](city)
    [browser] = browsers_of(send)
    past_the_brake(city, browser)
    typed, before, versions = typed_into(browser), readings(city), versions_of(city)

    page = send()

    assert readings(city) == before
    if route in {"followup.still_here", "followup.step_aside"}:
        return
    assert asks_for_the_passphrase(page)
    assert versions_of(city) == versions
    again = signs_in(city, browser, page)
    assert again.status in {200, 203}
    assert [text for text in typed if text not in again.html] == []


def typed_into(browser):
    """What is going to be typed into the form that is sent next, as far as it is words."""
    typed, post = [], browser.post

    def listening(path, data, **how):
        typed.extend(value for name, value in data if " " in value and name not in {"csrf_token", "once"})
        browser.post = post
        return post(path, data, **how)

    browser.post = listening
    return typed


def versions_of(city):
    city.db.rollback()
    return {row.code: row.version for row in city.db.execute(select(Flag.code, Flag.version))}


def signs_in(city, browser, page):
    """The page to which she comes back, once she has given her passphrase."""
    locked = page.form("/masuk").submit("ask")
    person = next(one for one in (city.rina, city.dewi, city.ratna) if one.name in locked.text)
    signed = locked.form("/masuk").fill(secret=person.secret).submit()
    return signed.form().submit()
