"""ASVS 5.0 V11.7, V13 to V16: what is kept, what code may do, and what a fault leaves behind."""

import ast
import hashlib
import json
import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import func, select

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.base.db import PATIENCE, engine_for
from portal.base.errors import NotVisible
from portal.flags import commands as flag_commands
from portal.flags import sealed as flag_sealed
from portal.flags.models import Flag
from portal.web.guard import allowed, public
from portal.web.logs import Lines
from tests.conftest import signed_in
from tests.factories import a_flag
from tests.support.source import PORTAL, calls, imported, modules
from tests.support.writings import PREPARE

ROOT = PORTAL.parent
TELLS = re.compile(r"BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[0-9A-Za-z-]{10}")


@pytest.mark.asvs("V11.7.2", "V14.2.6", "V16.3.2")
def test_a_list_opens_no_names_and_no_stories(city, sign_in, monkeypatch):
    flag = a_flag(city.db, city.settings, city.siti, story="kata-kata")
    city.db.commit()

    def must_not(*_args):
        raise AssertionError("a list opened what only a sheet may")
    for opening in ("open_identity", "open_story", "open_message"):
        monkeypatch.setattr(flag_sealed, opening, must_not)

    page = sign_in(city.rina).get("/antrean")

    assert page.status == 203
    assert f"{flag.code[:3]}-{flag.code[3:]}" in page.text
    city.db.rollback()
    opened = select(AuditEntry.amount).where(AuditEntry.action == "flags.summaries_opened")
    assert city.db.scalars(opened).all() == [1]


@pytest.mark.asvs("V13.3.1")
def test_no_secret_stands_in_the_tree():
    files = [file for folder in ("portal", "deploy", "docs", "migrations", "benchmarks", "tests")
             for file in (ROOT / folder).rglob("*") if file.suffix in {".py", ".md", ".csv", ".html", ".js", ".json",
                                                                        ".service", ".timer", ".toml", ".po"}]

    assert len(files) > 300
    assert [str(file) for file in files if TELLS.search(file.read_text(encoding="utf-8"))
            and file != Path(__file__)] == []
    assert TELLS.search("-----BEGIN EC PRIVATE" + " KEY-----")


@pytest.mark.asvs("V15.2.3")
def test_the_portal_carries_no_code_of_tests_or_measurements():
    testing = {"tests", "benchmarks", "pytest", "hypothesis", "unittest", "playwright", "time_machine", "doctest"}

    assert {file for file, tree in modules().items()
            if {name.partition(".")[0] for name in imported(tree)} & testing} == set()


@pytest.mark.asvs("V15.1.2", "V3.6.1")
def test_the_one_script_of_others_is_the_one_that_was_looked_at():
    folder = PORTAL / "web/static"
    named = re.search(r"sha256: ([0-9a-f]{64})", (folder / "htmx.txt").read_text())[1]

    assert hashlib.sha256((folder / "htmx.min.js").read_bytes()).hexdigest() == named
    assert [file.name for file in folder.glob("*.min.*")] == ["htmx.min.js"]


@pytest.mark.asvs("V15.3.3")
def test_what_a_form_does_not_ask_for_changes_nothing(city, sign_in):
    browser = sign_in(city.siti)
    forged = [("role", "head"), ("unit_id", str(city.db.get_one(Account, city.rina.account_id).unit_id)),
              ("area_id", "1"), ("active", ""), ("secret_hash", "x"), ("account_id", str(city.ratna.account_id))]
    before = {name: getattr(city.db.get_one(Account, city.siti.account_id), name)
              for name in ("role", "unit_id", "area_id", "active", "secret_hash")}

    form = browser.get("/setelan").form("/tampilan")
    form.values += forged
    form.fill(text_size="130").submit()

    city.db.rollback()
    account = city.db.get_one(Account, city.siti.account_id, populate_existing=True)
    assert account.text_size == 130
    assert {name: getattr(account, name) for name in before} == before
    assert city.db.get_one(Account, city.ratna.account_id).text_size == 100


@pytest.mark.asvs("V15.4.1")
def test_no_module_changes_what_all_threads_share():
    sharing = [(file, ast.unparse(node)) for file, tree in modules().items() for node in ast.walk(tree)
               if isinstance(node, ast.Global)]
    changed = [(file, name) for file, tree in modules().items() for name in _changed_at_large(tree)]

    assert sharing == []
    assert changed == []


def test_a_list_that_a_function_adds_to_is_found_however_it_was_declared():
    adds = "def f(x):\n    KEPT.append(x)\n    OTHER[x] = x\n    del OTHER[x]\n    OTHER[x] += x\n"

    assert list(_changed_at_large(ast.parse(f"KEPT = []\n{adds}"))) == ["KEPT.append"]
    assert list(_changed_at_large(ast.parse(f"KEPT: list[str] = []\n{adds}"))) == ["KEPT.append"]
    assert list(_changed_at_large(ast.parse(f"KEPT: deque[str] = deque()\n{adds}"))) == ["KEPT.append"]
    assert list(_changed_at_large(ast.parse(f"OTHER: dict[str, str] = {{}}\n{adds}"))) == ["OTHER[x]"] * 3


def _changed_at_large(tree):
    """Names of a module's own lists, sets and tables that one of its functions changes."""
    own = {target.id for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and _holds_many(node.value)
           for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
           if isinstance(target, ast.Name)}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        for name, _call in calls(function):
            what, _, how = name.rpartition(".")
            if what in own and how in _CHANGES:
                yield name
        for node in ast.walk(function):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del) \
                    and isinstance(node.value, ast.Name) and node.value.id in own:
                yield ast.unparse(node)


_CHANGES = {"append", "appendleft", "add", "update", "pop", "popitem", "popleft", "clear", "extend", "insert",
            "setdefault", "remove", "discard"}


def _holds_many(value):
    """Whether this makes something that can be added to."""
    made = value.func if isinstance(value, ast.Call) else None
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp) or (
        ast.unparse(made).rpartition(".")[2] in {"list", "dict", "set", "deque", "defaultdict", "OrderedDict",
                                                 "Counter"} if made is not None else False)


@pytest.mark.asvs("V16.2.3")
def test_what_is_logged_goes_to_one_place():
    elsewhere = [(file, name) for file, tree in modules().items() for name, _call in calls(tree)
                 if name.endswith(("FileHandler", "SysLogHandler", "SocketHandler", "HTTPHandler", "SMTPHandler"))
                 or (name == "print" and not file.startswith("cli/"))]

    assert elsewhere == []


@pytest.mark.asvs("V16.3.4", "V16.4.1")
@pytest.mark.parametrize("path", ["/fails", "/fails?x=%0d%0a2026-01-01%20ERROR%20forged", "/fails?x=%1b[2J"])
def test_a_fault_leaves_one_line_with_its_kind_and_place_and_nothing_from_outside(city, guest, caplog, path):
    @public
    def fails():
        raise ValueError("typed by somebody\r\n2026-01-01 ERROR forged \x1b[2J")
    city.app.add_url_rule("/fails", "fails", fails)

    with caplog.at_level(logging.DEBUG):
        guest.client.get(path, headers={"User-Agent": "x forged"})

    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(said) == 1
    assert re.fullmatch(r"unforeseen ValueError in fails:\d+", said[0])
    assert "forged" not in caplog.text


@pytest.mark.asvs("V16.2.2", "V16.2.4", "V16.4.1")
def test_every_line_of_the_log_is_json_in_utc_whatever_stands_in_it():
    record = logging.LogRecord("portal", logging.ERROR, "", 0, "a %s", ("b\r\n{\"at\": 1} \x1b[2J \u2028",), None)
    record.created = 1_700_000_000.5

    line = Lines().format(record)

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"at": "2023-11-14T22:13:20.500+00:00", "level": "ERROR", "from": "portal",
                                "said": "a b\r\n{\"at\": 1} \x1b[2J \u2028"}


@pytest.mark.asvs("V16.5.3")
@pytest.mark.parametrize("fault", [KeyError("x"), NotVisible(), ZeroDivisionError()])
def test_a_guard_that_breaks_lets_nobody_in(city, sign_in, fault):
    def broken(_viewer):
        raise fault
    city.app.add_url_rule("/guarded", "guarded", allowed(broken)(lambda: "what is behind the guard"))

    page = sign_in(city.ratna).get("/guarded")

    assert page.status in {404, 500}
    assert "behind the guard" not in page.html


@pytest.mark.asvs("V16.5.3", "V2.3.3")
def test_a_concern_that_cannot_be_written_into_the_trail_is_not_shown(city, sign_in, monkeypatch):
    flag = a_flag(city.db, city.settings, city.siti, story="kata yang tidak boleh terbaca")
    city.db.commit()
    rina = sign_in(city.rina)

    def full(*_args, **_more):
        raise OSError("no room for the trail")
    monkeypatch.setattr(flag_commands, "record", full)
    page = rina.get(f"/k/{flag.code}/kerja")

    assert page.status == 500
    assert "tidak boleh terbaca" not in page.html


@pytest.mark.asvs("V13.2.6", "V15.4.4")
def test_there_are_connections_enough_for_every_thread_of_a_server(monkeypatch):
    monkeypatch.setattr(os, "umask", lambda _mask: 0)  # the file sets it for its own process
    served = {}
    exec((ROOT / "deploy/gunicorn.conf.py").read_text(), served)  # noqa: S102 - our own file
    pool = engine_for("postgresql://portal@localhost/portal").pool
    written, = re.findall(r"^\| database connections \| (\d+), up to (\d+) \| .*end after (\d+) s",
                          (ROOT / "docs/rules.md").read_text(), re.M)

    assert (pool.size(), pool.size() + pool._max_overflow, pool.timeout()) == tuple(map(int, written))
    assert pool.size() + pool._max_overflow > served["threads"]
    assert pool.timeout() <= served["timeout"]


@pytest.mark.postgres
@pytest.mark.asvs("V13.2.6")
def test_who_finds_no_connection_is_told_in_time_to_come_again_and_then_can(postgres_city):
    """Every connection of the pool as it is configured is held by somebody else; then one comes back."""
    city, engine = postgres_city, postgres_city.app.extensions["engine"]
    send, desk = PREPARE["flags.new"](city), signed_in(city, city.rina)
    city.db.rollback()

    with ExitStack() as held:
        for _ in range(engine.pool.size() + engine.pool._max_overflow):
            held.enter_context(engine.connect())
        began = monotonic()
        alive = desk.client.get("/healthz").status_code
        with ThreadPoolExecutor(2) as people:
            refused = [asked.result() for asked in (people.submit(send), people.submit(desk.get, "/antrean"))]
        waited = monotonic() - began
    kept, seen = send(), desk.get("/antrean")

    assert alive == 200
    assert [(page.status, page.response.headers["Retry-After"]) for page in refused] == [(503, "5")] * 2
    assert PATIENCE <= waited < PATIENCE + 3
    assert (kept.status, seen.status) == (203, 203)
    assert city.db.scalar(select(func.count()).select_from(Flag)) == 1
    assert engine.pool.checkedout() == 0
