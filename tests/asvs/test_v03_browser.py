"""ASVS 5.0 V3: what a browser is told, and what it can be made to do."""

import re
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import pyotp
import pytest

from portal.accounts.signin import KEY_COOKIE
from portal.base.clock import now
from tests.asvs.conftest import PEOPLE, addresses, browser_of, contents
from tests.outreach.test_photos import kept, picture, send
from tests.outreach.test_plans import planned
from tests.outreach.test_sessions import logged
from tests.reports.test_coverage_files import take
from tests.support.pages import Browser
from tests.support.source import scripts, templates

AS_A_SIGN_OF_LIFE = {"audit_entries", "audit_links", "presences"}
WITHOUT_TOKEN = {"accounts.quick_exit", "web.breach"}
"""What must work whatever else has ended (SameSite keeps strangers out), and what changes nothing (app.py)."""


@pytest.mark.asvs("V3.4.2", "V3.4.4", "V3.4.5", "V3.4.6", "V3.4.8", "V3.5.8")
def test_every_answer_carries_what_keeps_strangers_out(walked):
    for visit in walked:
        headers, where = visit.answer.headers, (visit.who, visit.path)
        policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
        assert policy["frame-ancestors"] == "'none'", where
        assert not [name for name in dict(headers) if name.startswith("Access-Control-")], where


@pytest.mark.asvs("V3.4.3", "V1.3.2")
def test_every_page_lets_run_only_what_is_ours(walked):
    for visit in walked:
        policy = visit.answer.headers["Content-Security-Policy"]
        rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert rules["default-src"] == "'none'", visit.path  # with it object-src
        assert rules["base-uri"] == "'none'", visit.path
        assert all(source == "'self'" or source.startswith(("'nonce-", "'sha256-"))
                   for source in rules["script-src"].split()), visit.path
        assert "unsafe" not in policy, visit.path


@pytest.mark.asvs("V3.6.1", "V3.7.1", "V14.2.3")
def test_no_page_names_another_host_or_needs_what_browsers_have_given_up(walked):
    for visit in walked:
        loaded = re.findall(r"<(?:script|link|img|source|iframe)\b[^>]*?\s(?:src|href)=\"([^\"]*)\"", visit.text)
        outside = [one for one in loaded if not one.startswith("/") or one.startswith("//")]
        assert [one for one in outside if not one.startswith("data:image/svg+xml,")] == [], visit.path
        assert not re.search(r"<(applet|object|embed|frame|frameset|marquee|plaintext)\b", visit.text), visit.path


@pytest.mark.asvs("V4.1.1")
def test_every_answer_says_what_it_is_and_in_which_letters(walked):
    for visit in walked:
        kind = visit.answer.headers.get("Content-Type", "")
        if visit.answer.get_data() and kind.startswith("text/"):
            assert "charset=utf-8" in kind.lower(), (visit.path, kind)
        assert kind or not visit.answer.get_data(), visit.path


@pytest.mark.asvs("V7.4.4")
def test_whoever_is_signed_in_finds_the_way_out_on_every_page(walked):
    inside = [visit for visit in walked if visit.answer.status_code == 203 and "<html" in visit.text]

    assert len(inside) > 50
    assert [visit.path for visit in inside if "/keluar" not in visit.text] == []


@pytest.mark.asvs("V3.5.6")
def test_no_page_wraps_itself_in_a_strangers_function(lived_in):
    client = Browser(lived_in.app.test_client()).client

    for path in ("/bantuan", "/aman", "/manifest.webmanifest", "/healthz"):
        asked = client.get(f"{path}?callback=steal&jsonp=steal")
        assert b"steal(" not in asked.data
        assert asked.mimetype == client.get(path).mimetype != "text/javascript"


@pytest.mark.asvs("V3.5.1")
@pytest.mark.parametrize("who", [who for who in PEOPLE if who != "guest"])
def test_no_form_without_its_token_is_taken_whoever_sends_it(lived_in, who):
    client = browser_of(lived_in, who).client
    before = contents(lived_in)

    for endpoint, path in addresses(lived_in, "POST"):
        if endpoint not in WITHOUT_TOKEN:
            answer = client.post(path, data={"csrf_token": "somebody-elses", "action": "send"})
            assert answer.status_code in {403, 404}, (endpoint, path)

    assert contents(lived_in) == before


@pytest.mark.asvs("V3.5.3")
@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_changes_by_being_looked_at_from_elsewhere(lived_in, who):
    """An officer's key cookie does not travel with a stranger's link (SameSite=Strict): without it, nothing opens."""
    client = browser_of(lived_in, who).client
    client.delete_cookie(KEY_COOKIE)
    before = but_for_signs_of_life(lived_in)

    acting = {path for _endpoint, path in addresses(lived_in, "POST")}
    for _endpoint, path in addresses(lived_in):
        client.get(path)
        if path in acting:  # a view that tells looking from acting by the word GET would act on HEAD
            client.head(path)

    assert but_for_signs_of_life(lived_in) == before


def but_for_signs_of_life(city):
    """Every row of every table but those that say that somebody looked."""
    return {name: rows for name, rows in contents(city).items() if name not in AS_A_SIGN_OF_LIFE}


@pytest.mark.asvs("V3.3.2", "V3.3.4", "V3.3.5")
def test_every_cookie_is_small_for_this_site_and_for_no_script(city):
    city.app.config["SESSION_COOKIE_SECURE"] = True
    client = city.app.test_client()
    told = []

    def ask(method, path, **more):
        answer = client.open(path, method=method, base_url="https://localhost", **more)
        told.extend(answer.headers.getlist("Set-Cookie"))
        return answer

    page = ask("GET", "/masuk/petugas").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    entered = ask("POST", "/masuk/petugas", headers={"Referer": "https://localhost/"}, data={
        "csrf_token": token, "name": city.rina.sign_in_name, "passphrase": city.rina.secret,
        "code": pyotp.TOTP(city.rina.totp).now()})
    queue = ask("GET", "/antrean")
    cookies = {name: cookie for said in told for name, cookie in SimpleCookie(said).items()}

    assert entered.status_code == 303
    assert queue.status_code == 203
    assert len(cookies) >= 3
    for name, cookie in cookies.items():
        assert cookie["httponly"], name
        assert cookie["secure"], name
        assert cookie["samesite"] in {"Lax", "Strict"}, name
        assert (cookie["domain"], cookie["path"]) == ("", "/"), name
        assert len(cookie.OutputString()) < 4096, name
        assert not cookie.value or cookie.value not in queue.get_data(as_text=True), name


@pytest.mark.asvs("V3.2.1", "V3.5.8", "V5.3.1", "V5.3.2", "V5.4.1", "V5.4.2")
def test_a_file_is_a_file_with_a_name_of_ours_and_never_a_page(city, sign_in, tmp_path):
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], photos_dir=tmp_path / "photos")
    siti, lina = sign_in(city.siti), sign_in(city.lina)
    session = logged(city)
    send(siti, session, picture(), name="../../wsgi.py.html")
    plan = planned(city, day=(now() + timedelta(days=3)).date())

    answers = [siti.client.get(f"/s/{session}/foto/{kept(city)[0].id}"), siti.client.get(f"/s/rencana/{plan}.ics"),
               *(take(lina, "/cakupan/daftar", "daftar", form) for form in ("csv", "xlsx"))]

    assert [file.name for file in (tmp_path / "photos").rglob("*")] == [f"{kept(city)[0].id}.jpg"]
    for answer in answers:
        assert answer.status_code in {200, 203}
        assert re.fullmatch(r'(inline|attachment); filename="[a-z0-9.-]+"', answer.headers["Content-Disposition"])
        assert answer.mimetype in {"image/jpeg", "text/calendar", "text/csv",
                                   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert all("attachment" in answer.headers["Content-Disposition"] for answer in answers[1:])


@pytest.mark.asvs("V3.2.2")
def test_our_scripts_make_no_page_of_text():
    making = r"\.(innerHTML|outerHTML)\b|insertAdjacentHTML|document\.write|\beval\(|new Function|Timeout\(\s*[\"'`]"

    assert [name for name, script in scripts().items() if re.search(making, script)] == []
    assert re.search(making, "box.innerHTML = name")
    assert '"allowEval":false' in templates()["web/templates/macros.html"]
    assert '"allowScriptTags":false' in templates()["web/templates/macros.html"]


@pytest.mark.asvs("V15.3.5", "V15.3.6")
def test_our_scripts_compare_strictly_and_reach_into_no_prototype():
    loose, prototype = r"[^=!<>]==[^=]|!=[^=]", r"__proto__|\.prototype\b|\.constructor\b"

    assert [name for name, script in scripts().items() if re.search(loose, script)] == []
    reaching = [name for name, script in scripts().items()
                if re.search(prototype, script.replace("HTMLFormElement.prototype.submit.call(", ""))]
    assert reaching == []
