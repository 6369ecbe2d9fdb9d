"""Kernels as machine code kept on disk, called without Numba.

Importing Numba and letting it load its caches takes a third of a second of processor time, as
long as two million sentences do. So the code that it makes of the few kernels which Python calls
is kept in a file of ours, and LLVM's loader alone brings it back, in a twentieth of that.

A kernel compiled without Numba's runtime is a C function (numba.core.callconv): it takes a pointer
for its result, one for an error, and its arguments; an array is handed over as two null pointers,
number of elements, bytes of one, address, shape and strides. It returns 0.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

HERE = Path(__file__).parent
OF_NONE = -2
"""Numba's status of a function that returns None from an optional."""

Code = tuple[str, bytes]
"""Symbol of a kernel, and the object file that defines it."""


def signature(arguments: Sequence[Any]) -> str:
    """The types of arguments: a kernel is compiled for each combination."""
    return ",".join(_type(a) for a in arguments)


def _type(argument: Any) -> str:
    if isinstance(argument, np.ndarray):
        order = "C" if argument.flags.c_contiguous else "A"
        return f"{argument.dtype.str}{argument.ndim}{order}{'w' * argument.flags.writeable}"
    return f"({signature(argument)})" if isinstance(argument, tuple) else "i"


def _flat(arguments: Sequence[Any], to: list[int]) -> list[int]:
    for a in arguments:
        if isinstance(a, np.ndarray):
            address = a.__array_interface__["data"][0]
            to.extend((0, 0, a.size, a.itemsize, address, *a.shape, *a.strides))
        elif isinstance(a, tuple):
            _flat(a, to)
        else:
            to.append(int(a))
    return to


class Library:
    """Compiled kernels by name and signature."""

    def __init__(self) -> None:
        self._sources = sources()
        self._codes = read_codes(_places(), self._sources)
        self._functions: dict[str, Callable[..., int]] = {}
        self._engines: list[Any] = []
        self._put(self._codes)

    def has(self, name: str) -> bool:
        """Whether the kernel has been compiled for any arguments."""
        return any(key.startswith(name + ":") for key in self._functions)

    def run(self, name: str, entry: Callable[[], Any], arguments: Sequence[Any]) -> int:
        """Run a kernel, compiled first where it was not; `entry` gives it as Numba knows it."""
        key = f"{name}:{signature(arguments)}"
        function = self._functions.get(key)
        if function is None:
            self._codes[key] = _compiled(entry(), arguments)
            self._put({key: self._codes[key]})
            self._keep()
            function = self._functions[key]
        result, error = ctypes.c_int64(0), ctypes.c_int64(0)
        places = [ctypes.addressof(result), ctypes.addressof(error)]
        status = function(*map(ctypes.c_int64, _flat(arguments, places)))
        if status not in (0, OF_NONE):
            message = f"kernel {name} failed with {status}"
            raise RuntimeError(message)
        return result.value

    def _keep(self) -> None:
        """Write what is compiled, with what others wrote since, unless the sources changed."""
        if sources() == self._sources:
            others = read_codes(_places(), self._sources)
            write_codes(others | self._codes, _places(), self._sources)

    def _put(self, codes: dict[str, Code]) -> None:
        """Link object files into this process."""
        if not codes:
            return
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        for _, content in codes.values():
            engine.add_object_file(llvm.ObjectFileRef.from_data(content))
        engine.finalize_object()
        for key, (symbol, _) in codes.items():
            address = engine.get_function_address(symbol)
            self._functions[key] = ctypes.CFUNCTYPE(ctypes.c_int32)(address)
        self._engines.append(engine)


@cache
def library() -> Library:
    return Library()


def _compiled(entry: Any, arguments: Sequence[Any]) -> Code:
    """A kernel's machine code for these arguments, without the wrappers that Python would need."""
    from numba import njit, typeof

    options = {k: v for k, v in entry.targetoptions.items() if k != "nopython"}
    bare = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher = njit(**options | bare)(entry.py_func)
    dispatcher.compile(tuple(typeof(a) for a in arguments))
    (made,) = dispatcher.overloads.values()
    return made.fndesc.llvm_func_name, made.library._get_compiled_object()  # noqa: SLF001


@cache
def _places() -> tuple[Path, ...]:
    """Where the file may be, for this processor and this LLVM."""
    import llvmlite
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features().flatten()
    machine = f"{llvmlite.__version__} {llvm.get_host_cpu_name()} {features}"
    name = f"kernels-{hashlib.sha256(machine.encode()).hexdigest()[:12]}.bin"
    places = [HERE / "__pycache__"]
    with suppress(RuntimeError):
        places.append(Path.home() / ".cache" / "fairlead")
    return tuple(folder / name for folder in places)


def sources() -> str:
    """What the kernels are made from: code made from anything else is not used."""
    digest = hashlib.sha256()
    for path in sorted(HERE.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_codes(places: Sequence[Path], made_from: str) -> dict[str, Code]:
    """The kernels that were kept: a line of JSON that lists them, then their object files."""
    for place in places:
        with suppress(OSError, ValueError, KeyError, TypeError):
            head, _, content = place.read_bytes().partition(b"\n")
            listed = json.loads(head)
            digest = hashlib.sha256(content).hexdigest()
            if listed["sources"] == made_from and listed["digest"] == digest:
                return {k: (symbol, content[a:b]) for k, symbol, a, b in listed["kernels"]}
    return {}


def write_codes(codes: dict[str, Code], places: Sequence[Path], made_from: str) -> None:
    """Keep kernels in the first place that can be written; where none can, they are not kept."""
    content = b"".join(code for _, code in codes.values())
    listed, at = [], 0
    for key, (symbol, code) in codes.items():
        listed.append((key, symbol, at, at + len(code)))
        at += len(code)
    digest = hashlib.sha256(content).hexdigest()
    head = json.dumps({"sources": made_from, "digest": digest, "kernels": listed})
    for place in places:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=place.parent, suffix=".part", delete=False) as part:
                part.write(head.encode() + b"\n" + content)
            Path(part.name).chmod(0o644)
            Path(part.name).replace(place)
            return
