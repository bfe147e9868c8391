"""One ordinary request for every route that can be sent a form: what prepares the world for it, and how it is sent.

Each function makes what its request needs and gives something to call; called again, it sends the very same form
once more, as a second tap or a retry does. The desk's own are in `desk_writings`; a test keeps the two complete.
"""

import io
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pyotp
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.accounts import totp
from portal.base.clock import now, today
from portal.base.reference import spoken
from portal.flags.life import Move
from portal.flags.models import Flag
from tests.conftest import signed_in
from tests.factories import area, invited_to
from tests.followup.at_desk import Officer, sent
from tests.support.pages import Browser, Page
from tests.support.phone import Phone, phone_of

Send = Callable[[], Page]
Prepare = Callable[[SimpleNamespace], Send]

CONCERN = {"danger": "again", "who": "girl", "signs": ["afraid"], "known": "witnessed", "child_aware": "unknown"}
NEW_PIN = "77203914"
PAST = "tanggal,kode,topik,dewasa_p\n2025-03-04,98.01.01.1001.07,internet,12\n"

PREPARE: dict[str, Prepare] = {}
"""Route → what prepares its request."""
NOT_DRIVEN = {
    "web.breach": "asks no database: tests/web/test_breaches.py",
    "accounts.enter_as_demo_person": "absent outside the demo; signs in as accounts.sign_in does",
}
"""Route → why no request of it is made here."""


def writes(endpoint: str) -> Callable[[Prepare], Prepare]:
    """Mark what prepares a request to this route."""
    return lambda prepare: PREPARE.setdefault(endpoint, prepare)


def at(city: SimpleNamespace, flag_id: object, act: str = "") -> str:
    """Where a concern is, or one of its pages."""
    city.db.rollback()
    return f"/k/{spoken(city.db.get_one(Flag, flag_id).code)}{act}"


def browsers_of(send: Send) -> list[Browser]:
    """The browsers with which a prepared request is sent."""
    cells = [cell.cell_contents for cell in getattr(send, "__closure__", None) or ()]
    owners = [getattr(getattr(part, "func", part), "__self__", part)
              for part in (send, *getattr(send, "args", ()), *cells)]
    browsers = [getattr(owner, "browser", owner) for owner in owners]
    return list({id(one): one for one in browsers if isinstance(one, Browser)}.values())


@writes("flags.new")
def concern(city):
    form = signed_in(city, city.siti).get("/k/baru").form("/k/baru").fill(**CONCERN, story="mutiara")
    return partial(form.submit, "send")


@writes("flags.answer")
def answer(city):
    flag_id, rina = sent(city), Officer(city, city.rina)
    rina.handles(flag_id)
    rina.does(Move.ASK, flag_id)
    return signed_in(city, city.siti).get(at(city, flag_id)).form("/jawab").fill(text="Sore.").submit


@writes("flags.add")
def add(city):
    path = at(city, sent(city), "/tambah")
    return signed_in(city, city.siti).get(path).form("/tambah").fill(text="Lagi.", worse="yes").submit


def _log(city):
    return signed_in(city, city.siti).get("/s/baru").form("/s/baru").fill(topics=["internet"], women="12")


@writes("outreach.log")
def log(city):
    return _log(city).submit


@writes("outreach.forthcoming")
def forthcoming(city):
    return partial(_log(city).submit().form("/s/jawab").submit, "yes")


@writes("outreach.correct")
def correct(city):
    return _log(city).submit().link("Change").form("/ubah").fill(women="20").submit


@writes("outreach.add_photo")
def add_photo(city):
    page, file = _log(city).submit(), io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "JPEG")
    path = page.path.split("?")[0] + "/foto"
    return _upload(page.browser.get(path).form("/foto").fill(agreed="y"), "photo", file.getvalue(), "a.jpg")


@writes("outreach.take_photo_away")
def take_photo_away(city):
    return add_photo(city)().link("Take away").form("/hapus").submit


def _upload(form, field, data, name) -> Send:
    def send():
        boundary, body = encode_multipart(dict(form.values) | {field: FileStorage(io.BytesIO(data), filename=name)})
        kind = f"multipart/form-data; boundary={boundary}"
        return form.browser._answer(form.browser.client.post(form.action, data=body, content_type=kind), form.action)

    return send


@writes("outreach.import_file")
def import_file(city):
    return _upload(signed_in(city, city.wati).get("/s/berkas").form("/s/berkas"), "file", PAST.encode(), "a.csv")


@writes("outreach.import_preview")
def import_preview(city):
    return import_file(city)().form().submit


@writes("outreach.import_undo")
def import_undo(city):
    return import_preview(city)().link("It was the wrong file").form("/urung").submit


@writes("outreach.new_plan")
def new_plan(city):
    soon = (today(city.settings.timezone) + timedelta(days=3)).isoformat()
    return signed_in(city, city.wati).get("/s/rencana/baru").form("/rencana/baru").fill(
        planned_for=soon, place=str(area(city.db, "98.01.01.1001.07").id), topic="internet").submit


@writes("outreach.cancel_plan")
def cancel_plan(city):
    plans = new_plan(city)()
    link = next(a.attrs["href"] for a in plans.root.all("a") if a.attrs["href"].endswith("/batal"))
    return plans.browser.get(link).form("/batal").submit


@writes("reports.coverage_file")
def coverage_file(city):
    return partial(signed_in(city, city.lina).get("/cakupan").form("/unduh").submit, "csv")


@writes("accounts.sign_in")
def sign_in(city):
    phone, page = phone_of(city, city.siti), Browser(city.app.test_client()).get("/masuk?lain")
    return partial(phone.sign_in, page.browser, city.siti.secret, page)


@writes("accounts.sign_in_with_card")
def sign_in_with_card(city):
    return Browser(city.app.test_client()).get("/masuk").form("/masuk/kartu").fill(
        who=city.siti.phone, pin=city.siti.secret, code=city.siti.card[0]).submit


@writes("accounts.sign_in_staff")
def sign_in_staff(city):
    code = pyotp.TOTP(city.rina.totp).at(now())
    assert totp.step_of(city.rina.totp, code)
    return Browser(city.app.test_client()).get("/masuk/petugas").form("/masuk/petugas").fill(
        name="rina", passphrase=city.rina.secret, code=code).submit


@writes("accounts.enrol")
def enrol(city):
    phone = Phone()
    page = phone.enrol_page(Browser(city.app.test_client()), invited_to(city))
    return partial(phone.enrol_on, page, NEW_PIN)


def _with_phone(city) -> Browser:
    browser = Browser(city.app.test_client())
    phone_of(city, city.siti).sign_in(browser, city.siti.secret)
    return browser


@writes("accounts.ready")
def ready(city):
    return _with_phone(city).get("/mulai/siap").form("/siap").fill(mine="1").submit


@writes("accounts.change_phone")
def change_phone(city):
    return _with_phone(city).get("/setelan").form("/setelan/hp").fill(mine="1").submit


@writes("accounts.end_device")
def end_device(city):
    return _with_phone(city).get("/setelan").form("/lepas").submit


@writes("accounts.change_look")
def change_look(city):
    return signed_in(city, city.siti).get("/setelan").form("/tampilan").fill(text_size="115").submit


@writes("accounts.change_secret")
def change_secret(city):
    return signed_in(city, city.siti).get("/setelan/rahasia").form().fill(
        old=city.siti.secret, new=NEW_PIN, again=NEW_PIN).submit


@writes("accounts.new_card")
def new_card(city):
    return signed_in(city, city.siti).get("/setelan").form("/kartu").submit


@writes("accounts.sign_out_everywhere")
def sign_out_everywhere(city):
    return signed_in(city, city.siti).get("/setelan").form("/keluar-semua").submit


@writes("accounts.sign_out")
def sign_out(city):
    return signed_in(city, city.siti).get("/setelan").form("/keluar").submit


@writes("accounts.set_language")
def set_language(city):
    return partial(signed_in(city, city.siti).get("/").form("/bahasa").submit, "id")


def post(browser: Browser, path: str, **fields: str) -> Send:
    token = browser.get("/setelan").root.all("input", name="csrf_token")[0].attrs["value"]
    return partial(browser.post, path, [("csrf_token", token), *fields.items()])


@writes("accounts.quick_exit")
def quick_exit(city):
    return post(signed_in(city, city.siti), "/keluar-cepat")


@writes("accounts.rest")
def rest(city):
    return post(signed_in(city, city.siti), "/istirahat", rest_for="/k/baru")


@writes("accounts.still_here")
def still_here(city):
    return post(signed_in(city, city.siti), "/di-sini")
