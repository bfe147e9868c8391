"""The trail: the head sees who did what, nothing that was written, nothing of others, and is seen reading."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import delete, func, select

from portal.accounts import changes
from portal.accounts import commands as accounts
from portal.accounts.models import Account, KeyGrant, SealingKey
from portal.accounts.roles import Role
from portal.accounts.sealed import make_sealing_key
from portal.audit import verification
from portal.audit.log import record
from portal.audit.models import AuditEntry
from portal.base.clock import now, telling
from portal.base.db import writing
from portal.base.reference import spoken
from portal.flags import commands as flags
from portal.flags.answers import KeepFrom
from portal.flags.models import Flag
from portal.followup import commands as desk
from portal.reports import trail
from portal.upkeep import forgetting
from portal.upkeep.retention import Kind, Moment
from tests.factories import a_flag, area, some_answers, viewer_of
from tests.followup.at_desk import WHY, Officer, cadre_adds, sent

HOUR = timedelta(hours=1)


def read(city, person=None, before=None):
    with writing(city.db):
        return trail.read_trail(city.db, viewer=viewer_of(city.db, person or city.ratna), keys=city.keys,
                                before=before)


def code_of(city, flag_id):
    city.db.rollback()
    return city.db.get(Flag, flag_id).code


@pytest.mark.asvs("V16.2.1")
def test_it_says_who_did_what_to_which_concern_newest_first(any_city):
    rina, flag_id = Officer(any_city, any_city.rina), sent(any_city)
    rina.closes(flag_id)

    acts = read(any_city).acts

    about = [(act.who, act.action) for act in acts if act.code == code_of(any_city, flag_id)]
    assert about == [("Rina A.", f"flag.{move}") for move in ("close", "act", "assess", "take", "opened", "read")]


def test_what_cadres_did_is_not_listed(any_city):
    flag_id = sent(any_city)
    cadre_adds(any_city, flag_id)

    acts = read(any_city).acts

    assert not {act.action for act in acts} & {"flag.send", "flag.add", "flag.answer"}
    assert "Bu Siti" not in {act.who for act in acts} | {act.person for act in acts}


@pytest.mark.asvs("V8.4.1")
def test_another_units_acts_are_not_listed(any_city):
    with writing(any_city.db):
        far = a_flag(any_city.db, any_city.settings, any_city.far)
    Officer(any_city, any_city.other).opens(far.id)
    ours = sent(any_city)
    Officer(any_city, any_city.rina).opens(ours)

    acts = read(any_city).acts
    theirs = read(any_city, any_city.other).acts

    assert {act.who for act in acts} == {"Bu Ratna", "Rina A.", ""}
    assert {act.code for act in acts} == {"", code_of(any_city, ours)}
    assert {act.who for act in theirs} == {"Kepala Lain", ""}
    assert {act.code for act in theirs} == {"", far.code}
    assert {act.person for act in theirs} == {"", "Kepala Lain"}


def test_what_others_did_in_the_name_of_the_system_or_of_the_server_is_not_listed(any_city):
    """Only what nobody did: an act that has an actor is hers, whatever it is called and whomever it is about."""
    with writing(any_city.db):
        for by in (any_city.siti, any_city.other):
            record(any_city.db, "purge.flags", "flags", by=by.account_id)
            record(any_city.db, "account.switched_off", any_city.rina.account_id, by=by.account_id)
        record(any_city.db, "purge.sessions", "outreach", by=None)
        record(any_city.db, "account.all_out", "", by=None)
        record(any_city.db, "account.made", any_city.rina.account_id, by=None)

    acts = read(any_city).acts

    assert {act.action for act in acts} >= {"purge.sessions", "account.all_out", "account.made"}
    assert not {act.action for act in acts} & {"purge.flags", "account.switched_off"}


def test_a_conflict_of_interest_is_in_it_only_for_who_holds_its_key(any_city):
    with writing(any_city.db):  # a second head, who holds no key for conflicts
        any_city.db.get(Account, any_city.dewi.account_id).role = "head"
    before = [act for act in read(any_city, any_city.dewi).acts if act.action != "trail.read"]
    flag_id = sent(any_city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))
    Officer(any_city, any_city.ratna).handles(flag_id)

    code = code_of(any_city, flag_id)

    assert code in {act.code for act in read(any_city).acts}
    assert [act for act in read(any_city, any_city.dewi).acts if act.action != "trail.read"] == before


def test_that_a_concern_was_deleted_early_is_shown_to_no_head_of_another_unit(any_city):
    before = [act for act in read(any_city, any_city.other).acts if act.action != "trail.read"]
    with writing(any_city.db):
        record(any_city.db, "purge.early", "x", by=None, reason="as two agreed", amount=1)
        record(any_city.db, "purge.erased", "files", by=None)

    assert [act for act in read(any_city, any_city.other).acts if act.action != "trail.read"] == before


def a_second_head(city):
    """Dewi, who holds the ordinary key alone."""
    with writing(city.db):
        city.db.get_one(Account, city.dewi.account_id).role = "head"
    return city.dewi


def look_through(city, person, *flag_ids):
    with writing(city.db):
        desk.open_summaries(city.db, Officer(city, person).ring, list(flag_ids), by=viewer_of(city.db, person),
                            where="open")


def lists_seen(city, person):
    return [(act.reason, act.amount) for act in read(city, person).acts if act.action == "flags.summaries_opened"]


def a_conflict(city):
    return sent(city, answers=some_answers(keep_from=(KeepFrom.RT_RW,)))


def test_a_list_counts_conflicts_of_interest_only_for_who_holds_their_key(any_city):
    dewi, plain = a_second_head(any_city), (sent(any_city), sent(any_city))
    look_through(any_city, any_city.ratna, *plain)
    before = lists_seen(any_city, dewi)

    look_through(any_city, any_city.ratna, *plain, a_conflict(any_city))

    assert before == [("unit", 2)]
    assert lists_seen(any_city, dewi) == [("unit", 2), ("unit", 2)]
    assert lists_seen(any_city, any_city.ratna) == [("unit", 2), ("conflict", 1), ("unit", 2)]


def test_a_list_of_conflicts_alone_is_nothing_to_who_does_not_hold_their_key(any_city):
    dewi = a_second_head(any_city)

    look_through(any_city, any_city.ratna, a_conflict(any_city))

    assert lists_seen(any_city, dewi) == []
    assert lists_seen(any_city, any_city.ratna) == [("conflict", 1)]


def amounts(city, person, *, hers=False):
    """What the numbers of acts say to this reader: those of others, or her own."""
    return {act.action: act.amount for act in read(city, person).acts if (act.who == "Dewi K.") is hers}


@pytest.mark.parametrize(("action", "reason"), [
    ("flags.summaries_opened", ""), ("trail.read", ""), ("something.new", "unit")])
def test_a_number_that_may_count_conflicts_is_for_who_holds_their_key_and_for_who_did_it(any_city, action, reason):
    """Lists of before counted all in one number."""
    dewi = a_second_head(any_city)
    with writing(any_city.db):
        record(any_city.db, action, "x", by=any_city.ratna.account_id, reason=reason, amount=7)
        record(any_city.db, action, "x", by=dewi.account_id, reason=reason, amount=8)

    assert amounts(any_city, dewi)[action] == 0
    assert amounts(any_city, dewi, hers=True)[action] == 8
    assert amounts(any_city, any_city.ratna, hers=True)[action] == 8


def test_a_number_that_counts_nothing_of_the_kind_is_for_every_head(any_city):
    dewi = a_second_head(any_city)
    with writing(any_city.db):
        record(any_city.db, "coverage.exported", "x", by=any_city.ratna.account_id, amount=7)

    assert amounts(any_city, dewi)["coverage.exported"] == 7


def test_who_stepped_aside_is_told_no_number_that_may_count_what_it_was_from(any_city):
    ratna, near, dewi = Officer(any_city, any_city.ratna), sent(any_city), a_second_head(any_city)
    look_through(any_city, any_city.rina, near, sent(any_city))
    before = lists_seen(any_city, any_city.ratna)
    ratna.opens(near)
    with writing(any_city.db):
        flags.step_aside(any_city.db, any_city.db.get(Flag, near), by=ratna.viewer)

    assert before == [("unit", 2)]
    assert lists_seen(any_city, any_city.ratna) == [("unit", 0)]
    assert lists_seen(any_city, dewi) == [("unit", 2)]


def forgotten(city, *flag_ids):
    """They ended so long ago that the machine deleted them."""
    with writing(city.db):
        for flag_id in flag_ids:
            city.db.get_one(Flag, flag_id).closed_at = now() - timedelta(days=6 * 366)
    with writing(city.db):
        forgetting.some(city.db, city.settings, Kind.CONCERNS, Moment(now(), now().date()))
    assert not {city.db.get(Flag, flag_id) for flag_id in flag_ids} - {None}


def done_by_others(city, person):
    return [act for act in read(city, person).acts if act.action != "trail.read"]


def test_a_conflict_of_interest_that_is_forgotten_tells_nothing_to_who_does_not_hold_its_key(any_city):
    dewi, near = a_second_head(any_city), a_conflict(any_city)
    before = done_by_others(any_city, dewi)
    Officer(any_city, any_city.ratna).closes(near)

    forgotten(any_city, near)

    assert done_by_others(any_city, dewi) == before
    assert {"flag.opened", "flag.close", "purge.concerns"} <= {
        act.action for act in done_by_others(any_city, any_city.ratna)}


def test_what_she_stepped_aside_from_tells_her_nothing_when_it_is_forgotten(any_city):
    ratna, near = Officer(any_city, any_city.ratna), sent(any_city)
    ratna.opens(near)
    with writing(any_city.db):
        flags.step_aside(any_city.db, any_city.db.get(Flag, near), by=ratna.viewer)
    before = done_by_others(any_city, any_city.ratna)
    look_through(any_city, any_city.rina, near)
    assert lists_seen(any_city, any_city.ratna) == [("unit", 0)]
    Officer(any_city, any_city.rina).closes(near)

    forgotten(any_city, near)

    others = done_by_others(any_city, any_city.ratna)
    assert "flag.close" in {act.action for act in done_by_others(any_city, a_second_head(any_city))}
    assert [act for act in others if act.action != "flags.summaries_opened"] == before
    assert lists_seen(any_city, any_city.ratna) == [("unit", 0)]


def test_what_was_done_on_an_ordinary_concern_stays_in_it_without_its_code(any_city):
    """Whoever opened much keeps having opened it."""
    plain = sent(any_city)
    Officer(any_city, any_city.rina).closes(plain)

    forgotten(any_city, plain)

    assert [(act.who, act.code) for act in done_by_others(any_city, any_city.ratna)
            if act.action == "flag.opened"] == [("Rina A.", "")]


def another_key_for_conflicts(city, retired_at=None):
    """One that nobody was granted."""
    key, _ = make_sealing_key(viewer_of(city.db, city.ratna).unit_id, "conflict")
    key.retired_at = retired_at
    with writing(city.db):
        city.db.add(key)


def test_a_newer_key_for_conflicts_that_she_does_not_hold_hides_them_again(any_city):
    look_through(any_city, any_city.rina, sent(any_city))
    look_through(any_city, any_city.ratna, a_conflict(any_city))
    another_key_for_conflicts(any_city)

    assert lists_seen(any_city, any_city.ratna) == [("unit", 1)]


@pytest.mark.parametrize("without", ["an ordinary key", "a key that has ended"])
def test_only_the_keys_under_which_conflicts_lie_now_decide(any_city, without):
    look_through(any_city, any_city.ratna, a_conflict(any_city))
    if without == "an ordinary key":
        ordinary = select(SealingKey.id).where(SealingKey.kind == "unit")
        with writing(any_city.db):
            any_city.db.execute(delete(KeyGrant).where(KeyGrant.key_id.in_(ordinary)))
    else:
        another_key_for_conflicts(any_city, retired_at=now())

    assert lists_seen(any_city, any_city.ratna) == [("conflict", 1)]


def test_moving_conflicts_to_a_newer_key_is_for_who_holds_it(any_city):
    dewi = a_second_head(any_city)
    with writing(any_city.db):
        for kind in ("unit", "conflict"):
            record(any_city.db, "key.moved", "x", by=any_city.ratna.account_id, reason=kind, amount=3)

    def moved(person):
        return [(act.reason, act.amount) for act in read(any_city, person).acts if act.action == "key.moved"]

    assert moved(dewi) == [("unit", 3)]
    assert moved(any_city.ratna) == [("conflict", 3), ("unit", 3)]


def becomes(city, person, role, place, *, after=timedelta(0)):
    """An administrator gives this person another role or place, so much later."""
    with telling(now() + after), writing(city.db):
        account = city.db.get_one(Account, person.account_id)
        changes._change_role(city.db, account, role, area(city.db, place), by=city.agus.account_id)


def done_by(city, person, action, *, after=timedelta(0)):
    with telling(now() + after), writing(city.db):
        record(city.db, action, "x", by=person.account_id)


def seen_of(city, name, reader=None):
    return [act.action for act in read(city, reader).acts if act.who == name and act.action != "account.role"]


@pytest.mark.parametrize(("role", "place"), [
    (Role.CADRE, "98.01.01.1001"), (Role.OFFICER, "98.02"), (Role.COORDINATOR, "98.02.01.1001")])
def test_what_an_officer_did_stays_in_the_trail_whatever_she_becomes(any_city, role, place):
    done_by(any_city, any_city.rina, "flag.opened")

    becomes(any_city, any_city.rina, role, place)
    done_by(any_city, any_city.rina, "flag.take", after=HOUR)

    assert seen_of(any_city, "Rina A.") == ["flag.opened"]


def test_what_she_did_elsewhere_does_not_come_along(any_city):
    done_by(any_city, any_city.rina, "flag.opened")
    becomes(any_city, any_city.rina, Role.OFFICER, "98.02", after=HOUR)
    done_by(any_city, any_city.rina, "flag.take", after=2 * HOUR)

    assert seen_of(any_city, "Rina A.", any_city.other) == ["flag.take"]


def test_what_she_opens_in_the_moment_of_her_leaving_is_still_the_units(any_city):
    becomes(any_city, any_city.rina, Role.CADRE, "98.01.01.1001")
    done_by(any_city, any_city.rina, "flag.opened", after=timedelta(seconds=20))
    done_by(any_city, any_city.rina, "flag.take", after=timedelta(seconds=40))

    assert seen_of(any_city, "Rina A.") == ["flag.opened"]


def test_who_comes_back_is_in_it_again_and_not_for_the_time_between(any_city):
    for place, hours, action in (("98.02", 1, "flag.take"), ("98.01", 3, "flag.act")):
        becomes(any_city, any_city.rina, Role.OFFICER, place, after=hours * HOUR)
        done_by(any_city, any_city.rina, action, after=(hours + 1) * HOUR)

    assert seen_of(any_city, "Rina A.") == ["flag.act"]


@pytest.mark.parametrize(("who", "name"), [("agus", "Pak Agus"), ("wati", "Bu Wati"), ("lina", "Bu Lina")])
def test_what_those_beside_the_unit_did_stays_too_and_no_other_city_reads_it(any_city, who, name):
    person = getattr(any_city, who)
    done_by(any_city, person, "account.off")

    becomes(any_city, person, Role.OFFICER, "98.02")

    assert seen_of(any_city, name) == ["account.off"]
    done_by(any_city, person, "account.on", after=HOUR)
    assert seen_of(any_city, name) == ["account.off"]
    assert seen_of(any_city, name, any_city.other) == ["account.on"]


def test_who_was_of_the_unit_is_still_named_where_she_is_the_one_it_is_about(any_city):
    becomes(any_city, any_city.rina, Role.OFFICER, "98.02")

    assert read(any_city).acts[0].person == "Rina A."


def test_who_never_was_of_the_unit_nor_of_its_city_is_not_named(any_city):
    with writing(any_city.db):
        record(any_city.db, "account.off", any_city.other.account_id, by=any_city.agus.account_id)

    assert [(act.who, act.person) for act in read(any_city).acts][0] == ("Pak Agus", "")


def test_an_administrator_for_all_places_is_in_the_trail_of_each_unit(any_city):
    with writing(any_city.db):
        everywhere = accounts.add_account(any_city.db, any_city.settings, accounts.NewAccount(
            Role.ADMIN, "Pak Pusat", sign_in_name="pusat"), by=None)
        record(any_city.db, "account.off", "x", by=everywhere.id)

    assert seen_of(any_city, "Pak Pusat") == seen_of(any_city, "Pak Pusat", any_city.other) == ["account.off"]


def test_an_account_made_at_the_server_stays_in_the_trail_of_its_first_unit(any_city):
    becomes(any_city, any_city.rina, Role.OFFICER, "98.02", after=HOUR)

    def made(reader):
        return {act.person for act in read(any_city, reader).acts if act.action == "account.made"}

    assert "Rina A." in made(any_city.ratna)
    assert made(any_city.other) == {"Kepala Lain"}


def test_an_administrators_acts_in_the_city_are_listed(any_city):
    with writing(any_city.db):
        changes.switch(any_city.db, any_city.db.get_one(Account, any_city.dewi.account_id), on=False,
                       by=viewer_of(any_city.db, any_city.agus))

    act = read(any_city).acts[0]

    assert (act.who, act.action, act.person) == ("Pak Agus", "account.off", "Dewi K.")


def test_a_coordinators_acts_are_listed_with_the_cadre_they_were_about_and_a_neighbour_citys_are_not(any_city):
    with writing(any_city.db):
        changes.ask_recovery(any_city.db, any_city.db.get_one(Account, any_city.siti.account_id),
                             by=viewer_of(any_city.db, any_city.wati))

    act = read(any_city).acts[0]

    assert (act.who, act.action, act.person) == ("Bu Wati", "recovery.asked", "Bu Siti")
    assert "recovery.asked" not in {one.action for one in read(any_city, any_city.other).acts}


def test_handing_on_a_key_says_to_whom_and_which(any_city):
    granted = [act for act in read(any_city).acts if act.action == "key.granted"]

    assert {(act.who, act.person, act.reason) for act in granted} == \
        {("Bu Ratna", "Rina A.", "unit"), ("Bu Ratna", "Dewi K.", "unit")}


def test_reading_it_is_written_down(any_city):
    first = read(any_city)

    second = read(any_city)

    assert (second.acts[0].action, second.acts[0].who, second.acts[0].amount) == \
        ("trail.read", "Bu Ratna", len(first.acts))


def test_pages_of_fifty_follow_each_other_without_gap_or_repetition(any_city):
    with writing(any_city.db):
        for number in range(120):
            record(any_city.db, "flag.opened", f"nothing {number}", by=any_city.rina.account_id, amount=number)
            record(any_city.db, "flag.opened", "of others", by=any_city.other.account_id, amount=1000 + number)

    pages, before = [], None
    for _page in range(3):
        page = read(any_city, before=before)
        pages.append(page)
        before = page.before

    amounts = [act.amount for page in pages for act in page.acts if act.action == "flag.opened"]
    assert [len(page.acts) for page in pages[:2]] == [50, 50]
    assert amounts == list(range(119, -1, -1))


def page_of(browser, before):
    return browser.get("/jejak", query_string={"sebelum": before})


def first_act(page):
    return page.root.all("tbody")[-1].all("tr")[0].all("th")[0].text


def next_page_of(city, sign_in, person):
    """What the link to the next page says of where it begins."""
    link = sign_in(person).get("/jejak").link("Next page")
    return parse_qs(urlsplit(link.path).query)["sebelum"][0]


@pytest.mark.parametrize("before", [
    "x", "-1", "0", "1", "9" * 400, "1.5", "\x00", "²", "' OR 1=1", "A" * 50, "A" * 51])
def test_a_forged_place_begins_at_the_newest(city, sign_in, before):
    flag_id = sent(city)
    Officer(city, city.rina).opens(flag_id)

    page = page_of(sign_in(city.ratna), before)

    assert page.status == 203
    assert first_act(page) == "Rina A."


def many_acts(city):
    with writing(city.db):
        for _number in range(60):
            record(city.db, "flag.take", "x", by=city.dewi.account_id)
    Officer(city, city.rina).opens(sent(city))


def test_the_address_of_the_next_page_tells_no_number_and_no_two_are_alike(city, sign_in):
    many_acts(city)

    one, other = (next_page_of(city, sign_in, city.ratna) for _time in range(2))

    assert one != other
    assert {len(one), len(other)} == {50}
    assert first_act(page_of(sign_in(city.ratna), one)) == "Dewi K."
    assert "Opened in the last seven days" not in page_of(sign_in(city.ratna), one).text


def test_the_place_of_another_head_begins_at_the_newest(city, sign_in):
    many_acts(city)
    with writing(city.db):
        city.db.get_one(Account, city.dewi.account_id).role = "head"
    place = next_page_of(city, sign_in, city.ratna)

    page = page_of(sign_in(city.dewi), place)

    assert page.root.all("tbody")[-1].all("tr")[1].all("th")[0].text == "Bu Ratna"


def test_the_page_says_acts_and_reasons_in_words_and_nothing_that_was_written(city, sign_in):
    flag_id = sent(city, story="mutiara")
    rina = sign_in(city.rina)
    rina.get(f"/k/{spoken(code_of(city, flag_id))}/kerja").form("/identitas").fill(why_open="emergency").submit()
    Officer(city, city.rina).handles(flag_id)
    rina.get("/antrean")

    page = sign_in(city.ratna).get("/jejak")

    rows = [row.text for row in page.root.all("tbody")[-1].all("tr")]
    code = spoken(code_of(city, flag_id))
    assert any(f"Opened names and places {code} Emergency: a life is in danger" in row for row in rows)
    assert any("Opened the summaries of a list" in row for row in rows)
    assert not any(" ," in row for row in rows)
    for secret in ("mutiara", WHY, "Menelepon", "Bu Siti", "Medium"):
        assert secret not in page.html
    assert page.link(code).path == f"/k/{code}/kerja"


def test_an_act_without_words_shows_as_its_code(city, sign_in):
    with writing(city.db):
        record(city.db, "something.new", "x", by=city.rina.account_id, reason="so")

    assert "something.new so" in sign_in(city.ratna).get("/jejak").text


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("who", ["rina", "keyless", "siti", "guru", "wati", "lina", "agus"])
def test_the_trail_is_the_heads_alone(city, sign_in, who):
    page = sign_in(getattr(city, who)).get("/jejak")

    city.db.rollback()
    assert page.status == 404
    assert city.db.scalar(select(func.count()).where(AuditEntry.action == "trail.read")) == 0


def test_the_days_are_told_in_the_citys_own_time(city, sign_in):
    moment = now().replace(month=11, day=24, hour=18, minute=5, second=0)
    with telling(moment), writing(city.db):
        record(city.db, "flag.opened", "x", by=city.rina.account_id)
    with telling(moment + timedelta(minutes=1)):
        page = sign_in(city.ratna).get("/jejak")

    assert "25 Nov, 01:05" in page.text


def test_what_the_reader_stepped_aside_from_is_not_in_it(any_city):
    rina, ratna = Officer(any_city, any_city.rina), Officer(any_city, any_city.ratna)
    near, noise = sent(any_city), sent(any_city)
    rina.opens(noise)
    before = [(act.action, act.code) for act in read(any_city).acts if act.action != "trail.read"]
    ratna.opens(near)
    with writing(any_city.db):
        flags.step_aside(any_city.db, any_city.db.get(Flag, near), by=ratna.viewer)
    rina.handles(near)

    acts = read(any_city).acts

    assert [(act.action, act.code) for act in acts if act.action != "trail.read"] == before


def test_a_concern_that_went_to_another_unit_is_not_named_any_more(any_city):
    flag_id = sent(any_city)
    Officer(any_city, any_city.rina).opens(flag_id)
    before = [act.code for act in read(any_city).acts if act.action == "flag.opened"]
    with writing(any_city.db):
        any_city.db.get_one(Flag, flag_id).unit_id = any_city.db.get_one(Account, any_city.other.account_id).unit_id

    after = [act.code for act in read(any_city).acts if act.action == "flag.opened"]

    assert set(before) == {code_of(any_city, flag_id)}
    assert not any(after)


@pytest.mark.parametrize(("holds", "said", "alerts"), [
    (True, "was checked today", 0), (False, "something was changed", 1)])
def test_the_page_says_what_came_of_the_last_check(city, sign_in, holds, said, alerts):
    before = sign_in(city.ratna).get("/jejak")
    with writing(city.db):
        verification.keep_result(city.db, verification.Verdict(number_of_faults=1))
        verification.keep_result(city.db, verification.Verdict(number_of_faults=0 if holds else 1))

    page = sign_in(city.ratna).get("/jejak")

    assert "was checked" not in before.text
    assert said in page.text
    assert len(page.root.all("p", role="alert")) == alerts
