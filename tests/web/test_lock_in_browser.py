"""A page that lies untouched locks itself, in a real Chromium: whatever stood in it alone comes back to her who typed
it, after a second pause too, from two tabs, after a refusal, and without a network."""

import re

import pytest
from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import expect

from portal.base.reference import spoken
from portal.flags.models import Flag
from tests.followup.at_desk import sent
from tests.support import live

pytestmark = pytest.mark.browser
PAUSE = "03:10"


@pytest.fixture
def visit(chromium, city, address):
    def opening(person="siti", **how):
        return live.visiting(chromium, city, address, getattr(city, person), **how)
    return opening


def opened(context, path, address):
    page = context.new_page()
    page.clock.install()
    page.goto(address + path)
    return page


def rest(city, context, address):
    """Make the cookie as it is after a pause that the server has noticed."""
    signing = city.app.session_interface.get_signing_serializer(city.app)
    assert isinstance(signing, URLSafeTimedSerializer)
    said = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "s")
    resting = signing.dumps({**signing.loads(said), "seen": 0})
    context.add_cookies([{"name": "s", "value": resting, "url": address, "httpOnly": True}])


def pause(page):
    live.time_passes(page, PAUSE)
    page.wait_for_selector("#lagi")


def enter(page, secret):
    page.fill("#secret", secret)
    page.locator("#lagi button.tbl").click()


def back_to_answers(page, secret):
    enter(page, secret)
    page.get_by_role("button", name="Back to my answers").click()


def begin_a_concern(page):
    page.locator("#mulai").click()
    for answer in ("[name=danger][value=again]", "[name=who][value=girl]"):
        page.locator(f"label:has({answer})").click()
        page.locator("#lanjut").click()


def log_a_session(page, **heads):
    page.locator("label.pilih", has=page.locator("[value=internet]")).click()
    for name, number in heads.items():
        page.fill(f"#{name}", number)


def test_a_second_pause_keeps_what_the_first_one_brought_back(city, visit, address):
    with visit() as context:
        page = opened(context, "/k/baru", address)
        begin_a_concern(page)

        for _pause in range(3):  # she reads, and touches nothing
            pause(page)
            assert "girl" not in page.inner_text("body")
            back_to_answers(page, city.siti.secret)
            expect(page.locator("[name=who][value=girl]")).to_be_checked()


def test_a_pause_after_a_refusal_keeps_what_was_refused(city, visit, address):
    with visit() as context:
        page = opened(context, "/s/baru", address)
        log_a_session(page, women="12", girls="abc")
        page.locator("[data-kirim]").click()
        expect(page.locator(".galat:not([hidden])")).to_be_focused()

        pause(page)
        back_to_answers(page, city.siti.secret)

        expect(page.locator("#women")).to_have_value("12")
        expect(page.locator("#girls")).to_have_value("abc")


def test_a_pause_before_the_question_whether_that_is_right_keeps_the_session(city, visit, address):
    with visit() as context:
        page = opened(context, "/s/baru", address)
        log_a_session(page, women="340")
        page.locator("[data-kirim]").click()
        expect(page.get_by_role("heading", name="Really 340 people?")).to_be_focused()

        pause(page)
        back_to_answers(page, city.siti.secret)

        expect(page.locator("#women")).to_have_value("340")


def test_a_pause_on_an_empty_form_asks_for_the_secret_and_brings_the_form(city, visit, address):
    with visit() as context:
        page = opened(context, "/s/baru", address)
        rest(city, context, address)

        pause(page)
        enter(page, city.siti.secret)

        page.wait_for_url("**/s/baru")
        expect(page.locator("#women")).to_have_value("")


@pytest.mark.parametrize("who_notices", ["the page", "the server"])
def test_who_waits_before_going_back_to_her_answers_still_has_them(city, visit, address, who_notices):
    with visit() as context:
        page = opened(context, "/s/baru", address)
        page.fill("#women", "12")
        pause(page)
        enter(page, city.siti.secret)
        expect(page.get_by_role("heading", name="You are signed in again")).to_be_focused()

        if who_notices == "the page":
            pause(page)
        else:
            rest(city, context, address)
            page.get_by_role("button", name="Back to my answers").click()
            page.get_by_role("button", name="Sign in").click()
        back_to_answers(page, city.siti.secret)

        expect(page.locator("#women")).to_have_value("12")


def test_two_tabs_that_were_locked_both_give_back_their_answers(city, visit, address):
    with visit() as context:
        concern, session = opened(context, "/k/baru", address), opened(context, "/s/baru", address)
        begin_a_concern(concern)
        session.fill("#women", "12")
        pause(concern)
        pause(session)

        back_to_answers(concern, city.siti.secret)
        expect(concern.locator("[name=who][value=girl]")).to_be_checked()
        back_to_answers(session, city.siti.secret)

        expect(session.locator("#women")).to_have_value("12")
        assert session.url.endswith("/s/baru")


@pytest.mark.parametrize("typed", [True, False])
def test_a_tab_that_locks_after_she_signed_in_again_in_another_gives_back_its_answers(city, visit, address, typed):
    with visit() as context:
        page = opened(context, "/k/baru", address)
        begin_a_concern(page)
        if not typed:  # what a pause brought back, and nothing since
            pause(page)
            enter(page, city.siti.secret)
            expect(page.get_by_role("heading", name="You are signed in again")).to_be_focused()
        rest(city, context, address)
        other = context.new_page()
        other.goto(f"{address}/")
        enter(other, city.siti.secret)
        other.wait_for_url(f"{address}/")

        live.time_passes(page, PAUSE)
        expect(page.get_by_role("heading", name="You are signed in again")).to_be_focused()
        page.get_by_role("button", name="Back to my answers").click()

        page.wait_for_url("**/k/baru")
        expect(page.locator("[name=who][value=girl]")).to_be_checked()


def test_a_chosen_photo_does_not_keep_its_page_from_locking(city, visit, address):
    with visit() as context:
        page = opened(context, "/s/baru", address)
        log_a_session(page, women="12")
        page.locator("[data-kirim]").click()
        page.wait_for_url(re.compile("/s/[0-9a-f-]{36}"))
        page.goto(page.url.split("?")[0] + "/foto")
        page.set_input_files("#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 3_000_000})
        page.locator("label:has([name=agreed])").click()

        pause(page)
        back_to_answers(page, city.siti.secret)

        expect(page.locator("[name=agreed]")).to_be_checked()
        expect(page.get_by_role("heading", name="Photo (may be skipped)")).to_be_visible()


def test_at_the_desk_a_pause_after_a_refused_act_keeps_its_words(city, visit, address):
    flag_id = sent(city)
    with visit("rina", device=live.PC) as context:
        page = opened(context, f"/k/{spoken(city.db.get_one(Flag, flag_id).code)}/kerja", address)
        page.locator("details:has(form[data-move=assess]) summary").click()
        page.fill("[name=why_risk]", "mutiara pertama")
        page.locator("form[data-move=assess] button").click()
        expect(page.locator(".galat:not([hidden])").first).to_be_focused()

        live.time_passes(page, "20:10")
        page.wait_for_selector("#lagi")
        back_to_answers(page, city.rina.secret)

        expect(page.locator("[name=why_risk]")).to_have_value("mutiara pertama")


@pytest.mark.parametrize("typed", [True, False])
def test_without_a_network_the_page_is_hidden_and_waits_until_it_can_lock(city, visit, address, typed):
    with visit() as context:
        page = opened(context, "/s/baru", address)
        if typed:
            page.fill("#women", "12")
        context.set_offline(True)
        live.time_passes(page, PAUSE)
        expect(page.get_by_text("The page is locked. Waiting for the network…")).to_be_visible()
        assert page.locator("main, header").evaluate_all("all => all.filter(e => e.checkVisibility())") == []
        live.time_passes(page, "00:06")
        assert page.url == f"{address}/s/baru"
        assert page.evaluate("localStorage.length") == 0
        rest(city, context, address)

        context.set_offline(False)
        live.time_passes(page, "00:06")
        page.wait_for_selector("#lagi")

        if typed:
            back_to_answers(page, city.siti.secret)
            expect(page.locator("#women")).to_have_value("12")
