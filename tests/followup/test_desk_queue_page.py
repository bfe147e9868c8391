"""The queue as a page: views, search, and calm words for those who cannot see in."""

import gzip
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.clock import telling
from portal.base.reference import spoken
from portal.flags.life import Move
from portal.flags.models import ContentKey, Flag
from tests.followup.at_desk import Officer, sent


def code_of(city, flag_id):
    city.db.rollback()
    return spoken(city.db.get(Flag, flag_id).code)


def number_of_traces(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).where(AuditEntry.action == "flags.summaries_opened"))


def test_a_row_links_to_its_sheet_and_says_a_summary_while_unlocked(city, sign_in):
    flag_id = sent(city, story="mutiara")

    page = sign_in(city.rina).get("/antrean")

    row = page.root.all("tbody")[0].all("tr")[0]
    assert row.all("th")[0].text == f"{code_of(city, flag_id)} A girl, 13–17 years. Very afraid."
    assert "Jatirahayu, RW 07" in row.text
    assert "mutiara" not in page.html
    assert page.root.all("caption")[0].text.startswith("Showing 1–1 of 1")
    assert number_of_traces(city) == 1


def test_locked_it_shows_rows_without_summaries_and_how_to_unlock(city, sign_in):
    flag_id, desk = sent(city), sign_in(city.rina)
    desk.client.delete_cookie("k")

    page = desk.get("/antrean")

    assert code_of(city, flag_id) in page.text
    assert "A girl" not in page.html
    assert "RW 07" not in page.html
    assert "Your keys are locked." in page.text
    assert number_of_traces(city) == 0
    page = page.form("/antrean/buka").submit().form("/masuk").fill(secret=city.rina.secret).submit()
    assert "A girl" in page.text


def test_an_officer_without_a_key_is_told_who_can_hand_it_on(city, sign_in):
    flag_id = sent(city)

    page = sign_in(city.keyless).get("/antrean")

    assert "You do not hold the key yet" in page.text
    assert "Ask Bu Ratna to hand you the key." in page.text
    assert code_of(city, flag_id) not in page.html
    assert page.root.all("table") == []


def test_an_empty_queue_says_when_it_was_looked_at(city, sign_in):
    page = sign_in(city.rina).get("/antrean")

    assert "No open concerns. Last checked at" in page.text
    assert number_of_traces(city) == 0


@pytest.mark.parametrize("typed", ["{code}", "{low}", " {low} "])
def test_a_code_leads_straight_to_its_sheet(city, sign_in, typed):
    code = code_of(city, sent(city))

    page = sign_in(city.rina).get("/antrean").form("/antrean").fill(
        kode=typed.format(code=code, low=code.lower().replace("-", ""))).submit()

    assert page.path == f"/k/{code}/kerja"


@pytest.mark.parametrize("typed", ["K7M-4PX", "a", "K7M4PXK7M", "%", "_", "'; DROP TABLE flags; --",
                                   "<script>alert(1)</script>", "\x00", "٣٣٣٣٣٣", "k" * 3000])
def test_a_code_that_matches_nothing_says_so(city, sign_in, typed):
    sent(city)

    page = sign_in(city.rina).get("/antrean", query_string={"kode": typed})

    assert "Nothing matches." in page.text
    assert "<script>alert" not in page.html
    assert page.root.all("table") == []
    assert number_of_traces(city) == 0


def test_the_views_show_their_numbers_and_the_chosen_one(city, sign_in):
    with telling(datetime(2026, 11, 24, 2, tzinfo=UTC)):  # a Tuesday, 9 o'clock in the city
        mine, other = sent(city), sent(city)
        Officer(city, city.rina).handles(mine)

        page = sign_in(city.rina).get("/antrean").link("Mine")

    chips = {a.text.rsplit(" ", 1)[0]: a for a in page.root.all("nav", class_="ringkas")[0].all("a")}
    assert chips["Mine"].attrs["aria-current"] == "true"
    assert {name: a.all("b")[0].text for name, a in chips.items()} == {
        "All open": "2", "Past the deadline": "0", "Due today": "1", "Unread": "1",
        "No officer": "1", "Mine": "1", "New messages": "0", "Waiting for the cadre": "0", "Closed": "0"}
    assert code_of(city, mine) in page.text
    assert code_of(city, other) not in page.text


def test_an_unknown_view_is_the_whole_queue(city, sign_in):
    flag_id = sent(city)

    page = sign_in(city.rina).get("/antrean?tampil=rahasia&sesudah=%00%ff")

    assert code_of(city, flag_id) in page.text


def test_many_are_paged_without_losing_one(city, sign_in):
    codes = {code_of(city, sent(city)) for _number in range(27)}

    first = sign_in(city.rina).get("/antrean")
    second = first.link("Next page")

    seen = [[a.text for a in page.root.all("a", class_="kd angka")] for page in (first, second)]
    assert ([len(page) for page in seen], set(seen[0] + seen[1])) == ([25, 2], codes)
    assert "Showing 26–27 of 27" in second.text
    assert number_of_traces(city) == 2
    city.db.rollback()
    assert city.db.scalar(select(func.count()).where(ContentKey.rewrapped.is_(None))) == 0


def test_a_closed_one_is_found_again_and_says_that_it_is_closed(city, sign_in):
    flag_id = sent(city)
    Officer(city, city.rina).closes(flag_id)

    page = sign_in(city.dewi).get("/antrean?tampil=selesai")

    assert code_of(city, flag_id) in page.text
    assert "last closed first" in page.text


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("who", ["siti", "guru", "wati", "lina", "agus"])
def test_the_queue_is_the_units_alone(city, sign_in, who):
    assert sign_in(getattr(city, who)).get("/antrean").status == 404


def test_a_waiting_one_says_for_whom(city, sign_in):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.ASK, flag_id)

    page = sign_in(city.rina).get("/antrean?tampil=menunggu")

    assert "Waiting for the cadre" in page.root.all("tbody")[0].text


@pytest.mark.parametrize(("name", "limit"), [("desk.js", 3000), ("desk.css", 4000)])
def test_what_only_staff_load_stays_small_and_cadres_do_not_load_it(city, sign_in, name, limit):
    with sign_in(city.rina).client.get(f"/static/{name}") as answer:
        assert len(gzip.compress(answer.data, 9)) <= limit
    assert f"/static/{name}" in sign_in(city.rina).get("/antrean").html
    assert not [path for path in ("/", "/k", "/k/baru", "/s", "/s/baru", "/bantuan")
                if f"/static/{name}" in sign_in(city.siti).get(path).html]


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_full_page_of_the_queue_stays_small(city, sign_in, language):
    for _number in range(26):
        sent(city)

    page = sign_in(city.rina, language).get("/antrean")

    assert len(gzip.compress(page.html.encode(), 9)) <= 12_000
