"""What somebody sees who glances at a cadre's phone, its history, its home screen or a link sent to her: nothing
that tells (rulings 2, security T2 and T6)."""

import re

import pytest

from tests.factories import a_flag
from tests.support.weight import CALM
from tests.test_house_rules import SENSITIVE

AGENTS = ["WhatsApp/2.23.20 A", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
          "TelegramBot (like TwitterBot)", "Twitterbot/1.0", "Slackbot-LinkExpanding 1.0", "Mozilla/5.0 (compatible; "
          "Googlebot/2.1; +http://www.google.com/bot.html)", "Viber/13.0", "LINE/8.0", "SkypeUriPreview Preview/0.5"]
MESSAGES = ("manifest.webmanifest", "masuk", "mulai", "bantuan", "aman")


@pytest.fixture
def everywhere(city, sign_in):
    """A cadre's pages with their addresses, in one language; also those with faults, and her receipt."""
    def walk(language):
        siti = sign_in(city.siti, language)
        paths = ("/", "/s", "/s/baru", "/s/rencana", "/k", "/k/baru", "/bantuan", "/aman", "/setelan",
                 "/setelan/rahasia", "/cakupan", "/cakupan/topik", "/nowhere")
        pages = [siti.get(path) for path in paths]
        pages.append(siti.get("/s/baru").form("/s/baru").submit())
        pages.append(siti.get("/s/baru").form("/s/baru").fill(topics=["mengenal"], women="12").submit())
        pages.append(siti.get("/k/baru").form("/k/baru").submit("review"))
        pages.append(siti.get("/k/baru").form("/k/baru").fill(**CALM).submit("review"))
        pages.append(pages[-1].form("/k/baru").submit("send"))
        pages.append(siti.get(f"{pages[-1].path}/tambah"))
        return pages
    return walk


@pytest.mark.parametrize("language", ["id", "en"])
def test_titles_addresses_and_names_of_files_tell_nothing(everywhere, language):
    pages = everywhere(language)

    assert len(pages) == 19
    for page in pages:
        files = page.root.all("link") + page.root.all("script")
        said = [page.title, page.path, *(e.attrs.get(where, "") for e in files for where in ("href", "src"))]
        said += [e.attrs.get("content", "") for e in page.root.all("meta") if e.attrs.get("name") != "htmx-config"]
        said += [e.attrs["href"] for e in page.root.all("a") if e.attrs.get("href", "").startswith("/")]
        assert [text for text in said if SENSITIVE.search(text)] == [], page.path


@pytest.mark.parametrize("language", ["id", "en"])
def test_what_is_said_after_an_act_tells_nothing(city, sign_in, language):
    siti = sign_in(city.siti, language)
    a_flag(city.db, city.settings, city.siti)
    city.db.commit()

    page = siti.get("/s/baru").form("/s/baru").fill(topics=["mengenal"], women="12").submit()
    said = [e.text for e in page.root.all("div", role="status") + page.root.all("p", role="status")]

    assert any("12" in text for text in said)
    assert [text for text in said if SENSITIVE.search(text)] == []


def test_the_entry_on_the_home_screen_tells_nothing(guest):
    with guest.client.get("/manifest.webmanifest") as answer:
        manifest = answer.get_data(as_text=True)
    with guest.client.get("/static/icon.svg") as answer:
        icon = answer.get_data(as_text=True)

    assert "Catatan Kader" in manifest
    assert not SENSITIVE.search(manifest)
    assert not SENSITIVE.search(icon)


@pytest.mark.parametrize("agent", AGENTS)
def test_whoever_previews_a_link_gets_a_neutral_page(city, agent):
    """Every closed address looks the same; the open ones name the portal and nobody."""
    fetcher = city.app.test_client()
    headers = {"User-Agent": agent}
    closed = set()
    for path in ("/", "/k", "/k/baru", "/k/K7M-4PX", "/s", "/s/baru", "/antrean", "/setelan", "/akun"):
        answer = fetcher.get(path, headers=headers, follow_redirects=True)
        page = answer.get_data(as_text=True)
        page = re.sub(r'(name="(?:csrf_token|challenge|next)"[^>]*value|value)="[^"]*"', "", page)
        closed.add(re.sub(r"next=[^\"&]*", "", page))
        assert fetcher.head(path, headers=headers).status_code == 302
    assert len(closed) == 1
    for path in (*MESSAGES, "nowhere"):
        head = fetcher.get(f"/{path}", headers=headers).get_data(as_text=True).split("</head>")[0]
        assert "og:" not in head
        assert not SENSITIVE.search(head)


def test_the_detector_finds_a_telling_title(city, everywhere, monkeypatch):
    monkeypatch.setitem(city.app.jinja_env.globals, "settings",
                        type("Settings", (), {**vars(city.settings), "name": "Lapor KDRT"})())

    assert any(SENSITIVE.search(page.title) for page in everywhere("id"))
