"""Acting alone: at once, for a few hours, for a reason, and never in silence."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.errors import NotVisible, Refused
from portal.base.reference import spoken
from portal.casework import break_glass, commands, digest, records
from portal.casework.cases import case_of
from portal.casework.models import BreakGlass, Note
from portal.flags import commands as flags
from portal.flags import queries as flag_queries
from portal.flags.answers import Contact, KeepFrom
from portal.flags.life import Move, Risk, Status
from portal.reports import trail
from tests.casework.at_work import assesses, closes, does, flag_of, taken, written
from tests.factories import some_answers
from tests.followup.at_desk import WHY, Officer, cadre_adds

DANGER = "Suaminya mengancam dengan parang malam ini."
AT_NIGHT = (now() + timedelta(days=1)).replace(hour=19, minute=12, second=0, microsecond=0)  # 02.12 in the city


def in_work(officer, risk=Risk.HIGH, **answers):
    """A concern with "contact nobody" that this officer has taken and assessed so."""
    return taken(officer, risk, answers=some_answers(**{"contact": Contact.NOBODY, **answers}))


def acts_alone(officer, flag_id, why=DANGER):
    does(officer, break_glass.act_alone, flag_id, why)


def case(officer, flag_id):
    city = officer.city
    with writing(city.db):
        flag = city.db.get_one(type(flag_of(city, flag_id)), flag_id)
        opened = flags.open_flag(city.db, officer.ring, flag, by=officer.viewer)
        return case_of(city.db, officer.ring, flag, opened.answers, viewer=officer.viewer, keys=city.keys)


def alarms(officer):
    officer.city.db.rollback()
    return break_glass.alarms(officer.city.db, viewer=officer.viewer, keys=officer.city.keys)


def told(officer):
    """To how many alarms this person is woken, and whether the counter of her open queue says so."""
    moment = now() - timedelta(hours=1)
    return len(alarms(officer)), break_glass.acted_after(officer.city.db, moment, viewer=officer.viewer,
                                                         keys=officer.city.keys)


def test_it_takes_effect_at_once_for_four_hours_and_then_the_rule_is_as_before(unit_on_both):
    rina, _, _ = unit_on_both
    flag_id, noise = in_work(rina), in_work(rina)
    before = flag_of(rina.city, flag_id)
    with telling(AT_NIGHT):
        acts_alone(rina, flag_id)
        at_once = case(rina, flag_id).reachable
    with telling(AT_NIGHT + break_glass.HOLDS - timedelta(seconds=1)):
        just_before = case(rina, flag_id).reachable
    with telling(AT_NIGHT + break_glass.HOLDS):
        over = case(rina, flag_id)

    assert at_once.until - at_once.at == timedelta(hours=4)
    assert (at_once.by, at_once.hers, at_once.text) == ("Rina A.", True, DANGER)
    assert just_before is not None
    assert (over.reachable, over.override, over.may_set_aside, over.may_act_alone) == (None, None, True, True)
    assert flag_of(rina.city, flag_id).status == before.status
    assert case(rina, noise).alone == []


def test_a_second_officer_who_agrees_in_the_ordinary_way_makes_it_last(unit):
    rina, dewi, _ = unit
    flag_id = in_work(rina)
    with telling(AT_NIGHT):
        acts_alone(rina, flag_id)
        does(rina, commands.set_aside_contact, flag_id, DANGER)
        does(dewi, commands.confirm, flag_id)

    with telling(AT_NIGHT + timedelta(days=2)):
        after = case(rina, flag_id)
        assert after.override is not None
        assert not after.may_act_alone
        with pytest.raises(Refused, match="nothing to set aside"):
            acts_alone(rina, flag_id)
    assert len(alarms(dewi)) == 1, "agreeing to it is not looking at it"


@pytest.mark.parametrize(("risk", "contact", "why"), [
    (Risk.MEDIUM, Contact.NOBODY, "high risk"), (Risk.LOW, Contact.NOBODY, "high risk"),
    (Risk.HIGH, Contact.REPORTER, "nothing to set aside"), (Risk.HIGH, Contact.PERSON, "nothing to set aside"),
])
def test_it_is_refused_unless_contact_nobody_was_said_and_the_risk_is_high(unit, risk, contact, why):
    rina, _, _ = unit
    flag_id = in_work(rina, risk, contact=contact)

    with pytest.raises(Refused, match=why):
        acts_alone(rina, flag_id)

    assert alarms(rina) == []
    assert not case(rina, flag_id).may_act_alone


def test_an_estimate_or_a_reporters_word_that_it_got_worse_is_not_enough_before_an_officer_assessed_it(unit):
    rina, _, _ = unit
    flag_id = in_work(rina, Risk.MEDIUM)
    cadre_adds(rina.city, flag_id, worse=True)
    assert flag_of(rina.city, flag_id).rank == 0
    with pytest.raises(Refused):
        acts_alone(rina, flag_id)

    assesses(rina, flag_id, Risk.HIGH)
    acts_alone(rina, flag_id)

    assert case(rina, flag_id).reachable is not None


def test_it_lowers_closes_and_puts_off_nothing(unit):
    rina, _, _ = unit
    flag_id = in_work(rina)
    acts_alone(rina, flag_id)

    assesses(rina, flag_id, Risk.LOW)

    after = flag_of(rina.city, flag_id)
    assert (after.rank, after.risk_assessed) == (0, "high")
    with pytest.raises(Refused, match="another proposal"):
        closes(rina, flag_id)
    assert flag_of(rina.city, flag_id).status != Status.CLOSED


def test_while_it_holds_it_is_not_done_again_and_afterwards_it_is_a_new_act_with_an_alarm_of_its_own(unit):
    rina, dewi, ratna = unit
    flag_id = in_work(rina)
    with telling(AT_NIGHT):
        acts_alone(rina, flag_id)
        for officer in (rina, dewi):
            with pytest.raises(Refused, match="already"):
                acts_alone(officer, flag_id)

    with telling(AT_NIGHT + timedelta(hours=5)):
        acts_alone(dewi, flag_id, "Ia menelepon lagi, masih dikunci di kamar.")
        assert [alarm.by for alarm in alarms(ratna)] == ["Rina A.", "Dewi K."]
        does(ratna, break_glass.review, flag_id)

    assert alarms(ratna) == []


def test_everybody_who_may_know_of_it_is_told_until_the_head_has_looked(unit_on_both):
    rina, dewi, ratna = unit_on_both
    city = rina.city
    flag_id = in_work(rina)
    in_work(rina)
    acts_alone(rina, flag_id)

    assert [told(one) for one in (rina, dewi, ratna)] == [(1, False), (1, True), (1, True)]
    assert told(Officer(city, city.other)) == (0, False)
    assert (alarms(rina)[0].hers, alarms(ratna)[0].hers) == (True, False)
    for officer in (rina, dewi):
        with pytest.raises(Refused, match="not hers"):
            does(officer, break_glass.review, flag_id)
    does(ratna, break_glass.review, flag_id)

    assert [told(one) for one in (rina, dewi, ratna)] == [(0, False)] * 3
    reviewed = case(rina, flag_id).alone[0]
    assert (reviewed.reviewed_by, reviewed.holds) == ("Bu Ratna", True)
    with pytest.raises(Refused, match="nobody acted alone"):
        does(ratna, break_glass.review, flag_id)


def test_what_the_only_head_did_is_looked_at_by_another_officer(unit):
    rina, _, ratna = unit
    flag_id = in_work(rina)
    acts_alone(ratna, flag_id)
    with pytest.raises(Refused, match="not hers"):
        does(ratna, break_glass.review, flag_id)

    assert [act.may_review for officer in (ratna, rina) for act in case(officer, flag_id).alone] == [False, True]
    does(rina, break_glass.review, flag_id)

    assert alarms(ratna) == []


def test_where_there_are_two_heads_the_other_one_looks(unit):
    rina, dewi, ratna = unit
    flag_id = in_work(rina)
    with writing(rina.city.db):
        rina.city.db.get(Account, rina.city.dewi.account_id).role = "head"
    acts_alone(ratna, flag_id)

    with pytest.raises(Refused, match="not hers"):
        does(rina, break_glass.review, flag_id)
    does(Officer(rina.city, rina.city.dewi), break_glass.review, flag_id)

    assert alarms(dewi) == []


def test_where_the_head_must_not_know_of_it_another_officer_looks(unit):
    rina, dewi, ratna = unit
    flag_id = in_work(rina)
    acts_alone(rina, flag_id)
    with writing(rina.city.db):
        flags.step_aside(rina.city.db, flag_of(rina.city, flag_id), by=ratna.viewer)

    assert told(ratna) == (0, False)
    does(dewi, break_glass.review, flag_id)

    assert alarms(dewi) == []


def test_an_officer_who_stepped_aside_or_holds_no_key_of_it_is_told_nothing(unit_on_both):
    rina, dewi, ratna = unit_on_both
    city = rina.city
    conflict, left = in_work(ratna, keep_from=(KeepFrom.RT_RW,)), in_work(rina)
    with writing(city.db):
        flags.step_aside(city.db, flag_of(city, left), by=dewi.viewer)
    acts_alone(ratna, conflict)
    acts_alone(rina, left)

    assert [len(alarms(one)) for one in (rina, dewi, ratna)] == [1, 0, 2]
    assert told(dewi) == (0, False)
    for flag_id in (conflict, left):
        with pytest.raises(NotVisible):
            flag_queries.get_flag(city.db, flag_of(city, flag_id).code, viewer=dewi.viewer, keys=city.keys)


def test_the_database_itself_refuses_that_she_looks_at_it_herself_or_that_it_holds_for_ever(unit_on_both):
    rina, _, ratna = unit_on_both
    acts_alone(rina, in_work(rina))

    for forged in ({"reviewed_at": now(), "reviewed_by_id": rina.viewer.account_id},
                   {"reviewed_by_id": ratna.viewer.account_id}, {"until": BreakGlass.at}):
        with pytest.raises(IntegrityError), writing(rina.city.db):
            rina.city.db.execute(update(BreakGlass).values(**forged))


def test_the_reason_lies_sealed_and_stands_in_the_log(unit):
    rina, _, _ = unit
    flag_id = in_work(rina)
    acts_alone(rina, flag_id, "mutiara di kamar yang terkunci")

    assert all(b"mutiara" not in raw for raw in rina.city.db.scalars(select(Note.sealed_text)))
    last = written(rina, flag_id)[-1]
    assert (last.kind, last.content["text"]) == (Move.BREAK_GLASS, "mutiara di kamar yang terkunci")


def test_the_trail_names_both_who_acted_alone_and_who_looked(unit_on_both):
    rina, _, ratna = unit_on_both
    flag_id = in_work(rina)
    acts_alone(rina, flag_id)
    does(ratna, break_glass.review, flag_id)

    with writing(rina.city.db):
        acts = trail.read_trail(rina.city.db, viewer=ratna.viewer, keys=rina.city.keys).acts

    assert [(act.who, act.action) for act in acts if act.code == flag_of(rina.city, flag_id).code][:2] == [
        ("Bu Ratna", "flag.review_break_glass"), ("Rina A.", "flag.break_glass")]


def test_the_number_of_the_digest_counts_it_until_it_was_looked_at(unit_on_both):
    rina, _, ratna = unit_on_both
    flag_id = in_work(rina)
    numbers = [digest.waiting_matters(rina.city.db)]
    acts_alone(rina, flag_id)
    numbers.append(digest.waiting_matters(rina.city.db))
    does(ratna, break_glass.review, flag_id)
    numbers.append(digest.waiting_matters(rina.city.db))

    assert numbers == [0, 1, 0]


def test_it_does_not_leave_the_units_sight_before_somebody_has_looked(unit):
    rina, _, ratna = unit
    city = rina.city
    flag_id = in_work(rina)
    acts_alone(rina, flag_id)
    other = city.db.get_one(Account, city.other.account_id).unit_id
    with pytest.raises(Refused, match="nobody has looked"):
        does(rina, commands.hand_over, flag_id, other, WHY)

    does(ratna, break_glass.review, flag_id)
    does(rina, commands.hand_over, flag_id, other, WHY)

    assert flag_of(city, flag_id).unit_id == other


def test_a_concern_that_was_closed_meanwhile_is_still_looked_at(unit):
    rina, dewi, ratna = unit
    flag_id = in_work(rina)
    acts_alone(rina, flag_id)
    closes(rina, flag_id)
    does(dewi, commands.confirm, flag_id)
    assert len(alarms(ratna)) == 1

    does(ratna, break_glass.review, flag_id)

    assert (alarms(ratna), flag_of(rina.city, flag_id).status) == ([], Status.CLOSED)


def test_her_one_word_does_not_open_a_letter_that_lasts_longer_than_it_holds(unit):
    rina, _, _ = unit
    flag_id = in_work(rina)
    acts_alone(rina, flag_id)

    assert case(rina, flag_id).override is None
    assert records.override(written(rina, flag_id)) is None


# The pages


def at(city, flag_id, act=""):
    path = f"/k/{spoken(flag_of(city, flag_id).code)}/kerja"
    return f"{path}/{act}" if act else path


ALONE, LOOK = "hubungi/sendirian", "hubungi/sendirian/periksa"


def acted(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(BreakGlass))


def test_the_way_through_without_script_from_the_override_page_to_the_head_who_has_looked(unit, sign_in):
    rina, _, _ = unit
    city, flag_id = rina.city, in_work(rina)
    with telling(AT_NIGHT):
        desk, head = sign_in(city.rina, "id"), sign_in(city.ratna, "id")
        page = desk.get(at(city, flag_id, "hubungi")).link("Sendirian, dan nyawa terancam")
        assert "selama 4 jam" in page.text
        sheet = page.form("/sendirian").fill(why=DANGER, tried="y").submit()
        queue = head.get("/antrean")
        due = head.get("/tenggat")
        looking = queue.link(spoken(flag_of(city, flag_id).code))
        done = looking.form("/periksa").submit()

        assert sheet.path == at(city, flag_id)
        assert "Boleh menghubungi sampai 06.12. Diputuskan satu petugas sendiri (Anda)." in sheet.text
        for told_page in (queue, due):
            assert "Rina A. bertindak sendiri. Boleh menghubungi sampai 06.12." in told_page.text
        assert queue.text.index("bertindak sendiri") < queue.text.index("Antrean kabar")
        assert DANGER in looking.text
        assert "Bertindak sendiri" in done.text
        assert "bertindak sendiri" not in head.get("/antrean").text
        assert "Bertindak sendiri: “jangan hubungi siapa pun” dikesampingkan" in head.get("/jejak").text
        assert "Memeriksa petugas yang bertindak sendiri" in head.get("/jejak").text


@pytest.mark.parametrize(("answers", "said"), [
    ({"why": "x" * 19}, "Write at least 20 characters."), ({"why": ""}, "Say why, in a few words."),
    ({"why": " " * 40}, "Say why, in a few words."), ({"why": "\0" * 40}, "Say why, in a few words."),
    ({"why": "x" * 2001}, "Field cannot be longer than 2000 characters."),
    ({"tried": []}, "Try to reach a colleague first. Then tick this."),
])
def test_without_a_reason_or_a_try_to_reach_somebody_nothing_happens_and_nothing_is_lost(unit, sign_in, answers,
                                                                                         said):
    rina, _, _ = unit
    flag_id = in_work(rina)
    form = sign_in(rina.city.rina).get(at(rina.city, flag_id, ALONE)).form("/sendirian")

    page = form.fill(**{"why": DANGER, "tried": "y", **answers}).submit()

    assert page.status == 422
    assert page.title.startswith("Check: ")
    assert any(said in error for error in page.errors), page.errors
    assert acted(rina.city) == 0


@pytest.mark.parametrize("text", ["<script>alert(1)</script> dua puluh", "\u202e🌾🌾 terbalik dan panjang sekali",
                                  "'; DROP TABLE break_glass; --"])
def test_whatever_is_typed_is_kept_as_text(unit, sign_in, text):
    rina, _, _ = unit
    flag_id = in_work(rina)

    sheet = sign_in(rina.city.rina).get(at(rina.city, flag_id, ALONE)).form("/sendirian").fill(
        why=text, tried="y").submit()

    assert text in sheet.text
    assert "<script>alert" not in sheet.html


def test_the_same_form_twice_is_done_once_and_an_older_page_is_told(unit, sign_in):
    rina, _, _ = unit
    city, flag_id = rina.city, in_work(rina)
    desk = sign_in(city.rina)
    first, second = (desk.get(at(city, flag_id, ALONE)).form("/sendirian").fill(why=DANGER, tried="y")
                     for _ in range(2))

    pages = [first.submit(), first.submit(), second.submit()]

    assert acted(city) == 1
    assert [page.status for page in pages] == [203, 203, 409]
    assert "A colleague has set it aside already" in pages[2].text
    city.db.rollback()
    assert city.db.scalar(select(func.count()).where(AuditEntry.action == "flag.break_glass")) == 1


def test_a_passphrase_older_than_five_minutes_is_asked_for_again_and_no_word_is_lost(unit, sign_in):
    rina, _, _ = unit
    city, flag_id = rina.city, in_work(rina)
    desk = sign_in(city.rina)
    form = desk.get(at(city, flag_id, ALONE)).form("/sendirian").fill(why=DANGER, tried="y")
    with desk.client.session_transaction() as cookie:
        cookie["proved"] -= 301

    asked = form.submit()

    assert acted(city) == 0
    assert asked.root.all("input", name="carried")
    assert DANGER not in asked.html


def test_a_risk_that_is_not_high_is_refused_with_a_clear_sentence(unit, sign_in):
    rina, _, _ = unit
    city, flag_id, high = rina.city, in_work(rina, Risk.MEDIUM), in_work(rina)
    desk = sign_in(city.rina)
    form = desk.get(at(city, high, ALONE)).form("/sendirian").fill(why=DANGER, tried="y")
    form.action = at(city, flag_id, ALONE)

    shown, forged = desk.get(at(city, flag_id, ALONE)), form.submit()

    for page in (shown, forged):
        assert "Acting alone needs a risk that an officer assessed as high. Assess it first." in page.text
    assert (forged.status, acted(city)) == (409, 0)
    assert "Alone, and a life is in danger" not in desk.get(at(city, flag_id, "hubungi")).text


def test_who_acted_is_given_no_button_to_look_at_it_and_a_forged_one_does_nothing(unit, sign_in):
    rina, _, _ = unit
    city, flag_id = rina.city, in_work(rina)
    acts_alone(rina, flag_id)
    desk, other = sign_in(city.rina), in_work(rina)
    page = desk.get(at(city, flag_id, LOOK))
    assert "I have looked at it" not in page.text
    form = desk.get(at(city, other, ALONE)).form("/sendirian")
    form.action = at(city, flag_id, LOOK)

    form.values = [(name, str(flag_of(city, flag_id).version) if name == "version" else value)
                   for name, value in form.values]
    forged = form.submit()

    assert forged.status == 409
    assert "Another looks at it" in forged.text
    assert len(alarms(rina)) == 1


def test_both_pages_of_a_concern_that_she_may_not_know_of_are_like_those_of_one_that_is_not_there(unit, sign_in):
    _, _, ratna = unit
    city = ratna.city
    kept = in_work(ratna, keep_from=(KeepFrom.RT_RW,))
    acts_alone(ratna, kept)

    for act in (ALONE, LOOK):
        for person in (city.rina, city.siti, city.agus, city.lina, city.other):
            browser = sign_in(person)
            hidden, absent = browser.get(at(city, kept, act)), browser.get(f"/k/222-222/kerja/{act}")
            assert (hidden.status, hidden.text) == (404, absent.text), act


def test_the_counter_of_an_open_queue_says_it_without_anything_being_loaded(unit, sign_in):
    rina, _, _ = unit
    city, flag_id, since = rina.city, in_work(rina), now().isoformat()
    heads, hers = sign_in(city.ratna, "id"), sign_in(city.rina, "id")
    with telling(now() + timedelta(seconds=5)):
        acts_alone(rina, flag_id)

    said = [desk.get("/antrean/hitung", query_string={"sejak": since}).html for desk in (heads, hers)]

    assert said == ["Seorang petugas bertindak sendiri.", ""]
