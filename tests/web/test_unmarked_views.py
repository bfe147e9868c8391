"""A view that does not say who may enter is closed, as if it were not there."""

import pytest

from portal.web.guard import allowed, public


@pytest.mark.parametrize("who", ["guest", "siti", "ratna", "agus"])
def test_a_view_without_a_mark_is_absent_for_everybody(city, sign_in, guest, who):
    city.app.add_url_rule("/lupa", "lupa", lambda: "open")

    browser = guest if who == "guest" else sign_in(getattr(city, who))

    assert browser.client.get("/lupa").status_code == 404


def test_all_that_a_view_asks_must_hold(city, sign_in, guest):
    city.app.add_url_rule("/dua", "dua", allowed(lambda _viewer: True, lambda viewer: viewer.in_unit)(lambda: "in"))
    city.app.add_url_rule("/semua", "semua", public(lambda: "in"))

    assert sign_in(city.rina).client.get("/dua").status_code == 203
    assert sign_in(city.siti).client.get("/dua").status_code == 404
    assert "/masuk" in guest.client.get("/dua").headers["Location"]
    assert guest.client.get("/semua").status_code == 200
