"""Kernels compiled, or not: little input does not wait for the compiler.

Compiled kernels are kept on disk (`native`). Where they are not yet, a process begins with the
same functions as Python runs them, and the results are equal. `warm` compiles everything ahead.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np

from fairlead.observations.ais.native import library

PLAIN_BYTES = 160_000
"""So much a process decodes uncompiled before it compiles: some 3,000 lines."""

ENTRIES = {
    "read_block": "block",
    "by_form": "extract",
    "numbers": "extract",
    "texts": "texts",
    "copy_refused": "extract",
    "number_stations": "extract",
}
"""The kernels that Python calls, and the modules they are in, which import Numba."""

_plain_bytes_left = PLAIN_BYTES
_never = False


@contextmanager
def never_compile() -> Generator[None, None, None]:
    """Inside, nothing runs compiled."""
    global _never  # noqa: PLW0603 for tests
    _never = True
    yield
    _never = False


@contextmanager
def compile_now() -> Generator[None, None, None]:
    """Inside, everything runs compiled."""
    global _plain_bytes_left  # noqa: PLW0603 a budget of time, which no result depends on
    before, _plain_bytes_left = _plain_bytes_left, -1
    yield
    _plain_bytes_left = before


def choose(n_bytes: int) -> bool:
    """Whether to run compiled kernels for `n_bytes`."""
    global _plain_bytes_left  # noqa: PLW0603 the same
    if _never:
        return False
    if library().has("numbers") or n_bytes > _plain_bytes_left:
        return True
    _plain_bytes_left -= n_bytes
    return False


@cache
def kernel(name: str, compiled: bool) -> Callable[..., Any]:
    """The kernel to call."""
    if not compiled:
        return _quiet(uncompiled(_entry(name)))

    def run(*arguments: Any) -> int:
        return library().run(name, partial(_entry, name), arguments)

    return run


def _entry(name: str) -> Any:
    return getattr(import_module(f"fairlead.observations.ais.{ENTRIES[name]}"), name)


@cache
def uncompiled(entry: Any) -> Callable[..., Any]:
    """The same function as Python runs it, and all kernels it calls as well."""
    function = entry.py_func
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        if hasattr(names.get(name), "py_func"):
            names[name] = uncompiled(names[name])
    return types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Unsigned numbers wrap around in a hash, which NumPy would warn of."""

    def run(*arguments: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*arguments)

    return run
