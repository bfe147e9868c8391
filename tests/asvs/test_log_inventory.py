"""ASVS 5.0 V16.1.1: what can be written down is what the documents list, in both directions."""

import ast
import re
from pathlib import Path
from pkgutil import resolve_name

import pytest
from sqlalchemy import CheckConstraint

from portal.accounts.models import PendingChange
from portal.flags.life import Move
from portal.reports import trail_words
from portal.upkeep.retention import Kind
from tests.support.source import calls, modules

DOCS = Path(__file__).parent.parent.parent / "docs"
_KINDS = next(str(one.sqltext) for one in PendingChange.__table__.constraints
              if isinstance(one, CheckConstraint) and "kind" in str(one.sqltext))
CHANGES = re.findall(r"'(\w+)'", _KINDS)
"""What the database lets wait for a second person: recovery, role, join."""
MADE_OF = {"move": Move, "kind": Kind, "change.kind": CHANGES}
"""What an act's code may be made of, by the expression that stands for it in the source."""
MADE_IN = {("accounts/changes.py", "kind"): CHANGES}


def written(file, node):
    """Every text that an expression of the source can be: fixed, one of two, a name for one, or a word put into one.
    What is made in another way stops the test: nobody could say what it writes."""
    match node:
        case ast.Constant(value=str(value)):
            return {value}
        case ast.IfExp(body=one, orelse=other):
            return written(file, one) | written(file, other)
        case ast.Name(id=name):
            return {getattr(resolve_name(f"portal.{file[:-3].replace('/', '.')}"), name)}
        case ast.JoinedStr(values=parts):
            texts = {""}
            for part in parts:
                texts = {text + more for text in texts for more in put_in(file, part)}
            return texts
    raise AssertionError(f"{file}: nobody can say what {ast.unparse(node)} is")


def put_in(file, part):
    """What one part of an f-string can be."""
    if isinstance(part, ast.Constant):
        return [part.value]
    name = ast.unparse(part.value)
    return MADE_IN.get((file, name)) or MADE_OF[name]


def acts_of(trees):
    """Every code that these modules can write into the trail."""
    return {act for file, tree in trees.items() for name, call in calls(tree)
            if name in {"record", "log.record"} and len(call.args) > 1 for act in written(file, call.args[1])}


def refusals_of(trees):
    """Every word by which these modules say that something was refused."""
    return {word for file, tree in trees.items() for name, call in calls(tree)
            if name in {"watch.refused", "refused"} for word in written(file, call.args[0])}


def lines_of(trees):
    """How every other line of the process begins."""
    logging = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    return {re.split(r":? ?%|: the keys", line)[0] for file, tree in trees.items() for name, call in calls(tree)
            if name.partition(".")[0] in {"_log", "logging", "logger", "current_app.logger"}
            and name.rpartition(".")[2] in logging for line in written(file, call.args[0])}


def listed(file, heading):
    """The first column of the table under a heading, or after a line."""
    text = (DOCS / file).read_text().partition(heading)[2]
    table = re.search(r"\n\|[^\n]*\n\|---[^\n]*\n((?:\|[^\n]*\n)+)", text)[1]
    first = [row.split("|")[1].strip().strip("`") for row in table.splitlines()]
    assert len(first) == len(set(first)), "a line stands there twice"
    return set(first)


@pytest.mark.asvs("V16.1.1")
def test_every_act_that_the_source_can_write_is_listed_and_no_other(city):
    with city.app.test_request_context():
        worded = trail_words.acts().keys()

    assert acts_of(modules()) == listed("audit.md", "## Every act") == worded


@pytest.mark.asvs("V16.1.1", "V16.3.3")
def test_every_line_of_the_process_is_listed_and_no_other():
    assert refusals_of(modules()) == listed("rules.md", "### What is refused and written down")
    assert lines_of(modules()) == listed("rules.md", "What the process writes down besides:")


@pytest.mark.asvs("V16.1.1")
def test_nothing_writes_a_row_or_a_line_in_another_way():
    rows = {file for file, tree in modules().items() for name, call in calls(tree)
            if "AuditEntry" in {name.rpartition(".")[2], *map(ast.unparse, call.args[:1])}
            and name.rpartition(".")[2] in {"AuditEntry", "insert", "insert_missing", "update", "delete"}}
    loggers = {file: ast.unparse(call) for file, tree in modules().items() for name, call in calls(tree)
               if name.endswith("getLogger")}
    lines = {file for file, tree in modules().items() for name, _call in calls(tree) if name.startswith("_log.")}

    assert rows == {"audit/log.py"}
    assert lines == loggers.keys()
    assert set(loggers.values()) == {"logging.getLogger('portal')"}


@pytest.mark.parametrize(("source", "finds", "found"), [
    ("record(session, 'flag.peeked', flag.id, by=by)", acts_of, {"flag.peeked"}),
    ("record(session, 'a.on' if on else 'a.off', x, by=by)", acts_of, {"a.on", "a.off"}),
    ("record(session, f'purge.{kind}', x, by=None)", acts_of, {f"purge.{kind}" for kind in Kind}),
    ("watch.refused('something new')", refusals_of, {"something new"}),
    ("_log.error('strange things: %s', thing)", lines_of, {"strange things"})])
def test_what_is_new_in_the_source_is_found(source, finds, found):
    assert finds({"web/new.py": ast.parse(source)}) == found


@pytest.mark.parametrize("source", ["record(session, action(), x, by=by)", "record(session, 'flag.' + what, x)"])
def test_an_act_of_which_nobody_can_say_what_it_is_stops_the_test(source):
    with pytest.raises(AssertionError, match="nobody can say"):
        acts_of({"web/new.py": ast.parse(source)})
