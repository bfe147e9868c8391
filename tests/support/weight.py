"""What every page of a cadre weighs on the line, against what it may weigh (the budgets of the design)."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import brotli
from sqlalchemy import select

from portal.base.clock import now
from portal.base.db import writing
from portal.flags import commands
from portal.flags.models import Flag
from tests.factories import invited_to, ring_of, viewer_of
from tests.support.pages import Browser, Page
from tests.support.phone import Phone, phone_of

CALM = {"danger": "again", "who": "girl", "signs": ["afraid"], "known": "witnessed", "child_aware": "unknown"}
LIMITS = {"html": 4_000, "css": 6_000, "html+css": 13_000, "script": 2_000, "htmx": 17_000, "first": 30_000}
ON_THE_FORM = {"html": 6_000, "script": 4_000, "first": 34_000}
"""In bytes after gzip. `first` is all that a phone loads that has never been here."""
REQUESTS = 4


@dataclass(frozen=True)
class Weight:
    """One page: bytes by part, in gzip and in brotli, and how many requests it takes."""

    name: str
    limits: dict[str, int]
    gzip: dict[str, int]
    brotli: dict[str, int]
    requests: int
    blocking: int
    """How many of the requests the first paint waits for."""

    @property
    def broken(self) -> dict[str, int]:
        """The parts that are too heavy, with their bytes; and `requests`, where there are too many."""
        heavy = {part: size for part, size in self.gzip.items() if size > self.limits[part]}
        return heavy | ({"requests": self.requests} if self.requests > REQUESTS else {})


def weigh(name: str, page: Page) -> Weight:
    """Load everything a page names, as a browser would, and weigh it."""
    styles = [e.attrs["href"] for e in page.root.all("link", rel="stylesheet")]
    scripts = page.root.all("script")
    rest = [at for rel in ("icon", "manifest") for e in page.root.all("link", rel=rel)
            if not (at := e.attrs["href"]).startswith("data:")]
    parts: dict[str, list[bytes]] = {"html": [page.html.encode()], "css": [_load(page, at) for at in styles],
                                     "script": [], "htmx": [], "rest": [_load(page, at) for at in rest]}
    for script in scripts:
        parts["htmx" if "htmx" in script.attrs["src"] else "script"].append(_load(page, script.attrs["src"]))
    blocking = [script for script in scripts if "defer" not in script.attrs]
    return Weight(name, LIMITS | (ON_THE_FORM if page.root.all("form", id="kabar") else {}),
                  _sums(parts, lambda body: len(gzip.compress(body, 9))),
                  _sums(parts, lambda body: len(brotli.compress(body))),
                  sum(map(len, parts.values())), 1 + len(styles) + len(blocking))


def cadre_pages(city: SimpleNamespace, language: str) -> Iterator[Weight]:
    """Every page that a cadre can meet on a phone that holds her key, in one language."""
    guest = _guest(city, language)
    phone = phone_of(city, city.siti)
    yield weigh("sign in", guest.get("/masuk"))
    yield weigh("begin: code", guest.get("/mulai"))
    newcomer = Phone()
    yield weigh("begin: PIN", newcomer.enrol_page(guest, code := invited_to(city)))
    yield weigh("begin: ready", newcomer.enrol(guest, code, "25831947"))
    siti = _guest(city, language)
    phone.sign_in(siti, city.siti.secret)
    yield from _sessions(siti)
    yield from _concerns(city, siti)
    for name, path in (("home", "/"), ("help", "/bantuan"), ("safe phone", "/aman"), ("settings", "/setelan"),
                       ("change PIN", "/setelan/rahasia"), ("coverage", "/cakupan"), ("topics", "/cakupan/topik"),
                       ("coverage list", "/cakupan/daftar")):
        yield weigh(name, siti.get(path))
    form = siti.get("/k/baru").form("/k/baru").fill(**CALM)
    yield weigh("locked", siti.post("/istirahat", [*form.values, ("rest_for", "/k/baru")]))


def _sessions(siti: Browser) -> Iterator[Weight]:
    page = siti.get("/s/baru")
    yield weigh("session: form", page)
    yield weigh("session: fault", page.form("/s/baru").submit())
    for days in range(25):
        held = {"when": "other", "held_on": (now() - timedelta(days=days + 2)).date().isoformat()}
        saved = siti.get("/s/baru").form("/s/baru").fill(topics=["internet"], women="12", **held).submit()
    yield weigh("session: saved", saved)
    yield weigh("session: twice?", siti.get("/s/baru").form("/s/baru").fill(
        topics=["internet"], women="12", **held).submit())
    yield weigh("session: change", siti.get(saved.path.split("?")[0] + "/ubah"))
    yield weigh("sessions", siti.get("/s"))
    yield weigh("session: photo", siti.get(saved.path.split("?")[0] + "/foto"))
    yield weigh("plans", siti.get("/s/rencana"))


def _concerns(city: SimpleNamespace, siti: Browser) -> Iterator[Weight]:
    page = siti.get("/k/baru")
    yield weigh("concern: form", page)
    yield weigh("concern: fault", page.form("/k/baru").submit("review"))
    review = page.form("/k/baru").fill(**CALM).submit("review")
    yield weigh("concern: review", review)
    receipt = review.form("/k/baru").submit("send")
    yield weigh("concern: receipt", receipt)
    yield weigh("my concerns", siti.get("/k"))
    code = receipt.path.rsplit("/", 1)[1]
    _ask(city, code)
    yield weigh("concern: question", siti.get(f"/k/{code}"))
    yield weigh("concern: add", siti.get(f"/k/{code}/tambah"))


def _ask(city: SimpleNamespace, code: str) -> None:
    with writing(city.db):
        flag = city.db.scalars(select(Flag).where(Flag.code == code.replace("-", ""))).one()
        rina = viewer_of(city.db, city.rina)
        commands.open_flag(city.db, ring_of(city, city.rina), flag, by=rina)
        commands.ask(city.db, city.settings, flag, "when_call", by=rina, version=flag.version)


def _guest(city: SimpleNamespace, language: str) -> Browser:
    client = city.app.test_client()
    client.set_cookie("b", language)
    return Browser(client)


def _load(page: Page, at: str) -> bytes:
    with page.browser.client.get(at) as answer:
        assert answer.status_code in {200, 203}, at
        return answer.data


def _sums(parts: dict[str, list[bytes]], size) -> dict[str, int]:
    sizes = {part: sum(size(body) for body in bodies) for part, bodies in parts.items()}
    rest = sizes.pop("rest")
    return {**sizes, "html+css": sizes["html"] + sizes["css"], "first": sum(sizes.values()) + rest}
