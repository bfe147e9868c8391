"""One person who asks faster than any hand is told to wait. A concern never is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.base.clock import telling
from portal.base.settings import Settings
from portal.outreach import photos
from tests.factories import a_flag
from tests.flags.test_views import CALM, fill
from tests.outreach.test_photos import kept, picture, send
from tests.outreach.test_sessions import logged
from tests.reports.test_coverage_files import take

LIMITS = ("pages_a_minute", "forms_a_minute", "files_a_minute", "concerns_an_hour")
MORNING = datetime(2026, 11, 24, 2, 10, 1, tzinfo=UTC)  # early in its minute and its hour: counts end with them


@pytest.fixture
def limits(city):
    """Sets how much one person may ask for."""
    def set_to(**numbers):
        city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], **numbers)
    return set_to


@pytest.fixture(autouse=True)
def _one_minute():
    with telling(MORNING):
        yield


@pytest.mark.asvs("V2.4.1", "V2.3.2")
def test_who_looks_at_more_pages_than_a_hand_could_is_told_when_to_come_again(city, sign_in, limits):
    limits(pages_a_minute=3)
    siti, wati = sign_in(city.siti), sign_in(city.wati)

    seen = [siti.get("/s").response for _ in range(4)]

    assert [answer.status_code for answer in seen] == [203, 203, 203, 429]
    assert seen[-1].headers["Retry-After"] == "59"
    assert wati.get("/s").status == 203  # another's haste is not hers
    with telling(MORNING + timedelta(minutes=1)):
        assert siti.get("/s").status == 203


@pytest.mark.asvs("V2.4.1", "V2.4.2", "V2.3.2")
def test_forms_sent_faster_than_a_hand_could_fill_them_in_change_nothing_and_are_given_back(city, sign_in, limits):
    browser = sign_in(city.siti)
    forms = [browser.get("/s/baru").form("/s/baru").fill(topics=["internet"], women="12") for _ in range(2)]
    limits(forms_a_minute=1)

    first, second = (form.submit() for form in forms)

    assert (first.status, second.status) == (203, 429)
    assert "Not sent yet" in second.text
    with telling(MORNING + timedelta(minutes=1)):
        again = second.form("/s/baru").submit()
        assert 'value="12"' in again.html


@pytest.mark.asvs("V2.4.2")
def test_a_concern_is_never_too_fast(city, sign_in, limits):
    limits(pages_a_minute=1, forms_a_minute=1, files_a_minute=1)
    browser = sign_in(city.siti)

    answers = [fill(browser, **CALM).submit("send") for _ in range(4)]

    assert all("Thank you" in page.text for page in answers)
    assert [browser.get(path).status for path in ("/", "/k/baru", "/bantuan") for _ in range(3)] == [203] * 9


def test_what_a_page_asks_for_by_itself_is_not_counted(city, sign_in, limits):
    limits(pages_a_minute=1)
    browser = sign_in(city.rina)

    assert [browser.get("/antrean/hitung").status for _ in range(3)] == [203] * 3
    assert [browser.get("/antrean").status for _ in range(2)] == [203, 429]


@pytest.mark.asvs("V2.4.1", "V2.3.2")
def test_files_have_a_limit_of_their_own(city, sign_in, limits):
    limits(files_a_minute=2)
    browser = sign_in(city.lina)

    assert [take(browser, "/cakupan", "", "csv").status_code for _ in range(3)] == [203, 203, 429]


def test_a_city_has_limits_unless_it_says_otherwise_and_the_demo_none():
    assert all(getattr(Settings(), limit) > 0 for limit in LIMITS)
    demo = Settings.from_environment({"PORTAL_DEMO": "1", "PORTAL_KEYS_FILE": "/nowhere"})
    assert not any(getattr(demo, limit) for limit in LIMITS)


@pytest.mark.asvs("V8.2.4", "V2.3.2")
def test_who_opens_very_many_concerns_is_asked_who_she_is(city, limits, sign_in):
    limits(concerns_an_hour=2)
    codes = [a_flag(city.db, city.settings, city.siti).code for _ in range(3)]
    city.db.commit()
    rina = sign_in(city.rina)

    assert [rina.get(f"/k/{code}/kerja").status for code in [*codes[:2], codes[0], *codes]] == [203] * 6  # just asked
    with telling(MORNING + timedelta(minutes=6)):
        page = rina.get(f"/k/{codes[2]}/kerja")
        assert page.root.all("input", name="secret")
        assert rina.get("/antrean").root.all("input", name="secret")  # it rests: nothing else opens either
        page.form("/masuk").fill(secret=city.rina.secret).submit()
        assert rina.get(f"/k/{codes[2]}/kerja").status == 203


def test_who_opens_the_same_one_often_is_not_asked(city, limits, sign_in):
    limits(concerns_an_hour=2)
    code = a_flag(city.db, city.settings, city.siti).code
    city.db.commit()
    rina = sign_in(city.rina)

    with telling(MORNING + timedelta(minutes=6)):
        assert [rina.get(f"/k/{code}/kerja").status for _ in range(5)] == [203] * 5


@pytest.mark.asvs("V5.2.4")
def test_one_person_keeps_no_more_photos_than_her_share(city, sign_in, monkeypatch, tmp_path):
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], photos_dir=tmp_path / "photos")
    monkeypatch.setattr(photos, "MOST_OF_ONE", 2)
    first, second = (logged(city, once=once) for once in ("one", "two"))
    others = logged(city, city.budi, once="three")
    siti, budi = sign_in(city.siti), sign_in(city.budi)
    form = siti.get(f"/s/{second}/foto")
    for _ in range(2):
        send(siti, first, picture())

    assert "So many photos are kept already" in siti.get(f"/s/{second}/foto").text
    assert form.status == 203
    assert len(kept(city)) == 2
    send(budi, others, picture())
    assert len(kept(city)) == 3
