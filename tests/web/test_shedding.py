"""Under load lists give way, and a concern never waits for them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from portal.web import shedding
from portal.web.guard import public
from portal.web.shedding import Places, Turn, turn, turn_of
from tests.support.pages import Browser

ORDER = [Turn.EXPORT, Turn.LIST, Turn.WORK, Turn.SIGN_IN, Turn.CONCERN]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(shedding, "PATIENCE", 0.01)


@pytest.fixture
def full(city, impatient):
    """The city with as many places taken as a kind may meet."""
    def fill(kind):
        for _ in range(kind.value):
            assert city.app.extensions["places"].take(kind.value)

    return fill


def test_files_give_way_to_lists_and_lists_to_work_and_all_to_a_concern():
    assert [kind.value for kind in ORDER] == sorted(kind.value for kind in ORDER)


@pytest.mark.parametrize(("method", "path", "kind"), [
    ("POST", "/k/baru", Turn.CONCERN), ("GET", "/k/baru", Turn.CONCERN), ("GET", "/k/K7M4PX", Turn.CONCERN),
    ("POST", "/masuk", Turn.SIGN_IN), ("POST", "/masuk/kartu", Turn.SIGN_IN), ("GET", "/", Turn.SIGN_IN),
    ("POST", "/s/baru", Turn.WORK), ("POST", "/k/K7M4PX/kerja/ambil", Turn.WORK),
    ("GET", "/s", Turn.LIST), ("GET", "/antrean", Turn.LIST), ("GET", "/cakupan", Turn.LIST),
    ("POST", "/cakupan/unduh", Turn.EXPORT), ("POST", "/s/berkas", Turn.EXPORT),
    ("GET", "/bantuan", Turn.FREE), ("GET", "/healthz", Turn.FREE), ("POST", "/keluar-cepat", Turn.FREE),
    ("GET", "/static/app.css", Turn.FREE),
])
def test_each_page_comes_in_its_turn(city, method, path, kind):
    endpoint, _values = city.app.url_map.bind("localhost").match(path, method)

    assert turn_of(city.app.view_functions[endpoint], method) is kind


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_list_that_is_refused_says_so_with_the_numbers_and_when_to_come_again(city, sign_in, full, language):
    browser = sign_in(city.siti, language)
    full(Turn.LIST)

    page = browser.get("/s")

    assert (page.status, page.response.headers["Retry-After"]) == (503, "5")
    assert ("What you already sent is safe" if language == "en" else "Yang sudah Anda kirim aman") in page.text
    assert "112" in page.text


@pytest.mark.asvs("V15.4.4")
def test_a_concern_is_taken_while_everything_else_is_refused(city, sign_in, full):
    browser = sign_in(city.siti)
    full(Turn.SIGN_IN)

    form = browser.get("/k/baru").form("/k/baru").fill(danger="again", who="girl", signs=["injury"],
                                                       known="witnessed", child_aware="unknown")

    assert "Thank you" in form.submit("send").text
    assert [browser.get(path).status for path in ("/", "/s", "/bantuan")] == [503, 503, 203]


def test_a_session_that_is_refused_is_given_back(city, sign_in, full):
    browser = sign_in(city.siti)
    form = browser.get("/s/baru").form("/s/baru").fill(topics=["internet"], women="12")
    full(Turn.WORK)

    page = form.submit()

    assert page.status == 503
    assert "Not sent yet" in page.text
    for _ in range(Turn.WORK.value):
        city.app.extensions["places"].leave()
    assert 'value="12"' in page.form("/s/baru").submit().html


def test_a_place_is_given_back_whatever_came_of_the_request(city, guest):
    def fails():
        raise ValueError
    city.app.add_url_rule("/fails", "fails", turn(Turn.EXPORT)(public(fails)))

    for _ in range(Turn.EXPORT.value + 1):
        assert guest.get("/fails").status == 500

    assert Browser(city.app.test_client()).get("/masuk").status == 200


def test_who_comes_when_all_is_full_waits_a_moment_and_few_wait():
    places, one_waits = Places(), Event()
    assert places.take(1)

    with ThreadPoolExecutor(shedding.MOST_WAITING + 1) as crowd:
        tries = [crowd.submit(lambda: one_waits.set() or places.take(1)) for _ in range(shedding.MOST_WAITING + 1)]
        one_waits.wait()
        places.leave()
        got = [each.result() for each in tries]

    assert got.count(True) == 1
