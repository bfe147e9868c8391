"""What the unit does for a person: assess in codes, serve, refer, keep the law's clock, put a deadline off."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.clock import now, telling, today
from portal.base.errors import NotVisible, Refused
from portal.casework import codes, commands, records
from portal.casework.models import MonthlyFact, Note
from portal.flags.life import Move, Risk, Status
from portal.flags.models import FlagStep
from tests.casework.at_work import CODES, WHY, a_letter, a_service, assesses, closes, does, flag_of, taken, written
from tests.followup.at_desk import Officer, an_action, sent

MONDAY = datetime(2026, 11, 23, 3, tzinfo=UTC)  # 10.00 in Jakarta


@pytest.fixture
def rina(city):
    return Officer(city, city.rina)


@pytest.fixture
def rina_on_both(any_city):
    return Officer(any_city, any_city.rina)


def in_work(officer, risk=Risk.MEDIUM):
    return taken(officer, risk)


def facts(city):
    city.db.rollback()
    return list(city.db.scalars(select(MonthlyFact).order_by(MonthlyFact.forms)))


def test_an_assessment_is_counted_once_and_its_correction_takes_its_place(rina_on_both):
    rina = rina_on_both
    flag_id, other = in_work(rina), in_work(rina)
    assesses(rina, other, Risk.MEDIUM, replace(CODES, forms=("penelantaran",)))
    assesses(rina, flag_id, Risk.MEDIUM, CODES)
    first = facts(rina.city)[0].id

    assesses(rina, flag_id, Risk.MEDIUM, replace(CODES, forms=("psikis", "fisik"), age="13_17"))

    counted = facts(rina.city)
    assert [(fact.forms, fact.age, fact.month.day) for fact in counted] == \
        [("fisik,psikis", "13_17", 1), ("penelantaran", "25_44", 1)]
    assert first not in {fact.id for fact in counted}
    found = records.assessed(written(rina, flag_id))
    assert found.fact == counted[0].id
    assert found.codes.forms == ("psikis", "fisik")


def test_the_risk_alone_leaves_what_was_counted(rina):
    flag_id = in_work(rina)
    assesses(rina, flag_id, Risk.MEDIUM, CODES)

    rina.does(Move.ASSESS, flag_id, Risk.LOW, WHY)

    assert len(facts(rina.city)) == 1
    assert records.assessed(written(rina, flag_id)).codes == CODES


def test_what_is_assessed_on_the_first_before_dawn_is_counted_in_that_month(rina):
    with telling(datetime(2026, 12, 1, 1, tzinfo=rina.city.settings.timezone)):  # still November in UTC
        flag_id = in_work(rina)
        assesses(rina, flag_id, Risk.MEDIUM, CODES)

    assert [fact.month for fact in facts(rina.city)] == [date(2026, 12, 1)]


def test_nothing_in_the_database_leads_from_what_is_counted_to_a_concern(city):
    rina = Officer(city, city.rina)
    flag_id = in_work(rina)
    assesses(rina, flag_id, Risk.MEDIUM, CODES)

    fact = facts(city)[0]

    columns = {column.name for column in MonthlyFact.__table__.columns}
    assert columns == {"id", "kecamatan_id", "month", "forms", "age", "sex", "disability", "place", "relation"}
    raw = b"".join(city.db.scalars(select(Note.sealed_text)))
    assert str(fact.id).encode() not in raw
    assert fact.id.bytes not in raw
    with pytest.raises(Exception, match="no such column"):
        city.db.connection().exec_driver_sql("SELECT rowid FROM monthly_facts")


@pytest.mark.asvs("V2.2.1")
@pytest.mark.parametrize("changes", [{"forms": ()}, {"forms": ("fisik", "zzz")}, {"age": "0"}, {"sex": ""},
                                     {"place": "<script>"}, {"relation": "x\0"}, {"disability": "🌾"}])
def test_a_code_that_is_in_no_list_is_refused_and_keeps_nothing(rina, changes):
    flag_id = in_work(rina)
    before = len(written(rina, flag_id))

    with pytest.raises(Refused):
        assesses(rina, flag_id, Risk.MEDIUM, replace(CODES, **changes))

    assert (facts(rina.city), len(written(rina, flag_id))) == ([], before)


def test_a_service_is_noted_with_its_next_step_and_the_cadre_hears_the_day(rina):
    flag_id = in_work(rina)
    with telling(MONDAY):
        given = a_service(rina, service="hukum", stage="visum", text="x")
        with pytest.raises(Refused):
            does(rina, commands.serve, flag_id, given)
        does(rina, commands.serve, flag_id, replace(given, stage="sidang", text="Sidang pertama."))

    shown, flag = records.services(written(rina, flag_id)), flag_of(rina.city, flag_id)
    assert [(one.service, one.stage, one.text, one.next_step) for one in shown] == \
        [("hukum", "sidang", "Sidang pertama.", "Sesi kedua")]
    assert flag.status == Status.IN_PROGRESS
    assert flag.due_at == flag.next_news_at == datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_services_stand_newest_first(rina):
    flag_id = in_work(rina)

    for text in ("satu", "dua", "tiga"):
        does(rina, commands.serve, flag_id, a_service(rina, text=text))

    assert [one.text for one in records.services(written(rina, flag_id))] == ["tiga", "dua", "satu"]


@pytest.mark.parametrize(("made", "heard", "allowed"), [
    (None, False, False), (CODES, False, True), (replace(CODES, forms=("psikis", codes.SEXUAL)), False, False),
    (CODES, True, False),
])
def test_there_is_no_mediation_before_an_assessment_and_never_in_sexual_violence(rina, made, heard, allowed):
    flag_id = in_work(rina)
    if made:
        assesses(rina, flag_id, Risk.MEDIUM, made)
    if heard:
        does(rina, commands.hear_victim, flag_id, "")
    before = len(written(rina, flag_id))

    try:
        does(rina, commands.serve, flag_id, a_service(rina, service=codes.MEDIATION))
    except Refused:
        assert not allowed
        assert len(written(rina, flag_id)) == before
    else:
        assert allowed


def test_the_law_gives_three_days_to_the_hour_and_no_act_or_pause_puts_them_off(rina_on_both):
    rina = rina_on_both
    flag_id = in_work(rina)
    due = MONDAY + timedelta(hours=72)
    with telling(MONDAY):
        does(rina, commands.hear_victim, flag_id, "")
        assert flag_of(rina.city, flag_id).due_at <= due

        rina.does(Move.ACT, flag_id, an_action(rina.city, next_on=today(rina.city.settings.timezone) + timedelta(30)))
        assert flag_of(rina.city, flag_id).due_at == due
        soon = today(rina.city.settings.timezone) + timedelta(days=9)
        does(rina, commands.serve, flag_id, a_service(rina, next_on=soon))
        assert flag_of(rina.city, flag_id).due_at == due
        does(rina, commands.pause, flag_id, today(rina.city.settings.timezone) + timedelta(days=10), WHY)
        assert flag_of(rina.city, flag_id).due_at == due

    clock = records.law_clock(written(rina, flag_id))
    assert (clock.started_at, clock.due_at, clock.running) == (MONDAY, due, True)


def test_the_report_to_the_police_stops_the_clock_once(rina):
    flag_id = in_work(rina)
    with pytest.raises(Refused):
        does(rina, commands.tell_police, flag_id, "LP/1")
    does(rina, commands.hear_victim, flag_id, "")
    with pytest.raises(Refused):
        does(rina, commands.hear_victim, flag_id, "")

    does(rina, commands.tell_police, flag_id, "LP/123")

    assert not records.law_clock(written(rina, flag_id)).running
    with pytest.raises(Refused):
        does(rina, commands.tell_police, flag_id, "LP/2")


def test_neither_the_steps_nor_the_trail_say_that_a_victim_told_the_unit(city):
    rina = Officer(city, city.rina)
    told, ticket = in_work(rina), in_work(rina)
    does(rina, commands.hear_victim, told, "mutiara")
    does(rina, commands.keep_ticket, ticket, "mutiara")

    seen = [(city.db.scalars(select(FlagStep.move).where(FlagStep.flag_id == one).order_by(FlagStep.at)).all(),
             city.db.scalars(select(AuditEntry.action).where(AuditEntry.subject == str(one))).all())
            for one in (told, ticket)]

    assert seen[0] == seen[1]
    assert "heard" not in str(seen)


def test_a_cadres_concern_starts_no_legal_clock(rina):
    flag_id = in_work(rina)
    assesses(rina, flag_id, Risk.HIGH, replace(CODES, forms=(codes.SEXUAL,)))

    assert records.law_clock(written(rina, flag_id)) is None


@pytest.mark.asvs("V2.3.2")
@pytest.mark.parametrize("days", [-1, 15, 400])
def test_a_deadline_is_put_off_by_two_weeks_at_most(rina, days):
    flag_id = in_work(rina)

    with pytest.raises(Refused):
        does(rina, commands.pause, flag_id, today(rina.city.settings.timezone) + timedelta(days=days), WHY)


def test_a_pause_holds_until_something_else_sets_the_deadline(rina):
    flag_id = in_work(rina)
    until = today(rina.city.settings.timezone) + timedelta(days=5)

    does(rina, commands.pause, flag_id, until, WHY)
    paused = records.paused_until(written(rina, flag_id), flag_of(rina.city, flag_id))
    rina.does(Move.ACT, flag_id)

    assert paused.content["until"] == until.isoformat()
    assert records.paused_until(written(rina, flag_id), flag_of(rina.city, flag_id)) is None


def test_a_referral_is_out_until_the_last_one_has_ended(rina_on_both):
    rina = rina_on_both
    flag_id = in_work(rina)
    for office in ("A", "B"):
        does(rina, commands.refer, flag_id, a_letter(rina, office=office))
    second, first = records.referrals(written(rina, flag_id))
    assert (first.office, flag_of(rina.city, flag_id).status) == ("A", Status.REFERRED)

    does(rina, commands.hear_back, flag_id, first.id, "accepted", "")
    does(rina, commands.hear_back, flag_id, first.id, "done", "Tiga sesi.")
    assert flag_of(rina.city, flag_id).status == Status.REFERRED
    with pytest.raises(Refused):
        does(rina, commands.hear_back, flag_id, first.id, "declined", "")
    does(rina, commands.hear_back, flag_id, second.id, "withdrawn", "")

    flag = flag_of(rina.city, flag_id)
    assert (flag.status, flag.referrals_out) == (Status.IN_PROGRESS, 0)
    assert [(one.result, one.heard) for one in records.referrals(written(rina, flag_id))] == \
        [("withdrawn", ""), ("done", "Tiga sesi.")]


def test_news_of_a_referral_that_comes_after_the_end_is_kept_and_opens_nothing(rina):
    flag_id = in_work(rina)
    does(rina, commands.refer, flag_id, a_letter(rina))
    closes(rina, flag_id)

    does(rina, commands.hear_back, flag_id, records.referrals(written(rina, flag_id))[0].id, "done", "Selesai.")

    assert flag_of(rina.city, flag_id).status == Status.CLOSED


def test_another_concerns_referral_is_not_there(rina):
    flag_id, other = in_work(rina), in_work(rina)
    does(rina, commands.refer, other, a_letter(rina))
    does(rina, commands.refer, flag_id, a_letter(rina))
    theirs = records.referrals(written(rina, other))[0]

    with pytest.raises(NotVisible):
        does(rina, commands.hear_back, flag_id, theirs.id, "done", "")


def test_a_letter_and_whom_it_goes_to_lie_sealed(city, tmp_path):
    rina = Officer(city, city.rina)
    flag_id = in_work(rina)
    does(rina, commands.refer, flag_id, a_letter(rina, to="rumah_aman", office="mutiara", request="mutiara dua",
                                                  carried=[("Nama", "mutiara tiga")]))
    city.db.connection().exec_driver_sql("PRAGMA wal_checkpoint")

    files = b"".join(file.read_bytes() for file in tmp_path.glob("city.sqlite*"))

    assert b"mutiara" not in files
    assert b"rumah_aman" not in files


@pytest.mark.parametrize("act", [commands.serve, commands.refer, commands.pause, commands.hear_victim])
def test_what_nobody_has_taken_or_read_is_not_worked_on(rina, act):
    flag_id = sent(rina.city)
    given = {commands.serve: (a_service(rina),), commands.refer: (a_letter(rina),),
             commands.pause: (today(rina.city.settings.timezone), WHY), commands.hear_victim: ("",)}[act]

    with pytest.raises(Refused):
        does(rina, act, flag_id, *given)

    assert rina.city.db.scalar(select(func.count()).select_from(Note)) == 0
    assert now() < flag_of(rina.city, flag_id).due_at


EVERY_LIST = [codes.forms, codes.ages, codes.sexes, codes.disabilities, codes.places, codes.relations, codes.services,
              codes.stages, codes.outcomes, codes.destinations, codes.plan, codes.criteria, codes.simfoni_fields]


@pytest.mark.parametrize("listed", EVERY_LIST, ids=lambda one: one.__name__)
def test_every_list_speaks_both_languages(listed):
    assert all(set(entry.labels) == {"id", "en"} for entry in listed().values())
    assert len(listed()) >= 2


@pytest.mark.parametrize(("recorded", "ends"), [
    ("2026-12-23T17:00", "2026-12-26T17:00"),  # over joint leave and Christmas to a Saturday
    ("2026-12-31T23:59", "2027-01-03T23:59"),  # over midnight, the year's end and a Sunday
    ("2027-03-07T00:00", "2027-03-10T00:00"),  # from midnight, over Nyepi into Idul Fitri
])
def test_the_laws_clock_runs_by_the_wall_day_and_night_through_holidays(city, recorded, ends):
    rina, zone = Officer(city, city.rina), city.settings.timezone
    flag_id = in_work(rina)

    with telling(datetime.fromisoformat(recorded).replace(tzinfo=zone)):
        does(rina, commands.hear_victim, flag_id, "")

    assert records.law_clock(written(rina, flag_id)).due_at == datetime.fromisoformat(ends).replace(tzinfo=zone)
