"""The clocks of a concern, on real days of 2026 and 2027 in Jakarta and on calendars made up at random.

Days off used here: Nyepi and Idul Fitri close Wednesday 18 to Tuesday 24 March 2026; Christmas 24 and
25 December 2026; New Year; Isra Mikraj on Tuesday 5 January 2027; Nyepi and Idul Fitri 8 to 15 March 2027.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.base.settings import ServiceHours, Settings
from portal.flags.deadlines import (
    Calendar,
    Promise,
    TimeLeft,
    due_at,
    is_late,
    promised_at,
    time_left,
)
from portal.flags.life import Risk

JAKARTA = ZoneInfo("Asia/Jakarta")
SETTINGS = Settings()
WORKWEEK = Calendar.of(SETTINGS, {})
EVERY_DAY = Calendar(ServiceHours(frozenset(range(7)), time(8), time(16)), JAKARTA)
NEVER_CLOSED = Calendar(ServiceHours(frozenset(range(7)), time(0), time.max), JAKARTA)


def at(text: str) -> datetime:
    """An instant by the clock in Jakarta."""
    return datetime.fromisoformat(text).replace(tzinfo=JAKARTA).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-24 08:00:00", "2026-11-24 08:00:00"),  # Tuesday, the second the door opens
        ("2026-11-24 15:59:59", "2026-11-24 15:59:59"),
        ("2026-11-24 16:00:00", "2026-11-25 08:00:00"),  # the second it closes
        ("2026-11-24 07:59:59", "2026-11-24 08:00:00"),
        ("2026-11-24 00:00:00", "2026-11-24 08:00:00"),  # midnight belongs to the day that begins
        ("2026-11-20 19:30:00", "2026-11-23 08:00:00"),  # Friday evening
        ("2026-11-22 12:00:00", "2026-11-23 08:00:00"),  # Sunday noon
        ("2026-03-17 17:00:00", "2026-03-25 08:00:00"),  # the evening before joint leave and Nyepi
        ("2026-03-20 10:00:00", "2026-03-25 08:00:00"),  # joint leave alone: no holiday by law
        ("2026-12-23 16:30:00", "2026-12-28 08:00:00"),  # Christmas and its joint leave
        ("2026-12-31 20:00:00", "2027-01-04 08:00:00"),  # over the year's end
        ("2027-03-05 16:00:00", "2027-03-16 08:00:00"),  # before Nyepi and Idul Fitri 2027
    ],
)
def test_the_next_opening_skips_nights_weekends_holidays_and_joint_leave(moment, opening):
    found = WORKWEEK.next_opening(at(moment))

    assert found == at(opening)
    assert WORKWEEK.is_open(at(moment)) == (moment == opening)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-24 09:00", "2026-11-24 15:00"),
        ("2026-11-24 10:00", "2026-11-24 16:00"),  # fits exactly before closing
        ("2026-11-24 13:30", "2026-11-25 11:30"),
        ("2026-11-25 00:00", "2026-11-25 14:00"),
        ("2026-11-20 19:30", "2026-11-23 14:00"),
        ("2026-11-20 15:00", "2026-11-23 13:00"),
        ("2026-03-17 15:00", "2026-03-25 13:00"),
        ("2026-12-23 14:00", "2026-12-28 12:00"),
        ("2026-12-31 15:00", "2027-01-04 13:00"),
        ("2027-01-04 13:00", "2027-01-06 11:00"),
        ("2027-03-05 16:00", "2027-03-16 14:00"),
    ],
)
def test_medium_risk_counts_six_hours_of_service(received, due):
    assert due_at(Risk.MEDIUM, at(received), WORKWEEK, SETTINGS) == at(due)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-24 09:00", "2026-11-27 16:00"),
        ("2026-11-24 15:59", "2026-11-27 16:00"),
        ("2026-11-24 16:01", "2026-11-30 16:00"),  # after closing it is Wednesday's
        ("2026-11-25 00:00", "2026-11-30 16:00"),
        ("2026-11-20 19:30", "2026-11-26 16:00"),  # Friday evening is Monday's
        ("2026-11-20 09:00", "2026-11-25 16:00"),
        ("2026-03-17 15:00", "2026-03-27 16:00"),
        ("2026-03-21 09:00", "2026-03-30 16:00"),  # on the feast itself
        ("2026-12-30 10:00", "2027-01-06 16:00"),  # New Year, a weekend and Isra Mikraj between
        ("2027-03-05 10:00", "2027-03-18 16:00"),
    ],
)
def test_low_risk_counts_three_working_days_to_the_close_of_service(received, due):
    assert due_at(Risk.LOW, at(received), WORKWEEK, SETTINGS) == at(due)


@pytest.mark.parametrize("received", ["2026-11-24 09:00", "2026-11-20 23:30", "2026-03-21 04:00"])
def test_high_risk_counts_one_hour_by_the_wall_clock_day_and_night(received):
    assert due_at(Risk.HIGH, at(received), WORKWEEK, SETTINGS) == at(received) + timedelta(minutes=60)


def test_targets_are_the_citys_own_settings():
    city = Settings(high_risk_minutes=15, medium_risk_hours=2, low_risk_days=1)
    received = at("2026-11-24 15:00")

    dues = [due_at(risk, received, WORKWEEK, city) for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW)]

    assert dues == [at("2026-11-24 15:15"), at("2026-11-25 09:00"), at("2026-11-25 16:00")]


@pytest.mark.parametrize(
    ("overrides", "received", "due"),
    [
        # joint leave that this city works
        ({date(2026, 3, 18): False}, "2026-03-17 15:00", "2026-03-18 13:00"),
        # a Saturday that it works
        ({date(2026, 11, 21): False}, "2026-11-20 19:30", "2026-11-21 14:00"),
        # an ordinary Monday that is closed, say for an election
        ({date(2026, 11, 23): True}, "2026-11-20 19:30", "2026-11-24 14:00"),
        # closed from the next day on, in the middle of a clock
        ({date(2026, 11, 25): True}, "2026-11-24 13:30", "2026-11-26 11:30"),
        # other days change nothing
        ({date(2026, 11, 30): True}, "2026-11-24 09:00", "2026-11-24 15:00"),
    ],
)
def test_the_citys_own_days_win_over_holidays_and_weekdays(overrides, received, due):
    calendar = Calendar.of(SETTINGS, overrides)

    assert due_at(Risk.MEDIUM, at(received), calendar, SETTINGS) == at(due)


def test_a_unit_that_works_every_day_and_through_holidays_loses_only_the_nights():
    assert EVERY_DAY.next_opening(at("2026-03-20 18:00")) == at("2026-03-21 08:00")
    assert due_at(Risk.MEDIUM, at("2026-11-20 15:00"), EVERY_DAY, SETTINGS) == at("2026-11-21 13:00")
    assert due_at(Risk.LOW, at("2026-11-20 15:00"), EVERY_DAY, SETTINGS) == at("2026-11-23 16:00")


def test_a_unit_that_works_every_day_may_still_keep_the_holidays():
    calendar = Calendar(EVERY_DAY.hours, JAKARTA, country="ID")

    assert calendar.next_opening(at("2026-11-20 18:00")) == at("2026-11-21 08:00")
    assert calendar.next_opening(at("2026-12-23 18:00")) == at("2026-12-26 08:00")


def test_a_unit_that_never_closes_is_open_at_every_second_and_its_hours_are_the_clocks():
    midnight = at("2026-11-21 00:00")

    assert all(NEVER_CLOSED.is_open(midnight + timedelta(seconds=step)) for step in (-1, 0, 1))
    assert NEVER_CLOSED.is_open(at("2026-11-20 23:59:59.999999"))
    assert due_at(Risk.MEDIUM, at("2026-11-20 22:00"), NEVER_CLOSED, SETTINGS) == at("2026-11-21 04:00")
    assert NEVER_CLOSED.add_service_hours(at("2026-11-20 22:00"), 50) == at("2026-11-23 00:00")
    assert due_at(Risk.LOW, at("2026-11-20 22:00"), NEVER_CLOSED, SETTINGS) == at("2026-11-24 00:00")


def test_the_city_in_the_east_opens_two_hours_before_jakarta():
    jayapura = Calendar(SETTINGS.service_hours, ZoneInfo("Asia/Jayapura"), "ID")

    assert jayapura.next_opening(at("2026-11-24 05:00")) == at("2026-11-24 06:00")
    assert jayapura.add_working_days(at("2026-11-24 05:00"), 1) == at("2026-11-25 14:00")


def test_another_countrys_holidays_are_known_even_where_it_has_no_joint_leave():
    malaysia = Calendar(SETTINGS.service_hours, ZoneInfo("Asia/Kuala_Lumpur"), "MY")

    assert not malaysia.works_on(date(2026, 8, 31))
    assert malaysia.works_on(date(2026, 8, 17))


@pytest.mark.parametrize(
    ("risk", "received", "promise"),
    [
        (Risk.HIGH, "2026-11-24 09:00", ("2026-11-24 10:00", True, "2026-11-24 09:00")),
        (Risk.HIGH, "2026-11-20 23:30", ("2026-11-23 09:00", False, "2026-11-23 08:00")),
        (Risk.HIGH, "2026-11-25 00:00", ("2026-11-25 09:00", False, "2026-11-25 08:00")),
        (Risk.HIGH, "2026-03-17 16:00", ("2026-03-25 09:00", False, "2026-03-25 08:00")),
        (Risk.MEDIUM, "2026-11-24 09:00", ("2026-11-24 15:00", True, "2026-11-24 09:00")),
        (Risk.MEDIUM, "2026-11-20 23:30", ("2026-11-23 14:00", False, "2026-11-23 08:00")),
        (Risk.LOW, "2026-11-24 09:00", ("2026-11-27 16:00", True, "2026-11-24 09:00")),
        (Risk.LOW, "2026-11-20 23:30", ("2026-11-26 16:00", False, "2026-11-23 08:00")),
    ],
)
def test_a_reporter_is_promised_only_what_the_roster_can_keep(risk, received, promise):
    made = promised_at(risk, at(received), WORKWEEK, SETTINGS)

    by, open_now, opening = promise
    assert made == Promise(at(by), open_now, at(opening))


def test_a_deadline_is_late_only_after_its_second():
    due = at("2026-11-24 10:00")

    assert not is_late(due, due)
    assert is_late(due, due + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-11-24 09:00:00", TimeLeft(late=False, minutes=60)),
        ("2026-11-24 09:59:30", TimeLeft(late=False, minutes=0)),
        ("2026-11-24 10:00:00", TimeLeft(late=False, minutes=0)),
        ("2026-11-24 10:00:30", TimeLeft(late=True, minutes=0)),
        ("2026-11-26 10:01:59", TimeLeft(late=True, minutes=2 * 24 * 60 + 1)),
    ],
)
def test_the_time_left_is_in_whole_minutes(now, left):
    assert time_left(at("2026-11-24 10:00"), at(now)) == left


def test_a_calendar_on_which_nobody_ever_works_says_so_instead_of_searching_forever():
    nobody = Calendar(ServiceHours(frozenset()), JAKARTA)

    with pytest.raises(ValueError, match="whole year"):
        nobody.next_opening(at("2026-11-24 09:00"))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        WORKWEEK.is_open(datetime(2026, 11, 24, 9))


HOURS = st.sampled_from([
    ServiceHours(),
    ServiceHours(frozenset({0, 2, 6}), time(7, 30), time(14, 15)),
    EVERY_DAY.hours,
    NEVER_CLOSED.hours,
])
CALENDARS = st.builds(
    Calendar,
    HOURS,
    st.sampled_from([JAKARTA, ZoneInfo("Asia/Jayapura"), ZoneInfo("Europe/Amsterdam")]),
    st.sampled_from(["", "ID"]),
    st.dictionaries(st.dates(date(2026, 2, 1), date(2027, 4, 30)), st.booleans(), max_size=40),
)
MOMENTS = st.datetimes(datetime(2026, 2, 1), datetime(2027, 4, 1), timezones=st.just(UTC))
RISKS = st.sampled_from(Risk)
quick = hypothesis.settings(database=None, deadline=None, max_examples=150)


@quick
@given(RISKS, MOMENTS, CALENDARS)
def test_nothing_is_due_before_it_is_received_nor_promised_before_it_is_due(risk, received, calendar):
    due = due_at(risk, received, calendar, SETTINGS)
    promise = promised_at(risk, received, calendar, SETTINGS)

    assert received < due <= promise.at
    assert received <= promise.next_opening < promise.at
    assert promise.open_now == calendar.is_open(received) == (promise.next_opening == received)


@quick
@given(RISKS, MOMENTS, CALENDARS)
def test_inside_service_hours_the_promise_is_the_deadline(risk, received, calendar):
    opening = calendar.next_opening(received)

    assert promised_at(risk, opening, calendar, SETTINGS).at == due_at(risk, opening, calendar, SETTINGS)


@quick
@given(st.sampled_from([Risk.MEDIUM, Risk.LOW]), MOMENTS, CALENDARS)
def test_medium_and_low_fall_due_while_officers_are_at_work(risk, received, calendar):
    due = due_at(risk, received, calendar, SETTINGS)

    assert calendar.is_open(due - timedelta(microseconds=1))


@quick
@given(RISKS, st.lists(MOMENTS, min_size=2, max_size=8), CALENDARS)
def test_who_comes_later_is_never_due_or_promised_earlier(risk, moments, calendar):
    in_order = sorted(moments)

    dues = [due_at(risk, moment, calendar, SETTINGS) for moment in in_order]
    promises = [promised_at(risk, moment, calendar, SETTINGS).at for moment in in_order]

    assert all(earlier <= later for earlier, later in pairwise(dues))
    assert all(earlier <= later for earlier, later in pairwise(promises))


@quick
@given(MOMENTS, CALENDARS, st.integers(1, 30), st.integers(1, 30))
def test_service_hours_add_up(moment, calendar, some, more):
    at_once = calendar.add_service_hours(moment, some + more)
    in_two_parts = calendar.add_service_hours(calendar.add_service_hours(moment, some), more)

    assert at_once == in_two_parts


@quick
@given(MOMENTS, CALENDARS, RISKS)
def test_answers_are_in_utc_whatever_zone_was_asked_in(moment, calendar, risk):
    asked = moment.astimezone(JAKARTA)

    answers = [calendar.next_opening(asked), due_at(risk, asked, calendar, SETTINGS)]

    assert all(answer.utcoffset() == timedelta(0) for answer in answers)
    assert answers == [calendar.next_opening(moment), due_at(risk, moment, calendar, SETTINGS)]
