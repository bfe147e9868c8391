"""The sheet, as officers use it: without script first, nothing lost, nothing shown to the wrong eyes."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.clock import now, telling, today
from portal.base.reference import spoken
from portal.flags.answers import CallTime
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag, FlagStep, Question
from portal.flags.words import QUESTIONS
from portal.followup import commands, policy
from portal.followup.models import Note
from tests.factories import some_answers, some_identity
from tests.followup.at_desk import WHY, Officer, cadre_adds, cadre_answers, sent


def at(city, flag_id):
    """The address of a concern's sheet."""
    return f"/k/{spoken(city.db.get(Flag, flag_id).code)}/kerja"


def flag_of(city, flag_id):
    city.db.rollback()
    return city.db.get_one(Flag, flag_id, populate_existing=True)


def number_of(city, model, *conditions):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(model).where(*conditions))


def moves_on(page):
    """The moves that the page has a button for."""
    drawn = [e.attrs["data-move"] for tag in ("form", "a") for e in page.root.all(tag) if "data-move" in e.attrs]
    return [move for move in drawn if move != "identity"]


def tomorrow(city):
    return (today(city.settings.timezone) + timedelta(days=1)).isoformat()


def fill_action(city, page, **changes):
    plain = {"way": "phone", "result": "reached", "note": "mutiara", "next_step": "Kunjungan",
             "next_on": tomorrow(city)}
    return page.form("/tindakan").fill(**{**plain, **changes})


def test_the_whole_way_without_script(city, sign_in):
    flag_id = sent(city, story="Takut pulang.")
    desk = sign_in(city.rina)
    sheet = desk.get("/antrean").link(spoken(flag_of(city, flag_id).code))
    assert "Takut pulang." in sheet.text

    sheet = sheet.form("/ambil").submit()
    sheet = sheet.form("/nilai").fill(risk="medium", why_risk=WHY).submit()
    sheet = fill_action(city, sheet).submit()
    sheet = sheet.form("/tanya").fill(template="when_call").submit().form("/tanya").submit("send")
    cadre_answers(city, flag_id, text="Sore saja.")
    sheet = desk.get(at(city, flag_id))
    assert "Sore saja." in sheet.text
    check = sheet.link("Close it").form("/tutup").fill(reason="done", closing="done", remark="Selesai baik.").submit()
    assert "What was done stays secret" in check.text
    sheet = check.form("/tutup").submit("close")
    assert flag_of(city, flag_id).status == Status.CLOSED
    sheet = sheet.form("/buka-lagi").fill(why_again="Ada kabar baru lagi.").submit()

    assert flag_of(city, flag_id).status == Status.REOPENED
    assert "by you" in sheet.text
    log = sheet.root.all("ol")[0].text
    for words in ("Ada kabar baru lagi.", "Selesai baik.", "mutiara", WHY, "When can we call you?"):
        assert words in log
    assert sheet.path == at(city, flag_id)


@pytest.mark.parametrize("who", ["rina", "dewi", "ratna"])
def test_the_buttons_are_exactly_what_the_table_allows(city, sign_in, who):
    rina, flag_id, desk = Officer(city, city.rina), sent(city), sign_in(getattr(city, who))
    viewer, drawn = Officer(city, getattr(city, who)).viewer, []
    rina.opens(flag_id)

    for move in (Move.ASSESS, Move.TAKE, Move.ACT, Move.ASK, Move.WITHDRAW_QUESTION, Move.CLOSE, Move.REOPEN):
        rina.does(move, flag_id)
        page = desk.get(at(city, flag_id))
        drawn.append(moves_on(page))
        assert drawn[-1] == policy.offered(flag_of(city, flag_id), viewer)

    assert len({tuple(moves) for moves in drawn}) >= 4


def test_opening_reads_it_and_every_reading_leaves_a_trace(city, sign_in):
    flag_id, noise = sent(city), sent(city)

    for _visit in range(3):
        sign_in(city.rina).get(at(city, flag_id))

    opened = AuditEntry.subject == str(flag_id), AuditEntry.action == "flag.opened"
    assert number_of(city, AuditEntry, *opened, AuditEntry.actor_id == city.rina.account_id) == 3
    assert number_of(city, FlagStep, FlagStep.flag_id == flag_id, FlagStep.move == Move.READ) == 1
    assert (flag_of(city, flag_id).status, flag_of(city, noise).status) == (Status.READ, Status.NEW)


@pytest.mark.asvs("V8.2.3", "V14.2.6")
def test_safe_contact_comes_first_and_names_stay_closed(city, sign_in):
    flag_id = sent(city, identity=some_identity(nickname="mutiara", landmark="pagar hijau"))

    page = sign_in(city.rina).get(at(city, flag_id))

    main = page.root.all("main")[0]
    assert main.all("section")[0].text.startswith("Safe contact Call the cadre first.")
    for closed in ("mutiara", "pagar hijau", "Bu Siti", "0812"):
        assert closed not in page.html


@pytest.mark.asvs("V14.2.6")
def test_names_are_shown_once_for_a_reason(city, sign_in):
    flag_id, desk = sent(city, identity=some_identity(nickname="mutiara", person_phone="0813-1")), sign_in(city.rina)

    opened = desk.get(at(city, flag_id)).form("/identitas").fill(why_open="call_cadre").submit()
    again = desk.get(at(city, flag_id))

    city.db.rollback()
    entry = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "flag.identity_opened")).one()
    assert (entry.reason, entry.actor_id, entry.subject) == ("call_cadre", city.rina.account_id, str(flag_id))
    assert "mutiara" in opened.text
    assert "0812-0000-0001" in opened.text
    assert opened.response.headers["Cache-Control"] == "no-store"
    assert opened.status == 203
    assert "mutiara" not in again.html


@pytest.mark.parametrize("reason", ["", "curious", "call_cadre\x00", "<script>"])
def test_names_stay_closed_without_a_reason_from_the_list(city, sign_in, reason):
    flag_id = sent(city, identity=some_identity(nickname="mutiara"))

    page = sign_in(city.rina).get(at(city, flag_id)).form("/identitas").fill(why_open=reason).submit()

    assert (page.status, len(page.errors)) == (422, 1)
    assert page.title.startswith("Check: ")
    assert "mutiara" not in page.html
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.identity_opened") == 0


def handled(city):
    """A concern that Rina has taken and assessed."""
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    rina.does(Move.ASSESS, flag_id)
    return flag_id


@pytest.mark.asvs("V1.3.3", "V2.2.1")
@pytest.mark.parametrize(("form", "answers"), [
    ("/nilai", {"risk": ""}), ("/nilai", {"risk": "extreme"}), ("/nilai", {"risk": ["high", "low"]}),
    ("/nilai", {"why_risk": ""}), ("/nilai", {"why_risk": "pendek"}), ("/nilai", {"why_risk": " " * 40}),
    ("/nilai", {"why_risk": "x" * 2001}), ("/nilai", {"why_risk": "\x00" * 30}),
    ("/tindakan", {"note": ""}), ("/tindakan", {"note": "x" * 2001}), ("/tindakan", {"way": "telepathy"}),
    ("/tindakan", {"result": []}), ("/tindakan", {"next_step": ""}), ("/tindakan", {"next_step": "x" * 301}),
    ("/tindakan", {"next_on": "2020-01-01"}), ("/tindakan", {"next_on": "9999-12-31"}),
    ("/tindakan", {"next_on": "-1"}), ("/tindakan", {"next_on": ""}), ("/tindakan", {"day": "0001-01-01"}),
    ("/tindakan", {"day": "2999-01-01"}), ("/tindakan", {"day": "2026-02-30"}), ("/tindakan", {"clock": "25:99"}),
    ("/tindakan", {"clock": ""}), ("/tindakan", {"note": ["one", "two"]}),
    ("/tanya", {"template": ""}), ("/tanya", {"template": "Siapa pelakunya?"}),
    ("/tanya", {"template": "changed\x00"}),
])
def test_bad_input_is_told_and_changes_nothing(city, sign_in, form, answers):
    flag_id = handled(city)
    page = sign_in(city.rina).get(at(city, flag_id))
    before = flag_of(city, flag_id).version
    good = {"/nilai": {"risk": "low", "why_risk": WHY}, "/tanya": {"template": "changed"}}.get(form)
    filled = page.form(form).fill(**good) if good else fill_action(city, page)

    answer = filled.fill(**answers).submit()

    assert (answer.status, len(answer.errors) >= 1) == (422, True)
    assert answer.title.startswith("Check: ")
    assert answer.form(form).element.inside("details").attrs.keys() >= {"open"}
    assert (flag_of(city, flag_id).version, number_of(city, Note)) == (before, 1)


def test_a_day_may_be_today_and_words_may_be_just_as_long_as_allowed(city, sign_in):
    flag_id = handled(city)

    page = fill_action(city, sign_in(city.rina).get(at(city, flag_id)), note="é" * 2000, next_step="x" * 300,
                       next_on=today(city.settings.timezone).isoformat()).submit()

    assert page.status == 203
    assert flag_of(city, flag_id).status == Status.IN_PROGRESS


@pytest.mark.asvs("V2.2.3")
@pytest.mark.parametrize(("days", "status"), [(-1, 422), (0, 203)])
def test_an_action_is_not_older_than_the_concern(city, sign_in, days, status):
    flag_id = handled(city)
    day = today(city.settings.timezone) + timedelta(days=days)

    page = fill_action(city, sign_in(city.rina).get(at(city, flag_id)), day=day.isoformat(), clock="00:00").submit()

    assert page.status == status


def test_a_next_step_on_a_day_off_is_kept_and_pointed_out(city, sign_in):
    flag_id, desk = handled(city), sign_in(city.rina)
    saturday = today(city.settings.timezone)
    while saturday.weekday() != 5:
        saturday += timedelta(days=1)

    page = fill_action(city, desk.get(at(city, flag_id)), next_on=saturday.isoformat()).submit()

    assert "is not a working day" in page.text


@pytest.mark.asvs("V1.1.2", "V1.2.1")
def test_what_was_typed_is_shown_as_it_is_and_runs_nowhere(city, sign_in):
    flag_id = handled(city)
    typed = '<script>alert(1)</script> "ya" \u202etidak 🌾 </textarea>'

    page = fill_action(city, sign_in(city.rina).get(at(city, flag_id)), note=typed + "\x00\x07").submit()

    assert "<script>alert" not in page.html
    assert typed in page.root.all("ol")[0].text.replace("  ", " ")


def test_ten_megabytes_are_refused(city, sign_in):
    flag_id, desk = handled(city), sign_in(city.rina)

    page = fill_action(city, desk.get(at(city, flag_id)), note="x" * 10_000_000).submit()

    assert page.status == 413
    assert number_of(city, Note) == 1


def test_an_action_on_what_nobody_has_taken_keeps_the_words_on_the_page(city, sign_in):
    owned, flag_id = handled(city), sent(city)
    desk = sign_in(city.rina)
    form = fill_action(city, desk.get(at(city, owned)))
    desk.get(at(city, flag_id))
    form.action = f"{at(city, flag_id)}/tindakan"

    page = form.fill(version=str(flag_of(city, flag_id).version)).submit()

    assert page.status == 409
    assert "mutiara" in page.root.all("textarea")[0].text
    assert "An officer must take it first." in page.text
    assert number_of(city, Note) == 1


def test_a_second_tap_does_it_once(city, sign_in):
    flag_id = handled(city)
    form = fill_action(city, sign_in(city.rina).get(at(city, flag_id)))

    pages = [form.submit() for _tap in range(2)]

    assert [page.status for page in pages] == [203, 203]
    assert number_of(city, FlagStep, FlagStep.move == Move.ACT) == 1
    assert number_of(city, Note) == 2


def test_the_same_form_with_other_words_is_not_called_recorded_and_keeps_them_on_the_page(city, sign_in):
    flag_id = handled(city)
    form = fill_action(city, sign_in(city.rina).get(at(city, flag_id)))
    form.submit()

    page = form.fill(note="Kata yang lain").submit()

    assert page.status == 409
    assert "Kata yang lain" in page.html
    assert number_of(city, Note) == 2


@pytest.mark.asvs("V9.1.1")
def test_somebody_elses_one_use_key_is_worth_nothing(city, sign_in):
    flag_id = handled(city)
    once = sign_in(city.dewi).get(at(city, flag_id)).form("/nilai").element.all("input", name="once")[0]

    page = fill_action(city, sign_in(city.rina).get(at(city, flag_id)), once=once.attrs["value"]).submit()

    assert (page.status, number_of(city, Note)) == (422, 1)


def test_the_head_gives_it_to_a_colleague_who_holds_the_key(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.ratna)
    page = desk.get(at(city, flag_id))
    assert "1 person is not shown (holds no key yet)" in page.text
    assert [o.text for o in page.root.all("select", name="officer")[0].all("option")] == \
        ["Choose one", "Dewi K. (0 open)", "Rina A. (0 open)"]

    page = page.form("/tugaskan").fill(officer=str(city.dewi.account_id), why_moved="Wilayahnya.").submit()

    assert flag_of(city, flag_id).assignee_id == city.dewi.account_id
    assert "Given to an officer : Dewi K." in page.root.all("ol")[0].text
    assert "Wilayahnya." in page.root.all("ol")[0].text


@pytest.mark.asvs("V2.2.2", "V8.3.1")
@pytest.mark.parametrize("who", ["keyless", "other", "siti", "ratna"])
def test_a_forged_officer_is_refused(city, sign_in, who):
    flag_id = sent(city)

    page = sign_in(city.ratna).get(at(city, flag_id)).form("/tugaskan").fill(
        officer=str(getattr(city, who).account_id)).submit()

    assert (page.status, flag_of(city, flag_id).assignee_id) == (422, None)


@pytest.mark.asvs("V8.2.1")
def test_only_the_head_gives_work_to_others(city, sign_in):
    flag_id = sent(city)
    token = sign_in(city.rina).get(at(city, flag_id))

    page = token.browser.post(f"{at(city, flag_id)}/tugaskan", [
        ("csrf_token", token.root.all("input", name="csrf_token")[0].attrs["value"]),
        ("officer", str(city.dewi.account_id))])

    assert (page.status, flag_of(city, flag_id).assignee_id) == (404, None)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("template", QUESTIONS)
def test_a_question_is_shown_as_the_cadre_will_see_it_before_it_is_sent(city, sign_in, template, language):
    flag_id, desk = handled(city), sign_in(city.rina, language)
    form = desk.get(at(city, flag_id)).form("/tanya").fill(template=template)

    check = form.submit()
    before = number_of(city, Question)
    check.form("/tanya").submit("send")
    code = spoken(flag_of(city, flag_id).code)
    hers, listed = sign_in(city.siti, language).get(f"/k/{code}"), sign_in(city.siti, language).get("/k")

    shown = check.form("/tanya").element.all("div", class_="sisip rapat")[0]
    asked = hers.form("/jawab").element.parent
    assert (check.status, before) == (203, 0)
    assert shown.all("h3")[0].text == asked.all("h2")[0].text
    assert shown.all("b")[0].text == asked.all("b")[0].text
    assert shown.all("span", class_="tanda n")[0].text in listed.text


def test_another_question_can_be_chosen_before_it_is_sent(city, sign_in):
    flag_id, desk = handled(city), sign_in(city.rina)
    check = desk.get(at(city, flag_id)).form("/tanya").fill(template="changed").submit()

    again = check.form("/tanya").submit("edit")
    again.form("/tanya").fill(template="how_to_find").submit().form("/tanya").submit("send")

    assert dict(again.form("/tanya").values)["template"] == "changed"
    assert "How can an officer find the place?" in desk.get(at(city, flag_id)).text
    assert number_of(city, Question) == 1


def test_a_question_to_what_was_closed_meanwhile_is_told_to_be_impossible(city, sign_in):
    flag_id = handled(city)
    form = sign_in(city.rina).get(at(city, flag_id)).form("/tanya").fill(template="changed")
    dewi = Officer(city, city.dewi)
    dewi.does(Move.ASSESS, flag_id)
    dewi.does(Move.CLOSE, flag_id)

    page = form.submit()

    assert (page.status, number_of(city, Question)) == (409, 0)
    assert "Dewi K. just changed this." in page.text


def test_safe_hours_that_the_cadre_told_later_take_the_place_of_the_first(city, sign_in):
    flag_id = sent(city, answers=some_answers(call_times=(CallTime.MORNING,)))
    rina = Officer(city, city.rina)
    rina.opens(flag_id)
    first = sign_in(city.rina).get(at(city, flag_id))
    rina.does(Move.ASK, flag_id)
    cadre_answers(city, flag_id, text="Jangan pagi.")

    page = sign_in(city.rina).get(at(city, flag_id))

    box = [next(s for s in p.root.all("section") if "aman" in s.attrs["class"].split()).text for p in (first, page)]
    assert "Safe hours: morning." in box[0]
    assert "Safe hours: evening." in box[1]
    assert "morning" not in box[1]


def test_a_question_is_withdrawn(city, sign_in):
    flag_id, desk = handled(city), sign_in(city.rina)
    page = desk.get(at(city, flag_id)).form("/tanya").fill(template="how_to_find").submit()
    page = page.form("/tanya").submit("send")
    assert "How can an officer find the place?" in page.text

    page.form("/tarik").submit()

    assert flag_of(city, flag_id).status == Status.ASSIGNED
    assert number_of(city, Question, Question.answered_at.is_(None)) == 0


def test_what_got_worse_is_said_on_the_sheet(city, sign_in):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.LOW, "Sudah di tempat aman.")
    cadre_adds(city, flag_id, worse=True, text="Ia kembali ke rumah itu.")

    page = sign_in(city.rina).get(at(city, flag_id))

    assert "worse, says the cadre" in page.text
    assert "Ia kembali ke rumah itu." in page.text
    assert "High" in page.text


def test_closing_says_what_is_still_missing(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    unread = desk.get(f"{at(city, flag_id)}/tutup")
    sheet = desk.get(at(city, flag_id))

    read = desk.get(f"{at(city, flag_id)}/tutup")

    assert "Open it first." in unread.text
    assert "Open it first." not in read.text
    for page in (read, sheet):
        assert "An officer must take it first. The risk must be assessed first." in page.text
    assert read.root.all("main")[0].all("form", action=f"{at(city, flag_id)}/tutup") == []


@pytest.mark.asvs("V2.2.1", "V2.2.2")
@pytest.mark.parametrize("answers", [{"reason": ""}, {"reason": "reconciled"}, {"closing": ""},
                                     {"closing": "Pelakunya ditangkap."}, {"remark": "x" * 2001}])
def test_closing_takes_only_reasons_and_texts_from_the_lists(city, sign_in, answers):
    flag_id = handled(city)
    form = sign_in(city.rina).get(f"{at(city, flag_id)}/tutup").form("/tutup").fill(reason="done", closing="done")

    checked = form.fill(**answers).submit("check")
    form.values = [(n, v) for n, v in form.values if n != "step"] + [("step", "close")]
    closed = form.submit("check")

    assert (checked.status, closed.status) == (422, 422)
    assert flag_of(city, flag_id).status == Status.ASSIGNED


def test_the_check_before_closing_can_be_left_without_losing_a_word(city, sign_in):
    flag_id = handled(city)
    page = sign_in(city.rina).get(f"{at(city, flag_id)}/tutup")
    page = page.form("/tutup").fill(reason="not_found", closing="not_now", remark='satu\n"dua"').submit("check")

    page = page.form("/tutup").submit("edit")

    values = dict(page.form("/tutup").values)
    assert (values["reason"], values["closing"]) == ("not_found", "not_now")
    assert values["remark"].replace("\r", "").strip() == 'satu\n"dua"'
    assert flag_of(city, flag_id).status == Status.ASSIGNED


def test_closing_what_a_colleague_has_just_closed_loses_nothing(city, sign_in):
    flag_id = handled(city)
    page = sign_in(city.rina).get(f"{at(city, flag_id)}/tutup")
    page = page.form("/tutup").fill(reason="done", closing="done", remark="mutiara").submit("check")
    Officer(city, city.dewi).does(Move.CLOSE, flag_id)

    late = page.form("/tutup").submit("close")

    assert late.status == 409
    assert "Dewi K. just changed this." in late.text
    assert "It is closed already." in late.text
    assert "mutiara" in late.text
    assert number_of(city, FlagStep, FlagStep.move == Move.CLOSE) == 1


def test_closing_over_a_colleagues_change_asks_to_look_and_then_works(city, sign_in):
    flag_id = handled(city)
    page = sign_in(city.rina).get(f"{at(city, flag_id)}/tutup")
    page = page.form("/tutup").fill(reason="done", closing="done", remark="mutiara").submit("check")
    Officer(city, city.dewi).does(Move.ACT, flag_id)

    late = page.form("/tutup").submit("close")
    done = late.form("/tutup").submit("check").form("/tutup").submit("close")

    assert (late.status, done.status) == (409, 203)
    assert flag_of(city, flag_id).status == Status.CLOSED
    assert "mutiara" in done.root.all("ol")[0].text


@pytest.mark.asvs("V2.3.2")
def test_after_ninety_days_a_closed_one_stays_closed(city, sign_in):
    with telling(now() - timedelta(days=91)):
        flag_id = sent(city)
        Officer(city, city.rina).closes(flag_id)

    page = sign_in(city.rina).get(at(city, flag_id))

    assert moves_on(page) == []
    assert "Nothing can be done here now." in page.text


def test_htmx_gets_the_sheet_alone_with_a_place_for_the_focus(city, sign_in):
    flag_id = handled(city)
    form = fill_action(city, sign_in(city.rina).get(at(city, flag_id)))

    page = form.submit("", **{"HX-Request": "true"})

    assert "<html" not in page.html
    assert page.root.all("div")[0].attrs["id"] == "lembar"
    focused = [e for e in page.root.all("p") if "data-fokus" in e.attrs]
    assert [e.text.startswith("Recorded at") for e in focused] == [True]
    assert page.response.vary.as_set() >= {"hx-request"}


def test_htmx_gets_what_is_still_needed_inside_the_sheet(city, sign_in):
    flag_id = handled(city)
    form = fill_action(city, sign_in(city.rina).get(at(city, flag_id)), note="")

    page = form.submit("", **{"HX-Request": "true"})

    assert (page.status, "<html" in page.html, len(page.errors)) == (422, False, 1)


@pytest.mark.asvs("V7.5.3")
def test_names_are_shown_only_to_an_officer_who_has_just_said_her_passphrase(city, sign_in):
    flag_id = sent(city)
    with time_machine.travel(now(), tick=False) as clock:
        desk = sign_in(city.rina)
        page = desk.get(at(city, flag_id))
        clock.shift(timedelta(minutes=5, seconds=1))

        asked = page.form("/identitas").fill(why_open="call_cadre").submit()
        again = asked.form("/masuk").submit().form("/masuk").fill(secret=city.rina.secret).submit()
        shown = again.form("/identitas").submit().form("/identitas").submit()

    assert "0812-0000-0001" not in asked.html
    assert asked.title.startswith("Continue")
    assert "0812-0000-0001" in shown.html


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize("way", ["", "/nilai", "/tindakan", "/tutup", "/identitas", "/buka-lagi"])
def test_what_is_not_for_her_looks_like_what_is_not_there(city, sign_in, way):
    flag_id = sent(city)

    for who in (city.keyless, city.other, city.siti, city.budi, city.wati, city.lina, city.agus):
        browser = sign_in(who)
        there, absent = (browser.get(path + way) for path in (at(city, flag_id), "/k/234-678/kerja"))
        assert (there.status, absent.status) == (404, 404)
        assert _bare(there.html, at(city, flag_id)) == _bare(absent.html, "/k/234-678/kerja")
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.opened") == 0


def _bare(html, path):
    """A page without its address and its tokens."""
    lines = [line for line in html.replace(path, "").splitlines() if "csrf_token" not in line]
    return "\n".join(lines)


def without_key_cookie(browser):
    browser.client.delete_cookie("k")
    return browser


def test_without_the_key_cookie_nothing_is_shown_and_nothing_offered(city, sign_in):
    flag_id = sent(city, story="mutiara", identity=some_identity(nickname="mutiara"))
    Officer(city, city.rina).opens(flag_id)
    opened = number_of(city, AuditEntry, AuditEntry.action == "flag.opened")

    page = without_key_cookie(sign_in(city.rina)).get(at(city, flag_id))

    assert "mutiara" not in page.html
    assert "Your keys are locked." in page.text
    assert moves_on(page) == []
    assert "A girl" not in page.html
    assert number_of(city, AuditEntry, AuditEntry.action == "flag.opened") == opened


def test_the_passphrase_unlocks_again_and_leads_back(city, sign_in):
    flag_id = sent(city, story="mutiara")
    page = without_key_cookie(sign_in(city.rina)).get(at(city, flag_id))

    ask = page.form("/antrean/buka").submit()
    sheet = ask.form("/masuk").fill(secret=city.rina.secret).submit()

    assert (sheet.path, "mutiara" in sheet.text) == (at(city, flag_id), True)


@pytest.mark.asvs("V1.2.2", "V3.7.2")
def test_unlocking_never_leads_outside(city, sign_in):
    page = without_key_cookie(sign_in(city.rina)).get("/antrean")

    ask = page.form("/antrean/buka").fill(next="https://example.org/").submit()

    assert ask.form("/masuk").fill(secret=city.rina.secret).submit().path == "/antrean"


@pytest.mark.parametrize("way", ["/tindakan", "/tutup"])
def test_keys_that_lock_in_the_middle_of_a_note_lose_no_word(city, sign_in, way):
    flag_id, desk = handled(city), sign_in(city.rina)
    if way == "/tindakan":
        form = fill_action(city, desk.get(at(city, flag_id)))
    else:
        form = desk.get(at(city, flag_id) + way).form(way).fill(reason="done", closing="done", remark="mutiara")
    without_key_cookie(desk)

    ask = form.submit()
    assert ask.status == 403
    assert "mutiara" not in ask.html
    resumed = ask.form("/masuk").submit("ask").form("/masuk").fill(secret=city.rina.secret).submit()
    back = resumed.form(way).submit()

    assert "mutiara" in [value.strip() for _name, value in back.form(way).values]
    assert number_of(city, Note) == 1
    assert back.form(way).submit().status == 203


def test_an_address_of_an_act_opens_its_form(city, sign_in):
    flag_id = handled(city)

    page = sign_in(city.rina).get(f"{at(city, flag_id)}/nilai")

    assert page.form("/nilai").fill(risk="high", why_risk=WHY).submit().status == 203
    assert [d.all("summary")[0].text for d in page.root.all("details") if "open" in d.attrs] == ["Assess the risk"]


def test_the_reason_and_remark_of_closing_never_reach_the_cadre(city, sign_in):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.handles(flag_id)
    rina.does(Move.CLOSE, flag_id, commands.Closing("not_willing", "mutiara", "not_now"))

    page = sign_in(city.siti).get(f"/k/{spoken(flag_of(city, flag_id).code)}")

    assert "This is not your fault." in page.text
    for secret in ("mutiara", "does not want", "Rina", "Medium", WHY):
        assert secret not in page.html


def test_a_second_tap_is_answered_like_the_first_though_the_colleague_is_no_choice_any_more(city, sign_in):
    flag_id = handled(city)
    form = sign_in(city.ratna).get(at(city, flag_id)).form("/tugaskan").fill(officer=str(city.dewi.account_id))

    first, second = form.submit(), form.submit()

    assert (first.status, second.status, second.path) == (203, 203, first.path)
    assert "Recorded at" in second.text
    assert flag_of(city, flag_id).assignee_id == city.dewi.account_id
