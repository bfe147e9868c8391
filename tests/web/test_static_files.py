"""Static files: small, the same for everyone, kept for ever, and the same work as what stands in the tree."""

import gzip
import re
from pathlib import Path

import pytest
from rcssmin import cssmin

from portal.web import assets
from tests.support import live

FOLDER = Path(assets.__file__).parent / "static"
STYLES = sorted(file.name for file in FOLDER.glob("*.css"))
OWN = sorted({*STYLES, *assets.SCRIPTS})
SERVED = [*OWN, "htmx.min.js"]
TINY = {"trust.js"}  # would only grow
ZIPPED = {"Accept-Encoding": "gzip, deflate, br"}


def asked(client, name, mark=None, **headers):
    with client.get(f"/static/{name}", query_string={"v": mark} if mark else None, headers=headers) as answer:
        answer.get_data()
        return answer


@pytest.mark.parametrize("name", SERVED)
def test_a_file_comes_minified_and_compressed_and_says_the_same_without(guest, name):
    plain, packed = asked(guest.client, name), asked(guest.client, name, **ZIPPED)

    assert plain.status_code == packed.status_code == 200
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.vary
    assert "Accept-Encoding" in packed.vary
    if name in TINY:
        assert packed.data == plain.data
        return
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data)
    assert plain.headers["ETag"] != packed.headers["ETag"]


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_what_stands_in_the_tree_without_comments_and_blanks(guest, name):
    written = (FOLDER / name).read_text()

    served = asked(guest.client, name).get_data(as_text=True)

    assert served == cssmin(written)
    assert len(served) < len(written)


@pytest.mark.parametrize("name", assets.SCRIPTS)
def test_a_script_was_made_small_since_its_sources_changed(guest, name):
    small = assets.made_small(name)

    assert small, "make scripts"
    assert asked(guest.client, name).data == small
    assert len(small) < sum(len(file.read_bytes()) for file in assets.sources(name)) * 0.75


def test_a_script_whose_sources_changed_is_served_as_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "stamp", lambda name: b"//another")
    assets.load.cache_clear()

    body = assets.load("phone.js").body

    assets.load.cache_clear()
    assert body == b"\n".join(file.read_bytes() for file in assets.sources("phone.js"))


def test_every_source_is_served_and_no_script_lies_about_that_nobody_asks_for():
    used = {file.name for name in assets.SCRIPTS for file in assets.sources(name)}

    assert {file.name for file in (FOLDER.parent / "scripts").iterdir()} == used
    assert {file.name for file in FOLDER.glob("*.js")} == {*assets.SCRIPTS, "htmx.min.js"}


@pytest.mark.parametrize("name", SERVED)
def test_the_same_file_is_the_same_bytes_in_every_process(name):
    first = assets.load(name)
    assets.load.cache_clear()

    assert assets.load(name) == first


@pytest.mark.asvs("V3.6.1", "V14.2.3")
@pytest.mark.parametrize("name", OWN)
def test_no_file_names_another_host_or_a_source_map(guest, name):
    served = asked(guest.client, name).get_data(as_text=True)

    assert not re.search(r"https?:|[\"'`(]//|sourceMappingURL", served)


def test_a_file_is_kept_for_ever_only_under_its_own_mark(guest):
    mark = assets.load("app.css").mark

    marked, old, bare = (asked(guest.client, "app.css", v) for v in (mark, "0ld0ne00", None))

    assert marked.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert old.headers["Cache-Control"] == bare.headers["Cache-Control"] == "no-cache"
    assert marked.data == old.data == bare.data


@pytest.mark.parametrize("headers", [{}, ZIPPED])
def test_who_has_a_file_already_is_not_sent_it_again(guest, headers):
    tag = asked(guest.client, "app.css", **headers).headers["ETag"]

    again = asked(guest.client, "app.css", **headers, **{"If-None-Match": tag})
    changed = asked(guest.client, "app.css", **headers, **{"If-None-Match": '"00000000"'})

    assert (again.status_code, again.data) == (304, b"")
    assert changed.status_code == 200


@pytest.mark.parametrize("encodings", ["identity", "gzip;q=0", "br", "*;q=0", "", "🙂", "gzip;q=-1"])
def test_a_browser_that_takes_no_gzip_gets_none(guest, encodings):
    answer = asked(guest.client, "app.css", **{"Accept-Encoding": encodings.encode().decode("latin-1")})

    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b":root")


@pytest.mark.asvs("V13.4.7")
@pytest.mark.parametrize("name", ["gone.js", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "a%00.js", "x" * 3000, ".",
                                  "app.js/", "😀.css"])
def test_nothing_else_can_be_asked_for_and_its_absence_is_not_kept(guest, name):
    answer = asked(guest.client, name)

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("V3.5.7")
def test_a_file_is_the_same_for_everyone_whatever_the_cookie_says(city, sign_in):
    client = sign_in(city.siti).client
    client.get("/")

    answer = asked(client, "app.css", **ZIPPED)

    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in answer.headers


# Pages

CHOSEN = ["/bantuan?x=csrf", "/tidak/ada/csrf", "/masuk?next=/k"]


def encoding(client, path):
    return client.get(path, headers=ZIPPED).headers.get("Content-Encoding")


@pytest.mark.parametrize("path", ["/masuk", "/bantuan", "/aman"])
def test_a_page_that_repeats_nothing_of_the_request_is_compressed(guest, path):
    plain, packed = guest.client.get(path), guest.client.get(path, headers=ZIPPED)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert b"</html>" in gzip.decompress(packed.data)
    assert "Accept-Encoding" in packed.vary


@pytest.mark.parametrize("path", CHOSEN)
def test_a_page_of_which_somebody_else_may_have_chosen_a_part_is_not(guest, path):
    assert encoding(guest.client, path) is None


def test_an_answer_to_a_form_is_compressed_only_if_it_came_from_our_own_page(city, sign_in):
    browser = sign_in(city.siti)
    form = browser.get("/s/baru").form("/s/baru")

    ours = browser.client.post("/s/baru", data=dict(form.values), headers=ZIPPED)
    theirs = browser.client.post("/s/baru", data={"note": "csrf_token"}, headers=ZIPPED)

    assert (ours.status_code, ours.headers.get("Content-Encoding")) == (422, "gzip")
    assert theirs.headers.get("Content-Encoding") is None


def test_pages_of_the_desk_are_not_compressed(city, sign_in):
    assert encoding(sign_in(city.rina).client, "/antrean") is None
    assert encoding(sign_in(city.siti).client, "/k") == "gzip"


# In a browser: minifying changed no rule of a style and broke no script


@pytest.mark.browser
def test_a_real_browser_reads_the_same_rules_and_can_parse_every_script():
    with live.chromium() as browser:
        page = browser.new_page()
        for name in STYLES:
            before, after = (page.evaluate(RULES, text) for text in ((FOLDER / name).read_text(),
                                                                     assets.load(name).body.decode()))
            assert before == after
            assert before
        for name in assets.SCRIPTS:
            page.evaluate("text => { new Function(text); }", assets.load(name).body.decode())


RULES = """text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map((rule) => rule.cssText);
}"""
