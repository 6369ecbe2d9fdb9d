"""Change one thing at a time in a module, run its tests, say which changes no test minds.

    python tools/mutate.py src/fairlead/referrals/guard.py -- tests/referrals tests/attacks

Each mutant runs in a fork of this process, the module's changed source in place of the file's; the
tree is not touched. What is changed: comparisons, `and`/`or`, `not`, numbers and truth values, the
conditions of `if`, and statements that only act (a call, a raise, an assignment to an attribute).
Survivors are printed as FILE:LINE and what was done; docs/decisions has those that we know of.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

SWAPS: dict[type, type] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq},
    **{ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot},
    **{ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add},
}
LIBRARIES = ("numpy", "pyarrow", "pytest", "reportlab.platypus", "httpx", "rfc8785")
TIMEOUT_S = 180


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    """What can be done to a node, in words, and a function that does it to a copy."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "comparison turned", lambda n: _set(n, ops=[SWAPS[type(n.ops[0])](), *n.ops[1:]])
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
        yield f"{type(node.op).__name__} turned", lambda n: _set(n, op=SWAPS[type(n.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "`not` removed", lambda n: n.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
        value = not node.value if isinstance(node.value, bool) else node.value + 1
        yield f"{node.value} made {value}", lambda n: _set(n, value=value)
    if isinstance(node, ast.If | ast.IfExp):
        yield "condition never", lambda n: _set(n, test=ast.Constant(False))
        yield "condition always", lambda n: _set(n, test=ast.Constant(True))
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if is_call or isinstance(node, ast.Raise | ast.Continue | ast.Break):
        yield "statement removed", lambda _: ast.Pass()


def _set(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


class _Replace(ast.NodeTransformer):
    def __init__(self, wanted: ast.AST, do: Callable[[ast.AST], ast.AST]) -> None:
        self._wanted, self._do = wanted, do

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._wanted:
            changed = self._do(copy.deepcopy(node))
            return ast.fix_missing_locations(ast.copy_location(changed, node))
        return self.generic_visit(node)


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, what was done, and the whole changed source."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for what, do in changes(node):
            line = getattr(node, "lineno", 0)
            changed = _Replace(node, do).visit(copy.deepcopy(tree, {id(node): node}))
            yield line, what, ast.unparse(changed)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def __init__(self, name: str, source: str, path: Path) -> None:
        self._name, self._source, self._path = name, source, path

    def find_spec(self, name, path=None, target=None):  # noqa: ARG002 - the protocol's names
        if name != self._name:
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(self._path))

    def get_source(self, fullname):  # noqa: ARG002 - the protocol's name
        return self._source


def dies(name: str, source: str, path: Path, tests: list[str]) -> bool:
    """Whether some test fails over the changed module, or never ends."""
    child = os.fork()
    if child == 0:
        import pytest

        signal.alarm(TIMEOUT_S)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.meta_path.insert(0, _Changed(name, source, path))
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", *tests])))
    return os.waitpid(child, 0)[1] != 0


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    reader.add_argument("module", type=Path)
    reader.add_argument("--every", type=int, default=1, help="only each nth mutant")
    reader.add_argument("tests", nargs="+")
    given = reader.parse_args()
    for library in LIBRARIES:
        importlib.import_module(library)
    name = ".".join(given.module.with_suffix("").parts[1:])
    source = given.module.read_text("utf-8")
    if dies(name, source, given.module, given.tests):
        sys.stderr.write("the tests fail without any change\n")
        return 1
    n_made = n_killed = 0
    for line, what, changed in list(mutants(source))[:: given.every]:
        n_made += 1
        if dies(name, changed, given.module, given.tests):
            n_killed += 1
        else:
            sys.stdout.write(f"{given.module}:{line} {what}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{given.module}: {n_made} mutants, {n_killed} killed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
