"""The matrix route by route, for `tests/support/noticing.py`, which asks one route again without one of its guards.

Not collected by itself: `test_matrix.py` asks all of it.
"""

import pytest

from portal.base.clock import now, telling
from tests.support import world as worlds
from tests.support.acts import SIGN_INS, acts
from tests.support.expected import lines
from tests.support.gates import gates_otherwise
from tests.support.matrix import Matrix
from tests.support.probes import probed

SEED = 7


@pytest.fixture(scope="session")
def asked(world, tmp_path_factory):
    """The matrix, and the moment at which everybody in it signed in."""
    with worlds.opened(world, tmp_path_factory.mktemp("routes")) as city:
        moment = now()
        with telling(moment):
            matrix = Matrix(city, world)
        yield matrix, moment


def test_every_gate_admits_whom_it_should(asked):
    assert not gates_otherwise(asked[0].city.app)


@pytest.mark.parametrize("route", sorted(lines()))
def test_nobody_gets_what_is_not_hers(asked, route):
    matrix, moment = asked
    matrix.begin_anew()
    matrix._absent.clear()
    with telling(moment):
        faults = (fault for rule, ask in matrix.asks(SEED) if rule.endpoint == route
                  for fault in matrix.faults(rule, ask))

        assert next(faults, "") == ""


@pytest.mark.parametrize("route", sorted(acts().keys() | SIGN_INS))
def test_no_form_is_taken_from_elsewhere_twice_or_too_late(asked, route):
    matrix, moment = asked
    matrix.begin_anew()
    with telling(moment):
        assert probed(matrix, route) == []
