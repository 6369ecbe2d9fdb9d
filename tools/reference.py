"""Write docs/reference from the code; `--check` fails when what is there is stale."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["COLUMNS"] = "90"

from fairlead.app import cli, config
from fairlead.app.flow import every_step
from fairlead.schema.tables import TABLES

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTICE = "<!-- written by tools/reference.py; change the code and run `make docs` -->\n"


def tables() -> Iterator[str]:
    yield "# Tables\n"
    yield "In the order data flows. Times are UTC microseconds; null means not available.\n"
    for table in TABLES:
        yield f"\n## {table.name}\n\n{table.doc}\n"
        kept = "the last row of an id counts" if table.upserted else "rows only grow"
        yield f"\nKey `{table.key}`, order `{table.time}`, id `{', '.join(table.ids)}`; {kept}.\n"
        yield "\n| column | type | meaning |\n|---|---|---|\n"
        for field in table.columns:
            meaning = (field.metadata or {}).get(b"doc", b"").decode()
            codes = table.codes(field.name)
            if codes:
                meaning += ": " + ", ".join(f"{i} {name}" for i, name in enumerate(codes))
            yield f"| `{field.name}` | {_type(field)} | {meaning} |\n"


def _type(field: object) -> str:
    text = re.sub(r"dictionary<values=string.*?>", "name", str(field.type))  # type: ignore[attr-defined]
    return text.replace("|", "\\|")


def steps() -> Iterator[str]:
    yield "# Steps and detectors\n"
    yield "\nEvery threshold is a field, its unit in its name; set it under `[detectors.KIND]`.\n"
    for step in every_step():
        doc = inspect.getdoc(type(step)) or ""
        yield f"\n## {step.kind}\n\nVersion {step.version}. {doc}\n"
        reads = ", ".join(f"`{t.name}`" for t in step.reads)
        writes = ", ".join(f"`{t.name}`" for t in step.writes)
        yield f"\nReads {reads}; writes {writes}; keyed by `{step.key}`.\n"
        fields = [f for f in dataclasses.fields(step) if _is_plain(getattr(step, f.name))]
        if fields:
            yield "\n| field | default |\n|---|---|\n"
            for field in fields:
                yield f"| `{field.name}` | {getattr(step, field.name)!r} |\n"


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def settings() -> Iterator[str]:
    yield "# Settings\n\n"
    yield "`fairlead.toml` in the workspace or `--config FILE`; then the environment; then flags.\n"
    yield "\n| setting | default | environment |\n|---|---|---|\n"
    variables = {name: variable for variable, name in config.ENVIRONMENT.items()}
    for field in dataclasses.fields(config.Settings):
        default = getattr(config.Settings(), field.name)
        shown = str(default) if isinstance(default, Path) else repr(default)
        variable = f"`{variables[field.name]}`" if field.name in variables else ""
        yield f"| `{field.name}` | `{shown}` | {variable} |\n"
    yield f"\n{inspect.getdoc(config.Settings)}\n"
    yield '\n```toml\nat_most = 20\n\n[detectors.gap]\npreset = "skylight"\n\n[detectors]\n'
    yield "drifting = false\n```\n"


def commands() -> Iterator[str]:
    top = cli.parser()
    yield f"# Command line\n\n```\n{top.format_help()}```\n"
    for action in top._subparsers._group_actions:  # type: ignore[union-attr]
        for verb, sub in action.choices.items():  # type: ignore[union-attr]
            yield f"\n## fairlead {verb}\n\n```\n{sub.format_help()}```\n"


PAGES = {"tables.md": tables, "steps.md": steps, "settings.md": settings, "commands.md": commands}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        text = NOTICE + "".join(page())
        path = FOLDER / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text("utf-8") != text:
                stale.append(name)
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"docs/reference/{name} is stale: run `make docs` and commit it")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
