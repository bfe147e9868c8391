"""Takes one guard out of the program that runs, without a line changed on disk.

Meant for a process that ends afterwards: nothing is put back.
"""

import gc
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from portal.accounts.roles import Role
from portal.flags import life
from portal.flags.life import Move, Status
from tests.support.guards import PORTAL, Mutant, tree_without


class NotPlanted(Exception):
    """The guard was not found in the program: nothing can be said about it."""


def plant(*mutants: Mutant) -> None:
    """Take these guards away in this process. Raises `NotPlanted`."""
    rewritten = defaultdict(list)
    for mutant in mutants:
        if callable(mutant.how):
            rewritten[mutant.module].append(mutant)
        elif mutant.module == "portal.flags.life":
            _loosen(mutant)
        else:
            _undecorate(mutant)
    for together in rewritten.values():
        _exchange(together)


Functions = dict[tuple[str, str, int], list[FunctionType]]


@cache
def functions() -> Functions:
    """The functions that are made of the portal's code, by file, name and first line, as it is when first asked."""
    found = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename.startswith(str(PORTAL)):
            found[one.__code__.co_filename, one.__code__.co_qualname, one.__code__.co_firstlineno].append(one)
    return dict(found)


@cache
def those_that_remember() -> list[Any]:
    """The portal's functions that keep their answers, as they are when first asked."""
    kind = type(cache(int))
    return [one for one in gc.get_objects() if type(one) is kind and one.__module__.startswith("portal.")]


def codes_of(module: CodeType) -> Iterator[CodeType]:
    """Every function's code in a module's."""
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes_of(constant)


def _exchange(mutants: list[Mutant]) -> None:
    file = sys.modules[mutants[0].module].__file__ or ""
    done = 0
    for code in codes_of(compile(tree_without(mutants), file, "exec")):
        for function in functions().get((file, code.co_qualname, code.co_firstlineno), ()):
            if function.__code__ != code:
                function.__code__ = code
                done += 1
    if not done:
        raise NotPlanted(mutants[0].key)
    for remembering in those_that_remember():
        remembering.cache_clear()  # an answer from before would hide that the guard is gone


def _view(mutant: Mutant) -> Any:
    """What stands under the name in its module, wrapped as it is."""
    return getattr(sys.modules[mutant.module], mutant.place)


def _undecorate(mutant: Mutant) -> None:
    view = _view(mutant)
    if mutant.how == "public":
        view.policies = None
    elif mutant.how == "anyone":
        view.policies = ()
    elif mutant.how == "quiet":
        del view.quiet
    else:
        view.__code__ = {"fresh": _fresh, "once_only": _first_time}[str(mutant.how)](view, view).__code__


def _fresh(back: Any, view: Any) -> Any:
    """`@signin.fresh` as if the secret had just been given. It must know the same names as what it stands for."""
    def ask_first(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if view else back

    return ask_first


def _first_time(act: Any, _view: Any) -> Any:
    """`@once_only` as if every form were new."""
    def done(session: Any, *given: Any, once: str, body: str, **how: Any) -> None:
        act(session, *given, **how)

    return done


def _loosen(mutant: Mutant) -> None:
    move = Move[mutant.place]
    loose: dict[str, Any] = {"who": frozenset(Role), "start": frozenset(Status)}
    life.MOVES[move] = replace(life.MOVES[move], **{str(mutant.how): loose.get(str(mutant.how), False)})
