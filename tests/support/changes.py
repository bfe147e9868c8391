"""What is done to a piece of the program's tree to take a guard away.

Each keeps the names that it takes away: a function within another must ask for the same ones as before.
"""

import ast
from collections.abc import Callable

How = Callable[[ast.AST], ast.AST]
EVERYTHING, NOTHING = "__import__('sqlalchemy').true()", "__import__('sqlalchemy').false()"


def _bool(operator: ast.boolop, first: bool, test: ast.AST) -> ast.AST:
    return ast.BoolOp(operator, [ast.Constant(first), test])


def never(test: ast.AST) -> ast.AST:
    """A condition that never holds; a call that is never made."""
    return _bool(ast.And(), False, test)


def always(test: ast.AST) -> ast.AST:
    """A condition that always holds."""
    return _bool(ast.Or(), True, test)


def opposite(test: ast.AST) -> ast.AST:
    """A condition that holds when it should not."""
    return ast.UnaryOp(ast.Not(), test)


def body_of(constant: str) -> How:
    """A function that answers this, whatever it is asked."""
    def replaced(function: ast.AST) -> ast.AST:
        function.body = [ast.Return(ast.parse(constant, mode="eval").body)]  # type: ignore[attr-defined]
        return function

    return replaced


def without_argument(index: int) -> How:
    """A call that is not given this."""
    def replaced(call: ast.AST) -> ast.AST:
        del call.args[index]  # type: ignore[attr-defined]
        return call

    return replaced


def without_operand(index: int) -> How:
    """A condition of which one part is not asked."""
    def replaced(test: ast.AST) -> ast.AST:
        operand = test.values[index]  # type: ignore[attr-defined]
        is_or = isinstance(test.op, ast.Or)  # type: ignore[attr-defined]
        test.values[index] = (never if is_or else always)(operand)  # type: ignore[attr-defined]
        return test

    return replaced


def without_target(index: int) -> How:
    """An assignment that leaves one of its places as it was."""
    def replaced(assign: ast.AST) -> ast.AST:
        del assign.targets[index]  # type: ignore[attr-defined]
        return assign if assign.targets else ast.Expr(assign.value)  # type: ignore[attr-defined]

    return replaced


def second_of_two(constant: str) -> How:
    """A pair with this for its second."""
    def replaced(pair: ast.AST) -> ast.AST:
        pair.elts[1] = ast.parse(constant, mode="eval").body  # type: ignore[attr-defined]
        return pair

    return replaced
