"""A walk over every page of the portal: the route table's addresses, and every form filled with something likely."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import SimpleNamespace
from uuid import UUID

from flask import Flask

from portal.base.reference import spoken
from portal.casework import break_glass, commands
from portal.flags.answers import Contact, Danger, KeepFrom
from portal.flags.life import Move, Risk
from tests.casework.at_work import a_letter, a_service, closes, does, flag_of, merges, taken, written
from tests.factories import some_answers, some_identity
from tests.followup.at_desk import Officer, cadre_adds, cadre_answers, sent
from tests.support.pages import Element, Form, Page

TEXT = "Ia pindah ke rumah ibunya kemarin."


def paths(app: Flask, values: Mapping[str, Sequence[object]], method: str = "GET") -> Iterator[tuple[str, str]]:
    """Endpoint and address of every route that answers `method`, with each of the values that its parts may take.
    A part of an address that has no values is a fault of the walk."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if method in (rule.methods or set()):
            for chosen in product(*(values[name] for name in sorted(rule.arguments))):
                with app.test_request_context():
                    adapter = app.url_map.bind("localhost")
                    yield rule.endpoint, adapter.build(rule.endpoint, dict(zip(sorted(rule.arguments), chosen,
                                                                               strict=True)), method)


def concerns(city: SimpleNamespace, story: str = "", nickname: str = "") -> dict[str, UUID]:
    """Concerns in every state, all of whose words are these."""
    rina, ratna = Officer(city, city.rina), Officer(city, city.ratna)
    told = {"story": story, "identity": some_identity(nickname=nickname)}
    nobody = {**told, "answers": some_answers(contact=Contact.NOBODY)}
    made = {"new": sent(city, **told), "taken": taken(rina, Risk.MEDIUM, **told),
            "urgent": sent(city, **{**told, "answers": some_answers(danger=Danger.NOW)}),
            "conflict": sent(city, **{**told, "answers": some_answers(keep_from=(KeepFrom.RT_RW,))}),
            "nobody": taken(rina, Risk.HIGH, **nobody), "alone": taken(rina, Risk.HIGH, **nobody),
            "proposed": taken(rina, Risk.HIGH, **told), "referred": taken(rina, Risk.MEDIUM, **told),
            "main": taken(rina, Risk.MEDIUM, **told), "merged": taken(rina, Risk.MEDIUM, **told),
            "closed": taken(rina, Risk.MEDIUM, **told), "asked": taken(rina, Risk.MEDIUM, **told),
            "heard": taken(rina, Risk.MEDIUM, **told)}
    does(rina, break_glass.act_alone, made["alone"], TEXT)
    closes(rina, made["proposed"], TEXT)
    does(rina, commands.refer, made["referred"], a_letter(rina, carried=[("Nama", nickname)]))
    does(rina, commands.serve, made["referred"], a_service(rina))
    does(rina, commands.hear_victim, made["heard"], TEXT)
    merges(rina, made["merged"], made["main"])
    rina.does(Move.ACT, made["closed"])
    closes(rina, made["closed"])
    cadre_adds(city, made["asked"], text=story)
    rina.does(Move.ASK, made["asked"])
    cadre_answers(city, made["asked"], text=story)
    rina.does(Move.ASK, made["asked"])
    ratna.opens(made["conflict"])
    return made


def codes(city: SimpleNamespace, made: Mapping[str, UUID]) -> list[str]:
    """The codes of these concerns, as they stand in addresses."""
    return [spoken(flag_of(city, flag_id).code) for flag_id in made.values()]


def referral_of(city: SimpleNamespace, flag_id: UUID) -> UUID:
    """The referral of a concern."""
    return next(note.id for note in written(Officer(city, city.rina), flag_id) if note.kind is Move.REFER)


def submit_forms(page: Page, action: str, secret: str) -> Iterator[Page]:
    """Send the forms of the page's main part that go to this address, filled with something likely; and once more
    where the answer asks back."""
    for element in _forms(page, action):
        answer = _fill(Form(page.browser, element, page.path), secret).submit()
        yield answer
        for form in _forms(answer, action) if answer.status in {200, 203} else []:
            yield Form(page.browser, form, answer.path).submit()


def _forms(page: Page, action: str) -> list[Element]:
    return [form for main in page.root.all("main") for form in main.all("form")
            if form.attrs.get("action", "").split("?")[0] == action]


def _fill(form: Form, secret: str) -> Form:
    answered = {name for name, value in form.values if value}
    for element in form.element.all("input") + form.element.all("select") + form.element.all("textarea"):
        name = element.attrs.get("name")
        if name and name not in answered:
            value = _likely(element, secret)
            if value:
                form.values = [(other, old) for other, old in form.values if other != name] + [(name, value)]
                answered.add(name)
    return form


def _likely(element: Element, secret: str) -> str:
    kind = element.attrs.get("type", "text")
    if element.tag == "select":
        return next((o.attrs["value"] for o in element.all("option") if o.attrs.get("value")), "")
    if kind in {"radio", "checkbox", "hidden"}:
        return element.attrs.get("value", "")
    return {"password": secret, "number": "1", "date": "", "file": "", "time": ""}.get(kind, TEXT)
