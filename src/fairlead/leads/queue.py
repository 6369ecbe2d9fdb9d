"""What an officer is shown of the leads: ranked, within a budget, without what is handled.

Pure functions over rows of LEADS. Whatever is not shown is counted by the one who does not show it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from fairlead.leads.factors import Factor
from fairlead.schema.tables import LEADS

Row = Mapping[str, Any]
S_TO_US = 1_000_000


def rank(leads: pa.Table) -> pa.Table:
    """Leads, the most probable first; of equals the latest, then by id. Leads that are part of
    a larger one of the same vessel (all its events and links are in it too) are left out."""
    leads = LEADS.conform(leads)
    leads = leads.take(pa.array(_not_absorbed(leads), pa.int64()))
    order = [("probability", "descending"), ("time_us", "descending"), ("lead_id", "ascending")]
    return leads.sort_by(order)


def _not_absorbed(leads: pa.Table) -> list[int]:
    by_vessel: dict[int, list[tuple[int, frozenset[str], frozenset[str]]]] = {}
    columns = (leads[c].to_pylist() for c in ("mmsi", "events", "links"))
    for i, (mmsi, events, links) in enumerate(zip(*columns, strict=True)):
        by_vessel.setdefault(mmsi, []).append((i, frozenset(events), frozenset(links)))
    kept = []
    for those in by_vessel.values():
        for i, events, links in those:
            larger = (e for j, e, k in those if j != i and events < e and links <= k and events)
            if next(larger, None) is None:
                kept.append(i)
    return sorted(kept)


def at_most(leads: pa.Table, n: int, per_watch_s: int) -> tuple[pa.Table, dict[str, Any]]:
    """The `n` most probable leads of each watch, ranked, and what was cut.

    A watch is `per_watch_s` seconds counted from 1970-01-01; a lead is of the watch of its last
    change. The second value has `n`, how many were cut; `best_probability`, `best_lead_id` and
    `best_title` of the most probable of them, or None; and `n_absorbed`, leads left out because
    they are part of a larger one.
    """
    ranked = rank(leads)
    watches = ranked["time_us"].to_numpy() // (per_watch_s * S_TO_US)
    taken: dict[int, int] = {}
    shown = np.zeros(ranked.num_rows, bool)
    for i, watch in enumerate(watches.tolist()):
        taken[watch] = taken.get(watch, 0) + 1
        shown[i] = taken[watch] <= n
    cut = ranked.filter(pa.array(~shown))
    best = cut.slice(0, 1).to_pylist()
    told = {
        "n": cut.num_rows,
        "best_probability": best[0]["probability"] if best else None,
        "best_lead_id": best[0]["lead_id"] if best else None,
        "best_title": best[0]["title"] if best else None,
        "n_absorbed": leads.num_rows - ranked.num_rows,
    }
    return ranked.filter(pa.array(shown)), told


def silence(leads: pa.Table, handled: Iterable[Row]) -> tuple[pa.Table, pa.Table]:
    """Leads to hear, and leads kept silent because what they tell of is handled.

    Each of `handled` has lead_id, mmsi, until_us (end of the behaviour that was looked at) and
    verdict (`handled` or `reopen`), oldest first. A lead of that vessel comes back only for
    behaviour or a listing that began after `until_us`; `reopen` undoes the words on that lead.
    """
    until_us: dict[int, dict[str, int]] = {}
    for word in handled:
        of_vessel = until_us.setdefault(int(word["mmsi"]), {})
        if word["verdict"] == "reopen":
            of_vessel.pop(str(word["lead_id"]), None)
        else:
            of_vessel[str(word["lead_id"])] = int(word["until_us"])
    last_us = {mmsi: max(words.values()) for mmsi, words in until_us.items() if words}
    leads = LEADS.conform(leads)
    columns = (leads[c].to_pylist() for c in ("mmsi", "factors", "start_us"))
    silent = [
        mmsi in last_us and _last_begun_us(factors, start_us) <= last_us[mmsi]
        for mmsi, factors, start_us in zip(*columns, strict=True)
    ]
    mask = pa.array(silent, pa.bool_())
    return leads.filter(pa.array([not s for s in silent], pa.bool_())), leads.filter(mask)


def _last_begun_us(factors: str, start_us: int) -> int:
    """When the latest thing that speaks for the lead began."""
    begun = [f["since_us"] for f in json.loads(factors) if f["since_us"] and f["log_odds"] > 0]
    return max(begun, default=start_us)


def compare(before: pa.Table, after: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """What other settings would have said: leads added, removed and changed, ranked.

    Each row has lead_id, mmsi, title, probability, probability_before (null when added; of a
    removed one `probability` is what it was) and `why`: the factor that changed most, or that made
    the lead.
    """
    old, new = _by_id(before), _by_id(after)
    answer: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "changed": []}
    for lead_id in sorted(old.keys() | new.keys()):
        was, now = old.get(lead_id), new.get(lead_id)
        if was is None and now is not None:
            answer["added"].append(_difference(now, None, now))
        elif now is None and was is not None:
            answer["removed"].append(_difference(was, was, None))
        elif was is not None and now is not None and was["digest"] != now["digest"]:
            answer["changed"].append(_difference(now, was, now))
    for rows in answer.values():
        rows.sort(key=lambda r: (-r["probability"], r["lead_id"]))
    return answer


def _by_id(leads: pa.Table) -> dict[str, Row]:
    return {row["lead_id"]: row for row in leads.to_pylist()}


def _difference(shown: Row, was: Row | None, now: Row | None) -> dict[str, Any]:
    return {
        "lead_id": shown["lead_id"],
        "mmsi": shown["mmsi"],
        "title": shown["title"],
        "probability": shown["probability"],
        "probability_before": was["probability"] if was else None,
        "why": _changed_most(was, now),
    }


def _changed_most(was: Row | None, now: Row | None) -> str:
    """Of a lead in both: the factor that changed most. Else the strongest that makes the lead."""
    if was is None or now is None:
        speaking = _weights_of(was or now)
        name, weight = max(speaking.items(), key=lambda w: (w[1], w[0]), default=("", 0.0))
        return f"{name} {weight:+.2f} is {'new' if was is None else 'gone'}"
    before, after = _weights_of(was), _weights_of(now)
    changes = {k: after.get(k, 0.0) - before.get(k, 0.0) for k in before.keys() | after.keys()}
    name, change = min(changes.items(), key=lambda c: (-abs(c[1]), c[0]), default=("", 0.0))
    if not change:
        return "the same factors with other sentences or evidence"
    if name not in after:
        return f"{name} {before[name]:+.2f} is gone"
    if name not in before:
        return f"{name} {after[name]:+.2f} is new"
    return f"{name} {before[name]:+.2f} to {after[name]:+.2f}"


def _weights_of(lead: Row | None) -> dict[str, float]:
    """Log-odds by the name of the factor."""
    sums: dict[str, float] = {}
    for factor in json.loads(lead["factors"]) if lead else ():
        sums[factor["name"]] = round(sums.get(factor["name"], 0.0) + factor["log_odds"], 4)
    return sums


def factors_of(lead: Row) -> list[Factor]:
    """The factors of a row of LEADS, as values."""
    given: list[dict[str, Any]] = json.loads(lead["factors"])
    for one in given:
        one["evidence"] = tuple(one["evidence"])
    return [Factor(**one) for one in given]
