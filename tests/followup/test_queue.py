"""The queue: most urgent first, nothing twice, nothing missed, and nobody's secrets in a row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from portal.accounts import changes
from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.base.clock import telling
from portal.base.db import writing
from portal.flags.answers import Age, Danger, KeepFrom, Sign
from portal.flags.life import Move, Risk, Status
from portal.flags.models import ContentKey, Flag
from portal.followup import commands, queries
from portal.followup.queries import SavedView
from tests.factories import some_answers, viewer_of
from tests.followup.at_desk import Officer, cadre_adds, cadre_answers, sent

MORNING = datetime(2026, 11, 24, 2, tzinfo=UTC)  # a Tuesday, 9 o'clock in the city
HIGH = some_answers(danger=Danger.NOW)
MEDIUM = some_answers(danger=Danger.UNKNOWN)
LOW = some_answers(danger=Danger.NONE)


@pytest.fixture(autouse=True)
def _morning():
    with telling(MORNING):
        yield


def page(city, view=SavedView.OPEN, person=None, after=""):
    city.db.rollback()
    return queries.queue(city.db, view, viewer=viewer_of(city.db, person or city.rina), keys=city.keys,
                         settings=city.settings, after=after)


def ids(city, view=SavedView.OPEN, person=None):
    return [line.id for line in page(city, view, person).lines]


def counts(city, person=None):
    city.db.rollback()
    return queries.counts(city.db, viewer=viewer_of(city.db, person or city.rina), keys=city.keys,
                          settings=city.settings)


def test_the_most_urgent_comes_first_then_the_earliest_deadline(any_city):
    low = sent(any_city, answers=LOW)
    with telling(MORNING + timedelta(minutes=2)):
        later = sent(any_city, answers=HIGH)
    with telling(MORNING + timedelta(minutes=1)):
        sooner = sent(any_city, answers=HIGH)
    medium = sent(any_city, answers=MEDIUM)

    assert ids(any_city) == [sooner, later, medium, low]


@pytest.mark.asvs("V15.3.1")
def test_a_row_says_where_and_until_when_and_nothing_that_was_sealed(any_city):
    flag_id = sent(any_city, answers=some_answers(danger=Danger.NOW, age=Age.UNDER_13), story="mutiara")

    with telling(MORNING + timedelta(minutes=72)):
        line = page(any_city).lines[0]

    assert (line.kelurahan, line.kecamatan) == ("Jatirahayu", "Pondok Melati")
    assert (line.risk, line.estimated, line.worse) == (Risk.HIGH, True, False)
    assert (line.left.late, line.left.minutes, line.owner, line.status) == (True, 12, "", Status.NEW)
    assert line.id == flag_id
    assert "mutiara" not in repr(line)
    assert "RW 07" not in repr(line)


def test_a_page_holds_25_and_the_next_goes_on_exactly_behind_it(any_city):
    for number in range(28):
        with telling(MORNING + timedelta(minutes=number % 4)):  # many equal deadlines
            sent(any_city, answers=HIGH if number % 2 else LOW)

    first = page(any_city)
    second = page(any_city, after=first.after)

    together = [line.id for line in first.lines + second.lines]
    assert (len(first.lines), len(second.lines), len(set(together))) == (25, 3, 28)
    assert (first.first, second.first, second.after) == (1, 26, "")
    assert [(line.risk, line.due_at) for line in first.lines + second.lines] == \
        sorted(((line.risk, line.due_at) for line in first.lines + second.lines),
               key=lambda key: ([Risk.HIGH, Risk.MEDIUM, Risk.LOW].index(key[0]), key[1]))


def test_closed_ones_are_paged_by_the_day_of_closing_newest_first(any_city):
    rina, closed = Officer(any_city, any_city.rina), []
    for number in range(27):
        with telling(MORNING + timedelta(minutes=number)):
            flag_id = sent(any_city)
            rina.closes(flag_id)
            closed.insert(0, flag_id)

    first = page(any_city, SavedView.CLOSED)
    second = page(any_city, SavedView.CLOSED, after=first.after)

    assert [line.id for line in first.lines + second.lines] == closed


@pytest.mark.parametrize("cursor", ["x", "====", "MXwwfDIwMjYtMTEtMjRUMDI6MDA6MDB8eA==", "ÿ", "A" * 5000, "\x00",
                                    "MXwwfDAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDB8MDAwMDAwMDAwMDAwNDAwMDgwMDAwMDAwMDAwMDAwMDA="])
def test_a_forged_cursor_begins_at_the_first_page(city, cursor):
    flag_id = sent(city)

    shown = page(city, after=cursor)

    assert ([line.id for line in shown.lines], shown.first) == ([flag_id], 1)


def test_each_view_holds_what_its_name_says(any_city):
    rina, dewi = Officer(any_city, any_city.rina), Officer(any_city, any_city.dewi)
    unread, read, mine, hers, asked, written, closed = (sent(any_city, answers=LOW) for _number in range(7))
    with telling(MORNING - timedelta(hours=2)):
        late = sent(any_city, answers=HIGH)
    with telling(MORNING - timedelta(days=91)):
        long_ago = sent(any_city)
        rina.closes(long_ago)
    rina.opens(read)
    rina.handles(mine)
    dewi.handles(hers)
    for flag_id in (asked, written):
        dewi.opens(flag_id)
        dewi.does(Move.ASK, flag_id)
    with telling(MORNING + timedelta(minutes=1)):
        cadre_answers(any_city, written)
    rina.closes(closed)

    with telling(MORNING + timedelta(minutes=2)):
        shown = {view: set(ids(any_city, view)) for view in SavedView}
        numbers = counts(any_city)

    everything = {unread, read, mine, hers, asked, written, late}
    assert shown == {
        SavedView.OPEN: everything, SavedView.LATE: {late}, SavedView.TODAY: {late},
        SavedView.UNREAD: {unread, late}, SavedView.UNOWNED: everything - {mine, hers}, SavedView.MINE: {mine},
        SavedView.NEWS: {written}, SavedView.WAITING: {asked}, SavedView.CLOSED: {closed},
    }
    assert numbers == {view: len(found) for view, found in shown.items()}


def test_today_ends_at_midnight_in_the_city_also_for_who_works_before_dawn(city):
    flag_id = sent(city)
    with writing(city.db):
        city.db.get_one(Flag, flag_id).due_at = MORNING

    with telling(datetime(2026, 11, 23, 18, tzinfo=UTC)):  # 1 o'clock of the same day in the city
        assert ids(city, SavedView.TODAY) == [flag_id]


def test_what_an_officer_had_who_left_the_unit_is_nobodys_and_can_be_taken(any_city):
    dewi, hers = Officer(any_city, any_city.dewi), sent(any_city)
    dewi.opens(hers)
    dewi.does(Move.TAKE, hers)
    assert hers not in ids(any_city, SavedView.UNOWNED)

    with writing(any_city.db):
        changes.switch(any_city.db, any_city.db.get_one(Account, any_city.dewi.account_id), on=False,
                       by=viewer_of(any_city.db, any_city.agus))

    assert hers in ids(any_city, SavedView.UNOWNED)
    Officer(any_city, any_city.rina).does(Move.TAKE, hers)
    assert hers in ids(any_city, SavedView.MINE)


def test_nobody_counts_further_than_a_hundred(city, monkeypatch):
    monkeypatch.setattr(queries, "MOST", 3)
    for _number in range(4):
        sent(city)

    assert counts(city)[SavedView.OPEN] == 3


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize("who", ["keyless", "other", "siti", "wati", "lina", "agus"])
def test_who_holds_no_key_of_the_unit_finds_nothing(any_city, who):
    stranger = sent(any_city, any_city.budi)
    person = getattr(any_city, who)
    code = any_city.db.get(Flag, stranger).code

    assert ids(any_city, person=person) == []
    assert set(counts(any_city, person).values()) == {0}
    assert queries.find(any_city.db, code, viewer=viewer_of(any_city.db, person), keys=any_city.keys) is None


def test_a_code_is_found_however_it_is_typed(city):
    code = city.db.get(Flag, sent(city)).code
    viewer = viewer_of(city.db, city.rina)

    found = {queries.find(city.db, typed, viewer=viewer, keys=city.keys)
             for typed in (code, code.lower(), f"{code[:3]} - {code[3:]}")}

    assert found == {code}


def test_worse_than_assessed_rises_and_says_why(any_city):
    rina = Officer(any_city, any_city.rina)
    flag_id, noise = sent(any_city, answers=MEDIUM), sent(any_city, answers=HIGH)
    rina.opens(flag_id)
    rina.does(Move.ASSESS, flag_id, Risk.LOW, "Sudah di rumah bibinya.")

    with telling(MORNING + timedelta(minutes=1)):
        cadre_adds(any_city, flag_id, worse=True)

    line = next(line for line in page(any_city).lines if line.id == flag_id)
    assert (line.risk, line.estimated, line.worse, line.news) == (Risk.HIGH, False, True, True)
    assert not next(line for line in page(any_city).lines if line.id == noise).worse


def test_what_the_cadre_wrote_shows_until_somebody_acts(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.handles(flag_id)
    with telling(MORNING + timedelta(minutes=1)):
        cadre_adds(any_city, flag_id)
    assert ids(any_city, SavedView.NEWS) == [flag_id]

    with telling(MORNING + timedelta(minutes=2)):
        rina.does(Move.ACT, flag_id)

    assert ids(any_city, SavedView.NEWS) == []


def open_summaries(city, person, flag_ids):
    officer = Officer(city, person)
    with writing(city.db):
        return commands.open_summaries(city.db, officer.ring, flag_ids, by=officer.viewer, where="terbuka")


def test_summaries_are_opened_with_one_trace_for_the_page(any_city):
    flag_ids = [sent(any_city, answers=some_answers(signs=(Sign.INJURY,))) for _number in range(3)]
    sent(any_city)

    opened = open_summaries(any_city, any_city.rina, flag_ids)

    entry = any_city.db.scalars(select(AuditEntry).where(AuditEntry.action == "flags.summaries_opened")).one()
    assert {flag_id: answers.signs for flag_id, answers in opened.items()} == \
        dict.fromkeys(flag_ids, (Sign.INJURY,))
    assert (entry.actor_id, entry.amount, entry.subject) == (any_city.rina.account_id, 3, "terbuka")


def test_the_first_reader_rewraps_and_the_next_needs_no_public_key(any_city, monkeypatch):
    flag_id, officer = sent(any_city), Officer(any_city, any_city.dewi)
    open_summaries(any_city, any_city.rina, [flag_id])
    monkeypatch.setattr("portal.base.vault.unwrap_with", lambda *_a, **_k: pytest.fail("a public-key opening"))

    with writing(any_city.db):
        opened = commands.open_summaries(any_city.db, officer.ring, [flag_id], by=officer.viewer, where="x")

    assert list(opened) == [flag_id]


def test_a_page_of_summaries_costs_one_question_and_its_trace(city):
    flag_ids = [sent(city) for _number in range(12)]
    open_summaries(city, city.rina, flag_ids)
    officer, asked = Officer(city, city.dewi), []
    engine = city.db.get_bind()

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    with writing(city.db):
        commands.open_summaries(city.db, officer.ring, flag_ids, by=officer.viewer, where="x")
    event.remove(engine, "before_cursor_execute", note)

    assert [statement.split()[0] for statement in asked] == ["BEGIN", "SELECT", "INSERT",
                                                             "SELECT", "INSERT"]  # the last two link the trace


def test_one_altered_row_does_not_hide_the_others(city):
    good, bad = sent(city), sent(city)
    with writing(city.db):
        city.db.get(Flag, bad).sealed_answers = city.db.get(Flag, good).sealed_answers

    assert list(open_summaries(city, city.rina, [good, bad])) == [good]


def test_a_row_whose_key_was_destroyed_stays_in_the_list_without_summary(city):
    flag_id = sent(city)
    with writing(city.db):
        city.db.delete(city.db.get(ContentKey, flag_id))

    assert open_summaries(city, city.rina, [flag_id]) == {}
    assert ids(city) == [flag_id]
    assert city.db.scalar(select(func.count()).where(AuditEntry.action == "flags.summaries_opened")) == 0


def test_a_row_of_the_conflict_key_is_opened_for_nobody_else(city):
    flag_id = sent(city, answers=replace(some_answers(), keep_from=(KeepFrom.RT_RW,)))

    assert open_summaries(city, city.rina, [flag_id]) == {}
    assert list(open_summaries(city, city.ratna, [flag_id])) == [flag_id]


@pytest.mark.parametrize("after", ["", "next"])
def test_the_queue_walks_its_index_and_sorts_nothing(city, after):
    for _number in range(30):
        sent(city)
    cursor, asked = page(city).after if after else "", []
    engine = city.db.get_bind()

    def note(_connection, _cursor, statement, parameters, *_rest):
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    page(city, after=cursor)
    event.remove(engine, "before_cursor_execute", note)

    statement, parameters = next(one for one in asked if "FROM flags" in one[0])
    plan = " | ".join(row[3] for row in city.db.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {statement}", parameters))
    assert "flags USING INDEX ix_flags_open_queue" in plan
    assert "TEMP B-TREE" not in plan.split("CORRELATED")[0]
