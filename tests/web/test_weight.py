"""No page of a cadre is heavier than the design allows; `make budget` prints the numbers."""

import pytest

from tests.support.weight import cadre_pages


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_keeps_to_its_budget(city, language):
    weights = {weight.name: weight for weight in cadre_pages(city, language)}

    assert {name: weight.broken for name, weight in weights.items() if weight.broken} == {}
    assert all(weight.blocking <= 3 for weight in weights.values())
    assert weights["settings"].gzip["script"] > 1_000  # scripts were found and weighed
