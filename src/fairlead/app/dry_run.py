"""Changed settings against past data: what would have been said, before it goes live."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, Flow, build
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import CLAIMS, EVENTS, LEADS


def compare_settings(settings: Settings, changed: Path) -> dict[str, Any]:
    """Run detectors and scoring again over a workspace's tracks with the settings of a file.

    Nothing in the workspace changes. Returns the leads and events that would be added, removed
    and changed.
    """
    from fairlead.leads.queue import compare

    other = config.load(changed, {})
    flow = build(other, notice=report.tell)
    now = EmbeddedEngine(settings.workspace, inlets=INLETS, writable=False)
    try:
        with tempfile.TemporaryDirectory(prefix="fairlead-dry-run-") as scratch:
            would = _run_again(now, flow, Path(scratch))
            try:
                leads = compare(now.scan(LEADS), would.scan(LEADS))
                events = _kinds(now), _kinds(would)
            finally:
                would.close()
    finally:
        now.close()
    answer = {"leads": leads, "events": {"now": events[0], "would_be": events[1]}}
    report.print_dry_run(answer)
    return answer


def _run_again(now: EmbeddedEngine, flow: Flow, scratch: Path) -> EmbeddedEngine:
    steps = flow.after_tracks
    written = {table.name for step in steps for table in step.writes}
    inlets = {t.name: t for step in steps for t in step.reads if t.name not in written}
    would = EmbeddedEngine(scratch, inlets=list(inlets.values()))
    would.borrow(now, [*inlets.values(), CLAIMS])
    would.run(steps)
    return would


def _kinds(engine: EmbeddedEngine) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for kind in engine.scan(EVENTS, columns=["kind"])["kind"].to_pylist():
        kinds[kind] = kinds.get(kind, 0) + 1
    return dict(sorted(kinds.items()))
