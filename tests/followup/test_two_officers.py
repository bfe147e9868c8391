"""Two officers at once: the slower one sees who was faster and what changed, and saves again."""

import pytest
from sqlalchemy import func, select

from portal.base.db import session_for, writing
from portal.base.errors import Stale
from portal.base.reference import spoken
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag, FlagStep
from portal.followup import commands, triage
from portal.followup.models import Note
from tests.followup.at_desk import WHY, Officer, cadre_adds, sent

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def flag_id(city):
    """A concern that Rina has taken."""
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.opens(flag_id)
    rina.does(Move.TAKE, flag_id)
    return flag_id


@pytest.fixture
def form(city, sign_in, flag_id):
    """Rina's assessment, typed but not yet saved."""
    page = sign_in(city.rina).get(f"/k/{spoken(city.db.get(Flag, flag_id).code)}/kerja")
    return page.form("/nilai").fill(risk="high", why_risk="mutiara pertama")


def notes(city):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(Note))


@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["plain", "htmx"])
def test_the_slower_one_sees_who_and_what_and_keeps_her_words(city, flag_id, form, headers):
    Officer(city, city.dewi).does(Move.ASSESS, flag_id, Risk.LOW, "Sudah di rumah bibinya.")

    page = form.submit("", **headers)

    box = next(d for d in page.root.all("div") if "data-fokus" in d.attrs)
    assert page.status == 409
    assert box.text.startswith("Dewi K. just changed this. Look at what changed, then save again.")
    assert [li.text[6:] for li in box.all("li")] == ["Risk assessed, Dewi K."]
    assert "Sudah di rumah bibinya." in page.text
    kept = dict(page.form("/nilai").values)
    assert (kept["risk"], kept["why_risk"].strip()) == ("high", "mutiara pertama")
    assert "open" in page.form("/nilai").element.inside("details").attrs
    assert ("<html" in page.html) == (not headers)
    assert notes(city) == 1


@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["plain", "htmx"])
def test_saving_again_after_looking_works(city, flag_id, form, headers):
    Officer(city, city.dewi).does(Move.ASSESS, flag_id, Risk.LOW, "Sudah di rumah bibinya.")

    page = form.submit("", **headers).form("/nilai").submit("", **headers)

    assert page.status == 203
    assert city.db.get_one(Flag, flag_id, populate_existing=True).risk_assessed == Risk.HIGH
    assert notes(city) == 2


def test_what_the_cadre_added_meanwhile_is_seen_first(city, flag_id, form):
    cadre_adds(city, flag_id, text="Ia pindah ke rumah neneknya.")

    page = form.submit()

    assert page.status == 409
    assert "The cadre just changed this." in page.text
    assert "Ia pindah ke rumah neneknya." in page.text


def test_her_own_second_window_is_called_that(city, flag_id, form):
    Officer(city, city.rina).does(Move.ACT, flag_id)

    assert "You changed this in another window." in form.submit().text


def test_only_what_she_has_not_seen_is_listed(city, flag_id, form):
    dewi = Officer(city, city.dewi)
    dewi.does(Move.ACT, flag_id)
    dewi.does(Move.ASK, flag_id)

    page = form.submit()

    box = next(d for d in page.root.all("div") if "data-fokus" in d.attrs)
    assert [li.text[6:] for li in box.all("li")] == ["Question sent to the cadre, Dewi K.", "Action noted, Dewi K."]


def test_words_that_can_no_longer_be_saved_stay_on_the_page(city, flag_id, form):
    dewi = Officer(city, city.dewi)
    dewi.does(Move.ASSESS, flag_id)
    dewi.does(Move.CLOSE, flag_id)

    page = form.submit()

    assert page.status == 409
    assert "mutiara pertama" in page.root.all("textarea")[0].text
    assert "It can no longer be saved here." in page.text
    assert city.db.get_one(Flag, flag_id, populate_existing=True).status == Status.CLOSED


@pytest.mark.parametrize("version", ["", "0", "-1", "999999", "abc", "9" * 5000, "1.5", "١", "\x00"])
def test_a_forged_version_never_wins(city, flag_id, form, version):
    page = form.fill(version=version).submit()

    assert page.status == 409
    assert notes(city) == 0
    assert page.form("/nilai").submit().status == 203


@pytest.mark.asvs("V2.3.4")
def test_both_take_it_and_the_second_is_told(city, sign_in):
    flag_id = sent(city)
    address = f"/k/{spoken(city.db.get(Flag, flag_id).code)}/kerja"
    one, two = (sign_in(who).get(address) for who in (city.rina, city.dewi))

    one.form("/ambil").submit()
    late = two.form("/ambil").submit()

    assert late.status == 409
    assert "Rina A. just changed this." in late.text
    assert city.db.get_one(Flag, flag_id, populate_existing=True).assignee_id == city.rina.account_id
    assert city.db.scalar(select(func.count()).where(FlagStep.move == Move.TAKE)) == 1


def test_an_unread_one_that_changed_since_the_list_was_made_is_not_taken(city):
    rina, flag_id = Officer(city, city.rina), sent(city)
    listed = city.db.get_one(Flag, flag_id).version
    cadre_adds(city, flag_id, worse=True)

    with pytest.raises(Stale), writing(city.db):
        triage.pick_up(city.db, rina.ring, city.db.get_one(Flag, flag_id, populate_existing=True), by=rina.viewer,
                       version=listed, once="k", body="")

    assert city.db.get_one(Flag, flag_id, populate_existing=True).status == Status.NEW


def test_a_note_over_an_ended_sign_in_comes_back_and_still_notices_the_colleague(city, flag_id, form):
    browser = form.browser
    with browser.client.session_transaction() as cookie:
        cookie["seen"] = 0
    ask = form.submit()
    Officer(city, city.dewi).does(Move.ASSESS, flag_id, Risk.LOW, WHY)

    resumed = ask.form("/masuk").submit("ask").form("/masuk").fill(secret=city.rina.secret).submit()
    back = resumed.form("/nilai").submit()
    late = back.form("/nilai").submit()

    assert (back.status, late.status) == (203, 409)
    assert dict(late.form("/nilai").values)["why_risk"].strip() == "mutiara pertama"


@pytest.mark.asvs("V2.3.4", "V15.4.2")
@pytest.mark.postgres
def test_two_who_read_the_same_version_at_once_cannot_both_win(postgres_city):
    """On SQLite the second waits for the first; on PostgreSQL both read, and the slower one's write fails."""
    city, flag_id = postgres_city, sent(postgres_city)
    rina, dewi = Officer(city, city.rina), Officer(city, city.dewi)
    rina.opens(flag_id)

    def both() -> None:
        with session_for(city.db.get_bind()) as other, writing(city.db):
            flag = city.db.get_one(Flag, flag_id, populate_existing=True)
            seen = flag.version
            with writing(other):
                commands.take(other, other.get_one(Flag, flag_id), by=dewi.viewer, version=seen, once="d", body="")
            commands.assess(city.db, city.settings, rina.ring, flag, Risk.LOW, WHY, by=rina.viewer, version=seen,
                            once="r", body="")

    with pytest.raises(Stale):
        both()

    assert notes(city) == 0
    assert city.db.get_one(Flag, flag_id, populate_existing=True).assignee_id == city.dewi.account_id


def test_an_unfinished_answer_to_what_a_colleague_did_already_stays_on_the_page(city, sign_in):
    rina, flag_id = Officer(city, city.rina), sent(city)
    rina.closes(flag_id)
    page = sign_in(city.dewi).get(f"/k/{spoken(city.db.get(Flag, flag_id).code)}/kerja")
    form = page.form("/buka-lagi").fill(why_again="apa")
    rina.does(Move.REOPEN, flag_id)

    answer = form.submit()

    assert answer.status == 422
    assert "It can no longer be saved here. This is what you wrote:" in answer.text
