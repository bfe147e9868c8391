"""The head's pages of keys: what is missing is said, sheets are shown once, a key is replaced press by press."""

import pytest
from sqlalchemy import func, select

from portal.accounts import changes, kits, unit_keys
from portal.accounts.models import Account, RecoveryKit, SealingKey
from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.casework import rewrapping
from portal.flags.answers import KeepFrom
from tests.factories import a_flag, ring_of, some_answers, viewer_of
from tests.support.people_writings import sheets_of


@pytest.fixture
def head(city, sign_in):
    return sign_in(city.ratna)


def unit_of(city):
    return city.db.get_one(Account, city.ratna.account_id).unit_id


def shown(head):
    return sheets_of(head.get("/kunci/lembar").form("/kunci/lembar").submit())


def checked(head, *sheets):
    form = head.get("/kunci/lembar/periksa").form()
    return form.fill(**dict(zip(("first", "second", "third"), sheets, strict=True))).submit()


def test_without_sheets_the_page_says_so_and_afterwards_when_they_were_made(city, head):
    assert "Recovery sheets are missing" in head.get("/kunci").text

    page = checked(head, *shown(head))

    assert "The three sheets are right" in page.text
    assert "Recovery sheets are missing" not in page.text
    assert "were made and checked on" in page.text
    city.db.rollback()
    assert kits.is_of_present_keys(city.db, unit_of(city))


def test_each_sheet_says_in_both_languages_what_it_is_and_what_to_do(head):
    page = head.get("/kunci/lembar").form("/kunci/lembar").submit()

    for number in (1, 2, 3):
        assert f"Recovery sheet {number} of 3" in page.text
        assert f"Lembar pemulihan {number} dari 3" in page.text
    assert "UPTD 98.01" in page.text
    assert "One sheet alone opens nothing." in page.text
    assert page.response.headers["Cache-Control"].startswith("no-store")


def test_sheets_that_are_sent_twice_count_once(city, head):
    sheets = shown(head)

    pages = [checked(head, *sheets) for _tap in range(2)]

    assert all("The three sheets are right" in page.text for page in pages)
    assert city.db.scalar(select(func.count()).select_from(RecoveryKit)) == 1


@pytest.mark.parametrize(("spoil", "sentence"), [
    (lambda s: [s[0].replace(s[0][8], "Z" if s[0][8] != "Z" else "Y", 1), s[1], s[2]], "Sheet 1: Group"),
    (lambda s: [s[0], s[1], s[2][:-7]], "Sheet 3: A sheet has 24 groups of 6 signs. Here are 23 groups."),
    (lambda s: [s[0], s[0], s[2]], "That is the same sheet twice."),
    (lambda s: ["", "", ""], "Here are 0 groups."), (lambda s: ["<script>", "\x00", "🌧" * 5000], "Sheet 2"),
])
def test_a_sheet_that_is_not_right_is_named_and_no_kit_counts(city, head, spoil, sentence):
    page = checked(head, *spoil(shown(head)))

    assert page.status == 422
    assert any(sentence in error for error in page.errors)
    assert city.db.scalar(select(func.count()).select_from(RecoveryKit)) == 0


def test_sheets_of_two_occasions_are_not_mixed(city, head):
    one, other = shown(head), shown(head)

    page = checked(head, one[0], other[1], one[2])

    assert "not made on the same occasion" in page.errors[0]


def test_the_trail_says_that_a_kit_was_made_but_not_what_it_is(city, head):
    checked(head, *shown(head))

    row = city.db.scalars(select(AuditEntry).where(AuditEntry.action == "kit.made")).one()
    assert (row.actor_id, row.subject, row.reason) == (city.ratna.account_id, str(unit_of(city)), "")


@pytest.mark.parametrize("path", ["/kunci/lembar", "/kunci/lembar/periksa", "/kunci/ganti/unit"])
@pytest.mark.parametrize("who", ["siti", "rina", "agus", "lina"])
def test_nobody_but_the_head_sees_these_pages(city, sign_in, who, path):
    browser = sign_in(getattr(city, who))

    assert browser.get(path).status == 404
    assert browser.client.post(path).status_code in {403, 404}


def test_with_locked_keys_nothing_is_shown(city, head):
    head.client.delete_cookie("k")

    assert "Your keys are locked" in head.get("/kunci/lembar").text
    assert "Your keys are locked" in head.get("/kunci/ganti/unit").text


def test_the_page_says_that_a_key_is_due_when_somebody_left_and_leads_through_its_replacing(city, head):
    with writing(city.db):
        flag_id = a_flag(city.db, city.settings, city.siti, story="mutiara").id
        changes.switch(city.db, city.db.get_one(Account, city.dewi.account_id), on=False,
                       by=viewer_of(city.db, city.agus))
    assert "Dewi K. held this key until" in head.get("/kunci").text

    page = head.get("/kunci/ganti/unit").form("/kunci/ganti/unit").submit()
    assert "1 concern still lies under the old key." in page.text
    assert "Go on replacing" in head.get("/kunci").text
    page = page.form("/lanjut").submit()

    assert "The key is replaced." in page.text
    assert "A new key is due" not in page.text
    city.db.rollback()
    assert len(unit_keys.in_use(city.db, unit_of(city), "unit")) == 1
    code = city.db.get_one(rewrapping.Flag, flag_id).code
    assert "mutiara" in head.get(f"/k/{code}/kerja").html


def test_the_button_pressed_twice_makes_one_key(city, head):
    form = head.get("/kunci/ganti/unit").form("/kunci/ganti/unit")

    form.submit()
    form.submit()

    assert city.db.scalar(select(func.count()).select_from(SealingKey).where(
        SealingKey.unit_id == unit_of(city), SealingKey.kind == "unit")) == 2


def test_a_press_that_has_no_time_leaves_the_rest_for_the_next(city, head, monkeypatch):
    with writing(city.db):
        a_flag(city.db, city.settings, city.siti)
    page = head.get("/kunci/ganti/unit").form("/kunci/ganti/unit").submit()
    monkeypatch.setattr("portal.casework.key_views._PATIENCE", -1)

    page = page.form("/lanjut").submit()
    assert "1 concern still lies under the old key." in page.text
    monkeypatch.setattr("portal.casework.key_views._PATIENCE", 5)
    assert "The key is replaced." in page.form("/lanjut").submit().text


def test_sheets_of_a_replaced_key_are_said_to_be_old(city, head):
    checked(head, *shown(head))
    with writing(city.db):
        unit_keys.begin(city.db, ring_of(city, city.ratna), "conflict", by=viewer_of(city.db, city.ratna))

    assert "are of older keys" in head.get("/kunci").text


@pytest.fixture
def second_head(city, sign_in):
    """Dewi, who holds the ordinary key alone."""
    with writing(city.db):
        city.db.get_one(Account, city.dewi.account_id).role = "head"
    return sign_in(city.dewi)


@pytest.mark.parametrize("begun", [False, True])
def test_of_a_key_that_she_does_not_hold_a_head_is_told_no_number_and_given_no_step(city, head, second_head, begun):
    with writing(city.db):
        a_flag(city.db, city.settings, city.siti, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    if begun:
        head.get("/kunci/ganti/conflict").form("/kunci/ganti/conflict").submit()

    page = second_head.get("/kunci/ganti/conflict")

    assert "You do not hold this key. Ask somebody who does." in page.text
    for told in ("concern", "lies under", "A new key", "The old key"):
        assert told not in page.root.all("main")[0].text.replace("Concerns with a conflict of interest", "")
    assert not [form for form in page.root.all("form") if "kunci" in form.attrs["action"]]
    assert ("1 concern still lies under the old key." in head.get("/kunci/ganti/conflict").text) is begun


@pytest.mark.parametrize("path", ["/kunci/ganti/semua", "/kunci/ganti/", "/kunci/ganti/unit/lain"])
def test_there_is_no_other_kind_of_key(head, path):
    assert head.get(path).status == 404
