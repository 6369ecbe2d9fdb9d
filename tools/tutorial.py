"""Run the commands of docs/tutorial and write what they print; `--check` fails when it differs.

In a block marked `console`, lines that begin with `$ ` are commands; what follows is their standard
output. A lead's number that changes in an output changes in the commands after it too.
"""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "tutorial"
_BLOCK = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
_LEAD = re.compile(r"lead-[0-9a-f]{20}")


def rewritten(page: str, folder: Path) -> str:
    """The page with the outputs that its commands give in an empty folder, one after the other."""
    program = folder / ".venv" / "bin" / "fairlead"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fairlead "$@"\n', "utf-8")
    program.chmod(0o755)
    place = 0
    while block := _BLOCK.search(page, place):
        new, renamed = _run_block(block[2], folder)
        page = page[: block.start(2)] + new + page[block.end(2) :]
        place = block.start(2) + len(new)
        for old, other in renamed.items():
            page = page[:place] + page[place:].replace(old, other)
    return page


def _run_block(block: str, folder: Path) -> tuple[str, dict[str, str]]:
    """A block with its outputs, and the leads' numbers that are others now."""
    parts = re.split(r"^(\$ .*\n)", block, flags=re.MULTILINE)[1:]
    told, renamed = "", {}
    for command, before in zip(parts[::2], parts[1::2], strict=True):
        done = subprocess.run(
            ["sh", "-c", command[2:]], cwd=folder, capture_output=True, timeout=600, check=False
        )
        after = "".join(line.rstrip() + "\n" for line in done.stdout.decode().splitlines())
        if done.returncode:
            message = f"{command}ended with {done.returncode}: {done.stderr.decode()[-500:]}"
            raise RuntimeError(message)
        told += command + after
        renamed |= dict(zip(_LEAD.findall(before), _LEAD.findall(after), strict=False))
    return told, renamed


def main() -> int:
    stale = []
    for path in sorted(FOLDER.glob("*.md")):
        page = path.read_text("utf-8")
        with tempfile.TemporaryDirectory(prefix="fairlead-tutorial-") as folder:
            now = rewritten(page, Path(folder))
        if now == page:
            continue
        if "--check" in sys.argv[1:]:
            lines = (text.splitlines(keepends=True) for text in (page, now))
            sys.stdout.writelines(difflib.unified_diff(*lines, str(path), "as it runs"))
            stale.append(path.name)
        else:
            path.write_text(now, "utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run `python tools/tutorial.py`")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
