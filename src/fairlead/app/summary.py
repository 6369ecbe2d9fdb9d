"""The state of a workspace in one object: counts, leads within the budget, and what was cut."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app.config import Settings
from fairlead.app.decided import Silent, silent_in
from fairlead.app.flow import INLETS
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import (
    EVENTS,
    LEADS,
    OBSERVATIONS,
    REJECTS,
    SET_ASIDE,
    STATICS,
    TRACK_POINTS,
)

PROBABILITY_MIN = 0.02
"""Leads below this are kept in the table and counted, not put before a person."""


def summary(engine: EmbeddedEngine, settings: Settings) -> dict[str, Any]:
    """Counts by table, rejects by reason, events by kind, ranked leads."""
    events = engine.scan(EVENTS, columns=["kind"])
    rejects = engine.scan(REJECTS, columns=["reason"])
    tracks = engine.scan(TRACK_POINTS, columns=["track_id"])
    return {
        "workspace": str(settings.workspace),
        "tables": {
            "reports": sum(engine.n_rows(table) for table in INLETS),
            "observations": engine.n_rows(OBSERVATIONS),
            "statics": engine.n_rows(STATICS),
            "tracks": pc.count_distinct(tracks["track_id"]).as_py(),
            "set_aside": engine.n_rows(SET_ASIDE),
            "events": events.num_rows,
        },
        "rejects": _tally(rejects["reason"]),
        "events": _tally(events["kind"]),
        "n_late": engine.counts().get("late_rows", 0),
        **queue(engine, settings),
    }


def queue(engine: EmbeddedEngine, settings: Settings) -> dict[str, Any]:
    """The leads to show now, ranked within the budget, and what was cut or kept silent."""
    return queue_of(engine.scan(LEADS), silent_in(settings.workspace), settings)


def queue_of(leads: pa.Table, silent: Silent, settings: Settings) -> dict[str, Any]:
    """The same of any rows of LEADS and reviewers' words."""
    from fairlead.leads.queue import at_most, silence

    snoozed = pc.is_in(leads["lead_id"], value_set=pa.array(sorted(silent.snoozed), pa.string()))
    heard, silenced = silence(leads.filter(pc.invert(snoozed)), silent.handled)
    n_silenced = silenced.num_rows + (pc.sum(snoozed).as_py() or 0)
    likely = heard.filter(pc.greater_equal(heard["probability"], PROBABILITY_MIN))
    shown, cut = at_most(likely, settings.at_most, settings.watch_h * 3600)
    cut["n_below"] = heard.num_rows - likely.num_rows
    cut["probability_min"] = PROBABILITY_MIN
    return {
        "leads": shown.to_pylist(),
        "n_leads": leads.num_rows,
        "cut": {**cut, "n_silenced": n_silenced},
    }


def _tally(values: Any) -> dict[str, int]:
    counted = pc.value_counts(values.cast("string"))
    return {row["values"]: row["counts"] for row in counted.to_pylist()}
