"""A concern with a conflict of interest does not exist for an officer without its key: run with and without
one, everything that she can fetch is the same to the byte."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.reference import spoken
from portal.flags.answers import Danger, KeepFrom
from portal.flags.models import Flag
from portal.followup.queries import SavedView
from tests.factories import some_answers
from tests.followup.at_desk import Officer, cadre_adds, sent

TOKENS = re.compile(r'name="(csrf_token|once)" value="[^"]*"')
ACTS = ("", "/ambil", "/nilai", "/tindakan", "/tanya", "/tarik", "/tutup", "/buka-lagi", "/identitas", "/tugaskan")


def everything(desk, codes):
    """Every page that an officer can ask for, without tokens."""
    paths = ["/antrean", "/cakupan", "/bantuan", "/jejak", "/kunci", "/k", "/k/baru"]
    paths += [f"/antrean?tampil={view}" for view in SavedView]
    paths += [f"/k/{code}/kerja{act}" for code in codes for act in ACTS]
    paths += [f"/antrean?kode={code}" for code in codes] + [f"/k/{code}" for code in codes]
    return {path: (page.status, TOKENS.sub("", page.html)) for path in paths for page in [desk.get(path)]}


@pytest.fixture(autouse=True)
def _at_one_moment():
    """Pages show the time; both runs are read at the same one."""
    with telling(now()):
        yield


def test_with_and_without_one_everything_rina_fetches_is_the_same(city, sign_in):
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    ordinary, handled, closed = sent(city), sent(city), sent(city)
    rina.handles(handled)
    rina.closes(closed)
    rina.opens(ordinary)
    desk, known = sign_in(city.rina), [spoken(city.db.get(Flag, i).code) for i in (ordinary, handled, closed)]
    absent = "234-678"
    everything(desk, known)  # first readings and rewraps are behind us
    without = everything(desk, [*known, absent])

    answers = some_answers(danger=Danger.NOW, keep_from=(KeepFrom.RT_RW,))
    hidden = [sent(city, answers=answers) for _number in range(3)]
    ratna.handles(hidden[0])
    ratna.closes(hidden[1])
    cadre_adds(city, hidden[2], worse=True)
    with_them = everything(desk, [*known, absent])

    assert with_them == without


def test_its_own_address_answers_like_an_absent_one(city, sign_in):
    desk = sign_in(city.rina)
    flag_id = sent(city, answers=some_answers(keep_from=(KeepFrom.SCHOOL,)))
    code = spoken(city.db.get(Flag, flag_id).code)

    hidden = {path.replace(code, "*"): (status, html.replace(code, "*")) for path, (status, html)
              in everything(desk, [code]).items()}
    absent = {path.replace("234-678", "*"): (status, html.replace("234-678", "*")) for path, (status, html)
              in everything(desk, ["234-678"]).items()}

    assert hidden == absent
    assert hidden["/k/*/kerja"][0] == 404


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
