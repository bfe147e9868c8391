"""For every route that writes: who does it, on what, and with which answers it is done.

The rest of a form is filled in as the page offers it: the first of each choice, what stands there already."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal.base.clock import now
from portal.casework import holds
from tests.support.asking import Asker, path_of
from tests.support.pages import Browser, Element, Form
from tests.support.world import Thing

WHY = "Sudah dibicarakan dengan orangnya."
PIN, PHRASE = "25831947", "sawah hujan lampu meja"


@dataclass(frozen=True)
class Act:
    """`page` is the address with the form, where it is another than the act's own."""

    who: str
    thing: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    page: str = ""


def _day(days: int) -> str:
    return (now() + timedelta(days=days)).date().isoformat()


def acts() -> dict[str, Act]:
    """By route. What only opens or closes a sign-in is not here (`SIGN_INS`)."""
    return {
        "accounts.change_look": Act("cadre_child", page="/setelan", answers={"language": "en", "text_size": "115"}),
        "accounts.change_secret": Act("cadre_child", answers={
            "old": PIN, "new": "83620417", "again": "83620417"}),
        "accounts.sign_out_everywhere": Act("cadre_child", page="/setelan"),
        "accounts.new_card": Act("cadre_child", page="/setelan"),
        "accounts.end_device": Act("cadre_child", "phone of cadre_child", page="/setelan"),
        "accounts.remove_passkey": Act("cadre_child", "passkey of cadre_child", page="/setelan"),
        "accounts.new_person": Act("coordinator_own", answers={"name": "Bu Baru", "role": "cadre"}),
        "accounts.make_many": Act("coordinator_own", page="/akun/banyak", answers={
            "table": "name\tRW\tphone\nBu Baru\tRW 07\t081299990001"}),
        "accounts.describe": Act("coordinator_own", "account cadre_child", {"name": "Nama Lain", "phone": ""}),
        "accounts.invite": Act("coordinator_own", "account invited", page="/akun/%s"),
        "accounts.hand_over": Act("coordinator_own", "account cadre_child", {"name": "Bu Penerus"}),
        "accounts.switch": Act("coordinator_own", "account cadre_child", {"on": "no"}, page="/akun/%s"),
        "accounts.recover": Act("coordinator_own", "account cadre_child"),
        "accounts.change_role": Act("admin_own", "account cadre_child", {
            "role": "coordinator", "place": "98.01.01.1001"}),
        "accounts.decide": Act("coordinator_own", "pending own", {"decision": "agree"}, page="/persetujuan"),
        "accounts.grant_key": Act("head_own", page="/kunci"),
        "flags.new": Act("cadre_child", answers={
            "danger": "again", "who": "girl", "signs": ["afraid"], "known": "witnessed", "child_aware": "child_knows",
            "action": "send"}),
        "flags.answer": Act("cadre_child", "waiting", {"text": "Jawaban saya."}, page="/k/%s"),
        "flags.add": Act("cadre_child", "read", {"text": "Ada kabar baru."}),
        "followup.call": Act("officer_own", answers={
            "danger": "again", "who": "girl", "signs": ["afraid"], "known": "witnessed", "child_aware": "child_knows",
            "caller": "resident", "action": "send"}),
        "followup.pick_up": Act("officer_own", "read", page="/antrean/%s/lihat"),
        "followup.identity": Act("officer_own", "worked", {"reason": "visit"}, page="/k/%s/kerja"),
        "followup.take": Act("officer_own", "read", page="/k/%s/kerja"),
        "followup.assign": Act("head_own", "worked", {"why": WHY}, page="/k/%s/kerja"),
        "followup.assess": Act("officer_own", "busy", {"risk": "low", "why_risk": WHY}, page="/k/%s/kerja"),
        "followup.act": Act("officer_own", "busy", {"note": WHY, "next_step": "Kunjungan"}, page="/k/%s/kerja"),
        "followup.ask": Act("officer_own", "busy", {"template": "changed", "step": "send"}, page="/k/%s/kerja"),
        "followup.withdraw_question": Act("officer_own", "waiting", page="/k/%s/kerja"),
        "followup.close": Act("officer_own", "busy", {"reason": "done", "closing": "done", "step": "close"}),
        "followup.reopen": Act("officer_own", "closed", {"why_again": WHY}, page="/k/%s/kerja"),
        "followup.step_aside": Act("officer_own", "read"),
        "followup.still_here": Act("officer_own", "read", page="/bantuan"),
        "casework.decide": Act("officer_parent", "proposed", {"decision": "confirm"}),
        "casework.pause": Act("officer_own", "busy", {"until": _day(2), "why": WHY}),
        "casework.set_aside": Act("officer_own", "ready alone", {"why": WHY}),
        "casework.act_alone": Act("officer_own", "ready alone", {"why": WHY}),
        "casework.review_alone": Act("head_own", "alone"),
        "casework.law": Act("officer_own", "busy", {"record": "victim", "text": WHY}),
        "casework.stop_clock": Act("officer_own", "law", {"why": WHY}),
        "casework.assess": Act("officer_own", "busy", {"risk": "medium", "why": WHY}),
        "casework.serve": Act("officer_own", "busy", {
            "service": "psikologis", "stage": "", "note": WHY, "next_step": "Kunjungan"}),
        "casework.keep_ticket": Act("officer_own", "busy", {"number": "SP-1"}),
        "casework.refer": Act("officer_own", "busy", {"office": "Biro", "request": WHY, "carry": ["area"]}),
        "casework.hear_back": Act("officer_own", "referral of worked", {"result": "accepted", "text": WHY}),
        "casework.hand_over": Act("officer_own", "busy", {"why": WHY}),
        "casework.hold": Act("head_own", "busy", {"reason": next(iter(holds.REASONS))}),
        "casework.delete_early": Act("officer_own", "closed", {"ground": "asked", "why": WHY}),
        "casework.spare": Act("officer_own", "ending", {"why": WHY}),
        "casework.merge": Act("officer_own", "assessed", {"into": "worked"}),
        "casework.unmerge": Act("officer_own", "merged"),
        "outreach.log": Act("cadre_child", answers={
            "topics": ["mengenal"], "women": "5", "when": "other", "held_on": _day(-9), "action": "save"}),
        "outreach.forthcoming": Act("cadre_child", page="/bantuan", answers={
            "answer": "yes", "month": _day(0)[:8] + "01"}),
        "outreach.correct": Act("cadre_child", "held", {
            "women": "6", "speaker": "A", "institution": "B", "note": "C", "action": "save"}),
        "outreach.take_photo_away": Act("cadre_child", "photo of held"),
        "outreach.new_plan": Act("coordinator_own", answers={"spot": "Balai RW", "planned_for": _day(3)}),
        "outreach.cancel_plan": Act("coordinator_own", "plan"),
        "outreach.import_preview": Act("coordinator_own", "file"),
        "outreach.import_undo": Act("coordinator_other", "file elsewhere"),
        "reports.coverage_file": Act("leadership_own", page="/cakupan", answers={
            "bentuk": "csv", "apa": "wilayah", "w": ""}),
    }


NAMED_IN_BODY = {"accounts.grant_key"}
"""What names somebody in its form: to who may use it with others, these are absent."""

ENDS = {"accounts.sign_out_everywhere"}
"""What leads to the sign-in because it is done."""

SIGN_INS = {
    "accounts.sign_in", "accounts.sign_in_staff", "accounts.sign_in_with_card", "accounts.sign_out",
    "accounts.quick_exit", "accounts.rest", "accounts.set_language", "accounts.enrol", "accounts.still_here",
    "accounts.enter_as_demo_person", "accounts.ready", "accounts.change_phone", "accounts.add_passkey",
    "accounts.many", "outreach.import_file", "outreach.add_photo", "followup.unlock",
    "accounts.make_kit", "accounts.check_kit", "casework.begin_key", "casework.move_to_key", "casework.release",
    "web.breach"}
"""What opens, closes or shows, asks for a phone's key, takes a file, or needs what another act has made before: the
other tests of these do it (for the sheets and keys `tests/accounts/test_kit_pages.py` and
`tests/casework/test_rewrapping.py`)."""


EXEMPT = {"accounts.quick_exit", "web.breach"}
"""Works whatever else has ended, also without a CSRF token; and what browsers send by themselves."""


def anybody_at(route: str) -> Act:
    """The act of a route; for those of `SIGN_INS` only who may send a form there, without any answers."""
    others = {"accounts.many": Act("coordinator_own"), "outreach.import_file": Act("coordinator_own"),
              **{route: Act("head_own") for route in ("accounts.make_kit", "accounts.check_kit", "casework.begin_key",
                                                      "casework.move_to_key")},
              "casework.release": Act("head_own", "busy"), "followup.unlock": Act("officer_own"),
              "outreach.add_photo": Act("cadre_child", "held")}
    return acts().get(route) or others.get(route) or Act("cadre_child")


def answers_of(asker: Asker, route: str, act: Act) -> dict[str, Any]:
    """The whole form of an act, as its page would send it."""
    rule = next(rule for rule in asker.city.app.url_map.iter_rules(route) if "POST" in rule.methods)
    thing = asker.world.things.get(act.thing, Thing("", None))
    path = path_of(rule, thing)
    page = act.page.replace("%s", str(thing.id)) or path
    html = asker.send(page, act.who)
    found = Browser(asker.client)._answer(html, page)
    forms = [form for form in found.root.all("form") if form.attrs.get("action", page).split("?")[0] == path]
    fields = filled(Form(found.browser, forms[0], page)) if forms else {}
    answers = {name: (asker.world.things[value].id if name == "into" else value)
               for name, value in act.answers.items()}
    return {name: value for name, value in {**fields, **answers}.items() if name not in {"csrf_token", "once"}}


def filled(form: Form) -> dict[str, Any]:
    """A form as it stands, with the first of each choice where none is made."""
    fields: dict[str, Any] = {}
    for name, value in form.values:
        fields.setdefault(name, []).append(value)
    for element in form.element.all("input") + form.element.all("select"):
        name = element.attrs.get("name", "")
        if name and not any(fields.get(name, [])) and _offers(element):
            fields[name] = [_first(element)]
    button = next((b for b in form.element.all("button") if b.attrs.get("name")), None)
    if button is not None:
        fields.setdefault(button.attrs["name"], [button.attrs.get("value", "")])
    return fields


def _offers(element: Element) -> bool:
    return element.tag == "select" or element.attrs.get("type") in {"radio", "checkbox"}


def _first(element: Element) -> str:
    if element.tag == "input":
        return element.attrs.get("value", "y")
    return next((o.attrs["value"] for o in element.all("option") if o.attrs.get("value")), "")
