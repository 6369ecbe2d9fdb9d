"""Draw the first leads of `fairlead demo` as docs/demo.svg, as the terminal shows them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).parents[1] / "docs" / "demo.svg"
LINES = 34
WIDTH = 118
FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}"/></clipPath>{lines}</defs>{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix" xml:space="preserve">{matrix}</g></g></svg>
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "fairlead", "demo", "--once", "--workspace", folder],
            capture_output=True,
            text=True,
            check=True,
        )
    console = Console(record=True, width=WIDTH, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text("$ make demo", style="bold green"))
    lines = done.stdout.strip().splitlines()
    for line in lines[:LINES]:
        short = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
        bold = line[:2].strip().isdigit() or line.startswith("A simulated")
        console.print(Text(short.replace(" ", "\u00a0"), style="bold" if bold else ""))
    TARGET.write_text(console.export_svg(title="fairlead demo", code_format=FORMAT), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
