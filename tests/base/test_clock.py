"""What time it is, and how tests and the demo city tell another one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.base.clock import now, telling, today

JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 24, 12, tzinfo=JAKARTA)


@pytest.mark.asvs("V16.2.2")
def test_the_present_is_told_in_utc():
    before, told, after = datetime.now(UTC), now(), datetime.now(UTC)

    assert before <= told <= after
    assert told.utcoffset() == timedelta(0)


def test_another_time_is_told_inside_the_block_alone():
    with telling(NOON):
        inside = now()

    assert inside == NOON
    assert inside.utcoffset() == timedelta(0)
    assert now() != NOON


def test_blocks_may_stand_in_each_other_and_a_fault_ends_them():
    with telling(NOON):
        with pytest.raises(ZeroDivisionError), telling(NOON + timedelta(days=1)):
            raise ZeroDivisionError
        after_fault = now()

    assert after_fault == NOON


@pytest.mark.asvs("V15.4.1")
def test_another_thread_is_not_told():
    with telling(NOON), ThreadPoolExecutor(1) as others:
        elsewhere = others.submit(now).result()

    assert elsewhere != NOON


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 24, 16, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 17, 0, tzinfo=UTC), date(2026, 11, 25)),  # midnight in Jakarta
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_the_day_is_the_citys_own(moment, day):
    with telling(moment):
        assert today(JAKARTA) == day


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"), telling(datetime(2026, 11, 24, 12)):
        pass
