"""What every answer carries, and what people read when something goes wrong."""

import errno
import logging
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import urlencode

import pyotp
import pytest
from flask import abort
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DatabaseError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from portal.accounts import entering, signin
from portal.accounts.models import SignIn
from portal.base.clock import telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Overloaded, Refused, Stale
from portal.flags import commands
from portal.flags.models import Flag
from portal.web import carry, db, locale, sealed
from portal.web.guard import public
from portal.web.shedding import Turn
from tests.support.pages import Browser


@pytest.mark.parametrize("path", ["/masuk", "/bantuan", "/aman", "/nowhere", "/static/app.css"])
def test_every_answer_tells_the_browser_to_run_and_show_nothing_of_others(guest, path):
    with guest.client.get(path) as answer:
        headers = answer.headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.asvs("V14.2.2", "V14.3.2")
def test_pages_are_kept_by_no_browser_and_a_signed_in_one_is_no_200(guest, sign_in, city):
    public_page, own_page = guest.client.get("/bantuan"), sign_in(city.siti).client.get("/bantuan")

    assert public_page.headers["Cache-Control"] == own_page.headers["Cache-Control"] == "no-store"
    assert (public_page.status_code, own_page.status_code) == (200, 203)


def test_a_sign_in_is_kept_on_no_disk_of_the_browser(city, guest):
    page = guest.get("/masuk/petugas").form("/masuk/petugas").fill(
        name="ratna", passphrase=city.ratna.secret, code=pyotp.TOTP(city.ratna.totp).now()).submit()

    lasting = {cookie.key for cookie in guest.client._cookies.values() if cookie.expires or cookie.max_age}
    assert page.path == "/antrean"
    assert {"s", "k"} <= {cookie.key for cookie in guest.client._cookies.values()}
    assert lasting & {"s", "k"} == set()


@pytest.mark.asvs("V14.2.2")
@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422, 429, 500, 503])
def test_what_went_wrong_is_kept_by_no_browser_either(city, sign_in, monkeypatch, status):
    monkeypatch.setitem(city.app.view_functions, "web.help_page", public(lambda: abort(status)))
    city.app.config["PROPAGATE_EXCEPTIONS"] = False

    said = sign_in(city.siti).client.get("/bantuan")

    assert (said.status_code, said.headers["Cache-Control"]) == (status, "no-store")


def test_answers_that_wait_for_a_sign_in_open_on_their_own_page_alone(city):
    carried = sealed.seal_answers(city.keys, "/k/baru", [("story", "mutiara")])

    assert sealed.open_answers(city.keys, "/k/baru", carried) == [("story", "mutiara")]
    assert sealed.open_answers(city.keys, "/s/baru", carried) is None


def test_no_forms_token_is_carried_over_a_sign_in(city):
    with city.app.test_request_context("/k/baru", method="POST", data={"csrf_token": "old", "story": "mutiara"}):
        carried = carry.sealed_answers("/k/baru")

    assert sealed.open_answers(city.keys, "/k/baru", carried) == [("story", "mutiara")]


@pytest.mark.asvs("V14.3.2")
def test_a_page_that_rests_has_her_name_and_is_no_200_either(sign_in, city):
    browser = sign_in(city.siti)
    with browser.client.session_transaction() as kept:
        kept["seen"] = 0

    rests = browser.client.get("/masuk")

    assert "Bu Siti" in rests.get_data(as_text=True)
    assert (rests.status_code, rests.headers["Cache-Control"]) == (203, "no-store")


def test_files_are_kept_for_ever_under_a_name_that_changes_with_them(guest):
    style = guest.get("/bantuan").root.all("link", rel="stylesheet")[0].attrs["href"]

    with guest.client.get(style) as answer:
        kept = answer.headers["Cache-Control"]

    assert "v=" in style
    assert "immutable" in kept


def test_cookies_are_for_this_site_and_no_script(city, guest):
    cookies = guest.client.get("/masuk").headers.getlist("Set-Cookie")

    assert cookies
    assert all("HttpOnly" in c and "SameSite=Lax" in c for c in cookies)


def test_over_https_cookies_are_secure_and_the_browser_keeps_to_it(city):
    city.app.config["SESSION_COOKIE_SECURE"] = True

    answer = city.app.test_client().get("/masuk", base_url="https://localhost")

    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


@pytest.mark.asvs("V5.2.1")
def test_ten_megabytes_of_text_are_refused_with_a_sentence(guest):
    answer = guest.post("/masuk", [("phone", "0" * 10_000_000), ("pin", "1")])

    assert answer.status == 413
    assert "Nothing was sent" in answer.text


@pytest.mark.asvs("V16.5.4")
@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nowhere", 404), ("PUT", "/nowhere", 404), ("PUT", "/masuk", 404), ("POST", "/masuk", 503)])
@pytest.mark.parametrize(("body", "announced"), [(b"x=" + b"0" * 3_000_000, 3_000_002), (b"once=0", 1000)],
                         ids=["too much", "cut off"])
def test_a_body_that_cannot_be_read_breaks_no_page_about_something_else(
        city, guest, method, path, status, body, announced):
    for _place in range(Turn.SIGN_IN.value if status == 503 else 0):  # noqa: PLR2004
        city.app.extensions["places"].take(Turn.CONCERN.value)

    answer = guest.client.open(path, method=method, **_as_gunicorn_hands_it_on(body, announced))

    assert answer.status_code == status
    assert "Content-Security-Policy" in answer.headers
    assert "112" in answer.text


def test_a_form_that_broke_off_on_its_way_is_not_taken_for_a_whole_one(city, sign_in):
    browser = sign_in(city.siti)
    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", signs=["injury"],
                                                       known="witnessed", child_aware="unknown", story="mutiara")
    whole = urlencode([("action", "send"), *form.values]).encode()
    assert whole.endswith(b"mutiara")

    answer = browser.client.post("/k/baru", **_as_gunicorn_hands_it_on(whole[:-4], len(whole)))
    kept = city.db.scalar(select(func.count()).select_from(Flag))
    form.submit("send")
    city.db.rollback()

    assert (answer.status_code, kept) == (400, 0)
    assert city.db.scalar(select(func.count()).select_from(Flag)) == 1


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_form_without_its_token_is_refused_calmly(city, language):
    client = city.app.test_client()
    client.set_cookie("b", language)

    page = Browser(client).post("/masuk", [("phone", "081200000001"), ("pin", "25831947")])

    assert page.status == 403
    assert ("Nothing was sent" if language == "en" else "Belum ada yang terkirim") in page.text


@pytest.mark.asvs("V16.2.5", "V16.5.1", "V16.5.4")
@pytest.mark.parametrize(("fault", "status", "sentence"), [
    (NotVisible(), 404, "not for your account"),
    (Refused("secret words"), 409, "not possible now"),
    (Stale("secret words"), 409, "Somebody else was just here"),
    (OperationalError("secret words", {}, Exception("secret words")), 503, "What you already sent is safe"),
    (Overloaded("secret words"), 503, "What you already sent is safe"),
    (ValueError("secret words"), 500, "something went wrong"),
    (KeyError("secret words"), 500, "something went wrong"),
])
def test_every_fault_ends_on_a_calm_page_and_its_words_reach_neither_page_nor_log(
        city, guest, caplog, fault, status, sentence):
    @public
    def fails():
        raise fault
    city.app.add_url_rule("/fails", "fails", fails)

    with caplog.at_level(logging.DEBUG):
        page = guest.get("/fails")

    assert page.status == status
    assert sentence in page.text
    assert "112" in page.root.text
    assert "secret words" not in page.html + caplog.text


@pytest.mark.asvs("V16.5.2")
def test_a_database_that_is_gone_is_said_and_nothing_else_breaks(city, sign_in, tmp_path):
    browser = sign_in(city.siti)
    with city.app.app_context():
        db.engine().dispose()
    (tmp_path / "city.sqlite").write_bytes(b"this is no database, only bytes" * 100)

    assert browser.get("/").status == 503
    numbers = browser.get("/bantuan")
    assert numbers.status == 200
    assert "112" in numbers.text


def test_what_could_not_be_kept_is_given_back_and_one_tap_brings_the_answers_again(city, sign_in, monkeypatch):
    browser = sign_in(city.siti)
    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", signs=["injury"],
                                                       known="witnessed", child_aware="unknown", story="mutiara")

    with monkeypatch.context() as broken:
        broken.setattr(commands, "send", _fails_with(OperationalError("full", {}, Exception())))
        refused = form.submit("send")
        again = refused.form("/k/baru").submit()

    assert (refused.status, refused.response.headers["Retry-After"]) == (503, "5")
    assert "Not sent yet" in refused.text
    assert "mutiara" not in refused.html
    assert "mutiara" in again.html
    assert "Thank you" in again.form("/k/baru").submit("send").text
    assert city.db.scalar(select(func.count()).select_from(Flag)) == 1


def test_a_sign_in_that_could_not_be_kept_gives_no_secret_back(city, guest, monkeypatch):
    form = guest.get("/masuk").form("/masuk/kartu").fill(who=city.siti.phone, pin="25831947", code="AAAA2222")
    monkeypatch.setattr(entering, "secret_fits", _fails_with(OperationalError("full", {}, Exception())))

    page = form.submit()

    assert (page.status, page.root.all("main")[0].all("input", name="carried")) == (503, [])


def test_quick_exit_leads_away_without_a_database_too(city, sign_in, monkeypatch):
    browser = sign_in(city.siti)
    monkeypatch.setattr(signin.commands, "end_sign_in", _fails_with(OperationalError("gone", {}, Exception())))

    left = browser.client.post("/keluar-cepat")

    assert (left.status_code, left.headers["Location"]) == (303, city.settings.exit_url)
    with browser.client.session_transaction() as cookie:
        assert "_user_id" not in cookie


def test_a_connection_that_breaks_after_the_answer_does_not_take_the_answer_away(city, sign_in, monkeypatch):
    browser = sign_in(city.siti)
    monkeypatch.setattr(Session, "close", _fails_with(OperationalError("gone", {}, Exception())))

    assert browser.client.get("/k").status_code == 203


@pytest.mark.parametrize(("fault", "status"), [
    (DatabaseError("malformed", {}, Exception()), 503), (InterfaceError("closed", {}, Exception()), 503),
    (NoConnection(), 503), (OSError(errno.ENOSPC, "full"), 503),
    (IntegrityError("ours", {}, Exception()), 500), (OSError(errno.EBADF, "ours"), 500),
])
def test_only_what_passes_by_itself_asks_to_come_back(city, guest, fault, status):
    city.app.add_url_rule("/fails", "fails", public(_fails_with(fault)))

    assert guest.get("/fails").status == status


def _fails_with(fault):
    def fails(*_args, **_kwargs):
        raise fault
    return fails


def test_another_method_is_answered_like_an_absent_page(guest):
    assert guest.client.post("/bantuan").status_code in {403, 404}
    assert guest.client.delete("/masuk").status_code == 404


@pytest.mark.parametrize(("hour", "said"), [(16, "tomorrow, 01:00"), (18, "today, 01:00")])
def test_a_day_is_that_of_the_city_and_tomorrow_begins_at_its_midnight(city, hour, said):
    early = datetime(2026, 11, 23, 18, tzinfo=UTC)  # 1 o'clock of the 24th in the city

    with city.app.test_request_context(headers={"Cookie": "b=en"}), telling(early.replace(hour=hour)):
        assert (locale.say_moment(early), locale.say_short_day(early)) == (said, "Tue, 24 Nov")


def test_a_strange_host_is_refused_where_hosts_are_named(city):
    city.app.config["TRUSTED_HOSTS"] = ["kota.example"]

    assert city.app.test_client().get("/masuk", base_url="http://evil.example").status_code == 400
    assert city.app.test_client().get("/masuk", base_url="http://kota.example").status_code == 200


def test_carried_answers_count_only_in_a_form_of_somebody_who_has_signed_in(city, guest, sign_in):
    siti, token = sign_in(city.siti), guest.get("/masuk").root.all("input", name="csrf_token")[0].attrs["value"]

    looked = siti.client.get("/", data={"carried": "x"})
    sent = guest.client.post("/bahasa", data={
        "csrf_token": token, "language": "id", "next": "/bantuan", "carried": "x"})

    assert looked.status_code == 203
    assert (sent.status_code, sent.location) == (303, "/bantuan")


def _locked(browser):
    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", story="mutiara")
    return browser.post("/istirahat", [*form.values, ("rest_for", "/k/baru")])


def test_a_page_that_could_not_lock_gives_its_answers_back_to_their_own_form(city, sign_in, monkeypatch):
    browser = sign_in(city.siti)

    with monkeypatch.context() as broken:
        broken.setattr(signin, "rest", _fails_with(OperationalError("gone", {}, Exception())))
        refused = _locked(browser)

    assert (refused.status, "mutiara" in refused.html) == (503, False)
    assert "mutiara" in refused.form("/k/baru").submit().html


def _end(city, browser, how):
    if how == "with its cookie":
        browser.client.delete_cookie("s")
    else:  # by its age, or a sign-in elsewhere
        with writing(city.db):
            city.db.execute(delete(SignIn))


@pytest.mark.parametrize("how", ["on the server", "with its cookie"])
@pytest.mark.parametrize("who", ["she", "somebody else"])
@pytest.mark.parametrize("what", ["locks", "is sent"])
def test_a_page_whose_sign_in_has_ended_gives_back_to_her_alone_what_was_typed(city, sign_in, how, who, what):
    browser, person = sign_in(city.siti), city.siti if who == "she" else city.budi
    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", story="mutiara")
    _end(city, browser, how)

    kept = (browser.post("/istirahat", [*form.values, ("rest_for", "/k/baru")]) if what == "locks"
            else form.submit())
    asked = kept.form("/masuk").submit("ask")
    back = asked.form("/masuk/kartu").fill(who=person.phone, pin=person.secret, code=person.card[0]).submit()
    pages = [kept, asked, back]
    if who == "she":
        pages.append(back.form("/k/baru").submit())

    assert "Your answers are kept" in kept.text
    assert ["mutiara" in page.html for page in pages] == [False, False, False, True][:len(pages)]


def test_a_form_of_hers_that_somebody_else_sends_after_signing_in_here_is_carried_nowhere(city, sign_in):
    browser = sign_in(city.siti)
    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", story="mutiara")
    browser.client.set_cookie("s", sign_in(city.budi).client.get_cookie("s").value)

    page = form.submit()

    assert "This page is too old" in page.text
    assert page.root.all("input", name="carried") == []


def test_what_is_carried_is_carried_on_through_another_pause(city, sign_in):
    browser = sign_in(city.siti)
    again = _locked(browser).form("/masuk", id="lagi").fill(secret=city.siti.secret).submit()
    with browser.client.session_transaction() as cookie:
        cookie["seen"] = 0

    asked = again.form("/k/baru").submit().form("/masuk").submit("ask")
    back = asked.form("/masuk", id="lagi").fill(secret=city.siti.secret).submit().form("/k/baru").submit()

    assert "mutiara" in back.html
    assert "mutiara" not in asked.html


def test_a_locked_page_whose_person_signed_in_elsewhere_gives_back_to_her_alone(city, sign_in):
    browser = sign_in(city.siti)
    locked = _locked(browser)
    pages = []
    for person in (city.budi, city.siti):
        browser.client.set_cookie("s", sign_in(person).client.get_cookie("s").value)
        pages.append(locked.form("/masuk", id="lagi").fill(secret=city.siti.secret).submit())
    his, hers = pages

    assert "This page is too old" in his.text
    assert his.root.all("main")[0].all("input", name="carried") == []
    assert "You are signed in again" in hers.text
    assert "mutiara" in hers.form("/k/baru").submit().html


def test_who_signs_in_with_her_card_on_a_locked_page_gets_her_answers_and_somebody_else_gets_none(city, sign_in):
    pages = []
    for person in (city.siti, city.budi):
        locked = _locked(sign_in(city.siti))
        asked = locked.form("/masuk", class_="rapat").submit("ask")
        pages += [locked, asked, asked.form("/masuk/kartu").fill(
            who=person.phone, pin=person.secret, code=person.card[0]).submit()]
    hers, his = pages[2], pages[5]

    assert "mutiara" in hers.form("/k/baru").submit().html
    assert [form for page in pages[:2] for form in page.root.all("form", action="/bahasa")] == []
    assert his.path == "/k/baru"  # where the page was, and nothing of what stood there
    assert "mutiara" not in his.html
    assert his.root.all("main")[0].all("input", name="carried") == []


def test_asking_whether_the_server_answers_keeps_nobody_awake(city, sign_in):
    browser = sign_in(city.siti)
    with browser.client.session_transaction() as cookie:
        seen = cookie["seen"] = cookie["seen"] - 60

    browser.client.get("/healthz")

    with browser.client.session_transaction() as cookie:
        assert cookie["seen"] == seen


def _as_gunicorn_hands_it_on(body, announced):
    """A form of which so much came, and so much was announced. Gunicorn says that the body ends by itself."""
    return {"input_stream": BytesIO(body), "content_type": "application/x-www-form-urlencoded",
            "environ_overrides": {"CONTENT_LENGTH": str(announced), "wsgi.input_terminated": True}}
