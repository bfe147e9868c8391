"""What the documents say of the code is so, and what ASVS asks is answered by a test, a document or an honest gap."""

import re
from collections import Counter
from functools import reduce
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace

import pytest
from flask import Flask

from portal.base.db import Base
from tests.support import asvs
from tests.support.asvs_page import clauses_page, page

ROOT = Path(__file__).parent.parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.asvs("V2.1.3", "V5.1.1", "V7.1.1", "V6.1.1")
def test_every_figure_of_the_rules_is_that_of_the_code():
    figures = re.findall(r"^\| .* \| (.*?) \| `(portal\.[\w.]+)` \|$", (ROOT / "docs/rules.md").read_text(), re.M)

    assert len(figures) >= 20
    for said, where in figures:
        module, name = re.fullmatch(r"(portal(?:\.[a-z_]+)+)\.([A-Z].*)", where).groups()
        assert str(reduce(getattr, name.split("."), resolve_name(module))) == said, where


@pytest.mark.asvs("V14.1.1", "V14.1.2")
def test_every_column_has_a_class_of_protection(app):
    rows = re.findall(r"^\| (\w+) \|(.*)\|$", (ROOT / "docs/data.md").read_text(), re.M)
    classed = {(table, column) for table, cells in rows for column in re.findall(r"\w+", cells)}
    kept = {(table.name, column.name) for table in Base.metadata.tables.values() for column in table.columns}

    assert kept - classed == set()  # new? give it a class in docs/data.md
    assert {one for one in classed if one[0] in Base.metadata.tables} - kept == set()
    for table, cells in rows:
        twice = [name for name, times in Counter(re.findall(r"\w+", cells)).items() if times > 1]
        assert twice == [] or table not in Base.metadata.tables, table


@pytest.mark.asvs("V14.1.2")
def test_what_is_called_sealed_is_sealed_and_nothing_else_is_bytes(app):
    rows = re.findall(r"^\| (\w+) \|([^|]*)\|([^|]*)\|", (ROOT / "docs/data.md").read_text(), re.M)
    hidden = {(table, name) for table, sealed, secret in rows for name in re.findall(r"\w+", sealed + " " + secret)}
    binary = {(table.name, column.name) for table in Base.metadata.tables.values() for column in table.columns
              if "BINARY" in str(column.type) or "BLOB" in str(column.type)}

    assert binary - hidden == set()


@pytest.mark.asvs("V6.1.3", "V6.3.4")
def test_every_way_in_is_written_down(app: Flask):
    said = set(re.findall(r"`(/[a-z/]+)`", (ROOT / "docs/rules.md").read_text()))
    entering = {rule.rule for rule in app.url_map.iter_rules()
                if "POST" in rule.methods and getattr(app.view_functions[rule.endpoint], "policies", ()) is None}

    assert entering - said == {"/bahasa", "/istirahat", "/keluar", "/keluar-cepat", "/csp"}  # these let nobody in


def test_every_requirement_is_carried_by_a_test_or_answered_in_words_and_never_both():
    requirements, answers, carried = asvs.requirements(), asvs.answers(), asvs.carried()

    assert Counter(one.kind for one in requirements.values()) == {
        "auto": 222, "doc": 28, "deploy": 5, "declined": 8}
    assert carried - requirements.keys() == set()
    assert requirements.keys() - carried - answers.keys() == set()
    assert carried & answers.keys() == set()  # a test shows it now? then take its line out of answers.csv
    assert {found for found, one in answers.items() if one.answer == "declined"} == {
        found for found, one in requirements.items() if one.kind == "declined"}


def test_every_answer_leads_to_a_heading_that_exists_and_says_something():
    for answer in asvs.answers().values():
        assert answer.answer in {"written", "open", "declined"}, answer
        assert len(answer.words) > 15, answer
        if answer.answer == "written":
            file, _, heading = answer.where.partition("#")
            headings = re.findall(r"^#+ (.*)$", (ROOT / file).read_text(), re.M)
            assert heading in headings, answer
        else:
            assert answer.where == "", answer


def test_the_page_of_results_names_every_requirement():
    text = (ROOT / "docs/asvs.md").read_text()

    assert set(re.findall(r"^\| (V[\d.]+) \|", text, re.M)) == asvs.requirements().keys()


def test_every_clause_of_bssn_is_answered_by_requirements_or_in_words():
    text = (ROOT / "docs/bssn.md").read_text()
    clauses = asvs.clauses()

    assert re.findall(r"^\| 27\((\d+)\)(\w) \|", text, re.M) == [(one[:-1], one[-1]) for one in clauses]
    assert [one.id for one in clauses.values() if not (one.by or one.words)] == []
    assert {found for one in clauses.values() for found in one.by.split()} <= asvs.requirements().keys()
    assert len(clauses) == 73


def test_a_clause_is_only_as_good_as_the_worst_of_what_shows_it():
    said = {"V1.1.2": asvs.Answer("V1.1.2", "written", "docs/rules.md#Limits", "so and so"),
            "V1.1.3": asvs.Answer("V1.1.3", "declined", "", "on purpose")}
    shown = {"V1.1.1": {"t": True}, "V1.1.4": {"t": False}}
    by = {"1a": "V1.1.1 V1.1.2", "1b": "V1.1.2", "1c": "V1.1.1 V1.1.3", "1d": "V1.1.1 V1.1.4", "1e": "V1.1.1 V1.1.5"}

    text = clauses_page({one: asvs.Clause(one, "asks", shows, "") for one, shows in by.items()}, said, shown)

    assert re.findall(r"^\| 27\(1\)\w \| asks \| (\S+) \|", text, re.M) == [
        "pass", "written", "declined", "**FAIL**", "**open**"]


def test_a_page_says_pass_fail_written_open_and_declined():
    one = asvs.Requirement("V1.1.1", "2", "auto", "asks")
    said = {"V1.1.2": asvs.Answer("V1.1.2", "written", "docs/rules.md#Limits", "so and so"),
            "V1.1.3": asvs.Answer("V1.1.3", "open", "", "nobody has")}
    asked = {name: asvs.Requirement(name, "2", "auto", "asks") for name in ("V1.1.2", "V1.1.3", "V1.1.4")}

    shown = {"V1.1.1": {"tests/x.py::a": True}, "V1.1.4": {"t": True, "u": False}}

    text = page({"V1.1.1": one, **asked}, said, shown)

    assert "**1 of 4 automated, 2 of 4 answered, 0 declined with reasons, 1 open, 1 failing.**" in text
    assert "| V1.1.4 | 2 | asks | **FAIL** | t<br>**u** |" in text
    assert "[docs/rules.md: Limits](rules.md#limits)" in text


def test_an_id_that_no_list_has_stops_the_run():
    item = SimpleNamespace(nodeid="x", user_properties=[],
                           iter_markers=lambda _name: [SimpleNamespace(args=("V1.1.1", "V99.1.1"))])

    with pytest.raises(pytest.UsageError, match=r"V99\.1\.1"):
        asvs.pytest_collection_modifyitems([item])


def test_one_case_that_fails_fails_its_whole_test():
    def report(case, passed):
        return SimpleNamespace(nodeid=f"tests/x.py::t[{case}]", passed=passed, user_properties=[("asvs", ["V1.1.1"])])

    shown = asvs.results([report("a", True), report("b", False), report("c", True)])

    assert shown == {"V1.1.1": {"tests/x.py::t": False}}


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_every_link_and_every_test_that_a_document_names_exists(file):
    text = file.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link]
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)

    assert [link for link in links if not (file.parent / link).exists()] == []
    assert [(path, test) for path, test in named if not (ROOT / path).exists()
            or (test and f"def {test}(" not in (ROOT / path).read_text())] == []
