"""The checker of the kill loop finds what it is there to find."""

import pytest

from tests.support.history import OK, REFUSED, UNKNOWN, History, Kept, Verdict, check


def history(*ended):
    told = History()
    for number, end in enumerate(ended):
        told.add("concern", f"k{number}", end)
    return told


def kept(*done, records=None, audited=None):
    count = len(done) if records is None else records
    return Kept(frozenset(done), {"concern": count}, {"concern": count if audited is None else audited})


@pytest.mark.parametrize(("told", "held", "verdict"), [
    (history(OK, OK), kept("k0", "k1"), Verdict(0, 0, 0, 0)),
    (history(OK, UNKNOWN), kept("k0"), Verdict(0, 0, 0, 0)),
    (history(OK, UNKNOWN), kept("k0", "k1"), Verdict(0, 0, 0, 0)),
    (history(OK, REFUSED), kept("k0"), Verdict(0, 0, 0, 0)),
    (history(), kept(), Verdict(0, 0, 0, 0)),
    (history(OK, OK), kept("k0"), Verdict(1, 0, 0, 0)),
    (history(OK, OK), kept("k0", "k1", records=1), Verdict(1, 0, 0, 0)),
    (history(OK), kept("k0", records=2), Verdict(0, 1, 0, 0)),
    (history(), kept(records=1), Verdict(0, 1, 0, 0)),
    (history(REFUSED), kept("k0"), Verdict(0, 0, 1, 0)),
    (history(OK), kept("k0", audited=0), Verdict(0, 0, 0, 1)),
    (history(OK), kept("k0", audited=2), Verdict(0, 0, 0, 1)),
])
def test_what_was_told_is_compared_with_what_is_there(told, held, verdict):
    assert check(told, held) == verdict
    assert verdict.clean == (verdict == Verdict(0, 0, 0, 0))


def test_a_kind_that_nobody_asked_for_is_found():
    assert check(history(), Kept(frozenset(), {"note": 1}, {"note": 1})).doubled == 1
