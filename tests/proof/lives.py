"""Whole lives of concerns through the real pages, with a canary in every field in which anybody types."""

from datetime import timedelta
from types import SimpleNamespace

from sqlalchemy import select

from portal.base.clock import today
from portal.base.reference import spoken
from portal.flags.models import Flag
from tests.conftest import signed_in
from tests.support.canary import Family

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
        story=canaries.marker(), landmark=canaries.marker(), nickname=canaries.marker())
    _ok(call.submit())
    assert _newest(city) != code
    wati = signed_in(city, city.wati)
    budi = wati.get(f"/akun/{city.budi.account_id}/ubah").form().fill(phone=canaries.phone())
    _ok(budi.submit())


def _work(city, code, canaries, siti, rina, dewi, ratna) -> None:
    sheet = f"/k/{code}/kerja"

    def does(who, act, button="", page="", **answers):
        _ok(who.get(f"{sheet}{page}").form(act).fill(**answers).submit(button))

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


def _ok(page) -> None:
    """Whatever was refused would leave its canary nowhere, and prove nothing."""
    assert page.status in {200, 203}, (page.status, page.path, page.errors, page.text[:400])


def _newest(city: SimpleNamespace) -> str:
    city.db.rollback()
    return spoken(city.db.scalars(select(Flag.code).order_by(Flag.received_at.desc()).limit(1)).one())


def _next_week(city: SimpleNamespace) -> str:
    return (today(city.settings.timezone) + timedelta(days=7)).isoformat()
