"""The flag form in a real Chromium: by tap, by key, without a network, without script, and when time is up."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.base.reference import spoken
from portal.flags import views
from portal.flags.answers import Contact, KeepFrom, Sign
from portal.flags.models import Flag
from tests.conftest import signed_in
from tests.flags.test_views import opened
from tests.support import live

pytestmark = pytest.mark.browser
TRACES = """async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
                         (await caches.keys()).length, document.cookie]"""


@pytest.fixture(autouse=True)
def _no_sessions_yet(monkeypatch):
    """What the home page says of sessions is told by its own tests."""
    monkeypatch.setattr(views.outreach, "here", lambda *_, **__: type("Here", (), {
        "area_name": "RW 07", "this_month": 0, "last_held_on": None, "last_attendance": 0, "missing_topic": ""}))


class Hand:
    """A person at a page: she taps, and everything she causes is counted."""

    def __init__(self, context, address, city):
        self.page, self.address, self.city = context.new_page(), address, city
        self.context, self.taps, self.asked, self.faults = context, 0, [], []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)

    def _note(self, request):
        if "/static/" not in request.url:
            self.asked.append((request.method, request.url.removeprefix(self.address)))

    def _hear(self, message):
        expected = ("Failed to load resource", "htmx:", "Response Status Error Code")
        if message.type == "error" and not message.text.startswith(expected):
            self.faults.append(message.text)

    def open(self, path="/k/baru"):
        self.page.goto(self.address + path)
        self.asked.clear()
        return self

    def tap(self, what):
        self.taps += 1
        where = self.page.locator(what) if isinstance(what, str) else what
        where.click()

    def choose(self, *answers):
        """Answers as `name=value`, by tapping their cards."""
        for name, value in (answer.split("=") for answer in answers):
            self.tap(f"label:has([name={name}][value='{value}'])")

    def next(self):
        self.tap("#lanjut")

    def calm(self, *more):
        """From the first step to the review, by the ordinary way."""
        self.tap("#mulai")
        for answers in (["danger=again"], ["who=girl"], ["signs=afraid"], ["known=witnessed"], [],
                        ["child_aware=unknown"], more):
            self.choose(*answers)
            self.next()
        expect(self.page.locator("[data-s='8']")).to_be_visible()

    @property
    def step(self):
        return self.page.evaluate("[...document.querySelectorAll('.lk:not([hidden])')].map(s => s.dataset.s).join()")

    @property
    def focus(self):
        return self.page.evaluate("document.activeElement.textContent.trim()")

    @property
    def headings(self):
        """The headings as a screen reader is given them: (level, text)."""
        nodes = self.context.new_cdp_session(self.page).send("Accessibility.getFullAXTree")["nodes"]
        return [(level["value"]["value"], node["name"]["value"]) for node in nodes if not node["ignored"]
                and node["role"]["value"] == "heading" for level in node["properties"] if level["name"] == "level"]

    def review(self):
        """The review as {question: answer}."""
        rows = self.page.locator("#ringkasan > div").evaluate_all(
            "rows => rows.map(r => [r.querySelector('dt').textContent, r.querySelector('dd span').textContent])")
        return dict(rows)

    def send(self):
        self.tap("[data-kirim]")
        self.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))

    def flags(self):
        self.city.db.rollback()
        self.city.db.expire_all()
        return self.city.db.scalars(select(Flag)).all()


@pytest.fixture
def visit(chromium, city, address):
    """Open hands: `with visit() as hand`. In the end nothing may have gone wrong in the page."""
    @contextmanager
    def opening(person="siti", **how):
        with live.visiting(chromium, city, address, person and getattr(city, person), **how) as context:
            hand = Hand(context, address, city)
            yield hand
            assert hand.faults == []
    return opening


@pytest.fixture
def hand(visit):
    with visit() as hand:
        yield hand


# The ways through


def test_the_calm_lane_takes_16_taps_no_typing_and_no_network_between_steps(hand):
    hand.open("/")
    hand.tap("a[href='/k/baru']")
    hand.asked.clear()
    hand.tap("#mulai")
    for answers in (["danger=again"], ["who=girl", "age=13_17"], ["signs=afraid"], ["known=witnessed"], [],
                    ["child_aware=unknown"], []):
        hand.choose(*answers)
        hand.next()
    assert hand.asked == []

    hand.send()

    assert hand.taps == 16
    flag, = hand.flags()
    assert hand.asked == [("POST", "/k/baru"), ("GET", f"/k/{spoken(flag.code)}")]
    expect(hand.page.locator("h1")).to_contain_text("Thank you. Your concern has arrived.")


def test_the_emergency_lane_takes_8_taps(hand):
    hand.open("/")
    hand.tap("a[href='/k/baru']")
    hand.tap("#mulai")
    hand.choose("danger=now")
    hand.next()
    assert hand.step == "1a"
    hand.choose("called=yes")
    hand.next()
    assert hand.step == "5"
    hand.next()
    assert list(hand.review()) == [
        "Is this person in danger right now?", "Call first", "Where can officers find them?"]
    hand.send()

    assert hand.taps == 8
    flag, = hand.flags()
    assert (flag.risk_estimate, opened(hand.city, flag)[0].called) == ("high", "yes")


def test_each_step_is_alone_named_and_announced_by_its_heading(hand):
    hand.open()
    assert (hand.step, hand.page.locator("#maju").is_visible()) == ("0", False)
    hand.tap("#mulai")
    seen = []
    for answers in (["danger=again"], ["who=woman"], ["signs=afraid"], ["known=guess"], [], ["aware=unknown"], []):
        seen.append((hand.step, hand.focus, hand.page.locator("#lgk").text_content()))
        assert hand.headings == [(1, hand.focus)]
        hand.choose(*answers)
        hand.next()

    assert [step for step, _, _ in seen] == list("1234567")
    assert [progress for _, _, progress in seen] == [f"{n} of 7" for n in range(1, 8)]
    assert [heading for _, heading, _ in seen] == [
        "Is this person in danger right now?", "Who are you worried about?", "What makes you worried?",
        "How do you know?", "Where can officers find them?", "Do they know that you are passing this on?",
        "Whom may officers contact?"]
    assert (hand.step, hand.focus) == ("8", "Check before sending")


@pytest.mark.parametrize(("lead", "need", "message"), [
    ([], "danger", "Choose one answer. If in doubt, choose I do not know."),
    (["danger=again"], "who", "Choose one answer. If in doubt, choose I do not know."),
    (["danger=again", "who=girl"], "signs", "Choose at least one. If it is hard, choose number 8."),
])
def test_what_is_needed_is_said_where_it_is_needed_and_goes_once_it_is_answered(hand, lead, need, message):
    hand.open().tap("#mulai")
    for answer in lead:
        hand.choose(answer)
        hand.next()
    before = hand.step

    hand.next()

    assert (hand.step, hand.focus) == (before, message)
    assert hand.page.locator(f"#{need}").get_attribute("aria-describedby") == f"{need}-salah"
    hand.page.locator(f"[name={need}]").last.check()
    assert hand.page.locator(".salah").count() == 0


def test_only_what_applies_is_asked_and_sent(hand):
    hand.open().calm()
    hand.tap("#ringkasan button >> nth=1")  # who
    hand.choose("who=woman")
    hand.next()

    assert hand.step == "6"
    assert hand.page.locator("#child_aware").is_hidden()
    hand.choose("aware=not_yet_willing")
    expect(hand.page.get_by_text("We respect that.")).to_be_visible()
    hand.next()
    assert hand.review()["Do they know that you are passing this on?"] == "Yes, but they do not want it yet"
    hand.tap("#ringkasan button >> nth=-4")  # contact
    hand.choose("contact=person")
    hand.page.locator("#person_phone").fill("0812 7777 1111")
    hand.choose("contact=reporter")
    hand.next()
    hand.send()

    answers, _, identity = opened(hand.city, hand.flags()[0])
    assert (answers.contact, identity.person_phone) == (Contact.REPORTER, "")


def test_the_inset_for_who_was_told_shows_when_it_applies(hand):
    hand.open().tap("#mulai")
    for answers in (["danger=again"], ["who=girl"], ["signs=afraid"]):
        hand.choose(*answers)
        hand.next()
    inset = hand.page.get_by_text("You have done the right thing already.")

    shown = []
    for known in ("witnessed", "told_by_person", "told_by_others", "session", "guess"):
        hand.choose(f"known={known}")
        shown.append(inset.is_visible())

    assert shown == [False, True, True, False, False]


def test_ticks_that_go_with_no_other_stand_alone(hand):
    hand.open().calm()
    hand.tap("#ringkasan button >> nth=-1")
    boxes = hand.page.locator("[name=keep_from]:checked")

    hand.choose("keep_from=rt_rw", "keep_from=school", "keep_from=nobody")
    assert boxes.evaluate_all("all => all.map(b => b.value)") == ["nobody"]
    hand.choose("keep_from=cadres")
    assert boxes.evaluate_all("all => all.map(b => b.value)") == ["cadres"]


def test_another_place_shows_where_the_own_one_stood(hand):
    hand.open().calm()
    hand.tap("#ringkasan button >> nth=8")
    hand.tap("text=Change the place >> nth=0")
    hand.page.locator("#place").select_option("Kelurahan Jatikramat")

    assert hand.page.locator("#tempat").text_content() == "Kelurahan Jatikramat"
    hand.next()
    assert hand.review()["Where can officers find them?"] == "Kelurahan Jatikramat"


def test_the_review_says_all_answers_and_leads_back_to_each(hand):
    hand.open().calm("call_times=morning", "call_times=evening", "keep_from=rt_rw")

    assert hand.review() == {
        "Is this person in danger right now?": "It may happen again", "Who are you worried about?": "A girl",
        "About how old?": "Not answered", "Do they need special help? (may be skipped)": "Not answered",
        "What makes you worried?": "Seems very afraid of someone", "Tell it briefly (may be skipped)": "Not answered",
        "How do you know?": "I saw or heard it myself", "Who are you to them? (may be skipped)": "Not answered",
        "Where can officers find them?": "RW 07, Jatirahayu",
        "Does the child know that you are passing this on?": "Do not know",
        "Whom may officers contact?": "Call me first", "When is it safe to call you?": "morning\nevening",
        "Do you share your phone with family?": "Yes", "Who must not know? (may be skipped)": "RT/RW officials"}
    expect(hand.page.get_by_text("Officers will call you to learn the place.")).to_be_visible()
    hand.tap("#ringkasan button >> nth=4")
    assert hand.step == "3"
    hand.choose("signs=afraid", "signs=injury")
    hand.page.locator("#story").fill("Baris satu\nBaris dua")
    hand.next()
    assert hand.step == "8"
    assert hand.review()["What makes you worried?"] == "Unusual injuries or pain"
    hand.send()

    answers, story, _ = opened(hand.city, hand.flags()[0])
    assert (answers.signs, answers.keep_from, story) == ((Sign.INJURY,), (KeepFrom.RT_RW,), "Baris satu\nBaris dua")


def test_who_finds_herself_in_danger_at_the_review_is_told_to_call_first(hand):
    hand.open().calm()
    hand.tap("#ringkasan button >> nth=0")
    hand.choose("danger=now")
    hand.next()

    assert hand.step == "1a"
    hand.next()
    hand.next()
    hand.send()
    assert hand.flags()[0].risk_estimate == "high"


def test_who_is_out_of_danger_at_the_review_is_asked_the_rest(hand):
    hand.open().tap("#mulai")
    hand.choose("danger=now")
    for _ in range(3):
        hand.next()
    hand.tap("#ringkasan button >> nth=0")
    hand.choose("danger=none")
    hand.next()

    asked = []
    for answer in ("who=woman", "signs=other", "known=guess", "aware=unknown"):
        asked.append(hand.step)
        hand.choose(answer)
        hand.next()
    assert (asked, hand.step) == (["2", "3", "4", "6"], "8")


# Back and forward


def test_back_and_forward_walk_the_steps_and_keep_the_answers(hand):
    hand.open("/")
    hand.tap("a[href='/k/baru']")
    hand.calm()
    hand.asked.clear()

    back = []
    for _ in range(8):
        hand.page.go_back()
        back.append(hand.step)
    forward = []
    for _ in range(8):
        hand.page.go_forward()
        forward.append(hand.step)

    assert back == list("76543210")
    assert forward == list("12345678")
    assert hand.asked == []
    assert hand.review()["Who are you worried about?"] == "A girl"
    for _ in range(9):
        hand.page.go_back()
    assert hand.page.url == hand.address + "/"


def test_the_pages_own_back_is_the_browsers(hand):
    hand.open().tap("#mulai")
    hand.choose("danger=unknown")
    hand.next()
    hand.tap("#mundur")

    expect(hand.page.locator("[data-s='1']")).to_be_visible()
    assert hand.page.locator("[name=danger]:checked").input_value() == "unknown"
    hand.page.go_forward()
    assert hand.step == "2"


def test_back_from_the_receipt_leads_to_an_empty_form_and_then_out(hand):
    hand.open("/")
    hand.tap("a[href='/k/baru']")
    hand.calm()
    hand.send()

    hand.page.go_back()
    expect(hand.page.locator("[data-s='0']")).to_be_visible()
    assert hand.page.locator("[name=danger]:checked").count() == 0
    hand.page.go_back()
    hand.page.wait_for_url(hand.address + "/")
    assert len(hand.flags()) == 1


def test_after_erasing_back_shows_an_empty_form(hand):
    hand.open("/")
    hand.tap("a[href='/k/baru']")
    hand.calm()
    hand.tap("text=Cancel and erase")
    hand.page.wait_for_url(hand.address + "/")

    hand.page.go_back()

    expect(hand.page.locator("[data-s='0']")).to_be_visible()
    assert hand.page.locator("[name=danger]:checked, [name=signs]:checked").count() == 0
    assert hand.flags() == []


def test_who_begins_before_the_script_has_arrived_goes_on_where_she_is(hand):
    late = []

    def hold(route):
        late.append(route)

    hand.page.route("**/static/flag.js*", hold)
    hand.page.goto(hand.address + "/")
    hand.tap("a[href='/k/baru']")
    hand.page.wait_for_url("**/k/baru", wait_until="commit")
    for seen in ("#mulai", "label:has([value=again])", "label:has([value=girl])"):
        live.tap_at_once(hand.page.locator(seen))
    late[0].continue_()

    expect(hand.page.locator("#lanjut")).to_be_visible()
    assert hand.step == "1"
    assert hand.page.url == hand.address + "/k/baru"
    hand.next()
    assert hand.step == "2"
    assert hand.page.locator("[name=who]:checked").input_value() == "girl"
    for step in "10":
        hand.page.go_back()
        assert hand.step == step
    hand.page.go_back()
    assert hand.page.url == hand.address + "/"


def test_the_skip_link_does_not_lead_out_of_the_step(hand):
    hand.open().tap("#mulai")
    hand.choose("danger=again")
    hand.next()
    hand.page.locator(".lewati").focus()
    hand.page.keyboard.press("Enter")

    assert hand.step == "2"


# When the network is bad


def test_without_a_network_the_answers_stay_and_another_try_makes_one_concern(hand):
    hand.open().calm()
    hand.context.set_offline(True)
    hand.tap("[data-kirim]")
    box = hand.page.locator("#belum-terkirim")
    expect(box).to_be_visible()
    assert hand.focus.startswith("Not sent yet. There is no network.")
    assert hand.review()["Who are you worried about?"] == "A girl"
    hand.tap("[data-lagi]")
    expect(box).to_be_visible()

    hand.context.set_offline(False)
    hand.tap("[data-lagi]")

    hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))
    assert len(hand.flags()) == 1


def lose_the_answer(route):
    """The server has done its work, but its answer never comes back."""
    route.fetch(max_redirects=0)
    route.abort()


def test_when_only_the_answer_was_lost_another_try_leads_to_the_same_concern(hand):
    hand.open().calm()
    hand.page.route("**/k/baru", lose_the_answer, times=1)
    hand.tap("[data-kirim]")
    expect(hand.page.locator("#belum-terkirim")).to_be_visible()
    code = spoken(hand.flags()[0].code)

    hand.tap("[data-lagi]")

    hand.page.wait_for_url(f"**/k/{code}")
    assert len(hand.flags()) == 1


def test_when_the_answer_was_lost_and_something_changed_she_learns_that_it_had_arrived(hand):
    hand.open().calm()
    hand.page.route("**/k/baru", lose_the_answer, times=1)
    hand.tap("[data-kirim]")
    expect(hand.page.locator("#belum-terkirim")).to_be_visible()
    hand.tap("#ringkasan button >> nth=2")
    hand.choose("age=6_12")
    hand.next()
    hand.tap("[data-kirim]")

    expect(hand.page.locator("h1")).to_have_text("This has arrived already")
    expect(hand.page.locator("h1")).to_be_focused()
    assert len(hand.flags()) == 1


def test_trouble_at_the_server_is_not_called_a_bad_network(hand):
    hand.open().calm()
    hand.page.route("**/k/baru", lambda route: route.fulfill(status=503, body=""), times=1)

    hand.tap("[data-kirim]")

    expect(hand.page.locator("#belum-terkirim")).to_contain_text("There is a problem here with us.")
    assert not hand.page.get_by_text("There is no network.").is_visible()
    hand.tap("[data-lagi]")
    hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))
    assert len(hand.flags()) == 1


@pytest.mark.parametrize(("status", "cause", "again"), [
    (403, "This page can no longer be used.", False), (404, "This page can no longer be used.", False),
    (413, "The text is too long. Write it shorter.", True), (429, "Wait a minute, then try again.", True),
    (500, "There is a problem here with us.", True)])
def test_why_it_was_not_sent_is_said_and_no_try_is_offered_that_cannot_help(hand, status, cause, again):
    hand.open().calm()
    hand.page.route("**/k/baru", lambda route: route.fulfill(status=503, body=""), times=1)
    hand.tap("[data-kirim]")
    box = hand.page.locator("#belum-terkirim")
    expect(box).to_be_visible()
    hand.page.route("**/k/baru", lambda route: route.fulfill(status=status, body=""), times=1)

    hand.tap("[data-lagi]")

    expect(box).to_be_focused()
    shown = box.locator("[data-sebab]").evaluate_all("all => all.filter(e => !e.hidden).map(e => e.textContent)")
    assert [sentence.startswith(cause) for sentence in shown] == [True]
    assert box.locator("[data-lagi]").is_visible() == again
    assert hand.review()["Who are you worried about?"] == "A girl"


def test_on_a_slow_line_the_button_says_so_and_more_taps_send_nothing_more(hand):
    hand.open().calm()
    waiting = []

    def hold(route):
        waiting.append(route)

    hand.page.route("**/k/baru", hold)
    button = hand.page.locator("[data-kirim]")
    hand.tap(button)
    expect(button).to_have_text("Sending…")
    for _ in range(3):
        button.click(force=True)
    hand.page.keyboard.press("Enter")
    assert len(waiting) == 1

    waiting[0].continue_()

    hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))
    assert len(hand.flags()) == 1


def test_what_has_arrived_is_not_called_unsent_while_its_receipt_is_on_the_way(hand):
    hand.open().calm()
    held, seen = [], []

    def hold(route):
        held.append(route)

    hand.page.route(re.compile(r"/k/\w{3}-\w{3}$"), hold)
    hand.page.on("console", lambda message: seen.append(message.text))
    hand.page.evaluate("""() => {
        setInterval(() => console.log(document.querySelector("[data-kirim]").textContent), 100); }""")
    hand.page.locator("[data-kirim]").click(no_wait_after=True)
    while not held:
        hand.page.wait_for_timeout(50)
    seen.clear()
    hand.page.wait_for_timeout(1000)
    late = seen[4:]
    held[0].continue_()

    hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))
    assert len(hand.flags()) == 1
    assert set(late) == {"Sending…"}


# What the server does not accept


def test_a_refused_form_shows_the_step_with_the_fault_and_the_way_on_is_short(hand):
    hand.open().calm("contact=person")
    hand.tap("#ringkasan button >> nth=-4")
    hand.page.locator("#person_phone").fill("62")
    hand.next()
    hand.tap("[data-kirim]")

    expect(hand.page.locator(".galat:not([hidden])")).to_be_focused()
    assert hand.page.title().startswith("Check: ")
    assert hand.step == "7"
    hand.tap(".galat:not([hidden]) a")
    assert hand.page.evaluate("document.activeElement.id") == "person_phone"
    assert hand.step == "7"
    hand.page.locator("#person_phone").fill("0812 7777 1111")
    hand.next()
    assert hand.step == "8"
    hand.send()
    assert opened(hand.city, hand.flags()[0])[2].person_phone == "+6281277771111"


def test_500_characters_are_counted_only_towards_the_end(hand):
    hand.open().calm()
    hand.tap("#ringkasan button >> nth=5")
    story = hand.page.locator("#story")
    said = hand.page.locator("#story ~ [role=status]")

    story.fill("x" * 399)
    assert said.text_content() == ""
    story.fill("x" * 460)
    assert said.text_content() == "40 characters left"
    story.press_sequentially("y" * 45)
    assert said.text_content() == "0 characters left"
    assert story.input_value() == "x" * 460 + "y" * 40


# When the sign-in ends in the middle


def enter_again(hand, pin):
    hand.page.get_by_role("button", name="Sign in").click()
    hand.page.locator("input[type=password]").fill(pin)
    hand.page.locator("main form button.tbl").first.click()
    hand.page.get_by_role("button", name="Back to my answers").click()
    expect(hand.page.locator("[data-s='8']")).to_be_visible()


def test_a_pause_costs_a_pin_and_no_answer(hand):
    hand.open().calm("keep_from=school")
    client = signed_in(hand.city, hand.city.siti).client
    with client.session_transaction() as cookie:
        cookie["seen"] = 0
    resting = client.get_cookie("s").value
    hand.context.add_cookies([{"name": "s", "value": resting, "url": hand.address}])

    hand.tap("[data-kirim]")
    expect(hand.page.get_by_text("They are not sent yet.")).to_be_visible()
    assert hand.flags() == []
    enter_again(hand, hand.city.siti.secret)

    assert hand.review()["Who must not know? (may be skipped)"] == "The school"
    assert hand.focus == "Check before sending"
    assert hand.flags() == []
    hand.send()
    assert len(hand.flags()) == 1


def test_a_sign_in_that_is_gone_costs_a_sign_in_and_no_answer(hand):
    hand.open().calm()
    hand.context.clear_cookies(name="s")
    hand.tap("[data-kirim]")
    hand.page.get_by_role("button", name="Sign in").click()
    hand.page.locator("#who").fill(hand.city.siti.phone)
    hand.page.locator("#card-pin").fill(hand.city.siti.secret)
    hand.page.locator("#dengan-kartu [name=code]").fill(hand.city.siti.card[0])
    hand.page.locator("#dengan-kartu button.tbl.penuh").click()
    hand.page.get_by_role("button", name="Back to my answers").click()

    expect(hand.page.locator("[data-s='8']")).to_be_visible()
    assert hand.step == "8"
    hand.send()
    assert len(hand.flags()) == 1


def test_a_sign_in_renewed_in_another_tab_costs_one_tap_and_no_answer(hand):
    hand.open().calm()
    renewed = signed_in(hand.city, hand.city.siti).client.get_cookie("s").value
    hand.context.add_cookies([{"name": "s", "value": renewed, "url": hand.address}])
    hand.tap("[data-kirim]")
    hand.page.get_by_role("button", name="Back to my answers").click()

    hand.send()
    assert len(hand.flags()) == 1


# Traces


@pytest.mark.asvs("V14.3.1", "V14.3.3")
def test_nothing_stays_on_the_phone(hand):
    hand.open().calm()
    hand.context.set_offline(True)
    hand.tap("[data-kirim]")
    expect(hand.page.locator("#belum-terkirim")).to_be_visible()
    assert hand.page.evaluate(TRACES) == [0, 0, 0, 0, ""]
    hand.context.set_offline(False)
    hand.tap("[data-lagi]")
    hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))

    assert hand.page.evaluate(TRACES) == [0, 0, 0, 0, ""]
    assert hand.page.evaluate("JSON.stringify(history.state)") == "null"


@pytest.mark.asvs("V14.3.1")
@pytest.mark.parametrize("script", [True, False])
def test_quick_exit_leaves_at_once_and_back_shows_nothing(visit, script):
    with visit(script=script) as hand:
        hand.open("/").tap("a[href='/k/baru']")
        if script:
            hand.tap("#mulai")
            hand.choose("danger=again")
            hand.next()
        else:
            hand.page.locator("#story").fill("Rahasia sekali")
        hand.tap("#keluar-cepat button")
        expect(hand.page.locator("h1")).to_have_text("Cuaca")

        for _ in range(5):
            hand.page.go_back()
            text = hand.page.locator("body").inner_text()
            assert "Rahasia" not in hand.page.content()
            assert not any(word in text for word in ("danger", "worried", "Bu Siti"))
        assert hand.flags() == []


# By key, without script, with half the scripts


def test_the_form_works_by_key_alone_and_enter_never_sends_too_early(visit):
    with visit(device=live.PC) as hand:
        hand.open()
        press = hand.page.keyboard.press
        hand.page.locator("#mulai").focus()
        press("Enter")
        for name in ("danger", "who", "signs", "known"):
            hand.page.locator(f"[name={name}]").first.focus()
            press("ArrowDown" if name == "danger" else "Space")
            press("Enter")
        assert (hand.step, hand.asked) == ("5", [])
        hand.page.locator("summary", has_text="Help officers").focus()
        press("Enter")
        hand.page.locator("#landmark").focus()
        hand.page.keyboard.type("dekat musala")
        press("Enter")
        hand.page.locator("[name=child_aware]").last.focus()
        press("Space")
        press("Enter")
        press("Tab")
        hand.page.locator("#lanjut").focus()
        press("Enter")
        assert (hand.step, hand.asked) == ("8", [])
        hand.page.locator("[data-kirim]").focus()
        press("Enter")
        hand.page.wait_for_url(re.compile(r"/k/\w{3}-\w{3}$"))

        assert len(hand.flags()) == 1
        assert opened(hand.city, hand.flags()[0])[2].landmark == "dekat musala"


def test_the_tab_key_visits_every_control_of_a_step_and_leaves_the_page(visit):
    with visit(device=live.PC) as hand:
        hand.open().tap("#mulai")
        reached = []
        for _ in range(40):
            hand.page.keyboard.press("Tab")
            reached.append(hand.page.evaluate("document.activeElement.id || document.activeElement.name || "
                                              "document.activeElement.tagName"))
            if reached[-1] == "BODY":
                break

    assert reached.count("danger") == 1
    assert "lanjut" in reached
    assert "BODY" in reached
    assert not {"place", "story", "who"} & set(reached)


def test_without_script_the_whole_way_is_one_page_a_review_and_a_receipt(visit):
    with visit(script=False) as hand:
        hand.open()
        for answer in ("danger=again", "who=woman", "signs=afraid", "known=guess", "aware=cannot_ask"):
            hand.choose(answer)
        hand.page.locator("summary", has_text="Help officers").click()
        hand.page.locator("#landmark").fill("dekat musala")
        hand.page.locator("#landmark").press("Enter")
        expect(hand.page.locator("h1")).to_have_text("Check before sending")
        assert hand.flags() == []

        hand.page.get_by_role("button", name="Change What makes you worried?").click()
        assert hand.page.url.endswith("/k/baru#s3")
        hand.choose("signs=injury")
        hand.page.locator("[value=review]").click()
        hand.send()

        answers, _, identity = opened(hand.city, hand.flags()[0])
        assert answers.signs == (Sign.INJURY, Sign.AFRAID)
        assert identity.landmark == "dekat musala"


def test_without_script_only_what_can_be_used_is_shown(visit):
    with visit(script=False) as hand:
        hand.open()

        assert [hand.page.locator(f"#{name}").is_visible() for name in ("maju", "lanjut", "periksa")] == [False] * 3
        assert hand.page.get_by_role("button", name="Check before sending").is_visible()
        assert not hand.page.get_by_role("button", name="Send this concern").is_visible()


@pytest.mark.asvs("V3.7.5")
@pytest.mark.parametrize("lost", ["flag.js", "htmx.min.js", "phone.js"])
def test_when_one_script_does_not_arrive_the_form_still_does_its_work(visit, lost):
    with visit() as hand:
        hand.context.route(f"**/static/{lost}*", lambda route: route.abort())
        hand.open()
        if lost == "flag.js":
            hand.choose("danger=again", "who=girl", "signs=afraid", "known=guess", "child_aware=unknown")
            hand.tap("[value=review]")
            expect(hand.page.locator("h1")).to_have_text("Check before sending")
        else:
            hand.calm()
        hand.send()

        assert len(hand.flags()) == 1


# For everybody


def widths(page):
    return page.evaluate("[document.documentElement.scrollWidth, innerWidth]")


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_step_is_accessible_and_fits_a_small_phone(visit, language):
    device = {**live.PHONE, "viewport": {"width": 320, "height": 2400}}
    with visit(language=language, device=device) as hand:
        hand.open()
        for answers in ([], ["danger=again"], ["who=woman"], ["signs=afraid"], ["known=told_by_person"], [],
                        ["aware=not_yet_willing"], ["contact=person"]):
            if hand.step not in {"0", "5", "7"}:
                hand.next()  # the message is there too
            hand.page.evaluate("document.querySelectorAll('.lk:not([hidden]) details').forEach(d => d.open = true)")
            looked_at(hand)
            hand.choose(*answers)
            hand.tap("#mulai" if hand.step == "0" else "#lanjut")
        looked_at(hand)
        hand.send()
        looked_at(hand)


def looked_at(hand):
    live.assert_accessible(hand.page, hand.step)
    scroll, inner = widths(hand.page)
    assert scroll <= inner, hand.step
    small = hand.page.locator("main :is(a, button, summary, .pilih, select):visible").evaluate_all(
        "all => all.map(e => [e.textContent.trim(), e.getBoundingClientRect().height]).filter(([, h]) => h < 44)")
    assert small == [], hand.step


@pytest.mark.parametrize("device", [live.PHONE, live.PC], ids=["phone", "pc"])
def test_the_other_pages_are_accessible_with_and_without_faults(visit, device):
    with visit(device={**device, "viewport": {**device["viewport"], "height": 2400}}) as hand:
        hand.open("/")
        looked_at(hand)
        hand.open().calm()
        hand.send()
        code = hand.page.url.rsplit("/", 1)[1]
        for path in ("/", "/k", f"/k/{code}", f"/k/{code}/tambah"):
            hand.open(path)
            looked_at(hand)
        hand.tap("[data-kirim]")
        expect(hand.page.locator(".galat:not([hidden])")).to_be_focused()
        looked_at(hand)
        hand.page.locator("#text").fill("Ada yang baru")
        hand.tap("[data-kirim]")
        hand.page.wait_for_url(f"**/k/{code}")
        expect(hand.page.get_by_text("The officers have been told.")).to_be_visible()


def test_words_that_cannot_be_sent_now_stay_too(hand):
    hand.open().calm()
    hand.send()
    code = hand.page.url.rsplit("/", 1)[1]
    hand.open(f"/k/{code}/tambah")
    hand.page.locator("#text").fill("Tadi malam lagi")
    hand.context.set_offline(True)
    hand.tap("[data-kirim]")
    expect(hand.page.locator("#belum-terkirim")).to_be_visible()
    assert hand.page.locator("#text").input_value() == "Tadi malam lagi"

    hand.context.set_offline(False)
    hand.tap("[data-lagi]")

    hand.page.wait_for_url(f"**/k/{code}")
    expect(hand.page.get_by_text("The officers have been told.")).to_be_visible()
