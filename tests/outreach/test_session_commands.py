"""What the commands of sessions, plans and files refuse by themselves, whoever may have opened the page."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from portal.accounts.models import Account
from portal.base.db import new_id, writing
from portal.base.errors import NotVisible, Refused
from portal.outreach import commands, import_commands, photo_commands, photos, plans, policy, queries
from portal.outreach.models import Outreach, OutreachForthcoming, OutreachImport, OutreachPlan
from portal.outreach.photos import Drawn
from tests.factories import viewer_of
from tests.outreach.test_plans import planned
from tests.outreach.test_sessions import TODAY, held_at, logged

OTHERS = ["wati", "rina", "ratna", "lina", "agus"]


def previewed(city, person, sessions=None):
    with writing(city.db):
        return import_commands.keep_preview(city.db, sessions or [held_at(city)], file_name="lama.csv",
                                            by=viewer_of(city.db, person), today=TODAY, once=uuid4().hex, body="")


def plan_row(city, plan_id):
    city.db.rollback()
    return city.db.get(OutreachPlan, plan_id, populate_existing=True)


@pytest.mark.parametrize("who", OTHERS)
def test_only_who_is_in_the_field_logs_a_session(any_city, who):
    with pytest.raises(Refused):
        logged(any_city, getattr(any_city, who))

    any_city.db.rollback()
    assert any_city.db.scalars(select(Outreach)).all() == []


@pytest.mark.parametrize("who", OTHERS)
def test_only_who_is_in_the_field_says_whether_anybody_came_forward(any_city, who):
    with pytest.raises(Refused), writing(any_city.db):
        commands.answer_forthcoming(any_city.db, by=viewer_of(any_city.db, getattr(any_city, who)),
                                    month=TODAY.replace(day=1), came=True, once="one", body="")

    any_city.db.rollback()
    assert any_city.db.scalars(select(OutreachForthcoming)).all() == []


def test_an_answer_counts_for_its_kelurahan_and_month_alone(any_city):
    months = [TODAY.replace(day=1), TODAY.replace(month=10, day=1)]
    for number, (who, month) in enumerate([("siti", months[0]), ("siti", months[1]), ("far", months[0])]):
        with writing(any_city.db):
            commands.answer_forthcoming(any_city.db, by=viewer_of(any_city.db, getattr(any_city, who)), month=month,
                                        came=True, once=f"key {number}", body="")

    counted = any_city.db.scalars(select(OutreachForthcoming)).all()
    assert [(row.yes, row.no) for row in counted] == [(1, 0)] * 3


@pytest.mark.parametrize("who", ["siti", "guru", "lina"])
def test_only_a_coordinator_plans_even_for_her_own_place(any_city, who):
    person = getattr(any_city, who)
    with pytest.raises(NotVisible), writing(any_city.db):
        plans.make_plan(any_city.db, plans.Planned(any_city.db.get_one(Account, person.account_id).area_id, TODAY,
                                                   "internet"),
                        by=viewer_of(any_city.db, person), today=TODAY, once="one", body="")


@pytest.mark.parametrize("who", ["siti", "lina"])
def test_who_sees_a_plan_does_not_give_it_up_for_all_that(any_city, who):
    plan = planned(any_city)

    with pytest.raises(NotVisible), writing(any_city.db):
        plans.cancel(any_city.db, plan, by=viewer_of(any_city.db, getattr(any_city, who)), once="cancel")

    assert not plan_row(any_city, plan).cancelled


def test_a_session_makes_only_the_plan_held_that_it_came_of(any_city):
    hers, another, her_colleagues = planned(any_city), planned(any_city), planned(any_city, person=any_city.budi)
    given_up = planned(any_city)
    with writing(any_city.db):
        plans.cancel(any_city.db, given_up, by=viewer_of(any_city.db, any_city.wati), once="cancel")
    session = logged(any_city)

    with writing(any_city.db):
        for plan in (hers, her_colleagues, given_up):
            plans.held_as(any_city.db, plan, session, by=viewer_of(any_city.db, any_city.siti))

    assert [plan_row(any_city, plan).outreach_id for plan in (hers, another, her_colleagues, given_up)] == [
        session, None, None, None]


def test_a_plan_that_was_held_stays_with_the_session_it_was_held_as(any_city):
    plan, first, second = planned(any_city), logged(any_city, once="one"), logged(any_city, once="two")
    for session in (first, second):
        with writing(any_city.db):
            plans.held_as(any_city.db, plan, session, by=viewer_of(any_city.db, any_city.siti))

    assert plan_row(any_city, plan).outreach_id == first


def test_a_file_that_was_looked_at_is_loaded_by_a_coordinator_alone(any_city):
    kept = previewed(any_city, any_city.siti)  # who was one when she looked at it

    with pytest.raises(Refused), writing(any_city.db):
        import_commands.load_preview(any_city.db, kept, by=viewer_of(any_city.db, any_city.siti), today=TODAY)

    any_city.db.rollback()
    assert any_city.db.scalars(select(Outreach)).all() == []


def test_a_file_that_was_only_looked_at_cannot_be_undone(any_city):
    kept = previewed(any_city, any_city.wati)
    found = import_commands.get_import(any_city.db, kept, viewer=viewer_of(any_city.db, any_city.wati))

    with pytest.raises(Refused), writing(any_city.db):
        import_commands.undo(any_city.db, found, by=any_city.wati.account_id)


def test_looking_at_a_file_forgets_her_own_earlier_look_and_nobody_elses(any_city):
    hers, anothers, loaded = (previewed(any_city, any_city.wati), previewed(any_city, any_city.siti),
                              previewed(any_city, any_city.far))
    wati = viewer_of(any_city.db, any_city.wati)
    with writing(any_city.db):
        import_commands.load_preview(any_city.db, previewed(any_city, any_city.wati), by=wati, today=TODAY)

    later = previewed(any_city, any_city.wati)

    for import_id, who, there in [(hers, "wati", False), (anothers, "siti", True), (loaded, "far", True),
                                  (later, "wati", True)]:
        assert is_there(any_city, import_id, who) is there
    assert len(import_commands.imports_of(any_city.db, viewer=wati)) == 1
    assert import_commands.imports_of(any_city.db, viewer=viewer_of(any_city.db, any_city.siti)) == []


def is_there(city, import_id: UUID, who: str) -> bool:
    try:
        import_commands.get_import(city.db, import_id, viewer=viewer_of(city.db, getattr(city, who)))
    except NotVisible:
        return False
    return True


def test_undoing_a_file_takes_its_own_sessions_and_no_others(any_city):
    wati = viewer_of(any_city.db, any_city.wati)
    other = logged(any_city)
    with writing(any_city.db):
        first, second = previewed_ids = [previewed_in(any_city, number) for number in (1, 2)]
        for kept in previewed_ids:
            import_commands.load_preview(any_city.db, kept, by=wati, today=TODAY)

    with writing(any_city.db):
        import_commands.undo(any_city.db, import_commands.get_import(any_city.db, first, viewer=wati),
                             by=any_city.wati.account_id)

    left = any_city.db.scalars(select(Outreach)).all()
    assert other in {session.id for session in left}
    assert sorted(session.women for session in left) == [2, 12]
    assert import_commands.get_import(any_city.db, second, viewer=wati).state == "loaded"


def previewed_in(city, women):
    """A look at a file with one session, beside others that stay."""
    held = held_at(city, women=women, girls=0)
    kept = OutreachImport(id=new_id(), by_id=city.wati.account_id, made_on=TODAY, state="preview", file_name="a.csv",
                          row_count=1, rows=[{**held.__dict__, "held_on": TODAY.isoformat(), "topics": ["internet"],
                                              "audiences": [], "materials": []}])
    city.db.add(kept)
    city.db.flush()
    return kept.id


def test_a_file_that_was_undone_is_not_loaded_again(any_city):
    wati = viewer_of(any_city.db, any_city.wati)
    kept = previewed(any_city, any_city.wati)
    with writing(any_city.db):
        import_commands.load_preview(any_city.db, kept, by=wati, today=TODAY)
    with writing(any_city.db):
        import_commands.undo(any_city.db, import_commands.get_import(any_city.db, kept, viewer=wati),
                             by=any_city.wati.account_id)

    with pytest.raises(Refused), writing(any_city.db):
        import_commands.load_preview(any_city.db, kept, by=wati, today=TODAY)


def with_photo(city, session, who="siti"):
    with writing(city.db):
        return photo_commands.add_photo(city.db, city.db.get_one(Outreach, session), Drawn(b"x", 1, 1),
                                        by=viewer_of(city.db, getattr(city, who)), today=TODAY, once=uuid4().hex,
                                        body="")[0]


@pytest.mark.parametrize("who", ["budi", "guru", "lina", "rina"])
def test_only_who_may_correct_a_session_adds_photos_to_it_or_takes_them_away(any_city, who):
    session = logged(any_city)
    photo = with_photo(any_city, session)

    with pytest.raises(NotVisible):
        with_photo(any_city, session, who)
    with pytest.raises(NotVisible), writing(any_city.db):
        photo_commands.take_away(any_city.db, any_city.db.get_one(Outreach, session), photo,
                                 by=viewer_of(any_city.db, getattr(any_city, who)), today=TODAY, once="away")


def test_a_session_has_so_many_photos_and_only_its_own(any_city):
    one, other = logged(any_city), logged(any_city, once="other")
    for _time in range(photos.MOST):
        with_photo(any_city, one)
    with pytest.raises(Refused):
        with_photo(any_city, one)
    its = with_photo(any_city, other)

    siti = viewer_of(any_city.db, any_city.siti)
    assert photo_commands.photos_of(any_city.db, any_city.db.get_one(Outreach, other), viewer=siti) == [its]
    with pytest.raises(NotVisible), writing(any_city.db):
        photo_commands.take_away(any_city.db, any_city.db.get_one(Outreach, one), its, by=siti, today=TODAY,
                                 once="away")
    budi = viewer_of(any_city.db, any_city.budi)
    assert photo_commands.photos_of(any_city.db, any_city.db.get_one(Outreach, other), viewer=budi) == []


@pytest.mark.asvs("V2.3.2")
def test_one_person_has_so_many_photos_however_many_sessions_she_logs(any_city, monkeypatch):
    monkeypatch.setattr(photos, "MOST_OF_ONE", 2)
    sessions = [logged(any_city, once=str(number)) for number in range(3)]
    for session in sessions[:2]:
        with_photo(any_city, session)

    with pytest.raises(Refused):
        with_photo(any_city, sessions[2])


def test_a_session_is_its_loggers_to_correct_for_a_week_and_her_coordinators_for_ever(any_city):
    key = logged(any_city)
    session = any_city.db.get_one(Outreach, key)
    allowed = {(who, days): policy.may_correct(viewer_of(any_city.db, getattr(any_city, who)), session,
                                               TODAY + timedelta(days=days))
               for who in ("siti", "budi", "wati") for days in (7, 8)}

    assert [pair for pair, may in allowed.items() if may] == [("siti", 7), ("wati", 7), ("wati", 8)]


@pytest.mark.parametrize("who", ["rina", "ratna", "agus"])
def test_who_has_nothing_to_do_with_sessions_is_given_none_whatever_area_she_has(any_city, who):
    key, person = logged(any_city), getattr(any_city, who)
    assert viewer_of(any_city.db, person).area_path

    with pytest.raises(NotVisible):
        queries.get_session(any_city.db, key, viewer=viewer_of(any_city.db, person))
    assert queries.sessions(any_city.db, viewer=viewer_of(any_city.db, person)).months == []


def test_what_somebody_logged_before_she_had_another_work_is_not_hers_any_more(any_city):
    far = logged(any_city, any_city.far, held_at(any_city, "98.02.01.1001.01"))
    with writing(any_city.db):
        any_city.db.execute(update(Outreach).where(Outreach.id == far).values(logged_by_id=any_city.wati.account_id))

    wati = viewer_of(any_city.db, any_city.wati)
    with pytest.raises(NotVisible):
        queries.get_session(any_city.db, far, viewer=wati)
    assert queries.sessions(any_city.db, viewer=wati).months == []


def test_who_may_be_asked_to_hold_a_session_is_there_in_the_field_and_in_her_area(any_city):
    wati = viewer_of(any_city.db, any_city.wati)
    assert {helper.name for helper in plans.helpers(any_city.db, viewer=wati)} == {"Bu Siti", "Pak Budi", "Bu Guru"}

    with writing(any_city.db):
        any_city.db.get_one(Account, any_city.budi.account_id).active = False

    assert {helper.name for helper in plans.helpers(any_city.db, viewer=wati)} == {"Bu Siti", "Bu Guru"}


def test_plans_are_seen_by_whom_they_are_for_and_by_who_answers_for_the_area(any_city):
    hers, anyones = planned(any_city, person=any_city.siti), planned(any_city)

    def seen(who):
        return {row.id for row in plans.open_plans(any_city.db, viewer=viewer_of(any_city.db, getattr(any_city, who)),
                                                    today=TODAY)}

    assert {who: seen(who) for who in ("siti", "budi", "far", "wati", "lina", "rina", "agus")} == {
        "siti": {hers, anyones}, "budi": set(), "far": set(), "wati": {hers, anyones}, "lina": {hers, anyones},
        "rina": set(), "agus": set()}


def test_what_is_said_of_one_persons_sessions_comes_from_hers_alone(any_city):
    earlier, later = TODAY - timedelta(days=3), TODAY - timedelta(days=1)
    hers = logged(any_city, held=held_at(any_city, held_on=earlier, topics=("internet",)), once="one")
    budis = logged(any_city, any_city.budi, held_at(any_city, "98.01.01.1001.08", held_on=later, topics=("bantuan",)),
                   once="two")
    siti, guru = viewer_of(any_city.db, any_city.siti), viewer_of(any_city.db, any_city.guru)
    session = any_city.db.get_one(Outreach, hers)

    assert queries.logger_of(any_city.db, session) == "Bu Siti"
    assert queries.logger_of(any_city.db, any_city.db.get_one(Outreach, budis)) == "Pak Budi"
    assert queries.last_topics(any_city.db, viewer=siti) == ["internet"]
    assert queries.last_topics(any_city.db, viewer=guru) == []
    again = held_at(any_city, held_on=earlier)
    assert queries.alike(any_city.db, again, viewer=siti).id == hers
    elsewhere = held_at(any_city, "98.01.01.1001", held_on=earlier)
    assert queries.alike(any_city.db, elsewhere, viewer=siti) is None
    for who in ("budi", "guru"):
        assert queries.alike(any_city.db, again, viewer=viewer_of(any_city.db, getattr(any_city, who))) is None


def test_the_history_of_a_session_is_its_own(any_city):
    one, other = logged(any_city, once="one"), logged(any_city, once="two")
    siti = viewer_of(any_city.db, any_city.siti)
    with writing(any_city.db):
        session = any_city.db.get_one(Outreach, one)
        commands.correct_session(any_city.db, session, held_at(any_city, women=30), by=siti, version=session.version,
                                 today=TODAY, once="three", body="")

    assert len(queries.history(any_city.db, any_city.db.get_one(Outreach, one))) == 1
    assert queries.history(any_city.db, any_city.db.get_one(Outreach, other)) == []


def test_where_a_session_may_be_moved_is_hers_to_log_at_or_her_coordinators_kelurahan(any_city):
    session = any_city.db.get_one(Outreach, logged(any_city))

    def names(who):
        viewer = viewer_of(any_city.db, getattr(any_city, who))
        return {place.name for place in queries.places_around(any_city.db, session, viewer=viewer)}

    assert "RW 08" in names("wati")
    assert "RW 08" not in names("siti")


def test_the_home_card_counts_what_was_held_at_her_place_and_nowhere_else(any_city):
    logged(any_city, held=held_at(any_city, held_on=TODAY, women=5, girls=0), once="one")
    logged(any_city, any_city.budi, held_at(any_city, "98.01.01.1001.08", women=7, girls=0), once="two")

    here = queries.here(any_city.db, viewer=viewer_of(any_city.db, any_city.siti), today=TODAY)

    assert here.last_attendance == 5


def test_who_answers_for_a_city_sees_its_sessions_and_not_the_next_citys(any_city):
    here = logged(any_city, once="one")
    logged(any_city, any_city.far, held_at(any_city, "98.02.01.1001.01"), once="two")

    page = queries.sessions(any_city.db, viewer=viewer_of(any_city.db, any_city.lina))

    assert [row.id for _month, rows in page.months for row in rows] == [here]
