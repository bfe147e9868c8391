"""The fields in which somebody types, as the form classes have them, and those that were really filled."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import has_request_context, request
from wtforms import HiddenField, PasswordField, StringField
from wtforms.fields.core import UnboundField

import portal
from portal.outreach.forms import HeadCount
from portal.web.forms import BaseForm
from tests.support.canary import Family
from tests.support.source import modules

Field = tuple[str, str, str]
"""View (or `*`, where a form is made on behalf of several), form, field."""

_BY_DESIGN = "in clear by design, of who works here or of a session: docs/data.md"
NOT_TOLD = {
    ("PersonForm", "name"): _BY_DESIGN, ("PersonForm", "title"): _BY_DESIGN,
    ("PersonForm", "sign_in_name"): _BY_DESIGN,
    ("PersonForm", "phone"): "sealed as DescribeForm's, by the same command",
    ("DescribeForm", "name"): _BY_DESIGN, ("DescribeForm", "title"): _BY_DESIGN,
    ("OutreachForm", "institution"): _BY_DESIGN, ("OutreachForm", "note"): _BY_DESIGN,
    ("OutreachForm", "speaker"): _BY_DESIGN, ("PlanForm", "spot"): _BY_DESIGN,
    ("MergeForm", "into"): "the code of another concern", ("CallForm", "rw"): "a number of three digits",
    ("CardSignInForm", "code"): "a key, no telling: tests/web/test_silent_logs.py",
    ("StaffSignInForm", "code"): "a key, no telling: tests/web/test_silent_logs.py",
    ("StaffSignInForm", "name"): "who signs in, in clear by design",
    ("StaffEnrolForm", "app_code"): "a key, no telling", ("InvitationForm", "code"): "a key, no telling",
    **dict.fromkeys((("SheetsForm", name) for name in ("first", "second", "third")),
                    "recovery sheets, no telling: tests/proof/test_keys_kit.py"),
}
"""Form and field → why no life has to fill it."""


def free_text() -> set[Field]:
    """Every field of every view in which somebody types freely, but for `NOT_TOLD`."""
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        if "form" in module.name or "view" in module.name:
            importlib.import_module(module.name)
    made = _where_made()
    return {(view, form.__name__, name) for form in _forms(BaseForm) for name in _typed_into(form)
            if (form.__name__, name) not in NOT_TOLD for view in made.get(form.__name__, {"*"})}


def unfilled(filled: set[Field]) -> list[Field]:
    """Which fields no life filled."""
    anywhere = {("*", form, name) for _view, form, name in filled}
    return sorted(free_text() - filled - anywhere)


@contextmanager
def watching(canaries: Family) -> Iterator[set[Field]]:
    """Notes into which fields a canary is typed, for as long as it lasts."""
    filled: set[Field] = set()
    real = BaseForm.process

    def process(form, *given, **more):
        real(form, *given, **more)
        if has_request_context():
            view = (request.endpoint or "").rpartition(".")[2]
            filled.update((view, type(form).__name__, field.name) for field in form
                          if canaries.sign in str(field.data) or canaries.digits in str(field.data))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseForm, "process", process)
        yield filled


def _forms(of: type) -> Iterator[type]:
    for form in of.__subclasses__():
        yield form
        yield from _forms(form)


def _typed_into(form: type) -> list[str]:
    fields = {name: getattr(form, name) for name in dir(form) if isinstance(getattr(form, name), UnboundField)}
    return [name for name, field in fields.items() if issubclass(field.field_class, StringField)
            and not issubclass(field.field_class, HiddenField | PasswordField | HeadCount)]


def _where_made() -> dict[str, set[str]]:
    """Form → the views that name it, and that it can be sent to."""
    made: dict[str, set[str]] = {}
    for file, tree in modules().items():
        for view in tree.body if "view" in file else ():
            routes = [ast.unparse(one) for one in getattr(view, "decorator_list", ())]
            if any(one.startswith(("bp.route", "bp.post")) for one in routes):
                for node in ast.walk(view):
                    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
                    made.setdefault(name, set()).add(view.name)
    return made
