"""Which rows every act leaves in the trail: these and no others. An act that forgot its row, or one more, would show
here; so would a new act that nobody put into the table."""

from functools import partial

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.base.db import writing
from portal.flags.life import Risk
from portal.flags.models import Flag
from portal.reports import trail_words
from tests.casework.at_work import taken
from tests.conftest import signed_in
from tests.factories import invited_to, some_identity
from tests.flags.test_views import CALM, fill
from tests.followup.at_desk import Officer, cadre_adds, sent
from tests.support.every_form import PREPARE, people_writings
from tests.support.pages import Browser, Page
from tests.support.writings import at

LEFT = {
    "accounts.change_role": ["role.asked"],
    "accounts.check_kit": ["kit.made"],
    "accounts.decide": ["recovery.agreed"],
    "accounts.describe": ["account.described"],
    "accounts.grant_key": ["key.granted: unit"],
    "accounts.hand_over": ["account.made", "account.invited", "account.off", "account.handed_over"],
    "accounts.invite": ["account.invited"],
    "accounts.make_many": ["account.made", "account.invited", "account.made", "account.invited"],
    "accounts.new_person": ["account.made", "account.invited"],
    "accounts.recover": ["recovery.asked"],
    "accounts.sign_in_staff": ["account.signed_in: app"],
    "accounts.switch": ["account.off"],
    "casework.act_alone": ["flag.opened", "flag.break_glass"],
    "casework.assess": ["flag.opened", "flag.assess"],
    "casework.begin_key": ["key.made: unit"],
    "casework.decide": ["flag.opened", "flag.confirm", "flag.close"],
    "casework.delete_early": ["flag.opened", "flag.ask_to_delete"],
    "casework.hand_over": ["flag.opened", "flag.hand_over"],
    "casework.hear_back": ["flag.opened", "flag.hear_back"],
    "casework.hold": ["flag.opened", "flag.hold"],
    "casework.keep_ticket": ["flag.opened", "flag.record"],
    "casework.law": ["flag.opened", "flag.record"],
    "casework.merge": ["flag.opened", "flag.merge", "flag.record"],
    "casework.move_to_key": ["key.moved: unit", "key.retired: unit"],
    "casework.pause": ["flag.opened", "flag.pause"],
    "casework.refer": ["flag.opened", "flag.refer"],
    "casework.release": ["flag.opened", "flag.release"],
    "casework.review_alone": ["flag.opened", "flag.review_break_glass"],
    "casework.serve": ["flag.opened", "flag.serve"],
    "casework.set_aside": ["flag.opened", "flag.propose"],
    "casework.spare": ["flag.opened", "flag.spare"],
    "casework.stop_clock": ["flag.opened", "flag.propose"],
    "casework.unmerge": ["flag.opened", "flag.unmerge", "flag.record"],
    "flags.add": ["flag.add by nobody"],
    "flags.answer": ["flag.answer by nobody"],
    "flags.new": ["flag.send by nobody"],
    "followup.act": ["flag.act"],
    "followup.ask": ["flag.ask"],
    "followup.assess": ["flag.assess"],
    "followup.assign": ["flag.assign"],
    "followup.call": ["flag.write_down"],
    "followup.close": ["flag.close"],
    "followup.identity": ["flag.opened", "flag.identity_opened: call_cadre"],
    "followup.pick_up": ["flag.read", "flag.opened", "flag.take"],
    "followup.reopen": ["flag.reopen"],
    "followup.step_aside": ["flag.step_aside"],
    "followup.take": ["flag.take"],
    "followup.withdraw_question": ["flag.withdraw_question"],
    "outreach.import_preview": ["outreach.imported"],
    "outreach.import_undo": ["outreach.import_undone"],
    "reports.coverage_file": ["coverage.exported: csv ×6"],
}
"""Route → the rows of one act of it, as action, reason, number of things, and whether it names nobody."""
NONE = {
    "accounts.add_passkey", "accounts.change_look", "accounts.change_phone", "accounts.change_secret",
    "accounts.end_device", "accounts.enrol", "accounts.make_kit", "accounts.many", "accounts.new_card",
    "accounts.quick_exit", "accounts.ready", "accounts.remove_passkey", "accounts.rest", "accounts.set_language",
    "accounts.sign_in", "accounts.sign_in_with_card", "accounts.sign_out", "accounts.sign_out_everywhere",
    "accounts.still_here", "followup.still_here", "followup.unlock", "outreach.add_photo", "outreach.cancel_plan",
    "outreach.correct", "outreach.forthcoming", "outreach.import_file", "outreach.log", "outreach.new_plan",
    "outreach.take_photo_away",
}
"""They leave none, by design: what those in the field do names nobody, and a moment beside a concern's would say who
sent it (docs/audit.md); at the office, what changes nothing that somebody else could have lost by it."""


def refused(city):
    people_writings.recover(city)()
    return partial(signed_in(city, city.agus).get("/persetujuan").form("/recovery").submit, "0")


def role_asked(city):
    page = signed_in(city, city.agus).get(f"/akun/{city.rina.account_id}/peran")
    return page.form().fill(role="head", place="98.01").submit


def role_decided(city, answer):
    role_asked(city)()
    return partial(signed_in(city, city.ratna).get("/persetujuan").form("/role").submit, answer)


def back_on(city):
    people_writings.switch(city)()
    return partial(signed_in(city, city.wati).get(f"/akun/{city.siti.account_id}").form("/saklar").submit, "1")


def with_a_card(city):
    form = signed_in(city, city.wati).get("/akun/baru").form()
    return form.fill(name="Bu Ani", place="98.01.01.1001.07", card="y").submit


def card_with_the_code(city):
    invited_to(city, "Bu Ani")
    return signed_in(city, city.wati).get("/akun").link("Bu Ani").form("/kode").fill(card="1").submit


def office_secret(city):
    return signed_in(city, city.agus).get("/setelan/rahasia").form().fill(
        old=city.agus.secret, new="kereta pagi bunga sungai", again="kereta pagi bunga sungai").submit


def opened_with_more(city):
    flag_id = sent(city)
    Officer(city, city.rina).opens(flag_id)
    for _ in range(2):
        cadre_adds(city, flag_id)
    return partial(signed_in(city, city.rina).get, at(city, flag_id, "/kerja"))


def lists(city):
    flag_id = sent(city)
    Officer(city, city.rina).opens(flag_id)
    return partial(signed_in(city, city.rina).get, "/antrean")


def letter_prepared(city):
    flag_id = taken(Officer(city, city.rina), Risk.MEDIUM,
                    identity=some_identity(nickname="Mawar", person_phone="081200007777"))
    page = signed_in(city, city.rina).get(at(city, flag_id, "/kerja/rujukan"))
    return page.form("/rujukan").fill(to="psikolog", office="Biro Contoh", consent="given", request="Mohon bantuan.",
                                      carry=["name"]).submit


def letter_read(city):
    sheet = letter_prepared(city)()
    sheet = sheet.browser.get(sheet.path)
    link = next(a.attrs["href"] for a in sheet.root.all("a") if "/rujukan/" in a.attrs.get("href", ""))
    return partial(sheet.browser.get, link)


def trail_read(city):
    return partial(signed_in(city, city.ratna).get, "/jejak")


def altered_in_the_list(city):
    flag_id = sent(city)
    with writing(city.db):
        flag = city.db.get_one(Flag, flag_id)
        flag.sealed_answers = flag.sealed_story
    return partial(signed_in(city, city.rina).get, "/antrean")


MORE = {
    refused: ["recovery.refused"],
    role_asked: ["role.asked"],
    partial(role_decided, answer="1"): ["account.role: head", "role.agreed"],
    partial(role_decided, answer="0"): ["role.refused"],
    back_on: ["account.on"],
    with_a_card: ["account.made", "account.invited", "card.made"],
    card_with_the_code: ["account.invited", "card.made"],
    office_secret: ["account.secret"],
    opened_with_more: ["flag.opened ×3"],
    lists: ["flags.summaries_opened: unit"],
    letter_prepared: ["flag.opened", "flag.identity_opened: prepare", "flag.refer"],
    letter_read: ["flag.opened", "flag.letter_opened"],
    trail_read: ["trail.read ×8"],
    altered_in_the_list: ["flag.not_opened"],
}
"""What the routes' one ordinary form does not show."""
ELSEWHERE = {
    "purge.concerns", "purge.early", "purge.sessions", "purge.photos", "purge.accounts", "purge.forms",
    "purge.traces", "purge.erased", "server_keys.replaced", "server_keys.ended", "key.recovered", "join.asked",
    "join.agreed", "join.refused", "account.entered", "flag.compared", "flag.decline", "flag.take_back",
    "flag.close_with", "account.all_out",
}
"""Acts of commands on the server, and some that need more than one form: tests/upkeep, tests/cli, tests/accounts,
tests/casework."""


def first_answer(browser, response, path):
    """The answer to the form itself, wherever it leads."""
    return Page(browser, response, path)


@pytest.fixture
def rows(city, monkeypatch):
    """What one act leaves: `rows(act)`."""
    def left(prepare):
        act = prepare(city)
        city.db.rollback()
        before = city.db.scalar(select(func.max(AuditEntry.id)))
        city.db.rollback()
        with monkeypatch.context() as patch:  # the act alone, not the page that it leads to
            patch.setattr(Browser, "_answer", first_answer)
            page = act()
            assert page.status < 400, page.errors
        return [_said(entry) for entry in city.db.scalars(
            select(AuditEntry).where(AuditEntry.id > before).order_by(AuditEntry.id))]

    return left


@pytest.mark.asvs("V16.2.1", "V16.3.3")
@pytest.mark.parametrize("route", sorted(PREPARE))
def test_every_route_leaves_its_rows_and_no_others(rows, route):
    assert rows(PREPARE[route]) == LEFT.get(route, [])
    assert (route in LEFT) != (route in NONE)


@pytest.mark.parametrize(("act", "left"), MORE.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_other_acts_do_too(rows, act, left):
    assert rows(act) == left


def test_every_act_that_has_words_is_shown_here_or_named(city):
    shown = {row.split(":")[0].split(" ")[0] for left in (*LEFT.values(), *MORE.values()) for row in left}
    with city.app.test_request_context():
        worded = set(trail_words.acts())
        assert {action for action in shown if trail_words.act(action) == action} == set()

    assert worded - shown == ELSEWHERE
    assert LEFT.keys() | NONE == PREPARE.keys()


def test_a_cadres_concern_is_in_the_trail_and_names_nobody(rows):
    assert rows(lambda city: partial(fill(signed_in(city, city.siti), **CALM).submit, "send")) == [
        "flag.send by nobody"]


def _said(entry):
    return (entry.action + (f": {entry.reason}" if entry.reason else "") +
            (f" ×{entry.amount}" if entry.amount != 1 else "") + ("" if entry.actor_id else " by nobody"))
