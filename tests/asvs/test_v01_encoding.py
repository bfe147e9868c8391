"""ASVS 5.0 V1: what people write stays text, wherever it goes."""

import ast
import re
from time import process_time
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.outreach.models import Outreach
from portal.web.carry import local_path
from tests.outreach.test_sessions import fill
from tests.support.source import calls, imported, is_fixed, modules, templates

RUNS_PROGRAMS = {"subprocess", "os.system", "os.popen", "os.execv", "os.spawnv", "pty", "commands"}
MAKES_OBJECTS = {"pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle"}
ASKS_OTHERS = {"requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client", "socket", "ftplib",
               "telnetlib", "xmlrpc", "smtplib"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__", "importlib.import_module"}
MAKES_TEMPLATES = {"render_template_string", "from_string", "Template"}
READS_XML = {"xml", "lxml", "defusedxml"}


def guilty(words, tree):
    """Which of these a tree imports or calls."""
    called = {name for name, _call in calls(tree)}
    return {word for word in words if any(
        name == word or name.startswith(f"{word}.") for name in imported(tree)) or word in called
        or any(name.endswith(f".{word}") for name in called if word in MAKES_TEMPLATES)}


@pytest.mark.parametrize(("words", "allowed"), [
    # pg_dump and pg_restore, by their names and with arguments apart, from the command line alone
    # and our own file, by its path, that draws photos apart from everything
    pytest.param(RUNS_PROGRAMS, {"upkeep/postgres.py", "outreach/photos.py"}, id="runs programs",
                 marks=pytest.mark.asvs("V1.2.5")),
    pytest.param(RUNS_TEXT, set(), marks=pytest.mark.asvs("V1.3.2"), id="runs text"),
    pytest.param(MAKES_TEMPLATES, set(), marks=pytest.mark.asvs("V1.3.7"), id="makes templates of text"),
    pytest.param(MAKES_OBJECTS, set(), marks=pytest.mark.asvs("V1.5.2"), id="makes objects of bytes"),
    pytest.param(READS_XML, set(), marks=pytest.mark.asvs("V1.5.1"), id="reads XML by itself"),
    # the clock's command mails the digest to a server that the settings name; the doctor looks at the portal's own
    # address; no request leads to either
    pytest.param(ASKS_OTHERS, {"cli/tick.py", "cli/doctor_tls.py"}, id="asks other machines",
                 marks=pytest.mark.asvs("V1.3.6", "V6.3.6", "V6.6.1")),
])
def test_nothing_in_the_portal(words, allowed):
    found = {file for file, tree in modules().items() if guilty(words, tree)}

    assert found == allowed


@pytest.mark.parametrize(("words", "code"), [
    (RUNS_PROGRAMS, "import subprocess"), (RUNS_PROGRAMS, "os.system(x)"), (RUNS_TEXT, "eval(x)"),
    (MAKES_TEMPLATES, "app.jinja_env.from_string(x)"), (MAKES_OBJECTS, "from yaml import load"),
    (READS_XML, "import xml.etree.ElementTree"), (ASKS_OTHERS, "from urllib import request"),
])
def test_the_search_finds_what_it_is_for(words, code):
    assert guilty(words, ast.parse(code))


@pytest.mark.asvs("V1.2.4")
def test_every_question_to_the_database_is_fixed_or_built_by_sqlalchemy():
    asking = {"text", "sqlalchemy.text", "exec_driver_sql", "DDL"}
    written = [(file, ast.unparse(call)) for file, tree in modules().items() for name, call in calls(tree)
               if name.rpartition(".")[2] in asking and call.args and not is_fixed(call.args[0])]
    executed = [(file, ast.unparse(call)) for file, tree in modules().items() for name, call in calls(tree)
                if name.endswith(".execute") and call.args
                and isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.Name)
                and not ast.unparse(call.args[0]).isidentifier()]

    assert written == [  # the names of settings and tables that stand in our own source
        ("cli/doctor_server.py", "text(f'PRAGMA {name}')"),
        ("upkeep/erasing.py", "text(f'CLUSTER VERBOSE {table} USING pk_{table}')"),
        ("upkeep/order.py", "text(f'LOCK TABLE {table.name} IN EXCLUSIVE MODE')"),
        ("upkeep/postgres.py", "text(f'SELECT count(*) FROM \"{table}\"')"),
    ]
    assert {file for file, _call in executed} == {"upkeep/sqlite.py"}
    assert all("{table}" in call for _file, call in executed)  # names of our own tables, from the models


@pytest.mark.asvs("V1.2.9")
def test_no_pattern_is_made_of_what_somebody_typed():
    made = [(file, ast.unparse(call)) for file, tree in modules().items() for name, call in calls(tree)
            if name.startswith("re.") and not is_fixed(call.args[0])]

    assert made == []


def patterns():
    """Every pattern of the portal, from the source."""
    return sorted({call.args[0].value for tree in modules().values() for name, call in calls(tree)
                   if (name.startswith("re.") or name == "Regexp") and isinstance(call.args[0], ast.Constant)})


@pytest.mark.asvs("V1.3.12")
@pytest.mark.parametrize("pattern", patterns())
@pytest.mark.parametrize("text", ["a" * 50_000, "1" * 50_000 + "x", "0-" * 25_000, " ,;" * 17_000, "2" * 50_000],
                         ids=range(5))
def test_no_pattern_can_be_made_to_search_for_ever(pattern, text):
    began = process_time()

    for find in (re.match, re.fullmatch, re.search):
        find(pattern, text)

    assert process_time() - began < 0.5


@pytest.mark.asvs("V1.3.10")
def test_only_fixed_texts_are_filled_in():
    fixed = {"_CSP", "Markup('<input type=\"hidden\" name=\"csrf_token\" value=\"{}\">')"}
    filled = [(file, ast.unparse(call.func.value)) for file, tree in modules().items() for name, call in calls(tree)
              if name.endswith(".format") and isinstance(call.func, ast.Attribute)
              and not is_fixed(call.func.value) and ast.unparse(call.func.value) not in fixed]
    logged = [(file, ast.unparse(call)) for file, tree in modules().items() for name, call in calls(tree)
              if name.startswith("_log.") and not is_fixed(call.args[0])]

    assert filled == []
    assert logged == []


@pytest.mark.asvs("V1.2.1", "V1.2.3")
def test_every_page_escapes_and_none_puts_data_into_a_script(app):
    unescaped = {(file, said) for file, text in templates().items()
                 for said in re.findall(r"([^{}]*?)\|\s*safe\b", text)}
    scripted = [file for file, text in templates().items()
                if re.search(r"<script(?![^>]*\ssrc=)|tojson|hx-vals|hx-on|<style|autoescape false|Markup", text)]

    assert {said.strip() for _file, said in unescaped} == {"icons[name]", '", " if not loop.last else "</p>"'}
    assert scripted == []
    assert all(app.select_jinja_autoescape(name) for name in app.jinja_env.list_templates())


@pytest.mark.asvs("V1.1.1", "V1.1.2", "V1.3.5", "V1.3.10")
@pytest.mark.parametrize("typed", [
    "%2527 %253Cscript%253E &lt;b&gt; &amp;amp;", "{{7*7}} {% raise %} {# weg #}", "{0.__class__} %(x)s %s %n",
    "**tebal** [x](javascript:alert(1))", "${7*7} <%= 7*7 %> #{7*7}",
])
def test_what_looks_like_a_language_is_kept_and_shown_as_it_was_typed(city, sign_in, typed):
    page = fill(sign_in(city.siti), note=typed).submit()

    city.db.rollback()
    assert city.db.scalars(select(Outreach.note)).all() == [typed]
    assert typed in page.root.text


@pytest.mark.asvs("V1.2.2", "V3.7.2", "V4.2.5")
@given(st.text(alphabet=st.sampled_from("/\\:@[]?#%.\r\n\t ahtps"), max_size=30) | st.text(max_size=80))
@example("//[")
@example("/" + "a" * 100_000)
@example("/\t/evil.example")
def test_wherever_somebody_is_sent_on_to_it_is_a_short_path_of_this_site(target):
    path = local_path(target)

    parts = urlsplit(path)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert path.startswith("/")
    assert not path.startswith("//")
    assert len(path) <= 2000


@pytest.mark.asvs("V1.5.3")
def test_answers_are_read_from_one_place():
    mixed = [(file, node.attr) for file, tree in modules().items() for node in ast.walk(tree)
             if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "request"
             and node.attr in {"values", "json", "get_json", "data", "get_data", "stream"}]

    assert mixed == [("web/pages.py", "stream")]  # what a browser says of a page's policy: no answer of anybody
