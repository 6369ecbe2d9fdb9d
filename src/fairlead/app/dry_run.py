"""Changed settings against past data: what would have been said, before it goes live."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.config import Settings
from fairlead.app.decided import silent_in
from fairlead.app.flow import INLETS, Flow, build, hold_claims
from fairlead.app.summary import queue_of
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import CLAIMS, EVENTS, LEADS


def compare_settings(settings: Settings, changed: Path) -> dict[str, Any]:
    """Run detectors and scoring again over a workspace's tracks with what a file changes in the
    settings. Nothing in the workspace changes.

    Returns the leads that would be added, removed and changed, the events by kind, and which leads
    an officer would no longer or newly be shown, within the budget of either settings.
    """
    from fairlead.leads.queue import compare

    other = config.changed(settings, changed)
    flow = build(other, notice=report.tell)
    now = EmbeddedEngine(settings.workspace, inlets=INLETS, writable=False)
    try:
        with tempfile.TemporaryDirectory(prefix="fairlead-dry-run-") as scratch:
            would = _run_again(now, flow, Path(scratch))
            try:
                before, after = now.scan(LEADS), would.scan(LEADS)
                events = _kinds(now), _kinds(would)
            finally:
                would.close()
    finally:
        now.close()
    silent = silent_in(settings.workspace)
    answer = {
        "leads": compare(before, after),
        "events": {"now": events[0], "would_be": events[1]},
        "shown": _shown(queue_of(before, silent, settings), queue_of(after, silent, other)),
        "budget": {"now": _budget(settings), "would_be": _budget(other)},
    }
    report.print_dry_run(answer)
    return answer


def _budget(settings: Settings) -> dict[str, int]:
    return {"at_most": settings.at_most, "watch_h": settings.watch_h}


def _shown(now: dict[str, Any], would_be: dict[str, Any]) -> dict[str, Any]:
    """How many leads are shown, and which only before or only after."""
    before, after = ({x["lead_id"]: x for x in q["leads"]} for q in (now, would_be))

    def only(those: dict[str, Any], others: dict[str, Any]) -> list[dict[str, Any]]:
        kept = ("lead_id", "mmsi", "title", "probability")
        return [{k: x[k] for k in kept} for i, x in those.items() if i not in others]

    return {
        "now": len(before),
        "would_be": len(after),
        "no_longer": only(before, after),
        "newly": only(after, before),
    }


def _run_again(now: EmbeddedEngine, flow: Flow, scratch: Path) -> EmbeddedEngine:
    written = {table.name for step in flow.after_tracks for table in step.writes}
    reads = (table for step in flow.after_tracks for table in step.reads)
    inlets = {table.name: table for table in reads if table.name not in written}
    would = EmbeddedEngine(scratch, inlets=list(inlets.values()))
    would.borrow(now, [*inlets.values(), CLAIMS])
    would.run(hold_claims(would, flow, report.tell).after_tracks)
    return would


def _kinds(engine: EmbeddedEngine) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for kind in engine.scan(EVENTS, columns=["kind"])["kind"].to_pylist():
        kinds[kind] = kinds.get(kind, 0) + 1
    return dict(sorted(kinds.items()))
