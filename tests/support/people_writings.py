"""The requests of those who look after people and keys, as `writings` has them of the field."""

from functools import partial

from sqlalchemy import select

from portal.accounts.models import Passkey
from tests.conftest import signed_in
from tests.factories import invited_to
from tests.support.authenticator import Authenticator
from tests.support.pages import Form
from tests.support.writings import writes

TABLE = "nama\trw\thp\nBu Satu\t7\t0812 1111 0001\nPak Dua\tRW 08\t\n"


def _siti(city, act="", person=None):
    return signed_in(city, person or city.wati).get(f"/akun/{city.siti.account_id}{act}")


@writes("accounts.new_person")
def new_person(city):
    return signed_in(city, city.wati).get("/akun/baru").form().fill(name="Bu Ani", place="98.01.01.1001.07").submit


@writes("accounts.describe")
def describe(city):
    return _siti(city, "/ubah").form().fill(name="Bu Siti Aminah").submit


def _passkey_page(browser):
    form = browser.get("/setelan/kunci-layar").form()
    return form.fill(answer=Authenticator().make(dict(form.values)["challenge"]))


@writes("accounts.add_passkey")
def add_passkey(city):
    return _passkey_page(signed_in(city, city.rina)).submit


@writes("accounts.remove_passkey")
def remove_passkey(city):
    rina = signed_in(city, city.rina)
    _passkey_page(rina).submit()
    page = rina.get("/setelan")
    passkey, = city.db.scalars(select(Passkey.id))
    return page.form(f"{passkey}/lepas").submit


@writes("accounts.invite")
def invite(city):
    invited_to(city, "Bu Ani")
    people = signed_in(city, city.wati).get("/akun")
    return people.link("Bu Ani").form("/kode").submit


@writes("accounts.switch")
def switch(city):
    return partial(_siti(city).form("/saklar").submit, "0")


@writes("accounts.hand_over")
def successor(city):
    return _siti(city, "/penerus").form().fill(name="Bu Ani").submit


@writes("accounts.many")
def many(city):
    return signed_in(city, city.wati).get("/akun/banyak").form().fill(table=TABLE).submit


@writes("accounts.make_many")
def make_many(city):
    return many(city)().form("/buat").submit


@writes("accounts.recover")
def recover(city):
    return _siti(city, "/pulihkan").form().submit


@writes("accounts.decide")
def decide_change(city):
    recover(city)()
    return partial(signed_in(city, city.agus).get("/persetujuan").form("/recovery").submit, "1")


@writes("accounts.change_role")
def change_role(city):
    return _siti(city, "/peran", city.agus).form().fill(role="coordinator", place="98.01.01.1001").submit


@writes("accounts.grant_key")
def grant_key(city):
    page = signed_in(city, city.ratna).get("/kunci")
    own = page.root.all("input", name="to", value=str(city.keyless.account_id))[0].inside("form")
    return partial(Form(page.browser, own, page.path).submit, "unit")


def sheets_of(page):
    """The groups of the three recovery sheets on a page, as somebody would type them."""
    lists = [one for one in page.root.all("ol") if "kelompok" in one.attrs.get("class", "")]
    return [" ".join(group.text for group in one.all("li")) for one in lists]


@writes("accounts.make_kit")
def make_kit(city):
    return signed_in(city, city.ratna).get("/kunci/lembar").form("/kunci/lembar").submit


@writes("accounts.check_kit")
def check_kit(city):
    sheets = make_kit(city)()
    form = sheets.browser.get("/kunci/lembar/periksa").form()
    return form.fill(**dict(zip(("first", "second", "third"), sheets_of(sheets), strict=True))).submit
