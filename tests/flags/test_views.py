"""The cadre's pages in a browser without script: passing on a concern, and seeing what became of it."""

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.reference import spoken
from portal.flags import commands, sealed, views
from portal.flags.answers import Answers, Aware, CallTime, Contact, Danger, KeepFrom, Known, Need, Sign, Way, Who
from portal.flags.life import Risk, Status
from portal.flags.models import Flag, Message
from tests.factories import a_flag, area, ring_of, some_answers, viewer_of
from tests.support import canary
from tests.test_house_rules import SENSITIVE

MORNING = datetime(2026, 11, 24, 2, 28, tzinfo=UTC)  # a Tuesday, 09.28 in Jakarta
CALM = {"danger": "again", "who": "girl", "signs": ["afraid"], "known": "witnessed", "child_aware": "unknown"}
TELLING = re.compile(SENSITIVE.pattern + r"|kekerasan|KDRT", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _no_sessions_yet(monkeypatch):
    """What the home page says of sessions is told by its own tests."""
    here = SimpleNamespace(area_name="RW 07", this_month=0, last_held_on=None, last_attendance=0, missing_topic="")
    monkeypatch.setattr(views.outreach, "here", lambda *_, **__: here)


@pytest.fixture
def siti(city, sign_in):
    return sign_in(city.siti)


def fill(browser, **answers):
    return browser.get("/k/baru").form("/k/baru").fill(**answers)


def send(browser, **answers):
    """The form, the review, and off: the receipt."""
    return fill(browser, **answers).submit("review").form("/k/baru").submit("send")


def flags_in(city):
    city.db.rollback()
    city.db.expire_all()
    return city.db.scalars(select(Flag).order_by(Flag.received_at)).all()


def opened(city, flag):
    """The answers, story and identity as the head of the unit can open them."""
    key = commands.content_key(city.db, ring_of(city, city.ratna), flag.id)
    return (sealed.open_answers(key, flag.id, flag.sealed_answers),
            sealed.open_story(key, flag.id, flag.sealed_story),
            sealed.open_identity(key, flag.id, flag.sealed_identity))


def at_desk(city, code, act):
    """Let an officer open the concern, then do something with it."""
    with writing(city.db):
        flag = city.db.scalars(select(Flag).where(Flag.code == code)).one()
        viewer = viewer_of(city.db, city.rina)
        commands.open_flag(city.db, ring_of(city, city.rina), flag, by=viewer)
        if act is not None:
            act(flag, viewer)


def ask(city, code, template="when_call"):
    at_desk(city, code, lambda flag, by: commands.ask(city.db, city.settings, flag, template, by=by,
                                                      version=flag.version))


def handle(city, code):
    def act(flag, by):
        commands.take(city.db, flag, by=by, version=flag.version)
        commands.assess(city.db, city.settings, flag, Risk.MEDIUM, by=by, version=flag.version)
        commands.act(city.db, city.settings, flag, next_date=MORNING.date() + timedelta(days=3), by=by,
                     version=flag.version)

    at_desk(city, code, act)


def close(city, code, closing="done"):
    def act(flag, by):
        flag.risk_assessed, flag.assignee_id = Risk.LOW, by.account_id
        commands.close(city.db, city.settings, flag, closing, by=by, version=flag.version)

    at_desk(city, code, act)


def sent_by(city, person, **kwargs):
    """The code, as it is spoken, of a concern that this person sent."""
    with writing(city.db):
        return spoken(a_flag(city.db, city.settings, person, **kwargs).code)


# Home


@pytest.mark.parametrize(("hour", "greeting"), [(0, "Good evening"), (4, "Good morning"), (9, "Good morning"),
                                                (11, "Good day"), (15, "Good afternoon"), (18, "Good evening")])
def test_home_greets_by_the_time_of_day_where_the_city_is(city, sign_in, hour, greeting):
    with telling(datetime(2026, 11, 24, tzinfo=UTC) + timedelta(hours=hour - 7)):
        page = sign_in(city.siti).get("/")

    assert page.root.all("h1")[0].text == f"{greeting}, Bu Siti"
    assert "Cadre RW 07, Kelurahan Jatirahayu" in page.text


def test_home_offers_two_jobs_and_shows_the_latest_three(city, siti):
    codes = []
    for minute in range(4):
        with telling(now() - timedelta(hours=1) + timedelta(minutes=minute)):
            codes.append(sent_by(city, city.siti))
    noise = sent_by(city, city.budi)

    page = siti.get("/")

    assert [link.attrs["href"] for link in page.root.all("a") if "aksi" in link.attrs.get("class", "")] == [
        "/s/baru", "/k/baru"]
    assert re.findall(r"\w{3}-\w{3}(?=\s+Sent)", page.text) == codes[:0:-1]
    assert noise not in page.html


def test_home_of_somebody_who_has_sent_nothing_says_so(siti):
    assert "You have not passed on a concern." in siti.get("/").text


@pytest.mark.parametrize(("here", "said"), [
    ({"last_held_on": date(2026, 10, 12), "last_attendance": 24, "missing_topic": "", "this_month": 0},
     "None yet this month. Last on 12 October, 24 people came."),
    ({"last_held_on": date(2026, 11, 2), "last_attendance": 1, "missing_topic": "", "this_month": 2},
     "Last on 2 November, 1 person came."),
    ({"last_held_on": None, "last_attendance": 0, "missing_topic": "", "this_month": 0},
     "No session yet. The first note takes only 1 minute."),
])
def test_home_says_when_the_last_session_was(city, sign_in, monkeypatch, here, said):
    monkeypatch.setattr(views.outreach, "here", lambda *_, **__: SimpleNamespace(area_name="RW 07", **here))

    with telling(MORNING):
        text = sign_in(city.siti).get("/").text

    assert "Sessions in RW 07" in text
    assert said in text
    assert ("None yet this month." in text) == (said.startswith("None"))


@pytest.mark.parametrize(("who", "path"), [("rina", "/antrean"), ("ratna", "/antrean"), ("wati", "/s"),
                                           ("lina", "/cakupan"), ("agus", "/akun")])
def test_others_are_led_from_home_to_their_own_work(city, sign_in, who, path):
    assert sign_in(getattr(city, who)).client.get("/").headers["Location"] == path


# Passing on


def test_the_whole_form_comes_in_one_page_with_nothing_chosen_but_the_safest(siti):
    page = siti.get("/k/baru")

    assert page.status == 203
    checked = {(box.attrs["name"], box.attrs["value"]) for box in page.root.all("input") if "checked" in box.attrs}
    assert checked == {("contact", "reporter"), ("shared_phone", "yes")}
    assert page.form("/k/baru").values[-1] == ("place", "RW 07, Jatirahayu")
    links = {link.attrs["href"] for link in page.root.all("a")}
    assert links >= {"tel:112", "tel:110", "tel:129", "tel:021-555-0100"}


def test_the_calm_lane_takes_no_typing_and_ends_on_the_receipt(city, siti):
    receipt = send(siti, **CALM)

    flag, = flags_in(city)
    assert receipt.path == f"/k/{spoken(flag.code)}"
    assert "Your concern has arrived." in receipt.root.all("h1")[0].text
    assert spoken(flag.code) in receipt.text
    answers, story, identity = opened(city, flag)
    assert answers == Answers(Danger.AGAIN, who=Who.GIRL, signs=(Sign.AFRAID,), known=Known.WITNESSED, place="RW 07")
    assert story == ""
    assert (identity.reporter_name, identity.reporter_phone, identity.reporter_area) == (
        "Bu Siti", "0812-0000-0001", "RW 07, Jatirahayu")


def test_the_emergency_lane_needs_one_answer(city, siti):
    review = fill(siti, danger="now").submit("review")

    assert [term.text for term in review.root.all("dt")] == [
        "Is this person in danger right now?", "Call first", "Where can officers find them?"]
    review.form("/k/baru").submit("send")
    flag, = flags_in(city)
    assert flag.risk_estimate == Risk.HIGH
    answers, _, _ = opened(city, flag)
    assert answers == Answers(Danger.NOW, place="RW 07")


def test_every_answer_arrives_as_it_was_given(city, siti):
    send(siti, danger="unknown", who="woman", age="25_59", needs=["walking", "pregnant"], signs=["injury", "phone"],
         story="Baris satu\nBaris <b>dua</b> & بسم 🙏", known="told_by_person", relation="neighbour",
         place="Kelurahan Jatikramat", rt="03", landmark="dekat musala", nickname="S.", school="SMP 2",
         aware="not_yet_willing", contact="person", person_phone="0812 7777 1111", person_time="pagi",
         person_ways=["call", "no_message"], call_times=["morning", "evening"], shared_phone="no",
         keep_from=["rt_rw", "school"])

    flag, = flags_in(city)
    answers, story, identity = opened(city, flag)
    assert answers == Answers(
        Danger.UNKNOWN, who=Who.WOMAN, age="25_59", needs=(Need.WALKING, Need.PREGNANT),
        signs=(Sign.INJURY, Sign.PHONE), known=Known.TOLD_BY_PERSON, relation="neighbour",
        aware=Aware.NOT_YET_WILLING, contact=Contact.PERSON, call_times=(CallTime.MORNING, CallTime.EVENING),
        shared_phone=False, keep_from=(KeepFrom.RT_RW, KeepFrom.SCHOOL), place="Jatikramat")
    assert story == "Baris satu\nBaris <b>dua</b> & بسم 🙏"
    assert (identity.rt, identity.landmark) == ("03", "dekat musala")
    assert (identity.nickname, identity.school) == ("S.", "SMP 2")
    assert (identity.person_phone, identity.person_time, identity.person_ways) == (
        "+6281277771111", "pagi", (Way.CALL, Way.NO_MESSAGE))
    assert flag.kelurahan_id == area(city.db, "98.01.02.1001").id


def test_what_opens_the_form_from_a_session_has_answered_how_she_knows(siti):
    assert ("known", "session") in siti.get("/k/baru?dari=s").form("/k/baru").values
    assert not [value for name, value in siti.get("/k/baru?dari=x").form("/k/baru").values if name == "known"]


def test_a_counsellor_starts_from_her_school(city, sign_in):
    browser = sign_in(city.guru)

    values = dict(browser.get("/k/baru").form("/k/baru").values)
    send(browser, **CALM)

    assert (values["place"], values["school"]) == ("SMP Contoh 1, Jatirahayu", "SMP Contoh 1")
    flag, = flags_in(city)
    answers, _, identity = opened(city, flag)
    assert (answers.place, identity.school) == ("SMP Contoh 1", "SMP Contoh 1")


def test_the_places_are_hers_first_then_her_kelurahan_then_every_kelurahan_of_her_city(siti):
    places = [option.text for option in siti.get("/k/baru").root.all("option")]

    assert places == ["RW 07, Jatirahayu", "RW 08, Jatirahayu", "Kelurahan Jatikramat", "Kelurahan Jatirahayu",
                      "Kelurahan Jatiwarna"]


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("who", ["wati", "rina", "ratna", "lina", "agus"])
@pytest.mark.parametrize("path", ["/k", "/k/baru", "/k/K7M-4PX", "/k/K7M-4PX/tambah"])
def test_for_others_the_cadres_pages_are_not_there(city, sign_in, who, path):
    assert sign_in(getattr(city, who)).get(path).status == 404


# The review


def test_the_review_says_every_answer_in_words_and_what_was_left_open(siti):
    review = fill(siti, **{**CALM, "signs": ["injury", "afraid"], "story": "Baris satu\nBaris dua"}).submit("review")

    said = {term.text: value.all("span")[0].text
            for term, value in zip(review.root.all("dt"), review.root.all("dd"), strict=True)}
    assert said == {
        "Is this person in danger right now?": "It may happen again", "Who are you worried about?": "A girl",
        "About how old?": "Not answered", "Do they need special help? (may be skipped)": "Not answered",
        "What makes you worried?": "Unusual injuries or pain Seems very afraid of someone",
        "Tell it briefly (may be skipped)": "Baris satu Baris dua", "How do you know?": "I saw or heard it myself",
        "Who are you to them? (may be skipped)": "Not answered", "Where can officers find them?": "RW 07, Jatirahayu",
        "Does the child know that you are passing this on?": "Do not know",
        "Whom may officers contact?": "Call me first", "When is it safe to call you?": "Not answered",
        "Do you share your phone with family?": "Yes", "Who must not know? (may be skipped)": "Nobody in particular",
    }
    assert "Not sent yet." in review.text
    assert "Officers will call you to learn the place." in review.text


def test_the_review_says_what_follows_when_she_does_not_want_help_yet(siti):
    adult = {**CALM, "who": "woman", "aware": "not_yet_willing", "landmark": "dekat musala"}

    text = fill(siti, **adult).submit("review").text

    assert "We respect that. Officers talk with you first." in text
    assert "Officers will call you to learn the place." not in text


def test_looking_at_the_review_sends_nothing(city, siti):
    fill(siti, **CALM).submit("review")

    assert flags_in(city) == []


def test_from_the_review_an_answer_can_be_changed_and_nothing_else_is_lost(city, siti):
    given = {**CALM, "story": "Baris satu\nBaris dua", "keep_from": ["school"], "nickname": "S."}
    review = fill(siti, **given).submit("review")
    change = next(b for b in review.root.all("button") if "What makes you worried?" in b.text)
    assert change.attrs["formaction"] == "/k/baru#s3"

    form = siti.post("/k/baru", [*review.form("/k/baru").values, ("action", "edit")])
    receipt = form.form("/k/baru").fill(signs=["injury"]).submit("review").form("/k/baru").submit("send")

    assert form.status == 203
    assert not form.errors
    assert receipt.status == 203
    flag, = flags_in(city)
    answers, story, identity = opened(city, flag)
    assert (answers.signs, answers.keep_from) == ((Sign.INJURY,), (KeepFrom.SCHOOL,))
    assert (story, identity.nickname) == ("Baris satu\nBaris dua", "S.")


# What cannot stand


def test_what_is_missing_is_said_on_top_and_beside_and_answers_stay(city, siti):
    page = fill(siti, danger="again", story="Yang sudah ditulis").submit("review")

    assert page.status == 422
    assert page.title.startswith("Check: ")
    one, many = ("Choose one answer. If in doubt, choose I do not know.",
                 "Choose at least one. If it is hard, choose number 8.")
    assert page.errors == [f"Who are you worried about? {one}", many, f"How do you know? {one}",
                           f"Do they know that you are passing this on? {one}"]
    links = [a.attrs["href"] for box in page.root.all("div", role="alert") for a in box.all("a")]
    assert links == ["#who", "#signs", "#known", "#aware"]
    for link in links:
        asked = page.root.all("fieldset", id=link[1:])[0]
        assert asked.attrs["aria-describedby"] == f"{link[1:]}-salah"
        assert asked.all("p", id=f"{link[1:]}-salah")[0].text in {one, many}
    values = dict(page.form("/k/baru").values)
    assert (values["danger"], values["story"]) == ("again", "Yang sudah ditulis")
    assert flags_in(city) == []


@pytest.mark.parametrize(("answers", "asked"), [
    ({"who": "girl"}, "child_aware"), ({"who": "boy"}, "child_aware"), ({"who": "woman"}, "aware"),
    ({"who": "several"}, "aware"), ({"who": "unknown", "age": "6_12"}, "child_aware"),
    ({"who": "several", "age": "13_17"}, "child_aware"), ({"who": "woman", "age": "13_17"}, "aware"),
    ({"who": "unknown", "age": "18_24"}, "aware"),
])
def test_whether_they_know_is_asked_by_whom_it_is_about(siti, answers, asked):
    page = fill(siti, danger="again", signs=["other"], known="guess", **answers).submit("review")

    links = [a.attrs["href"] for a in page.root.all("a")]
    assert [link for link in links if link in {"#aware", "#child_aware"}] == [f"#{asked}"]


def test_the_question_for_the_other_case_is_good_enough(city, siti):
    send(siti, **{**CALM, "child_aware": [], "aware": "cannot_ask"})

    flag, = flags_in(city)
    assert opened(city, flag)[0].aware is Aware.CANNOT_ASK


ABSURD = {
    "an unknown danger": {"danger": "tomorrow"},
    "an unknown person": {"who": "ghost"},
    "an unknown age": {"age": "-5"},
    "an unknown need": {"needs": ["money"]},
    "an unknown sign": {"signs": ["afraid", "\0"]},
    "an unknown way to know": {"known": "dream"},
    "an unknown relation": {"relation": "<script>"},
    "another city's place": {"place": "RW 01, Tetangga Satu"},
    "a place that is a number": {"place": "1"},
    "no place": {"place": ""},
    "an unknown awareness": {"child_aware": "wants_help"},
    "an unknown contact": {"contact": "everybody"},
    "an unknown hour": {"call_times": ["25:00"]},
    "an unknown answer on the phone": {"shared_phone": "maybe"},
    "an unknown person to keep it from": {"keep_from": ["x"]},
    "a long story": {"story": "x" * 501},
    "a long landmark": {"landmark": "x" * 121},
    "a long nickname": {"nickname": "x" * 41},
    "a long RT": {"rt": "0" * 11},
    "a long school": {"school": "x" * 81},
    "a number that is none": {"person_phone": "62"},
    "words for a number": {"person_phone": "tanya tetangga"},
    "two dangers": {"danger": ["now", "none"]},
    "two places": {"place": ["RW 07, Jatirahayu", "RW 08, Jatirahayu"]},
    "two stories": {"story": ["a", "b"]},
    "no sign": {"signs": []},
}


@pytest.mark.asvs("V2.2.1", "V2.2.2", "V15.3.7")
@pytest.mark.parametrize("answers", ABSURD.values(), ids=ABSURD.keys())
def test_what_no_person_would_answer_is_refused_with_a_sentence(city, siti, answers):
    page = fill(siti, **{**CALM, **answers}).submit("send")

    assert page.status == 422
    assert page.errors
    assert all(error.endswith(".") for error in page.errors)
    assert flags_in(city) == []


@pytest.mark.asvs("V1.3.3")
def test_signs_that_cannot_be_seen_are_left_out_and_the_rest_is_kept_as_written(city, siti):
    send(siti, **{**CALM, "story": "  <script>alert(1)</script>\0\x07\r\nّ\u202eterbalik 👩‍👧  ", "nickname": "S\0\n"})

    flag, = flags_in(city)
    _, story, identity = opened(city, flag)
    assert story == "<script>alert(1)</script>\nّ\u202eterbalik 👩‍👧"
    assert identity.nickname == "S"


@pytest.mark.asvs("V1.2.1")
def test_what_was_typed_is_shown_as_text_never_as_a_page(siti):
    page = fill(siti, danger="again", story="</textarea><script>alert(1)</script>").submit("review")

    assert not any("alert" in script.text for script in page.root.all("script"))
    assert dict(page.form("/k/baru").values)["story"] == "</textarea><script>alert(1)</script>"


def test_500_characters_are_500_however_the_lines_end(city, siti):
    send(siti, **{**CALM, "story": "\r\n".join("x" * 9 for _ in range(50))})

    flag, = flags_in(city)
    assert len(opened(city, flag)[1]) == 499


def test_ten_megabytes_are_refused_and_nothing_is_kept(city, siti):
    page = fill(siti, **{**CALM, "story": "x" * 10_000_000}).submit("send")

    assert page.status == 413
    assert flags_in(city) == []


def test_a_form_without_its_key_is_shown_again_with_a_fresh_one(city, siti, sign_in):
    others = dict(sign_in(city.budi).get("/k/baru").form("/k/baru").values)["once"]
    for key in ("", "made.up", others):
        page = fill(siti, **CALM, once=key).submit("send")

        assert page.status == 422
        assert page.errors == ["This form is too old. Check your answers, then send again."]
        fresh = page.form("/k/baru")
        assert dict(fresh.values)["once"] not in {key, ""}
        assert dict(fresh.values)["danger"] == "again"
    assert flags_in(city) == []


# Once, and once only


def test_sent_twice_it_is_one_concern_and_one_receipt(city, siti):
    review = fill(siti, **CALM).submit("review").form("/k/baru")

    first, second = review.submit("send"), review.submit("send")

    assert first.path == second.path
    assert len(flags_in(city)) == 1


def test_sent_again_after_a_change_it_says_that_the_first_has_arrived(city, siti):
    form = fill(siti, **CALM)
    form.submit("send")

    page = form.fill(danger="now").submit("send")

    assert page.status == 409
    assert "This has arrived already" in page.text
    assert page.link("My concerns").status == 203
    assert [flag.risk_estimate for flag in flags_in(city)] == [Risk.MEDIUM]


def test_a_new_form_is_a_new_concern(city, siti):
    assert send(siti, **CALM).path != send(siti, **CALM).path
    assert len(flags_in(city)) == 2


@pytest.mark.asvs("V3.5.1")
def test_a_form_from_elsewhere_is_refused(city, siti):
    for token in ("", "forged"):
        page = fill(siti, danger="now", csrf_token=token, once="").submit("send")

        assert page.status == 403
    assert flags_in(city) == []


# With htmx


def htmx(**more):
    return {"HX-Request": "true", "HX-Target": "utama", **more}


def test_htmx_is_led_to_the_receipt(city, siti):
    answer = fill(siti, **CALM).submit("send", **htmx())

    flag, = flags_in(city)
    assert answer.status == 204
    assert answer.response.headers["HX-Redirect"] == f"/k/{spoken(flag.code)}"


def test_htmx_gets_whole_pages_for_faults_so_that_it_finds_the_part_it_swaps(siti):
    form = fill(siti, **CALM)
    faulty = fill(siti, danger="again").submit("send", **htmx())
    form.submit("send", **htmx())
    twice = form.fill(danger="none").submit("send", **htmx())

    assert (faulty.status, twice.status) == (422, 409)
    for page in (faulty, twice):
        assert page.root.all("main", id="utama")


def test_htmx_finds_its_part_in_the_pages_for_refusals_too(city, siti):
    """Else it would swap the page for nothing, and what she typed would be gone without a word."""
    hers = sent_by(city, city.siti)
    form = siti.get(f"/k/{hers}/tambah").form("/tambah").fill(text="halo")
    form.action = form.action.replace(hers, "K7M-4PX")

    page = form.submit(**htmx())

    assert page.status == 404
    assert page.root.all("main", id="utama")


def test_htmx_learns_that_the_sign_in_has_ended(city, siti):
    form = fill(siti, **CALM)
    siti.client.delete_cookie("s")

    assert form.submit("send", **htmx()).status == 401
    assert flags_in(city) == []


# The sign-in ends in the middle


def test_answers_survive_a_pause_and_are_sent_only_by_another_tap(city, siti):
    form = fill(siti, **{**CALM, "signs": ["injury", "phone"], "story": "Baris satu\nBaris dua"})
    with telling(now() + timedelta(minutes=4)):
        locked = form.submit("send")
        assert "They are not sent yet." in locked.text
        assert "Baris" not in locked.html
        entered = locked.form("/masuk").submit("ask").form("/masuk").fill(secret=city.siti.secret).submit()
        back = entered.form("/k/baru").submit()
        assert flags_in(city) == []

        values = back.form("/k/baru").values
        receipt = back.form("/k/baru").submit("send")

    assert back.status == 203
    assert not back.errors
    assert ("signs", "phone") in values
    assert dict(values)["story"] == "Baris satu\nBaris dua"
    assert receipt.path.startswith("/k/")
    assert len(flags_in(city)) == 1


def test_answers_open_for_nobody_else_who_signs_in(city, siti, sign_in):
    form = fill(siti, **{**CALM, "story": "Hanya untuk petugas"})
    siti.client.delete_cookie("s")
    carried = dict(form.submit("send").form("/masuk").values)["carried"]

    page = sign_in(city.budi)
    token = dict(page.get("/k/baru").form("/k/baru").values)["csrf_token"]
    shown = page.post("/k/baru", [("carried", carried), ("csrf_token", token)])

    assert "Hanya untuk petugas" not in shown.html
    assert not [v for n, v in shown.form("/k/baru").values if n == "danger"]
    assert flags_in(city) == []


def test_answers_survive_a_new_sign_in_in_another_tab(city, siti, sign_in):
    """The page's anti-forgery token is of the sign-in before; its one-use key still says that it is hers."""
    form = fill(siti, **{**CALM, "story": "Baris satu"})
    renewed = sign_in(city.siti)
    siti.client.set_cookie("s", renewed.client.get_cookie("s").value)

    by_script = form.submit("send", **htmx())
    page = form.submit("send")
    back = page.form("/k/baru").submit()
    receipt = back.form("/k/baru").submit("send")

    assert by_script.status == 401
    assert page.status == 403
    assert "Your answers are still here." in page.text
    assert dict(back.form("/k/baru").values)["story"] == "Baris satu"
    assert receipt.path.startswith("/k/")
    assert len(flags_in(city)) == 1


@pytest.mark.asvs("V9.1.1")
def test_a_forged_form_is_given_back_to_nobody(city, siti, sign_in):
    stolen = dict(sign_in(city.budi).get("/k/baru").form("/k/baru").values)["once"]

    page = fill(siti, danger="now", csrf_token="forged", once=stolen).submit("send")

    assert page.status == 403
    assert "This page is too old" in page.text


# What became of it


@pytest.mark.asvs("V8.2.2")
def test_hidden_and_absent_concerns_answer_alike(city, siti):
    hers, foreign = sent_by(city, city.siti), sent_by(city, city.budi)
    absent = next(code for code in ("K7M-4PX", "222-222", "333-333") if code not in {hers, foreign})
    token = dict(siti.get(f"/k/{hers}/tambah").form("/tambah").values)["csrf_token"]

    def answer(method, code, end):
        page = siti.get(f"/k/{code}{end}") if method == "get" else siti.post(
            f"/k/{code}{end}", [("csrf_token", token), ("text", "halo")])
        same = re.sub(r'name="csrf_token" value="[^"]+"', "", page.html).replace(code, "CODE")
        told = {name: value for name, value in page.response.headers if name not in {"Set-Cookie", "Content-Length"}}
        return page.status, same, told

    assert siti.get(f"/k/{hers}").status == 203
    for method, end in (("get", ""), ("get", "/tambah"), ("post", "/tambah"), ("post", "/jawab")):
        answers = [answer(method, code, end) for code in (foreign, absent, "nonsense")]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][0] == 404


def steps(page):
    return [(li.all("b")[0].text.split(" ,")[0], li.attrs.get("aria-current", ""),
             " ".join(s.text for s in li.all("span") if "kecil" in s.attrs.get("class", "")).replace(" .", "."))
            for ol in page.root.all("ol") if "alur" in ol.attrs.get("class", "") for li in ol.all("li")]


def test_inside_service_hours_the_receipt_promises_a_call_by_the_clock(city, sign_in):
    with telling(MORNING):
        page = send(sign_in(city.siti), danger="now")

    assert steps(page) == [
        ("Received", "step", "today, 09:28"), ("Read", "", ""),
        ("Being handled", "", "An officer calls you by today, 10:28 at the latest, unless you asked for no contact."),
        ("Closed", "", "You will be told. What is done stays secret.")]


@pytest.mark.parametrize(("moment", "said"), [
    (MORNING.replace(hour=14), "Officers read this tomorrow morning from 08:00."),  # Tuesday, 21.00
    (MORNING.replace(hour=0, minute=5), "Officers read this today from 08:00."),  # Tuesday, 07.05
    (datetime(2026, 11, 27, 10, tzinfo=UTC), "Officers read this 30 November from 08:00."),  # Friday, 17.00
])
def test_outside_service_hours_it_says_from_when_somebody_reads(city, sign_in, moment, said):
    with telling(moment):
        page = send(sign_in(city.siti), danger="now")

    read, handled = steps(page)[1:3]
    assert read == ("Read", "", f"{said} Before that, if it gets worse, call 112.")
    assert handled == ("Being handled", "", "")


def test_each_stage_says_when_and_what_comes_next(city, sign_in):
    with telling(MORNING):
        code = sent_by(city, city.siti).replace("-", "")
    with telling(MORNING + timedelta(minutes=13)):
        at_desk(city, code, None)
        read = steps(sign_in(city.siti).get(f"/k/{spoken(code)}"))
    with telling(MORNING + timedelta(minutes=40)):
        handle(city, code)
        page = sign_in(city.siti).get(f"/k/{spoken(code)}")
    with telling(MORNING + timedelta(days=2)):
        close(city, code, "passed_on")
        closed = sign_in(city.siti).get(f"/k/{spoken(code)}")

    assert read[:2] == [("Received", "", "today, 09:28"),
                        ("Read", "step", "today, 09:41. Officers are deciding on a safe step.")]
    assert steps(page)[2] == ("Being handled", "step", "today, 10:08. Officers have begun to take steps. "
                                                       "Next news by 27 November, 16:00.")
    assert steps(closed)[3] == ("Closed", "step", "today, 09:28. It was passed on to the service in charge.")
    assert "has arrived" not in page.root.all("h1")[0].text
    assert not [a for a in closed.root.all("a") if "tambah" in a.attrs["href"]]


def test_a_late_promise_is_admitted_and_not_repeated(city, sign_in):
    with telling(MORNING):
        code = sent_by(city, city.siti, answers=some_answers(danger=Danger.NOW))
    with telling(MORNING + timedelta(minutes=61)):
        page = sign_in(city.siti).get(f"/k/{code}")

    assert "We are later than promised. Sorry." in page.text
    assert "tel:021-555-0100" in page.html
    assert steps(page)[2] == ("Being handled", "", "")


def test_what_was_closed_without_a_step_is_not_called_handled(city, siti):
    code = sent_by(city, city.siti)
    close(city, code.replace("-", ""), "not_now")

    words = [(word, li) for word, li, _ in steps(siti.get(f"/k/{code}"))]
    assert words == [("Received", ""), ("Read", ""), ("Being handled", ""), ("Closed", "step")]
    done = [li.text for li in siti.get(f"/k/{code}").root.all("li") if ", done" in li.text]
    assert len(done) == 2


@pytest.mark.asvs("V8.2.3", "V15.3.1")
def test_nothing_that_was_sent_is_ever_shown_again(city, siti):
    marked = canary.markers("story", "landmark", "nickname", "school", "person_time", "message")
    given = {name: marker for name, marker in marked.items() if name != "message"}
    receipt = send(siti, **CALM, **given)
    code = receipt.path.removeprefix("/k/")
    siti.get(f"/k/{code}/tambah").form("/tambah").fill(text=marked["message"]).submit()
    ask(city, code.replace("-", ""))

    pages = [siti.get(path).html for path in ("/", "/k", f"/k/{code}", f"/k/{code}/tambah", "/k/baru")]

    assert [canary.found_in(html.encode(), marked) for html in [receipt.html, *pages]] == [[]] * 6


def test_the_list_is_turned_page_by_page(city, siti):
    codes = []
    for minute in range(30):
        with telling(MORNING + timedelta(minutes=minute)):
            codes.append(sent_by(city, city.siti))

    first = siti.get("/k")
    second = first.link("Older ones")

    shown = [re.findall(r"\w{3}-\w{3}(?=\s+Sent)", page.text) for page in (first, second)]
    assert shown[0] + shown[1] == codes[::-1]
    assert len(shown[0]) == 25
    assert "Older ones" not in second.text


@pytest.mark.parametrize("before", ["", "yesterday", "2026-11-24", "2026-11-24T09:28:00", "9" * 400, "\0",
                                    "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_page_mark_that_somebody_made_up_shows_the_newest(city, siti, before):
    code = sent_by(city, city.siti)

    assert code in siti.get("/k", query_string={"sebelum": before}).text


# Answering and adding


def test_a_question_waits_on_the_page_and_goes_once_it_is_answered(city, siti):
    code = sent_by(city, city.siti)
    ask(city, code.replace("-", ""))
    assert "1 message" in siti.get("/k").text
    page = siti.get(f"/k/{code}")
    assert "When can we call you?" in page.text

    answered = page.form("/jawab").fill(text="Sesudah magrib", call_times=["evening"]).submit()

    assert answered.path == f"/k/{code}"
    assert "Your answer has been sent." in answered.text
    assert "When can we call you?" not in answered.text
    message = city.db.scalars(select(Message)).one()
    key = commands.content_key(city.db, ring_of(city, city.rina), message.id)
    assert sealed.open_message(key, message) == {"text": "Sesudah magrib", "call_times": ["evening"]}


@pytest.mark.parametrize(("answers", "stands"), [
    ({}, False), ({"text": "x" * 501}, False), ({"call_times": ["noon"]}, False), ({"text": "   \0 "}, False),
    ({"call_times": ["any"]}, True),
])
def test_an_answer_says_something(city, siti, answers, stands):
    code = sent_by(city, city.siti)
    ask(city, code.replace("-", ""))
    form = siti.get(f"/k/{code}").form("/jawab")

    page = form.fill(**answers).submit()

    assert page.status == (203 if stands else 422)
    assert bool(page.errors) is not stands
    assert count(city, Message) == int(stands)


def count(city, model):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(model))


def test_an_answer_tapped_twice_is_one_answer(city, siti):
    code = sent_by(city, city.siti)
    ask(city, code.replace("-", ""))
    form = siti.get(f"/k/{code}").form("/jawab").fill(text="Sore")

    pages = form.submit(), form.submit()

    assert [page.path for page in pages] == [f"/k/{code}"] * 2
    assert count(city, Message) == 1


def test_something_new_is_added_and_what_got_worse_is_urgent(city, siti):
    receipt = send(siti, **{**CALM, "danger": "none"})
    code = receipt.path.removeprefix("/k/")

    page = receipt.link("Add something").form("/tambah").fill(worse="yes", text="Tadi malam lagi").submit()

    assert "It has arrived. The officers have been told." in page.text
    flag, = flags_in(city)
    assert (flag.status, flag.risk_estimate) == (Status.NEW, Risk.HIGH)
    assert page.path == f"/k/{code}"


def test_after_an_emergency_the_rest_can_be_told_without_typing(city, siti):
    code = send(siti, danger="now").path.removeprefix("/k/")

    siti.get(f"/k/{code}/tambah").form("/tambah").fill(who="girl", age="6_12", signs=["injury", "touched"]).submit()

    message = city.db.scalars(select(Message)).one()
    key = commands.content_key(city.db, ring_of(city, city.rina), message.id)
    assert sealed.open_message(key, message) == {"text": "", "worse": "unknown", "who": "girl", "age": "6_12",
                                                 "signs": ["injury", "touched"]}


@pytest.mark.parametrize("answers", [{}, {"worse": "no"}, {"text": "x" * 501}, {"worse": "perhaps", "text": "a"},
                                     {"who": "ghost", "text": "a"}, {"signs": ["x"], "text": "a"},
                                     {"text": ["a", "b"]}])
def test_an_addition_says_something_that_can_stand(city, siti, answers):
    code = sent_by(city, city.siti)

    page = siti.get(f"/k/{code}/tambah").form("/tambah").fill(**answers).submit()

    assert page.status == 422
    assert page.errors
    assert page.title.startswith("Check: ")
    assert count(city, Message) == 0


@pytest.mark.parametrize("end", ["jawab", "tambah"])
def test_words_that_come_when_all_is_closed_are_shown_not_swallowed(city, siti, end):
    code = sent_by(city, city.siti)
    ask(city, code.replace("-", ""))
    form = siti.get(f"/k/{code}" + ("/tambah" if end == "tambah" else "")).form(f"/{end}").fill(text="Masih takut")
    close(city, code.replace("-", ""))

    page = form.submit()

    assert page.status == 409
    assert "This one is closed." in page.text
    assert "Masih takut" in page.text
    assert count(city, Message) == 0


def test_a_closed_concern_offers_a_new_one_instead(city, siti):
    code = sent_by(city, city.siti)
    close(city, code.replace("-", ""))

    page = siti.get(f"/k/{code}/tambah")

    assert page.status == 203
    assert page.link("I am worried about someone").path == "/k/baru"


# What an onlooker sees


@pytest.mark.asvs("V14.2.1")
@pytest.mark.parametrize("language", ["en", "id"])
def test_addresses_and_titles_say_nothing(city, sign_in, language):
    browser = sign_in(city.siti, language)
    code = sent_by(city, city.siti)
    ask(city, code.replace("-", ""))
    review = fill(browser, **CALM).submit("review")
    faulty = fill(browser).submit("review")

    pages = [review, faulty, *(browser.get(p) for p in ("/", "/k", "/k/baru", f"/k/{code}", f"/k/{code}/tambah"))]

    for page in pages:
        assert page.root.all("html")[0].attrs["lang"] == language
        assert not TELLING.search(page.title)
        assert not TELLING.search(page.path)
        assert page.response.headers["Cache-Control"] == "no-store"
        assert page.root.all("form", id="keluar-cepat")


# The words that were agreed on (ux, sections 3 and 5)

AGREED = (
    "Terima kasih sudah peduli.", "Anda tidak perlu yakin. Khawatir saja sudah cukup.",
    "Anda tidak perlu mencari bukti. Petugas yang akan memeriksa.",
    "Yang membaca: petugas UPTD PPA yang bertugas. Nama Anda tidak diberitahukan kepada keluarga itu.",
    "Kalau ada bahaya sekarang: telepon 112 (darurat) atau 110 (polisi). Tanya-tanya: 129 (SAPA).",
    "Tombol Keluar cepat menutup halaman ini dan membuka halaman cuaca. Riwayat HP tidak terhapus.",
    "Apakah orang itu dalam bahaya sekarang?", "Ya, sekarang juga",
    "Sedang disakiti atau diancam, terluka, dikurung, atau ada senjata", "Mungkin terjadi lagi",
    "Masih serumah atau sering bertemu dengan orang yang ia takuti", "Tidak tampak bahaya saat ini",
    "Kejadian sudah lewat, atau ia sudah di tempat aman", "Saya tidak tahu",
    "Kalau bahaya sekarang, telepon dulu. Formulir ini tidak dibaca setiap menit.", "Telepon 112 (gratis, 24 jam)",
    "Jauhkan diri Anda dari bahaya.", "Jangan masuk atau melerai sendiri.", "Saya sudah menelepon",
    "Saya belum bisa menelepon", "Sudah ada orang lain yang menelepon", "Siapa yang Anda khawatirkan?",
    "Anak perempuan", "Anak laki-laki", "Perempuan dewasa", "Lebih dari satu orang", "Lainnya atau tidak tahu",
    "Kira-kira umurnya?", "Apakah ia perlu bantuan khusus? (boleh dilewati)",
    "Supaya petugas datang dengan cara yang tepat.", "Apa yang membuat Anda khawatir?",
    "Boleh pilih lebih dari satu. Pilih yang Anda lihat atau dengar sendiri.",
    "1. Ada luka atau sakit yang tidak wajar", "2. Terdengar bentakan, ancaman, atau pukulan",
    "3. Tampak sangat takut pada seseorang", "4. Tidak dirawat: lapar, sakit dibiarkan, ditinggal sendiri",
    "5. Disentuh atau diajak hal yang tidak pantas", "6. Diancam atau dipermalukan lewat HP",
    "7. Akan dinikahkan, disuruh bekerja, atau dibawa pergi", "8. Lainnya, atau sulit dijelaskan",
    "Cukup yang Anda lihat atau dengar. Tidak perlu menulis nama orang yang dicurigai.", "Bagaimana Anda tahu?",
    "Saya melihat atau mendengar sendiri", "Orang itu bercerita kepada saya", "Orang lain bercerita kepada saya",
    "Dari kegiatan sosialisasi", "Saya menduga saja", "Anda siapa baginya? (boleh dilewati)",
    "Anda sudah melakukan hal yang benar. Tidak perlu bertanya lagi kepadanya, apalagi kepada anak. "
    "Bertanya berulang bisa menyakiti dan menyulitkan penanganan.", "Di mana petugas bisa menemukannya?",
    "RW 07, Jatirahayu", "Patokan", "Nama panggilan", "Boleh inisial. Boleh dikosongkan.", "Nama sekolah",
    "Apakah ia tahu Anda menyampaikan kabar ini?", "Ya, dan ia mau dibantu", "Ya, tetapi ia belum mau", "Belum tahu",
    "Tidak bisa ditanya dengan aman", "Tidak perlu bertanya sekarang kalau itu berbahaya.",
    "Kami hormati. Petugas bicara dengan Anda dulu. Kalau nyawa terancam, petugas harus bertindak.",
    "Kapan polisi diberi tahu?", "Apakah anak tahu Anda menyampaikan kabar ini?",
    "Untuk anak, Anda tidak perlu izin. Jangan menanyai anak untuk mengisi ini.",
    "Siapa yang boleh dihubungi petugas?", "Hubungi saya dulu", "Boleh hubungi orang itu langsung",
    "Jangan hubungi siapa pun dulu, cukup catat", "Kecuali nyawa terancam", "Kapan aman menelepon Anda?",
    "HP Anda dipakai bersama keluarga?", "Siapa yang tidak boleh tahu? (boleh dilewati)", "Pengurus RT/RW",
    "Kader lain", "Pihak sekolah", "Petugas kelurahan/kecamatan", "Tidak ada",
    "Mereka tidak akan bisa membuka kabar ini.", "Periksa dulu", "Kirim kabar ini", "Batalkan dan hapus",
    "Belum terkirim. Sentuh Kirim kalau sudah benar.", "Belum terkirim. Tidak ada yang disimpan di HP ini.",
)


def test_the_form_says_what_was_agreed(city, sign_in):
    text = sign_in(city.siti, "id").get("/k/baru").text

    assert [words for words in AGREED if words not in text] == []


def test_faults_and_receipts_say_what_was_agreed(city, sign_in):
    browser = sign_in(city.siti, "id")
    with telling(MORNING):
        faults = fill(sign_in(city.siti, "id")).submit("review")
        inside = send(sign_in(city.siti, "id"), danger="now").text
    with telling(MORNING.replace(hour=14)):
        outside = send(sign_in(city.siti, "id"), danger="now").text
    code = sent_by(city, city.siti)
    close(city, code.replace("-", ""), "not_now")

    assert faults.errors[0] == \
        "Apakah orang itu dalam bahaya sekarang? Pilih satu jawaban. Kalau ragu, pilih Saya tidak tahu."
    assert "Pilih paling sedikit satu. Kalau sulit, pilih nomor 8." in faults.errors
    assert faults.title.startswith("Periksa: ")
    assert "Terima kasih. Kabar Anda sudah sampai." in inside
    assert "Petugas menelepon Anda paling lambat hari ini, 10.28, kecuali Anda minta tidak dihubungi." in inside
    assert ("Petugas membaca kabar ini besok pagi mulai 08.00. Sebelum itu, kalau memburuk, telepon 112."
            in outside)
    assert ("Belum bisa dilanjutkan sekarang. Ini bukan salah Anda. Kalau ada hal baru, sampaikan lagi."
            in browser.get(f"/k/{code}").text)


UNPLAIN = re.compile(r"\b(verifikasi|disposisi|asesmen|intervensi|terlapor|pelaku|klien|penyintas|korban|submit|"
                     r"login|logout|upload|dashboard|error|aib|oknum|damai|kekeluargaan|ditolak|palsu|hoaks)\b", re.I)


def test_a_cadres_pages_are_plain(city, sign_in):
    """At most 12 words a sentence on average, 20 in any (rulings, section 15), and no office word."""
    browser = sign_in(city.siti, "id")
    code = sent_by(city, city.siti)
    ask(city, code.replace("-", ""))
    pages = [browser.get(path) for path in ("/", "/k", "/k/baru", f"/k/{code}", f"/k/{code}/tambah")]
    pieces = [piece.text for page in pages for tag in ("p", "h1", "h2", "li", "small", "legend", "summary")
              for piece in page.root.all("main")[0].all(tag) if not piece.all("p")]
    sentences = [s for piece in pieces for s in re.split(r"[.?!:]\s+", piece) if s.strip()]
    lengths = [len(sentence.split()) for sentence in sentences]

    assert sum(lengths) / len(lengths) <= 12
    assert [s for s, length in zip(sentences, lengths, strict=True) if length > 20] == []
    assert {word for piece in pieces for word in UNPLAIN.findall(piece)} <= {"korban"}  # in what the law says
