"""Every guard and scope of the portal, found in its source, and every way to take one away.

What counts: what a page asks of who enters it (`@allowed`, `@signin.fresh`, `@quiet`, `@once_only`); what a function
that knows its viewer answers, and what it asks on the way; the conditions under which something is refused; every
clause of every query; what the table of a concern's life asks of a move. Where nobody is served, but data is kept,
forgotten, backed up, restored and believed: every condition, clause and step. Nothing here changes a file: a `Mutant`
says what is to be done to the program in memory, which `tests/support/mutants.py` does.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.changes import (
    EVERYTHING,
    NOTHING,
    How,
    always,
    body_of,
    never,
    opposite,
    second_of_two,
    without_argument,
    without_operand,
    without_target,
)

PORTAL = Path(__file__).parent.parent.parent / "portal"
SERVING = ("web", "areas", "accounts", "outreach", "flags", "casework", "followup", "reports")
"""Where somebody is served. `cli` acts on the server itself, for nobody in particular; `base` knows no viewer."""
KEEPING = ("audit", "upkeep")
"""Where nobody is served, and every condition decides what is deleted, kept, restored, refused or believed."""
PACKAGES = (*SERVING, *KEEPING)

NOBODY_LOOKS = {
    "accounts.resealing": "moves values from one key of the server to the next",
    "flags.resealing": "moves values from one key of the server to the next",
    "casework.rewrapping": "moves a unit's content from one key to the next",
    "outreach.totals": "adds up, whoever asks",
    "areas.loading": "loads the tree from files of the server",
}
"""Modules whose queries are not somebody's look at something, and why. Their own proofs: keys, coverage."""

REFUSALS = {"NotVisible", "Refused", "Stale", "StillNeeded", "BadPlace", "BadKey", "KnownKey", "BadPasskey"}
"""What is raised when somebody may not. Others say that a form or a file cannot be read."""

REFUSING = {"_rests", "_too_old", "retire_if_empty"}
"""Functions whose yes shuts somebody out."""

DECIDING = {"current_user", "viewer", "by", "ring", "moves", "policy", "key_ring", "is_authenticated", "able", "idle"}
"""Names that make a condition one about who somebody is or what is open to her."""

SCOPES = DECIDING | {
    "below", "shown_below", "path", "area_id", "unit_id",  # where
    "account_id", "flag_id", "outreach_id", "assignee_id", "reporter_tag", "for_id", "by_id", "logged_by_id",  # whose
    "key_id", "kind", "Exclusion", "conflicts", "hidden",  # under which key
    "role", "active", "status", "cancelled", "is_", "standing", "ends_at", "until", "lapses_at", "retired_at",
    "used_on", "ends_on",  # in which state
}
"""Names that make a clause of a query one that decides whose rows these are. Others look up, search or turn pages."""

STEPS = {"delete", "unlink", "rmdir", "rmtree", "truncate",  # what is to be gone
         "fault", "read_to_the_end", "_read_back", "_compare", "_refuse_what_cannot_be_replaced", "require",
         "_leave_out_strangers", "_split",  # what is to be found out
         "_put_down", "to_be_linked", "record"}  # what is to be on record
"""In the packages that keep: calls of which nothing is asked afterwards, so that nobody would miss them at once."""

ON_POSTGRESQL = {"dialect", "postgres", "postgresql", "sqlstate", "_left_behind", "write_anew", "owner_writes_anew",
                 "_number_alike"}
"""In the packages that keep: names of what is asked or done on PostgreSQL alone. These tests are run without one."""

PATIENCE = {"monotonic", "_in_time", "_written_anew", "_log_emptied"}
"""In the packages that keep: names of what somebody waits for. With its no the tests would wait, too."""


@dataclass(frozen=True)
class Mutant:
    """One guard taken away. `place` is the function (or view, or move) it stands in, `change` what is done, `text`
    the guard as it is written. `how` is the change itself: of the source's tree, or what `mutants` knows by name."""

    module: str
    place: str
    line: int
    change: str
    text: str
    number: int = 1
    node: int = field(default=0, compare=False)
    how: How | str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """What it is called in lists; lines may move, this stays."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.module}:{self.place}: {self.change}: {self.text}{again}"

    @property
    def package(self) -> str:
        """The feature it belongs to."""
        return self.module.split(".")[1]

    @property
    def file(self) -> Path:
        """Where it stands."""
        path = PORTAL.parent.joinpath(*self.module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def tree_without(mutants: Sequence[Mutant]) -> ast.Module:
    """A module's tree without these guards of it."""
    tree = ast.parse(mutants[0].file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    return ast.fix_missing_locations(_Replaced([(nodes[one.node], one.how) for one in mutants]).visit(tree))


class _Replaced(ast.NodeTransformer):
    def __init__(self, wanted: list[tuple[ast.AST, Any]]):
        self.wanted = wanted

    def visit(self, node: ast.AST) -> ast.AST:
        made = self.generic_visit(node)
        for wanted, how in self.wanted:
            if node is wanted:
                made = ast.copy_location(how(made), node)
        return made


@cache
def all_mutants() -> tuple[Mutant, ...]:
    """Every guard of the portal, each removed or turned round, in the order of the source."""
    found = [mutant for package in PACKAGES for file in sorted((PORTAL / package).rglob("*.py"))
             for mutant in _Reader(file.read_text(encoding="utf-8"), _name_of(file)).mutants()]
    return tuple(_numbered(found))


def mutants_of(source: str, module: str) -> list[Mutant]:
    """The same for one module's source."""
    return _numbered(list(_Reader(source, module).mutants()))


def _numbered(found: list[Mutant]) -> list[Mutant]:
    """Two guards of one function may read the same."""
    times: Counter[str] = Counter()
    numbered = []
    for mutant in found:
        times[mutant.key] += 1
        numbered.append(Mutant(**{**mutant.__dict__, "number": times[mutant.key]}))
    return numbered


def _name_of(file: Path) -> str:
    parts = file.relative_to(PORTAL.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class _Reader:
    """Walks one module's tree."""

    def __init__(self, source: str, module: str):
        self.tree, self.module = ast.parse(source), module
        self.keeps = module.split(".")[1] in KEEPING
        self.numbers = {id(node): number for number, node in enumerate(ast.walk(self.tree))}

    def mutants(self) -> Iterator[Mutant]:
        for place, function in _functions(self.tree, ""):
            if self.keeps:
                yield from self._kept(place, function)
                continue
            yield from self._decorators(place, function)
            knows = _knows_its_viewer(function, self.module)
            if knows:
                yield from self._answers(place, function)
            answers = knows and _answer_of(function) in {"bool", "ColumnElement[bool]"}
            for node in _own_nodes(function):
                yield from self._conditions(place, node, answers)
                yield from self._clauses(place, node)
                if knows:
                    yield from self._choices(place, node, answers)
        if self.module == "portal.flags.life":
            yield from self._moves()

    def _mutant(self, place: str, node: ast.AST, change: str, text: str, how: How | str,
                ) -> Mutant:
        return Mutant(self.module, place, getattr(node, "lineno", 0), change, " ".join(text.split())[:110],
                      node=self.numbers[id(node)], how=how)

    # above a view

    def _decorators(self, place: str, function: ast.FunctionDef) -> Iterator[Mutant]:
        for decorator in function.decorator_list:
            text = ast.unparse(decorator)
            name = text.split("(")[0].split(".")[-1]
            if name == "allowed" and isinstance(decorator, ast.Call):
                anyone = text in {"allowed(policy.anyone)", "allowed(anyone)"}
                change = "open to everybody" if anyone else "open to all who signed in"
                yield self._mutant(place, decorator, change, text, "public" if anyone else "anyone")
            elif name in {"fresh", "quiet", "once_only"}:
                yield self._mutant(place, decorator, "dropped", text, name)

    # what a policy answers

    def _answers(self, place: str, function: ast.FunctionDef) -> Iterator[Mutant]:
        says = {"bool": ("yes", "True"), "ColumnElement[bool]": ("everything", EVERYTHING)}.get(_answer_of(function))
        if says and ast.unparse(function.body[-1]) != "return True":  # `anyone` does so already
            change, answer = ("answers no", "False") if function.name in REFUSING else (f"answers {says[0]}", says[1])
            yield self._mutant(place, function, change, function.name, body_of(answer))

    # what is asked on the way

    def _conditions(self, place: str, node: ast.AST, answers: bool) -> Iterator[Mutant]:
        """What refuses is not asked; what leads elsewhere is turned round, so that the wrong ones go each way."""
        if not isinstance(node, ast.If):
            return
        refuses = _refuses(node.body[-1])
        if not refuses and not (isinstance(node.body[-1], ast.Return) and (answers or _decides(node.test))):
            return
        text = ast.unparse(node.test)
        change, how = ("never asked", never) if refuses else ("turned round", opposite)
        yield self._mutant(place, node.test, change, text, how)
        if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or):
            yield from self._without_each(place, node.test)

    def _choices(self, place: str, node: ast.AST, answers: bool) -> Iterator[Mutant]:
        """In a function that knows its viewer: what must all hold, what is chosen, left out or taken away."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) and (answers or _decides(node)):
            yield from self._without_each(place, node)
        elif isinstance(node, ast.IfExp) and (answers or _decides(node.test)):
            yield self._mutant(place, node.test, "always", ast.unparse(node.test), always)
            yield self._mutant(place, node.test, "never", ast.unparse(node.test), never)
        elif isinstance(node, ast.comprehension):
            for test in filter(_decides, node.ifs):
                yield self._mutant(place, test, "not filtered", ast.unparse(test), always)
        elif isinstance(node, ast.BinOp) and _takes_away(node):
            yield self._mutant(place, node, "not taken away", ast.unparse(node.right), lambda op: op.left)
            if isinstance(node.op, ast.BitAnd):
                yield self._mutant(place, node, "not taken away", ast.unparse(node.left), lambda op: op.right)

    # what a query asks

    def _clauses(self, place: str, node: ast.AST) -> Iterator[Mutant]:
        if not isinstance(node, ast.Call) or self.module.removeprefix("portal.") in NOBODY_LOOKS:
            return
        name = _called(node)
        if name == "where" or (name == "and_" and len(node.args) > 1):
            for index, clause in enumerate(node.args):
                if _names(clause) & SCOPES:
                    yield self._mutant(place, node, "clause dropped", ast.unparse(clause), without_argument(index))

    # the table of moves

    def _moves(self) -> Iterator[Mutant]:
        table = next(node for node in self.tree.body if isinstance(node, ast.AnnAssign)
                     and ast.unparse(node.target) == "MOVES")
        assert isinstance(table.value, ast.Dict)
        for key, rule in zip(table.value.keys, table.value.values, strict=True):
            assert isinstance(key, ast.Attribute), table
            assert isinstance(rule, ast.Call), table
            yield self._mutant(key.attr, rule, "open to every role", ast.unparse(rule.args[2]), "who")
            yield self._mutant(key.attr, rule, "open in every state", ast.unparse(rule.args[0]), "start")
            for given in rule.keywords:
                if given.arg and given.arg.startswith("only_"):
                    yield self._mutant(key.attr, rule, "not asked", given.arg, given.arg)

    # where data is kept

    def _kept(self, place: str, function: ast.FunctionDef) -> Iterator[Mutant]:
        """Every question that a function asks, every clause, every step that nobody would miss at once."""
        if self.module == "portal.upkeep.postgres" or function.name in ON_POSTGRESQL:
            return
        if _answer_of(function) == "bool":
            yield self._mutant(place, function, "answers yes", function.name, body_of("True"))
            if function.name not in PATIENCE:
                yield self._mutant(place, function, "answers no", function.name, body_of("False"))
        asked_alone = [node.body[0] for node in _own_nodes(function)
                       if isinstance(node, ast.If) and len(node.body) == 1]
        for node in _own_nodes(function):
            yield from self._asked(place, node)
            yield from self._rows(place, node)
            if isinstance(node, ast.Expr) and node not in asked_alone and _calls(node) & STEPS:
                yield self._mutant(place, node.value, "not done", ast.unparse(node.value), never)
            elif isinstance(node, ast.Assign) and self.module == "portal.upkeep.forgetting":
                for index, target in enumerate(node.targets):
                    if isinstance(target, ast.Attribute):
                        yield self._mutant(place, node, "left as it was", ast.unparse(target), without_target(index))

    def _asked(self, place: str, node: ast.AST) -> Iterator[Mutant]:
        """What decides is not asked, or always said to be so; of several questions each is left out in turn."""
        if isinstance(node, ast.BoolOp) and not isinstance(node.values[-1], _A_VALUE):
            yield from self._without_each(place, node)
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                if not isinstance(test, ast.NamedExpr):  # without it what it names would be missing
                    yield self._mutant(place, test, "not filtered", ast.unparse(test), always)
        elif isinstance(node, ast.If) or (isinstance(node, ast.IfExp) and isinstance(node.test, _A_QUESTION)):
            test, text = node.test, ast.unparse(node.test)
            of_several = type(test.op) if isinstance(test, ast.BoolOp) else None
            refuses = isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise)
            there_at_all = not refuses and text.endswith((" is None", " is not None"))
            if not there_at_all and not _of_postgresql(test) and not _names(test) & PATIENCE:
                if of_several is not ast.Or:
                    yield self._mutant(place, test, "never asked" if refuses else "never", text, never)
                if of_several is not ast.And and not refuses:
                    yield self._mutant(place, test, "always", text, always)

    def _rows(self, place: str, node: ast.AST) -> Iterator[Mutant]:
        """Of which rows something is true."""
        if isinstance(node, ast.Call) and _called(node) in {"where", "and_", "or_"}:
            alone = len(node.args) == 1 and ast.unparse(node.func) == "exists().where"  # it would be no query at all
            for index, clause in enumerate(() if alone else node.args):
                yield self._mutant(place, node, "clause dropped", ast.unparse(clause), without_argument(index))
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and _is_of_rows(node.elts[1]):
            text = ast.unparse(node.elts[1])
            if isinstance(node.elts[1], ast.Compare):
                yield self._mutant(place, node, "all of them", text, second_of_two(EVERYTHING))
            yield self._mutant(place, node, "none of them", text, second_of_two(NOTHING))

    def _without_each(self, place: str, node: ast.BoolOp) -> Iterator[Mutant]:
        for index, operand in enumerate(node.values):
            if ast.unparse(operand).endswith((" is None", " is not None")):
                continue  # without it there would be nothing to ask the rest of: a fault, and no way in
            if self.keeps and (_of_postgresql(operand) or isinstance(operand, ast.BoolOp | ast.NamedExpr)):
                continue  # of several questions in one, each has its turn
            yield self._mutant(place, node, "part dropped", ast.unparse(operand), without_operand(index))


_A_VALUE = (ast.Constant, ast.IfExp, ast.List)
"""What stands behind an `or` that is no question, but says what to take where there is nothing."""
_A_QUESTION = (ast.BoolOp, ast.Compare)
"""By what one of two values is chosen, beside whether there is anything at all: to mistake that would be a fault."""


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _calls(node: ast.AST) -> set[str]:
    return {_called(one) for one in ast.walk(node)}


def _is_of_rows(node: ast.expr) -> bool:
    """Whether this says of which rows something is true: it asks a column of a table."""
    first = node.left if isinstance(node, ast.Compare) else node
    return ast.unparse(first).startswith("and_(") or (
        isinstance(node, ast.Compare) and isinstance(first, ast.Attribute) and ast.unparse(first)[0].isupper())


def _functions(node: ast.AST, above: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function with its name as Python calls it, those within others too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            name = f"{above}{child.name}"
            yield name, child
            yield from _functions(child, f"{name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{above}{child.name}.")
        else:
            yield from _functions(child, above)


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What stands in a function, without what stands in functions within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, ast.FunctionDef):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _knows_its_viewer(function: ast.FunctionDef, module: str) -> bool:
    """Whether it decides by who somebody is: it takes a viewer, is one's property, or stands among the policies."""
    given = [*function.args.args, *function.args.kwonlyargs]
    takes_one = any(one.annotation and "Viewer" in ast.unparse(one.annotation) for one in given)
    return takes_one or module.endswith((".policy", ".viewer")) or function.name == "_allows"


def _refuses(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise) and statement.exc:
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return ast.unparse(raised).split(".")[-1] in REFUSALS
    return isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("abort(")


def _names(node: ast.AST) -> set[str]:
    return {one.id if isinstance(one, ast.Name) else getattr(one, "attr", "") for one in ast.walk(node)}


def _of_postgresql(node: ast.AST) -> bool:
    said = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
    return bool((_names(node) | said) & ON_POSTGRESQL)


def _answer_of(function: ast.FunctionDef) -> str:
    return ast.unparse(function.returns) if function.returns else ""


def _decides(test: ast.expr) -> bool:
    names = _names(test)
    return bool(names & DECIDING) or any(name.startswith("may_") for name in names)


def _takes_away(node: ast.BinOp) -> bool:
    """Whether this is one set without another, or what is in both: not a sum, not two clauses of a query."""
    if isinstance(node.op, ast.BitAnd):
        return not isinstance(node.left, ast.Compare)
    return isinstance(node.op, ast.Sub) and (isinstance(node.right, ast.Set) or "excluded" in ast.unparse(node.right))
