"""Kernels compiled, or not: a first run on little input need not wait for the compiler."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any

from numba.core.registry import CPUDispatcher


class Mode:
    """Whether kernels run compiled. Set by `decode`; both ways give the same result."""

    compiled = True


def kernel(compiled: CPUDispatcher) -> Callable[..., Any]:
    """The kernel to call now."""
    return compiled if Mode.compiled else plain(compiled)


@cache
def plain(compiled: CPUDispatcher) -> Callable[..., Any]:
    """The same function as Python runs it, and all kernels it calls as well."""
    function = compiled.py_func
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(names.get(name), CPUDispatcher):
            names[name] = plain(names[name])
    return types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
