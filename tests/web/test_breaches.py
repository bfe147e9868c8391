"""A page that tries what its policy forbids is noticed, without a word of the page."""

import json
import logging
from datetime import timedelta

import pytest

from portal.base.clock import now, telling
from portal.web import breaches
from tests.support.live import PC, visiting

SECRET = "kata-rahasia"


def report(directive):
    return json.dumps({"csp-report": {"effective-directive": directive, "document-uri": f"https://x/{SECRET}",
                                      "blocked-uri": SECRET, "script-sample": SECRET}})


def sent(client, body, kind="application/csp-report"):
    return client.post(breaches.PATH, data=body, content_type=kind).status_code


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "portal"]


@pytest.mark.asvs("V3.4.7")
@pytest.mark.parametrize(("directive", "said"), [
    ("script-src-elem", "script-src"), ("connect-src", "connect-src"), (SECRET, "other"), ([SECRET], "other"),
    ({"a": SECRET}, "other"), (None, "other")])
def test_a_report_is_one_line_with_a_word_of_ours_and_none_of_the_page(guest, caplog, directive, said):
    assert sent(guest.client, report(directive)) == 204

    assert lines(caplog) == [f"a page tried what its policy forbids: {said}, 1 reported"]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("body", ["", "x", "[]", "[" * 20_000, '{"csp-report": 1}', "\x00", "a" * 200_000])
def test_whatever_is_sent_ends_calmly(guest, caplog, body):
    assert sent(guest.client, body) == 204
    assert lines(caplog) == ["a page tried what its policy forbids: other, 1 reported"]


def test_many_make_one_line_a_minute(guest, caplog):
    for _ in range(50):
        sent(guest.client, report("img-src"))
    with telling(now() + timedelta(minutes=1, seconds=1)):
        sent(guest.client, report("script-src"))

    assert [line.rpartition(": ")[2] for line in lines(caplog)] == ["img-src, 1 reported", "script-src, 50 reported"]


def test_it_asks_no_database_and_keeps_no_sign_in_awake(city, sign_in, monkeypatch):
    client = sign_in(city.siti).client
    monkeypatch.setattr("portal.web.db.session", lambda: pytest.fail("the database was asked"))

    answer = client.post(breaches.PATH, data=report("script-src"), content_type="application/csp-report")

    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers


@pytest.mark.asvs("V3.4.7")
@pytest.mark.browser
@pytest.mark.timeout(180)
def test_a_browser_says_so_when_something_is_slipped_into_a_page(city, chromium, address, caplog):
    caplog.set_level(logging.WARNING)
    with visiting(chromium, city, address, device=PC) as context:
        page = context.new_page()
        page.goto(f"{address}/bantuan")
        with page.expect_request(lambda request: request.url == address + breaches.PATH):
            page.evaluate("""() => {
                const picture = document.createElement("img");
                picture.src = "https://evil.example/x.png";
                document.body.append(picture);
            }""")
        page.wait_for_timeout(300)

    assert lines(caplog) == ["a page tried what its policy forbids: img-src, 1 reported"]
