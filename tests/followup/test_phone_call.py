"""A concern told on the phone: the cadre's own form on one page, the same rules, and nobody tied to it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry, DoneOnce
from portal.base.clock import telling
from portal.base.reference import spoken
from portal.flags import queries as flag_queries
from portal.flags import sealed as flags_sealed
from portal.flags.commands import content_key
from portal.flags.life import Move, Risk, Status
from portal.flags.models import Flag, FlagStep
from tests.factories import some_answers, viewer_of
from tests.followup.at_desk import Officer, sent

MORNING = datetime(2026, 11, 24, 2, tzinfo=UTC)  # a Tuesday, 9 o'clock in the city
RESIDENT = {"caller": "resident", "caller_phone": "0812 7777 0001", "caller_name": "Mawar", "danger": "again",
            "place": "Jatirahayu", "rw": "8", "who": "girl", "age": "13_17", "signs": ["afraid"],
            "known": "witnessed", "child_aware": "unknown", "story": "mutiara", "call_times": ["evening"]}
CADRE = {**RESIDENT, "caller": "cadre", "caller_phone": "+62 812-0000-0001", "caller_name": ""}


def written_down(city, desk, **changes):
    """The answer to a call, and the concern that came of it, if one did."""
    answer = desk.get("/k/telepon").form("/k/telepon").fill(**{**RESIDENT, **changes}).submit()
    return answer, newest(city)


def newest(city):
    city.db.rollback()
    return city.db.scalar(select(Flag).order_by(Flag.received_at.desc()).limit(1))


def opened(city, flag, person=None):
    officer = Officer(city, person or city.ratna)
    key = content_key(city.db, officer.ring, flag.id)
    return (flags_sealed.open_answers(key, flag.id, flag.sealed_answers),
            flags_sealed.open_story(key, flag.id, flag.sealed_story),
            flags_sealed.open_identity(key, flag.id, flag.sealed_identity))


def number_of(city, model):
    city.db.rollback()
    return city.db.scalar(select(func.count()).select_from(model))


def test_a_residents_call_leads_to_its_sheet_marked_as_written_down(city, sign_in):
    page, flag = written_down(city, sign_in(city.rina))

    assert page.path == f"/k/{spoken(flag.code)}/kerja"
    assert f"Written down as {spoken(flag.code)}." in page.text
    assert "Written down by an officer" in page.text
    assert "Call the caller first." in page.text
    assert "Safe hours: evening." in page.text
    assert "The caller's phone is shared: send no message." in page.text
    assert "mutiara" in page.text
    assert "RW 08, Jatirahayu" in page.text
    assert "Mawar" not in page.html
    assert page.form("/identitas").fill(why_open="call_cadre").submit().text.count("Mawar") == 1


def test_it_holds_what_the_cadres_own_form_would(city, sign_in):
    with telling(MORNING):
        own = city.db.get(Flag, sent(city, answers=some_answers()))
        written_down(city, sign_in(city.rina))
    flag = city.db.scalar(select(Flag).where(Flag.id != own.id))

    answers, story, identity = opened(city, flag)
    assert (flag.due_at, flag.promised_at, flag.rank, flag.risk_estimate) == \
        (own.due_at, own.promised_at, own.rank, own.risk_estimate)
    assert flag.key_id == own.key_id
    assert (answers.caller, answers.place, answers.who, story) == ("resident", "RW 08", "girl", "mutiara")
    assert (identity.reporter_name, identity.reporter_phone, identity.reporter_area) == \
        ("Mawar", "0812-7777-0001", "")


def test_a_cadre_finds_it_among_hers_under_her_own_name(city, sign_in):
    _page, flag = written_down(city, sign_in(city.rina), **CADRE)

    mine = sign_in(city.siti).get("/k")
    progress = sign_in(city.siti).get(f"/k/{spoken(flag.code)}")

    answers, _story, identity = opened(city, flag)
    assert spoken(flag.code) in mine.text
    assert progress.status == 203
    assert "mutiara" not in progress.html
    assert spoken(flag.code) not in sign_in(city.budi).get("/k").text
    assert (answers.caller, identity.reporter_name, identity.reporter_area) == \
        ("cadre", "Bu Siti", "RW 07, Jatirahayu")


def test_a_residents_call_is_tied_to_nobody(city, sign_in):
    _page, first = written_down(city, sign_in(city.rina), caller_phone="081200000001")  # on Bu Siti's phone
    _page, second = written_down(city, sign_in(city.rina), caller_phone="081200000001")

    tags = {flags_sealed.reporter_tag(city.keys, person.account_id) for person in
            (city.siti, city.budi, city.guru, city.rina, city.ratna)}
    assert (len(first.reporter_tag), first.reporter_tag != second.reporter_tag) == (32, True)
    assert not {first.reporter_tag, second.reporter_tag} & tags
    assert flag_queries.mine(city.db, viewer=viewer_of(city.db, city.siti), keys=city.keys) == []
    assert sign_in(city.siti).get(f"/k/{spoken(first.code)}").status == 404


def test_the_trail_names_the_officer_and_never_the_caller(city, sign_in):
    _page, flag = written_down(city, sign_in(city.rina), **CADRE)

    traces = city.db.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject)
                             .where(AuditEntry.subject == str(flag.id)).order_by(AuditEntry.id)).all()
    steps = city.db.execute(select(FlagStep.move, FlagStep.by_id).where(FlagStep.flag_id == flag.id)).all()
    assert traces[0] == ("flag.write_down", city.rina.account_id, str(flag.id))
    assert (Move.WRITE_DOWN, city.rina.account_id) in steps
    assert city.siti.account_id not in {actor for _action, actor, _subject in traces}


def test_in_danger_now_the_place_is_enough(city, sign_in):
    page, flag = written_down(city, sign_in(city.rina), danger="now", called="not_yet", who=[], age=[], signs=[],
                              known=[], child_aware=[], story="", caller_phone="", caller_name="", rw="")

    answers, _story, _identity = opened(city, flag)
    assert (page.path.endswith("/kerja"), flag.risk_estimate) == (True, Risk.HIGH)
    assert (answers.called, answers.place) == ("not_yet", "Jatirahayu")


def test_who_must_not_know_seals_it_to_the_head_alone(city, sign_in):
    desk = sign_in(city.rina)
    page, flag = written_down(city, desk, keep_from=["rt_rw"])

    assert page.path == "/antrean"
    assert f"Written down as {spoken(flag.code)}. Only the head of the unit can open it" in page.text
    assert page.root.all("table") == []
    assert desk.get(f"/k/{spoken(flag.code)}/kerja").status == 404
    assert "mutiara" in sign_in(city.ratna).get(f"/k/{spoken(flag.code)}/kerja").text


def test_sent_twice_it_is_one(city, sign_in):
    form = sign_in(city.rina).get("/k/telepon").form("/k/telepon").fill(**RESIDENT)

    first, second = form.submit(), form.submit()

    assert first.path == second.path
    assert number_of(city, Flag) == 1


def test_the_same_form_with_other_answers_does_not_win(city, sign_in):
    form = sign_in(city.rina).get("/k/telepon").form("/k/telepon").fill(**RESIDENT)
    form.submit()

    again = form.fill(danger="now").submit()

    assert (again.status, number_of(city, Flag), number_of(city, DoneOnce)) == (409, 1, 1)
    assert "This call was written down already." in again.text
    assert newest(city).risk_estimate == Risk.MEDIUM


@pytest.mark.parametrize(("changes", "fault"), [
    ({"caller": []}, "Choose one."), ({"caller": "head"}, "Not a valid choice."),
    ({"caller_phone": "12"}, "Write the number like"), ({"caller_phone": "<script>"}, "Write the number like"),
    ({"caller_phone": "0812\x00"}, "Write the number like"),
    ({"caller_phone": "0" * 31}, "longer than 30"),
    ({"caller": "cadre", "caller_phone": ""}, "No cadre or school of this city"),
    ({"caller": "cadre", "caller_phone": "081299999999"}, "No cadre or school of this city"),
    ({"caller": "cadre", "caller_phone": "081200000004"}, "No cadre or school of this city"),  # another city's
    ({"caller_name": "x" * 61}, "longer than 60"),
    ({"place": ""}, "Choose the kelurahan."), ({"place": "Tetangga Satu"}, "Not a valid choice."),
    ({"place": "-1"}, "Not a valid choice."),
    ({"rw": "99"}, "There is no RW with this number"), ({"rw": "-1"}, "There is no RW with this number"),
    ({"rw": "٣"}, "There is no RW with this number"), ({"rw": "9999"}, "longer than 3"),
    ({"danger": []}, "Choose one answer."), ({"who": []}, "Choose one answer."),
    ({"signs": []}, "Choose at least one."), ({"story": "x" * 501}, "longer than 500"),
    ({"danger": ["now", "none"]}, "Give one answer here."), ({"call_times": ["never"]}, "not a valid choice"),
])
def test_bad_input_is_told_and_stores_nothing(city, sign_in, changes, fault):
    page, flag = written_down(city, sign_in(city.rina), **changes)

    assert (page.status, flag) == (422, None)
    assert page.title.startswith("Check: ")
    assert any(fault in error for error in page.errors), page.errors
    kept = dict(page.form("/k/telepon").values)
    assert ("story" in changes) or kept["story"].strip() == "mutiara"


def test_the_faults_stand_in_the_order_of_the_page(city, sign_in):
    page = sign_in(city.rina).get("/k/telepon").form("/k/telepon").submit()

    one = "Choose one answer. If in doubt, choose I do not know."
    assert page.errors == [
        "Choose one.", f"Is this person in danger right now? {one}",
        "Choose the kelurahan. If it is not known, choose the caller's own.", f"Who are you worried about? {one}",
        "Choose at least one. If it is hard, choose number 8.", f"How do you know? {one}",
        f"Do they know that you are passing this on? {one}"]


def test_without_an_account_nobody_is_asked(city, sign_in):
    desk = sign_in(city.rina)
    page, flag = written_down(city, desk)
    other = desk.get(f"/k/{spoken(city.db.get(Flag, sent(city)).code)}/kerja")
    forged = other.form("/tanya").fill(template="when_call").submit().form("/tanya")
    forged.action = f"/k/{spoken(flag.code)}/kerja/tanya"
    forged.fill(version=str(newest_version(city, flag)))

    answer = forged.submit("send")

    assert not [f for f in page.root.all("form") if f.attrs.get("data-move") == "ask"]
    assert "The caller has no account and cannot be asked here." in page.text
    assert answer.status == 409
    assert city.db.get_one(Flag, flag.id, populate_existing=True).status == Status.READ


def newest_version(city, flag):
    city.db.rollback()
    return city.db.get_one(Flag, flag.id, populate_existing=True).version


def test_it_can_be_written_down_while_the_keys_are_locked_and_without_one(city, sign_in):
    locked = sign_in(city.rina)
    locked.client.delete_cookie("k")

    first, _flag = written_down(city, locked)
    second, _flag = written_down(city, sign_in(city.keyless))

    assert "Your keys are locked." in first.text
    assert second.path == "/antrean"
    assert number_of(city, Flag) == 2


def test_over_an_ended_sign_in_nothing_is_lost(city, sign_in):
    desk = sign_in(city.rina)
    form = desk.get("/k/telepon").form("/k/telepon").fill(**RESIDENT)
    with desk.client.session_transaction() as cookie:
        cookie["seen"] = 0

    back = form.submit().form("/masuk").submit("ask").form("/masuk").fill(secret=city.rina.secret).submit()
    page = back.form("/k/telepon").submit()

    assert dict(page.form("/k/telepon").values)["story"].strip() == "mutiara"
    assert "Written down as" in page.form("/k/telepon").submit().text
    assert number_of(city, Flag) == 1


@pytest.mark.parametrize("who", ["siti", "guru", "wati", "lina", "agus"])
def test_it_is_the_units_alone(city, sign_in, who):
    assert sign_in(getattr(city, who)).get("/k/telepon").status == 404


def test_another_citys_unit_offers_its_own_places(city, sign_in):
    page = sign_in(city.other).get("/k/telepon")

    assert [o.text for o in page.root.all("select", name="place")[0].all("option")] == ["Choose one", "Tetangga Satu"]


@pytest.mark.parametrize(("who", "knows"), [("girl", "child_knows"), ("woman", "wants_help")])
def test_whoever_tells_it_of_herself_is_not_asked_how_she_knows(city, sign_in, who, knows):
    page, flag = written_down(city, sign_in(city.rina), caller="person", who=who, known=[], child_aware=[], age=[])

    answers, _story, _identity = opened(city, flag)
    assert page.path.endswith("/kerja")
    assert (answers.caller, answers.known, answers.aware) == ("person", "told_by_person", knows)
    assert "Caller The person concerned" in page.text
    assert "Call the caller first." in page.text
    assert flag.reporter_tag != flags_sealed.reporter_tag(city.keys, city.siti.account_id)


def test_somebody_else_is(city, sign_in):
    page, flag = written_down(city, sign_in(city.rina), known=[], child_aware=[])

    assert (page.status, flag, len(page.errors)) == (422, None, 2)
