"""Where a phone's browser finds the city, and how it is opened."""

import pytest

from tests.support import live


@pytest.fixture
def address(address):
    return address.replace("127.0.0.1", "localhost")  # a passkey needs a name, not a number


@pytest.fixture
def visit(chromium, city, address):
    def opening(person=None, **how):
        return live.visiting(chromium, city, address, getattr(city, person) if person else None, **how)
    return opening
