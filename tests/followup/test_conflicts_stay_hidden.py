"""A concern with a conflict of interest does not exist for an officer without its key, nor one that she stepped
aside from: run with and without it, everything that she can fetch is the same to the byte."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.reference import spoken
from portal.casework import break_glass
from portal.flags import commands as flags
from portal.flags.answers import Contact, Danger, KeepFrom
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Exclusion, Flag
from portal.followup import presence
from portal.followup.queries import SavedView, counts
from tests.casework.at_work import does
from tests.factories import area, some_answers
from tests.followup.at_desk import WHY, Officer, cadre_adds, sent

TOKENS = re.compile(r'name="(csrf_token|once)"[^>]* value="[^"]*"')
ACTS = ("", "/ambil", "/nilai", "/tindakan", "/tanya", "/tarik", "/tutup", "/buka-lagi", "/identitas", "/tugaskan",
        "/mundur", "/hadir", "/hubungi/sendirian", "/hubungi/sendirian/periksa")
FRAGMENT = {"HX-Request": "true", "HX-Target": "daftar"}


def everything(city, desk, codes):
    """Every page that an officer can ask for, whole and as htmx asks for it, without tokens."""
    paths = ["/antrean", "/tugas", "/tenggat", "/k/telepon", "/cakupan", "/bantuan", "/jejak", "/kunci", "/k",
             "/k/baru"]
    paths += [f"/antrean?tampil={view}" for view in SavedView] + [f"/antrean?{only}" for only in narrowed(city)]
    paths += [f"/antrean?tampil={view}&petugas=tanpa" for view in SavedView]
    paths += [f"/antrean/hitung?sejak={(now() - timedelta(days=1)).isoformat().replace('+', '%2B')}"]
    paths += [f"/k/{code}/kerja{act}" for code in codes for act in ACTS]
    paths += [f"/antrean?kode={part}" for code in codes for part in (code, code[:3])]
    paths += [f"/k/{code}" for code in codes] + [f"/antrean/{code}/{page}" for code in codes
                                                for page in ("lihat", "ambil")]
    parts = [path for path in paths if re.search("kode|tanpa|lihat", path)]
    looks = [(path, {}) for path in paths] + [(path, FRAGMENT) for path in parts]
    return {(path, bool(headers)): (page.status, TOKENS.sub("", page.html)) for path, headers in looks
            for page in [desk.get(path, headers=headers)]}


def acts_alone(officer, flag_id):
    """Once she has assessed it as high, she sets "contact nobody" aside without a second officer."""
    officer.does(Move.ASSESS, flag_id, Risk.HIGH, WHY)
    does(officer, break_glass.act_alone, flag_id, WHY)


def is_settled(desk, codes):
    """First readings and rewraps are behind us."""
    for path in ("/antrean", "/antrean?tampil=selesai", *(f"/k/{code}/kerja" for code in codes)):
        desk.get(path)


def in_each_view(officer):
    """How many concerns she has in each of her lists."""
    officer.city.db.rollback()
    return counts(officer.city.db, viewer=officer.viewer, keys=officer.city.keys, settings=officer.city.settings)


def without_code(answers, code):
    """The same with stars in the place of the code, and of its beginning where it was searched for."""
    stars = re.compile(rf'{code}|(?<=kode=){code[:3]}|(?<=value="){code[:3]}(?=")')
    return {(stars.sub("*", path), part): (status, stars.sub("*", html)) for (path, part), (status, html)
            in answers.items()}


def narrowed(city):
    """Every filter that could find a hidden one."""
    return [*(f"kec={area(city.db, code).id}" for code in ("98.01.01", "98.01.02")),
            *(f"kel={area(city.db, code).id}" for code in ("98.01.01.1001", "98.01.01.1002")),
            *(f"petugas={who.account_id}" for who in (city.rina, city.dewi, city.ratna)),
            *(f"tahap={stage}" for stage in Status), *(f"risiko={risk}" for risk in Risk), "petugas=tanpa"]


@pytest.fixture(autouse=True)
def _at_one_moment():
    """Pages show the time; both runs are read at the same one."""
    with telling(now()):
        yield


@pytest.mark.asvs("V8.2.2")
def test_with_and_without_one_everything_rina_fetches_is_the_same(city, sign_in):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    ordinary, handled, closed = sent(city), sent(city), sent(city)
    rina.handles(handled)
    rina.closes(closed)
    rina.opens(ordinary)
    desk, known = sign_in(city.rina), [spoken(city.db.get(Flag, i).code) for i in (ordinary, handled, closed)]
    absent = "234-678"
    is_settled(desk, known)
    without, before = everything(city, desk, [*known, absent]), in_each_view(ratna)

    answers = some_answers(danger=Danger.NOW, keep_from=(KeepFrom.RT_RW,), contact=Contact.NOBODY)
    hidden = [sent(city, answers=answers) for _number in range(7)]
    ratna.handles(hidden[0])
    acts_alone(ratna, hidden[0])
    ratna.closes(hidden[1])
    cadre_adds(city, hidden[2], worse=True)
    ratna.handles(hidden[3])
    ratna.does(Move.ASK, hidden[3])
    ratna.handles(hidden[4])
    with telling(now() + timedelta(seconds=1)):  # later than what was done to it
        cadre_adds(city, hidden[4])
    ratna.closes(sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,))))
    with writing(city.db):
        presence.touch(city.db, hidden[0], by=ratna.viewer)
        for flag_id, due in ((hidden[4], now() - timedelta(days=2)), (hidden[5], now() + timedelta(seconds=1))):
            city.db.get_one(Flag, flag_id).due_at = due
    after = in_each_view(ratna)
    assert [view for view in SavedView if after[view] <= before[view]] == []  # there is something to hide in each
    with_them = everything(city, desk, [*known, absent])

    assert with_them == without


def test_with_and_without_one_that_she_stepped_aside_from_it_is_the_same(city, sign_in):
    rina, dewi = Officer(city, city.rina), Officer(city, city.dewi)
    ordinary, handled = sent(city), sent(city)
    rina.handles(handled)
    rina.opens(ordinary)
    desk, known = sign_in(city.rina), [spoken(city.db.get(Flag, i).code) for i in (ordinary, handled)]
    is_settled(desk, known)
    without = everything(city, desk, known)

    gone = [sent(city, answers=some_answers(danger=Danger.NOW, contact=Contact.NOBODY)) for _number in range(3)]
    rina.handles(gone[0])
    acts_alone(dewi, gone[0])
    dewi.closes(gone[1])
    dewi.opens(gone[2])
    with writing(city.db):
        for flag_id in gone:
            presence.touch(city.db, flag_id, by=rina.viewer)
            flags.step_aside(city.db, city.db.get(Flag, flag_id), by=rina.viewer)
    cadre_adds(city, gone[0], worse=True)
    with_them = everything(city, desk, known)

    assert with_them == without
    city.db.rollback()
    assert city.db.scalar(select(func.count()).select_from(Exclusion)) == 3
    queue = sign_in(city.dewi).get("/antrean?kode=" + city.db.get(Flag, gone[0]).code)
    assert queue.path.endswith("/kerja")
    assert "Rina A. has this open" not in queue.text


def test_its_own_address_answers_like_an_absent_one(city, sign_in):
    desk = sign_in(city.rina)
    flag_id = sent(city, answers=some_answers(keep_from=(KeepFrom.SCHOOL,)))
    code = spoken(city.db.get(Flag, flag_id).code)

    hidden, absent = (without_code(everything(city, desk, [one]), one) for one in (code, "234-678"))

    assert hidden == absent
    assert hidden["/k/*/kerja", False][0] == 404


def test_acting_on_it_answers_404_and_leaves_no_trace(city, sign_in):
    ordinary, flag_id = sent(city), sent(city, answers=some_answers(keep_from=(KeepFrom.SCHOOL,)))
    desk = sign_in(city.rina)
    page = desk.get(f"/k/{spoken(city.db.get(Flag, ordinary).code)}/kerja")
    form = page.form("/nilai").fill(risk="low", why_risk="Sepuluh huruf lebih.", version="1")
    form.action = f"/k/{spoken(city.db.get(Flag, flag_id).code)}/kerja/nilai"

    answer = form.submit()

    city.db.rollback()
    traces = city.db.scalars(select(AuditEntry.action).where(AuditEntry.subject == str(flag_id))).all()
    assert (answer.status, traces) == (404, ["flag.send"])


def test_the_head_sees_it_like_any_other(city, sign_in):
    flag_id = sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)), story="mutiara")
    with telling(now() + timedelta(minutes=1)):
        page = sign_in(city.ratna).get("/antrean").link(spoken(city.db.get(Flag, flag_id).code))

    assert "mutiara" in page.text
    assert "Must not know: RT/RW officials." in page.text
    assert "No other colleague holds the key to this concern." in page.text
