"""Kernels compiled, or not: little input does not wait for the compiler.

Compiled kernels are kept on disk, but loading them takes longer than a thousand lines take Python
itself. So a process begins with the same functions uncompiled, and the results are equal. `warm`
compiles everything ahead of time.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numba.core.registry import CPUDispatcher

PLAIN_BYTES = 160_000
"""So much a process decodes uncompiled before it loads or compiles: some 3,000 lines."""

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


def choose(n_bytes: int, entry: Any) -> bool:
    """Whether to run compiled kernels for `n_bytes`, judged by the `entry` kernel's state."""
    global _plain_bytes_left  # noqa: PLW0603 the same
    if _never:
        return False
    if entry.signatures or n_bytes > _plain_bytes_left:
        return True
    _plain_bytes_left -= n_bytes
    return False


def kernel(entry: Any, compiled: bool) -> Callable[..., Any]:
    """The kernel to call."""
    return entry if compiled else _quiet(uncompiled(entry))


@cache
def uncompiled(entry: Any) -> Callable[..., Any]:
    """The same function as Python runs it, and all kernels it calls as well."""
    function = entry.py_func
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(names.get(name), CPUDispatcher):
            names[name] = uncompiled(names[name])
    return types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )


@cache
def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Unsigned numbers wrap around in a hash, which NumPy would warn of."""

    def run(*arguments: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*arguments)

    return run
