"""House rules that linters do not know. `python tools/tidy.py`; exit code 1 when one is broken.

Each message says what to do instead. The rules have tests in tests/test_tidy.py.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE_LINES = 600
FUNCTION_LINES = 70
COMMENT_SHARE = 0.08

# call -> (what to use instead, rooms that may)
BANNED_CALLS = {
    "datetime.now": ("take a Span, or the time as an argument", ("app",)),
    "datetime.utcnow": ("take a Span, or the time as an argument", ()),
    "time.time": ("take the time as an argument", ("app",)),
    "time.time_ns": ("take the time as an argument", ("app",)),
    "time.sleep": ("let the engine or the source wait", ("app", "sources", "simulate")),
    "os.getenv": ("read the environment in app/config.py", ("app/config.py",)),
    "pickle.loads": ("keep Arrow rows", ()),
    "pickle.dumps": ("keep Arrow rows", ()),
    "print": ("return rows; app/ prints", ("app",)),
    "eval": ("parse it", ()),
    "exec": ("import it", ()),
}
BANNED_NAMES = ("utils", "util", "common", "manager", "misc", "helpers")
WORDS = re.compile(
    r"\b(seamless(ly)?|comprehensive(ly)?|cutting[- ]edge|leverage[sd]?|world[- ]class|blazing)\b",
    re.I,
)
# names that mean the same in every room that has them
SHARED_NAMES = {"step", "main", "read", "delay_us"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True
    )
    names = [n for n in listed.stdout.decode().split("\0") if n]
    return [ROOT / n for n in names if (ROOT / n).is_file()]


def check_lengths(path: Path, text: str, tree: ast.Module) -> Iterator[str]:
    n_lines = text.count("\n")
    if n_lines > FILE_LINES:
        yield f"{path}: {n_lines} lines; split it along its nouns (limit {FILE_LINES})"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield (
                    f"{path}:{node.lineno}: `{node.name}` has {length} lines; let the parent "
                    f"decide and leaves do (limit {FUNCTION_LINES})"
                )


def check_calls(path: Path, tree: ast.Module, room: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _check_call(path, node, room)
        elif path.parts[-2:] != ("app", "config.py") and _is_environment(node):
            yield f"{path}:{node.lineno}: `os.environ`: read it in app/config.py"


def _is_environment(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ"


def _check_call(path: Path, node: ast.Call, room: str) -> Iterator[str]:
    called = ast.unparse(node.func)
    for banned, (instead, allowed) in BANNED_CALLS.items():
        may = any(room == a or str(path).endswith(a) for a in allowed)
        if not may and (called == banned or called.endswith("." + banned)):
            yield f"{path}:{node.lineno}: `{banned}`: {instead}"
    if called.split(".")[-1] == "radians" and room not in ("geo", "simulate"):
        yield f"{path}:{node.lineno}: trigonometry on degrees belongs in geo/"


def check_comments(path: Path, text: str) -> Iterator[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    n_comments = sum(1 for t in tokens if t.type == tokenize.COMMENT)
    n_lines = max(1, len([line for line in text.splitlines() if line.strip()]))
    if n_lines > 30 and n_comments / n_lines > COMMENT_SHARE:
        yield f"{path}: {n_comments} comments in {n_lines} lines; keep those that say why"


def check_names(path: Path) -> Iterator[str]:
    if path.stem in BANNED_NAMES:
        yield f"{path}: name it after what it holds, not `{path.stem}`"


def check_words(path: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        found = WORDS.search(line)
        if found:
            yield f"{path}:{number}: `{found.group()}`: say what it does"
        if re.search(r"\b(FIXME|XXX|HACK)\b", line):
            yield f"{path}:{number}: leftover mark; do it or open an issue"


def check_twins(functions: dict[str, set[tuple[str, str]]]) -> Iterator[str]:
    for name, places in sorted(functions.items()):
        rooms = {room for room, _ in places}
        if len(rooms) > 1 and name not in SHARED_NAMES:
            files = ", ".join(sorted(file for _, file in places))
            yield f"`{name}` is defined in {files}: make one of them serve all, or rename"


def check_mocks(path: Path, text: str) -> Iterator[str]:
    if "unittest.mock" in text or "monkeypatch.setattr" in text:
        yield f"{path}: no mocks: run the real thing, or pass a small real one"


def complaints() -> Iterator[str]:
    functions: dict[str, set[tuple[str, str]]] = {}
    for path in tracked("src/*.py", "src/**/*.py"):
        relative = path.relative_to(ROOT)
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        room = relative.parts[2] if len(relative.parts) > 3 else ""
        yield from check_lengths(relative, text, tree)
        yield from check_calls(relative, tree, room)
        yield from check_comments(relative, text)
        yield from check_names(relative)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                functions.setdefault(node.name, set()).add((room, str(relative)))
    yield from check_twins(functions)
    for path in tracked("tests/*.py", "tests/**/*.py"):
        relative = path.relative_to(ROOT)
        if relative.name != "test_tidy.py":
            yield from check_mocks(relative, path.read_text("utf-8"))
    for path in tracked("*.md", "src/**/*.py", "docs/**/*.md"):
        yield from check_words(path.relative_to(ROOT), path.read_text("utf-8"))


def main() -> int:
    found = sorted(set(complaints()))
    for line in found:
        print(line)
    print(f"tidy: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
