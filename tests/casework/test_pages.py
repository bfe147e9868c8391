"""Casework's pages, without script: what they show, what they refuse, and what they keep."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from portal.accounts import changes
from portal.accounts.models import Account
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import now, telling, today
from portal.base.db import writing
from portal.base.reference import spoken
from portal.casework import commands, records
from portal.casework.models import Note, Proposal
from portal.flags.answers import Contact, Danger, KeepFrom
from portal.flags.life import Move, Risk, Status
from tests.casework.at_work import CODES, WHY, a_letter, assesses, closes, does, flag_of, taken, written
from tests.conftest import signed_in
from tests.factories import area, some_answers, some_identity, viewer_of
from tests.followup.at_desk import Officer, cadre_adds, sent

ACTS = ("penilaian", "layanan", "rujukan", "jam-hukum", "jeda", "gabung", "pelimpahan", "persetujuan", "salinan",
        "rencana", "hubungi", "hubungi/sendirian",
        "hubungi/sendirian/periksa", "pisah", "jam-hukum/keliru")
ABSURD = ["", " ", "x" * 5000, "\0", "<script>alert(1)</script>", "\u202e🌾", "-1", "'; DROP TABLE notes; --"]


def in_work(city, risk=Risk.MEDIUM, person=None, **given):
    """A concern that Rina has taken and assessed."""
    return taken(Officer(city, person or city.rina), risk, **given)


def at(city, flag_id, act=""):
    path = f"/k/{spoken(flag_of(city, flag_id).code)}/kerja"
    return f"{path}/{act}" if act else path


def number_of(city, model, *conditions):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(model).where(*conditions))


COMPLETE = {"risk": "medium", "why": WHY, "forms": ["fisik", "psikis"], "age": "25_44", "sex": "p",
            "disability": "none", "place": "rumah_tangga", "relation": "suami_istri"}


def test_a_full_assessment_is_saved_shown_and_offered_again_for_correction(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)

    page = desk.get(at(city, flag_id, "penilaian")).form("/penilaian").fill(**COMPLETE).submit()

    assert "Physical, Psychological" in page.text
    again = desk.get(at(city, flag_id, "penilaian")).form("/penilaian")
    assert {("forms", "fisik"), ("forms", "psikis"), ("age", "25_44"), ("risk", "medium")} <= set(again.values)
    assert records.assessed(written(Officer(city, city.rina), flag_id)).codes.relation == "suami_istri"


@pytest.mark.parametrize(("answers", "said"), [
    ({"why": "pendek"}, "Write at least 10 characters."), ({"forms": []}, "Choose at least one form of violence."),
    ({"age": ""}, "Choose one."), ({"risk": "enormous"}, "Not a valid choice."),
    ({"age": "", "sex": ""}, "Age: Choose one."),
    ({"forms": ["fisik", "zzz"]}, "'zzz' is not a valid choice for this field."), ({"sex": ""}, "Choose one."),
])
def test_an_incomplete_assessment_is_kept_on_the_page_with_what_is_needed(city, sign_in, answers, said):
    flag_id, desk = in_work(city), sign_in(city.rina)
    before = number_of(city, Note)

    page = desk.get(at(city, flag_id, "penilaian")).form("/penilaian").fill(**{**COMPLETE, **answers}).submit()

    assert page.status == 422
    assert page.title.startswith("Check: ")
    assert any(said in error for error in page.errors), page.errors
    assert number_of(city, Note) == before


def test_lowering_on_the_sheet_only_proposes_and_a_colleague_decides_on_her_page(city, sign_in):
    flag_id = in_work(city, Risk.HIGH)
    rina, dewi = sign_in(city.rina), sign_in(city.dewi)

    sheet = rina.get(at(city, flag_id)).form("/nilai").fill(risk="low", why_risk="Ia pindah ke ibunya.").submit()
    assert "Waiting for a second officer" in sheet.text
    mine = rina.get(at(city, flag_id, "persetujuan"))
    assert "Another officer of the unit must decide." in mine.text
    assert "I agree" not in mine.text
    waiting = dewi.get("/tenggat")
    assert spoken(flag_of(city, flag_id).code) in waiting.text
    assert "1 matter waits for a second officer." in dewi.get("/antrean").text
    done = dewi.get(at(city, flag_id, "persetujuan")).form("/persetujuan").submit("confirm")

    assert "Waiting for a second officer" not in done.text
    assert flag_of(city, flag_id).risk_assessed == "low"


def test_what_is_late_says_how_high_its_risk_is_since_that_gives_the_order(city, sign_in):
    with telling(now() - timedelta(days=40)):
        low, high = in_work(city, Risk.LOW), in_work(city, Risk.HIGH)

    rows = [row.text for row in sign_in(city.rina).get("/tenggat").root.all("li") if " · " in row.text]

    assert [row.split(" · ")[0] for row in rows] == [
        f"{spoken(flag_of(city, flag_id).code)} {level}" for flag_id, level in ((high, "High"), (low, "Low"))]


def test_who_pressed_agree_on_her_own_proposal_is_told_why_not(city, sign_in):
    flag_id = in_work(city, Risk.HIGH)
    closes(Officer(city, city.rina), flag_id)
    rina = sign_in(city.rina)
    form = rina.get(at(city, flag_id, "persetujuan")).form("/persetujuan")
    form.values.append(("decision", "confirm"))

    page = rina.post(form.action, form.values)

    assert page.status == 409
    assert "Another officer of the unit must decide." in page.text
    assert flag_of(city, flag_id).status != Status.CLOSED


@pytest.mark.asvs("V8.3.1")
@pytest.mark.parametrize("decision", ["", "CONFIRM", "close", "\0", "confirm confirm"])
def test_a_forged_decision_decides_nothing(city, sign_in, decision):
    flag_id = in_work(city, Risk.HIGH)
    closes(Officer(city, city.rina), flag_id)
    dewi = sign_in(city.dewi)
    form = dewi.get(at(city, flag_id, "persetujuan")).form("/persetujuan")

    page = dewi.post(form.action, [*form.values, ("decision", decision)])

    assert page.status == 409
    assert number_of(city, Proposal, Proposal.outcome.is_(None)) == 1


def test_not_agreeing_needs_a_reason_and_keeps_it(city, sign_in):
    flag_id = in_work(city, Risk.HIGH)
    closes(Officer(city, city.rina), flag_id)
    form = sign_in(city.dewi).get(at(city, flag_id, "persetujuan")).form("/persetujuan")

    short = form.fill(why="tidak").submit("decline")
    done = short.form("/persetujuan").fill(why="Belum ditemui sendiri.").submit("decline")

    assert short.status == 422
    assert "Belum ditemui sendiri." in done.text


def test_closing_what_was_high_says_before_that_it_takes_two(city, sign_in):
    flag_id, desk = in_work(city, Risk.HIGH), sign_in(city.rina)

    check = desk.get(at(city, flag_id, "tutup")).form("/tutup").fill(reason="done", closing="done").submit("check")
    assert "Another officer must agree within 24 hours" in check.text
    assert "What was done stays secret" in check.text
    sheet = check.form("/tutup").submit("close")

    assert "Close this concern" in sheet.text
    assert flag_of(city, flag_id).closed_at is None


@pytest.mark.asvs("V8.2.3")
def test_the_cadre_sees_nothing_of_what_is_proposed_referred_or_merged(city, sign_in):
    flag_id = in_work(city, Risk.HIGH)
    rina, siti = Officer(city, city.rina), sign_in(city.siti)
    rina.does(Move.ACT, flag_id)
    path = f"/k/{spoken(flag_of(city, flag_id).code)}"
    before = siti.get(path).text

    closes(rina, flag_id)
    assert siti.get(path).text == before
    does(rina, commands.refer, flag_id, a_letter(rina))
    does(rina, commands.hear_victim, flag_id, "mutiara")
    after = siti.get(path).text

    day = re.compile(r"(?i)next news by [^.]*\.")  # a referral is asked after on another day
    assert day.sub("", after) == day.sub("", before)


def test_mediation_in_sexual_violence_is_refused_with_the_sentence_of_the_law(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)
    does(Officer(city, city.rina), commands.hear_victim, flag_id, "")

    page = desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
        service="mediasi", outcome="done", note="Catatan", next_step="Lagi").submit()

    assert page.status == 422
    assert any("cannot be settled outside court" in error for error in page.errors)


def test_a_service_stands_on_the_sheet_with_who_and_what_comes_next(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)

    page = desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
        service="hukum", stage="sidang", outcome="part", note="Sidang ditunda.", next_step="Sidang kedua").submit()

    for said in ("Legal support", "Court hearing", "Sidang ditunda.", "Sidang kedua", "Rina A."):
        assert said in page.text


@pytest.mark.asvs("V1.2.1", "V2.2.1")
def test_whatever_is_typed_into_a_service_is_kept_as_text_or_refused_whole(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)

    for text in ABSURD:
        before = number_of(city, Note)
        page = desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
            service="psikologis", outcome="done", note=text, next_step="Lagi").submit()

        refused = page.status == 422
        assert refused == (not text.strip("\0 ") or len(text) > 2000), text
        assert number_of(city, Note) == before + (not refused), text
        assert "<script>alert" not in page.html


IDENTITY = {"nickname": "Mawarni", "landmark": "pagar hijau", "person_phone": "0812-9999-8888"}


def referred(desk, city, flag_id, **answers):
    given = {"to": "psikolog", "office": "Biro Contoh", "consent": "emergency", "request": "Mohon pendampingan.",
             **answers}
    return desk.get(at(city, flag_id, "rujukan")).form("/rujukan").fill(**given).submit()


def the_letter(city, flag_id):
    found = records.referrals(written(Officer(city, city.rina), flag_id))[0]
    return at(city, flag_id, f"rujukan/{found.id}")


def test_a_letter_carries_the_least_and_no_name_unless_it_was_ticked(city, sign_in):
    flag_id, desk = in_work(city, identity=some_identity(**IDENTITY)), sign_in(city.rina)

    done = referred(desk, city, flag_id)
    assert "Referral recorded. Print it and hand it over in person." in done.text
    letter = desk.get(the_letter(city, flag_id))

    code = spoken(flag_of(city, flag_id).code)
    assert letter.title == f"surat-{code}"
    for said in ("RAHASIA", code, "Biro Contoh", "Mohon pendampingan.", "RW 07, Jatirahayu", "Disiapkan oleh",
                 "Rina A.", "Tanda tangan", "Diterima", "Hanya lewat unit.", str(now().year)):
        assert said in letter.root.text, said
    for hidden in (*IDENTITY.values(), "Bu Siti", "0812-0000-0001"):
        assert hidden not in letter.root.text, hidden
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.identity_opened") == 0


def test_a_name_travels_when_it_was_ticked_and_that_leaves_its_trace(city, sign_in):
    flag_id, desk = in_work(city, identity=some_identity(**IDENTITY)), sign_in(city.rina)

    referred(desk, city, flag_id, carry=["name", "phone", "area"])
    letter = desk.get(the_letter(city, flag_id))

    assert ("Mawarni" in letter.root.text, "0812-9999-8888" in letter.root.text) == (True, True)
    assert "pagar hijau" not in letter.root.text
    assert "Hanya lewat unit" not in letter.root.text
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.identity_opened") == 1


def test_where_the_person_has_no_number_the_letter_carries_nobody_elses(city, sign_in):
    identity = some_identity(nickname="Mawarni", person_phone="", reporter_name="Bu Pelapor",
                             reporter_phone="081277770001")
    flag_id, desk = in_work(city, identity=identity), sign_in(city.rina)

    offered = desk.get(at(city, flag_id, "rujukan")).form("/rujukan").element.all("input", name="carry")
    referred(desk, city, flag_id, carry=["name", "area"])
    letter = desk.get(the_letter(city, flag_id))

    assert "phone" not in {one.attrs["value"] for one in offered}
    assert "Mawarni" in letter.root.text
    for hidden in ("Bu Pelapor", "7777", "Bu Siti", "0812-0000-0001"):
        assert hidden not in letter.root.text, hidden


@pytest.mark.parametrize("act", ["tindakan", "layanan", "rujukan"])
def test_the_form_says_beforehand_how_far_ahead_the_next_step_of_a_high_risk_may_lie(city, sign_in, act):
    high, low, desk = in_work(city, Risk.HIGH), in_work(city, Risk.LOW), sign_in(city.rina)
    here = today(city.settings.timezone)
    pages = [desk.get(at(city, flag_id, act)) for flag_id in (high, low)]

    furthest = [page.form(f"/{act}").element.all("input", name="next_on")[0].attrs["max"] for page in pages]
    refused = pages[0].form(f"/{act}").fill(next_on=(here + timedelta(days=15)).isoformat()).submit()

    assert furthest == [(here + timedelta(days=days)).isoformat() for days in (14, 366)]
    assert ["At most 14 days ahead" in page.text for page in pages] == [True, False]
    assert refused.status == 422
    assert any("the next step is due within 14 days" in said for said in refused.errors)
    assert "put the deadline off together with a colleague" in refused.text


def test_the_page_of_the_assessment_says_that_it_takes_two_where_it_got_worse(city, sign_in):
    told, quiet = sent(city), sent(city)
    for flag_id in (told, quiet):
        Officer(city, city.rina).opens(flag_id)
    cadre_adds(city, told, worse=True)

    pages = [sign_in(city.rina).get(at(city, flag_id, "penilaian")).text for flag_id in (told, quiet)]

    assert ["Lowering it from high needs a second officer." in page for page in pages] == [True, False]


def unfresh(desk):
    """Her passphrase is older than five minutes."""
    with desk.client.session_transaction() as cookie:
        cookie["proved"] -= 301


@pytest.mark.asvs("V8.2.4")
def test_a_letter_is_shown_to_nobody_whose_passphrase_is_older_than_five_minutes(city, sign_in):
    flag_id, desk = in_work(city, identity=some_identity(**IDENTITY)), sign_in(city.rina)
    referred(desk, city, flag_id, carry=["name", "address", "phone", "area"])
    letter = the_letter(city, flag_id)
    unfresh(desk)

    asked = desk.get(letter)

    assert not any(said in asked.html for said in IDENTITY.values())
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.letter_opened") == 0
    shown = asked.form("/masuk").fill(secret=city.rina.secret).submit()
    assert "Mawarni" in shown.root.text


@pytest.mark.asvs("V8.2.4")
def test_nor_is_one_written_and_what_was_typed_for_it_comes_back(city, sign_in):
    flag_id, desk = in_work(city, identity=some_identity(**IDENTITY)), sign_in(city.rina)
    form = desk.get(at(city, flag_id, "rujukan")).form("/rujukan").fill(
        to="psikolog", office="Biro Contoh", consent="emergency", request="Mohon pendampingan.",
        carry=["name", "area"])
    unfresh(desk)
    before = number_of(city, Note)

    locked = form.submit().form("/masuk").submit("ask")
    assert number_of(city, Note) == before
    back = locked.form("/masuk").fill(secret=city.rina.secret).submit().form("/rujukan").submit()

    again = back.form("/rujukan")
    assert {("to", "psikolog"), ("office", "Biro Contoh"), ("request", "Mohon pendampingan."), ("carry", "name"),
            ("carry", "area")} <= set(again.values)
    again.submit()
    assert "Mawarni" in desk.get(the_letter(city, flag_id)).root.text


def test_every_view_of_a_letter_leaves_a_trace_and_a_later_change_does_not_change_it(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)
    referred(desk, city, flag_id, carry=["area", "age"])
    first = desk.get(the_letter(city, flag_id)).root.text
    assesses(Officer(city, city.rina), flag_id, Risk.MEDIUM, CODES)

    again = desk.get(the_letter(city, flag_id)).root.text

    assert again == first
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.letter_opened") == 2


@pytest.mark.parametrize(("age", "consent", "stands"), [
    ("25_44", "given", True), ("25_44", "child", False), ("25_44", "emergency", True),
    ("6_12", "given", False), ("6_12", "child", True), ("unknown", "child", True),
])
def test_an_adult_is_asked_for_consent_and_a_child_is_not(city, sign_in, age, consent, stands):
    flag_id, desk = in_work(city), sign_in(city.rina)
    desk.get(at(city, flag_id, "penilaian")).form("/penilaian").fill(**{**COMPLETE, "age": age}).submit()

    page = referred(desk, city, flag_id, consent=consent)

    assert (page.status == 422) is not stands


def test_a_referral_without_where_to_says_so_in_the_words_of_the_design(city, sign_in):
    flag_id = in_work(city)
    page = sign_in(city.rina, "id").get(at(city, flag_id, "rujukan")).form("/rujukan").submit()

    assert page.status == 422
    assert "Pilih tujuan rujukan." in page.errors


def test_news_of_a_referral_ends_it_on_the_sheet(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)
    referred(desk, city, flag_id)

    sheet = desk.get(at(city, flag_id)).link("News of the referral").form("/kabar").fill(
        result="declined", text="Penuh.").submit()

    assert "Declined: Penuh." in sheet.text
    assert flag_of(city, flag_id).status == Status.IN_PROGRESS


def test_the_copy_for_the_national_system_speaks_its_words_and_keeps_its_number_sealed(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina, "id")
    assesses(Officer(city, city.rina), flag_id, Risk.MEDIUM, CODES)

    page = desk.get(at(city, flag_id, "salinan"))
    for line in ("Bentuk kekerasan: Fisik", "Hubungan pelaku: Suami/Istri", "Tempat kejadian: Rumah Tangga",
                 "Jenis kasus: Kekerasan terhadap perempuan", "Kelompok usia: 25-44 tahun"):
        assert line in page.text, line
    page.form("/salinan").fill(number="SIMFONI-0042").submit()

    assert "SIMFONI-0042" in desk.get(at(city, flag_id, "salinan")).text
    assert all(b"0042" not in raw for raw in city.db.scalars(select(Note.sealed_text)))


def test_the_copy_says_the_day_on_which_it_came_by_the_citys_clock(city, sign_in):
    with telling(datetime(2026, 11, 24, 1, tzinfo=city.settings.timezone)):  # still the 23rd in UTC
        flag_id = in_work(city)

    assert "24-11-2026" in sign_in(city.rina, "id").get(at(city, flag_id, "salinan")).text


def test_the_plan_prints_what_comes_next_and_what_must_not_be_forgotten(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)
    desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
        service="psikologis", outcome="done", note="Sesi", next_step="Sesi kedua").submit()

    page = desk.get(at(city, flag_id, "rencana"))

    assert "Sesi kedua" in page.text
    assert "Safety: the person is safe now and tonight" in page.text


def test_the_legal_clock_is_started_shown_and_stopped(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)

    sheet = desk.get(at(city, flag_id, "jam-hukum")).form("/jam-hukum").submit("heard")
    assert "Report to the police by" in sheet.text
    done = desk.get(at(city, flag_id, "jam-hukum")).form("/jam-hukum").fill(text="LP/12").submit("police")

    assert "The report to the police was recorded" in done.text
    assert "LP/12" in done.text


def test_nothing_is_closed_while_the_law_waits_and_a_clock_started_by_mistake_is_taken_away_by_two(city, sign_in):
    flag_id, rina = in_work(city), sign_in(city.rina)
    rina.get(at(city, flag_id, "jam-hukum")).form("/jam-hukum").submit("heard")
    check = rina.get(at(city, flag_id, "tutup")).form("/tutup").fill(reason="done", closing="done").submit("check")

    refused = check.form("/tutup").submit("close")
    assert refused.status == 409
    assert "Record the report to the police first." in refused.text
    rina.get(at(city, flag_id, "jam-hukum/keliru")).form("/keliru").fill(why="Tetangga yang bercerita.").submit()
    assert flag_of(city, flag_id).status != Status.CLOSED
    sign_in(city.dewi).get(at(city, flag_id, "persetujuan")).form("/persetujuan").submit("confirm")

    assert records.law_clock(written(Officer(city, city.rina), flag_id)) is None
    closes(Officer(city, city.rina), flag_id)
    assert flag_of(city, flag_id).status == Status.CLOSED


def test_contact_nobody_is_offered_to_be_set_aside_only_when_it_was_said_and_the_risk_is_high(city, sign_in):
    asked = [in_work(city, Risk.HIGH, answers=some_answers(contact=Contact.NOBODY)), in_work(city, Risk.HIGH),
             in_work(city, Risk.MEDIUM, answers=some_answers(contact=Contact.NOBODY))]
    desk = sign_in(city.rina)

    offered = ["Contact somebody after all" in desk.get(at(city, flag_id)).text for flag_id in asked]
    proposed = desk.get(at(city, asked[0], "hubungi")).form("/hubungi").fill(why="Ada ancaman membunuh.").submit()

    assert offered == [True, False, False]
    assert "Contact somebody although the cadre said" in proposed.text


def test_merging_asks_for_a_code_and_says_what_is_wrong_with_it(city, sign_in):
    flag_id, into, desk = in_work(city), in_work(city), sign_in(city.rina)
    code = spoken(flag_of(city, into).code)
    form = desk.get(at(city, flag_id, "gabung")).form("/gabung")

    assert form.fill(into="abc").submit().status == 422
    absent = form.fill(into="222-222").submit()
    assert absent.status in {409, 422}
    done = desk.get(at(city, flag_id, f"gabung?dengan={code}")).form("/gabung").submit()

    assert "The work goes on there." in done.text
    assert flag_of(city, flag_id).status == Status.MERGED


@pytest.mark.asvs("V8.2.2")
def test_a_concern_that_she_may_not_know_of_has_no_pages(city, sign_in):
    kept = sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    people = [sign_in(person) for person in (city.rina, city.siti, city.agus, city.lina, city.other)]

    for act in ACTS:
        hidden = [browser.get(at(city, kept, act)) for browser in people]
        absent = people[0].get(f"/k/222-222/kerja/{act}")

        assert {page.status for page in hidden} == {404}, act
        assert hidden[0].text == absent.text, act


@pytest.mark.asvs("V8.2.2")
def test_a_letter_of_another_concern_is_not_there(city, sign_in):
    flag_id, other, desk = in_work(city), in_work(city), sign_in(city.rina)
    referred(desk, city, other)
    letter = urlsplit(the_letter(city, other)).path.rpartition("/")[2]

    for path in (f"rujukan/{letter}", f"rujukan/{letter}/kabar", "rujukan/00000000-0000-4000-8000-000000000000"):
        assert desk.get(at(city, flag_id, path)).status == 404


def test_the_same_form_twice_is_done_once_and_an_older_page_loses_no_word(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)
    first = desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
        service="psikologis", outcome="done", note="Sesi pertama", next_step="Lagi")
    second = desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
        service="psikologis", outcome="done", note="Sesi kedua", next_step="Lagi")

    first.submit()
    again = first.submit()
    stale = second.submit()
    saved = stale.form("/layanan").submit()

    assert again.status in {200, 203}
    assert stale.status == 409
    assert "Sesi kedua" in stale.html
    assert saved.status in {200, 203}
    assert number_of(city, DoneOnce) >= 2
    texts = [one.text for one in records.services(written(Officer(city, city.rina), flag_id))]
    assert texts == ["Sesi kedua", "Sesi pertama"]


def test_keys_that_lock_in_the_middle_lose_no_word(city):
    flag_id = in_work(city)
    desk = signed_in(city, city.rina)
    form = desk.get(at(city, flag_id, "layanan")).form("/layanan").fill(
        service="psikologis", outcome="done", note="mutiara", next_step="Lagi")
    desk.client.delete_cookie("k")
    before = number_of(city, Note)

    form.submit()
    shown = desk.get(at(city, flag_id, "rencana"))

    assert number_of(city, Note) == before
    assert "mutiara" not in shown.text


@pytest.mark.parametrize("act", ["penilaian", "layanan", "rujukan", "jeda", "gabung"])
def test_nothing_is_done_on_a_closed_concern(city, sign_in, act):
    flag_id, desk = in_work(city), sign_in(city.rina)
    open_page = desk.get(at(city, flag_id, act)).form(f"/{act}")
    closes(Officer(city, city.rina), flag_id)

    assert "It is closed already." in desk.get(at(city, flag_id, act)).text
    assert open_page.submit().status in {409, 422}
    assert flag_of(city, flag_id).status == Status.CLOSED


@pytest.mark.parametrize("act", ["layanan", "rujukan", "jeda"])
def test_what_is_not_open_yet_says_what_is_missing(city, sign_in, act):
    flag_id = sent(city, answers=some_answers(danger=Danger.AGAIN))
    page = sign_in(city.rina).get(at(city, flag_id, act))

    assert "An officer must take it first." in page.text
    assert "The risk must be assessed first." in page.text


def test_a_handed_over_concern_leads_back_to_the_queue_and_is_gone(city, sign_in):
    flag_id, desk = in_work(city), sign_in(city.rina)
    path = at(city, flag_id)
    form = desk.get(at(city, flag_id, "pelimpahan")).form("/pelimpahan")
    unit = next(e.attrs["value"] for e in form.element.all("input") if e.attrs.get("type") == "radio")

    form.fill(unit=unit, why="Ia pindah ke kota lain.")
    page, again = form.submit(), form.submit()

    assert page.path == again.path == "/antrean"
    assert desk.get(path).status == 404
    assert sign_in(city.other).get(path).status == 203


@pytest.mark.parametrize("how", ["off", "elsewhere"])
def test_what_is_late_and_was_somebodys_who_has_left_reads_as_nobodys(city, sign_in, how):
    with telling(now() - timedelta(days=40)):
        in_work(city, Risk.HIGH)
    with writing(city.db):
        account, by = city.db.get_one(Account, city.rina.account_id), viewer_of(city.db, city.agus)
        if how == "off":
            changes.switch(city.db, account, on=False, by=by)
        else:
            changes._change_role(city.db, account, Role.OFFICER, area(city.db, "98.02"), by=by.account_id)

    late = next(row.text for row in sign_in(city.dewi).get("/tenggat").root.all("li") if " · " in row.text)

    assert "Rina" not in late
    assert "No officer" in late
