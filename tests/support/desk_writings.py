"""The requests of the desk, as `writings` has them of the field."""

from datetime import timedelta
from functools import partial

from portal.base.clock import today
from portal.casework import holds
from portal.flags.answers import Contact, Danger
from portal.flags.life import Move, Risk
from tests.casework import at_work
from tests.casework.at_work import WHY, taken
from tests.casework.at_work import commands as casework
from tests.conftest import signed_in
from tests.factories import some_answers
from tests.followup.at_desk import Officer, sent
from tests.support.pages import Form
from tests.support.writings import at, post, writes

REASON = "Suaminya mengancam dengan parang malam ini."
CALL = {"caller": "resident", "caller_phone": "0812 7777 0001", "caller_name": "Mawar", "danger": "again",
        "place": "Jatirahayu", "rw": "8", "who": "girl", "age": "13_17", "signs": ["afraid"], "known": "witnessed",
        "child_aware": "unknown", "story": "mutiara", "call_times": ["evening"]}
ASSESSED = {"risk": "medium", "why": WHY, "forms": ["fisik"], "age": "25_44", "sex": "p", "disability": "none",
            "place": "rumah_tangga", "relation": "suami_istri"}


def _rina(city):
    return Officer(city, city.rina)


def _taken(city, risk=Risk.MEDIUM, **given):
    return taken(_rina(city), risk, **given)


def _on(city, flag_id, act="", person=None):
    """The page of a concern for an officer."""
    return signed_in(city, person or city.rina).get(at(city, flag_id, f"/kerja{act}"))


def _sheet(city, move=None, person=None):
    flag_id = sent(city)
    _rina(city).opens(flag_id)
    if move:
        _rina(city).does(move, flag_id)
    return _on(city, flag_id, person=person)


@writes("followup.call")
def call(city):
    return signed_in(city, city.rina).get("/k/telepon").form("/k/telepon").fill(**CALL).submit


@writes("followup.still_here")
def presence(city):
    return _sheet(city).form("/hadir").submit


@writes("followup.step_aside")
def step_aside(city):
    return _on(city, sent(city), "/mundur").form("/mundur").submit


@writes("followup.identity")
def identity(city):
    return _sheet(city).form("/identitas").fill(why_open="call_cadre").submit


@writes("followup.take")
def take(city):
    return _sheet(city).form("/ambil").submit


@writes("followup.assign")
def assign(city):
    return _sheet(city, person=city.ratna).form("/tugaskan").fill(officer=str(city.dewi.account_id)).submit


@writes("followup.assess")
def assess(city):
    return _sheet(city, Move.TAKE).form("/nilai").fill(risk="medium", why_risk=WHY).submit


@writes("followup.act")
def act(city):
    return _on(city, _taken(city)).form("/tindakan").fill(
        way="phone", result="reached", note="mutiara", next_step="Kunjungan").submit


@writes("followup.ask")
def ask(city):
    flag_id = sent(city)
    _rina(city).handles(flag_id)
    return partial(_on(city, flag_id).form("/tanya").fill(template="changed").submit().form("/tanya").submit, "send")


@writes("followup.withdraw_question")
def withdraw_question(city):
    flag_id = sent(city)
    _rina(city).handles(flag_id)
    _rina(city).does(Move.ASK, flag_id)
    return _on(city, flag_id).form("/tarik").submit


@writes("followup.close")
def close(city):
    flag_id = sent(city)
    _rina(city).handles(flag_id)
    check = _on(city, flag_id, "/tutup").form("/tutup").fill(reason="done", closing="done").submit("check")
    return partial(check.form("/tutup").submit, "close")


@writes("followup.reopen")
def reopen(city):
    flag_id = sent(city)
    _rina(city).closes(flag_id)
    return _on(city, flag_id).form("/buka-lagi").fill(why_again="Ada kabar baru lagi.").submit


@writes("followup.pick_up")
def pick_up(city):
    code, desk = at(city, sent(city)).removeprefix("/k/"), signed_in(city, city.rina)
    form = Form(desk, desk.get("/antrean").root.all("form", id="ambil")[0], "/antrean").fill(version="1")
    return partial(desk.post, f"/antrean/{code}/ambil", form.values)


@writes("followup.unlock")
def unlock(city):
    return post(signed_in(city, city.rina), "/antrean/buka", next="/antrean")


@writes("casework.assess")
def assess_whole(city):
    return _on(city, _taken(city), "/penilaian").form("/penilaian").fill(**ASSESSED).submit


@writes("casework.serve")
def serve(city):
    return _on(city, _taken(city), "/layanan").form("/layanan").fill(
        service="psikologis", outcome="done", note="Sesi.", next_step="Sesi kedua").submit


@writes("casework.refer")
def refer(city):
    return _on(city, _taken(city), "/rujukan").form("/rujukan").fill(
        to="psikolog", office="Biro Contoh", consent="given", request="Mohon pendampingan.").submit


@writes("casework.hear_back")
def hear_back(city):
    flag_id = _taken(city)
    at_work.does(_rina(city), casework.refer, flag_id, at_work.a_letter(_rina(city)))
    return _on(city, flag_id).link("News of the referral").form("/kabar").fill(result="accepted").submit


@writes("casework.keep_ticket")
def keep_ticket(city):
    return _on(city, _taken(city), "/salinan").form("/salinan").fill(number="SIMFONI-0042").submit


@writes("casework.law")
def law(city):
    return partial(_on(city, _taken(city), "/jam-hukum").form("/jam-hukum").submit, "")


@writes("casework.stop_clock")
def stop_clock(city):
    flag_id = _taken(city)
    at_work.does(_rina(city), casework.hear_victim, flag_id, "Kantor")
    return _on(city, flag_id, "/jam-hukum/keliru").form("/keliru").fill(why="Tetangga yang bercerita.").submit


@writes("casework.pause")
def pause(city):
    form = _on(city, _taken(city), "/jeda").form("/jeda")
    return form.fill(until=_soon(city), why=WHY).submit


@writes("casework.set_aside")
def set_aside(city):
    return _on(city, _nobody(city), "/hubungi").form("/hubungi").fill(why="Ada ancaman membunuh.").submit


@writes("casework.act_alone")
def act_alone(city):
    return _on(city, _nobody(city), "/hubungi/sendirian").form("/sendirian").fill(why=REASON, tried="y").submit


@writes("casework.review_alone")
def review_alone(city):
    flag_id = _nobody(city)
    _on(city, flag_id, "/hubungi/sendirian").form("/sendirian").fill(why=REASON, tried="y").submit()
    return _on(city, flag_id, "/hubungi/sendirian/periksa", city.ratna).form("/periksa").submit


@writes("casework.decide")
def decide(city):
    flag_id = _taken(city, Risk.HIGH)
    at_work.closes(_rina(city), flag_id)
    return partial(_on(city, flag_id, "/persetujuan", city.dewi).form("/persetujuan").submit, "confirm")


@writes("casework.hand_over")
def hand_over(city):
    form = _on(city, _taken(city), "/pelimpahan").form("/pelimpahan")
    unit = next(e.attrs["value"] for e in form.element.all("input") if e.attrs.get("type") == "radio")
    return form.fill(unit=unit, why="Ia pindah ke kota lain.").submit


@writes("casework.merge")
def merge(city):
    into = at(city, _taken(city)).removeprefix("/k/")
    return _on(city, _taken(city), "/gabung").form("/gabung").fill(into=into).submit


@writes("casework.unmerge")
def unmerge(city):
    flag_id, into = _taken(city), _taken(city)
    at_work.merges(_rina(city), flag_id, into)
    return _on(city, flag_id, "/pisah").form("/pisah").submit


@writes("casework.hold")
def hold(city):
    return _on(city, _taken(city), "/jangan-hapus", city.ratna).form("/jangan-hapus").fill(reason="court").submit


@writes("casework.release")
def release(city):
    flag_id = _taken(city)
    at_work.does(Officer(city, city.ratna), holds.place, flag_id, "court", "")
    return _on(city, flag_id, "/jangan-hapus/lepas", city.ratna).form("/lepas").fill(why=WHY).submit


@writes("casework.delete_early")
def delete_early(city):
    return _on(city, at_work.ended(_rina(city)), "/hapus").form("/hapus").fill(ground="asked", why=WHY).submit


@writes("casework.spare")
def spare(city):
    flag_id = at_work.ended(_rina(city))
    at_work.agree_to_delete(_rina(city), Officer(city, city.ratna), flag_id)
    return _on(city, flag_id, "/hapus/batal").form("/batal").fill(why=WHY).submit


@writes("casework.begin_key")
def begin_key(city):
    _taken(city)
    return signed_in(city, city.ratna).get("/kunci/ganti/unit").form("/kunci/ganti/unit").submit


@writes("casework.move_to_key")
def move_to_key(city):
    return begin_key(city)().form("/lanjut").submit


def _nobody(city):
    """In danger of life, and nobody may be contacted."""
    return _taken(city, Risk.HIGH, answers=some_answers(danger=Danger.NOW, contact=Contact.NOBODY))


def _soon(city):
    return (today(city.settings.timezone) + timedelta(days=2)).isoformat()
