"""Whole lives of concerns through the real pages, with a canary in every field in which anybody types; and forms that
are refused, for every reason for which a form can be."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from portal.base.clock import today
from portal.base.reference import spoken
from portal.flags.models import Flag
from portal.web import pace, shedding
from tests.conftest import signed_in
from tests.support.canary import Family
from tests.support.pages import Browser

CONCERN = {"danger": "again", "who": "woman", "age": "25_plus", "signs": ["afraid"], "known": "witnessed",
           "aware": "wants_help", "contact": "person"}
CODED = {"risk": "high", "forms": ["fisik"], "age": "25_44", "sex": "p", "disability": "none",
         "place": "rumah_tangga", "relation": "suami_istri"}


def live(city: SimpleNamespace, canaries: Family) -> None:
    """One concern from the cadre's phone to its end, and one from a stranger's call; each asked for, answered,
    assessed, served, referred, kept and closed by two."""
    siti, rina, dewi, ratna = (signed_in(city, person) for person in (city.siti, city.rina, city.dewi, city.ratna))
    form = siti.get("/k/baru").form("/k/baru").fill(
        **CONCERN, story=canaries.marker(), rt=canaries.marker(10), landmark=canaries.marker(),
        nickname=canaries.marker(), school=canaries.marker(), person_phone=canaries.phone(),
        person_time=canaries.marker())
    _ok(form.submit("review").form("/k/baru").submit("send"))
    code = _newest(city)
    _ok(siti.get(f"/k/{code}/tambah").form("/tambah").fill(text=canaries.marker()).submit())
    _work(city, code, canaries, siti, rina, dewi, ratna)
    call = rina.get("/k/telepon").form("/k/telepon").fill(
        caller="resident", caller_phone=canaries.phone(), caller_name=canaries.marker(), danger="again",
        place="Jatirahayu", who="girl", age="13_17", signs=["afraid"], known="witnessed", child_aware="unknown",
        contact="nobody", story=canaries.marker(), rt=canaries.marker(10), landmark=canaries.marker(),
        nickname=canaries.marker(), school=canaries.marker(), person_phone=canaries.phone(),
        person_time=canaries.marker())
    _ok(call.submit())
    assert _newest(city) != code
    _work_alone(city, _newest(city), canaries, rina, dewi, ratna)
    _refused(city, canaries, siti, rina)
    wati = signed_in(city, city.wati)
    budi = wati.get(f"/akun/{city.budi.account_id}/ubah").form().fill(phone=canaries.phone())
    _ok(budi.submit())
    _ok(wati.get("/akun/banyak").form().fill(table=f"nama\trw\thp\nBu Satu\t7\t{canaries.phone()}\n").submit())


def _acts(code):
    def does(who, act, button="", page="", **answers):
        _ok(who.get(f"/k/{code}/kerja{page}").form(act).fill(**answers).submit(button))

    return does


def _work(city, code, canaries, siti, rina, dewi, ratna) -> None:
    sheet, does = f"/k/{code}/kerja", _acts(code)
    does(ratna, "/tugaskan", officer=str(city.dewi.account_id), why_moved=canaries.marker())
    does(rina, "/ambil")
    does(rina, "/nilai", risk="medium", why_risk=canaries.marker())
    does(rina, "/tindakan", way="phone", result="reached", note=canaries.marker(), next_step=canaries.marker())
    _ok(rina.get(sheet).form("/tanya").fill(template="when_call").submit().form("/tanya").submit("send"))
    _ok(siti.get(f"/k/{code}").form("/jawab").fill(text=canaries.marker()).submit())
    does(rina, "/penilaian", page="/penilaian", why=canaries.marker(), **CODED)
    does(rina, "/layanan", page="/layanan", service="psikologis", outcome="done", note=canaries.marker(),
         next_step=canaries.marker())
    does(rina, "/rujukan", page="/rujukan", to="psikolog", office=canaries.marker(), consent="given",
         request=canaries.marker(), carry=["name", "phone", "address", "school"])
    news = rina.get(sheet).link("News of the referral").form("/kabar")
    _ok(news.fill(result="done", text=canaries.marker()).submit())
    does(rina, "/jam-hukum", "heard", page="/jam-hukum", text=canaries.marker())
    does(rina, "/jam-hukum", "police", page="/jam-hukum", text=canaries.marker())
    does(rina, "/salinan", page="/salinan", number=canaries.marker())
    does(rina, "/jeda", page="/jeda", why=canaries.marker(), until=_next_week(city))
    does(dewi, "/persetujuan", "decline", page="/persetujuan", why=canaries.marker())
    does(ratna, "/jangan-hapus", page="/jangan-hapus", reason="court", text=canaries.marker())
    _ok(rina.get(sheet).form("/identitas").fill(why_open="call_cadre").submit())
    check = rina.get(f"{sheet}/tutup").form("/tutup").fill(reason="done", closing="done", remark=canaries.marker())
    _ok(check.submit("check").form("/tutup").submit("close"))
    does(dewi, "/persetujuan", "confirm", page="/persetujuan")
    does(ratna, "/lepas", page="/jangan-hapus/lepas", why=canaries.marker())
    does(rina, "/hapus", page="/hapus", ground="asked", why=canaries.marker())
    does(ratna, "/persetujuan", "confirm", page="/persetujuan")
    does(dewi, "/batal", page="/hapus/batal", why=canaries.marker())
    does(rina, "/buka-lagi", why_again=canaries.marker())


def _work_alone(city, code, canaries, rina, dewi, ratna) -> None:
    """In danger of life, and nobody may be contacted: acting alone, by two, and away to another unit."""
    does = _acts(code)
    does(rina, "/ambil")
    does(rina, "/nilai", risk="high", why_risk=canaries.marker())
    does(rina, "/sendirian", page="/hubungi/sendirian", why=canaries.marker(), tried="y")
    does(ratna, "/periksa", page="/hubungi/sendirian/periksa")
    does(rina, "/hubungi", page="/hubungi", why=canaries.marker())
    does(dewi, "/persetujuan", "confirm", page="/persetujuan")
    does(rina, "/jam-hukum", "heard", page="/jam-hukum", text=canaries.marker())
    does(rina, "/keliru", page="/jam-hukum/keliru", why=canaries.marker())
    away = rina.get(f"/k/{code}/kerja/pelimpahan").form("/pelimpahan")
    unit = next(e.attrs["value"] for e in away.element.all("input") if e.attrs.get("type") == "radio")
    _ok(away.fill(unit=unit, why=canaries.marker()).submit())


def _refused(city, canaries, siti, rina) -> None:
    """What is refused passes by other hands than what is kept, and no log may quote it either."""
    code = _sent(city, canaries, siti)
    sheet = f"/k/{code}/kerja"
    added = siti.get(f"/k/{code}/tambah").form("/tambah").fill(text=canaries.marker())
    _ok(added.submit())
    _is(409, added.fill(text=canaries.marker()).submit())
    old = siti.get(f"/k/{code}/tambah").form("/tambah")
    _is(403, old.fill(text=canaries.marker(), csrf_token="old").submit())
    _ok(rina.get(sheet).form("/ambil").submit())
    _is(422, rina.get(sheet).form("/nilai").fill(why_risk=canaries.marker()).submit())
    _ok(rina.get(sheet).form("/nilai").fill(risk="low", why_risk=canaries.marker()).submit())
    late = rina.get(sheet).form("/tindakan").fill(
        way="phone", result="reached", note=canaries.marker(), next_step=canaries.marker(), version="1")
    _is(409, late.submit())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shedding.Places, "take", lambda *_given: False)
        _is(503, late.submit())
    _too_fast(city, late)
    guest = Browser(city.app.test_client())
    card = guest.get("/masuk").form("/masuk/kartu")
    _is(422, card.fill(who=canaries.phone(), pin="44820193", code="AAAA2222").submit())
    signed_out = signed_in(city, city.siti)
    form = signed_out.get(f"/k/{code}/tambah").form("/tambah").fill(text=canaries.marker())
    signed_out.post("/keluar", [pair for pair in form.values if pair[0] == "csrf_token"])
    assert "/masuk" in form.submit().html


def _too_fast(city, form) -> None:
    kept, city.app.extensions["pace"] = city.app.config["SETTINGS"], pace.Pace(1000 * pace.HOUR)
    city.app.config["SETTINGS"] = replace(kept, forms_a_minute=1)
    assert [form.submit().status for _ in range(2)][-1] == 429
    city.app.config["SETTINGS"] = kept


def _sent(city, canaries, siti) -> str:
    form = siti.get("/k/baru").form("/k/baru").fill(**CONCERN, story=canaries.marker())
    _is(422, siti.get("/k/baru").form("/k/baru").fill(story=canaries.marker()).submit("send"))
    _ok(form.submit("review").form("/k/baru").submit("send"))
    return _newest(city)


def _is(status, page) -> None:
    """It was refused, and for this reason."""
    assert page.status == status, (page.status, page.path, page.errors, page.text[:400])


def _ok(page) -> None:
    """Whatever was refused would leave its canary nowhere, and prove nothing."""
    assert page.status in {200, 203}, (page.status, page.path, page.errors, page.text[:400])


def _newest(city: SimpleNamespace) -> str:
    city.db.rollback()
    return spoken(city.db.scalars(select(Flag.code).order_by(Flag.received_at.desc()).limit(1)).one())


def _next_week(city: SimpleNamespace) -> str:
    return (today(city.settings.timezone) + timedelta(days=7)).isoformat()
