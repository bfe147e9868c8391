"""Static files: small, the same for everyone, kept for ever, and the same work as what stands in the tree."""

import gzip
import re
from pathlib import Path

import pytest
from rcssmin import cssmin
from rjsmin import jsmin

from portal.web import assets
from tests.support import live

FOLDER = Path(assets.__file__).parent / "static"
OWN = sorted(file.name for file in FOLDER.iterdir() if file.suffix in {".js", ".css"} and ".min." not in file.name)
SERVED = sorted({*OWN, "htmx.min.js", *assets.BUNDLES})
TINY = {"coverage.js", "print.js", "trust.js"}  # would only grow
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


@pytest.mark.parametrize("name", OWN)
def test_what_is_served_is_what_stands_in_the_tree_without_comments_and_blanks(guest, name):
    parts = [(FOLDER / part).read_text() for part in assets.BUNDLES.get(name, (name,))]

    served = asked(guest.client, name).get_data(as_text=True)

    assert served == "\n".join((jsmin if name.endswith(".js") else cssmin)(part) for part in parts)
    assert len(served) < sum(map(len, parts))


@pytest.mark.parametrize("name", SERVED)
def test_the_same_file_is_the_same_bytes_in_every_process(name):
    first = assets.load(name)
    assets.load.cache_clear()

    assert assets.load(name) == first


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


@pytest.mark.parametrize("name", ["gone.js", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "a%00.js", "x" * 3000, ".",
                                  "app.js/", "😀.css"])
def test_nothing_else_can_be_asked_for_and_its_absence_is_not_kept(guest, name):
    answer = asked(guest.client, name)

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


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
        for name in sorted({*OWN, *assets.BUNDLES}):
            parts = assets.BUNDLES.get(name, (name,))
            source, served = "".join((FOLDER / part).read_text() for part in parts), assets.load(name).body.decode()
            if name.endswith(".css"):
                before, after = (page.evaluate(RULES, text) for text in (source, served))
                assert before == after
                assert before
            else:
                page.evaluate("text => { new Function(text); }", served)
                assert re.findall(r"`[^`]*`", served) == re.findall(r"`[^`]*`", source)


RULES = """text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map((rule) => rule.cssText);
}"""
